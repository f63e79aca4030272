"""What a server costs that has clients and no traffic: idle connections, and consumers in their long polls."""

import socket
import time

from confluent_kafka import Consumer, TopicPartition

from measure.accounting import Accounting
from scenarios import topics


def waiting_consumers(server, topic, partitions, count):
    """`count` consumers with librdkafka's defaults (fetch.wait.max.ms 500), partitions dealt among them."""
    consumers = []
    for number in range(count):
        consumer = Consumer({"bootstrap.servers": server.kafka, "group.id": f"idle-{number}", "log_level": 0,
                             "enable.auto.commit": False})
        consumer.assign([TopicPartition(topic, partition, 0) for partition in range(number, partitions, count)])
        consumers.append(consumer)
    return consumers


def run(side, arguments, _options):
    topic, partitions = f"idle-{time.time_ns()}", arguments["partitions"]
    with side.server() as server:
        topics.create(server, topic, partitions)
        host, port = server.kafka.rsplit(":", 1)
        connections = [socket.create_connection((host, int(port)), 10) for _ in range(arguments["connections"])]
        consumers = waiting_consumers(server, topic, partitions, arguments["consumers"])
        # Until every consumer has its first long poll under way.
        time.sleep(arguments["settle_seconds"])
        spent, start = Accounting(server.pids), time.monotonic()
        time.sleep(arguments["seconds"])
        seconds = time.monotonic() - start
        row = {"client": "librdkafka", "partitions": partitions, "connections": arguments["connections"],
               "consumers": arguments["consumers"], "seconds": round(seconds, 2)} | spent.close()
        for consumer in consumers:
            consumer.close()
        for connection in connections:
            connection.close()
    if "server_cpu_s" in row:
        row["core_percent"] = round(row["server_cpu_s"] / seconds * 100, 3)
    return {"idle": row}
