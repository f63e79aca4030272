"""What transactions and offset commits cost, with one librdkafka client that waits for each before the next.

Latencies are those of the call that ends a transaction or commits offsets; CPU is the server's for each of them.
"""

import os
import time

from confluent_kafka import Consumer, Producer, TopicPartition

from measure.accounting import Accounting
from measure.percentiles import percentiles
from scenarios import topics

PARTITIONS = 4
# The first ones warm connections and caches and are not counted.
WARM_UP = 50
COPIED_PER_TRANSACTION = 100


def producer(server, **settings):
    return Producer({"bootstrap.servers": server.kafka, "log_level": 0, "linger.ms": 0} | settings)


def send(client, topic, value, partition):
    while True:
        try:
            return client.produce(topic, value, partition=partition)
        except BufferError:
            client.poll(0.01)


def timed(call, times):
    start = time.monotonic()
    call()
    times.append(time.monotonic() - start)


def row(name, count, seconds, spent, times, **more):
    """`count`: transactions or commits; `cpu_ms_each`: of the server, for each of them."""
    spent = spent.close(mb=more.pop("mb", None))
    return {name: {"client": "librdkafka", "count": count, "seconds": round(seconds, 3),
                   "per_s": round(count / seconds, 1),
                   "cpu_ms_each": round(spent.get("server_cpu_s", 0) / count * 1000, 3),
                   "latency": percentiles(times)} | more | spent}


def transactions(server, topic, arguments):
    """--count transactions of --records records of --size bytes over four partitions."""
    client = producer(server, **{"transactional.id": topic, "linger.ms": arguments.get("linger_ms", 0)})
    client.init_transactions()
    value, times = os.urandom(arguments["size"]), []

    def one():
        client.begin_transaction()
        for number in range(arguments["records"]):
            send(client, topic, value, number % PARTITIONS)
        timed(client.commit_transaction, times)

    for _ in range(arguments.get("warm_up", WARM_UP)):
        one()
    times.clear()
    spent, start = Accounting(server.pids), time.monotonic()
    for _ in range(arguments["count"]):
        one()
    seconds = time.monotonic() - start
    megabytes = arguments["count"] * arguments["records"] * arguments["size"] / 1e6
    # Of small transactions the records are the lesser part: a figure per byte says nothing.
    of_bytes = {"mb": megabytes, "mb_per_s": round(megabytes / seconds, 1)} if arguments["records"] >= 1000 else {}
    return row("transactions", arguments["count"], seconds, spent, times,
               records_per_transaction=arguments["records"], **of_bytes)


def copy(server, topic, arguments):
    """Reads committed records, writes each to another topic and commits their offsets in the same transaction."""
    target, count = f"{topic}-copy", arguments["count"]
    topics.create(server, target, PARTITIONS)
    filler = producer(server, **{"linger.ms": 5})
    for number in range((count + WARM_UP) * COPIED_PER_TRANSACTION):
        send(filler, topic, b"%d" % number, number % PARTITIONS)
    filler.flush(120)
    reader = Consumer({"bootstrap.servers": server.kafka, "log_level": 0, "group.id": topic, "enable.auto.commit": False,
                       "auto.offset.reset": "earliest", "isolation.level": "read_committed"})
    reader.subscribe([topic])
    writer, times, copied = producer(server, **{"transactional.id": topic}), [], 0
    writer.init_transactions()

    def one():
        records, deadline = [], time.monotonic() + 30
        while len(records) < COPIED_PER_TRANSACTION and time.monotonic() < deadline:
            records += reader.consume(COPIED_PER_TRANSACTION - len(records), 1.0)
        writer.begin_transaction()
        for record in records:
            send(writer, target, record.value(), record.partition())
        writer.send_offsets_to_transaction(reader.position(reader.assignment()), reader.consumer_group_metadata())
        timed(writer.commit_transaction, times)
        return len(records)

    for _ in range(WARM_UP):
        one()
    times.clear()
    spent, start = Accounting(server.pids), time.monotonic()
    for _ in range(count):
        copied += one()
    seconds = time.monotonic() - start
    answer = row("copy", count, seconds, spent, times, copied=copied,
                 missing=count * COPIED_PER_TRANSACTION - copied)
    reader.close()
    return answer


def commits(server, topic, arguments):
    """Synchronous commits of the offsets of four partitions by one consumer."""
    client = Consumer({"bootstrap.servers": server.kafka, "log_level": 0, "group.id": topic, "enable.auto.commit": False})
    client.assign([TopicPartition(topic, partition, 0) for partition in range(PARTITIONS)])
    client.poll(0.5)
    times = []

    def one(number):
        offsets = [TopicPartition(topic, partition, number) for partition in range(PARTITIONS)]
        timed(lambda: client.commit(offsets=offsets, asynchronous=False), times)

    for number in range(WARM_UP):
        one(number)
    times.clear()
    spent, start = Accounting(server.pids), time.monotonic()
    for number in range(arguments["count"]):
        one(number)
    answer = row("commits", arguments["count"], time.monotonic() - start, spent, times)
    client.close()
    return answer


LOADS = {"transactions": transactions, "copy": copy, "commits": commits}


def run(side, arguments, _options):
    topic = f"coordination-{time.time_ns()}"
    with side.server() as server:
        topics.create(server, topic, PARTITIONS)
        return LOADS[arguments["load"]](server, topic, arguments)
