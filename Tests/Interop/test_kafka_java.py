"""Apache Kafka's own client for Java: producer, consumer of both protocols, transactions, admin."""

import pathlib
import shutil
import subprocess

import pytest

HERE = pathlib.Path(__file__).parent
JARS = HERE.parent.parent / ".venv-java"


@pytest.mark.timeout(400)
@pytest.mark.skipif(not shutil.which("java"), reason="there is no JDK on this machine")
@pytest.mark.skipif(not JARS.exists(), reason="no .venv-java: run scripts/setup-venv")
def test_kafkas_own_client(server):
    """A program of one file; its last line says that it came to its end."""
    program = HERE / "harness" / "KafkaClients.java"
    run = subprocess.run(
        ["java", "-Xmx256m", "-XX:+UseSerialGC", "-cp", f"{JARS}/*", str(program), server.kafka],
        capture_output=True, text=True, timeout=380)
    assert run.returncode == 0 and run.stdout.endswith("\nall\n"), run.stdout[-2000:] + run.stderr[-4000:]
