"""Transactions with real clients: librdkafka (v1 and, where it can, v2), aiokafka, kafka-python; restarts in the middle."""

import asyncio
import threading
import time

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import NewTopic
from kafka import KafkaProducer

from harness import clients

SETTINGS = {"transaction.state.log.num.partitions": 5, "offsets.topic.num.partitions": 5}


def transactional(server, name=None, **more):
    producer = Producer({"bootstrap.servers": server.kafka, "transactional.id": name or clients.unique("txn"),
                         "linger.ms": 0, "log_level": 0, **more})
    producer.init_transactions(30)
    return producer


def read(server, topic, isolation="read_committed", wait=3.0, count=None):
    """Values of every record that a reader sees, in the order of partitions and offsets."""
    consumer = Consumer({"bootstrap.servers": server.kafka, "group.id": clients.unique("reader"), "isolation.level": isolation,
                         "enable.auto.commit": False, "auto.offset.reset": "earliest", "enable.partition.eof": True, "log_level": 0})
    try:
        partitions = consumer.list_topics(topic, timeout=20).topics[topic].partitions
        consumer.assign([TopicPartition(topic, number, 0) for number in partitions])
        found, ended, end = [], set(), time.monotonic() + 30
        while len(ended) < len(partitions) and time.monotonic() < end:
            message = consumer.poll(wait)
            if message is None:
                break
            if message.error():
                assert message.error().code() == KafkaError._PARTITION_EOF, message.error()
                ended.add(message.partition())
                continue
            found.append((message.partition(), message.offset(), message.value()))
        return [value for _, _, value in sorted(found)]
    finally:
        consumer.close()


def test_committed_records_are_read_and_aborted_ones_are_not(server, topic):
    producer = transactional(server)
    for number in range(6):
        producer.begin_transaction()
        for index in range(20):
            producer.produce(topic, b"%d-%d" % (number, index), partition=index % 3)
        if number % 2:
            producer.abort_transaction(30)
        else:
            producer.commit_transaction(30)
    committed = {b"%d-%d" % (number, index) for number in (0, 2, 4) for index in range(20)}
    assert set(read(server, topic)) == committed
    assert len(read(server, topic)) == 60
    everything = read(server, topic, "read_uncommitted")
    assert committed <= set(everything)


def test_an_open_transaction_holds_committed_readers_back(server):
    topic = clients.create_topic(server, clients.unique("open"), partitions=1)
    producer = transactional(server)
    producer.begin_transaction()
    producer.produce(topic, b"open", partition=0)
    producer.flush(30)
    clients.produce_all(server, topic, [(b"k", b"after", {"partition": 0})])
    assert read(server, topic, wait=1.0) == []
    assert read(server, topic, "read_uncommitted") == [b"open", b"after"]
    producer.commit_transaction(30)
    assert read(server, topic) == [b"open", b"after"]


def test_a_second_producer_fences_the_first_and_aborts_what_it_left(server):
    topic, name = clients.create_topic(server, clients.unique("fenced"), partitions=1), clients.unique("txn")
    first = transactional(server, name)
    first.begin_transaction()
    first.produce(topic, b"lost", partition=0)
    first.flush(30)
    second = transactional(server, name)
    second.begin_transaction()
    second.produce(topic, b"kept", partition=0)
    second.commit_transaction(30)
    with pytest.raises(KafkaException) as failure:
        first.produce(topic, b"zombie", partition=0)
        first.commit_transaction(30)
    assert failure.value.args[0].fatal()
    assert read(server, topic) == [b"kept"]


def test_a_transaction_that_takes_too_long_is_aborted(server):
    topic = clients.create_topic(server, clients.unique("late"), partitions=1)
    producer = transactional(server, **{"transaction.timeout.ms": 1500})
    producer.begin_transaction()
    producer.produce(topic, b"late", partition=0)
    producer.flush(30)
    clients.produce_all(server, topic, [(b"k", b"after", {"partition": 0})])
    clients.wait_until(lambda: read(server, topic, wait=0.5) == [b"after"], 20, "abort of the late transaction")
    with pytest.raises(KafkaException):
        producer.commit_transaction(30)


def test_a_timeout_above_the_limit_is_refused(server):
    with pytest.raises(KafkaException) as failure:
        transactional(server, **{"transaction.timeout.ms": 900_001})
    assert failure.value.args[0].code() == KafkaError.INVALID_TRANSACTION_TIMEOUT


