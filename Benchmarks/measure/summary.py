"""What a run says, as text: one line while it runs, tables at its end."""

import statistics

from measure import limits, table
from measure.order import figure, pair_ratios, rounds, spread  # noqa: F401

# What pairs are compared by: path, heading, and whether more is better.
COMPARED = [
    ("records_per_s", "records/s", True),
    ("cpu_s_per_million", "CPU-s/M", False),
    ("cpu_s_per_gb", "CPU-s/GB", False),
    ("ack.p50_ms", "ack p50", False),
    ("ack.p99_ms", "ack p99", False),
    ("end_to_end.p99_ms", "e2e p99", False),
    ("latency.p50_ms", "p50", False),
    ("latency.p99_ms", "p99", False),
    ("peak_rss_mb", "peak MB", False),
]


# Pairs of one binary with itself agree by chance once in eight times when four, once in sixteen when five.
PAIRS_FOR_A_VERDICT = 5


def one_line(row):
    row = table.derived(row)
    return "  ".join(f"{column[0]} {table.cell(row, column)}" for column in table.COLUMNS if table.cell(row, column))


def head(results):
    about, machine = results.head, results.head["machine"]
    changed = " with changes" if about["changed"] else ""
    return (f"{about['date']}, commit {about['commit']}{changed}, {machine['cores']} cores ({machine['cpu']}), "
            f"{machine['kernel']}, {machine['file_system']}; medians of {about['repeats']}")


def kind(row):
    """Which table a row belongs to: their columns differ."""
    if "end_to_end" in row:
        return "latency at a rate"
    return "throughput" if "records_per_s" in row else "scenarios"


def side_rows(results, label):
    """{kind: [(row name, its medians with what is derived from them)]} of one side."""
    grouped = {}
    for name in results.repeats:
        median = results.median(name, label)
        if median:
            row = table.derived(median)
            lowest = limits.floor(name, results.limits)
            if lowest and row.get("cpu_s_per_gb"):
                row["times_floor"] = row["cpu_s_per_gb"] / lowest
            grouped.setdefault(kind(row), []).append((name, row))
    return grouped


def side_tables(results, label, render=table.text):
    """The medians of one side, one line per row, a table per kind."""
    parts = []
    for title, rows in side_rows(results, label).items():
        columns = table.used_columns([row for _, row in rows])
        lines = [[name, *(table.cell(row, column) for column in columns)] for name, row in rows]
        parts.append(render([f"{label}: {title}", *(column[0] for column in columns)], lines))
    return parts


def goals_table(results, render=table.text):
    lines = [[verdict["row"], verdict["figure"], verdict["goal"], f"{verdict['bound']:,.4g}",
              f"{verdict['value']:,.4g}", verdict["verdict"]] for verdict in results.goals]
    return render(["goals", "figure", "goal", "that is", "measured", ""], lines) if lines else ""


LIMIT_COLUMNS = {"gb_per_s": "GB/s", "cpu_s_per_gb": "CPU-s/GB", "cpu_s_per_million": "CPU-s/M", "p50_ms": "p50 ms",
                 "p99_ms": "p99 ms"}


def limits_table(results, render=table.text):
    lines = []
    for name, limit in (results.limits or {}).items():
        cells = [limit.get(key) for key in LIMIT_COLUMNS]
        lines.append([name, *("" if cell is None else f"{cell:.3g}" for cell in cells), limit.get("skipped", "")])
    return render(["machine's limits", *LIMIT_COLUMNS.values(), ""], lines) if lines else ""


def comparison(results, ours, other):
    """Ratios ours/other of neighbouring measurements: the median, and the lowest and highest of the pairs."""
    lines = []
    for name, by_side in results.repeats.items():
        for path, heading, more in COMPARED:
            ratios = pair_ratios(by_side.get(ours, []), by_side.get(other, []), path)
            if not ratios:
                continue
            middle = statistics.median(ratios)
            separate = len(ratios) >= PAIRS_FOR_A_VERDICT and (ratios[0] > 1 or ratios[-1] < 1)
            verdict = "" if not separate else "better" if (middle > 1) == more else "worse"
            a, b = results.median(name, ours), results.median(name, other)
            lines.append([name, heading, f"{figure(a, path):,.4g}", f"{figure(b, path):,.4g}", f"{middle:.3f}",
                          f"{ratios[0]:.3f}..{ratios[-1]:.3f}", verdict])
    if not lines:
        return ""
    return table.text([f"{ours} / {other}", "figure", ours, other, "ratio", "pairs", ""], lines)


def report(results):
    parts = [head(results)]
    parts += [limits_table(results)]
    for label in results.labels:
        parts += side_tables(results, label)
    if len(results.labels) > 1:
        ours = results.labels[0]
        parts += [comparison(results, ours, other) for other in results.labels[1:]]
        parts.append(f"Better or worse: all pairs agree, of {PAIRS_FOR_A_VERDICT} or more.")
    parts.append(goals_table(results))
    if results.notes:
        parts.append("Not measured:\n" + "\n".join(f"  {n['row']} ({n['side']}): {n['note']}" for n in results.notes))
    return "\n\n".join(part for part in parts if part)
