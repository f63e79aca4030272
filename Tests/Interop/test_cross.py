"""Records that go in at one face come out at the other: keys, values, timestamps, and offsets as sequence numbers."""

import base64
import hashlib
import time

import pytest
from confluent_kafka import KafkaError, KafkaException

from harness import clients
from harness.mapping import SequenceNumber, shard_id, tiles_hash_space

KEYS = [b"plain", "ünï-©".encode(), b"a" * 256]


def test_kafka_records_are_kinesis_records(server, boto, topic):
    stamp = int(time.time() * 1000) - 60_000
    sent = [(KEYS[i % 3], b"value-%d" % i, {"partition": i % 3, "timestamp": stamp + i}) for i in range(900)]
    places = clients.produce_all(server, topic, sent)
    stored = clients.read_stream(boto, topic)
    assert sorted(stored) == [shard_id(i) for i in range(3)]
    by_place = {}
    for ordinal in range(3):
        records = stored[shard_id(ordinal)]
        numbers = [SequenceNumber.decode(r["SequenceNumber"]) for r in records]
        assert [n.offset for n in numbers] == list(range(300))
        assert {n.ordinal for n in numbers} == {ordinal}
        by_place |= {(ordinal, n.offset): r for n, r in zip(numbers, records)}
    for (key, value, more), place in zip(sent, places):
        record = by_place[place]
        assert (record["PartitionKey"], record["Data"]) == (key.decode(), value)
        assert round(record["ApproximateArrivalTimestamp"].timestamp() * 1000) == more["timestamp"]


def test_kinesis_records_are_kafka_records(server, boto, stream):
    entries = [{"Data": b"value-%d" % i, "PartitionKey": KEYS[i % 3].decode()} for i in range(500)]
    results = clients.put_all(boto, stream, entries)
    got = {(m.partition(), m.offset()): m for m in clients.read_all(server, stream, 500)}
    now = time.time() * 1000
    for entry, result in zip(entries, results):
        number = SequenceNumber.decode(result["SequenceNumber"])
        message = got[number.ordinal, number.offset]
        assert (message.key(), message.value()) == (entry["PartitionKey"].encode(), entry["Data"])
        kind, stamp = message.timestamp()
        assert kind == 2, "streams made by CreateStream use the append time"
        assert abs(stamp - now) < 30_000
    for shard, records in clients.read_stream(boto, stream).items():
        for record in records:
            message = got[int(shard[-12:]), SequenceNumber.decode(record["SequenceNumber"]).offset]
            assert message.timestamp()[1] == round(record["ApproximateArrivalTimestamp"].timestamp() * 1000)


def test_keys_that_kinesis_cannot_show_have_stand_ins(server, boto, topic):
    binary, long = bytes([0xFF, 0xFE, 0x00]), b"x" * 257
    clients.produce_all(server, topic, [(key, b"v", {"partition": 0}) for key in (None, binary, long, b"")])
    null, not_text, too_long, empty = clients.read_shard(boto, topic, shard_id(0))
    assert null["PartitionKey"] == "null:"
    assert not_text["PartitionKey"] == "base64:" + base64.b64encode(binary).decode()
    assert too_long["PartitionKey"] == "sha256:" + hashlib.sha256(long).hexdigest()
    assert empty["PartitionKey"] == "empty:"
    assert [m.key() for m in clients.read_all(server, topic, 4, partitions=[0])] == [None, binary, long, b""]


def test_a_tombstone_is_empty_data(server, boto, topic):
    clients.produce_all(server, topic, [(b"k", None, {"partition": 0})])
    assert clients.read_shard(boto, topic, shard_id(0))[0]["Data"] == b""


def test_a_time_that_no_sdk_can_show_is_left_out(server, boto):
    name = clients.create_topic(server, clients.unique("late"), 1, {"message.timestamp.after.max.ms": str(2**63 - 1)})
    last = 253_402_300_799_999  # the end of the year 9999
    stamps = [last - 86_400_000, last + 1, 2**62]
    clients.produce_all(server, name, [(b"k", b"v", {"timestamp": stamp}) for stamp in stamps])
    records = clients.read_shard(boto, name, shard_id(0))
    assert ["ApproximateArrivalTimestamp" in record for record in records] == [True, False, False]


