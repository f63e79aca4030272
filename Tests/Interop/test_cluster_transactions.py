"""Transactions over three brokers: partitions, groups and the coordinator of a transaction are led by different ones.

Sessions in etcd last 9 s, so a broker that is killed is replaced after about 10 s. Bounds are wide: the machine may be
loaded.
"""

import os
import signal
import threading
import time

import pytest
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from harness import clients
from harness.cluster import ETCD, Broker, Cluster
from test_cluster import FAIL_OVER_SECONDS, create, leaders, produce, until

pytestmark = pytest.mark.skipif(not ETCD.exists(), reason="no etcd: run scripts/engines/etcd fetch")

PARTITIONS = 6
STATE_PARTITIONS = 6


SETTINGS = {"transaction.state.log.num.partitions": STATE_PARTITIONS}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    with Cluster(tmp_path_factory.mktemp("cluster"), settings=SETTINGS) as running:
        yield running


def transactional(cluster, name=None, **more):
    producer = Producer({"bootstrap.servers": cluster.bootstrap, "transactional.id": name or clients.unique("txn"),
                         "linger.ms": 0, "transaction.timeout.ms": 60000, **more})
    producer.init_transactions(FAIL_OVER_SECONDS)
    return producer


def read(cluster, topic, count, isolation="read_committed", seconds=FAIL_OVER_SECONDS, extra=1.0):
    """At least `count` values, or what is there after the time; then a moment more, for what must not come."""
    consumer = Consumer({"bootstrap.servers": cluster.bootstrap, "group.id": clients.unique("reader"),
                         "isolation.level": isolation, "enable.auto.commit": False, "auto.offset.reset": "earliest"})
    consumer.assign([TopicPartition(topic, number, 0) for number in range(PARTITIONS)])
    found, end = [], time.monotonic() + seconds
    try:
        while time.monotonic() < end:
            message = consumer.poll(0.5)
            if message is not None and message.error() is None:
                found.append(message.value())
                if len(found) == count:
                    end = min(end, time.monotonic() + extra)
        return sorted(found)
    finally:
        consumer.close()


def number_of(key, count):
    """The partition of a key in a coordinator's topic: Java's String.hashCode."""
    code = 0
    for character in key:
        code = (31 * code + ord(character)) & 0xFFFFFFFF
    return (code & 0x7FFFFFFF) % count


def coordinator(cluster, name):
    admin = AdminClient({"bootstrap.servers": cluster.bootstrap})
    found = until(lambda: leaders(admin, "__transaction_state"), "leaders of __transaction_state")
    return found[number_of(name, STATE_PARTITIONS)]


