"""The Debian package in a Debian root, and the image's start scripts as test containers run them.

Both are made from the binary under test. They need root (chroot and mounts); elsewhere they are skipped with the reason.
"""

import contextlib
import io
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tarfile
import time

import boto3
import pytest
import urllib3
from confluent_kafka import Consumer, Producer

from harness.server import binary, free_address

ROOT = pathlib.Path(__file__).resolve().parents[2]
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

pytestmark = [
    # A root is installed, and packages are made twice.
    pytest.mark.timeout(900),
    pytest.mark.skipif(os.geteuid() != 0, reason="a chroot and mounts need root"),
    pytest.mark.skipif(
        any(shutil.which(tool, path=SYSTEM_PATH) is None for tool in ("busybox", "dh", "lintian", "debootstrap", "zstd")),
        reason="scripts/setup-debian --tests installs what packages are made with",
    ),
]


def run(*command, check=True, **more):
    environment = {**os.environ, "PATH": f"{os.environ['PATH']}:{SYSTEM_PATH}", **more.pop("env", {})}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600, check=False, **more)
    assert not check or done.returncode == 0, f"{command}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
    return done


@contextlib.contextmanager
def kernel_files(root):
    """/proc and the devices that every container has."""
    mounted = []
    try:
        for name in ("null", "zero", "random", "urandom"):
            place = root / "dev" / name
            place.parent.mkdir(exist_ok=True)
            place.unlink(missing_ok=True)
            place.touch()
            run("mount", "--bind", f"/dev/{name}", str(place))
            mounted.append(place)
        (root / "proc").mkdir(exist_ok=True)
        run("mount", "-t", "proc", "proc", str(root / "proc"))
        mounted.append(root / "proc")
        yield root
    finally:
        for place in reversed(mounted):
            run("umount", "--lazy", str(place))


