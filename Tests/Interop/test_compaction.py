"""Compacted topics and broker-side compression with real clients: what stays, what goes, also over a restart."""

import pathlib
import time
import urllib.request

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AlterConfigOpType, AdminClient, ConfigEntry, ConfigResource, NewTopic, ResourceType
from kafka import KafkaConsumer, KafkaProducer

from harness import clients
from test_versions import Caller

SETTINGS = {"log.cleaner.backoff.ms": 100, "offsets.topic.num.partitions": 1, "transaction.state.log.num.partitions": 1,
            "offsets.topic.segment.bytes": 1_048_576, "log.retention.check.interval.ms": 300}
COMPACT = {"cleanup.policy": "compact", "segment.ms": "200", "min.cleanable.dirty.ratio": "0.01",
           "delete.retention.ms": "60000"}


def create(server, config, partitions=1):
    name = clients.unique("compact")
    admin = AdminClient({"bootstrap.servers": server.kafka, "log_level": 0})
    for future in admin.create_topics([NewTopic(name, partitions, 1, config=config)]).values():
        future.result(30)
    return name


def write(server, topic, records, **settings):
    """Records with the clock's time, so that segments end by it."""
    producer = Producer({"bootstrap.servers": server.kafka, "linger.ms": 0, "log_level": 0, **settings})
    for key, value in records:
        producer.produce(topic, value, key)
    assert producer.flush(30) == 0


def roll(server, topic):
    """Two more records, far enough apart that everything before the last one is in closed segments."""
    for number in range(2):
        time.sleep(0.25)
        write(server, topic, [(b"roll", b"%d" % number)])


def read(server, topic, isolation="read_uncommitted"):
    """(offset, key, value) of all that a reader finds from the beginning on."""
    consumer = Consumer({"bootstrap.servers": server.kafka, "group.id": clients.unique("reader"), "log_level": 0,
                         "enable.partition.eof": True, "enable.auto.commit": False, "isolation.level": isolation})
    consumer.assign([TopicPartition(topic, 0, 0)])
    found = []
    try:
        while (message := consumer.poll(20)) is not None:
            if message.error():
                assert message.error().code() == KafkaError._PARTITION_EOF, message.error()
                return found
            found.append((message.offset(), message.key(), message.value()))
        raise AssertionError("the end was not reached")
    finally:
        consumer.close()


def until(server, topic, predicate, isolation="read_uncommitted", deadline=30.0, rolls=True):
    end = time.monotonic() + deadline
    while True:
        found = read(server, topic, isolation)
        if predicate(found):
            return found
        assert time.monotonic() < end, f"not in time: {len(found)} records, {found[:5]} … {found[-5:]}"
        if rolls:
            roll(server, topic)
        else:
            time.sleep(0.3)


def keys(found):
    return [key for _, key, _ in found if key != b"roll"]


@pytest.mark.parametrize("codec", ["none", "gzip", "snappy", "lz4", "zstd"])
def test_the_last_value_of_each_key_stays_at_its_offset(server, codec):
    topic = create(server, COMPACT)
    settings = {"compression.type": codec, "linger.ms": 20}
    sent = [(b"key%d" % (number % 10), b"value%d" % number) for number in range(1000)]
    write(server, topic, sent, **settings)
    roll(server, topic)
    found = until(server, topic, lambda found: len(keys(found)) == 10)
    assert [(offset, key, value) for offset, key, value in found if key != b"roll"] == \
        [(offset, *sent[offset]) for offset in range(990, 1000)]
    # kafka-python checks every batch's CRC and counts.
    consumer = KafkaConsumer(topic, bootstrap_servers=server.kafka, auto_offset_reset="earliest", check_crcs=True,
                             consumer_timeout_ms=3000)
    assert [record.key for record in consumer if record.key != b"roll"] == [b"key%d" % number for number in range(10)]
    consumer.close()


