#!/usr/bin/env python3
"""Drives a Kafka-compatible broker with librdkafka (confluent-kafka) and says what the *broker process* spent.

    librdkafka.py --bootstrap 127.0.0.1:9092 --pid BROKER_PID [--pid ...] PHASE [PHASE ...]

Phases, all on one topic (made with --partitions unless --topic names one that exists):
    produce   --records of --size bytes at full speed; ends when every delivery report is in
    consume   reads --records back, --groups readers of everything at once (run after produce: the page cache is warm)
    tail      produce at full speed while one consumer in a process of its own reads along
    latency   --rate records/s for --seconds, from the intended send time to the delivery report and to the consumer

One JSON line per phase. Counting from the intended time accounts for coordinated omission: a stall delays every record
that was due meanwhile, and all of them say so. The client shares the machine with the broker: compare CPU seconds, and
throughput only against a peer driven by this same script.
"""

import argparse
import multiprocessing
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from confluent_kafka import Consumer, Producer, TopicPartition  # noqa: E402
from confluent_kafka.admin import AdminClient, NewTopic  # noqa: E402

from loads.payload import payloads  # noqa: E402
from loads.row import emit  # noqa: E402
from measure.accounting import Accounting  # noqa: E402
from measure.percentiles import percentiles, timeline  # noqa: E402

# The first tenth of a latency run warms caches, code and connections and is not counted.
WARM_UP_SHARE = 0.1
STAMP_BYTES = 24


def quiet(settings):
    """Client settings with librdkafka's own chatter off: what matters comes back as errors of calls and reports."""
    return {"log_level": 0, **settings}


def connection(args):
    secure = {"security.protocol": "ssl", "ssl.ca.location": args.tls_ca} if args.tls_ca else {}
    return quiet({"bootstrap.servers": args.bootstrap, **secure})


def make_topic(args, name):
    admin = AdminClient(connection(args))
    config = dict(pair.split("=", 1) for pair in args.topic_config)
    topic = NewTopic(name, num_partitions=args.partitions, replication_factor=1, config=config)
    for future in admin.create_topics([topic], request_timeout=60).values():
        future.result(60)
    deadline = time.monotonic() + 60
    while True:
        described = admin.list_topics(name, timeout=10).topics[name]
        if described.error is None and len(described.partitions) == args.partitions:
            return
        if time.monotonic() > deadline:
            raise SystemExit(f"librdkafka: topic {name} has not come up within 60 s: {described.error}")
        time.sleep(0.05)


def make_producer(args, **more):
    return Producer(connection(args) | {
        "acks": args.acks, "compression.type": args.compression, "linger.ms": args.linger_ms,
        "batch.size": args.batch_bytes, "queue.buffering.max.messages": 2_000_000,
        "queue.buffering.max.kbytes": 1_048_576, "enable.idempotence": args.idempotent,
        "message.max.bytes": max(1_000_000, args.size + 10_000)} | more)


def make_consumer(args, **more):
    consumer = Consumer(connection(args) | {
        "group.id": f"load-{time.time_ns()}", "enable.auto.commit": False, "auto.offset.reset": "earliest"} | more)
    consumer.assign([TopicPartition(args.topic, partition, 0) for partition in range(args.partitions)])
    return consumer


def row(args, phase, records, seconds, spent, **more):
    emit(phase, "librdkafka", records, args.size, seconds, spent, target=args.bootstrap, partitions=args.partitions,
         connections=args.connections, acks=args.acks, compression=args.compression, **more)


def send_all(args):
    """Produces --records round robin over partitions and connections; (delivered, failed) once all are reported."""
    values, delivered, failed = payloads(args.size, args.payload), [0], [0]
    producers = [make_producer(args) for _ in range(args.connections)]

    def on_delivery(error, _message):
        failed[0] += error is not None
        delivered[0] += error is None

    for i in range(args.records):
        producer, value = producers[i % args.connections], values[i % len(values)]
        while True:
            try:
                producer.produce(args.topic, value, partition=i % args.partitions, on_delivery=on_delivery)
                break
            except BufferError:
                producer.poll(0.05)
        if i % 1000 == 0:
            for producer in producers:
                producer.poll(0)
    for producer in producers:
        producer.flush(300)
    return delivered[0], failed[0]


def produce(args):
    spent, start = Accounting(args.pid), time.monotonic()
    delivered, failed = send_all(args)
    row(args, "produce", delivered, time.monotonic() - start, spent, failed=failed)


def read_all(args, count, wait_seconds=10):
    """Reads `count` records from the start of all partitions; the number got, fewer when nothing comes any more."""
    consumer = make_consumer(args, **{
        "fetch.message.max.bytes": 4 << 20, "queued.max.messages.kbytes": 1_048_576, "queued.min.messages": 5_000_000,
        "fetch.queue.backoff.ms": 5})
    got = 0
    while got < count:
        messages = consumer.consume(min(10_000, count - got), wait_seconds)
        if not messages:
            break
        got += len(messages)
    consumer.close()
    return got


def consume(args):
    spent, start = Accounting(args.pid), time.monotonic()
    if args.groups == 1:
        got = read_all(args, args.records)
    else:
        with multiprocessing.Pool(args.groups) as pool:
            got = sum(pool.starmap(read_all, [(args, args.records)] * args.groups))
            pool.close()
            pool.join()
    seconds = time.monotonic() - start
    row(args, "consume", got, seconds, spent, groups=args.groups, missing=args.records * args.groups - got)


