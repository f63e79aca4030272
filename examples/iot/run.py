#!/usr/bin/env python3
"""A start-up's sensor pipeline from one command, with a reshard in the middle.

Sensors put their readings with the Kinesis API. Three readers of their own read the same stream, each by the protocol that its
team would take:

    sensors ── PutRecords ──►  readings  ──► anomalies   Kafka consumer group, writes alerts to the topic `alerts`
               (boto3)         a stream  ──► dashboard   Kinesis shards, keeps the last minute of each site in memory
                               = a topic ──► archive     Kafka consumer group, writes files named by their offsets

After a third of the run the stream is split from 2 to 4 shards, while everything goes through it. At the end each reader must
have seen every reading once, and the dashboard, which reads parents before children, in the order of each sensor; the archive's
files must hold them all; each reading that was made hot must have one alert. (A Kafka consumer knows no parents: it sees the order
of a partition, and a sensor may move to another partition at the split.)

    examples/iot/run.py [--sensors 200] [--seconds 20] [--server HOST] [--directory DIR]

Without --server a server is started on a temporary directory. With `--server 127.0.0.1` the one of `make serve` is used, so that
you can look at it meanwhile: `millrace stream describe readings`, `millrace group list`, `millrace consume alerts`.
"""

import argparse
import contextlib
import gzip
import json
import math
import pathlib
import random
import sys
import tempfile
import threading
import time
from collections import defaultdict, deque

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "Tests" / "Interop"))

import boto3  # noqa: E402
from botocore.exceptions import ClientError  # noqa: E402
from confluent_kafka import Consumer, KafkaException, Producer  # noqa: E402

STREAM, ALERTS = "readings", "alerts"
SITES = ("berlin", "lagos", "lima", "osaka")
HOT = 90.0


class Addresses:
    """Where the two faces are."""

    def __init__(self, kafka, kinesis):
        self.kafka, self.kinesis = kafka, kinesis

    def boto(self):
        return boto3.client("kinesis", endpoint_url=f"http://{self.kinesis}", region_name="us-east-1",
                            aws_access_key_id="any", aws_secret_access_key="any")

    def consumer(self, group):
        return Consumer({"bootstrap.servers": self.kafka, "group.id": group, "auto.offset.reset": "earliest",
                         "enable.auto.commit": False, "session.timeout.ms": 10_000, "log_level": 4,
                         # How soon a consumer notices new partitions; librdkafka's default is five minutes.
                         "topic.metadata.refresh.interval.ms": 1_000})


class Sensors(threading.Thread):
    """All sensors of the company: 10 batches a second, each reading numbered by its sensor."""

    def __init__(self, addresses, count, seconds, seed):
        super().__init__(name="sensors")
        self.addresses, self.count, self.seconds = addresses, count, seconds
        self.random = random.Random(seed)
        self.sent = defaultdict(int)
        self.hot = set()
        self.retried = 0
        self.failure = None

    def reading(self, sensor, now):
        number = self.sent[sensor]
        self.sent[sensor] += 1
        value = 20 + 5 * math.sin(now / 60 + sensor) + self.random.gauss(0, 0.5)
        if self.random.random() < 0.002:
            value = HOT + self.random.random() * 10
            self.hot.add((f"sensor-{sensor}", number))
        return {"sensor": f"sensor-{sensor}", "site": SITES[sensor % len(SITES)], "number": number,
                "celsius": round(value, 2), "at": round(now, 3)}

    def run(self):
        try:
            kinesis = self.addresses.boto()
            end = time.monotonic() + self.seconds
            while time.monotonic() < end:
                begin = time.monotonic()
                now = time.time()
                readings = [self.reading(sensor, now) for sensor in range(self.count)]
                for first in range(0, len(readings), 500):
                    self.put(kinesis, readings[first:first + 500])
                time.sleep(max(0.0, 0.1 - (time.monotonic() - begin)))
        except Exception as failure:  # reported by the main thread
            self.failure = failure

    def put(self, kinesis, readings):
        """What every producer of Kinesis must do: put those again that were refused, and before anything newer."""
        records = [{"Data": json.dumps(reading).encode(), "PartitionKey": reading["sensor"]} for reading in readings]
        while records:
            answer = kinesis.put_records(StreamName=STREAM, Records=records)
            refused = [record for record, result in zip(records, answer["Records"], strict=True) if "ErrorCode" in result]
            self.retried += len(refused)
            records = refused


