"""A run's results: every repeat of every row, kept as one JSON file."""

import json
import pathlib

from measure import facts
from measure.order import medians
from measure.servers import ROOT

FOLDER = ROOT / "Benchmarks" / "results"


class Results:
    """`repeats[row][side]` is a list of rows in the order in which they were measured."""

    def __init__(self, directory, sides, options):
        self.head = facts.run(directory) | {
            "command": options.command, "quick": options.quick, "repeats": options.repeats,
            "sides": [side.describe() for side in sides]}
        self.labels = [side.label for side in sides]
        self.repeats, self.notes, self.limits, self.goals = {}, [], None, []

    def add(self, row):
        self.repeats.setdefault(row["row"], {}).setdefault(row["side"], []).append(row)

    def note(self, row, side, text):
        entry = {"row": row, "side": side, "note": text}
        if entry not in self.notes:
            self.notes.append(entry)

    def median(self, row, side):
        rows = self.repeats.get(row, {}).get(side)
        return medians(rows) if rows else None

    @classmethod
    def load(cls, path):
        """The results that `write` wrote, for tables and plots made later."""
        content = json.loads(pathlib.Path(path).read_text())
        results = cls.__new__(cls)
        results.repeats, results.notes = content.pop("rows"), content.pop("notes")
        results.limits, results.goals, results.head = content.pop("limits"), content.pop("goals"), content
        results.labels = [side["label"] for side in content["sides"]]
        return results

    def content(self):
        return self.head | {"limits": self.limits, "goals": self.goals, "notes": self.notes, "rows": self.repeats}

    def write(self, path=None):
        """Writes the file; its path. Named by date and commit when none is given."""
        if path is None:
            stamp = self.head["date"][:19].replace(":", "").replace("-", "")
            path = FOLDER / f"{stamp}-{self.head['commit']}.json"
        path = pathlib.Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(self.content(), indent=1, ensure_ascii=False) + "\n")
        return path
