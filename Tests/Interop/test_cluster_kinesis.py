"""Kinesis over three brokers: any of them answers for any stream, wherever its shards are led, and any broker may die."""

import threading
import time

import botocore.exceptions
import pytest
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient

from harness import clients
from harness.cluster import ETCD, Cluster

pytestmark = pytest.mark.skipif(not ETCD.exists(), reason="no etcd: run scripts/engines/etcd fetch")

PATIENCE = 60


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    with Cluster(tmp_path_factory.mktemp("cluster"), kinesis=True) as running:
        yield running
        statuses = {number: broker.stop(40) for number, broker in running.brokers.items() if broker.alive()}
        assert set(statuses.values()) <= {0}, f"{statuses}\n{running.log()}"


@pytest.fixture
def kinesis(cluster):
    """A client of each broker."""
    return {number: clients.kinesis(broker) for number, broker in cluster.brokers.items()}


def leaders(cluster, stream):
    """Leader by partition; None while one of them has none."""
    topic = AdminClient({"bootstrap.servers": cluster.bootstrap}).list_topics(stream, timeout=10).topics[stream]
    if topic.error is not None or any(one.error is not None or one.leader < 0 for one in topic.partitions.values()):
        return None
    return {number: one.leader for number, one in topic.partitions.items()}


def known(client, stream):
    try:
        client.describe_stream_summary(StreamName=stream)
        return True
    except client.exceptions.ResourceNotFoundException:
        return False


def create(cluster, kinesis, shards=6):
    """A stream whose shards all three brokers lead, known to each."""
    stream = clients.unique("stream")
    kinesis[1].create_stream(StreamName=stream, ShardCount=shards)
    for client in kinesis.values():
        clients.wait_until(lambda: known(client, stream), PATIENCE, "the stream at every broker")
    led = clients.wait_until(lambda: leaders(cluster, stream), PATIENCE, "leaders")
    assert set(led.values()) == set(cluster.brokers)
    return stream, led


def shard_ids(client, stream):
    return [shard["ShardId"] for shard in clients.list_shards(client, stream)]


def test_any_broker_takes_and_gives_records_of_every_shard(cluster, kinesis):
    stream, _ = create(cluster, kinesis)
    expected = {}
    for round_number in range(3):
        for number, client in kinesis.items():
            names = [f"{round_number}-{number}-{index}" for index in range(60)]
            answer = client.put_records(
                StreamName=stream, Records=[{"Data": name.encode(), "PartitionKey": name} for name in names])
            assert answer["FailedRecordCount"] == 0
            for name, record in zip(names, answer["Records"], strict=True):
                expected.setdefault(record["ShardId"], []).append((record["SequenceNumber"], name.encode()))
            name = f"one-{round_number}-{number}"
            record = client.put_record(StreamName=stream, Data=name.encode(), PartitionKey=name)
            expected.setdefault(record["ShardId"], []).append((record["SequenceNumber"], name.encode()))
    assert sorted(expected) == shard_ids(kinesis[1], stream)
    for client in kinesis.values():
        for shard, records in expected.items():
            read = clients.read_shard(client, stream, shard, len(records))
            # In the order of the requests, and nothing twice.
            assert [(record["SequenceNumber"], record["Data"]) for record in read] == records
            assert [int(number) for number, _ in records] == sorted(int(number) for number, _ in records)
    # A Kafka consumer reads the same.
    consumer = Consumer({"bootstrap.servers": cluster.bootstrap, "group.id": clients.unique("group")})
    consumer.assign([TopicPartition(stream, number, 0) for number in range(6)])
    values, end = [], time.monotonic() + PATIENCE
    while len(values) < sum(map(len, expected.values())) and time.monotonic() < end:
        message = consumer.poll(1)
        if message is not None and message.error() is None:
            values.append(message.value())
    consumer.close()
    assert sorted(values) == sorted(data for records in expected.values() for _, data in records)


