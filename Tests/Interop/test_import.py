"""`millrace import`: a Kafka broker's directory becomes one of ours, with offsets, groups and settings.

The directory is made from one of ours, whose segments are Kafka's, by taking away what Kafka has not and writing what
Kafka has: `partition.metadata` of version 0, leader epochs, a log of the controllers with the settings of topics.
"""

import json
import os
import shutil
import struct
import subprocess
import uuid

import pytest

from harness import clients
from harness.server import Server, binary

RECORDS = 60


def run(*words, status=0):
    done = subprocess.run([str(binary()), *map(str, words)], capture_output=True, text=True, timeout=120)
    assert done.returncode == status, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout if status == 0 else done.stdout + done.stderr


def varint(number):
    return bytes([number])


def compact(text):
    return varint(0) if text is None else varint(len(text) + 1) + text.encode()


CRC = [0] * 256
for _index in range(256):
    _value = _index
    for _ in range(8):
        _value = (_value >> 1) ^ 0x82F63B78 if _value & 1 else _value >> 1
    CRC[_index] = _value


def crc32c(data):
    value = 0xFFFFFFFF
    for byte in data:
        value = CRC[(value ^ byte) & 0xFF] ^ (value >> 8)
    return value ^ 0xFFFFFFFF


def zigzag(number):
    number = (number << 1) ^ (number >> 63)
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def batch(values, base=0):
    """A record batch as Kafka writes it."""
    records = b""
    for index, value in enumerate(values):
        body = b"\0" + zigzag(0) + zigzag(index) + zigzag(-1) + zigzag(len(value)) + value + zigzag(0)
        records += zigzag(len(body)) + body
    tail = struct.pack(">hiqqqhii", 0, len(values) - 1, 1, 1, -1, -1, -1, len(values)) + records
    return struct.pack(">qiib", base, len(tail) + 9, 0, 2) + struct.pack(">I", crc32c(tail)) + tail


@pytest.fixture
def kafka(tmp_path):
    """A directory as Kafka has it, its topic, what consumers read there, and the group with its offsets."""
    source = tmp_path / "source"
    topic, plain, group = clients.unique("orders"), clients.unique("plain"), clients.unique("billing")
    with Server(source, {"group.initial.rebalance.delay.ms": 0, "log.segment.bytes": 1048576}, log_path=tmp_path / "source.log") as server:
        clients.create_topic(server, topic, partitions=3)
        clients.create_topic(server, plain)
        clients.produce_all(server, topic, [(b"k%d" % number, os.urandom(50_000)) for number in range(RECORDS)],
                            **{"compression.type": "zstd"})
        clients.produce_all(server, plain, [(None, b"x")])
        run("topic", "trim", f"{topic}:0", "--to", 2, "--yes", "--bootstrap", server.kafka)
        run("group", "seek", group, "--to", "+3", "--topic", topic, "--bootstrap", server.kafka)
        records = run("consume", topic, "--from", "start", "--exit-at-end", "-f", "%p %o %d %k %v{hex}\\n", "--bootstrap", server.kafka)
        offsets = json.loads(run("group", "describe", group, "-o", "json", "--bootstrap", server.kafka))["offsets"]
        identity = json.loads(run("topic", "describe", topic, "-o", "json", "--bootstrap", server.kafka))["id"]
        assert server.stop() == 0
    target = tmp_path / "kafka"
    target.mkdir()
    for folder in source.iterdir():
        if folder.is_dir() and folder.name != "journal":
            shutil.copytree(folder, target / folder.name, ignore=shutil.ignore_patterns("*index", "*.snapshot"))
            lines = (folder / "partition.metadata").read_text().splitlines()[:2]
            (target / folder.name / "partition.metadata").write_text("\n".join(lines) + "\n")
            # As a partition that was led by other brokers before.
            for log in (target / folder.name).glob("*.log"):
                data, position = bytearray(log.read_bytes()), 0
                while position < len(data) and data[position + 16] == 2:
                    data[position + 12:position + 16] = struct.pack(">i", 12)
                    position += 12 + struct.unpack(">i", data[position + 8:position + 12])[0]
                log.write_bytes(data[:position])
    shutil.copy(source / "log-start-offset-checkpoint", target)
    (target / ".kafka_cleanshutdown").write_text('{"version":0,"brokerEpoch":5}')
    (target / "meta.properties").write_text("#\nnode.id=7\ndirectory.id=abcdefghijklmnopqrstuA\nversion=1\ncluster.id=oldCluster\n")
    controllers = target / "__cluster_metadata-0"
    controllers.mkdir()
    topic_id = uuid.uuid4().bytes
    (controllers / f"{0:020}.log").write_bytes(batch([
        b"\1\2\0" + compact(topic) + topic_id + b"\0",
        b"\1\4\0\2" + compact(topic) + compact("retention.ms") + compact("-1") + b"\0",
        b"\1\4\0\2" + compact(topic) + compact("no.such.setting") + compact("1") + b"\0"]))
    (target / f"{topic}-9.00-delete").mkdir()
    return target, topic, plain, group, records, offsets, identity


