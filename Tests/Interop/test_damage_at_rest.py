"""Damage at rest: `check` names it and changes nothing, `repair` mends it, and the server serves everything else.

A server under a real client writes, is stopped, and each kind of damage is made to its files.
"""

import hashlib
import json
import shutil
import subprocess

import pytest
from confluent_kafka import KafkaError, TopicPartition

from harness import clients
from harness.server import Server, binary

TOPIC = "orders"
COUNT = 2000


@pytest.fixture(scope="module")
def stopped(tmp_path_factory):
    """A server with records in segments of a few batches, stopped in order."""
    server = Server(data_dir=tmp_path_factory.mktemp("damage") / "data")
    with server:
        clients.create_topic(server, TOPIC, 1, {"segment.bytes": "1048576"})
        producer = clients.producer(server, **{"linger.ms": 0, "batch.num.messages": 20, "enable.idempotence": True})
        for number in range(COUNT):
            producer.produce(TOPIC, b"%06d" % number + b"x" * 2000, partition=0)
            if number % 20 == 19:
                assert producer.flush(30) == 0
        assert server.stop() == 0
        yield server.data_dir


@pytest.fixture
def data(stopped, tmp_path):
    copy = tmp_path / "data"
    shutil.copytree(stopped, copy)
    return copy


def run(*arguments):
    done = subprocess.run([binary(), *map(str, arguments)], capture_output=True, timeout=120)
    assert done.returncode in (0, 1, 64, 66, 74, 75), done.stderr.decode()
    return done


def check(data):
    """The findings that are damage, and the exit code."""
    before = digest(data)
    done = run("check", "--format", "json", data)
    assert digest(data) == before, "check changed something"
    report = json.loads(done.stdout)
    findings = report["findings"] + [f for p in report["partitions"] for f in p["findings"]]
    return [f for f in findings if f["severity"] == "damage"], done.returncode


def digest(data):
    total = hashlib.sha256()
    for path in sorted(data.rglob("*")):
        total.update(str(path.relative_to(data)).encode())
        if path.is_file():
            total.update(path.read_bytes())
    return total.hexdigest()


def served(data, lost=()):
    """Every offset that the server reads, and those that it answers an error for.

    Of a range that is expected to be lost the first and the last offset are tried.
    """
    server = Server(data_dir=data)
    with server:
        consumer = clients.consumer(server, **{"check.crcs": True})
        try:
            low, high = consumer.get_watermark_offsets(TopicPartition(TOPIC, 0), timeout=20)
            assert (low, high) == (0, COUNT)
            good, bad, offset = set(), set(), 0
            consumer.assign([TopicPartition(TOPIC, 0, offset)])
            while offset < COUNT:
                message = consumer.poll(10)
                assert message is not None, f"nothing at offset {offset}"
                if message.error() is None:
                    # Offsets that were left out without an error would be a lie.
                    assert message.offset() == offset
                    assert message.value()[:6] == b"%06d" % offset
                    good.add(offset)
                    offset += 1
                    continue
                assert message.error().code() in (KafkaError.INVALID_MSG, KafkaError._BAD_MSG), message.error()
                end = offset + 1
                while end in lost:
                    end += 1
                bad.update(range(offset, end))
                offset = max(offset + 1, end - 1) if offset in lost and offset + 1 < end else end
                consumer.seek(TopicPartition(TOPIC, 0, offset))
            return good, bad
        finally:
            consumer.close()
            assert server.stop() == 0


def folder(data):
    return data / f"{TOPIC}-0"


def segments(data):
    return sorted(folder(data).glob("*.log"))


def flip(path, position, bit=4):
    contents = bytearray(path.read_bytes())
    contents[position] ^= bit
    path.write_bytes(contents)


def only_batch(data):
    flip(segments(data)[1], 300)


def length(data):
    flip(segments(data)[1], 10)


def base_offset(data):
    flip(segments(data)[1], 7)


def cut(data):
    path = segments(data)[1]
    path.write_bytes(path.read_bytes()[:-5])


def emptied(data):
    segments(data)[1].write_bytes(b"")


def deleted(data):
    segments(data)[1].unlink()


@pytest.mark.parametrize("damage", [only_batch, length, base_offset, cut, emptied, deleted])
def test_lost_offsets_are_named_and_refused_and_the_rest_is_served(data, damage):
    assert check(data) == ([], 0)
    damage(data)
    findings, code = check(data)
    assert code == 1
    lost = {o for f in findings if f["firstOffset"] is not None for o in range(f["firstOffset"], f["endOffset"])}
    assert 0 < len(lost) < COUNT // 3
    assert {f["partition"] for f in findings} == {f"{TOPIC}-0"}
    before = digest(data)
    dry = run("repair", data)
    assert dry.returncode == 1 and digest(data) == before
    assert b"nothing was changed" in dry.stdout and b"lost: orders-0" in dry.stdout
    assert run("repair", "--apply", data).returncode == 0
    assert check(data) == ([], 0)
    good, bad = served(data, lost)
    assert bad == lost
    assert good == set(range(COUNT)) - lost
    # What is lost stays known.
    assert check(data) == ([], 0)
