"""What `millrace generate` prints: files that the programs they are for take."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import tarfile
import time

import pytest
import urllib3
import yaml

from harness.server import ROOT, binary


def generate(*arguments, expected=0):
    done = subprocess.run([binary(), "generate", *arguments], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == expected, done.stdout + done.stderr
    return done.stdout if expected == 0 else done.stderr


def test_the_rules_and_dashboards_are_the_shipped_ones(tmp_path):
    assert generate("prometheus", "--rules") == (ROOT / "packaging/prometheus/millrace.rules.yml").read_text()
    names = generate("grafana").split()
    assert names == [json.loads(generate("grafana", name))["uid"] for name in names]
    generate("grafana", "--dir", tmp_path / "all")
    for path in (ROOT / "packaging/grafana").glob("*.json"):
        assert (tmp_path / "all" / path.name).read_text() == path.read_text()
    assert "is there already" in generate("grafana", "--dir", tmp_path / "all", expected=1)
    assert "there is no dashboard 'x'" in generate("grafana", "x", expected=1)


def test_prometheus_takes_its_configuration(tmp_path):
    generate("prometheus", "--target", "broker-1:8080", "--target", "[::1]:8080", "--dir", tmp_path)
    content = yaml.safe_load((tmp_path / "prometheus.yml").read_text())
    assert content["scrape_configs"][0]["static_configs"] == [{"targets": ["broker-1:8080", "[::1]:8080"]}]
    assert "--target is made of" in generate("prometheus", "--target", 'a"b', expected=1)
    if shutil.which("promtool"):
        done = subprocess.run(["promtool", "check", "config", tmp_path / "prometheus.yml"], capture_output=True, text=True,
                              timeout=60, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_systemd_takes_the_unit(tmp_path):
    unit = generate("systemd", "--data-dir", "/srv/millrace", "--user", "nobody", "--binary", "/bin/true")
    assert "ExecStart=/bin/true serve --data-dir /srv/millrace $MILLRACE_OPTS\n" in unit
    assert "ReadWritePaths=/srv/millrace\n" in unit and "StateDirectory" not in unit
    assert "User=nobody\nGroup=nobody\n" in unit
    assert os.fspath(pathlib.Path(binary()).resolve()) in generate("systemd")
    assert "StateDirectory=streams\n" in generate("systemd", "--data-dir", "/var/lib/streams")
    if shutil.which("systemd-analyze"):
        path = tmp_path / "millrace.service"
        path.write_text(unit)
        done = subprocess.run(["systemd-analyze", "verify", path], capture_output=True, text=True, timeout=60, check=False)
        assert "Unknown" not in done.stderr, done.stderr


def test_the_compose_file_has_what_containers_need():
    content = yaml.safe_load(generate("compose", "--name", "log", "--host", "dev.example.org", "--prometheus"))
    service = content["services"]["log"]
    assert service["environment"]["KAFKA_ADVERTISED_LISTENERS"] == "INSIDE://log:19092,OUTSIDE://dev.example.org:9092"
    assert service["volumes"] == ["log-data:/var/lib/millrace"] and content["volumes"] == {"log-data": {}}
    assert set(content["services"]) == {"log", "prometheus"}


def test_kubernetes_takes_the_manifests():
    kubernetes_validate = pytest.importorskip("kubernetes_validate")
    text = generate("k8s", "--name", "log", "--namespace", "streams", "--storage", "5Gi", "--storage-class", "fast",
                    "--service-monitor")
    objects = list(yaml.safe_load_all(text))
    kinds = [content["kind"] for content in objects]
    assert kinds == ["Service", "Service", "PodDisruptionBudget", "StatefulSet", "ServiceMonitor"]
    # The last one is the Prometheus operator's, of which the schemas of Kubernetes know nothing.
    for content in objects[:-1]:
        kubernetes_validate.validate(content, "1.30", strict=True)
    headless, service, budget, stateful, monitor = objects
    for content in objects:
        assert content["metadata"]["namespace"] == "streams"
    # All of them mean the same pods, by ports that the pods have.
    template = stateful["spec"]["template"]
    labels = template["metadata"]["labels"]
    assert service["spec"]["selector"] == labels == headless["spec"]["selector"]
    assert budget["spec"]["selector"]["matchLabels"] == labels == stateful["spec"]["selector"]["matchLabels"]
    assert monitor["spec"]["selector"]["matchLabels"] == service["metadata"]["labels"]
    container = template["spec"]["containers"][0]
    ports = {port["name"] for port in container["ports"]}
    assert {port["targetPort"] for port in service["spec"]["ports"]} <= ports
    assert monitor["spec"]["endpoints"][0]["port"] in {port["name"] for port in service["spec"]["ports"]}
    # What is advertised is the name of the pod.
    assert stateful["spec"]["serviceName"] == headless["metadata"]["name"]
    advertised = next(item["value"] for item in container["env"] if item["name"] == "KAFKA_ADVERTISED_LISTENERS")
    assert advertised == "PLAINTEXT://log-0.log-headless.streams.svc:9092"
    claim = stateful["spec"]["volumeClaimTemplates"][0]
    assert claim["spec"]["storageClassName"] == "fast"
    assert container["volumeMounts"][0]["name"] == claim["metadata"]["name"]
    assert "small letters" in generate("k8s", "--name", "Log", expected=1)


def is_running(pid):
    """Whether a process that is not this one's child has not ended yet."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_the_action_starts_a_server_from_a_tarball(tmp_path):
    """packaging/github-action, as a runner runs it; the download is a file."""
    tree = tmp_path / "millrace-0-linux" / "bin"
    tree.mkdir(parents=True)
    (tree / "millrace").symlink_to(binary())
    tarball = tmp_path / "millrace.tar.gz"
    with tarfile.open(tarball, "w:gz") as archive:
        archive.add(tree.parent, arcname=tree.parent.name)
    outputs, path = tmp_path / "outputs", tmp_path / "path"
    environment = {
        **os.environ, "RUNNER_TEMP": str(tmp_path / "runner"), "GITHUB_OUTPUT": str(outputs), "GITHUB_PATH": str(path),
        "INPUT_VERSION": "0", "INPUT_URL": tarball.as_uri(), "INPUT_KAFKA_PORT": "0", "INPUT_KINESIS_PORT": "0",
        "INPUT_ADMIN_PORT": "0", "INPUT_ARGUMENTS": "--set num.partitions=3 --log-level warning",
    }
    script = ROOT / "packaging/github-action/start.sh"
    action = yaml.safe_load((script.parent / "action.yml").read_text())
    # Every input and output of the action is one of the script's.
    step = action["runs"]["steps"][0]
    for name in action["inputs"]:
        assert step["env"]["INPUT_" + name.upper().replace("-", "_")] == f"${{{{ inputs.{name} }}}}"
    try:
        done = subprocess.run([script], env=environment, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        results = dict(line.split("=", 1) for line in outputs.read_text().splitlines())
        assert set(results) == set(action["outputs"])
        answer = urllib3.request("GET", f"http://{results['admin']}/health/ready")
        assert answer.status == 200
        assert (pathlib.Path(path.read_text().strip()) / "millrace").exists()
    finally:
        pid = tmp_path / "runner/millrace/pid"
        if pid.exists():
            number = int(pid.read_text())
            os.kill(number, signal.SIGTERM)
            deadline = time.monotonic() + 30
            while is_running(number) and time.monotonic() < deadline:
                time.sleep(0.05)
    # A tarball that is not the one that was meant.
    environment["INPUT_SHA256"] = "0" * 64
    done = subprocess.run([script], env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode != 0
