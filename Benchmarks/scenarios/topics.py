"""Topics of a scenario: made before its loads run, counted after them."""

from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic, OffsetSpec


def admin(server):
    return AdminClient({"bootstrap.servers": server.kafka, "log_level": 0})


def create(server, name, partitions, config=()):
    topic = NewTopic(name, num_partitions=partitions, replication_factor=1,
                     config=dict(pair.split("=", 1) for pair in config))
    client = admin(server)
    for future in client.create_topics([topic], request_timeout=60).values():
        future.result(60)


def end_offsets(server, name, partitions):
    """The sum of the high watermarks: how many records a reader would get of a topic that lost none."""
    asked = {TopicPartition(name, partition): OffsetSpec.latest() for partition in range(partitions)}
    # Kept in a variable: a client that is collected never answers its futures.
    client = admin(server)
    return sum(future.result(60).offset for future in client.list_offsets(asked, request_timeout=60).values())