class Reader(threading.Thread):
    """Keeps what a reader has seen, and counts what it saw twice or too early."""

    def __init__(self, name, addresses):
        super().__init__(name=name, daemon=True)
        self.addresses = addresses
        self.numbers = defaultdict(set)
        self.seen = 0
        self.early = 0
        self.stopping = threading.Event()
        self.failure = None

    def saw(self, reading):
        numbers, number = self.numbers[reading["sensor"]], reading["number"]
        self.early += number > len(numbers)
        numbers.add(number)
        self.seen += 1

    def run(self):
        try:
            self.read()
        except Exception as failure:  # reported by the main thread
            self.failure = failure

    def batches(self, consumer):
        """Messages until this reader is stopped."""
        try:
            while not self.stopping.is_set():
                messages = consumer.consume(500, timeout=0.2)
                for message in messages:
                    if message.error():
                        raise KafkaException(message.error())
                if messages:
                    yield messages
        finally:
            consumer.close()


class Anomalies(Reader):
    """Writes an alert for each reading that is too hot, and commits behind it."""

    def __init__(self, addresses):
        super().__init__("anomalies", addresses)
        self.alerted = []

    def read(self):
        consumer = self.addresses.consumer("anomalies")
        consumer.subscribe([STREAM])
        producer = Producer({"bootstrap.servers": self.addresses.kafka, "enable.idempotence": True, "log_level": 4})
        for messages in self.batches(consumer):
            for message in messages:
                reading = json.loads(message.value())
                self.saw(reading)
                if reading["celsius"] >= HOT:
                    producer.produce(ALERTS, json.dumps(reading).encode(), reading["sensor"].encode())
                    self.alerted.append((reading["sensor"], reading["number"]))
            assert producer.flush(30) == 0, "alerts were not delivered"
            consumer.commit(asynchronous=False)


class Archive(Reader):
    """Writes each batch of a partition as one file that is named by its offsets: the same batch gives the same file."""

    def __init__(self, addresses, directory):
        super().__init__("archive", addresses)
        self.directory = directory

    def read(self):
        consumer = self.addresses.consumer("archive")
        consumer.subscribe([STREAM])
        for messages in self.batches(consumer):
            parts = defaultdict(list)
            for message in messages:
                self.saw(json.loads(message.value()))
                parts[message.partition()].append(message)
            for partition, batch in parts.items():
                name = f"{STREAM}-{partition}-{batch[0].offset():012}-{batch[-1].offset():012}.jsonl.gz"
                with gzip.open(self.directory / name, "wb") as file:
                    file.write(b"\n".join(message.value() for message in batch) + b"\n")
            consumer.commit(asynchronous=False)


