"""The shipped alert rules: valid, tested by Prometheus' own tool, and of metrics that a server has."""

import shutil
import subprocess

import pytest
import yaml

from harness import metrics
from harness.server import ROOT

RULES = ROOT / "packaging/prometheus"


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool comes with Debian's prometheus")
def test_rules_pass_their_tests():
    for command in (["check", "rules", "millrace.rules.yml"], ["test", "rules", "millrace.test.yml"]):
        done = subprocess.run(["promtool", *command], cwd=RULES, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_every_metric_of_a_rule_is_served_or_appears_with_its_subject(server):
    served = metrics.families(server).keys() | metrics.LATER
    for rule in yaml.safe_load((RULES / "millrace.rules.yml").read_text())["groups"][0]["rules"]:
        named = metrics.named(rule["expr"])
        assert named <= served, f"{rule['alert']}: {named - served} is not on /metrics"
        assert rule["annotations"]["summary"] and rule["annotations"]["action"]


def test_every_rule_has_a_test():
    rules = {rule["alert"] for rule in yaml.safe_load((RULES / "millrace.rules.yml").read_text())["groups"][0]["rules"]}
    cases = yaml.safe_load((RULES / "millrace.test.yml").read_text())["tests"]
    tested = {test["alertname"] for case in cases for test in case["alert_rule_test"] if test["exp_alerts"]}
    assert tested == rules
