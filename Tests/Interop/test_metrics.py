"""/metrics: requests, errors and traffic in their families, and how many series there are."""

import re

import botocore.exceptions
import pytest
from confluent_kafka import Consumer, KafkaException, Producer
from confluent_kafka.admin import AdminClient, NewTopic

from harness import clients, metrics
from harness.server import Server


def growth(before, after, name):
    return after.get(name, 0) - before.get(name, 0)


def produce(server, topic, count):
    producer = Producer({"bootstrap.servers": server.kafka, "linger.ms": 0})
    for _ in range(count):
        producer.produce(topic, b"value", b"key", partition=0)
    assert producer.flush(30) == 0


def test_kafka_requests_are_counted_timed_and_attributed(server, topic):
    before = metrics.values(server)
    produce(server, topic, 7)
    consumer = Consumer({"bootstrap.servers": server.kafka, "group.id": topic, "auto.offset.reset": "earliest"})
    consumer.subscribe([topic])
    seen = 0
    while seen < 7:
        message = consumer.poll(10)
        assert message is not None and not message.error()
        seen += 1
    consumer.close()
    after = metrics.values(server)
    requests = growth(before, after, 'millrace_kafka_requests_total{api="Produce"}')
    assert requests >= 1
    for family, labels in (("millrace_kafka_request_duration_seconds", 'api="Produce"'),
                           ("millrace_kafka_produce_stage_duration_seconds", 'stage="queue"'),
                           ("millrace_kafka_produce_stage_duration_seconds", 'stage="append"'),
                           ("millrace_kafka_produce_stage_duration_seconds", 'stage="durable"')):
        assert growth(before, after, f"{family}_count{{{labels}}}") == requests
        assert growth(before, after, f'{family}_bucket{{{labels},le="+Inf"}}') == requests
    # The parts are within the whole.
    whole = growth(before, after, 'millrace_kafka_request_duration_seconds_sum{api="Produce"}')
    parts = sum(growth(before, after, f'millrace_kafka_produce_stage_duration_seconds_sum{{stage="{stage}"}}')
                for stage in ("queue", "append", "durable"))
    assert 0 < parts <= whole
    labels = f'{{topic="{topic}",protocol="kafka"}}'
    assert after[f"millrace_topic_appended_records_total{labels}"] == 7
    assert after[f"millrace_topic_read_records_total{labels}"] == 7
    assert after[f"millrace_topic_read_bytes_total{labels}"] == after[f"millrace_topic_appended_bytes_total{labels}"] > 0
    assert after[f'millrace_topic_partitions{{topic="{topic}"}}'] == 3
    assert after[f'millrace_topic_size_bytes{{topic="{topic}"}}'] > 0
    assert after[f'millrace_topic_retention_seconds{{topic="{topic}"}}'] == 7 * 24 * 3600
    assert after["millrace_journal_write_duration_seconds_count"] > before["millrace_journal_write_duration_seconds_count"]


def test_errors_of_kafka_are_counted_by_their_code(server, topic):
    name = 'millrace_kafka_request_errors_total{api="CreateTopics",code="TOPIC_ALREADY_EXISTS"}'
    before = metrics.values(server).get(name, 0)
    admin = AdminClient({"bootstrap.servers": server.kafka})
    with pytest.raises(KafkaException, match="TOPIC_ALREADY_EXISTS"):
        admin.create_topics([NewTopic(topic, 1)])[topic].result(30)
    assert metrics.values(server)[name] == before + 1


def test_kinesis_requests_are_counted_by_operation_and_error(server):
    kinesis = clients.kinesis(server)
    name = clients.create_stream(server, clients.unique("metrics"), shards=2, client=kinesis)
    before = metrics.values(server)
    kinesis.put_records(StreamName=name, Records=[{"Data": b"x", "PartitionKey": str(number)} for number in range(9)])
    seen = 0
    for shard in kinesis.list_shards(StreamName=name)["Shards"]:
        iterator = kinesis.get_shard_iterator(
            StreamName=name, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        seen += len(kinesis.get_records(ShardIterator=iterator)["Records"])
    assert seen == 9
    with pytest.raises(botocore.exceptions.ClientError):
        kinesis.describe_stream(StreamName=name + "-not")
    after = metrics.values(server)
    for operation, code, count in (("PutRecords", "ok", 1), ("GetRecords", "ok", 2),
                                   ("DescribeStream", "ResourceNotFoundException", 1)):
        series = f'millrace_kinesis_requests_total{{operation="{operation}",code="{code}"}}'
        assert growth(before, after, series) == count
    assert growth(before, after, 'millrace_kinesis_request_duration_seconds_count{operation="GetRecords"}') == 2
    labels = f'{{topic="{name}",protocol="kinesis"}}'
    assert after[f"millrace_topic_appended_records_total{labels}"] == 9
    assert after[f"millrace_topic_read_records_total{labels}"] == 9
    assert after[f'millrace_stream_shards{{stream="{name}",state="open"}}'] == 2


def test_refused_throughput_is_counted_by_stream(tmp_path):
    with Server(tmp_path / "data", arguments=["--set", "kinesis.limits=aws"]) as server:
        kinesis = clients.kinesis(server)
        clients.create_stream(server, "s", client=kinesis)
        # A shard takes a mebibyte a second, so one request of five is too much however fast it comes.
        answer = kinesis.put_records(StreamName="s", Records=[{"Data": bytes(900_000), "PartitionKey": "k"}] * 5)
        refused = sum(record.get("ErrorCode") == "ProvisionedThroughputExceededException" for record in answer["Records"])
        assert refused == answer["FailedRecordCount"] > 0
        values = metrics.values(server)
        assert values['millrace_stream_throttled_total{stream="s",direction="write"}'] == refused
        assert values['millrace_stream_throttled_total{stream="s",direction="read"}'] == 0


def test_many_partitions_do_not_make_many_series(tmp_path):
    """23,000 partitions of 400 topics; what a scrape takes is printed, and not asserted."""
    arguments = ["--set", "metrics.partitions=top:20", "--set", "auto.create.topics.enable=false"]
    with Server(tmp_path / "data", arguments=arguments) as server:
        admin = AdminClient({"bootstrap.servers": server.kafka})
        names = [f"topic-{number}" for number in range(400)]
        sizes = [58 if number < 200 else 57 for number in range(400)]
        for start in range(0, 400, 50):
            wanted = [NewTopic(name, size) for name, size in zip(names[start : start + 50], sizes[start : start + 50])]
            for future in admin.create_topics(wanted, request_timeout=120).values():
                future.result(120)
        for name in names[:300]:
            produce_one = Producer({"bootstrap.servers": server.kafka}) if name == names[0] else produce_one
            produce_one.produce(name, b"value", partition=0)
        assert produce_one.flush(60) == 0
        values = metrics.values(server)
        assert values["millrace_partitions"] == sum(sizes) == 23_000
        assert len(values) <= 6_000
        topics = {re.search(r'topic="([^"]*)"', name)[1] for name in values if name.startswith("millrace_topic_size_bytes{")}
        assert len(topics) == 201 and "(others)" in topics
        assert values["millrace_metrics_topics_left_out"] == 200
        appended = [value for name, value in values.items() if name.startswith("millrace_topic_appended_records_total{")]
        assert sum(appended) == 300
        assert sum(name.startswith("millrace_partition_high_watermark{") for name in values) == 20
        print(f"{len(values)} series in {values['millrace_scrape_duration_seconds'] * 1000:.1f} ms")
