"""`millrace mirror` between two servers: every record once, offsets of groups translated, stopped and started again."""

import json
import shutil
import subprocess

import pytest

from harness import clients
from harness.server import binary


def run(*words, status=0):
    done = subprocess.run([str(binary()), *map(str, words)], capture_output=True, text=True, timeout=120)
    assert done.returncode == status, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout if status == 0 else done.stdout + done.stderr


@pytest.fixture
def two(new_server):
    return new_server("old"), new_server("new")


def records(server, topic):
    text = run("consume", topic, "--from", "start", "--exit-at-end", "-f", "%p %k=%v %d %h{%k:%v}\\n", "--bootstrap", server.kafka)
    return sorted(text.splitlines())


def test_every_record_once_and_groups_where_they_were(two, tmp_path):
    old, new = two
    topic, later, group = clients.unique("orders"), clients.unique("later"), clients.unique("billing")
    clients.create_topic(old, topic, partitions=3, config={"retention.ms": "-1"})
    # A record that is gone, and transactions, one of them aborted: offsets differ on both sides.
    clients.produce_all(old, topic, [(b"gone", b"x")] * 5)
    run("topic", "empty", topic, "--yes", "--bootstrap", old.kafka)
    producer = clients.producer(old, **{"transactional.id": clients.unique("tx")})
    producer.init_transactions(20)
    for number in range(4):
        producer.begin_transaction()
        for index in range(10):
            producer.produce(topic, key=f"k{index}", value=f"v{number}-{index}", headers=[("n", str(number))])
        producer.flush(20)
        producer.abort_transaction(20) if number == 2 else producer.commit_transaction(20)
    positions = tmp_path / "positions"
    words = ("mirror", "--from", old.kafka, "--bootstrap", new.kafka, "--positions", positions, "--once")
    run(*words, "--topic", topic, "--groups")
    expected = [line for line in records(old, topic) if "v2-" not in line]
    assert records(new, topic) == expected and len(expected) == 30
    described = json.loads(run("topic", "describe", topic, "-o", "json", "--bootstrap", new.kafka))
    assert len(described["partitions"]) == 3 and described["configs"] == {"retention.ms": "-1"}
    # What was written after the positions were saved is found again, and not written twice.
    before = tmp_path / "before"
    shutil.copy(positions, before)
    clients.produce_all(old, topic, [(b"k%d" % number, b"more") for number in range(20)])
    run(*words, "--topic", topic)
    shutil.copy(before, positions)
    clients.produce_all(old, topic, [(b"k%d" % number, b"again") for number in range(10)])
    run(*words, "--topic", topic)
    assert records(new, topic) == [line for line in records(old, topic) if "v2-" not in line]
    # A group that has read part of each partition reads the same records there.
    consumer = clients.consumer(old, group=group, **{"auto.offset.reset": "earliest", "isolation.level": "read_committed"})
    consumer.subscribe([topic])
    taken = clients.take(consumer, 25)
    for message in taken:
        consumer.commit(message=message, asynchronous=False)
    consumer.close()
    run("topic", "create", later, "--bootstrap", old.kafka)
    run(*words, "--all", "--groups")
    rest = clients.consumer(new, group=group, **{"auto.offset.reset": "earliest"})
    rest.subscribe([topic])
    others = clients.take(rest, 60 - 25)
    rest.close()
    both = sorted(f"{message.partition()} {message.key().decode()}={message.value().decode()}" for message in [*taken, *others])
    assert both == sorted(" ".join(line.split(" ")[:2]) for line in records(new, topic))
    assert later in run("topic", "list", "-o", "name", "--bootstrap", new.kafka)


def test_a_mirror_must_be_alone_and_says_so(two, tmp_path):
    old, new = two
    topic = clients.create_topic(old, clients.unique("orders"))
    clients.produce_all(old, topic, [(b"k", b"v")] * 3)
    words = ("mirror", "--from", old.kafka, "--bootstrap", new.kafka, "--once", "--positions")
    clients.create_topic(new, topic)
    clients.produce_all(new, topic, [(b"k", b"mine")])
    assert "did not write" in run(*words, tmp_path / "a", "--topic", topic, status=1)
    assert "absent" in run(*words, tmp_path / "a", "--topic", "absent", status=2)
    assert "cluster" in run("mirror", "--from", old.kafka, "--bootstrap", old.kafka, "--once", "--all", "--positions", tmp_path / "b", status=1)
    (tmp_path / "c").write_text("millrace-mirror 1 one two\n")
    assert "--positions" in run(*words, tmp_path / "c", "--all", status=1)
    run("mirror", "--all", status=64)
    run("mirror", "--from", old.kafka, status=64)
