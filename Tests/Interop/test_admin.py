"""Administration over the Kafka face, and the admin port."""

import time
import urllib.error
import urllib.request

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import ConfigResource, NewPartitions, NewTopic, OffsetSpec, ResourceType

from harness import clients
from harness.mapping import tiles_hash_space

# Kafka 4.3's topic configuration, with its defaults.
DEFAULTS = {
    "cleanup.policy": "delete", "compression.type": "producer", "compression.gzip.level": "-1", "compression.lz4.level": "9",
    "compression.zstd.level": "3", "delete.retention.ms": "86400000", "file.delete.delay.ms": "60000",
    "flush.messages": None, "flush.ms": None, "index.interval.bytes": "4096", "max.compaction.lag.ms": "9223372036854775807",
    "max.message.bytes": None, "message.timestamp.after.max.ms": "3600000",
    "message.timestamp.before.max.ms": "9223372036854775807", "message.timestamp.type": "CreateTime",
    "min.cleanable.dirty.ratio": "0.5", "min.compaction.lag.ms": "0", "min.insync.replicas": "1", "preallocate": "false",
    "retention.bytes": "-1", "retention.ms": "604800000", "segment.bytes": "1073741824", "segment.index.bytes": "10485760",
    "segment.jitter.ms": "0", "segment.ms": "604800000", "unclean.leader.election.enable": "false",
}


def refused(future, code):
    with pytest.raises(KafkaException) as error:
        future.result(25)
    assert error.value.args[0].code() == code, error.value
    return error.value.args[0].str()


def create(server, name, partitions=1, replication=1, config=None, **more):
    return clients.admin(server).create_topics([NewTopic(name, num_partitions=partitions, replication_factor=replication,
                                                         config=config or {})], request_timeout=20, **more)[name]


def topic_configs(server, name):
    resource = ConfigResource(ResourceType.TOPIC, name)
    return clients.admin(server).describe_configs([resource], request_timeout=20)[resource].result(25)


def test_creating_checks_what_kafka_checks(server):
    name = clients.unique("create")
    create(server, name, 3).result(25)
    refused(create(server, name), KafkaError.TOPIC_ALREADY_EXISTS)
    refused(create(server, clients.unique("x"), 0), KafkaError.INVALID_PARTITIONS)
    refused(create(server, clients.unique("x"), 1, 3), KafkaError.INVALID_REPLICATION_FACTOR)
    refused(create(server, clients.unique("x"), config={"no.such.config": "1"}), KafkaError.INVALID_CONFIG)
    refused(create(server, clients.unique("x"), config={"retention.ms": "soon"}), KafkaError.INVALID_CONFIG)
    for bad in (".", "..", "with space", "a" * 250):
        refused(create(server, bad), KafkaError.TOPIC_EXCEPTION)


def test_validate_only_creates_nothing(server):
    name = clients.unique("dry")
    create(server, name, validate_only=True).result(25)
    assert name not in clients.admin(server).list_topics(timeout=20).topics


def test_a_topic_without_counts_takes_the_brokers_defaults(server):
    name = clients.unique("defaults")
    create(server, name, -1, -1).result(25)
    assert len(clients.admin(server).list_topics(name, timeout=20).topics[name].partitions) == 1


def test_deleting_an_unknown_topic(server):
    refused(clients.admin(server).delete_topics(["absent"], request_timeout=20)["absent"], KafkaError.UNKNOWN_TOPIC_OR_PART)


def test_adding_partitions_is_splitting_shards(server, boto, topic):
    admin = clients.admin(server)
    clients.produce_all(server, topic, [(None, b"x", {"partition": 0})])
    admin.create_partitions([NewPartitions(topic, 5)], request_timeout=20)[topic].result(25)
    assert len(admin.list_topics(topic, timeout=20).topics[topic].partitions) == 5
    clients.produce_all(server, topic, [(None, b"x", {"partition": 4})])
    shards = clients.list_shards(boto, topic)
    assert tiles_hash_space(shards)
    assert sum("EndingSequenceNumber" not in s["SequenceNumberRange"] for s in shards) == 5
    for count in (5, 4):
        refused(admin.create_partitions([NewPartitions(topic, count)], request_timeout=20)[topic], KafkaError.INVALID_PARTITIONS)
    refused(admin.create_partitions([NewPartitions("absent", 4)], request_timeout=20)["absent"], KafkaError.UNKNOWN_TOPIC_OR_PART)


def test_every_topic_default_is_described(server, topic):
    configs = topic_configs(server, topic)
    missing = set(DEFAULTS) - set(configs)
    assert not missing, f"not described: {sorted(missing)}"
    wrong = {name: configs[name].value for name, value in DEFAULTS.items() if value is not None and configs[name].value != value}
    assert not wrong
    # Clusters of Kafka 4.1 and later set min.insync.replicas for all brokers (KIP-966), so it is of that source.
    assert {name for name in DEFAULTS if not configs[name].is_default} == {"min.insync.replicas"}


def test_what_was_set_at_creation_is_described(server):
    name = clients.create_topic(server, clients.unique("config"), 1, {"retention.ms": "60000", "max.message.bytes": "2000000"})
    configs = topic_configs(server, name)
    assert (configs["retention.ms"].value, configs["retention.ms"].is_default) == ("60000", False)
    assert configs["max.message.bytes"].value == "2000000"
    refused(clients.admin(server).describe_configs([ConfigResource(ResourceType.TOPIC, "absent")], request_timeout=20)
            [ConfigResource(ResourceType.TOPIC, "absent")], KafkaError.UNKNOWN_TOPIC_OR_PART)


