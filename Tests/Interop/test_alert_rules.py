"""The shipped alert rules: valid, tested by Prometheus' own tool, and of metrics that a server has."""

import re
import shutil
import subprocess

import pytest
import urllib3
import yaml

from harness.server import ROOT

RULES = ROOT / "packaging/prometheus"


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool comes with Debian's prometheus")
def test_rules_pass_their_tests():
    for command in (["check", "rules", "millrace.rules.yml"], ["test", "rules", "millrace.test.yml"]):
        done = subprocess.run(["promtool", *command], cwd=RULES, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_every_metric_of_a_rule_is_served_or_appears_with_its_subject(server):
    text = urllib3.request("GET", f"http://{server.admin}/metrics").data.decode()
    served = set(re.findall(r"^# TYPE (\S+) ", text, re.MULTILINE))
    # Only there once the data have been verified as a whole.
    served.add("millrace_scrub_last_pass_age_seconds")
    for rule in yaml.safe_load((RULES / "millrace.rules.yml").read_text())["groups"][0]["rules"]:
        named = set(re.findall(r"\bmillrace_\w+", rule["expr"]))
        assert named <= served, f"{rule['alert']}: {named - served} is not on /metrics"
        assert rule["annotations"]["summary"] and rule["annotations"]["action"]