class Dashboard(Reader):
    """Reads the shards themselves, parents before children, and keeps the last minute of each site."""

    def __init__(self, addresses):
        super().__init__("dashboard", addresses)
        self.minute = defaultdict(lambda: deque(maxlen=600))
        self.shards = 0

    def read(self):
        kinesis = self.addresses.boto()
        waiting = {shard["ShardId"]: shard for shard in self.list(kinesis)}
        iterators, ended = {}, set()
        while not self.stopping.is_set():
            for name, shard in list(waiting.items()):
                parents = {shard.get("ParentShardId"), shard.get("AdjacentParentShardId")} - {None}
                # A parent that is gone from the list has been read by others long ago; ours is not.
                if all(parent in ended for parent in parents):
                    iterators[name] = kinesis.get_shard_iterator(
                        StreamName=STREAM, ShardId=name, ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
                    del waiting[name]
                    self.shards += 1
            got = 0
            for name, iterator in list(iterators.items()):
                answer = kinesis.get_records(ShardIterator=iterator, Limit=1000)
                got += len(answer["Records"])
                for record in answer["Records"]:
                    reading = json.loads(record["Data"])
                    self.saw(reading)
                    self.minute[reading["site"]].append(reading["celsius"])
                if answer.get("NextShardIterator"):
                    iterators[name] = answer["NextShardIterator"]
                else:
                    del iterators[name]
                    ended.add(name)
                    known = set(waiting) | set(iterators) | ended
                    waiting |= {shard["ShardId"]: shard for shard in self.list(kinesis) if shard["ShardId"] not in known}
            if not got:
                self.stopping.wait(0.1)

    @staticmethod
    def list(kinesis):
        return kinesis.list_shards(StreamName=STREAM)["Shards"]


def create(kinesis):
    with contextlib.suppress(ClientError):
        kinesis.delete_stream(StreamName=STREAM, EnforceConsumerDeletion=True)
        kinesis.get_waiter("stream_not_exists").wait(StreamName=STREAM, WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    kinesis.create_stream(StreamName=STREAM, ShardCount=2)
    kinesis.get_waiter("stream_exists").wait(StreamName=STREAM, WaiterConfig={"Delay": 1, "MaxAttempts": 30})


def run(addresses, directory, sensors=200, seconds=20, seed=7, out=sys.stdout):
    """Runs the pipeline and returns its figures; raises AssertionError where a reader is wrong."""
    kinesis = addresses.boto()
    create(kinesis)
    fleet = Sensors(addresses, sensors, seconds, seed)
    anomalies, dashboard, archive = Anomalies(addresses), Dashboard(addresses), Archive(addresses, directory)
    readers = (anomalies, dashboard, archive)
    began = time.monotonic()
    for thread in (*readers, fleet):
        thread.start()

    def line(text):
        print(f"{time.monotonic() - began:6.1f} s  {text}", file=out, flush=True)

    line(f"{sensors} sensors put readings into 2 shards")
    resharded = False
    while fleet.is_alive():
        fleet.join(2)
        if not resharded and time.monotonic() - began > seconds / 3:
            kinesis.update_shard_count(StreamName=STREAM, TargetShardCount=4, ScalingType="UNIFORM_SCALING")
            resharded = True
            line("the stream is split: 4 shards, under load")
        hottest = max(((max(values), site) for site, values in list(dashboard.minute.items()) if values), default=(0, "-"))
        line(f"sent {sum(fleet.sent.values())}; " + "; ".join(f"{reader.name} {reader.seen}" for reader in readers)
             + f"; {len(anomalies.alerted)} alerts; warmest: {hottest[1]} {hottest[0]:.1f} °C")
    if fleet.failure:
        raise fleet.failure
    total = sum(fleet.sent.values())
    deadline = time.monotonic() + 60
    while any(reader.seen < total and not reader.failure for reader in readers) and time.monotonic() < deadline:
        time.sleep(0.1)
    for reader in readers:
        reader.stopping.set()
        reader.join(30)
        if reader.failure:
            raise reader.failure
        different = sum(len(numbers) for numbers in reader.numbers.values())
        assert (reader.seen, different) == (total, total), f"{reader.name} read {reader.seen}, {different} different of {total}"
    assert not dashboard.early or fleet.retried, f"the dashboard read {dashboard.early} readings before earlier ones"
    archived = sorted(
        (reading["sensor"], reading["number"])
        for path in directory.glob(f"{STREAM}-*.jsonl.gz") for reading in map(json.loads, gzip.open(path)))
    expected = sorted((f"sensor-{sensor}", number) for sensor, sent in fleet.sent.items() for number in range(sent))
    assert archived == expected, f"the archive holds {len(archived)} readings of {total}"
    assert sorted(anomalies.alerted) == sorted(fleet.hot), "not every hot reading has one alert"
    figures = {"readings": total, "alerts": len(fleet.hot), "files": len(list(directory.glob("*.gz"))),
               "shards read": dashboard.shards, "seconds": round(time.monotonic() - began, 1)}
    line("done: " + ", ".join(f"{value} {name}" if name != "seconds" else f"{value} s" for name, value in figures.items()))
    return figures


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sensors", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--server", metavar="HOST", help="a server that runs, on the ports of `make serve`")
    parser.add_argument("--directory", type=pathlib.Path, help="where the archive goes (default: a temporary directory)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="millrace-iot-") as temporary, contextlib.ExitStack() as stack:
        directory = options.directory or pathlib.Path(temporary)
        directory.mkdir(parents=True, exist_ok=True)
        if options.server:
            addresses = Addresses(f"{options.server}:9092", f"{options.server}:4567")
        else:
            from harness.server import Server

            server = stack.enter_context(Server(pathlib.Path(temporary) / "data"))
            addresses = Addresses(server.kafka, server.kinesis)
        run(addresses, directory, options.sensors, options.seconds)


if __name__ == "__main__":
    main()
