"""A cluster on stores that speak S3's API: records are read by those who take a killed broker's partitions over, and
what is in the bucket is below the prefix that was named. Nothing depends on conditional writes."""

import re

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

from harness import clients, metrics
from harness.cluster import ETCD, Broker, Cluster, Etcd
from harness.stores import Ceph, Moto
from harness.tls import Authority
from test_cluster import leaders, produce, read_all, until

pytestmark = pytest.mark.skipif(not ETCD.exists(), reason="no etcd: run scripts/engines/etcd fetch")

PARTITIONS = 4


@pytest.fixture(scope="module", params=[Moto, Ceph], ids=["moto", "ceph"])
def store(request, tmp_path_factory):
    if request.param.skip:
        pytest.skip(request.param.skip)
    with request.param(tmp_path_factory.mktemp("store")) as running:
        yield running


@pytest.fixture(scope="module")
def cluster(store, tmp_path_factory):
    with Cluster(tmp_path_factory.mktemp("cluster"), count=2, store=store) as running:
        yield running


def create(cluster, **config):
    topic = clients.unique("topic")
    admin = AdminClient({"bootstrap.servers": cluster.bootstrap})
    admin.create_topics([NewTopic(topic, PARTITIONS, 2, config=config)])[topic].result(30)
    until(lambda: leaders(admin, topic), "leaders of a new topic")
    return admin, topic


def test_records_are_in_the_bucket_below_the_prefix(cluster, store):
    _, topic = create(cluster)
    values = [b"%d" % number for number in range(200)]
    produce(cluster, topic, values, PARTITIONS)
    assert read_all(cluster, topic, PARTITIONS) == {number: values[number::PARTITIONS] for number in range(PARTITIONS)}
    names = store.names()
    assert any(name.startswith(f"{store.prefix}/w/") for name in names), names
    assert all(name.startswith(f"{store.prefix}/") for name in names), names
    broker = cluster.brokers[1]
    assert metrics.CLUSTER <= metrics.families(broker).keys()
    puts = re.search(r'^millrace_object_store_requests_total\{kind="put"\} (\d+)$', metrics.text(broker), re.MULTILINE)
    assert int(puts.group(1)) > 0


def test_large_batches_of_every_codec_are_stored_and_read(cluster):
    _, topic = create(cluster)
    for codec in ["none", "gzip", "snappy", "lz4", "zstd"]:
        producer = Producer({"bootstrap.servers": cluster.bootstrap, "compression.type": codec, "linger.ms": 50,
                             "batch.size": 900_000})
        for number in range(200):
            producer.produce(topic, codec.encode() + b"%06d" % number + bytes(8_000), partition=0)
        assert producer.flush(60) == 0
    read = read_all(cluster, topic, PARTITIONS)[0]
    assert len(read) == 1_000 and len(set(read)) == 1_000


def test_what_a_killed_broker_acknowledged_is_read_from_the_store(cluster):
    admin, topic = create(cluster)
    before = [b"before %d" % number for number in range(100)]
    produce(cluster, topic, before, PARTITIONS)
    cluster.brokers[2].kill9()
    until(lambda: set((leaders(admin, topic) or {0: 2}).values()) == {1}, "the other broker leads all partitions")
    after = [b"after %d" % number for number in range(100)]
    produce(cluster, topic, after, PARTITIONS)
    read = read_all(cluster, topic, PARTITIONS)
    assert read == {number: before[number::PARTITIONS] + after[number::PARTITIONS] for number in range(PARTITIONS)}


def test_etcd_is_reached_with_tls_a_client_certificate_and_a_password(store, tmp_path):
    authority = Authority(tmp_path)
    etcd = Etcd(tmp_path / "etcd", authority)
    cluster = Cluster(tmp_path, count=0, store=store)
    try:
        etcd.start()
        etcd.control("user", "add", "root:secret")
        etcd.control("user", "grant-role", "root", "root")
        etcd.control("auth", "enable")
        certificate = authority.issue("broker", "IP:127.0.0.1")
        broker = Broker(cluster, 1)
        broker.arguments[broker.arguments.index("--cluster") + 1] = f"etcd={etcd.url}"
        broker.arguments += ["--etcd-ca", str(authority.file), "--etcd-cert", str(certificate), "--etcd-key", str(certificate),
                             "--etcd-user", "root", "--cluster-name", "secured"]
        broker.environment["MILLRACE_ETCD_PASSWORD"] = "secret"
        cluster.brokers[1] = broker
        broker.start(60)
        topic = clients.unique("topic")
        admin = AdminClient({"bootstrap.servers": broker.kafka})
        admin.create_topics([NewTopic(topic, PARTITIONS, 1)])[topic].result(30)
        until(lambda: leaders(admin, topic), "leaders of a new topic")
        produce(cluster, topic, [b"one"] * PARTITIONS, PARTITIONS)
        assert read_all(cluster, topic, PARTITIONS) == {number: [b"one"] for number in range(PARTITIONS)}
    finally:
        cluster.close()
        etcd.close()
