"""confluent-kafka (librdkafka): produce, consume, idempotence, time look-ups, watermarks."""

import threading
import time

import pytest
from confluent_kafka import OFFSET_BEGINNING, OFFSET_END, Consumer, KafkaError, KafkaException, TopicPartition

from harness import clients


def test_records_come_back_with_keys_values_headers_and_timestamps(server, topic):
    stamp = int(time.time() * 1000) - 5000
    sent = [(f"key-{i}".encode(), f"value-{i}".encode(), {"headers": [("n", str(i).encode()), ("n", b"twice"), ("null", None)],
                                                          "timestamp": stamp + i, "partition": i % 3}) for i in range(300)]
    places = clients.produce_all(server, topic, sent)
    got = {(m.partition(), m.offset()): m for m in clients.read_all(server, topic, 300)}
    for (key, value, more), place in zip(sent, places):
        message = got[place]
        assert (message.key(), message.value(), message.headers()) == (key, value, more["headers"])
        assert message.timestamp() == (1, more["timestamp"])
    for partition in range(3):
        assert [offset for p, offset in places if p == partition] == list(range(100))


@pytest.mark.parametrize("acks", [0, 1, "all"])
def test_every_acks_setting_stores_every_record(server, topic, acks):
    client = clients.producer(server, acks=acks, **{"enable.idempotence": False})
    for i in range(1000):
        client.produce(topic, b"v%d" % i, b"k", partition=0)
    assert client.flush(30) == 0
    messages = clients.read_all(server, topic, 1000, partitions=[0])
    assert [m.value() for m in messages] == [b"v%d" % i for i in range(1000)]


def test_null_and_empty_keys_and_values_stay_what_they_are(server, topic):
    sent = [(None, b"value"), (b"", b""), (b"key", None), (None, None)]
    clients.produce_all(server, topic, [(key, value, {"partition": 0}) for key, value in sent])
    assert [(m.key(), m.value()) for m in clients.read_all(server, topic, 4, partitions=[0])] == sent


def test_a_missing_topic_is_created_on_produce_with_the_default_partitions(server):
    name = clients.unique("auto")
    assert clients.produce_all(server, name, [(b"k", b"v")]) == [(0, 0)]
    assert len(clients.admin(server).list_topics(name, timeout=20).topics[name].partitions) == 1


def test_a_consumer_that_may_not_create_gets_unknown_topic(server):
    client = clients.consumer(server, **{"allow.auto.create.topics": False})
    try:
        client.subscribe([clients.unique("absent")])
        end = time.monotonic() + 20
        while time.monotonic() < end:
            message = client.poll(1)
            if message is not None:
                assert message.error().code() == KafkaError.UNKNOWN_TOPIC_OR_PART
                return
        pytest.fail("no error within 20 s")
    finally:
        client.close()


def test_watermarks_and_time_look_ups(server, topic):
    base = 1_700_000_000_000
    clients.produce_all(server, topic, [(None, b"x", {"partition": 0, "timestamp": base + i * 1000}) for i in range(100)])
    client = clients.consumer(server)
    try:
        assert client.get_watermark_offsets(TopicPartition(topic, 0), timeout=20) == (0, 100)
        ask = lambda stamp: client.offsets_for_times([TopicPartition(topic, 0, stamp)], timeout=20)[0].offset
        assert ask(base) == 0
        assert ask(base + 41_500) == 42
        assert ask(base + 42_000) == 42
        assert ask(base + 99_000) == 99
        assert ask(base + 99_001) == OFFSET_END
    finally:
        client.close()


def test_a_waiting_fetch_is_woken_by_an_append(server, topic):
    """The fetch may wait 30 s; the record must come long before."""
    clients.produce_all(server, topic, [(None, b"first", {"partition": 0})])
    client = clients.consumer(server, **{"fetch.wait.max.ms": 30_000, "socket.timeout.ms": 60_000})
    try:
        client.assign([TopicPartition(topic, 0, OFFSET_BEGINNING)])
        assert clients.take(client, 1, 20)[0].value() == b"first"
        sent = []
        timer = threading.Timer(0.5, lambda: (sent.append(time.monotonic()),
                                              clients.produce_all(server, topic, [(None, b"late", {"partition": 0})])))
        timer.start()
        message = clients.take(client, 1, 20)[0]
        timer.join()
        assert message.value() == b"late"
        assert time.monotonic() - sent[0] < 5
    finally:
        client.close()