def test_commits_and_aborts_reach_partitions_of_all_brokers(cluster):
    _, topic = create(cluster, PARTITIONS)
    committed = []
    # As many coordinators as there are.
    for producer_number in range(4):
        producer = transactional(cluster)
        for round_number in range(3):
            producer.begin_transaction()
            values = [b"%d-%d-%d" % (producer_number, round_number, index) for index in range(2 * PARTITIONS)]
            for index, value in enumerate(values):
                producer.produce(topic, value, partition=index % PARTITIONS)
            if round_number == 1:
                producer.flush(FAIL_OVER_SECONDS)
                producer.abort_transaction(FAIL_OVER_SECONDS)
            else:
                producer.commit_transaction(FAIL_OVER_SECONDS)
                committed += values
    assert read(cluster, topic, len(committed)) == sorted(committed)
    assert len(read(cluster, topic, len(committed) * 3 // 2, "read_uncommitted")) == len(committed) * 3 // 2


def test_an_open_transaction_holds_readers_back_on_every_broker(cluster):
    _, topic = create(cluster, PARTITIONS)
    producer = transactional(cluster)
    producer.begin_transaction()
    for partition in range(PARTITIONS):
        producer.produce(topic, b"open-%d" % partition, partition=partition)
    assert producer.flush(FAIL_OVER_SECONDS) == 0
    produce(cluster, topic, [b"after-%d" % number for number in range(PARTITIONS)], PARTITIONS)
    assert read(cluster, topic, 1, seconds=4) == []
    producer.commit_transaction(FAIL_OVER_SECONDS)
    assert len(read(cluster, topic, 2 * PARTITIONS)) == 2 * PARTITIONS


def test_what_is_consumed_is_committed_with_what_is_produced(cluster):
    """Groups and transactional IDs of which no broker coordinates both, among others."""
    _, source = create(cluster, PARTITIONS)
    _, target = create(cluster, PARTITIONS)
    values = [b"%03d" % number for number in range(60)]
    produce(cluster, source, values, PARTITIONS)
    group = clients.unique("group")
    consumer = Consumer({"bootstrap.servers": cluster.bootstrap, "group.id": group, "enable.auto.commit": False,
                         "auto.offset.reset": "earliest", "isolation.level": "read_committed"})
    consumer.subscribe([source])
    names = [clients.unique("txn") for _ in range(6)]
    producers = [transactional(cluster, name) for name in names]
    assert len({coordinator(cluster, name) for name in names}) > 1
    done, round_number, end = [], 0, time.monotonic() + FAIL_OVER_SECONDS
    while len(done) < len(values):
        assert time.monotonic() < end, len(done)
        messages = [one for one in consumer.consume(10, 1.0) if one.error() is None]
        if not messages:
            continue
        producer = producers[round_number % len(producers)]
        producer.begin_transaction()
        for message in messages:
            producer.produce(target, b"done-" + message.value(), partition=message.partition())
        producer.send_offsets_to_transaction(
            consumer.position(consumer.assignment()), consumer.consumer_group_metadata(), FAIL_OVER_SECONDS)
        if round_number % 4 == 1:
            # Read again, from where the group was.
            producer.abort_transaction(FAIL_OVER_SECONDS)
            for partition in consumer.committed(consumer.assignment(), timeout=FAIL_OVER_SECONDS):
                consumer.seek(TopicPartition(source, partition.partition, max(partition.offset, 0)))
        else:
            producer.commit_transaction(FAIL_OVER_SECONDS)
            done += [message.value() for message in messages]
        round_number += 1
    places = consumer.committed(consumer.assignment(), timeout=FAIL_OVER_SECONDS)
    assert sorted(place.offset for place in places) == [10] * PARTITIONS
    consumer.close()
    assert sorted(done) == values
    assert read(cluster, target, len(values)) == [b"done-" + value for value in values]


def test_a_later_producer_fences_an_earlier_one_on_every_broker(cluster):
    _, topic = create(cluster, PARTITIONS)
    name = clients.unique("txn")
    first = transactional(cluster, name)
    first.begin_transaction()
    for partition in range(PARTITIONS):
        first.produce(topic, b"old", partition=partition)
    assert first.flush(FAIL_OVER_SECONDS) == 0
    second = transactional(cluster, name)
    with pytest.raises(KafkaException):
        first.commit_transaction(FAIL_OVER_SECONDS)
    second.begin_transaction()
    for partition in range(PARTITIONS):
        second.produce(topic, b"new", partition=partition)
    second.commit_transaction(FAIL_OVER_SECONDS)
    assert read(cluster, topic, PARTITIONS) == [b"new"] * PARTITIONS


def test_a_coordinator_killed_in_the_middle_of_a_commit_has_a_successor_that_ends_it(cluster):
    """The decision is durable, and a marker is missing, as its broker is stopped: another coordinator writes it."""
    admin, topic = create(cluster, PARTITIONS)
    name = clients.unique("txn")
    producer = transactional(cluster, name)
    led = until(lambda: leaders(admin, topic), "leaders")
    first = coordinator(cluster, name)
    paused = next(broker for broker in cluster.brokers if broker != first)
    producer.begin_transaction()
    values = [b"%d" % partition for partition in range(PARTITIONS)]
    for partition, value in enumerate(values):
        producer.produce(topic, value, partition=partition)
    assert producer.flush(FAIL_OVER_SECONDS) == 0
    outcome = []

    def commit():
        end = time.monotonic() + FAIL_OVER_SECONDS
        while True:
            try:
                producer.commit_transaction(FAIL_OVER_SECONDS)
                return outcome.append("committed")
            except KafkaException as error:
                if not error.args[0].retriable() or time.monotonic() > end:
                    return outcome.append(error)

    os.kill(cluster.brokers[paused].process.pid, signal.SIGSTOP)
    committing = threading.Thread(target=commit)
    committing.start()
    # The decision takes a flush; the marker for the broker that is stopped cannot be written.
    held = [partition for partition, leader in led.items() if leader == paused]
    assert held
    time.sleep(1.5)
    assert outcome == []
    cluster.brokers[first].process.kill()
    cluster.brokers[first].process.wait(20)
    os.kill(cluster.brokers[paused].process.pid, signal.SIGCONT)
    committing.join(2 * FAIL_OVER_SECONDS)
    assert outcome == ["committed"]
    assert read(cluster, topic, len(values)) == values
    until(lambda: first not in (leaders(admin, topic) or {0: first}).values(), "partitions are led by others")
    # And the next transaction of the same producer.
    producer.begin_transaction()
    for partition in range(PARTITIONS):
        producer.produce(topic, b"next", partition=partition)
    producer.commit_transaction(FAIL_OVER_SECONDS)
    assert read(cluster, topic, 2 * PARTITIONS) == sorted(values + [b"next"] * PARTITIONS)
    cluster.brokers[first] = Broker(cluster, first, SETTINGS).start()
