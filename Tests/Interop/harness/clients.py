"""Clients of both faces as their users make them, and a few loops that every suite needs. Waiting is on deadlines only."""

import os
import time
import uuid

import boto3
import botocore.config
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, NewTopic

ACCOUNT, REGION = "123456789012", "eu-central-1"


def unique(prefix):
    """A name that no other test uses."""
    return f"{prefix}-{uuid.uuid4().hex[:12]}"


def listed_groups(admin, **options):
    """Every group. A listing with errors lacks groups, which is another thing than that there are none."""
    listed = admin.list_consumer_groups(request_timeout=20, **options).result(25)
    assert listed.errors == []
    return listed.valid


def wait_until(condition, deadline=30.0, what="condition", poll=0.05):
    """Calls `condition` until it returns something true, and returns that; fails when the deadline has passed."""
    end = time.monotonic() + deadline
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= end:
            raise AssertionError(f"{what} not met within {deadline} s (last: {value!r})")
        time.sleep(poll)


# Kafka


_admins = {}


def admin(server):
    """One admin client per life of a server: futures of a client that is gone end in _DESTROY, so it must outlive them.

    It outlives the server as well, so librdkafka's log is off: it would report refused connections to the end. After a
    restart a new one is made. librdkafka 2.16 puts away the brokers it knew when all of them are down (KIP-1102), but
    its admin client keeps asking the one that it remembers as a group's coordinator, which never connects again.
    """
    life = (server.kafka, server.pid)
    if life not in _admins:
        _admins[life] = AdminClient({"bootstrap.servers": server.kafka, "socket.timeout.ms": 20_000, "log_level": 0})
    return _admins[life]


def create_topic(server, name, partitions=1, config=None):
    """Creates a topic over the Kafka face; returns its name."""
    futures = admin(server).create_topics([NewTopic(name, num_partitions=partitions, replication_factor=1, config=config or {})],
                                          request_timeout=20)
    futures[name].result(25)
    return name


def alter_topic(server, name, config):
    """Sets configurations of a topic."""
    entries = [ConfigEntry(key, value, incremental_operation=AlterConfigOpType.SET) for key, value in config.items()]
    resource = ConfigResource("topic", name, incremental_configs=entries)
    admin(server).incremental_alter_configs([resource])[resource].result(20)


def producer(server, **more):
    """A librdkafka producer with acks=all and idempotence, the defaults of Kafka's Java producer."""
    return Producer({"bootstrap.servers": server.kafka, "acks": "all", "enable.idempotence": True, "linger.ms": 5, **more})


def produce_all(server, topic, records, deadline=60.0, **more):
    """Produces (key, value[, keywords]) tuples; returns the acknowledged (partition, offset) of each, in order."""
    client, places, errors = producer(server, **more), {}, []

    def delivered(index):
        def callback(error, message):
            if error is not None:
                errors.append(error)
            else:
                places[index] = (message.partition(), message.offset())
        return callback

    count = 0
    for index, (key, value, *rest) in enumerate(records):
        count += 1
        while True:
            try:
                client.produce(topic, value, key, on_delivery=delivered(index), **(rest[0] if rest else {}))
                break
            except BufferError:
                client.poll(0.1)
        client.poll(0)
    left = client.flush(deadline)
    assert not errors, f"delivery failed: {errors[:3]}"
    assert left == 0 and len(places) == count, f"{count - len(places)} of {count} records not acknowledged in {deadline} s"
    return [places[index] for index in range(count)]


def consumer(server, group=None, **more):
    return Consumer({"bootstrap.servers": server.kafka, "group.id": group or unique("reader"), "auto.offset.reset": "earliest",
                     "enable.auto.commit": False, "session.timeout.ms": 6000, "heartbeat.interval.ms": 500, **more})


def read_all(server, topic, expected, deadline=60.0, partitions=None, **more):
    """Reads a topic from its start, by assignment; returns `expected` messages or fails at the deadline."""
    client = consumer(server, **more)
    try:
        if partitions is None:
            partitions = sorted(client.list_topics(topic, timeout=20).topics[topic].partitions)
        client.assign([TopicPartition(topic, partition, 0) for partition in partitions])
        return take(client, expected, deadline)
    finally:
        client.close()