def test_offsets_groups_and_settings_are_kept(kafka, tmp_path):
    source, topic, plain, group, records, offsets, identity = kafka
    target = tmp_path / "imported"
    dry = json.loads(run("import", source, "--data-dir", target, "--dry-run", "-o", "json"))
    assert not dry["imported"] and group in dry["groups"] and not target.exists()
    done = json.loads(run("import", source, "--data-dir", target, "-o", "json"))
    assert done["imported"] and not done["failures"] and any("no.such.setting" in note for note in done["notes"])
    assert {row["topic"] for row in done["partitions"]} == {topic, plain}
    run("check", target)
    with Server(target, {"group.initial.rebalance.delay.ms": 0}, log_path=tmp_path / "imported.log") as server:
        read = run("consume", topic, "--from", "start", "--exit-at-end", "-f", "%p %o %d %k %v{hex}\\n", "--bootstrap", server.kafka)
        assert sorted(read.splitlines()) == sorted(records.splitlines())
        described = json.loads(run("topic", "describe", topic, "-o", "json", "--bootstrap", server.kafka))
        assert described["id"] == identity and described["configs"] == {"retention.ms": "-1"}
        assert [part["start"] for part in described["partitions"]][0] == 2
        now = json.loads(run("group", "describe", group, "-o", "json", "--bootstrap", server.kafka))["offsets"]
        assert [(row["topic"], row["partition"], row["offset"]) for row in now] == [
            (row["topic"], row["partition"], row["offset"]) for row in offsets]
        # A consumer continues there, and producers append behind.
        consumer = clients.consumer(server, group=group, **{"auto.offset.reset": "latest"})
        consumer.subscribe([topic])
        taken = clients.take(consumer, sum(row["end"] - row["offset"] for row in offsets))
        assert min(message.offset() for message in taken) == 3
        consumer.close()
        clients.produce_all(server, topic, [(b"new", b"v")])
        assert server.stop() == 0


def test_what_cannot_be_imported_is_said(kafka, tmp_path):
    source, topic, plain, _, _, _, _ = kafka
    log = sorted((source / f"{topic}-1").glob("*.log"))[0]
    data = bytearray(log.read_bytes())
    data[len(data) // 2] ^= 1
    log.write_bytes(data)
    message = run("import", source, "--data-dir", tmp_path / "a", "--dry-run", status=3)
    assert f"failed: {topic}-1: {log.name}, byte" in message
    (source / ".kafka_cleanshutdown").unlink()
    assert "--unclean" in run("import", source, "--data-dir", tmp_path / "a", "--dry-run", status=1)
    assert "no folder" in run("import", source, "--data-dir", tmp_path / "a", "--topic", "absent", "--unclean", "--dry-run", status=2)
    # After a crash the end of a partition may be torn, and the rest is taken.
    last = sorted((source / f"{plain}-0").glob("*.log"))[-1]
    with open(last, "ab") as file:
        file.write(b"\0\0\0\0\0\0\0\1\0\0\1\0half")
    done = json.loads(run("import", source, "--data-dir", tmp_path / "b", "--topic", plain, "--unclean", "-o", "json"))
    assert [row["end"] for row in done["partitions"]] == [1] and "left out" in done["partitions"][0]["note"]
    assert "not empty" in run("import", source, "--data-dir", tmp_path / "b", "--topic", plain, "--unclean", status=1)
    assert "meta.properties" in run("import", tmp_path, "--data-dir", tmp_path / "c", status=1)


def test_an_import_that_was_interrupted_continues(kafka, tmp_path):
    source, topic, _, _, _, _, _ = kafka
    target = tmp_path / "again"
    (source / f"{topic}-2").rename(tmp_path / "aside")
    (source / f"{topic}-2").mkdir()
    log = source / f"{topic}-2" / f"{0:020}.log"
    log.write_bytes(b"\0" * 16 + b"\1" + b"\0" * 60)
    # A partition in an old format fails: nothing is finished, and what was copied stays.
    message = run("import", source, "--data-dir", target, status=3)
    assert "not finished" in message and "message format 1" in message and "meta.properties" not in os.listdir(target)
    copied = target / "importing" / f"{topic}-1"
    before = copied.stat().st_ino
    shutil.rmtree(source / f"{topic}-2")
    (tmp_path / "aside").rename(source / f"{topic}-2")
    assert json.loads(run("import", source, "--data-dir", target, "-o", "json"))["imported"]
    assert (target / f"{topic}-1").stat().st_ino == before and not (target / "importing").exists()
    run("check", target)