def test_offsets_are_committed_with_the_transaction(server):
    source = clients.create_topic(server, clients.unique("source"), partitions=2)
    target = clients.create_topic(server, clients.unique("target"), partitions=2)
    clients.produce_all(server, source, [(b"%d" % i, b"%d" % i, {"partition": i % 2}) for i in range(100)])
    group, producer = clients.unique("group"), transactional(server)
    consumer = clients.consumer(server, group, **{"isolation.level": "read_committed"})
    consumer.subscribe([source])
    copied, number, end = 0, 0, time.monotonic() + 60
    while copied < 100 and time.monotonic() < end:
        messages = [m for m in consumer.consume(10, 2) if m.error() is None]
        if not messages:
            continue
        number += 1
        producer.begin_transaction()
        for message in messages:
            producer.produce(target, message.value(), message.key(), partition=message.partition())
        offsets = consumer.position(consumer.assignment())
        producer.send_offsets_to_transaction(offsets, consumer.consumer_group_metadata(), 30)
        if number == 2:
            producer.abort_transaction(30)
            for place in consumer.committed(consumer.assignment(), 20):
                consumer.seek(TopicPartition(place.topic, place.partition, max(0, place.offset)))
            continue
        producer.commit_transaction(30)
        copied += len(messages)
    committed = {p.partition: p.offset for p in consumer.committed([TopicPartition(source, 0), TopicPartition(source, 1)], 20)}
    consumer.close()
    assert committed == {0: 50, 1: 50}
    assert sorted(read(server, target)) == sorted(b"%d" % i for i in range(100))


def test_kinesis_readers_see_committed_records_only(server, boto):
    topic = clients.create_topic(server, clients.unique("both"), partitions=1)
    producer = transactional(server)
    for number, ends in enumerate((producer.commit_transaction, producer.abort_transaction, producer.commit_transaction)):
        producer.begin_transaction()
        producer.produce(topic, b"%d" % number, b"k", partition=0)
        ends(30)
    shard = boto.list_shards(StreamName=topic)["Shards"][0]["ShardId"]
    iterator = boto.get_shard_iterator(StreamName=topic, ShardId=shard, ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
    found, end = [], time.monotonic() + 20
    while len(found) < 2 and time.monotonic() < end:
        answer = boto.get_records(ShardIterator=iterator)
        found += [record["Data"] for record in answer["Records"]]
        iterator = answer["NextShardIterator"]
    assert found == [b"0", b"2"]


def test_aiokafka_commits_and_aborts(server, topic):
    async def run():
        producer = AIOKafkaProducer(bootstrap_servers=server.kafka, transactional_id=clients.unique("aio"))
        await producer.start()
        async with producer.transaction():
            await producer.send_and_wait(topic, b"kept", partition=0)
        with pytest.raises(ZeroDivisionError):
            async with producer.transaction():
                await producer.send_and_wait(topic, b"lost", partition=0)
                raise ZeroDivisionError
        async with producer.transaction():
            await producer.send_and_wait(topic, b"kept too", partition=0)
        await producer.stop()
        consumer = AIOKafkaConsumer(topic, bootstrap_servers=server.kafka, isolation_level="read_committed",
                                    auto_offset_reset="earliest", group_id=None)
        await consumer.start()
        try:
            return [(await consumer.getone()).value for _ in range(2)]
        finally:
            await consumer.stop()

    assert asyncio.run(asyncio.wait_for(run(), 60)) == [b"kept", b"kept too"]


def test_kafka_python_commits_and_aborts(server, topic):
    producer = KafkaProducer(bootstrap_servers=server.kafka, transactional_id=clients.unique("python"))
    producer.init_transactions()
    for number in range(4):
        producer.begin_transaction()
        producer.send(topic, b"%d" % number, partition=0)
        (producer.abort_transaction if number % 2 else producer.commit_transaction)()
    producer.close()
    assert read(server, topic) == [b"0", b"2"]


def test_committed_transactions_are_whole_after_kill_9(new_server):
    """Acknowledged commits are there whole, and nothing of what was not decided."""
    server = new_server(settings={"transaction.state.log.num.partitions": 5})
    topic = clients.create_topic(server, clients.unique("killed"), partitions=3)
    for round_number in range(3):
        acknowledged, stop = set(), threading.Event()

        def work(worker):
            producer = transactional(server, f"txn-{worker}", **{"transaction.timeout.ms": 5000})
            number = 0
            while not stop.is_set():
                number += 1
                name = b"%d/%d/%d" % (round_number, worker, number)
                try:
                    producer.begin_transaction()
                    for partition in range(3):
                        producer.produce(topic, name, partition=partition)
                    producer.commit_transaction(5)
                except KafkaException:
                    return
                acknowledged.add(name)

        workers = [threading.Thread(target=work, args=(worker,)) for worker in range(3)]
        for worker in workers:
            worker.start()
        clients.wait_until(lambda: len(acknowledged) >= 20, 60, "20 commits")
        server.kill9()
        stop.set()
        server.start()
        for worker in workers:
            worker.join(60)

        def settled():
            counts = {}
            for value in read(server, topic, wait=0.5):
                counts[value] = counts.get(value, 0) + 1
            return counts if acknowledged <= set(counts) else None

        # The producers of the next round end what these left open.
        for worker in range(3):
            transactional(server, f"txn-{worker}")
        counts = clients.wait_until(settled, 30, "every acknowledged transaction")
        assert set(counts.values()) == {3}, {name: count for name, count in counts.items() if count != 3}
