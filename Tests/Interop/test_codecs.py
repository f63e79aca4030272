"""All five codecs from three clients, and batches that pass through the server byte for byte."""

import gzip
import struct
import time

import lz4.frame
import pytest
import snappy
import zstandard
from kafka import KafkaConsumer, KafkaProducer

from harness import clients, wire

CODECS = ["none", "gzip", "snappy", "lz4", "zstd"]
RECORDS = [(b"key-%d" % (i % 11), (b"text that repeats itself %d " % (i % 5)) * 20) for i in range(2000)]
COMPRESS = {"none": bytes, "gzip": gzip.compress, "snappy": snappy.compress, "lz4": lz4.frame.compress, "zstd": zstandard.compress}


def pairs(messages):
    return [(m.key(), m.value()) for m in messages]


@pytest.mark.parametrize("codec", CODECS)
def test_confluent_writes_and_both_read(server, codec):
    topic = clients.create_topic(server, clients.unique(codec))
    clients.produce_all(server, topic, RECORDS, **{"compression.type": codec})
    assert pairs(clients.read_all(server, topic, len(RECORDS))) == RECORDS
    assert read_with_kafka_python(server, topic) == RECORDS
    assert stored_codecs(server, topic) == {codec}


@pytest.mark.parametrize("codec", CODECS)
def test_kafka_python_writes_and_both_read(server, codec):
    topic = clients.create_topic(server, clients.unique(codec))
    with KafkaProducer(bootstrap_servers=server.kafka, acks="all", linger_ms=50,
                       compression_type=None if codec == "none" else codec) as producer:
        futures = [producer.send(topic, key=key, value=value) for key, value in RECORDS]
        assert [future.get(60).offset for future in futures] == list(range(len(RECORDS)))
    assert pairs(clients.read_all(server, topic, len(RECORDS))) == RECORDS
    assert read_with_kafka_python(server, topic) == RECORDS
    assert stored_codecs(server, topic) == {codec}


@pytest.mark.parametrize("codec", CODECS)
def test_a_batch_is_stored_byte_for_byte(server, codec):
    topic = clients.create_topic(server, clients.unique(codec))
    batches = [wire.batch(RECORDS[start:start + 50], codec, COMPRESS[codec]) for start in range(0, 200, 50)]
    with wire.Connection(server.kafka) as connection:
        for number, data in enumerate(batches):
            assert connection.produce(topic, 0, data) == (wire.NONE, number * 50)
        stored = []
        while len(stored) < len(batches):
            error, watermark, data = connection.fetch(topic, 0, len(stored) * 50)
            assert (error, watermark) == (wire.NONE, 200)
            assert data, "a fetch below the watermark returns at least one batch"
            stored += split(data)
    for number, (sent, got) in enumerate(zip(batches, stored, strict=True)):
        assert struct.unpack_from(">q", got)[0] == number * 50
        assert got[8:12] == sent[8:12], "batch length"
        assert got[16:] == sent[16:], "from magic on, nothing but base offset and leader epoch may differ"
    assert pairs(clients.read_all(server, topic, 200)) == RECORDS[:200]


@pytest.mark.parametrize("codec", CODECS[1:])
@pytest.mark.parametrize("count", [10, 5000])
def test_the_time_of_compressed_records_is_found_whatever_the_header_says(server, codec, count):
    """Sarama before 1.45 sends a maximum timestamp of -1."""
    topic = clients.create_topic(server, clients.unique("times"))
    base = int(time.time() * 1000) - 60_000
    stamped = lambda _: COMPRESS[codec](b"".join(wire.record(i, b"k", b"v%d" % i, timestamp_delta=5 * i) for i in range(count)))
    with wire.Connection(server.kafka) as connection:
        for header_max in (-1, base + (1 << 40)):
            data = wire.batch([(b"k", b"v")] * count, codec, stamped, timestamp_ms=base, max_timestamp_ms=header_max)
            assert connection.produce(topic, 0, data)[0] == wire.NONE
        assert connection.list_offsets(topic, 0, base + 25)[2] == 5
        _, _, stored = connection.fetch(topic, 0, 0)
        assert struct.unpack_from(">q", next(split(stored)), 35)[0] == base + 5 * (count - 1), "the stored maximum is the records'"


def test_pipelined_batches_keep_their_order_whatever_takes_long_to_read(server):
    """Batches of 1 MiB are read on another thread; the short ones behind them must not overtake."""
    topic = clients.create_topic(server, clients.unique("order"))
    long = [(b"long", b"text that repeats itself " * 400)] * 100
    with wire.Connection(server.kafka) as connection:
        expected = 0
        for round in range(20):
            sizes = []
            for rows, codec in ((long, "lz4"), (RECORDS[:1], "none"), (RECORDS[:3], "gzip"), (long, "zstd"), (RECORDS[:2], "none")):
                data = wire.batch(rows, codec, lambda plain: COMPRESS[codec](plain))
                connection.send_produce(topic, 0, data)
                sizes.append(len(rows))
            for size in sizes:
                assert connection.receive_produce(topic, 0) == (wire.NONE, expected), round
                expected += size


def test_a_fetch_in_the_middle_of_a_batch_returns_the_whole_batch(server):
    topic = clients.create_topic(server, clients.unique("middle"))
    with wire.Connection(server.kafka) as connection:
        connection.produce(topic, 0, wire.batch(RECORDS[:50]))
        _, _, stored = connection.fetch(topic, 0, 25)
        assert [struct.unpack_from(">q", one)[0] for one in split(stored)] == [0]
        # At least one batch is returned whole, also above max_bytes.
        _, _, stored = connection.fetch(topic, 0, 0, max_bytes=1)
        assert len(list(split(stored))) == 1


def split(data):
    """The record batches of a fetch answer; a partial one at the end is dropped, as clients do."""
    at = 0
    while at + 12 <= len(data):
        size = 12 + struct.unpack_from(">i", data, at + 8)[0]
        if at + size > len(data):
            return
        yield data[at:at + size]
        at += size


def stored_codecs(server, topic):
    names, position = {number: name for name, number in wire.CODECS.items()}, 0
    found = set()
    with wire.Connection(server.kafka) as connection:
        while True:
            error, watermark, data = connection.fetch(topic, 0, position, max_bytes=8 << 20)
            assert error == wire.NONE
            if position >= watermark:
                return found
            for one in split(data):
                attributes, last = struct.unpack_from(">hi", one, 21)
                found.add(names[attributes & 7])
                position = struct.unpack_from(">q", one)[0] + last + 1


def read_with_kafka_python(server, topic):
    consumer = KafkaConsumer(topic, bootstrap_servers=server.kafka, auto_offset_reset="earliest", consumer_timeout_ms=20_000)
    try:
        records = []
        for record in consumer:
            records.append((record.key, record.value))
            if len(records) == len(RECORDS):
                break
        return records
    finally:
        consumer.close()