def test_large_records_up_to_the_limit_pass_and_larger_ones_are_refused(server, topic):
    big = bytes(1_000_000)
    assert clients.produce_all(server, topic, [(b"k", big, {"partition": 0})], **{"message.max.bytes": 10_000_000}) == [(0, 0)]
    assert clients.read_all(server, topic, 1, partitions=[0])[0].value() == big
    failures = []
    client = clients.producer(server, **{"message.max.bytes": 10_000_000})
    client.produce(topic, bytes(2_000_000), partition=0, on_delivery=lambda error, _: failures.append(error))
    client.flush(30)
    assert failures[0].code() == KafkaError.MSG_SIZE_TOO_LARGE
    assert clients.produce_all(server, topic, [(None, b"after", {"partition": 0})]) == [(0, 1)]


def test_an_offset_beyond_the_end_is_out_of_range(server, topic):
    clients.produce_all(server, topic, [(None, b"only", {"partition": 0})])
    client = clients.consumer(server, **{"auto.offset.reset": "error"})
    try:
        client.assign([TopicPartition(topic, 0, 1000)])
        message = clients.wait_until(lambda: client.poll(1), 20, "an error")
        assert message.error().code() == KafkaError._AUTO_OFFSET_RESET
    finally:
        client.close()


def test_reading_from_the_end_skips_what_is_there(server, topic):
    clients.produce_all(server, topic, [(None, b"old", {"partition": 0})])
    client = clients.consumer(server, **{"enable.partition.eof": True})
    try:
        client.assign([TopicPartition(topic, 0, OFFSET_END)])
        clients.wait_until(lambda: (m := client.poll(1)) is not None and m.error() is not None, 20, "end of partition")
        clients.produce_all(server, topic, [(None, b"new", {"partition": 0})])
        assert clients.take(client, 1, 20)[0].value() == b"new"
    finally:
        client.close()


def test_many_topics_in_one_fetch_session(server):
    topics = [clients.create_topic(server, clients.unique("many"), 2) for _ in range(20)]
    for name in topics:
        clients.produce_all(server, name, [(None, name.encode(), {"partition": p}) for p in (0, 1)])
    client = clients.consumer(server)
    try:
        client.assign([TopicPartition(name, p, 0) for name in topics for p in (0, 1)])
        assert sorted(m.value().decode() for m in clients.take(client, 40)) == sorted(topics * 2)
        clients.produce_all(server, topics[7], [(None, b"second", {"partition": 1})])
        message = clients.take(client, 1, 20)[0]
        assert (message.topic(), message.partition(), message.value()) == (topics[7], 1, b"second")
    finally:
        client.close()


def test_two_idempotent_producers_do_not_disturb_each_other(server, topic):
    one, two = clients.producer(server), clients.producer(server)
    for i in range(5000):
        for name, client in ((b"one", one), (b"two", two)):
            client.produce(topic, b"%d" % i, name, partition=0)
            client.poll(0)
    assert one.flush(60) == 0 and two.flush(60) == 0
    messages = clients.read_all(server, topic, 10_000, partitions=[0])
    for name in (b"one", b"two"):
        assert [int(m.value()) for m in messages if m.key() == name] == list(range(5000))


def test_an_invalid_topic_name_is_refused(server):
    client = Consumer({"bootstrap.servers": server.kafka, "group.id": "x"})
    try:
        with pytest.raises(KafkaException) as refused:
            clients.create_topic(server, "not/valid")
        assert refused.value.args[0].code() == KafkaError.TOPIC_EXCEPTION
    finally:
        client.close()
