"""Enhanced fan-out: registered consumers, and SubscribeToShard over HTTP/1.1 (boto3) and HTTP/2 with CBOR."""

import threading
import time

import botocore.exceptions
import pytest
from botocore.eventstream import EventStreamBuffer

from harness import clients, java_like
from harness.java_like import Client


@pytest.fixture
def scene(server):
    client = clients.kinesis(server)
    stream = clients.create_stream(server, clients.unique("fan"), client=client)
    arn = client.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]["StreamARN"]
    return server, client, stream, arn


def register(client, arn, name="c"):
    return client.register_stream_consumer(StreamARN=arn, ConsumerName=name)["Consumer"]["ConsumerARN"]


def subscribe(client, consumer, shard="shardId-000000000000", **position):
    return client.subscribe_to_shard(ConsumerARN=consumer, ShardId=shard,
                                     StartingPosition=position or {"Type": "TRIM_HORIZON"})["EventStream"]


def records(events, count):
    """(records, last event) once there are so many."""
    found = []
    for event in events:
        event = event["SubscribeToShardEvent"]
        found += event["Records"]
        if len(found) >= count:
            return found, event
    raise AssertionError(f"the stream ended after {len(found)} records")


def test_consumers_are_registered_listed_and_removed(scene):
    server, client, stream, arn = scene
    made = client.register_stream_consumer(StreamARN=arn, ConsumerName="a", Tags={"k": "v"})["Consumer"]
    assert made["ConsumerStatus"] == "ACTIVE"
    assert made["ConsumerARN"] == f"{arn}/consumer/a:{int(made['ConsumerCreationTimestamp'].timestamp())}"
    with pytest.raises(client.exceptions.ResourceInUseException):
        register(client, arn, "a")
    for name in "bcd":
        register(client, arn, name)
    pages = client.get_paginator("list_stream_consumers").paginate(StreamARN=arn, PaginationConfig={"PageSize": 2})
    assert [consumer["ConsumerName"] for page in pages for consumer in page["Consumers"]] == list("abcd")
    assert client.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]["ConsumerCount"] == 4
    described = client.describe_stream_consumer(StreamARN=arn, ConsumerName="b")["ConsumerDescription"]
    assert described["StreamARN"] == arn
    assert client.describe_stream_consumer(ConsumerARN=described["ConsumerARN"])["ConsumerDescription"] == described
    server_arn = described["ConsumerARN"]
    client.deregister_stream_consumer(ConsumerARN=server_arn)
    with pytest.raises(client.exceptions.ResourceNotFoundException) as gone:
        client.describe_stream_consumer(ConsumerARN=server_arn)
    assert server_arn in str(gone.value)
    with pytest.raises(client.exceptions.ResourceInUseException):
        client.delete_stream(StreamName=stream)
    client.delete_stream(StreamName=stream, EnforceConsumerDeletion=True)


def test_twenty_consumers_are_as_many_as_there_may_be(scene):
    _, client, _, arn = scene
    for index in range(20):
        register(client, arn, f"c{index}")
    with pytest.raises(client.exceptions.LimitExceededException):
        register(client, arn, "one-more")


def test_records_are_pushed_as_they_arrive(scene):
    server, client, stream, arn = scene
    client.put_record(StreamName=stream, PartitionKey="k", Data=b"before")
    events = subscribe(client, register(client, arn))
    found, event = records(events, 1)
    assert [record["Data"] for record in found] == [b"before"]
    latencies = []
    for index in range(20):
        started = time.monotonic()
        client.put_record(StreamName=stream, PartitionKey="k", Data=b"%d" % index)
        found, event = records(events, 1)
        latencies.append(time.monotonic() - started)
        assert [record["Data"] for record in found] == [b"%d" % index]
        assert event["ContinuationSequenceNumber"] == found[-1]["SequenceNumber"]
    assert sorted(latencies)[10] < 0.5
    events.close()


def test_an_idle_subscription_hears_something_every_five_seconds_and_goes_on_where_it_was(scene):
    _, client, stream, arn = scene
    events = iter(subscribe(client, register(client, arn)))
    started = time.monotonic()
    idle = next(events)["SubscribeToShardEvent"]
    assert 3 < time.monotonic() - started < 6
    assert idle["Records"] == [] and not idle.get("ChildShards")
    client.put_record(StreamName=stream, PartitionKey="k", Data=b"first")
    again = subscribe(client, register(client, arn, "other"), Type="AFTER_SEQUENCE_NUMBER",
                      SequenceNumber=idle["ContinuationSequenceNumber"])
    found, event = records(again, 1)
    assert [record["Data"] for record in found] == [b"first"], "nothing was read, so nothing is skipped"
    last = subscribe(client, register(client, arn, "third"), Type="AFTER_SEQUENCE_NUMBER",
                     SequenceNumber=event["ContinuationSequenceNumber"])
    client.put_record(StreamName=stream, PartitionKey="k", Data=b"second")
    assert [record["Data"] for record in records(last, 1)[0]] == [b"second"]


def test_a_second_call_is_refused_for_five_seconds_and_then_takes_over(scene):
    _, client, stream, arn = scene
    consumer = register(client, arn)
    first = subscribe(client, consumer)
    with pytest.raises(client.exceptions.ResourceInUseException):
        subscribe(client, consumer)
    time.sleep(5.1)
    second = subscribe(client, consumer)
    with pytest.raises(botocore.exceptions.EventStreamError) as over:
        for _ in first:
            pass
    assert over.value.response["Error"]["Code"] == "ResourceInUseException"
    client.put_record(StreamName=stream, PartitionKey="k", Data=b"x")
    assert records(second, 1)[0][0]["Data"] == b"x"


