"""Tables for people: aligned text for a terminal, Markdown for docs."""

from measure.order import figure

# What a cell shows: heading, paths (the first that a row has), format.
COLUMNS = [
    ("records/s", ("records_per_s",), "{:,.0f}"),
    ("MB/s", ("mb_per_s",), "{:,.1f}"),
    ("CPU-s/M", ("cpu_s_per_million",), "{:.3g}"),
    ("CPU-s/GB", ("cpu_s_per_gb",), "{:.2f}"),
    ("× floor", ("times_floor",), "{:.1f}"),
    ("sys %", ("system_share",), "{:.0f}"),
    ("p50 ms", ("ack.p50_ms", "latency.p50_ms"), "{:.2f}"),
    ("p99 ms", ("ack.p99_ms", "latency.p99_ms"), "{:.2f}"),
    ("p99.9 ms", ("ack.p999_ms", "latency.p999_ms"), "{:.2f}"),
    ("max ms", ("ack.max_ms", "latency.max_ms"), "{:.1f}"),
    ("e2e p50", ("end_to_end.p50_ms",), "{:.2f}"),
    ("e2e p99", ("end_to_end.p99_ms",), "{:.2f}"),
    ("switches/M", ("switches_per_million",), "{:,.0f}"),
    ("syscalls/req", ("syscalls_per_request",), "{:.2f}"),
    ("others %", ("others_cpu_percent",), "{:.0f}"),
    ("start ms", ("start_ms",), "{:,.0f}"),
    ("per s", ("per_s",), "{:,.0f}"),
    ("CPU-ms each", ("cpu_ms_each",), "{:.3f}"),
    ("join s", ("join_s",), "{:,.2f}"),
    ("leave s", ("leave_s",), "{:,.2f}"),
    ("answer ms", ("first_answer_ms",), "{:,.0f}"),
    ("core %", ("core_percent", "server_cpu_percent"), "{:.2f}"),
    ("lost", ("missing",), "{:,.0f}"),
    ("answered", ("answered",), "{:,.0f}"),
    ("refused", ("refused",), "{:,.0f}"),
    ("RSS MB", ("rss_mb",), "{:,.0f}"),
    ("peak MB", ("peak_rss_mb",), "{:,.0f}"),
]


def derived(row):
    """A row with the columns that are arithmetic on others."""
    row = dict(row)
    # Both in ticks of 10 ms; `server_cpu_s` is finer, so a share of it could pass 100 %.
    system, user = row.get("server_cpu_system_s"), row.get("server_cpu_user_s")
    if system is not None and system + user > 0:
        row["system_share"] = system / (system + user) * 100
    if row.get("records") and "voluntary_switches" in row:
        switches = row["voluntary_switches"] + row.get("involuntary_switches", 0)
        row["switches_per_million"] = switches / row["records"] * 1e6
    if "records_per_s" in row:
        # Of loads the peak tells; and that nothing was lost goes without saying, where it is so.
        row.pop("rss_mb", None)
        if row.get("missing") == 0:
            del row["missing"]
    return row


def cell(row, column):
    _, paths, form = column
    for path in paths:
        value = figure(row, path)
        if value is not None:
            return form.format(value)
    return ""


def used_columns(rows):
    return [column for column in COLUMNS if any(cell(row, column) for row in rows)]


def text(headings, lines):
    """Columns aligned: the first to the left, the rest to the right."""
    widths = [max(len(str(line[i])) for line in [headings, *lines]) for i in range(len(headings))]

    def one(line):
        cells = [str(line[0]).ljust(widths[0])] + [str(c).rjust(w) for c, w in zip(line[1:], widths[1:])]
        return "  ".join(cells).rstrip()

    return "\n".join([one(headings), one(["-" * width for width in widths]), *map(one, lines)])


def markdown(headings, lines):
    rows = [headings, ["---"] * len(headings), *lines]
    return "\n".join("| " + " | ".join(str(c) for c in row) + " |" for row in rows)