def test_tombstones_are_seen_and_expire(server):
    topic = create(server, COMPACT)
    write(server, topic, [(b"a", b"1"), (b"b", b"1"), (b"a", None)])
    roll(server, topic)
    found = until(server, topic, lambda found: (0, b"a", b"1") not in found)
    assert (2, b"a", None) in found and (1, b"b", b"1") in found
    alter(server, topic, {"delete.retention.ms": "0"})
    # A horizon that was given stays; a new tombstone gets none.
    write(server, topic, [(b"c", b"1"), (b"c", None)])
    roll(server, topic)
    found = until(server, topic, lambda found: b"c" not in keys(found))
    assert (2, b"a", None) in found


def alter(server, topic, values):
    resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[
        ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET) for name, value in values.items()])
    admin = AdminClient({"bootstrap.servers": server.kafka, "log_level": 0})
    for future in admin.incremental_alter_configs([resource]).values():
        future.result(30)


def test_compact_and_delete(server):
    topic = create(server, COMPACT | {"cleanup.policy": "compact,delete", "retention.ms": "4000"})
    write(server, topic, [(b"key%d" % (number % 5), b"v%d" % number) for number in range(100)])
    roll(server, topic)
    until(server, topic, lambda found: len(keys(found)) == 5)
    # No more records: what is compacted together with newer records is as young as these.
    until(server, topic, lambda found: not keys(found), rolls=False)


def test_records_without_keys_are_refused(server):
    topic = create(server, COMPACT)
    producer, errors = Producer({"bootstrap.servers": server.kafka, "log_level": 0}), []
    producer.produce(topic, b"value", on_delivery=lambda error, _: errors.append(error))
    producer.flush(20)
    assert errors[0].code() == KafkaError.INVALID_RECORD
    with pytest.raises(Exception, match="(?i)invalid"):
        client = KafkaProducer(bootstrap_servers=server.kafka, retries=0)
        try:
            client.send(topic, b"value").get(20)
        finally:
            client.close()


def test_transactions_on_compacted_topics(server):
    topic = create(server, COMPACT | {"delete.retention.ms": "0"})
    producer = Producer({"bootstrap.servers": server.kafka, "transactional.id": clients.unique("txn"), "log_level": 0})
    producer.init_transactions(30)
    for number in range(20):
        producer.begin_transaction()
        for key in range(3):
            producer.produce(topic, b"%s%d" % (b"aborted" if number % 2 else b"committed", number), b"key%d" % key)
        producer.flush(20)
        (producer.abort_transaction if number % 2 else producer.commit_transaction)(30)
    roll(server, topic)
    for isolation in ["read_committed", "read_uncommitted"]:
        found = until(server, topic, lambda found: len(keys(found)) <= 3, isolation)
        assert {value for _, key, value in found if key != b"roll"} == {b"committed18"}
    # What comes after is read as before.
    producer.begin_transaction()
    producer.produce(topic, b"last", b"key0")
    producer.commit_transaction(30)
    assert read(server, topic, "read_committed")[-1][2] == b"last"


def test_a_restart_in_the_middle(new_server):
    server = new_server(settings=SETTINGS)
    topic = create(server, COMPACT)
    expected = {}
    for life in range(4):
        for number in range(300):
            expected[b"key%d" % (number % 20)] = b"%d-%d" % (life, number)
        write(server, topic, [(b"key%d" % (number % 20), b"%d-%d" % (life, number)) for number in range(300)])
        roll(server, topic)
        if life % 2:
            until(server, topic, lambda found: len(keys(found)) == 20)
        server.kill9()
        server.start()
        found = read(server, topic)
        assert [offset for offset, _, _ in found] == sorted({offset for offset, _, _ in found})
        assert {key: value for _, key, value in found if key != b"roll"} == expected
    until(server, topic, lambda found: len(keys(found)) == 20)