def test_iterators_of_every_type_are_good_at_every_broker(cluster, kinesis):
    stream, led = create(cluster, kinesis, shards=3)
    for partition, leader in led.items():
        shard = f"shardId-{partition:012}"
        other = kinesis[leader % 3 + 1]
        hash_key = clients.list_shards(other, stream)[partition]["HashKeyRange"]["StartingHashKey"]

        def put(data):
            return other.put_record(StreamName=stream, Data=data, PartitionKey="k",
                                    ExplicitHashKey=hash_key)["SequenceNumber"]

        def first(kind, **more):
            """What another broker reads by an iterator that this one made."""
            token = clients.iterator(other, stream, shard, kind, **more)
            answer = kinesis[(leader + 1) % 3 + 1].get_records(ShardIterator=token, Limit=1)
            return [record["Data"] for record in answer["Records"]], answer["MillisBehindLatest"]

        latest = clients.iterator(other, stream, shard, "LATEST")
        one = put(b"one")
        time.sleep(0.01)
        then = time.time()
        two = put(b"two")
        assert int(two) > int(one)
        data, behind = first("TRIM_HORIZON")
        assert data == [b"one"] and behind > 0
        assert first("AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=one) == ([b"two"], 0)
        assert first("AT_SEQUENCE_NUMBER", StartingSequenceNumber=two) == ([b"two"], 0)
        assert first("AT_TIMESTAMP", Timestamp=then) == ([b"two"], 0)
        answer = other.get_records(ShardIterator=latest)
        assert [record["Data"] for record in answer["Records"]] == [b"one", b"two"]
        assert other.get_records(ShardIterator=answer["NextShardIterator"])["MillisBehindLatest"] == 0


def test_shards_are_split_and_merged_under_load(cluster, kinesis):
    stream, _ = create(cluster, kinesis, shards=3)
    stop, acknowledged, failures = threading.Event(), [], []

    def write(number):
        client, count = kinesis[number], 0
        while not stop.is_set():
            names = [f"{number}-{key}-{count}" for key in range(8)]
            try:
                answer = client.put_records(StreamName=stream, Records=[
                    {"Data": name.encode(), "PartitionKey": name.rsplit("-", 1)[0]} for name in names])
                assert answer["FailedRecordCount"] == 0, answer
            except (AssertionError, botocore.exceptions.ClientError) as error:
                failures.append(error)
                return
            acknowledged.extend((record["ShardId"], name) for record, name in zip(answer["Records"], names, strict=True))
            count += 1

    writers = [threading.Thread(target=write, args=(number,)) for number in kinesis]
    for writer in writers:
        writer.start()

    def open_shards(client):
        shards = [shard for shard in clients.list_shards(client, stream)
                  if "EndingSequenceNumber" not in shard["SequenceNumberRange"]]
        return sorted(shards, key=lambda shard: int(shard["HashKeyRange"]["StartingHashKey"]))

    def settled(client, count):
        clients.wait_until(lambda: len(open_shards(client)) == count, PATIENCE, f"{count} shards at a broker")

    try:
        for step in range(3):
            client = kinesis[step + 1]
            settled(client, 3)
            shard = open_shards(client)[step]
            low, high = (int(shard["HashKeyRange"][end]) for end in ("StartingHashKey", "EndingHashKey"))
            client.split_shard(StreamName=stream, ShardToSplit=shard["ShardId"], NewStartingHashKey=str((low + high) // 2))
            client = kinesis[(step + 1) % 3 + 1]
            settled(client, 4)
            shards = open_shards(client)
            client.merge_shards(StreamName=stream, ShardToMerge=shards[step]["ShardId"],
                                AdjacentShardToMerge=shards[step + 1]["ShardId"])
    finally:
        time.sleep(0.5)
        stop.set()
        for writer in writers:
            writer.join(PATIENCE)
    assert not failures, f"{failures[0]}\n{cluster.log()}"
    settled(kinesis[2], 3)
    read, per_key = [], {}
    # Parents before children: their ordinals grow.
    for shard in shard_ids(kinesis[2], stream):
        for record in clients.read_shard(kinesis[2], stream, shard):
            name = record["Data"].decode()
            read.append((shard, name))
            per_key.setdefault(record["PartitionKey"], []).append(int(name.rsplit("-", 1)[1]))
    assert sorted(read) == sorted(acknowledged)
    for key, numbers in per_key.items():
        assert numbers == list(range(len(numbers))), key


def test_lease_tables_are_the_same_at_every_broker(cluster):
    import boto3
    tables = {number: boto3.client("dynamodb", endpoint_url=broker.endpoint_url, region_name="eu-west-1",
                                   aws_access_key_id="123456789012", aws_secret_access_key="x")
              for number, broker in cluster.brokers.items()}
    name = clients.unique("leases")
    tables[1].create_table(TableName=name, BillingMode="PAY_PER_REQUEST",
                           AttributeDefinitions=[{"AttributeName": "leaseKey", "AttributeType": "S"}],
                           KeySchema=[{"AttributeName": "leaseKey", "KeyType": "HASH"}])
    for number, client in tables.items():
        clients.wait_until(lambda: name in client.list_tables()["TableNames"], PATIENCE, "the table at every broker")
        client.put_item(TableName=name, Item={"leaseKey": {"S": f"s{number}"}, "leaseCounter": {"N": "0"}},
                        ConditionExpression="attribute_not_exists(leaseKey)")
    for client in tables.values():
        assert len(client.scan(TableName=name)["Items"]) == 3
        with pytest.raises(client.exceptions.ConditionalCheckFailedException):
            client.put_item(TableName=name, Item={"leaseKey": {"S": "s1"}},
                            ConditionExpression="attribute_not_exists(leaseKey)")


def test_a_subscription_survives_the_death_of_the_broker_that_leads_its_shard(cluster, kinesis):
    stream, led = create(cluster, kinesis, shards=3)
    partition, victim = next((number, leader) for number, leader in led.items() if leader != 1)
    shard = f"shardId-{partition:012}"
    client, writer = kinesis[1], kinesis[next(number for number in cluster.brokers if number not in (1, victim))]
    arn = client.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]["StreamARN"]
    consumer = client.register_stream_consumer(StreamARN=arn, ConsumerName="c")["Consumer"]["ConsumerARN"]
    hash_key = clients.list_shards(client, stream)[partition]["HashKeyRange"]["StartingHashKey"]
    found, ended = [], []

    def follow():
        position = {"Type": "TRIM_HORIZON"}
        try:
            for event in client.subscribe_to_shard(ConsumerARN=consumer, ShardId=shard,
                                                   StartingPosition=position)["EventStream"]:
                found.extend(record["Data"] for record in event["SubscribeToShardEvent"]["Records"])
                if found and found[-1] == b"last":
                    return
        except Exception as error:  # pylint: disable=broad-except
            ended.append(error)

    def put(data):
        end = time.monotonic() + PATIENCE
        while True:
            try:
                writer.put_record(StreamName=stream, Data=data, PartitionKey="k", ExplicitHashKey=hash_key)
                return
            except botocore.exceptions.ClientError as error:
                # Nothing was stored; a busy machine takes longer to replace a broker.
                if "No server leads" not in str(error) or time.monotonic() > end:
                    raise

    reader = threading.Thread(target=follow)
    reader.start()
    for index in range(20):
        put(b"%d" % index)
    clients.wait_until(lambda: len(found) == 20, PATIENCE, "what was put before")
    cluster.brokers[victim].kill9()
    time.sleep(0.5)
    # The put waits for the shard's next leader.
    for index in range(20, 40):
        put(b"%d" % index)
    put(b"last")
    reader.join(PATIENCE)
    assert not ended and not reader.is_alive(), f"{ended}\n{cluster.log()}"
    assert found == [b"%d" % index for index in range(40)] + [b"last"]
    assert leaders(cluster, stream)[partition] != victim
