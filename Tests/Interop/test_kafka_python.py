"""kafka-python: its own implementation of the protocol, so other versions and other paths than librdkafka's."""

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import KafkaError, TopicAlreadyExistsError, UnknownTopicOrPartitionError

from harness import clients


@pytest.fixture
def admin(server):
    client = KafkaAdminClient(bootstrap_servers=server.kafka)
    yield client
    client.close()


def read(server, topic, expected, **more):
    client = KafkaConsumer(topic, bootstrap_servers=server.kafka, auto_offset_reset="earliest", consumer_timeout_ms=20_000, **more)
    try:
        records = []
        for record in client:
            records.append(record)
            if len(records) == expected:
                break
        return records
    finally:
        client.close()


@pytest.mark.parametrize("idempotent", [True, False])
def test_records_come_back_as_they_went_in(server, topic, idempotent):
    with KafkaProducer(bootstrap_servers=server.kafka, acks="all", enable_idempotence=idempotent, linger_ms=5) as producer:
        futures = [producer.send(topic, value=b"v%d" % i, key=b"k%d" % (i % 10), headers=[("n", b"%d" % i)]) for i in range(1000)]
        places = [future.get(30) for future in futures]
    got = {(r.partition, r.offset): r for r in read(server, topic, 1000)}
    assert len(got) == 1000
    for i, place in enumerate(places):
        record = got[place.partition, place.offset]
        assert (record.key, record.value, list(record.headers)) == (b"k%d" % (i % 10), b"v%d" % i, [("n", b"%d" % i)])


def test_a_group_commits_and_resumes(server, topic):
    clients.produce_all(server, topic, [(b"k", b"%d" % i, {"partition": 0}) for i in range(100)])
    group = clients.unique("group")
    settings = dict(bootstrap_servers=server.kafka, group_id=group, auto_offset_reset="earliest", enable_auto_commit=False,
                    consumer_timeout_ms=20_000, max_poll_records=10)
    first = KafkaConsumer(topic, **settings)
    seen = [next(first) for _ in range(40)]
    first.commit()
    first.close()
    committed = seen[-1].offset + 1
    second = KafkaConsumer(topic, **settings)
    try:
        assert next(second).offset == committed
        assert second.committed(TopicPartition(topic, 0)) == committed
    finally:
        second.close()


def test_topics_are_created_described_and_deleted(admin, server):
    name = clients.unique("admin")
    admin.create_topics({name: {"num_partitions": 4, "replication_factor": 1, "configs": {"retention.ms": "3600000"}}})
    description = admin.describe_topics([name])[0]
    assert len(description["partitions"]) == 4
    with pytest.raises(TopicAlreadyExistsError):
        admin.create_topics({name: {"num_partitions": 1, "replication_factor": 1}})
    assert name in admin.list_topics() or any(name == getattr(t, "get", lambda _: t)("name") for t in admin.list_topics())
    admin.delete_topics([name])
    with pytest.raises(UnknownTopicOrPartitionError):
        admin.delete_topics([name])


def test_beginning_end_and_time_offsets(server, topic):
    base = 1_700_000_000_000
    clients.produce_all(server, topic, [(None, b"x", {"partition": 1, "timestamp": base + i}) for i in range(50)])
    client = KafkaConsumer(bootstrap_servers=server.kafka)
    try:
        partition = TopicPartition(topic, 1)
        assert client.beginning_offsets([partition])[partition] == 0
        assert client.end_offsets([partition])[partition] == 50
        found = client.offsets_for_times({partition: base + 20})[partition]
        assert (found.offset, found.timestamp) == (20, base + 20)
    finally:
        client.close()


def test_the_cluster_describes_itself(admin):
    cluster = admin.describe_cluster()
    assert cluster["cluster_id"]
    assert len(cluster["brokers"]) == 1


def test_a_record_over_the_limit_is_refused_and_the_producer_goes_on(server, topic):
    with KafkaProducer(bootstrap_servers=server.kafka, acks="all", max_request_size=5_000_000, enable_idempotence=False) as producer:
        with pytest.raises(KafkaError):
            producer.send(topic, value=bytes(2_000_000), partition=0).get(30)
        assert producer.send(topic, value=b"small", partition=0).get(30).offset == 0
