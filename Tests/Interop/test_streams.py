"""Stream processing in Python: quixstreams with exactly-once processing and faust, in an environment of their own, as
quixstreams pins an older confluent-kafka."""

import collections
import contextlib
import json
import pathlib
import subprocess

import pytest
from confluent_kafka import Consumer, KafkaError, Producer, TopicPartition

from harness import clients
from harness.server import ROOT

PYTHON = ROOT / ".venv-streams" / "bin" / "python"
APPLICATIONS = pathlib.Path(__file__).parent / "streams"
PARTITIONS, KEYS = 2, 20

pytestmark = pytest.mark.skipif(not PYTHON.exists(), reason="no .venv-streams: run scripts/setup-venv")


def fill(server, topic, count, value):
    producer = Producer({"bootstrap.servers": server.kafka, "log_level": 0})
    for number in range(count):
        producer.produce(topic, value(number), b"k%d" % (number % KEYS), partition=number % PARTITIONS)
        if number % 1000 == 0:
            producer.poll(0)
    assert producer.flush(60) == 0


def committed(server, topic):
    """(key, value) of every committed record."""
    consumer = Consumer({"bootstrap.servers": server.kafka, "group.id": clients.unique("reader"), "log_level": 0,
                         "isolation.level": "read_committed", "enable.auto.commit": False, "enable.partition.eof": True})
    consumer.assign([TopicPartition(topic, number, 0) for number in range(PARTITIONS)])
    found, ended = [], 0
    try:
        while ended < PARTITIONS:
            message = consumer.poll(20)
            assert message is not None, "the end was not reached"
            if message.error():
                assert message.error().code() == KafkaError._PARTITION_EOF, message.error()
                ended += 1
            else:
                found.append((message.key(), json.loads(message.value())))
        return found
    finally:
        consumer.close()


@contextlib.contextmanager
def application(tmp_path, name, *arguments):
    with open(tmp_path / f"{name}.log", "ab") as log:
        process = subprocess.Popen([str(PYTHON), str(APPLICATIONS / name), *map(str, arguments)], stdout=log, stderr=log)
        try:
            yield process
        finally:
            process.kill()
            process.wait(30)


def places(server):
    name = clients.unique("streams")
    return name, *(clients.create_topic(server, f"{name}-{end}", PARTITIONS) for end in ("in", "out"))


def test_quixstreams_copies_each_record_exactly_once_although_it_is_killed(server, tmp_path):
    (name, source, target), count = places(server), 20_000
    fill(server, source, count, lambda number: number.to_bytes(4, "big"))
    for life in range(2):
        with application(tmp_path, "copy_exactly_once.py", server.kafka, name, source, target, tmp_path / f"state-{life}"):
            wanted = (count // 5, count)[life]
            found = clients.wait_until(lambda: (all := committed(server, target)) and len(all) >= wanted and all, 120,
                                       f"{wanted} records")
    assert collections.Counter(record["value"] for _, record in found) == collections.Counter(range(count))
    # The state was restored from its changelog, as of the last commit.
    for key in {key for key, _ in found}:
        counts = [record["count"] for each, record in found if each == key]
        assert sorted(counts) == list(range(1, count // KEYS + 1)), key


@pytest.mark.parametrize("guarantee", ["at_least_once", "exactly_once"])
def test_faust_counts_in_a_table(server, tmp_path, guarantee):
    (name, source, target), count = places(server), 500
    fill(server, source, count, lambda number: b"%d" % number)
    with application(tmp_path, "agent.py", server.kafka, name, source, target, guarantee, tmp_path / "data"):
        found = clients.wait_until(lambda: len(all := committed(server, target)) >= count and all, 120, "all records")
    assert sorted(record["value"] for _, record in found) == list(range(count))
    assert all(record["count"] <= count // KEYS for _, record in found)
