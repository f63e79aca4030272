"""What a run says, as text: one line while it goes on, tables at its end."""

import statistics

from measure import table
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


# Pairs of one binary with itself agree by chance once in four times when three, once in eight when four.
PAIRS_FOR_A_VERDICT = 4


def one_line(row):
    row = table.derived(row)
    return "  ".join(f"{column[0]} {table.cell(row, column)}" for column in table.COLUMNS if table.cell(row, column))


def head(results):
    about, machine = results.head, results.head["machine"]
    changed = " with changes" if about["changed"] else ""
    return (f"{about['date']}, commit {about['commit']}{changed}, {machine['cores']} cores ({machine['cpu']}), "
            f"{machine['kernel']}, {machine['file_system']}; medians of {about['repeats']}")


def side_table(results, label):
    """The medians of one side, one line per row."""
    rows = [(name, table.derived(median)) for name in results.repeats if (median := results.median(name, label))]
    if not rows:
        return ""
    columns = table.used_columns([row for _, row in rows])
    lines = [[name, *(table.cell(row, column) for column in columns)] for name, row in rows]
    return table.text([label, *(column[0] for column in columns)], lines)


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
    parts += [side_table(results, label) for label in results.labels]
    if len(results.labels) > 1:
        ours = results.labels[0]
        parts += [comparison(results, ours, other) for other in results.labels[1:]]
        parts.append(f"Better or worse: all pairs agree, of {PAIRS_FOR_A_VERDICT} or more.")
    if results.notes:
        parts.append("Not measured:\n" + "\n".join(f"  {n['row']} ({n['side']}): {n['note']}" for n in results.notes))
    return "\n\n".join(part for part in parts if part)