def test_the_offsets_topic_stays_small(new_server):
    server = new_server(settings=SETTINGS)
    topic = clients.create_topic(server, clients.unique("committed"), partitions=1)
    consumer = Consumer({"bootstrap.servers": server.kafka, "group.id": "committer", "enable.auto.commit": False,
                         "log_level": 0})
    folder = pathlib.Path(server.data_dir) / "__consumer_offsets-0"
    text = "x" * 3000
    size = 0
    for number in range(3000):
        consumer.commit(offsets=[TopicPartition(topic, 0, number, metadata=text)], asynchronous=False)
    end = time.monotonic() + 30
    while time.monotonic() < end:
        size = sum(file.stat().st_size for file in folder.glob("*.log"))
        if size < 2.5 * 1_048_576:
            break
        time.sleep(0.2)
    assert size < 2.5 * 1_048_576, f"{size} bytes of 9 MB are left"
    server.kill9()
    server.start()
    assert consumer.committed([TopicPartition(topic, 0)], 30)[0].offset == 2999
    consumer.close()


def test_kinesis_readers_of_a_compacted_topic(server, boto):
    topic = create(server, COMPACT)
    write(server, topic, [(b"key%d" % (number % 4), b"value%d" % number) for number in range(200)])
    roll(server, topic)
    kept = until(server, topic, lambda found: len(keys(found)) == 4)
    shard = boto.describe_stream(StreamName=topic)["StreamDescription"]["Shards"][0]
    iterator = boto.get_shard_iterator(StreamName=topic, ShardId=shard["ShardId"],
                                       ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
    records = []
    while True:
        answer = boto.get_records(ShardIterator=iterator)
        records += answer["Records"]
        iterator = answer["NextShardIterator"]
        if answer["MillisBehindLatest"] == 0:
            break
    assert [record["Data"] for record in records if record["PartitionKey"] != "roll"] == \
        [value for _, key, value in kept if key != b"roll"]
    numbers = [int(record["SequenceNumber"]) for record in records]
    assert numbers == sorted(set(numbers))
    # A reader continues after each of them.
    for record in records[:3]:
        after = boto.get_shard_iterator(StreamName=topic, ShardId=shard["ShardId"],
                                        ShardIteratorType="AFTER_SEQUENCE_NUMBER",
                                        StartingSequenceNumber=record["SequenceNumber"])["ShardIterator"]
        found = boto.get_records(ShardIterator=after)["Records"]
        assert found[0]["SequenceNumber"] == records[records.index(record) + 1]["SequenceNumber"]


@pytest.mark.parametrize("stored, attribute",
                         [("uncompressed", 0), ("gzip", 1), ("snappy", 2), ("lz4", 3), ("zstd", 4), ("producer", None)])
def test_the_broker_compresses_as_the_topic_says(server, stored, attribute):
    topic = create(server, {"compression.type": stored})
    sent = []
    for codec in ["none", "gzip", "snappy", "lz4", "zstd"]:
        batch = [(b"key%d" % number, codec.encode() * 100 + b"%d" % number) for number in range(50)]
        write(server, topic, batch, **{"compression.type": codec, "linger.ms": 100})
        sent += batch
    assert [(key, value) for _, key, value in read(server, topic)] == sent
    consumer = KafkaConsumer(topic, bootstrap_servers=server.kafka, auto_offset_reset="earliest", check_crcs=True,
                             consumer_timeout_ms=3000)
    assert len(list(consumer)) == len(sent)
    consumer.close()
    if attribute is not None:
        assert codecs(server, topic) == {attribute}


def codecs(server, topic):
    """The codecs of the batches as they are on the disk, once they are there."""
    end = time.monotonic() + 10
    while time.monotonic() < end:
        found = set()
        for path in pathlib.Path(server.data_dir).glob(f"{topic}-0/*.log"):
            data, position = path.read_bytes(), 0
            while position + 61 <= len(data):
                found.add(int.from_bytes(data[position + 21:position + 23], "big") & 7)
                position += 12 + int.from_bytes(data[position + 8:position + 12], "big")
        if found:
            return found
        time.sleep(0.2)
    return set()


def test_an_idempotent_producer_continues_on_a_recompressed_topic(server):
    topic = create(server, {"compression.type": "lz4"})
    producer = Producer({"bootstrap.servers": server.kafka, "enable.idempotence": True, "linger.ms": 0, "log_level": 0})
    for number in range(200):
        producer.produce(topic, b"%d" % number, b"k")
    assert producer.flush(30) == 0
    assert [int(value) for _, _, value in read(server, topic)] == list(range(200))


@pytest.mark.parametrize("name, value", [
    ("compression.type", "brotli"), ("cleanup.policy", "shrink"), ("min.cleanable.dirty.ratio", "1.5"),
    ("segment.bytes", "100"), ("unknown.setting", "1"), ("message.format.version", "3.0"),
    ("message.downconversion.enable", "true"), ("remote.storage.enable", "true"), ("segment.jitter.ms", "-1"),
    ("min.insync.replicas", "0"), ("compression.zstd.level", "99"), ("preallocate", "maybe"),
    ("leader.replication.throttled.replicas", "nonsense"), ("retention.ms", "-2"), ("max.compaction.lag.ms", "0"),
])
def test_settings_that_kafka_refuses_are_refused(server, name, value):
    with pytest.raises(KafkaException) as refusal:
        create(server, {name: value})
    assert refusal.value.args[0].code() == KafkaError.INVALID_CONFIG
    topic = create(server, {})
    with pytest.raises(KafkaException) as refusal:
        alter(server, topic, {name: value})
    assert refusal.value.args[0].code() == KafkaError.INVALID_CONFIG


def test_settings_that_are_set_are_shown_as_set(server):
    values = {"min.insync.replicas": "1", "compression.type": "zstd", "preallocate": "true", "segment.jitter.ms": "50",
              "leader.replication.throttled.replicas": "0:0", "unclean.leader.election.enable": "false"}
    topic = create(server, values)
    admin = AdminClient({"bootstrap.servers": server.kafka, "log_level": 0})
    resource = ConfigResource(ResourceType.TOPIC, topic)
    configs = next(iter(admin.describe_configs([resource]).values())).result(30)
    for name, value in values.items():
        assert (configs[name].value, configs[name].is_default) == (value, False), name
    assert configs["retention.ms"].is_default


def test_the_cleaner_is_counted(new_server):
    server = new_server(settings=SETTINGS)
    topic = create(server, COMPACT)
    write(server, topic, [(b"k", b"%d" % number) for number in range(100)])
    roll(server, topic)
    until(server, topic, lambda found: len(keys(found)) == 1)
    with urllib.request.urlopen(f"http://{server.admin}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    values = dict(line.rsplit(" ", 1) for line in text.splitlines() if line.startswith("millrace_log_cleaner_"))
    assert int(values["millrace_log_cleaner_runs_total"]) >= 1
    assert int(values["millrace_log_cleaner_read_bytes_total"]) > int(values["millrace_log_cleaner_written_bytes_total"])
    assert int(values["millrace_log_cleaner_uncleanable_partitions"]) == 0


def test_the_cleaner_is_changed_while_the_server_runs(new_server):
    server = new_server(settings={**SETTINGS, "log.cleaner.threads": 0})
    topic = create(server, COMPACT)
    write(server, topic, [(b"k", b"%d" % number) for number in range(100)])
    roll(server, topic)
    time.sleep(0.5)
    assert len(keys(read(server, topic))) == 100
    broker = {"resource_type": 4, "resource_name": ""}
    for value, expected in (("0", (42,)), ("2", (0,)), ("1", (0,)), ("3", (0,))):
        Caller(server)("IncrementalAlterConfigs", 1, expected, validate_only=False, resources=[
            {**broker, "configs": [{"name": "log.cleaner.threads", "config_operation": 0, "value": value}]}])
    until(server, topic, lambda found: len(keys(found)) == 1)
    # What was changed holds over a restart, although the command line says something else.
    server.stop()
    server.start()
    write(server, topic, [(b"k", b"%d" % number) for number in range(100)])
    until(server, topic, lambda found: len(keys(found)) == 1)
