"""How far groups are behind, as the broker measures it: on /metrics and by the names of kafka_exporter."""

import time

from confluent_kafka import Consumer, Producer, TopicPartition

from harness import clients, metrics


def measured(server, name, is_right, seconds=60):
    """The value of a series once a round of measurements has made it right."""
    deadline = time.monotonic() + seconds
    while True:
        value = metrics.values(server).get(name)
        if value is not None and is_right(value):
            return value
        assert time.monotonic() < deadline, f"{name} is {value}: {metrics.values(server)}"
        time.sleep(0.2)


def test_records_and_seconds_that_a_group_is_behind(server, topic):
    producer = Producer({"bootstrap.servers": server.kafka, "enable.idempotence": True})
    made = time.time()
    for number in range(10):
        # Each record has a batch and an hour of its own.
        producer.produce(topic, b"v", b"k", partition=0, timestamp=int((made - 3600 * (10 - number)) * 1000))
        producer.flush()
    group = clients.unique('behind "quoted"')
    consumer = Consumer({"bootstrap.servers": server.kafka, "group.id": group, "enable.auto.commit": False})
    consumer.commit(offsets=[TopicPartition(topic, 0, 4)], asynchronous=False)
    labels = 'group="' + group.replace('"', '\\"') + f'",topic="{topic}"'
    assert measured(server, f"millrace_group_lag_records{{{labels}}}", lambda value: value == 6) == 6
    # The first record that is not read is the fifth: six hours old.
    age = measured(server, f"millrace_group_lag_seconds{{{labels}}}", lambda value: value > 0)
    assert 6 * 3600 <= age < 6 * 3600 + 120

    exported = metrics.values(server, "/metrics/kafka-exporter")
    by_partition = f'consumergroup="{labels.split(chr(44))[0][7:-1]}",partition="0",topic="{topic}"'
    assert exported[f"kafka_consumergroup_lag{{{by_partition}}}"] == 6
    assert exported[f"kafka_consumergroup_current_offset{{{by_partition}}}"] == 4
    assert exported[f'kafka_topic_partition_current_offset{{partition="0",topic="{topic}"}}'] == 10
    assert exported[f'kafka_topic_partition_oldest_offset{{partition="0",topic="{topic}"}}'] == 0
    assert exported[f'kafka_topic_partitions{{topic="{topic}"}}'] == 3
    assert exported["kafka_brokers"] == 1

    consumer.commit(offsets=[TopicPartition(topic, 0, 10)], asynchronous=False)
    assert measured(server, f"millrace_group_lag_records{{{labels}}}", lambda value: value == 0) == 0
    assert measured(server, f"millrace_group_lag_seconds{{{labels}}}", lambda value: value == 0) == 0
    consumer.close()


def test_records_of_an_aborted_transaction_are_not_behind_an_open_one(server, topic):
    """A group can read up to the last stable offset; what is open behind it is not its lag."""
    producer = Producer({"bootstrap.servers": server.kafka, "transactional.id": clients.unique("t")})
    producer.init_transactions(30)
    producer.begin_transaction()
    for _ in range(5):
        producer.produce(topic, b"v", partition=1)
    producer.flush()
    consumer = Consumer({"bootstrap.servers": server.kafka, "group.id": topic, "enable.auto.commit": False})
    consumer.commit(offsets=[TopicPartition(topic, 1, 0)], asynchronous=False)
    series = f'millrace_group_lag_records{{group="{topic}",topic="{topic}"}}'
    assert measured(server, series, lambda _: True) == 0
    producer.commit_transaction(30)
    # Five records, and not the marker behind them.
    measured(server, series, lambda value: value == 5)
    # What is aborted is nothing to read, and neither is its marker.
    producer.begin_transaction()
    for _ in range(3):
        producer.produce(topic, b"v", partition=1)
    producer.flush()
    producer.abort_transaction(30)
    consumer.commit(offsets=[TopicPartition(topic, 1, 2)], asynchronous=False)
    measured(server, series, lambda value: value == 3)
    consumer.commit(offsets=[TopicPartition(topic, 1, 5)], asynchronous=False)
    measured(server, series, lambda value: value == 0)
    assert measured(server, f'millrace_group_lag_seconds{{group="{topic}",topic="{topic}"}}', lambda _: True) == 0
    consumer.close()


def test_readers_of_a_stream_that_leave_no_offset_are_measured(server):
    kinesis = clients.kinesis(server)
    name = clients.unique("readers")
    clients.create_stream(server, name, shards=1, client=kinesis)
    kinesis.put_records(StreamName=name, Records=[{"Data": b"x", "PartitionKey": "k"} for _ in range(10)])
    shard = kinesis.list_shards(StreamName=name)["Shards"][0]["ShardId"]
    iterator = kinesis.get_shard_iterator(StreamName=name, ShardId=shard, ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
    answer = kinesis.get_records(ShardIterator=iterator, Limit=4)

    def series(family, reader, kind):
        values = [key for key in metrics.values(server) if key.startswith(f"millrace_reader_behind_{family}{{")]
        found = [key for key in values if f'stream="{name}",reader="{reader}' in key and f'kind="{kind}"' in key]
        return found[0] if found else ""

    # By its access key and the product of its user agent.
    clients.wait_until(lambda: series("records", "", "getrecords"), what="the reader")
    caller = series("records", "", "getrecords")
    assert "Boto3/" in caller and " md/" not in caller
    assert measured(server, caller, lambda value: value == 6)
    assert 0 < measured(server, series("seconds", "", "getrecords"), lambda value: value > 0) < 600
    assert measured(server, f'millrace_stream_iterator_age_seconds{{stream="{name}"}}', lambda value: value > 0)

    # A consumer with fan-out, from the start to the end.
    arn = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamARN"]
    consumer = kinesis.register_stream_consumer(StreamARN=arn, ConsumerName="dashboard")["Consumer"]["ConsumerARN"]
    clients.wait_until(
        lambda: kinesis.describe_stream_consumer(ConsumerARN=consumer)["ConsumerDescription"]["ConsumerStatus"] == "ACTIVE"
    )
    subscription = kinesis.subscribe_to_shard(ConsumerARN=consumer, ShardId=shard, StartingPosition={"Type": "TRIM_HORIZON"})
    events = iter(subscription["EventStream"])
    seen = 0
    while seen < 10:
        seen += len(next(events)["SubscribeToShardEvent"]["Records"])
    clients.wait_until(lambda: series("records", "dashboard", "efo"), what="the consumer")
    assert measured(server, series("records", "dashboard", "efo"), lambda value: value == 0) == 0

    kinesis.get_records(ShardIterator=answer["NextShardIterator"])
    assert measured(server, caller, lambda value: value == 0) == 0
    subscription["EventStream"].close()