def test_a_consumer_that_is_deregistered_is_told_so(scene):
    _, client, stream, arn = scene
    consumer = register(client, arn)
    events = subscribe(client, consumer)
    client.deregister_stream_consumer(ConsumerARN=consumer)
    with pytest.raises(botocore.exceptions.EventStreamError) as over:
        for _ in events:
            pass
    assert over.value.response["Error"]["Code"] == "ResourceNotFoundException"


def test_the_end_of_a_shard_names_its_children(scene):
    _, client, stream, arn = scene
    consumer = register(client, arn)
    events = subscribe(client, consumer)
    client.put_record(StreamName=stream, PartitionKey="k", Data=b"x")
    client.split_shard(StreamName=stream, ShardToSplit="shardId-000000000000", NewStartingHashKey=str(1 << 127))
    client.put_record(StreamName=stream, PartitionKey="k", Data=b"of a child")
    seen = [event["SubscribeToShardEvent"] for event in events]
    assert [record["Data"] for event in seen for record in event["Records"]] == [b"x"]
    assert "ContinuationSequenceNumber" not in seen[-1] or not seen[-1]["ContinuationSequenceNumber"]
    assert [child["ParentShards"] for child in seen[-1]["ChildShards"]] == [["shardId-000000000000"]] * 2
    assert all(not event.get("ChildShards") for event in seen[:-1])
    found = []
    for child in seen[-1]["ChildShards"]:
        if child["HashKeyRange"]["StartingHashKey"] == "0":
            continue
        found.append(child["ShardId"])
    assert len(found) == 1


def test_errors_before_the_stream_are_plain(scene):
    _, client, stream, arn = scene
    consumer = register(client, arn)
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        subscribe(client, f"{arn}/consumer/nobody:1700000000")
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        subscribe(client, consumer, shard="shardId-000000000007")
    with pytest.raises(client.exceptions.InvalidArgumentException):
        subscribe(client, consumer, Type="AFTER_SEQUENCE_NUMBER")


def test_a_large_backlog_comes_whole_and_in_order(scene):
    _, client, stream, arn = scene
    for start in range(0, 2000, 500):
        client.put_records(StreamName=stream, Records=[
            {"PartitionKey": "k", "Data": b"%06d" % index + bytes(5000)} for index in range(start, start + 500)])
    found, _ = records(subscribe(client, register(client, arn)), 2000)
    assert [int(record["Data"][:6]) for record in found] == list(range(2000))


def test_many_subscribers_get_every_record(scene):
    _, client, stream, arn = scene
    consumers = [register(client, arn, f"c{index}") for index in range(10)]
    results = {}

    def follow(consumer):
        found, _ = records(subscribe(client, consumer), 300)
        results[consumer] = [record["Data"] for record in found]

    threads = [threading.Thread(target=follow, args=[consumer]) for consumer in consumers]
    for thread in threads:
        thread.start()
    expected = []
    for index in range(300):
        expected.append(b"%d" % index)
        client.put_record(StreamName=stream, PartitionKey="k", Data=expected[-1])
    for thread in threads:
        thread.join(30)
    assert results == {consumer: expected for consumer in consumers}


def test_the_java_sdk_is_pushed_to_in_cbor_over_http_2(scene):
    server, client, stream, arn = scene
    consumer = register(client, arn)
    client.put_record(StreamName=stream, PartitionKey="schlüssel", Data=b"\x00\xff")
    with Client(server.kinesis) as java:
        body = java_like.encode({"ConsumerARN": consumer, "ShardId": "shardId-000000000000",
                                 "StartingPosition": {"Type": "TRIM_HORIZON"}})
        subscription = java.begin("SubscribeToShard", body)
        buffer, messages = EventStreamBuffer(), []
        while len(messages) < 2:
            assert java.receive()
            for event in java.events.get(subscription, []):
                if hasattr(event, "data"):
                    buffer.add_data(event.data)
            java.events[subscription] = [e for e in java.events.get(subscription, []) if not hasattr(e, "data")]
            messages += list(buffer)
        assert [message.headers[":event-type"] for message in messages] == ["initial-response", "SubscribeToShardEvent"]
        assert {message.headers[":content-type"] for message in messages} == {java_like.CBOR}
        event = java_like.decode(messages[1].payload)
        assert [(record["PartitionKey"], record["Data"]) for record in event["Records"]] == [("schlüssel", b"\x00\xff")]
        # Other requests are served beside it.
        assert java.call("ListShards", StreamName=stream)["Shards"]


def test_a_subscriber_that_takes_nothing_holds_nobody_back(scene):
    server, client, stream, arn = scene
    stuck, quick = register(client, arn, "stuck"), register(client, arn, "quick")
    with Client(server.kinesis, window=65_535) as java:
        subscription = java.begin("SubscribeToShard", {"ConsumerARN": stuck, "ShardId": "shardId-000000000000",
                                                       "StartingPosition": {"Type": "TRIM_HORIZON"}})
        assert subscription
        events = subscribe(client, quick)
        for index in range(30):
            client.put_record(StreamName=stream, PartitionKey="k", Data=b"%02d" % index + bytes(500_000))
        found, _ = records(events, 30)
        assert [int(record["Data"][:2]) for record in found] == list(range(30))
