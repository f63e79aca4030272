"""Internal topics stay whole when clients use their names."""

import time

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer
from confluent_kafka.admin import ConfigResource, NewPartitions, NewTopic, ResourceType

from harness import clients


@pytest.mark.parametrize("name", ["__consumer_offsets", "__transaction_state"])
def test_a_client_that_names_an_internal_topic_does_not_break_it(new_server, name):
    """Before any group exists. Kafka makes the topic as its coordinator would."""
    server = new_server()
    admin = clients.admin(server)
    producer = Producer({"bootstrap.servers": server.kafka, "log_level": 0})
    producer.list_topics(name, timeout=20)
    outcomes = []
    producer.produce(name, b"v", b"k", on_delivery=lambda error, _: outcomes.append(error))
    producer.flush(5)
    assert outcomes == [] or outcomes[0] is not None, "clients do not write to internal topics"
    topics = admin.list_topics(timeout=20).topics
    assert len(topics[name].partitions) == 50
    resource = ConfigResource(ResourceType.TOPIC, name)
    configs = admin.describe_configs([resource])[resource].result(20)
    assert configs["cleanup.policy"].value == "compact"
    source = clients.create_topic(server, "source", partitions=1)
    clients.produce_all(server, source, [(b"k", b"v")])
    for group in ("a", "b", "c"):
        consumer = clients.consumer(server, group, **{"auto.offset.reset": "earliest"})
        consumer.subscribe([source])
        end = time.monotonic() + 20
        message = None
        while message is None and time.monotonic() < end:
            message = consumer.poll(1)
        assert message is not None and message.error() is None
        consumer.commit(asynchronous=False)
        consumer.close()


@pytest.mark.parametrize("name", ["__consumer_offsets", "__transaction_state"])
def test_topics_of_coordinators_are_created_with_the_partitions_that_these_have(new_server, name):
    server = new_server()
    admin = clients.admin(server)

    def refusal(topic):
        with pytest.raises(KafkaException) as failure:
            admin.create_topics([topic])[topic.topic].result(20)
        return failure.value.args[0].code()

    assert refusal(NewTopic(name, 1, 1)) == KafkaError.INVALID_PARTITIONS
    assert refusal(NewTopic("__cluster_metadata", 1, 1)) == KafkaError.TOPIC_AUTHORIZATION_FAILED
    admin.create_topics([NewTopic(name, 50, 1, config={"segment.bytes": "10485760"})])[name].result(20)
    assert len(admin.list_topics(name).topics[name].partitions) == 50
    assert refusal(NewTopic(name, 50, 1)) == KafkaError.TOPIC_ALREADY_EXISTS


def test_a_topic_that_begins_with_underscores_is_a_topic_like_others(new_server):
    """Debezium's heartbeat topics, for example: only the topics of coordinators are special."""
    server = new_server()
    admin = clients.admin(server)
    name = "__debezium-heartbeat.orders"
    admin.create_topics([NewTopic(name, 1, 1)])[name].result(20)
    delivered = []
    producer = clients.producer(server)
    producer.produce(name, b"beat", on_delivery=lambda error, _: delivered.append(error))
    assert producer.flush(20) == 0 and delivered == [None]
    admin.create_partitions([NewPartitions(name, 3)])[name].result(20)
    assert len(admin.list_topics(name).topics[name].partitions) == 3
    admin.delete_topics([name])[name].result(20)
    assert name not in admin.list_topics().topics