def read_along(args, queue):
    consumer = make_consumer(args, **{"fetch.message.max.bytes": 4 << 20, "fetch.queue.backoff.ms": 5})
    # The first poll may return nothing; the assignment is in effect once it has returned.
    consumer.poll(0.5)
    queue.put("ready")
    got, last = 0, time.monotonic()
    while got < args.records and time.monotonic() - last < 10:
        messages = consumer.consume(min(10_000, args.records - got), 0.2)
        if messages:
            got, last = got + len(messages), time.monotonic()
    consumer.close()
    queue.put(got)


def tail(args):
    queue = multiprocessing.Queue()
    reader = multiprocessing.Process(target=read_along, args=(args, queue))
    reader.start()
    queue.get(timeout=60)
    spent, start = Accounting(args.pid), time.monotonic()
    delivered, failed = send_all(args)
    acknowledged = time.monotonic() - start
    got = queue.get(timeout=300)
    seconds = time.monotonic() - start
    reader.join()
    row(args, "tail", got, seconds, spent, failed=failed, missing=delivered - got,
        reader_behind_s=round(seconds - acknowledged, 3))


def read_stamps(args, expected, queue):
    consumer = make_consumer(args, **{"fetch.wait.max.ms": 500, "fetch.min.bytes": 1})
    consumer.poll(0.5)
    queue.put("ready")
    seen, last = [], time.monotonic()
    while len(seen) < expected and time.monotonic() - last < 10:
        message = consumer.poll(0.2)
        if message is not None and not message.error():
            last = time.monotonic()
            seen.append((float(message.value()[:STAMP_BYTES]), last))
    consumer.close()
    queue.put(seen)


def latency(args):
    count, acked, queue = int(args.rate * args.seconds), [], multiprocessing.Queue()
    reader = multiprocessing.Process(target=read_stamps, args=(args, count, queue))
    reader.start()
    queue.get(timeout=60)
    producer = make_producer(args, **{"linger.ms": 0})
    producer.list_topics(args.topic, timeout=10)
    spent, start = Accounting(args.pid), time.monotonic()
    filler = b"x" * max(0, args.size - STAMP_BYTES)

    def report(due):
        def on_delivery(error, _message):
            if error is None:
                acked.append((due, time.monotonic()))
        return on_delivery

    for i in range(count):
        due = start + i / args.rate
        while (wait := due - time.monotonic()) > 0:
            producer.poll(min(wait, 0.001))
        stamp = f"{due:.9f}".ljust(STAMP_BYTES).encode()
        producer.produce(args.topic, stamp + filler, partition=i % args.partitions, on_delivery=report(due))
    producer.flush(60)
    seconds = time.monotonic() - start
    seen = queue.get(timeout=120)
    reader.join()
    warm = start + args.seconds * WARM_UP_SHARE
    figures = {"rate": args.rate, "missing": count - len(seen),
               "ack": percentiles(done - due for due, done in acked if due >= warm),
               "end_to_end": percentiles(done - due for due, done in seen if due >= warm)}
    if args.timeline:
        figures["timeline"] = timeline([(due - start, done - due) for due, done in seen], args.timeline)
        figures["ack_timeline"] = timeline([(due - start, done - due) for due, done in acked], args.timeline)
    row(args, "latency", len(acked), seconds, spent, **figures)


def warm_up(args):
    """Produces some records elsewhere first, so that a server is not measured while it makes its first files."""
    warm = argparse.Namespace(**{**vars(args), "topic": f"warm-{time.time_ns()}", "records": args.warm_up_records})
    make_topic(warm, warm.topic)
    send_all(warm)
    for future in AdminClient(connection(args)).delete_topics([warm.topic]).values():
        future.result(60)


PHASES = {"produce": produce, "consume": consume, "tail": tail, "latency": latency}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bootstrap", default="127.0.0.1:9092")
    parser.add_argument("--tls-ca", metavar="FILE", help="speak TLS and trust the authorities in this file")
    parser.add_argument("--pid", type=int, action="append", default=[], help="a broker process; repeatable")
    parser.add_argument("--topic", help="a topic that exists (default: a new one)")
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--size", type=int, default=100, help="bytes of a record's value")
    parser.add_argument("--payload", choices=["random", "json"], default="random")
    parser.add_argument("--partitions", type=int, default=1)
    parser.add_argument("--connections", type=int, default=1, help="producers, each with a connection of its own")
    parser.add_argument("--groups", type=int, default=1, help="readers of everything, a process each")
    parser.add_argument("--acks", default="all", choices=["0", "1", "all"])
    parser.add_argument("--compression", default="none", choices=["none", "gzip", "snappy", "lz4", "zstd"])
    parser.add_argument("--linger-ms", type=float, default=5)
    parser.add_argument("--batch-bytes", type=int, default=131_072)
    parser.add_argument("--idempotent", action="store_true")
    parser.add_argument("--rate", type=float, default=1000, help="records/s of the latency phase")
    parser.add_argument("--seconds", type=float, default=10, help="length of the latency phase")
    parser.add_argument("--timeline", type=float, default=0, metavar="SECONDS", help="latency per SECONDS as well")
    parser.add_argument("--warm-up-records", type=int, default=0, help="records to another topic first, not counted")
    parser.add_argument("--topic-config", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("phases", nargs="+", choices=PHASES, metavar="PHASE")
    return parser.parse_args()


def main():
    args = arguments()
    if args.warm_up_records:
        warm_up(args)
    if args.topic is None:
        args.topic = f"load-{args.size}-{time.time_ns()}"
        make_topic(args, args.topic)
    for phase in args.phases:
        PHASES[phase](args)


if __name__ == "__main__":
    main()