def test_the_broker_describes_itself(server):
    resource = ConfigResource(ResourceType.BROKER, "0")
    configs = clients.admin(server).describe_configs([resource], request_timeout=20)[resource].result(25)
    assert configs["num.partitions"].value == "1"
    assert configs["auto.create.topics.enable"].value == "true"
    assert configs["group.initial.rebalance.delay.ms"].value == "0"


def test_the_cluster_has_one_node(server):
    cluster = clients.admin(server).describe_cluster(request_timeout=20).result(25)
    assert cluster.cluster_id
    assert [f"{node.host}:{node.port}" for node in cluster.nodes] == [server.kafka]
    assert (cluster.nodes[0].id, cluster.controller.id) == (0, 0)


def test_topics_are_described_by_name(server, topic):
    described = clients.admin(server).describe_topics(TopicCollection([topic]), request_timeout=20)[topic].result(25)
    assert (described.name, len(described.partitions), described.is_internal) == (topic, 3, False)
    assert all([node.id for node in p.replicas] == [0] == [node.id for node in p.isr] for p in described.partitions)


def test_offsets_of_every_special_kind(server, topic):
    base = 1_700_000_000_000
    clients.produce_all(server, topic, [(None, b"x", {"partition": 0, "timestamp": base + stamp}) for stamp in (0, 50, 20, 30)])
    partition = TopicPartition(topic, 0)

    def ask(spec):
        return clients.admin(server).list_offsets({partition: spec}, request_timeout=20)[partition].result(25).offset

    assert ask(OffsetSpec.earliest()) == 0
    assert ask(OffsetSpec.latest()) == 4
    assert ask(OffsetSpec.max_timestamp()) == 1
    assert ask(OffsetSpec.for_timestamp(base + 21)) == 1


@pytest.mark.timeout(300)
def test_a_thousand_partitions_are_created_and_described_in_five_seconds(new_server):
    server = new_server()
    admin = clients.admin(server)
    began = time.monotonic()
    names = [f"many-{i}" for i in range(10)]
    for future in admin.create_topics([NewTopic(n, num_partitions=100, replication_factor=1) for n in names], request_timeout=60).values():
        future.result(60)
    described = admin.describe_topics(TopicCollection(names), request_timeout=60)
    assert sum(len(future.result(60).partitions) for future in described.values()) == 1000
    assert time.monotonic() - began < 5
    clients.produce_all(server, names[9], [(None, b"last", {"partition": 99})])
    server.kill9()
    server.start()
    assert clients.read_all(server, names[9], 1, partitions=[99])[0].value() == b"last"


def test_broker_properties_are_honoured_and_unknown_ones_refused(new_server):
    server = new_server("settings", {"num.partitions": 4, "node.id": 7, "auto.create.topics.enable": "false"})
    create(server, "four", -1).result(25)
    assert len(clients.admin(server).list_topics("four", timeout=20).topics["four"].partitions) == 4
    assert clients.admin(server).describe_cluster(request_timeout=20).result(25).nodes[0].id == 7
    client = clients.producer(server, **{"message.timeout.ms": 5000})
    failures = []
    client.produce("absent", b"x", on_delivery=lambda error, _: failures.append(error))
    client.flush(20)
    assert failures and failures[0] is not None
    assert "absent" not in clients.admin(server).list_topics(timeout=20).topics


def fetch(server, path):
    try:
        with urllib.request.urlopen(f"http://{server.admin}{path}", timeout=10) as answer:
            return answer.status, answer.headers, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read().decode()


def test_the_admin_port_answers(server, topic):
    assert fetch(server, "/health/live")[0] == 200
    assert fetch(server, "/health/ready")[0] == 200
    status, headers, text = fetch(server, "/metrics")
    assert status == 200 and headers["Content-Type"].startswith("text/plain")
    samples = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert samples and all(len(line.rsplit(" ", 1)) == 2 and float(line.rsplit(" ", 1)[1]) is not None for line in samples)
    assert "# TYPE" in text
    assert fetch(server, "/absent")[0] == 404


def test_tools_for_clusters_of_many_brokers(server):
    """What kafka-python's admin client asks a cluster, and one broker answers."""
    from kafka import KafkaAdminClient
    from kafka.structs import TopicPartition as PythonPartition
    name = clients.unique("cluster")
    create(server, name, 2).result(25)
    clients.produce_all(server, name, [(None, b"value")] * 10)
    admin = KafkaAdminClient(bootstrap_servers=server.kafka)
    try:
        directory = admin.describe_log_dirs([name])[0]["log_dirs"][0]
        assert directory["log_dir"].startswith("/")
        assert directory["total_bytes"] > directory["usable_bytes"] > 0
        partitions = [each for topic in directory["topics"] if topic["name"] == name for each in topic["partitions"]]
        assert sorted(each["partition_index"] for each in partitions) == [0, 1]
        assert sum(each["partition_size"] for each in partitions) > 0
        assert admin.list_partition_reassignments() == {}
        moved = admin.alter_partition_reassignments({PythonPartition(name, 0): [0], PythonPartition(name, 1): [7]})
        assert moved[PythonPartition(name, 0)] is None
        assert moved[PythonPartition(name, 1)].__name__ == "InvalidReplicationAssignmentError"
        quorum = admin.describe_metadata_quorum()
        assert "0" in str(quorum)
        assert name in str(admin.list_config_resources(["TOPIC"]))
    finally:
        admin.close()


def test_electing_leaders_where_none_is_needed(server):
    from confluent_kafka import ElectionType
    name = clients.unique("elect")
    create(server, name).result(25)
    results = clients.admin(server).elect_leaders(ElectionType.PREFERRED, [TopicPartition(name, 0)]).result(25)
    assert [error.code() for error in results.values()] == [KafkaError.ELECTION_NOT_NEEDED]
