"""How far groups are behind, as the broker measures it: on /metrics and by the names of kafka_exporter."""

import re
import time

import urllib3
from confluent_kafka import Consumer, Producer, TopicPartition

from harness import clients


def metrics(server, path="/metrics"):
    text = urllib3.request("GET", f"http://{server.admin}{path}").data.decode()
    return dict(re.match(r"(\S+(?:\{.*\})?) (\S+)$", line).groups() for line in text.splitlines() if line[:1] != "#")


def measured(server, name, is_right, seconds=30):
    """The value of a series once a round of measurements has made it right."""
    deadline = time.monotonic() + seconds
    while True:
        value = metrics(server).get(name)
        if value is not None and is_right(float(value)):
            return float(value)
        assert time.monotonic() < deadline, f"{name} is {value}: {metrics(server)}"
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

    exported = metrics(server, "/metrics/kafka-exporter")
    by_partition = f'consumergroup="{labels.split(chr(44))[0][7:-1]}",partition="0",topic="{topic}"'
    assert exported[f"kafka_consumergroup_lag{{{by_partition}}}"] == "6"
    assert exported[f"kafka_consumergroup_current_offset{{{by_partition}}}"] == "4"
    assert exported[f'kafka_topic_partition_current_offset{{partition="0",topic="{topic}"}}'] == "10"
    assert exported[f'kafka_topic_partition_oldest_offset{{partition="0",topic="{topic}"}}'] == "0"
    assert exported[f'kafka_topic_partitions{{topic="{topic}"}}'] == "3"
    assert exported["kafka_brokers"] == "1"

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
    measured(server, series, lambda value: value >= 5)
    consumer.close()
