"""Three brokers on one etcd and one object store: clients find leaders and coordinators, and continue when a broker dies.

Sessions in etcd last 9 s, so a broker that is killed is replaced after about 10 s. Bounds are wide: the machine may be
loaded.
"""

import subprocess
import threading
import time

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from harness import clients
from harness.cluster import ETCD, Broker, Cluster
from harness.server import binary

pytestmark = pytest.mark.skipif(not ETCD.exists(), reason="no etcd: run scripts/engines/etcd fetch")

FAIL_OVER_SECONDS = 60


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    with Cluster(tmp_path_factory.mktemp("cluster")) as running:
        yield running
        statuses = {number: broker.stop(40) for number, broker in running.brokers.items() if broker.alive()}
        assert set(statuses.values()) <= {0}, f"{statuses}\n{running.log()}"


def until(condition, what, seconds=FAIL_OVER_SECONDS):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.1)
    raise AssertionError(f"not within {seconds} s: {what}")


def leaders(admin, topic):
    """Leader by partition; None while one of them has none."""
    metadata = admin.list_topics(topic, timeout=10).topics[topic]
    if metadata.error is not None or any(one.error is not None or one.leader < 0 for one in metadata.partitions.values()):
        return None
    return {number: one.leader for number, one in metadata.partitions.items()}


def create(cluster, partitions=6, replication=3):
    topic = clients.unique("topic")
    admin = AdminClient({"bootstrap.servers": cluster.bootstrap})
    admin.create_topics([NewTopic(topic, partitions, replication)])[topic].result(30)
    until(lambda: leaders(admin, topic), "leaders of a new topic")
    return admin, topic


def produce(cluster, topic, values, partitions):
    """Every value is acknowledged by all in-sync replicas: committed to the store."""
    failed = []
    producer = Producer({"bootstrap.servers": cluster.bootstrap, "acks": "all", "enable.idempotence": True,
                         "linger.ms": 5})
    for index, value in enumerate(values):
        producer.produce(topic, value, partition=index % partitions,
                         on_delivery=lambda error, _: failed.append(error) if error else None)
    assert producer.flush(FAIL_OVER_SECONDS) == 0
    assert failed == []


def watermarks(consumer, topic, number):
    """None while the partition moves: this call of librdkafka does not ask again."""
    try:
        return consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=10)
    except KafkaException as error:
        if not error.args[0].retriable() and error.args[0].code() != KafkaError.NOT_LEADER_FOR_PARTITION:
            raise
        return None


def read_all(cluster, topic, partitions):
    """Values by partition, in order, up to the end as it is now."""
    consumer = Consumer({"bootstrap.servers": cluster.bootstrap, "group.id": clients.unique("reader"),
                         "enable.auto.commit": False, "auto.offset.reset": "earliest", "enable.partition.eof": False})
    ends = {}
    for number in range(partitions):
        low, high = until(lambda: watermarks(consumer, topic, number), f"offsets of {topic}-{number}")
        ends[number] = (low, high)
    consumer.assign([TopicPartition(topic, number, 0) for number in range(partitions)])
    values = {number: [] for number in range(partitions)}
    end = time.monotonic() + FAIL_OVER_SECONDS
    while any(len(values[number]) < high - low for number, (low, high) in ends.items()):
        assert time.monotonic() < end, {number: (len(values[number]), ends[number]) for number in values}
        message = consumer.poll(1)
        if message is not None and message.error() is None:
            assert message.offset() == len(values[message.partition()])
            values[message.partition()].append(message.value())
    consumer.close()
    return values


def test_every_broker_shows_all_brokers_and_the_same_leaders(cluster):
    _, topic = create(cluster)
    views = []
    for broker in cluster.brokers.values():
        admin = AdminClient({"bootstrap.servers": broker.kafka})
        metadata = admin.list_topics(topic, timeout=10)
        assert sorted(metadata.brokers) == [1, 2, 3]
        assert {f"{one.host}:{one.port}" for one in metadata.brokers.values()} \
            == {one.kafka for one in cluster.brokers.values()}
        views.append(until(lambda: leaders(admin, topic), "leaders"))
        described = admin.describe_cluster().result(10)
        assert sorted(node.id for node in described.nodes) == [1, 2, 3]
    assert views[0] == views[1] == views[2]
    assert sorted(views[0].values()) == [1, 1, 2, 2, 3, 3]


def test_records_of_all_partitions_are_read_from_their_leaders(cluster):
    _, topic = create(cluster)
    values = [b"%d" % number for number in range(600)]
    produce(cluster, topic, values, 6)
    read = read_all(cluster, topic, 6)
    assert read == {number: values[number::6] for number in range(6)}


def test_options_that_do_not_fit_are_refused(tmp_path):
    for arguments, reason in [
        (["--cluster", "zookeeper=x", "--store", "s3://b"], "--cluster takes etcd=HOST:PORT"),
        (["--cluster", "etcd=x:1"], "--cluster needs --store"),
        (["--store", "s3://b"], "--store is of no use without --cluster"),
        (["--cluster", "etcd=x:1", "--store", "ftp://b"], "--store takes s3://BUCKET/PREFIX"),
    ]:
        refused = subprocess.run(
            [str(binary()), "serve", "--data-dir", str(tmp_path / "data"), "--kafka", "127.0.0.1:0", "--admin", "off",
             *arguments], capture_output=True, text=True, timeout=60)
        assert refused.returncode == 1
        assert reason in refused.stderr


