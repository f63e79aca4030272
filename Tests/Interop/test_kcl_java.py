"""Amazon's own Kinesis Client Library 3 for Java: its daemon, with an application in Python."""

import os
import pathlib
import shutil
import subprocess
import sys

import pytest

from harness import clients
from harness.kcl import ENDED, Journal, Worker
from harness.mapping import shard_id
from test_kcl import put, seen

HARNESS = pathlib.Path(__file__).parent / "harness"


class Daemon:
    """One worker: a JVM, and a process for each shard that it has the lease of."""

    def __init__(self, server, application, stream, folder):
        import amazon_kclpy
        jars = pathlib.Path(amazon_kclpy.__file__).parent / "jars"
        self.out, self.log = folder / "out", folder / "log"
        properties, logback = folder / "kcl.properties", folder / "logback.xml"
        properties.write_text(f"""\
executableName = {sys.executable} {HARNESS / "kcl_app.py"}
streamName = {stream}
applicationName = {application}
AwsCredentialsProvider = DefaultCredentialsProvider
initialPositionInStream = TRIM_HORIZON
regionName = us-east-1
retrievalMode = FANOUT
failoverTimeMillis = 4000
shardSyncIntervalMillis = 2000
""")
        logback.write_text("<configuration><appender name='C' class='ch.qos.logback.core.ConsoleAppender'><encoder>"
                           "<pattern>%d %-5level %logger{36} %msg%n</pattern></encoder></appender>"
                           "<root level='INFO'><appender-ref ref='C'/></root></configuration>")
        # All of Kinesis, DynamoDB and CloudWatch is found by the one variable of AWS's SDKs.
        environment = {**os.environ, "AWS_ENDPOINT_URL": f"http://{server.kinesis}", "AWS_ACCESS_KEY_ID": "key",
                       "AWS_SECRET_ACCESS_KEY": "secret", "KCL_OUT": str(self.out)}
        self.process = subprocess.Popen(
            ["java", "-Xmx256m", "-XX:+UseSerialGC", "-cp", f"{jars}/*",
             "software.amazon.kinesis.multilang.MultiLangDaemon", "--properties-file", str(properties),
             "-l", str(logback)],
            stdout=self.log.open("w"), stderr=subprocess.STDOUT, env=environment, start_new_session=True)

    def lines(self, kind):
        files = self.out.parent.glob(f"{self.out.name}.*")
        return [line.split() for file in files for line in file.read_text().splitlines() if line.startswith(kind)]

    def data(self):
        return [line[3].encode() for line in self.lines("R")]

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise


@pytest.mark.timeout(400)
@pytest.mark.skipif(not shutil.which("java"), reason="there is no Java on this machine")
def test_the_library_takes_over_from_its_twin_and_follows_a_split(server, boto, tmp_path):
    """It carries on where the twin, which is of version 2, has stopped: from its leases and checkpoints."""
    stream = clients.create_stream(server, clients.unique("kcl-java"), 2, boto)
    application, journal = clients.unique("kcl-java"), Journal()
    before = put(boto, stream, 5, 0)
    twin = Worker(server, application, stream, journal, version=2)
    twin.start()
    clients.wait_until(seen(journal, before), 60, "the twin saw all records")
    twin.shut_down()
    after = put(boto, stream, 5, 5)
    daemon = Daemon(server, application, stream, tmp_path)
    try:
        clients.wait_until(lambda: len(daemon.data()) >= len(after), 180, "the library saw what the twin had left")
        boto.split_shard(StreamName=stream, ShardToSplit=shard_id(0), NewStartingHashKey=str(2**126))
        after += put(boto, stream, 5, 10)
        clients.wait_until(lambda: len(daemon.data()) >= len(after), 120, "the library saw all through the split")
    except AssertionError as failure:
        raise AssertionError(f"{failure}\n{daemon.log.read_text()[-4000:]}") from failure
    finally:
        daemon.stop()
    assert sorted(daemon.data()) == sorted(after), "each record once, and none that the twin had seen"
    assert daemon.lines("E") == [["E", shard_id(0)]]
    log = daemon.log.read_text()
    assert "UnknownHostException" not in log
    leases = {lease["leaseKey"]["S"]: lease for lease in twin.list_leases()}
    assert leases[shard_id(0)]["checkpoint"]["S"] == ENDED
    assert set(leases[shard_id(0)]["childShardIds"]["SS"]) == {shard_id(2), shard_id(3)}
    arn = boto.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]["StreamARN"]
    consumers = boto.list_stream_consumers(StreamARN=arn)["Consumers"]
    assert [consumer["ConsumerName"] for consumer in consumers] == [application]