def test_an_explicit_hash_key_is_a_record_header(server, boto, stream):
    boto.put_record(StreamName=stream, Data=b"x", PartitionKey="k", ExplicitHashKey="7")
    message = clients.read_all(server, stream, 1)[0]
    assert ("kinesis.explicit-hash-key", b"7") in (message.headers() or [])


@pytest.mark.parametrize("codec", ["none", "gzip", "snappy", "lz4", "zstd"])
def test_kinesis_reads_every_codec(server, boto, topic, codec):
    clients.produce_all(server, topic, [(b"k", b"abc" * 100 + b"%d" % i, {"partition": 0}) for i in range(1000)],
                        **{"compression.type": codec})
    records = clients.read_shard(boto, topic, shard_id(0))
    assert [r["Data"] for r in records] == [b"abc" * 100 + b"%d" % i for i in range(1000)]


def test_a_kafka_topic_is_a_stream(server, boto, topic):
    assert topic in [name for page in boto.get_paginator("list_streams").paginate() for name in page["StreamNames"]]
    summary = boto.describe_stream_summary(StreamName=topic)["StreamDescriptionSummary"]
    assert (summary["OpenShardCount"], summary["StreamStatus"]) == (3, "ACTIVE")
    assert summary["StreamModeDetails"] == {"StreamMode": "ON_DEMAND"}, "hash ranges are no promise where Kafka routes"
    assert tiles_hash_space(clients.list_shards(boto, topic))


def test_a_stream_is_a_kafka_topic(server, boto, stream):
    assert len(clients.admin(server).list_topics(stream, timeout=20).topics[stream].partitions) == 3
    with pytest.raises(KafkaException) as taken:
        clients.create_topic(server, stream)
    assert taken.value.args[0].code() == KafkaError.TOPIC_ALREADY_EXISTS


def test_deletion_at_one_face_is_deletion_at_the_other(server, boto):
    by_kafka, by_kinesis = (clients.create_topic(server, clients.unique("gone")) for _ in range(2))
    clients.admin(server).delete_topics([by_kafka])[by_kafka].result(20)
    boto.delete_stream(StreamName=by_kinesis)
    clients.wait_until(lambda: by_kafka not in boto.list_streams(Limit=10_000)["StreamNames"], 10, "stream deletion")
    clients.wait_until(lambda: by_kinesis not in clients.admin(server).list_topics(timeout=20).topics, 10, "topic deletion")


def test_internal_topics_are_hidden_from_kinesis(server, boto, topic):
    client = clients.consumer(server)
    try:
        client.subscribe([topic])
        clients.wait_until(lambda: client.poll(0.2) or client.assignment(), 30, "assignment")
    finally:
        client.close()
    assert not [name for name in boto.list_streams(Limit=10_000)["StreamNames"] if name.startswith("__")]


def test_one_key_meets_in_one_partition_from_either_side(server, boto, topic):
    """A topic made by Kafka routes puts as Kafka's default partitioner does (murmur2)."""
    keys = [f"key-{i}" for i in range(100)]
    by_kafka = clients.produce_all(server, topic, [(key.encode(), b"kafka") for key in keys], partitioner="murmur2_random")
    by_kinesis = clients.put_all(boto, topic, [{"Data": b"kinesis", "PartitionKey": key} for key in keys])
    assert [f"shardId-{partition:012d}" for partition, _ in by_kafka] == [result["ShardId"] for result in by_kinesis]


def test_both_faces_append_to_one_order(server, boto, topic):
    """Alternating writers: offsets interleave without a gap and both readers see the same order."""
    offsets = []
    for i in range(20):
        if i % 2:
            offsets += [offset for _, offset in clients.produce_all(server, topic, [(b"k", b"%d" % i, {"partition": 1})])]
        else:
            low = clients.list_shards(boto, topic)[1]["HashKeyRange"]["StartingHashKey"]
            put = boto.put_record(StreamName=topic, Data=b"%d" % i, PartitionKey="k", ExplicitHashKey=low)
            assert put["ShardId"] == shard_id(1)
            offsets.append(SequenceNumber.decode(put["SequenceNumber"]).offset)
    assert offsets == list(range(20))
    assert [m.value() for m in clients.read_all(server, topic, 20, partitions=[1])] == [b"%d" % i for i in range(20)]
    assert [r["Data"] for r in clients.read_shard(boto, topic, shard_id(1))] == [b"%d" % i for i in range(20)]
