"""`kinesis.limits=aws`: what the SDK sees of AWS's throughput limits, and streams that split by themselves."""

import time

import boto3
import botocore.config
import botocore.exceptions
import pytest

from harness import clients

SETTINGS = {"kinesis.limits": "aws", "kinesis.on.demand.check.interval.ms": 1000}


@pytest.fixture
def impatient(server):
    """A client that does not try again."""
    config = botocore.config.Config(retries={"max_attempts": 0}, max_pool_connections=50)
    return boto3.client("kinesis", endpoint_url=server.endpoint_url, region_name="us-east-1", config=config,
                        aws_access_key_id="123456789012", aws_secret_access_key="secret")


def code_of(call):
    with pytest.raises(botocore.exceptions.ClientError) as failure:
        call()
    return failure.value.response["Error"]["Code"], failure.value.response["Error"]["Message"]


def until_refused(call, calls=100):
    for count in range(calls):
        try:
            call()
        except botocore.exceptions.ClientError as error:
            return count, error.response["Error"]["Code"]
    raise AssertionError(f"{calls} calls were answered")


def test_a_shard_takes_a_mebibyte_a_second(server, impatient):
    stream = clients.create_stream(server, clients.unique("limits"), shards=1, client=clients.kinesis(server, attempts=8))
    entries = [{"Data": bytes(100_000), "PartitionKey": f"{n}"} for n in range(30)]
    answer = impatient.put_records(StreamName=stream, Records=entries)
    assert 18 <= answer["FailedRecordCount"] <= 20
    failed = [each for each in answer["Records"] if "ErrorCode" in each]
    assert {each["ErrorCode"] for each in failed} == {"ProvisionedThroughputExceededException"}
    assert failed[0]["ErrorMessage"] == (
        f"Rate exceeded for shard shardId-000000000000 in stream {stream} under account 123456789012.")
    assert code_of(lambda: impatient.put_record(StreamName=stream, Data=bytes(1_000_000), PartitionKey="k")) == (
        "ProvisionedThroughputExceededException", failed[0]["ErrorMessage"])


def test_the_sdk_tries_again_until_it_is_served(server, impatient):
    stream = clients.create_stream(server, clients.unique("limits"), shards=1, client=clients.kinesis(server, attempts=8))
    patient = clients.kinesis(server, attempts=8)
    iterators = [patient.get_shard_iterator(StreamName=stream, ShardId="shardId-000000000000",
                                            ShardIteratorType="LATEST")["ShardIterator"] for _ in range(8)]
    for iterator in iterators:
        assert patient.get_records(ShardIterator=iterator)["Records"] == []
    count, code = until_refused(lambda: impatient.get_records(ShardIterator=iterators[0]))
    assert count <= 5 and code == "ProvisionedThroughputExceededException"


def test_operations_have_rates(impatient):
    time.sleep(1.1)
    count, code = until_refused(impatient.list_streams)
    assert 5 <= count <= 8 and code == "LimitExceededException"
    impatient.describe_limits()


def test_a_topic_may_have_no_limits(server, impatient):
    stream = clients.create_stream(server, clients.unique("free"), shards=1, client=clients.kinesis(server, attempts=8))
    clients.alter_topic(server, stream, {"kinesis.limits": "off"})
    entries = [{"Data": bytes(100_000), "PartitionKey": f"{n}"} for n in range(90)]
    assert impatient.put_records(StreamName=stream, Records=entries)["FailedRecordCount"] == 0


def test_an_on_demand_stream_splits_under_load(server, impatient):
    stream = clients.unique("grows")
    patient = clients.kinesis(server, attempts=8)
    patient.create_stream(StreamName=stream, StreamModeDetails={"StreamMode": "ON_DEMAND"})
    entries = [{"Data": b"x", "PartitionKey": f"{n}"} for n in range(500)]
    end, shards = time.monotonic() + 30, 4
    while shards <= 8 and time.monotonic() < end:
        impatient.put_records(StreamName=stream, Records=entries)
        shards = len(patient.list_shards(StreamName=stream, ShardFilter={"Type": "AT_LATEST"})["Shards"])
    assert shards > 8, "four shards that take all they can become eight, and these become more"
    ranges = sorted((int(shard["HashKeyRange"]["StartingHashKey"]), int(shard["HashKeyRange"]["EndingHashKey"]))
                    for shard in patient.list_shards(StreamName=stream, ShardFilter={"Type": "AT_LATEST"})["Shards"])
    assert ranges[0][0] == 0 and ranges[-1][1] == 2**128 - 1
    assert all(before[1] + 1 == after[0] for before, after in zip(ranges, ranges[1:]))


def test_a_consumer_gets_two_mebibytes_a_second_of_a_shard(server, impatient):
    stream = clients.create_stream(server, clients.unique("paced"), client=clients.kinesis(server, attempts=8))
    clients.alter_topic(server, stream, {"kinesis.limits": "off"})
    for _ in range(8):
        impatient.put_record(StreamName=stream, PartitionKey="k", Data=bytes(1 << 20)[2:])
    clients.alter_topic(server, stream, {"kinesis.limits": "aws"})
    patient = clients.kinesis(server, attempts=8)
    arn = patient.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]["StreamARN"]
    consumer = patient.register_stream_consumer(StreamARN=arn, ConsumerName="c")["Consumer"]["ConsumerARN"]
    events = patient.subscribe_to_shard(ConsumerARN=consumer, ShardId="shardId-000000000000",
                                        StartingPosition={"Type": "TRIM_HORIZON"})["EventStream"]
    began, bytes_seen = time.monotonic(), 0
    for event in events:
        bytes_seen += sum(len(record["Data"]) for record in event["SubscribeToShardEvent"]["Records"])
        if bytes_seen >= 8 * ((1 << 20) - 2):
            break
    # Two seconds' worth at once, the rest at its pace.
    assert 2 < time.monotonic() - began < 15
