"""What clients rely on and cannot be made to show: sequence numbers of producers, limits of a Fetch."""

import time

import pytest

from harness import wire


@pytest.fixture
def connection(server):
    with wire.Connection(server.kafka) as one:
        yield one


# Idempotent producers: Kafka keeps the last five batches of each


class Producer:
    """An idempotent producer that says what it is told to say."""

    def __init__(self, connection, topic):
        self.connection, self.topic = connection, topic
        reader = connection.call(wire.INIT_PRODUCER_ID, 1, b"\xff\xff" + (1000).to_bytes(4, "big"))
        reader.int32()
        assert reader.int16() == wire.NONE
        self.id = reader.int64()

    def send(self, sequence, records=1, epoch=0, producer_id=None):
        pairs = [(None, b"%d" % (sequence + i)) for i in range(records)]
        batch = wire.batch(pairs, producer=(self.id if producer_id is None else producer_id, epoch, sequence))
        return self.connection.produce(self.topic, 0, batch)


@pytest.fixture
def producer(connection, topic):
    return Producer(connection, topic)


def end(producer):
    return producer.connection.list_offsets(producer.topic, 0, -1)[2]


def test_a_repeated_batch_is_acknowledged_where_it_lies(producer):
    places = [producer.send(sequence, 3) for sequence in range(0, 15, 3)]
    assert places == [(wire.NONE, offset) for offset in range(0, 15, 3)]
    assert [producer.send(sequence, 3) for sequence in range(0, 15, 3)] == places
    assert end(producer) == 15


def test_a_repetition_of_an_older_batch_is_out_of_order(producer):
    for sequence in range(6):
        assert producer.send(sequence) == (wire.NONE, sequence)
    assert producer.send(0)[0] == wire.OUT_OF_ORDER_SEQUENCE_NUMBER
    assert producer.send(1) == (wire.NONE, 1)
    assert end(producer) == 6


@pytest.mark.parametrize("sequence,records", [(1, 1), (3, 1), (0, 3), (1, 2), (2**31 - 1, 1)])
def test_a_gap_or_an_overlap_is_refused_and_stores_nothing(producer, sequence, records):
    assert producer.send(0, 2) == (wire.NONE, 0)
    assert producer.send(sequence, records)[0] == wire.OUT_OF_ORDER_SEQUENCE_NUMBER
    assert end(producer) == 2
    assert producer.send(2) == (wire.NONE, 2)


def test_a_new_epoch_begins_at_zero_and_fences_the_old(producer):
    assert producer.send(0, 2) == (wire.NONE, 0)
    assert producer.send(2, epoch=1)[0] == wire.OUT_OF_ORDER_SEQUENCE_NUMBER
    assert producer.send(0, epoch=1) == (wire.NONE, 2)
    assert producer.send(2)[0] == wire.INVALID_PRODUCER_EPOCH
    assert producer.send(1, epoch=1) == (wire.NONE, 3)


def test_sequence_numbers_go_on_from_zero_after_the_last(connection, topic):
    producer = Producer(connection, topic)
    last = 2**31 - 1
    assert producer.send(last - 1, 2) == (wire.NONE, 0), "a producer that is not known here may be anywhere"
    assert producer.send(0) == (wire.NONE, 2)


# Limits of a Fetch


BATCHES = [wire.batch([(None, b"%d" % number + bytes(500))]) for number in range(3)]


@pytest.fixture
def three_batches(connection, topic):
    for offset, batch in enumerate(BATCHES):
        assert connection.produce(topic, 0, batch) == (wire.NONE, offset)
    return topic


@pytest.mark.parametrize("limit,count", [(0, 1), (1, 1), (len(BATCHES[0]), 1), (2 * len(BATCHES[0]), 2), (1 << 20, 3)])
def test_a_fetch_holds_what_fits_and_at_least_one_batch(connection, three_batches, limit, count):
    for offset in range(3):
        error, _, records = connection.fetch(three_batches, 0, offset, max_bytes=limit)
        assert error == wire.NONE
        assert len(records) == min(count, 3 - offset) * len(BATCHES[0])
        assert records[61:len(BATCHES[0])] == BATCHES[offset][61:]


def test_a_fetch_waits_for_its_minimum_and_no_longer_than_it_may(connection, three_batches):
    began = time.monotonic()
    error, _, records = connection.fetch(three_batches, 0, 0, max_wait_ms=300, min_bytes=1 << 20)
    assert error == wire.NONE and len(records) == sum(map(len, BATCHES))
    assert 0.29 <= time.monotonic() - began < 5


def test_a_fetch_is_answered_when_its_minimum_has_come(server, connection, topic):
    with wire.Connection(server.kafka, timeout=20) as waiting:
        minimum = 2 * len(BATCHES[0])
        waiting.send_fetch(topic, 0, 0, max_wait_ms=15_000, min_bytes=minimum)
        began = time.monotonic()
        connection.produce(topic, 0, BATCHES[0])
        waiting.socket.settimeout(0.2)
        with pytest.raises(TimeoutError):
            waiting.receive()
        waiting.socket.settimeout(20)
        connection.produce(topic, 0, BATCHES[1])
        assert len(waiting.receive_fetch(topic, 0)[2]) == minimum
        assert time.monotonic() - began < 10
