"""The command line's work on streams: settings, tags, consumers, put and tail; over TLS and signed too."""

import json
import os
import signal
import subprocess
import time

import pytest

from harness import clients
from harness.server import Server, binary
from test_cli import FAILURE, MISSING, USAGE, millrace, rows


@pytest.fixture
def run(server):
    def command(*arguments, stdin=None, status=0):
        done = millrace("stream", *arguments, "--endpoint", server.endpoint_url, stdin=stdin, status=status)
        return done.stdout if status == 0 else done.stderr
    return command


def test_settings(run, server, stream, boto):
    def summary():
        return boto.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]

    assert run("mode", stream, "on-demand") == f"changed stream {stream}\n"
    assert summary()["StreamModeDetails"] == {"StreamMode": "ON_DEMAND"}
    run("mode", stream, "provisioned")
    assert run("retention", stream, "7d") == f"changed stream {stream}\n"
    assert summary()["RetentionPeriodHours"] == 168
    assert run("retention", stream, "168") == f"unchanged stream {stream}\n"
    run("retention", stream, "24h")
    assert summary()["RetentionPeriodHours"] == 24
    assert "too short" in run("retention", stream, "1", status=FAILURE)
    assert "number of hours or days" in run("retention", stream, "soon", status=USAGE)
    assert "not found" in run("retention", "not-there", "24", status=MISSING)


def test_tags_and_consumers(run, stream, boto):
    assert "team  web" in run("tags", stream, "--set", "team=web", "--set", "env=a=b")
    assert rows(run("tags", stream, "--remove", "team", "-o", "json")) == {"env": "a=b"}
    assert "KEY=VALUE" in run("tags", stream, "--set", "x", status=USAGE)
    assert "billing" in run("consumers", stream, "--register", "billing", "--register", "audit")
    listed = rows(run("consumers", stream, "-o", "json"))
    assert [(each["name"], each["status"]) for each in listed] == [("audit", "ACTIVE"), ("billing", "ACTIVE")]
    assert rows(run("consumers", stream, "--deregister", "audit", "--deregister", "billing", "-o", "json")) == []


def test_lines_go_in_and_come_out(run, stream, boto):
    lines = [f"key {n % 7}:value {n} é" for n in range(1200)]
    run("put", stream, "--key-separator", ":", stdin="\n".join(lines) + "\n")
    records = [json.loads(line) for line in run("tail", stream, "--exit-at-end", "-o", "json").splitlines()]
    assert sorted(f"{each['partitionKey']}:{each['data']}" for each in records) == sorted(lines)
    assert len({each["shard"] for each in records}) > 1
    by_key = {}
    for each in records:
        by_key.setdefault(each["partitionKey"], []).append(int(each["data"].split()[1]))
    assert all(numbers == sorted(numbers) for numbers in by_key.values()), "in the order of each key"
    text = run("tail", stream, "--from", "earliest", "--max", "3", "--key-separator", "|")
    assert len(text.splitlines()) == 3 and all(line.startswith("key ") and "|value " in line for line in text.splitlines())
    boto.put_record(StreamName=stream, PartitionKey="k", Data=b"\xff\x00")
    last = [json.loads(line) for line in run("tail", stream, "--exit-at-end", "-o", "json").splitlines()][-1:]
    assert len(last) == 1


def test_tail_reads_through_a_reshard(run, boto):
    stream = clients.unique("tailed")
    boto.create_stream(StreamName=stream, ShardCount=1)
    for turn, change in enumerate((None, 3, 1, 2)):
        if change:
            run("scale", stream, str(change))
        run("put", stream, stdin="".join(f"{turn}-{n}\n" for n in range(20)))
    lines = run("tail", stream, "--exit-at-end").splitlines()
    assert sorted(lines) == sorted(f"{turn}-{n}" for turn in range(4) for n in range(20))
    assert "no shard shardId-000000000099" in run("tail", stream, "--shard", "shardId-000000000099", status=MISSING)
    only = run("tail", stream, "--shard", "shardId-000000000000", "--exit-at-end").splitlines()
    assert sorted(only) == sorted(f"0-{n}" for n in range(20))


def test_tail_follows_until_it_is_interrupted(server, stream, boto):
    process = subprocess.Popen([str(binary()), "stream", "tail", stream, "--endpoint", server.endpoint_url],
                               stdout=subprocess.PIPE, text=True)
    try:
        # Until it has its iterators nothing is new to it.
        end, line = time.monotonic() + 30, ""
        os.set_blocking(process.stdout.fileno(), False)
        while not line and time.monotonic() < end:
            boto.put_record(StreamName=stream, PartitionKey="k", Data=b"fresh")
            time.sleep(0.1)
            line = process.stdout.readline()
        assert line == "fresh\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.stdout.close()


def test_wrong_positions_are_wrong_invocations(run):
    assert "--from takes" in run("tail", "s", "--from", "yesterday", status=USAGE)
    assert "at least 1" in run("tail", "s", "--max", "0", status=USAGE)
    assert "not found" in run("tail", "not-there", status=MISSING)
    assert "no partition key" in run("put", "s", "--key-separator", ":", stdin="x\n", status=FAILURE)


def test_help_teaches():
    for name in ("mode", "retention", "tags", "consumers", "put", "tail"):
        text = millrace("stream", name, "--help").stdout
        assert "Example" in text and f"millrace stream {name}" in text


def test_over_tls_and_signed(tmp_path):
    (tmp_path / "keys").write_text("[a]\naws_access_key_id = AKIAX\naws_secret_access_key = s3cret\n")
    with Server(tmp_path / "data", {}, arguments=["--kinesis-tls", "--kinesis-credentials", str(tmp_path / "keys")]) as server:
        def run(*arguments, secret="s3cret", stdin=None):
            return subprocess.run(
                [str(binary()), "stream", *arguments, "--endpoint", f"https://{server.kinesis}",
                 "--ca-file", str(server.data_dir / "tls" / "ca.pem")], input=stdin, capture_output=True, text=True,
                timeout=60, env={**os.environ, "AWS_ACCESS_KEY_ID": "AKIAX", "AWS_SECRET_ACCESS_KEY": secret})

        assert run("create", "s").returncode == 0
        assert run("put", "s", stdin="signed\n").returncode == 0
        assert run("tail", "s", "--exit-at-end").stdout == "signed\n"
        refused = run("tail", "s", "--exit-at-end", secret="other")
        assert refused.returncode == 1 and "InvalidSignatureException" in refused.stderr
