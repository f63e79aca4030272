"""The shipped Grafana dashboards: current, of queries that Prometheus takes, and of metrics that a server serves."""

import json
import re
import shutil
import subprocess
import sys

import pytest
import yaml

from harness import metrics
from harness.server import ROOT

DASHBOARDS = sorted((ROOT / "packaging/grafana").glob("*.json"))


def expressions():
    for path in DASHBOARDS:
        for panel in json.loads(path.read_text())["panels"]:
            for target in panel.get("targets", []):
                yield f"{path.stem}: {panel['title']}", target["expr"]


def test_the_files_are_what_the_generator_writes():
    done = subprocess.run([sys.executable, ROOT / "scripts/generate-dashboards", "--check"], capture_output=True, text=True,
                          timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(DASHBOARDS) == 5


def test_ids_are_used_once():
    contents = [json.loads(path.read_text()) for path in DASHBOARDS]
    assert len({content["uid"] for content in contents}) == len(contents)
    assert len({content["title"] for content in contents}) == len(contents)
    for content in contents:
        ids = [panel["id"] for panel in content["panels"]]
        assert len(set(ids)) == len(ids)
        # No two panels lie on each other, and none reaches beyond the grid.
        taken = set()
        for place in (panel["gridPos"] for panel in content["panels"]):
            cells = {(x, y) for x in range(place["x"], place["x"] + place["w"])
                     for y in range(place["y"], place["y"] + place["h"])}
            assert not cells & taken and max(x for x, _ in cells) < 24
            taken |= cells


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool comes with Debian's prometheus")
def test_prometheus_takes_every_query(tmp_path):
    rules = [
        {"record": f"panel:{number}", "expr": text.replace("$__rate_interval", "5m")}
        for number, (_, text) in enumerate(expressions())
    ]
    path = tmp_path / "panels.yml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    done = subprocess.run(["promtool", "check", "rules", path], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_metric_of_a_panel_is_served(server):
    served = metrics.families(server)
    for panel, text in expressions():
        named = metrics.named(text)
        assert named, f"{panel} names no metric"
        assert named <= served.keys(), f"{panel}: {named - served.keys()} is not on /metrics"


def test_the_reference_lists_what_is_served(server):
    """docs/metrics.md: every family with its type, and none that is not served."""
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \|", (ROOT / "docs/metrics.md").read_text(), re.MULTILINE)
    assert len(dict(rows)) == len(rows), "a family is listed twice"
    listed, served = dict(rows), metrics.families(server)
    # There once something is so: see the text of the page.
    for name in metrics.LATER:
        served.setdefault(name, listed.get(name))
    assert listed == served
