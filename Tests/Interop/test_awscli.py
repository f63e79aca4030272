"""The AWS CLI, as a child process with nothing set but its usual environment variables."""

import base64
import json
import pathlib
import subprocess
import sys

import pytest

from harness import clients
from harness.mapping import SequenceNumber

AWS = pathlib.Path(sys.executable).with_name("aws")
pytestmark = pytest.mark.skipif(not AWS.exists(), reason="awscli is not installed in this environment")


def aws(server, *arguments, status=0):
    done = subprocess.run([str(AWS), "kinesis", *arguments, "--output", "json"], env=clients.aws_environment(server),
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == status, done.stderr
    return json.loads(done.stdout) if status == 0 and done.stdout.strip() else done.stderr


def test_a_stream_from_creation_to_deletion(server, tmp_path):
    name = clients.unique("cli")
    aws(server, "create-stream", "--stream-name", name, "--shard-count", "2")
    aws(server, "wait", "stream-exists", "--stream-name", name)
    summary = aws(server, "describe-stream-summary", "--stream-name", name)["StreamDescriptionSummary"]
    assert (summary["StreamStatus"], summary["OpenShardCount"]) == ("ACTIVE", 2)
    assert name in aws(server, "list-streams")["StreamNames"]

    # Text given to --data is taken as it is by version 1 of the CLI and as base64 by version 2; a file is bytes to both.
    data = tmp_path / "data"
    data.write_bytes(b"from the \x00 command line")
    put = aws(server, "put-record", "--stream-name", name, "--partition-key", "k", "--data", f"fileb://{data}")
    assert SequenceNumber.decode(put["SequenceNumber"]).offset == 0
    position = aws(server, "get-shard-iterator", "--stream-name", name, "--shard-id", put["ShardId"],
                   "--shard-iterator-type", "TRIM_HORIZON")["ShardIterator"]
    record = aws(server, "get-records", "--shard-iterator", position)["Records"][0]
    assert base64.b64decode(record["Data"]) == data.read_bytes()
    assert (record["PartitionKey"], record["SequenceNumber"]) == ("k", put["SequenceNumber"])

    aws(server, "delete-stream", "--stream-name", name)
    aws(server, "wait", "stream-not-exists", "--stream-name", name)


def test_an_error_is_named_as_aws_names_it(server):
    error = aws(server, "describe-stream-summary", "--stream-name", "absent", status=255)
    assert "ResourceNotFoundException" in error
