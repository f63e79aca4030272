"""Requests that are pipelined on one connection take effect in order: no answer is older than the answers before it."""

import struct
import time

import pytest

from harness import clients, wire

DELETE_RECORDS = 21
LATEST, EARLIEST = -1, -2
TRIALS = 100


@pytest.fixture
def one_partition(server):
    return clients.create_topic(server, clients.unique("order"))


@pytest.fixture
def connection(server):
    with wire.Connection(server.kafka) as connection:
        yield connection


def produce(connection, topic, value=b"x"):
    records = wire.batch([(None, value)])
    body = struct.pack(">hhi", -1, -1, 10_000) + struct.pack(">i", 1) + wire.string(topic)
    return connection.frame(wire.PRODUCE, 7, body + struct.pack(">iii", 1, 0, len(records)) + records)


def list_offsets(connection, topic, timestamp):
    body = struct.pack(">ii", -1, 1) + wire.string(topic) + struct.pack(">iiq", 1, 0, timestamp)
    return connection.frame(wire.LIST_OFFSETS, 1, body)


def delete_records(connection, topic, offset):
    body = struct.pack(">i", 1) + wire.string(topic) + struct.pack(">iiqi", 1, 0, offset, 10_000)
    return connection.frame(DELETE_RECORDS, 0, body)


def skip_to_partition(connection, topic, has_throttle_time=False):
    """The next answer, read up to the fields of its one partition."""
    correlation, reader = connection.receive()
    if has_throttle_time:
        reader.int32()
    assert reader.int32() == 1 and reader.string() == topic and reader.int32() == 1 and reader.int32() == 0
    return reader


def end_offset(connection, topic):
    reader = skip_to_partition(connection, topic)
    assert reader.int16() == wire.NONE
    reader.int64()
    return reader.int64()


def base_offset(connection, topic):
    reader = skip_to_partition(connection, topic)
    assert reader.int16() == wire.NONE
    return reader.int64()


def test_list_offsets_behind_a_produce_sees_its_record(connection, one_partition):
    stale = 0
    for _ in range(TRIALS):
        connection.send(produce(connection, one_partition) + list_offsets(connection, one_partition, LATEST))
        base = base_offset(connection, one_partition)
        stale += end_offset(connection, one_partition) <= base
    assert stale == 0, f"{stale} of {TRIALS} answers older than the one before"


def test_list_offsets_behind_delete_records_sees_the_new_start(connection, one_partition):
    stale = 0
    for offset in range(1, TRIALS + 1):
        connection.send(produce(connection, one_partition))
        base_offset(connection, one_partition)
        connection.send(delete_records(connection, one_partition, offset)
                        + list_offsets(connection, one_partition, EARLIEST))
        reader = skip_to_partition(connection, one_partition, has_throttle_time=True)
        assert (reader.int64(), reader.int16()) == (offset, wire.NONE)
        stale += end_offset(connection, one_partition) < offset
    assert stale == 0, f"{stale} of {TRIALS} answers older than the one before"


def test_list_offsets_behind_a_waiting_fetch_is_as_new_as_its_answer(server, connection, one_partition):
    with wire.Connection(server.kafka) as other:
        for offset in range(5):
            connection.send_fetch(one_partition, 0, offset, max_wait_ms=5000)
            connection.send(list_offsets(connection, one_partition, LATEST))
            # The fetch has to wait: what it waits for comes after both requests.
            time.sleep(0.05)
            assert other.produce(one_partition, 0, wire.batch([(None, b"x")])) == (wire.NONE, offset)
            _, reader = connection.receive()
            assert end_offset(connection, one_partition) == offset + 1, "older than the fetch that saw the record"


def test_produces_that_are_pipelined_are_in_flight_together(server, one_partition):
    """Each waits for a journal write; one write serves those that are in flight together."""
    with wire.Connection(server.kafka) as one, wire.Connection(server.kafka) as five:
        def seconds(connection, together):
            began = time.monotonic()
            for _ in range(100 // together):
                connection.send(b"".join(produce(connection, one_partition) for _ in range(together)))
                for _ in range(together):
                    base_offset(connection, one_partition)
            return time.monotonic() - began

        alone, pipelined = min(seconds(one, 1) for _ in range(3)), min(seconds(five, 5) for _ in range(3))
        assert pipelined < alone * 0.7, f"{pipelined:.3f} s pipelined, {alone:.3f} s one by one"


def test_answers_keep_the_order_of_a_long_mixed_pipeline(connection, one_partition):
    sent, expected = b"", []
    for number in range(60):
        kind = number % 3
        make = [produce, lambda c, t: list_offsets(c, t, LATEST), lambda c, t: list_offsets(c, t, EARLIEST)][kind]
        sent += make(connection, one_partition)
        expected.append(connection.correlation)
    connection.send(sent)
    assert [connection.receive()[0] for _ in expected] == expected