class Contained:
    """A program in a chroot, as a container engine would start it: the image's user, nothing but the given environment."""

    def __init__(self, root, command, environment, log, user="65532:65532"):
        self.log = log
        self.file = open(log, "wb")
        self.process = subprocess.Popen(
            ["chroot", f"--userspec={user}", str(root), *command],
            env={"PATH": SYSTEM_PATH, **environment}, stdout=self.file, stderr=subprocess.STDOUT, start_new_session=True,
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.file.close()

    def text(self):
        return self.log.read_text(errors="replace")

    def wait_for_line(self, pattern, seconds=60):
        """What test containers do: they read the log until the line is there."""
        deadline = time.monotonic() + seconds
        while not (found := re.search(pattern, self.text())):
            assert self.process.poll() is None, f"it ended with {self.process.returncode}:\n{self.text()}"
            assert time.monotonic() < deadline, f"no line like {pattern!r}:\n{self.text()}"
            time.sleep(0.05)
        return found


def round_trip(address):
    producer = Producer({"bootstrap.servers": address, "acks": "all"})
    producer.produce("packaged", b"value", b"key")
    assert producer.flush(30) == 0
    consumer = Consumer({"bootstrap.servers": address, "group.id": "g", "auto.offset.reset": "earliest"})
    consumer.subscribe(["packaged"])
    try:
        message = consumer.poll(30)
        assert message is not None and message.error() is None, message and message.error()
        assert (message.key(), message.value()) == (b"key", b"value")
    finally:
        consumer.close()


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    """The image's configuration and its unpacked root file system."""
    run(str(ROOT / "scripts/package-image"), str(binary()), "0.0.0")
    archive = ROOT / "build/millrace-0.0.0-image.tar"
    first = archive.read_bytes()
    directory = tmp_path_factory.mktemp("image")
    with tarfile.open(archive) as tar:
        names = tar.getnames()
        manifest = json.load(tar.extractfile("manifest.json"))[0]
        config = json.load(tar.extractfile(manifest["Config"]))
        index = json.load(tar.extractfile("index.json"))
        layer = tar.extractfile(manifest["Layers"][0]).read()
        assert index["manifests"][0]["digest"].replace("sha256:", "blobs/sha256/") in names
    root = directory / "root"
    unpacked = subprocess.run(["zstd", "-d", "-c"], input=layer, check=True, capture_output=True).stdout
    with tarfile.open(fileobj=io.BytesIO(unpacked)) as tar:
        tar.extractall(root, numeric_owner=True, filter="fully_trusted")
    run(str(ROOT / "scripts/package-image"), str(binary()), "0.0.0")
    assert archive.read_bytes() == first, "the image is not reproducible"
    archive.unlink()
    with kernel_files(root):
        yield config, root


def ports(**more):
    """The image's fixed ports are those of this machine here; a test has ports of its own."""
    return {"MILLRACE_KINESIS": free_address(), "MILLRACE_ADMIN": free_address(), **more}


def test_the_image_runs_a_server_that_is_healthy(image, tmp_path):
    config, root = image
    assert config["config"]["User"] == "65532:65532"
    kafka = free_address()
    environment = ports(MILLRACE_KAFKA=kafka, INITIALIZE_STREAMS="clicks:2", MILLRACE_DATA_DIR="/var/lib/millrace/plain")
    with Contained(root, config["config"]["Entrypoint"], environment, tmp_path / "log") as server:
        server.wait_for_line(r"(?m)^Ready\.$")
        round_trip(kafka)
        health = [word.replace("127.0.0.1:8080", environment["MILLRACE_ADMIN"])
                  for word in config["config"]["Healthcheck"]["Test"][1:]]
        run("chroot", str(root), *health, env={"PATH": SYSTEM_PATH})
        kinesis = boto3.client("kinesis", endpoint_url=f"http://{environment['MILLRACE_KINESIS']}", region_name="us-east-1",
                               aws_access_key_id="any", aws_secret_access_key="any")
        assert "clicks" in kinesis.list_streams()["StreamNames"]
        os.kill(server.process.pid, signal.SIGTERM)
        assert server.process.wait(timeout=15) == 0, server.text()


def test_the_image_runs_commands(image, tmp_path):
    config, root = image
    for command, expected in ((["version"], "millrace "), (["topic", "--help"], "USAGE: millrace topic"), (["id", "-u"], "65532")):
        with Contained(root, config["config"]["Entrypoint"] + command, {}, tmp_path / "log") as program:
            assert program.process.wait(timeout=30) == 0, program.text()
            assert expected in program.text()


def test_the_start_of_apache_kafka_test_containers(image, tmp_path):
    """Java, Go and Node.js: the command waits for a script, which the library writes once it knows the mapped port."""
    config, root = image
    kafka, broker, controller = free_address(), free_address(), free_address()
    port = kafka.split(":")[1]
    environment = ports(
        CLUSTER_ID="4L6g3nShT-eMCtK--X86sw",
        KAFKA_LISTENERS=f"PLAINTEXT://:{port},BROKER://:{broker.split(':')[1]},CONTROLLER://:{controller.split(':')[1]}",
        KAFKA_LISTENER_SECURITY_PROTOCOL_MAP="BROKER:PLAINTEXT,PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        KAFKA_INTER_BROKER_LISTENER_NAME="BROKER", KAFKA_PROCESS_ROLES="broker,controller",
        KAFKA_CONTROLLER_LISTENER_NAMES="CONTROLLER", KAFKA_NODE_ID="1",
        KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR="1", KAFKA_OFFSETS_TOPIC_NUM_PARTITIONS="1",
        KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR="1", KAFKA_TRANSACTION_STATE_LOG_MIN_ISR="1",
        KAFKA_LOG_FLUSH_INTERVAL_MESSAGES=str(2**63 - 1), KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS="0",
        MILLRACE_DATA_DIR="/var/lib/millrace/java",
    )
    script = root / "tmp/testcontainers_start.sh"
    script.unlink(missing_ok=True)
    command = ["sh", "-c", "while [ ! -f /tmp/testcontainers_start.sh ]; do sleep 0.1; done; /tmp/testcontainers_start.sh"]
    with Contained(root, config["config"]["Entrypoint"] + command, environment, tmp_path / "log") as server:
        written = script.with_suffix(".new")
        written.write_text("#!/bin/bash\n"
                           f"export KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://127.0.0.1:{port},BROKER://container:9093\n"
                           "/etc/kafka/docker/run \n")
        written.chmod(0o777)
        written.rename(script)
        server.wait_for_line(".*Transitioning from RECOVERY to RUNNING.*")
        round_trip(kafka)


@pytest.mark.parametrize("kraft", [False, True], ids=["zookeeper", "kraft"])
def test_the_start_of_python_test_containers(image, tmp_path, kraft):
    config, root = image
    kafka, broker, controller = free_address(), free_address(), free_address()
    port = kafka.split(":")[1]
    listeners = f"PLAINTEXT://0.0.0.0:{port},BROKER://0.0.0.0:{broker.split(':')[1]}"
    environment = ports(
        KAFKA_LISTENERS=listeners, KAFKA_LISTENER_SECURITY_PROTOCOL_MAP="BROKER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
        KAFKA_INTER_BROKER_LISTENER_NAME="BROKER", KAFKA_BROKER_ID="1", KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR="1",
        KAFKA_OFFSETS_TOPIC_NUM_PARTITIONS="1", KAFKA_LOG_FLUSH_INTERVAL_MESSAGES="10000000",
        KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS="0", MILLRACE_DATA_DIR=f"/var/lib/millrace/python-{kraft}",
    )
    if kraft:
        environment |= {
            "CLUSTER_ID": "0u0KfpGaTpqzPEpBDNWXcg==", "KAFKA_NODE_ID": "1", "KAFKA_PROCESS_ROLES": "broker,controller",
            "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "BROKER:PLAINTEXT,PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "KAFKA_LISTENERS": f"{listeners},CONTROLLER://0.0.0.0:{controller.split(':')[1]}",
            "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9094", "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
        }
        boot = ("sed -i '/KAFKA_ZOOKEEPER_CONNECT/d' /etc/confluent/docker/configure\n"
                "echo 'kafka-storage format --ignore-formatted -t id -c /etc/kafka/kafka.properties'"
                " >> /etc/confluent/docker/configure\n")
        line = r".*Kafka Server started.*"
    else:
        boot = ("echo 'clientPort=2181' > zookeeper.properties\nzookeeper-server-start zookeeper.properties &\n"
                "export KAFKA_ZOOKEEPER_CONNECT='localhost:2181'\n")
        line = r".*\[KafkaServer id=\d+\] started.*"
    script = root / "tc-start.sh"
    script.write_text(f"#!/bin/bash\n{boot}"
                      f"export KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://127.0.0.1:{port},BROKER://$(hostname -i):9092\n"
                      ". /etc/confluent/docker/bash-config\n/etc/confluent/docker/configure\n/etc/confluent/docker/launch\n")
    command = ["sh", "-c", "cd /var/lib/millrace; while [ ! -f /tc-start.sh ]; do sleep 0.1; done; sh /tc-start.sh"]
    with Contained(root, config["config"]["Entrypoint"] + command, environment, tmp_path / "log") as server:
        server.wait_for_line(line)
        round_trip(kafka)


def test_the_start_of_localstack_test_containers(image, tmp_path):
    config, root = image
    environment = ports(MILLRACE_KAFKA=free_address(), SERVICES="kinesis", MILLRACE_DATA_DIR="/var/lib/millrace/localstack")
    script = root / "testcontainers_start.sh"
    script.write_text("#!/bin/bash\nexport LOCALSTACK_HOST=localhost\n/usr/local/bin/docker-entrypoint.sh\n")
    script.chmod(0o777)
    command = ["sh", "-c", "while [ ! -f /testcontainers_start.sh ]; do sleep 0.1; done; /testcontainers_start.sh"]
    with Contained(root, config["config"]["Entrypoint"] + command, environment, tmp_path / "log") as server:
        server.wait_for_line(r"Ready\.\n")
        health = urllib3.request("GET", f"http://{environment['MILLRACE_KINESIS']}/_localstack/health").json()
        assert health["services"]["kinesis"] in ("available", "running")


# The Debian package


@pytest.fixture(scope="module")
def debian(tmp_path_factory):
    """A minimal Debian with the package's file inside: (root, file, file of the next version)."""
    directory = tmp_path_factory.mktemp("debian")
    root = directory / "root"
    source = run("apt-get", "indextargets", "--format", "$(SITE)").stdout.split()[0]
    codename = re.search(r"VERSION_CODENAME=(\w+)", pathlib.Path("/etc/os-release").read_text())[1]
    run("debootstrap", "--variant=minbase", codename, str(root), source)
    files = []
    for version in ("0.0.1", "0.0.2"):
        done = run(str(ROOT / "scripts/package-deb"), str(binary()), version)
        assert "lintian clean" in done.stdout
        made = next((ROOT / "build").glob(f"millrace_{version}_*.deb"))
        files.append(root / "root" / made.name)
        shutil.move(made, files[-1])
    shutil.copy("/etc/resolv.conf", root / "etc/resolv.conf")
    # Nothing is started in a chroot.
    (root / "usr/sbin/policy-rc.d").write_text("#!/bin/sh\nexit 101\n")
    (root / "usr/sbin/policy-rc.d").chmod(0o755)
    with kernel_files(root):
        yield root, *files


def in_debian(root, *command, check=True):
    return run("chroot", str(root), *command, check=check, env={"DEBIAN_FRONTEND": "noninteractive"})


@contextlib.contextmanager
def service(root, tmp_path, **environment):
    """The unit's own command line as its user, with a service manager that listens."""
    unit = (root / "lib/systemd/system/millrace.service").read_text()
    assert "Type=notify" in unit
    command = re.search(r"(?m)^ExecStart=(.*)$", unit)[1].replace(" $MILLRACE_OPTS", "").split()
    kafka = free_address()
    user = in_debian(root, "id", "-u", "millrace").stdout.strip()
    group = in_debian(root, "id", "-g", "millrace").stdout.strip()
    run("install", "-d", "-o", user, "-g", group, "-m", "750", str(root / "var/lib/millrace"))
    manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    name = f"millrace-test-{os.getpid()}"
    manager.bind(f"\0{name}")
    manager.settimeout(30)
    settings = {"NOTIFY_SOCKET": f"@{name}", "WATCHDOG_USEC": "200000", "MILLRACE_KAFKA": kafka,
                "MILLRACE_KINESIS": free_address(), "MILLRACE_ADMIN": free_address(), **environment}
    with Contained(root, command, settings, tmp_path / "log", user=f"{user}:{group}") as server:
        told = []
        while "READY=1" not in told:
            told += manager.recv(4096).decode().split("\n")
        yield server, kafka, manager, told
    manager.close()


def test_the_package_is_installed_started_upgraded_and_removed(debian, tmp_path):
    root, first, second = debian
    in_debian(root, "apt-get", "install", "-q", "-y", "--no-install-recommends", f"/root/{first.name}")
    assert "millrace" in in_debian(root, "millrace", "--version").stdout
    assert in_debian(root, "stat", "-c", "%U", "/usr/bin/millrace").stdout.strip() == "root"
    for path in ("usr/share/man/man1/millrace-serve.1.gz", "usr/share/bash-completion/completions/millrace",
                 "etc/millrace/millrace.yaml", "etc/default/millrace", "usr/share/doc/millrace/copyright"):
        # A minimal root leaves out manual pages and documents; the copyright stays.
        if not path.startswith(("usr/share/man", "usr/share/doc")) or path.endswith("copyright"):
            assert (root / path).exists(), path
    config = root / "etc/millrace/millrace.yaml"
    config.write_text(config.read_text() + "log-level: notice\n")

    with service(root, tmp_path) as (server, kafka, manager, told):
        assert any(line.startswith("EXTEND_TIMEOUT_USEC=") for line in told), told
        round_trip(kafka)
        fed = b""
        while b"WATCHDOG=1" not in fed:
            fed = manager.recv(4096)
        os.kill(server.process.pid, signal.SIGTERM)
        while b"STOPPING=1" not in fed:
            fed = manager.recv(4096)
        assert server.process.wait(timeout=15) == 0, server.text()

    in_debian(root, "dpkg", "--force-confold", "-i", f"/root/{second.name}")
    assert "log-level: notice" in config.read_text(), "an upgrade leaves the configuration as it was"
    with service(root, tmp_path) as (_, kafka, _, _):
        consumer = Consumer({"bootstrap.servers": kafka, "group.id": "after", "auto.offset.reset": "earliest"})
        consumer.subscribe(["packaged"])
        assert consumer.poll(30).value() == b"value"
        consumer.close()

    in_debian(root, "dpkg", "--remove", "millrace")
    assert not (root / "usr/bin/millrace").exists()
    assert (root / "var/lib/millrace/metadata.sqlite").exists(), "removal keeps the records"
    in_debian(root, "dpkg", "--purge", "millrace")
    assert not (root / "var/lib/millrace").exists() and not (root / "etc/millrace").exists()


def test_the_unit_is_hardened():
    done = run("systemd-analyze", "security", "--offline=true", str(ROOT / "packaging/systemd/millrace.service"))
    exposure = float(re.search(r"exposure level for millrace.service: ([\d.]+)", done.stdout)[1])
    assert exposure <= 1.5
