"""The command line for groups and topics: lag, seek, clone, trim, positions, formats and forms of output."""

import csv
import io
import json
import os
import subprocess
import time

import pytest

from harness import clients
from harness.server import binary

USAGE, MISSING, FAILURE, PARTIAL, UNREACHABLE = 64, 2, 1, 3, 4
RECORDS = 30


@pytest.fixture
def run(server, tmp_path):
    def command(*words, status=0, stdin=None, environment=None):
        done = subprocess.run([str(binary()), *map(str, words)], input=stdin, capture_output=True, text=True, timeout=60,
                              env={**os.environ, "MILLRACE_BOOTSTRAP": server.kafka, "XDG_CONFIG_HOME": str(tmp_path),
                                   **(environment or {})})
        assert done.returncode == status, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout if status == 0 else done.stdout + done.stderr
    return command


@pytest.fixture
def scene(server, run):
    """A topic of two partitions with 15 records each, an hour apart, and a group that has read 5 of each."""
    topic, group = clients.create_topic(server, clients.unique("seek"), partitions=2), clients.unique("group")
    producer = clients.producer(server)
    start = int(time.time() * 1000) - 3_600_000 * 20
    for number in range(RECORDS):
        producer.produce(topic, key=f"k{number}", value=f"v{number}", partition=number % 2, headers=[("n", str(number))],
                         timestamp=start + number // 2 * 3_600_000)
    producer.flush(20)
    lines = "".join(f"{topic} {partition} 5\n" for partition in range(2))
    return topic, group, start, lines


def offsets(run, group):
    return {row["partition"]: row["offset"] for row in json.loads(run("group", "describe", group, "-o", "json"))["offsets"]}


def test_seek_by_every_way_and_lag(scene, run, tmp_path, server):
    topic, group, start, lines = scene
    (tmp_path / "offsets").write_text(lines)
    dry = run("group", "seek", group, "--to-file", str(tmp_path / "offsets"), "--dry-run")
    assert dry.startswith("would move") and "absent" not in dry
    run("group", "describe", group, status=MISSING)
    table = run("group", "seek", group, "--to-file", str(tmp_path / "offsets"))
    assert [line.split()[-4:] for line in table.splitlines() if topic in line] == [["-", "5", "-", "10"]] * 2
    assert offsets(run, group) == {0: 5, 1: 5}
    rows = json.loads(run("group", "lag", group, "-o", "json"))
    assert [(row["topic"], row["records"]) for row in rows] == [(topic, 20)]
    expected = time.time() * 1000 - (start + 5 * 3_600_000)
    assert abs(rows[0]["behindMilliseconds"] - expected) < 60_000
    assert "PARTITION" in run("group", "lag", group, "--partitions") and group in run("group", "lag", "--no-time")
    for words, after in ((("--to", "start"), {0: 0, 1: 0}), (("--to", "end"), {0: 15, 1: 15}), (("--shift", "-3"), {0: 12, 1: 12}),
                         (("--to", "-1"), {0: 14, 1: 14}), (("--to", f"@{start + 7 * 3_600_000}"), {0: 7, 1: 7}),
                         (("--to", "4", "--topic", f"{topic}:1"), {0: 7, 1: 4}), (("--to", "99", "--topic", topic), {0: 15, 1: 15})):
        run("group", "seek", group, *words)
        assert offsets(run, group) == after, words
    assert "moved" in run("group", "seek", group, "--to", "+2") and offsets(run, group) == {0: 2, 1: 2}
    copy = clients.unique("copy")
    assert run("group", "clone", group, copy).startswith("moved") and offsets(run, copy) == {0: 2, 1: 2}
    assert "overwrite" in run("group", "clone", group, copy, status=FAILURE)
    run("group", "seek", copy, "--to", "end")
    run("group", "clone", group, copy, "--overwrite", "--topic", f"{topic}:0")
    assert offsets(run, copy) == {0: 2, 1: 15}
    run("group", "delete-offsets", copy, "--topic", f"{topic}:0")
    assert offsets(run, copy) == {1: 15}
    run("group", "delete-offsets", copy, "--topic", f"{topic}:0", status=MISSING)


def test_a_group_says_why_it_rebalanced(scene, run, server):
    topic, group, *_ = scene
    run("consume", topic, "--group", group, "--from", "start", "--max", 1)
    shown = json.loads(run("group", "describe", group, "--data-dir", server.data_dir, "-o", "json"))["rebalances"]
    assert [one["causes"][0]["reason"] for one in shown] == ["member-left", "member-joined"] and shown[1]["members"] == 1
    assert "member-left" in run("group", "describe", group, "--data-dir", server.data_dir)
    assert "rebalances" not in json.loads(run("group", "describe", group, "-o", "json"))


def test_a_group_with_members_is_refused_by_the_server(scene, run, server):
    topic, group, _, _ = scene
    consumer = clients.consumer(server, group=group, **{"auto.offset.reset": "earliest"})
    consumer.subscribe([topic])
    clients.take(consumer, 1)
    assert "UNKNOWN_MEMBER_ID" in run("group", "seek", group, "--to", "start", "--topic", topic, status=FAILURE)
    assert "the server will refuse" in subprocess.run(
        [str(binary()), "group", "seek", group, "--to", "start", "--topic", topic, "--dry-run", "--bootstrap", server.kafka],
        capture_output=True, text=True, timeout=60).stderr
    consumer.close()
    run("group", "seek", group, "--to", "start", "--topic", topic)


@pytest.mark.parametrize("words", [("--to", "start", "--shift", "1"), (), ("--to", "1:2"), ("--to", "sometime"),
                                   ("--to", "start", "--topic", "a:x"), ("--to-file", "f", "--topic", "a")])
def test_a_seek_that_says_nothing_or_two_things_is_a_wrong_invocation(run, words):
    run("group", "seek", "any", *words, status=USAGE)


def test_topics_are_trimmed_emptied_cloned_and_widened(scene, run):
    topic, _, start, _ = scene
    assert "would trim" in run("topic", "trim", topic, "--to", "3", "--dry-run")
    assert "--yes" in run("topic", "trim", topic, "--to", "3", status=FAILURE)
    rows = json.loads(run("topic", "trim", f"{topic}:0", "--to", "3", "--yes", "-o", "json"))
    assert [(row["partition"], row["before"], row["after"]) for row in rows] == [(0, 0, 3)]
    run("topic", "trim", topic, "--to", f"@{start + 5 * 3_600_000}", "--yes")
    described = json.loads(run("topic", "describe", topic, "-o", "json"))
    assert [part["start"] for part in described["partitions"]] == [5, 5]
    run("topic", "alter", topic, "--set", "max.message.bytes=2000000")
    copy = clients.unique("clone")
    assert "would create" in run("topic", "clone", topic, copy, "--dry-run", "--records")
    assert "20 records" in run("topic", "clone", topic, copy, "--records")
    same = ("consume", "--from", "start", "--exit-at-end", "-f", "%p %d %k %v %h{%k=%v}\\n")
    assert sorted(run(*same, topic).splitlines()) == sorted(run(*same, copy).splitlines())
    assert json.loads(run("topic", "describe", copy, "-o", "json"))["configs"] == {"max.message.bytes": "2000000"}
    assert "already" in run("topic", "clone", topic, copy, status=FAILURE)
    run("topic", "add-partitions", copy, "--count", "3", "--dry-run")
    assert "5" in run("topic", "add-partitions", copy, "--count", "3")
    run("topic", "empty", copy, "--yes")
    parts = json.loads(run("topic", "describe", copy, "-o", "json"))["partitions"]
    assert len(parts) == 5 and all(part["start"] == part["end"] for part in parts)
    # Some of what was named is done: 3; the rest is said.
    message = run("topic", "rm", copy, "absent", status=PARTIAL)
    assert f"deleted topic {copy}" in message and "absent" in message


@pytest.mark.parametrize("words,numbers", [(("--from", "start", "--until", "3"), [0, 1, 2, 3, 4, 5]), (("--offset", "13:end"), [26, 27, 28, 29]),
                                           (("--from", "-1", "--exit-at-end"), [28, 29]), (("--from", ":2"), [0, 1, 2, 3]),
                                           (("--from", "+14", "--exit-at-end"), [28, 29]), (("-n", "3"), [27, 28, 29])])
def test_positions(scene, run, words, numbers):
    topic, _, _, _ = scene
    text = run("consume", topic, *words, "-f", "%v\\n")
    assert sorted(int(line[1:]) for line in text.splitlines()) == numbers


def test_positions_by_time_formats_and_kcat(scene, run):
    topic, _, start, _ = scene
    hour = 3_600_000
    text = run("consume", topic, "--from", f"@{start + 3 * hour}:{start + 4 * hour}", "-f", "%v\\n")
    assert sorted(text.split()) == ["v6", "v7"]
    line = run("consume", topic, "-p", "1", "--from", "0:1", "-f", "%t %p %o %k{hex} %V %d{strftime[%Y]} %h{%k=%v}\\n")
    assert line == f"{topic} 1 0 6b31 2 {time.gmtime(start / 1000).tm_year} n=1\n"
    assert run("consume", topic, "-p", "1", "--from", "0:1", "--kcat", "-f", "%s/%T/%S/%h\\n") == f"v1/{start}/2/n=1\n"
    run("consume", topic, "-f", "%z", status=USAGE)
    run("consume", topic, "-o", "yaml", status=USAGE)


def test_every_form_of_output(scene, run):
    topic, _, _, _ = scene
    listed = json.loads(run("topic", "ls", "-o", "json"))
    assert [json.loads(line) for line in run("topic", "ls", "-o", "jsonl").splitlines()] == listed
    assert topic in run("topic", "list", "-o", "name").splitlines()
    assert f"- name: \"{topic}\"" in run("topic", "list", "-o", "yaml").replace("name: " + topic, f"name: \"{topic}\"")
    rows = list(csv.DictReader(io.StringIO(run("topic", "list", "-o", "csv"))))
    assert [row["partitions"] for row in rows if row["name"] == topic] == ["2"]
    assert "ID" in run("topic", "list", "-o", "wide").splitlines()[0] and "ID" not in run("topic", "list").splitlines()[0].split()
    assert run("topic", "info", topic, "-o", "name") == f"{topic}\n"
    described = run("topic", "describe", topic, "-o", "yaml")
    assert described.startswith("name:") and "partitions:\n" in described


def test_watch_prints_again_and_stops_at_a_signal(scene, server):
    process = subprocess.Popen([str(binary()), "topic", "list", "-o", "jsonl", "--watch=100ms", "--bootstrap", server.kafka],
                               stdout=subprocess.PIPE, text=True)
    first = process.stdout.readline()
    for line in process.stdout:
        if line == first:
            break
    process.terminate()
    process.stdout.close()
    assert process.wait(20) == 0


def test_nothing_listens(run):
    for words in (("topic", "list"), ("group", "lag"), ("status",)):
        assert "127.0.0.1:1" in run(*words, "--bootstrap", "127.0.0.1:1", status=UNREACHABLE)
    assert "cannot connect" in run("stream", "list", "--endpoint", "http://127.0.0.1:1", status=UNREACHABLE)
