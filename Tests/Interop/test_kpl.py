"""Aggregates of the Kinesis Producer Library: where they go, and that both faces give them back whole."""

import base64
import hashlib

import pytest
from aws_kinesis_agg import deaggregator
from aws_kinesis_agg.aggregator import RecordAggregator

from harness import clients


def hash_key(text):
    return int.from_bytes(hashlib.md5(text.encode()).digest())


def range_of(shard):
    return int(shard["HashKeyRange"]["StartingHashKey"]), int(shard["HashKeyRange"]["EndingHashKey"])


def aggregates(shards, keys):
    """As KPL packs them: one aggregate for each shard, of the user records whose hash keys the shard has."""
    packed = {}
    for key in keys:
        shard = next(s["ShardId"] for s in shards if range_of(s)[0] <= hash_key(key) <= range_of(s)[1])
        packed.setdefault(shard, RecordAggregator()).add_user_record(key, f"data of {key}".encode())
    return {shard: aggregator.clear_and_get().get_contents() for shard, aggregator in packed.items()}


def user_records(record):
    """As a consumer with the de-aggregation library sees it."""
    wrapped = {"kinesis": {"data": base64.b64encode(record["Data"]).decode(), "partitionKey": record["PartitionKey"],
                           "sequenceNumber": record["SequenceNumber"], "approximateArrivalTimestamp": 0,
                           "kinesisSchemaVersion": "1.0"}}
    return [(each["kinesis"]["partitionKey"], base64.b64decode(each["kinesis"]["data"]))
            for each in deaggregator.deaggregate_records([wrapped])]


@pytest.mark.parametrize("made_by", ["kinesis", "kafka"])
def test_an_aggregate_goes_by_hash_key_wherever_the_topic_came_from(server, boto, made_by):
    """KCL drops user records of an aggregate whose hash keys its shard has not."""
    name = clients.unique("kpl")
    if made_by == "kinesis":
        clients.create_stream(server, name, shards=4, client=boto)
    else:
        clients.create_topic(server, name, partitions=4)
    shards = clients.list_shards(boto, name)
    keys = [f"user {n}" for n in range(200)]
    packed = aggregates(shards, keys)
    assert len(packed) == 4
    for shard, (key, explicit, data) in packed.items():
        more = {"ExplicitHashKey": explicit} if explicit else {}
        assert boto.put_record(StreamName=name, PartitionKey=key, Data=data, **more)["ShardId"] == shard
    seen = {}
    for shard in shards:
        for record in clients.read_shard(boto, name, shard["ShardId"]):
            for key, data in user_records(record):
                assert range_of(shard)[0] <= hash_key(key) <= range_of(shard)[1], "KCL would drop it"
                seen[key] = data
    assert seen == {key: f"data of {key}".encode() for key in keys}


def test_a_kafka_consumer_gets_the_aggregate_whole(server, boto):
    """One record is one offset: who wants the user records takes them apart with the library (decision 0047)."""
    name = clients.create_stream(server, clients.unique("kpl"), shards=1, client=boto)
    [(key, _, data)] = aggregates(clients.list_shards(boto, name), ["a", "b", "c"]).values()
    boto.put_record(StreamName=name, PartitionKey=key, Data=data)
    [message] = clients.read_all(server, name, 1)
    assert (message.key(), message.value()) == (key.encode(), data)
    record = {"Data": message.value(), "PartitionKey": message.key().decode(), "SequenceNumber": str(message.offset())}
    assert [key for key, _ in user_records(record)] == ["a", "b", "c"]


def test_what_only_looks_like_an_aggregate_is_a_record(server, boto):
    name = clients.create_topic(server, clients.unique("kpl"), partitions=3)
    for data in (b"\xf3\x89\x9a\xc2", b"\xf3\x89\x9a\xc2" + bytes(40)):
        boto.put_record(StreamName=name, PartitionKey="k", Data=data)
    records = [record for records in clients.read_stream(boto, name).values() for record in records]
    assert len(records) == 2 and all(len(user_records(record)) == 1 for record in records)
