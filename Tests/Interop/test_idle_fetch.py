"""Consumers that find nothing and ask again: such a fetch is parked, and every way out of that must be seen."""

import struct
import time

import pytest

from harness import clients, steady, wire


class Fetcher(wire.Connection):
    """Fetches partition 0 of one topic by v12, with or without a session."""

    def __init__(self, server, topic):
        super().__init__(server.kafka, timeout=30.0)
        self.topic = topic

    def ask(self, offset=None, wait_ms=30, session=0, epoch=-1, min_bytes=1):
        """Sends a fetch; without an offset it names no partition, as an incremental one that changes nothing."""
        self.ask_for([] if offset is None else [(self.topic, 0, offset)], wait_ms, session, epoch, min_bytes)

    def ask_for(self, partitions, wait_ms=30, session=0, epoch=-1, min_bytes=1, max_bytes=1 << 20):
        """Sends a fetch of (topic, partition, offset) in this order, each topic named again."""
        body = struct.pack(">iiiibii", -1, wait_ms, min_bytes, max_bytes, 0, session, epoch)
        body += steady._count(len(partitions))
        for topic, partition, offset in partitions:
            body += steady._compact(topic) + steady._count(1)
            body += struct.pack(">iiqiqi", partition, -1, offset, -1, -1, 1 << 20) + 2 * b"\0"
        self.send(steady._frame(wire.FETCH, 12, body + steady._count(0) + steady._compact("") + b"\0"))

    def answer(self):
        """(error, session, raw partitions) of the next answer."""
        data = self.receive()[1].data
        # Correlation ID and the header's tags; then throttle time, error, session.
        _, error, session = struct.unpack_from(">ihi", data, 5)
        return error, session, data[15:]

    def fetch(self, *positional, **named):
        self.ask(*positional, **named)
        return self.answer()


@pytest.fixture
def topic(server):
    name = clients.unique("idle")
    clients.create_topic(server, name)
    clients.produce_all(server, name, [(b"k", b"first")])
    return name


NOTHING = b"\x01\x00"


def test_the_same_fetch_again_and_again_then_records(server, topic):
    with Fetcher(server, topic) as fetcher:
        answers = [fetcher.fetch(1) for _ in range(4)]
        assert all(answer == answers[0] for answer in answers), "nothing happened in between"
        assert topic.encode() in answers[0][2], "without a session every partition is answered"
        fetcher.ask(1)
        fetcher.answer()
        fetcher.ask(1, wait_ms=30)
        clients.produce_all(server, topic, [(b"k", b"second")])
        fetcher.answer()
        # Parked or not when the record came: the next one finds it.
        assert b"second" in fetcher.fetch(1, wait_ms=20_000)[2]
        assert b"second" not in fetcher.fetch(2)[2]
        assert b"first" in fetcher.fetch(0)[2]


def test_a_parked_fetch_that_goes_on_is_woken(server, topic):
    with Fetcher(server, topic) as fetcher:
        fetcher.fetch(1, wait_ms=20_000, min_bytes=0)
        for _ in range(2):
            fetcher.ask(1, wait_ms=40)
            fetcher.answer()
        began = time.monotonic()
        fetcher.ask(1, wait_ms=40)
        fetcher.answer()
        clients.produce_all(server, topic, [(b"k", b"second")])
        assert b"second" in fetcher.fetch(1, wait_ms=40)[2]
        assert time.monotonic() - began < 20


def test_records_that_come_between_two_fetches(server, topic):
    with Fetcher(server, topic) as fetcher:
        first, second = fetcher.fetch(1), fetcher.fetch(1)
        assert first == second
        clients.produce_all(server, topic, [(b"k", b"between")])
        assert b"between" in fetcher.fetch(1)[2]


def test_another_fetch_ends_the_parked_one(server, topic):
    with Fetcher(server, topic) as fetcher:
        fetcher.fetch(1)
        assert b"first" in fetcher.fetch(0)[2]
        assert b"first" not in fetcher.fetch(1)[2]
        # A shorter wait is another request: it is answered in its own time.
        began = time.monotonic()
        fetcher.fetch(1, wait_ms=0)
        assert time.monotonic() - began < 10


def test_a_session_that_changes_nothing_tells_nothing_twice(server, topic):
    with Fetcher(server, topic) as fetcher:
        error, session, data = fetcher.fetch(1, epoch=0)
        assert error == 0 and session != 0 and topic.encode() in data
        for epoch in range(1, 6):
            assert fetcher.fetch(session=session, epoch=epoch) == (0, session, NOTHING)
        clients.produce_all(server, topic, [(b"k", b"second")])
        error, _, data = fetcher.fetch(session=session, epoch=6, wait_ms=20_000)
        assert error == 0 and b"second" in data
        assert fetcher.fetch(2, session=session, epoch=7)[0] == 0
        for epoch in range(8, 11):
            assert fetcher.fetch(session=session, epoch=epoch) == (0, session, NOTHING)


