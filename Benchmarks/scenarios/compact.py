"""What compacting a topic costs: many records of few keys, until little more than the newest of each key is left."""

import os
import time

from confluent_kafka import Consumer, KafkaError, Producer, TopicPartition

from measure.accounting import Accounting
from scenarios import topics

CONFIG = ("cleanup.policy=compact", "segment.bytes=8388608", "segment.ms=5000", "min.cleanable.dirty.ratio=0.01")
# Kafka's cleaner looks every 15 seconds.
LOOK_SECONDS = 2.0
DEADLINE_SECONDS = 180.0


def left(server, topic):
    """Records that a reader finds from the beginning on."""
    consumer = Consumer({"bootstrap.servers": server.kafka, "group.id": f"{topic}-{time.time_ns()}", "log_level": 0,
                         "enable.partition.eof": True, "enable.auto.commit": False})
    consumer.assign([TopicPartition(topic, 0, 0)])
    count = 0
    try:
        while True:
            for message in consumer.consume(10_000, 5.0):
                if message.error():
                    assert message.error().code() == KafkaError._PARTITION_EOF, message.error()
                    return count
                count += 1
    finally:
        consumer.close()


def run(side, arguments, _options):
    topic, records, keys = f"compact-{time.time_ns()}", arguments["records"], arguments["keys"]
    payload = os.urandom(arguments["size"])
    with side.server() as server:
        topics.create(server, topic, 1, CONFIG)
        producer = Producer({"bootstrap.servers": server.kafka, "linger.ms": 5, "log_level": 0,
                             "queue.buffering.max.messages": 2_000_000})
        whole, began = Accounting(server.pids), time.monotonic()
        for number in range(records):
            key = b"k%d" % (number % keys)
            while True:
                try:
                    producer.produce(topic, payload, key)
                    break
                except BufferError:
                    producer.poll(0.01)
            if number % 1000 == 0:
                producer.poll(0)
        producer.flush(120)
        spent, start, found = Accounting(server.pids), time.monotonic(), records
        while time.monotonic() - start < DEADLINE_SECONDS:
            # The newest segment is compacted once it is closed, which takes a record after its time.
            time.sleep(LOOK_SECONDS)
            producer.produce(topic, payload, b"k0")
            producer.flush(10)
            found = left(server, topic)
            if found <= records // 20:
                break
        seconds = time.monotonic() - start
        return {"compact": {"client": "librdkafka", "records": records, "size": arguments["size"], "keys": keys,
                            "seconds": round(seconds, 2), "left": found,
                            "left_percent": round(100 * found / records, 2),
                            "with_produce_cpu_s": whole.close().get("server_cpu_s"),
                            "with_produce_s": round(time.monotonic() - began, 2)}
                | spent.close(mb=records * arguments["size"] / 1e6)}