def test_another_broker_with_the_same_number_does_not_start(cluster, tmp_path):
    double = Broker(cluster, 1, data_dir=tmp_path / "other", log_name="double")
    try:
        with pytest.raises(AssertionError):
            double.start(60)
        assert "another broker with node.id 1 is running" in double.log()
    finally:
        double.close()
    assert cluster.brokers[1].alive()


def test_a_broker_that_stops_gives_its_partitions_away_first(cluster):
    admin, topic = create(cluster)
    produce(cluster, topic, [b"before"] * 6, 6)
    assert cluster.brokers[3].stop(40) == 0
    # Nobody waits for its session to run out.
    now = until(lambda: leaders(admin, topic), "leaders", 5)
    assert set(now.values()) == {1, 2}
    produce(cluster, topic, [b"after"] * 6, 6)
    assert all(values == [b"before", b"after"] for values in read_all(cluster, topic, 6).values())
    cluster.brokers[3].start(60)
    # In a while it gets its share again.
    until(lambda: 3 in (leaders(admin, topic) or {}).values(), "a share for the broker that came back")
    assert all(values == [b"before", b"after"] for values in read_all(cluster, topic, 6).values())


def test_nothing_acknowledged_is_lost_when_a_broker_is_killed(cluster):
    admin, topic = create(cluster)
    group = clients.unique("group")
    acknowledged, failed, stop = [], [], threading.Event()

    def delivered(error, message):
        (failed if error else acknowledged).append((time.monotonic(), message.partition(), message.value()))

    def write():
        producer = Producer({"bootstrap.servers": cluster.bootstrap, "acks": "all", "enable.idempotence": True,
                             "linger.ms": 5})
        number = 0
        while not stop.is_set():
            producer.produce(topic, b"%d" % number, partition=number % 6, on_delivery=delivered)
            number += 1
            producer.poll(0.01)
        producer.flush(FAIL_OVER_SECONDS)

    writer = threading.Thread(target=write)
    writer.start()
    consumer = Consumer({"bootstrap.servers": cluster.bootstrap, "group.id": group, "auto.offset.reset": "earliest",
                         "enable.auto.commit": False})
    consumer.subscribe([topic])
    read = []

    def consume(condition, what):
        end = time.monotonic() + FAIL_OVER_SECONDS
        while not condition():
            assert time.monotonic() < end, f"{what}\n{cluster.log()}"
            message = consumer.poll(0.5)
            if message is None or message.error() is not None:
                continue
            read.append((message.partition(), message.offset(), message.value()))
            if len(read) % 50 == 0:
                try:
                    consumer.commit(asynchronous=False)
                except KafkaException:
                    pass  # The coordinator may be on its way.

    try:
        consume(lambda: len({partition for partition, _, _ in read}) == 6, "records of every partition")
        led = leaders(admin, topic)
        victim = led[0]
        cluster.brokers[victim].kill9()
        killed = time.monotonic()
        lost = {partition for partition, leader in led.items() if leader == victim}
        until(lambda: lost <= {partition for at, partition, _ in list(acknowledged) if at > killed + 1},
              "acknowledgements of the killed broker's partitions")
        count = len(read)
        consume(lambda: lost <= {partition for partition, _, _ in read[count:]}, "records of them, by the group")
    finally:
        stop.set()
        writer.join(2 * FAIL_OVER_SECONDS)
    consumer.commit(asynchronous=False)
    consumer.close()
    assert failed == []
    stored = read_all(cluster, topic, 6)
    for partition in range(6):
        mine = [value for _, number, value in acknowledged if number == partition]
        assert stored[partition] == mine, partition
        offsets = sorted({offset for number, offset, _ in read if number == partition})
        assert offsets == list(range(len(offsets)))
        for number, offset, value in read:
            if number == partition:
                assert stored[partition][offset] == value
    # The group continues from its commits: nothing is read again.
    again = Consumer({"bootstrap.servers": cluster.bootstrap, "group.id": group, "auto.offset.reset": "error"})
    committed = {one.partition: one.offset
                 for one in again.committed([TopicPartition(topic, number) for number in range(6)], timeout=30)}
    again.close()
    assert all(committed[partition] == 1 + max(offset for number, offset, _ in read if number == partition)
               for partition in range(6))
    cluster.brokers[victim].start(60)


def test_a_broker_that_was_killed_is_a_member_again_at_once(cluster):
    """Its data directory says that it is the same broker, so nobody waits for the session of its earlier life."""
    admin, topic = create(cluster, partitions=3)
    cluster.brokers[2].kill9()
    began = time.monotonic()
    cluster.brokers[2].start(60)
    until(lambda: leaders(admin, topic), "leaders")
    produce(cluster, topic, [b"x"] * 3, 3)
    assert time.monotonic() - began < FAIL_OVER_SECONDS
    assert read_all(cluster, topic, 3) == {number: [b"x"] for number in range(3)}
