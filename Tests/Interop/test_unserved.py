"""What is not served yet fails at once, with an error that says so, in real clients; and internal topics stay whole."""

import asyncio
import time

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError as AIOKafkaError
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer
from confluent_kafka.admin import ConfigResource, NewTopic, ResourceType
from kafka import KafkaProducer
from kafka.errors import KafkaError as PythonKafkaError

from harness import clients


def test_librdkafka_refuses_a_transactional_producer_at_once(server):
    producer = Producer({"bootstrap.servers": server.kafka, "transactional.id": "t", "log_level": 0})
    start = time.monotonic()
    with pytest.raises(KafkaException) as failure:
        producer.init_transactions(30)
    assert time.monotonic() - start < 5
    error = failure.value.args[0]
    assert error.fatal() and error.code() == KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED
    assert "Transactions are not served yet" in error.str()
    assert "transactions are not served yet" in server.log()


def test_kafka_python_refuses_a_transactional_producer_at_once(server):
    producer = KafkaProducer(bootstrap_servers=server.kafka, transactional_id="t", max_block_ms=30_000)
    start = time.monotonic()
    with pytest.raises(PythonKafkaError) as failure:
        producer.init_transactions()
    assert time.monotonic() - start < 5
    assert "ransactional" in repr(failure.value) or "ransaction" in str(failure.value)
    producer.close(timeout=1)


def test_aiokafka_refuses_a_transactional_producer_at_once(server):
    async def run():
        producer = AIOKafkaProducer(bootstrap_servers=server.kafka, transactional_id="t")
        try:
            await producer.start()
            async with producer.transaction():
                pass
        finally:
            await producer.stop()

    start = time.monotonic()
    with pytest.raises(AIOKafkaError) as failure:
        asyncio.run(asyncio.wait_for(run(), 30))
    assert time.monotonic() - start < 5
    assert "ransactional" in repr(failure.value)


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
    if name == "__consumer_offsets":
        assert len(topics[name].partitions) == 50
        resource = ConfigResource(ResourceType.TOPIC, name)
        configs = admin.describe_configs([resource])[resource].result(20)
        assert configs["cleanup.policy"].value == "compact"
    else:
        assert name not in topics
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
def test_internal_topics_are_not_created_by_clients(new_server, name):
    server = new_server()
    admin = clients.admin(server)
    with pytest.raises(KafkaException) as failure:
        admin.create_topics([NewTopic(name, 1, 1)])[name].result(20)
    assert failure.value.args[0].code() == KafkaError.POLICY_VIOLATION
