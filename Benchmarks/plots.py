#!/usr/bin/env python3
"""Draws the plots of docs/performance.md from a results file.

    Benchmarks/plots.py [RESULTS.json] [--folder docs/performance]

Without a file: Benchmarks/results/reference.json. Needs .venv-bench (`make bench-setup`).
"""

import argparse
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import matplotlib  # noqa: E402

matplotlib.use("Agg")
from matplotlib import pyplot  # noqa: E402

import goals  # noqa: E402
from measure import limits  # noqa: E402
from measure.order import figure, spread  # noqa: E402
from measure.results import FOLDER, Results  # noqa: E402
from measure.servers import ROOT  # noqa: E402

OURS, PEER, LIMIT = "#1f6f8b", "#c9a227", "#444444"
# Without dates and random ids a plot changes only when its figures do.
STABLE = {"svg.hashsalt": "millrace", "svg.fonttype": "none", "font.size": 9, "axes.spines.top": False,
          "axes.spines.right": False}


def save(drawing, folder, name):
    drawing.tight_layout()
    drawing.savefig(folder / f"{name}.svg", metadata={"Date": None})
    pyplot.close(drawing)


def bars(results, folder, name, rows, path, label, kafka, with_floor=False):
    """Ours (with the spread of the repeats) beside Kafka's recorded figure, one pair of bars per row."""
    ours = results.labels[0]
    present = [row for row in rows if figure(results.median(row, ours) or {}, path) is not None]
    if not present:
        return
    drawing, axes = pyplot.subplots(figsize=(7.2, 0.5 * len(present) + 1.2))
    for index, row in enumerate(present):
        value, (low, high) = figure(results.median(row, ours), path), spread(results.repeats[row][ours], path)
        axes.barh(index - 0.2, value, 0.38, color=OURS, label=ours if index == 0 else None,
                  xerr=[[value - low], [high - value]], error_kw={"linewidth": 0.8})
        theirs = figure(kafka.get(row, {}), path)
        if theirs is not None:
            axes.barh(index + 0.2, theirs, 0.38, color=PEER)
        lowest = limits.floor(row, results.limits) if with_floor else None
        if lowest:
            axes.plot([lowest, lowest], [index - 0.42, index + 0.42], color=LIMIT, linewidth=1.5)
    axes.barh(0, 0, color=PEER, label="Kafka 4.3.1, recorded")
    if with_floor and results.limits:
        axes.plot([], [], color=LIMIT, label="machine's floor")
    axes.set_yticks(range(len(present)), present)
    axes.invert_yaxis()
    axes.set_xlabel(label)
    axes.legend(frameon=False, loc="best")
    save(drawing, folder, name)


def latency(results, folder, rows, kafka):
    """Percentiles of acknowledgements at 1,000 records/s, logarithmic: tails are what differs."""
    names = ("p50_ms", "p99_ms", "p999_ms")
    ours = results.labels[0]
    present = [row for row in rows if results.median(row, ours)]
    if not present:
        return
    drawing, axes = pyplot.subplots(figsize=(7.2, 2.8))
    for row, marker in zip(present, "os^D"):
        mine = [figure(results.median(row, ours), f"ack.{name}") for name in names]
        axes.plot(range(3), mine, marker=marker, color=OURS, label=f"{ours}: {row}")
        theirs = [figure(kafka.get(row, {}), f"ack.{name}") for name in names]
        if None not in theirs:
            axes.plot(range(3), theirs, marker=marker, color=PEER, label=f"Kafka 4.3.1: {row}")
    axes.set_yscale("log")
    axes.set_xticks(range(3), ["p50", "p99", "p99.9"])
    axes.set_ylabel("ms to acknowledgement")
    axes.legend(frameon=False, fontsize=8)
    save(drawing, folder, "latency")


def over_time(results, folder):
    """Latency over the mixed run: a stall of either protocol shows as a spike, a leak as a slope."""
    ours, series = results.labels[0], []
    for row, what in (("mixed-kafka", "from the intended time to the consumer"),
                      ("mixed-kinesis", "from the intended time to PutRecords' answer")):
        repeats = results.repeats.get(row, {}).get(ours)
        if repeats and repeats[-1].get("timeline"):
            series.append((row, what, repeats[-1]["timeline"]))
    if not series:
        return
    drawing, panels = pyplot.subplots(len(series), 1, figsize=(7.2, 1.9 * len(series)), sharex=True, squeeze=False)
    for axes, (row, what, points) in zip(panels[:, 0], series):
        seconds = [point["second"] for point in points]
        axes.plot(seconds, [point["p50_ms"] for point in points], color=OURS, label="p50")
        axes.plot(seconds, [point["p99_ms"] for point in points], color=PEER, label="p99", linewidth=0.9)
        axes.set_yscale("log")
        axes.set_ylabel("ms")
        axes.set_title(f"{row}: {what}", fontsize=9, loc="left")
    panels[0, 0].legend(frameon=False, ncols=2, fontsize=8)
    panels[-1, 0].set_xlabel("seconds")
    save(drawing, folder, "mixed-over-time")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", nargs="?", default=str(FOLDER / "reference.json"))
    parser.add_argument("--folder", default=str(ROOT / "docs" / "performance"))
    options = parser.parse_args()
    if not pathlib.Path(options.results).exists():
        raise SystemExit(f"plots: there is no {options.results}: run `make bench` or name a results file")
    results, folder = Results.load(options.results), pathlib.Path(options.folder)
    folder.mkdir(parents=True, exist_ok=True)
    kafka = goals.recorded()["kafka"]
    produce = ["produce-100b-nosync", "produce-1k-nosync", "produce-10k-nosync", "produce-1k-p100-nosync",
               "produce-1k", "produce-1k-p100"]
    consume = ["consume-100b", "consume-1k", "consume-10k", "consume-1k-cold"]
    with matplotlib.rc_context(STABLE):
        bars(results, folder, "throughput", produce + consume, "mb_per_s", "MB/s", kafka)
        bars(results, folder, "cpu", produce + consume, "cpu_s_per_gb", "broker CPU seconds per GB", kafka, True)
        latency(results, folder, ["latency-1k", "latency-1k-nosync"], kafka)
        over_time(results, folder)


if __name__ == "__main__":
    main()
