"""kcat, the tool that people reach for first."""

import json
import shutil
import subprocess

import pytest

from harness import clients

pytestmark = pytest.mark.skipif(shutil.which("kcat") is None, reason="kcat is not installed (apt-get install kcat)")


def kcat(server, *arguments, stdin=None, status=0):
    done = subprocess.run(["kcat", "-b", server.kafka, *arguments], input=stdin, capture_output=True, text=True, timeout=60)
    assert done.returncode == status, done.stderr
    return done.stdout


def test_lines_in_lines_out(server, topic):
    lines = [f"key{i % 5}:value {i}" for i in range(500)]
    kcat(server, "-P", "-t", topic, "-K:", "-X", "acks=all", stdin="\n".join(lines) + "\n")
    out = kcat(server, "-C", "-t", topic, "-o", "beginning", "-e", "-q", "-K:")
    assert sorted(out.splitlines()) == sorted(lines)


def test_json_envelopes_carry_offsets_and_headers(server, topic):
    kcat(server, "-P", "-t", topic, "-p", "1", "-H", "a=1", stdin="one\ntwo\n")
    rows = [json.loads(line) for line in kcat(server, "-C", "-t", topic, "-p", "1", "-o", "beginning", "-e", "-q", "-J").splitlines()]
    assert [(row["offset"], row["payload"], row["headers"]) for row in rows] == [(0, "one", ["a", "1"]), (1, "two", ["a", "1"])]


def test_metadata_names_the_broker_and_the_topic(server, topic):
    listing = json.loads(kcat(server, "-L", "-J", "-t", topic))
    assert [broker["name"] for broker in listing["brokers"]] == [server.kafka]
    assert len(listing["topics"][0]["partitions"]) == 3


def test_offsets_by_time(server, topic):
    base = 1_700_000_000_000
    clients.produce_all(server, topic, [(None, b"x", {"partition": 0, "timestamp": base + i}) for i in range(10)])
    assert f"{topic} [0] offset 4" in kcat(server, "-Q", "-t", f"{topic}:0:{base + 4}")


def test_a_group_reads_everything(server, topic):
    clients.produce_all(server, topic, [(b"%d" % i, b"v%d" % i) for i in range(200)])
    out = kcat(server, "-G", clients.unique("kcat"), "-c", "200", "-X", "auto.offset.reset=earliest", "-q", topic)
    assert sorted(out.split()) == sorted(f"v{i}" for i in range(200))
