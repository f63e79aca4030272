#!/usr/bin/env python3
"""Writes the tables of a results file into docs/performance.md, between the markers that name them.

    Benchmarks/report.py [RESULTS.json] [--document FILE]

Without a file: Benchmarks/results/reference.json. A marker pair is `<!-- bench:NAME -->` … `<!-- /bench:NAME -->`,
NAME being machine, limits, plots, rows, goals or missing; everything between is replaced.
"""

import argparse
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from measure import summary, table  # noqa: E402
from measure.results import FOLDER, Results  # noqa: E402
from measure.servers import ROOT  # noqa: E402


PLOTS = {"throughput": "MB/s beside Kafka's", "cpu": "Broker CPU seconds per GB beside Kafka's and the machine's floor",
         "latency": "Latency of acknowledgements at 1,000 records/s", "mixed-over-time": "Latency over the mixed run"}


def plots(document):
    """The plots that `plots.py` has drawn beside the document."""
    folder = document.parent / document.stem
    return [f"![{title}]({document.stem}/{name}.svg)" for name, title in PLOTS.items()
            if (folder / f"{name}.svg").exists()]


def sections(results, document):
    rows = [part for label in results.labels for part in summary.side_tables(results, label, table.markdown)]
    missing = [f"- `{entry['row']}` ({entry['side']}): {entry['note']}" for entry in results.notes]
    return {
        "machine": f"{summary.head(results)}. Made by `{results.head['command']}`.",
        "limits": summary.limits_table(results, table.markdown) or "Not measured in this run.",
        "plots": "\n\n".join(plots(document)) or "Not drawn yet.",
        "rows": "\n\n".join(rows) or "No rows.",
        "goals": summary.goals_table(results, table.markdown) or "No goals were checked.",
        "missing": "\n".join(missing) or "Nothing was left out.",
    }


def fill(text, contents):
    """`text` with what lies between each known pair of markers replaced; a missing pair is an error."""
    for name, content in contents.items():
        pattern = re.compile(rf"(<!-- bench:{name} -->\n).*?(<!-- /bench:{name} -->)", re.DOTALL)
        if not pattern.search(text):
            raise SystemExit(f"report: the document has no <!-- bench:{name} --> … <!-- /bench:{name} -->")
        text = pattern.sub(lambda match, content=content: f"{match[1]}\n{content}\n\n{match[2]}", text)
    return text


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", nargs="?", default=str(FOLDER / "reference.json"))
    parser.add_argument("--document", default=str(ROOT / "docs" / "performance.md"))
    options = parser.parse_args()
    if not pathlib.Path(options.results).exists():
        raise SystemExit(f"report: there is no {options.results}: run `make bench` or name a results file")
    document = pathlib.Path(options.document)
    document.write_text(fill(document.read_text(), sections(Results.load(options.results), document)))


if __name__ == "__main__":
    main()
