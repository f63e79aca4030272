"""The server in the place of LocalStack or kinesis-mock: their environment, ports and health checks."""

import json
import os
import re
import subprocess
import sys
import urllib.error
import urllib.request

import boto3
import pytest

from harness import clients
from harness.server import Server, binary, free_address


def get(address, path):
    try:
        with urllib.request.urlopen(f"http://{address}{path}", timeout=10) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


class TwoPorts(Server):
    """Listens for Kinesis on two ports, as kinesis-mock does."""

    def __init__(self, *arguments, **more):
        super().__init__(*arguments, **more)
        self.second = free_address()
        self.kinesis += "," + self.second

    @property
    def endpoint_url(self):
        return "http://" + self.kinesis.split(",")[0]


@pytest.fixture
def emulator(tmp_path):
    made = []

    def make(**environment):
        one = TwoPorts(tmp_path / "data", environment=environment, log_path=tmp_path / "server.log")
        made.append(one)
        return one.start()

    yield make
    for one in made:
        one.close()


@pytest.mark.parametrize("variable", ["INITIALIZE_STREAMS", "KINESIS_INITIALIZE_STREAMS", "MILLRACE_INITIALIZE_STREAMS"])
def test_streams_are_there_from_the_start(emulator, variable):
    server = emulator(**{variable: "first:1,second:3:eu-west-1, third,first:1:us-west-2"})
    for address in server.kinesis.split(","):
        assert get(address, "/healthcheck")[0] == 200
        status, body = get(address, "/_localstack/health")
        assert status == 200 and json.loads(body)["services"]["kinesis"] == "available"
    boto = clients.kinesis(server)
    assert sorted(boto.list_streams()["StreamNames"]) == ["first", "second", "third"]
    assert [len(clients.list_shards(boto, name)) for name in ("first", "second", "third")] == [1, 3, 4]
    boto.put_record(StreamName="first", Data=b"x", PartitionKey="k")
    server.stop()
    server.start()
    assert [len(clients.list_shards(boto, name)) for name in ("first", "second", "third")] == [1, 3, 4]
    second = boto3.client("kinesis", endpoint_url=f"http://{server.second}", region_name="us-west-2", aws_access_key_id="test",
                          aws_secret_access_key="test")
    summary = second.describe_stream_summary(StreamName="first")["StreamDescriptionSummary"]
    assert summary["StreamARN"] == "arn:aws:kinesis:us-west-2:000000000000:stream/first"


def test_the_command_line_finds_them(emulator):
    server = emulator(INITIALIZE_STREAMS="orders:2")
    script = os.path.join(os.path.dirname(sys.executable), "aws")
    out = subprocess.run([script, "kinesis", "describe-stream-summary", "--stream-name", "orders", "--endpoint-url",
                          server.endpoint_url], env=clients.aws_environment(server), capture_output=True, text=True, timeout=60)
    assert out.returncode == 0, out.stderr
    assert json.loads(out.stdout)["StreamDescriptionSummary"]["OpenShardCount"] == 2


@pytest.mark.parametrize("text", [":1", "a:0", "a:-1", "a:x", "a:1:r:more", "a:99999999999"])
def test_a_list_of_streams_that_cannot_be_read_is_refused(tmp_path, text):
    out = subprocess.run([str(binary()), "serve", "--data-dir", str(tmp_path / "d"), "--initialize-streams", text],
                         capture_output=True, text=True, timeout=30)
    assert out.returncode == 1 and "--initialize-streams takes NAME" in out.stderr


def test_the_place_of_localstack_is_taken_by_one_option(tmp_path):
    process = subprocess.Popen([str(binary()), "serve", "--data-dir", str(tmp_path / "d"), "--localstack", "--kafka", "off",
                                "--admin", "off", "--kinesis", f"{free_address()},{free_address()}"],
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        ready = process.stdout.readline()
        first, second = re.search(r"kinesis=(\S+),(\S+) ", ready).groups()
        # What test containers wait for in LocalStack's log.
        assert process.stdout.readline() == "Ready.\n"
        for address in (first, second):
            assert get(address, "/_localstack/health")[0] == 200
        secure = boto3.client("kinesis", endpoint_url=f"https://{second}", verify=False, region_name="us-east-1",
                              aws_access_key_id="test", aws_secret_access_key="test")
        secure.create_stream(StreamName="s", ShardCount=1)
        assert secure.list_streams()["StreamNames"] == ["s"]
    finally:
        process.terminate()
        assert process.wait(20) == 0