def test_a_wrong_epoch_is_refused_while_parked(server, topic):
    with Fetcher(server, topic) as fetcher:
        _, session, _ = fetcher.fetch(1, epoch=0)
        for epoch in range(1, 4):
            assert fetcher.fetch(session=session, epoch=epoch)[0] == 0
        assert fetcher.fetch(session=session, epoch=9)[0] == 71, "INVALID_FETCH_SESSION_EPOCH"
        assert fetcher.fetch(session=session, epoch=4) == (0, session, NOTHING)
        assert fetcher.fetch(session=session + 1, epoch=5)[0] == 70, "FETCH_SESSION_ID_NOT_FOUND"


def test_a_log_start_that_moves_is_told(server, topic):
    with Fetcher(server, topic) as fetcher:
        _, session, _ = fetcher.fetch(1, epoch=0)
        for epoch in range(1, 4):
            fetcher.fetch(session=session, epoch=epoch)
        from confluent_kafka import TopicPartition
        for future in clients.admin(server).delete_records([TopicPartition(topic, 0, 1)]).values():
            future.result(20)
        assert topic.encode() in fetcher.fetch(session=session, epoch=4)[2]


def test_a_deleted_topic_ends_the_wait(server, topic):
    with Fetcher(server, topic) as fetcher:
        for _ in range(3):
            fetcher.fetch(1)
        for future in clients.admin(server).delete_topics([topic]).values():
            future.result(20)
        data = fetcher.fetch(1, wait_ms=20_000)[2]
        assert topic.encode() in data
        # UNKNOWN_TOPIC_OR_PARTITION of the only partition
        assert struct.pack(">ih", 0, wire.UNKNOWN_TOPIC_OR_PARTITION) in data


def test_a_connection_that_closes_while_parked(server, topic):
    for _ in range(20):
        with Fetcher(server, topic) as fetcher:
            fetcher.fetch(1)
    clients.produce_all(server, topic, [(b"k", b"after")])
    with Fetcher(server, topic) as fetcher:
        assert b"after" in fetcher.fetch(1)[2]


@pytest.fixture
def pair(server):
    """Two empty topics."""
    names = [clients.unique(f"idle-{letter}") for letter in "ab"]
    for name in names:
        clients.create_topic(server, name)
    return names


def test_the_order_of_partitions_makes_no_other_fetch(server, pair):
    first, second = [(name, 0, 0) for name in pair]
    with Fetcher(server, pair[0]) as fetcher:
        answers = []
        for order in 2 * [[first, second], [second, first]]:
            fetcher.ask_for(order)
            answers.append(fetcher.answer())
        # Answered by the parked fetch, so in its order.
        assert all(answer == answers[0] for answer in answers)
        fetcher.ask_for([second, first], wait_ms=20_000)
        clients.produce_all(server, pair[0], [(b"k", b"news")])
        assert b"news" in fetcher.answer()[2]
        fetcher.ask_for([second, (pair[0], 0, 1)])
        assert b"news" not in fetcher.answer()[2]
        # Another offset in another order is another fetch.
        fetcher.ask_for([first, second])
        assert b"news" in fetcher.answer()[2]


def test_the_partition_named_first_is_read_first(server, pair):
    """A fetch that continues in another order, with room for one of two batches."""
    small, large = [(name, 0, 0) for name in pair]
    limits = {"min_bytes": 1000, "max_bytes": 1400, "wait_ms": 2000}
    with Fetcher(server, pair[0]) as fetcher, wire.Connection(server.kafka) as producer:
        fetcher.ask_for([small, large], **limits)
        fetcher.answer()
        fetcher.ask_for([large, small], **limits)
        for topic, records in zip(pair, (4, 9)):
            producer.send(steady.produce_frame(topic, records))
            producer.receive()
        # In the other order the small batch takes the room, and is too little to answer.
        assert fetcher.answer()[2].count(steady.VALUE_BYTES * b"v") == 9


def test_a_partition_named_twice_is_answered_as_before(server, pair):
    first, second = [(name, 0, 0) for name in pair]
    with Fetcher(server, pair[0]) as fetcher:
        for order in ([first, second, first], [first, first, second], [second, first, second]):
            fetcher.ask_for(order)
            error, _, data = fetcher.answer()
            assert error == 0
            assert [data.count(name.encode()) for name in pair] == [
                1 if order == [first, first, second] and name == pair[0] else
                order.count((name, 0, 0)) for name in pair]