def take(client, expected, deadline=60.0):
    """Takes `expected` messages from a consumer that has partitions or will be given some."""
    messages, end = [], time.monotonic() + deadline
    while len(messages) < expected and (left := end - time.monotonic()) > 0:
        for message in client.consume(min(10_000, expected - len(messages)), min(left, 0.5)):
            error = message.error()
            if error is None:
                messages.append(message)
            elif error.code() != KafkaError._PARTITION_EOF and not error.retriable():
                raise KafkaException(error)
    assert len(messages) == expected, f"{len(messages)} of {expected} records within {deadline} s"
    return messages


# Kinesis


def kinesis(server, **more):
    """boto3 as it comes, except for the endpoint; retries are off so that each error is seen."""
    config = botocore.config.Config(retries={"max_attempts": more.pop("attempts", 1), "mode": "standard"},
                                    connect_timeout=10, read_timeout=30, max_pool_connections=16)
    return boto3.client("kinesis", endpoint_url=server.endpoint_url, region_name=REGION, aws_access_key_id=ACCOUNT,
                        aws_secret_access_key="secret", config=config, **more)


def create_stream(server, name, shards=1, client=None):
    client = client or kinesis(server)
    client.create_stream(StreamName=name, ShardCount=shards)
    client.get_waiter("stream_exists").wait(StreamName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 10})
    return name


def list_shards(client, stream, **more):
    """All shards of a stream, across pages."""
    page = client.list_shards(StreamName=stream, **more)
    shards = list(page["Shards"])
    while page.get("NextToken"):
        page = client.list_shards(NextToken=page["NextToken"])
        shards += page["Shards"]
    return shards


def iterator(client, stream, shard, kind="TRIM_HORIZON", **more):
    return client.get_shard_iterator(StreamName=stream, ShardId=shard, ShardIteratorType=kind, **more)["ShardIterator"]


def read_shard(client, stream, shard, expected=None, deadline=60.0, kind="TRIM_HORIZON", **more):
    """Reads a shard: until `expected` records have come, or, when None, until it reports that it is caught up."""
    records, position, end = [], iterator(client, stream, shard, kind, **more), time.monotonic() + deadline
    while position and time.monotonic() < end:
        page = client.get_records(ShardIterator=position, Limit=10_000)
        records += page["Records"]
        position = page.get("NextShardIterator")
        if expected is not None and len(records) >= expected:
            break
        if not page["Records"]:
            if expected is None and page["MillisBehindLatest"] == 0:
                break
            time.sleep(0.02)
    assert expected is None or len(records) == expected, f"{len(records)} of {expected} records of {shard} within {deadline} s"
    return records


def read_stream(client, stream, deadline=60.0):
    """{shard id: records} of everything that is stored now."""
    return {shard["ShardId"]: read_shard(client, stream, shard["ShardId"], deadline=deadline)
            for shard in list_shards(client, stream)}


def put_all(client, stream, entries):
    """PutRecords in calls of 500; returns one result per entry and fails on any that was refused."""
    results = []
    for start in range(0, len(entries), 500):
        answer = client.put_records(StreamName=stream, Records=entries[start:start + 500])
        assert answer["FailedRecordCount"] == 0, [r for r in answer["Records"] if "ErrorCode" in r][:3]
        results += answer["Records"]
    return results


def aws_environment(server):
    """The environment for a child process, such as the AWS CLI, that talks to the server."""
    return {**os.environ, "AWS_ACCESS_KEY_ID": ACCOUNT, "AWS_SECRET_ACCESS_KEY": "secret", "AWS_DEFAULT_REGION": REGION,
            "AWS_ENDPOINT_URL_KINESIS": server.endpoint_url, "AWS_PAGER": "", "AWS_MAX_ATTEMPTS": "1",
            "AWS_EC2_METADATA_DISABLED": "true"}
