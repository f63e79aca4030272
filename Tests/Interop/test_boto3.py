"""boto3 as it comes: streams, puts, iterators, reads, and AWS's own errors."""

import datetime
import hashlib
import random
import time

import boto3
import botocore.config
import pytest
from botocore.exceptions import ClientError
from confluent_kafka.admin import NewPartitions

from harness import clients
from harness.mapping import HASH_KEY_MAX, SequenceNumber, shard_id, shard_ordinal, tiles_hash_space


def refused(*codes):
    """Asserts that the block fails with one of these error codes and HTTP status 400; keeps the message."""
    class Refusal:
        def __enter__(self):
            self.context = pytest.raises(ClientError)
            self.info = self.context.__enter__()
            return self

        def __exit__(self, *exception):
            swallowed = self.context.__exit__(*exception)
            response = self.info.value.response
            assert response["Error"]["Code"] in codes, response["Error"]
            assert response["ResponseMetadata"]["HTTPStatusCode"] == 400
            self.message = response["Error"]["Message"]
            return swallowed

    return Refusal()


# Streams


def test_a_stream_is_active_at_once_and_described_in_full(server, boto):
    name = clients.unique("stream")
    began = time.time()
    boto.create_stream(StreamName=name, ShardCount=3)
    description = boto.describe_stream(StreamName=name)["StreamDescription"]
    assert description["StreamStatus"] == "ACTIVE"
    assert description["StreamName"] == name
    assert description["StreamARN"] == f"arn:aws:kinesis:{clients.REGION}:{clients.ACCOUNT}:stream/{name}"
    assert description["StreamModeDetails"] == {"StreamMode": "PROVISIONED"}
    assert description["RetentionPeriodHours"] == 24
    assert description["HasMoreShards"] is False
    assert description["EncryptionType"] == "NONE"
    assert description["EnhancedMonitoring"] == [{"ShardLevelMetrics": []}]
    assert abs(description["StreamCreationTimestamp"].timestamp() - began) < 30
    assert [shard["ShardId"] for shard in description["Shards"]] == [shard_id(i) for i in range(3)]
    assert tiles_hash_space(description["Shards"])
    for ordinal, shard in enumerate(description["Shards"]):
        assert SequenceNumber.decode(shard["SequenceNumberRange"]["StartingSequenceNumber"]).ordinal == ordinal
    summary = boto.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
    assert (summary["OpenShardCount"], summary["ConsumerCount"], summary["StreamStatus"]) == (3, 0, "ACTIVE")
    assert "StreamId" not in summary, "SDKs would then call AWS's hosts"


def test_a_stream_without_a_count_is_on_demand_with_four_shards(server, boto):
    name = clients.unique("ondemand")
    boto.create_stream(StreamName=name, StreamModeDetails={"StreamMode": "ON_DEMAND"})
    summary = boto.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
    assert summary["StreamModeDetails"] == {"StreamMode": "ON_DEMAND"}
    assert summary["OpenShardCount"] == 4


def test_a_stream_that_distributes_by_itself_takes_records_without_keys(server, boto):
    name = clients.unique("auto")
    with refused("InvalidArgumentException"):
        boto.create_stream(StreamName=name, ShardCount=2, RecordDistributionStrategy="AUTO")
    boto.create_stream(StreamName=name, StreamModeDetails={"StreamMode": "ON_DEMAND"}, RecordDistributionStrategy="AUTO")
    summary = boto.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
    assert summary["RecordDistributionStrategy"] == "AUTO"
    assert boto.put_records(StreamName=name, Records=[{"Data": b"a"}, {"Data": b"b"}])["FailedRecordCount"] == 0
    put = boto.put_record(StreamName=name, Data=b"c")
    record = clients.read_shard(boto, name, put["ShardId"])[-1]
    assert (record["Data"], record["PartitionKey"]) == (b"c", "null:")
    with refused("InvalidArgumentException"):
        boto.put_record(StreamName=name, Data=b"d", SequenceNumberForOrdering=put["SequenceNumber"])


def test_other_streams_require_keys_and_name_no_strategy(server, boto, stream):
    assert "RecordDistributionStrategy" not in boto.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]
    with refused("ValidationException") as answer:
        boto.put_records(StreamName=stream, Records=[{"Data": b"x"}])
    assert "Value null at 'records.1.member.partitionKey'" in answer.message


def test_a_name_that_kafka_takes_for_another_is_refused_with_the_reason(server, boto):
    name = clients.unique("dot") + ".x"
    clients.create_stream(server, name, client=boto)
    with refused("InvalidArgumentException") as answer:
        boto.create_stream(StreamName=name.replace(".", "_"), ShardCount=1)
    assert name in answer.message and "differ in '.' and '_' only" in answer.message


def test_tags_that_aws_refuses_are_refused(server, boto):
    for tags in ({f"k{i}": "" for i in range(51)}, {"aws:x": "1"}, {"a!": "1"}):
        with refused("InvalidArgumentException"):
            boto.create_stream(StreamName=clients.unique("tags"), ShardCount=1, Tags=tags)
    boto.create_stream(StreamName=clients.unique("tags"), ShardCount=1, Tags={"Größe 7_./=+-@:": ""})


def test_streams_can_be_named_by_arn(server, boto, stream):
    arn = boto.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]["StreamARN"]
    put = boto.put_record(StreamARN=arn, Data=b"x", PartitionKey="k")
    position = boto.get_shard_iterator(StreamARN=arn, ShardId=put["ShardId"], ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
    assert boto.get_records(ShardIterator=position, StreamARN=arn)["Records"][0]["Data"] == b"x"


def test_listing_streams_pages_in_order(server, boto):
    prefix = clients.unique("list")
    names = [f"{prefix}-{i:02d}" for i in range(7)]
    for name in names:
        boto.create_stream(StreamName=name, ShardCount=1)
    page = boto.list_streams(ExclusiveStartStreamName=prefix, Limit=3)
    assert page["StreamNames"] == names[:3] and page["HasMoreStreams"] is True
    assert [summary["StreamName"] for summary in page["StreamSummaries"]] == names[:3]
    listed = [name for page in boto.get_paginator("list_streams").paginate(PaginationConfig={"PageSize": 3})
              for name in page["StreamNames"]]
    assert [name for name in listed if name.startswith(prefix)] == names
    assert listed == sorted(set(listed))


def test_a_deleted_stream_is_gone_and_its_name_is_free(server, boto):
    name = clients.create_stream(server, clients.unique("gone"), 2, boto)
    first = boto.put_record(StreamName=name, Data=b"1", PartitionKey="k")
    position = clients.iterator(boto, name, first["ShardId"])
    boto.delete_stream(StreamName=name)
    clients.wait_until(lambda: name not in boto.list_streams(Limit=10_000)["StreamNames"], 10, "deletion")
    with refused("ResourceNotFoundException"):
        boto.describe_stream(StreamName=name)
    with refused("ResourceNotFoundException"):
        boto.get_records(ShardIterator=position)
    clients.create_stream(server, name, 1, boto)
    assert clients.read_shard(boto, name, shard_id(0)) == []


def test_listing_shards_pages_and_filters(server, boto):
    name = clients.create_stream(server, clients.unique("shards"), 10, boto)
    everything = [shard_id(i) for i in range(10)]
    assert [s["ShardId"] for s in clients.list_shards(boto, name, MaxResults=3)] == everything
    after = boto.list_shards(StreamName=name, ExclusiveStartShardId=shard_id(6))["Shards"]
    assert [s["ShardId"] for s in after] == everything[7:]
    past = datetime.datetime.now(datetime.timezone.utc)
    for kind, more, expected in (("AT_LATEST", {}, everything), ("AT_TRIM_HORIZON", {}, everything),
                                 ("FROM_TRIM_HORIZON", {}, everything), ("AT_TIMESTAMP", {"Timestamp": past}, everything),
                                 ("FROM_TIMESTAMP", {"Timestamp": past}, everything),
                                 ("AFTER_SHARD_ID", {"ShardId": shard_id(7)}, everything[8:])):
        shards = boto.list_shards(StreamName=name, ShardFilter={"Type": kind, **more})["Shards"]
        assert [s["ShardId"] for s in shards] == expected, kind
    with refused("InvalidArgumentException"):
        token = boto.list_shards(StreamName=name, MaxResults=1)["NextToken"]
        boto.list_shards(StreamName=name, NextToken=token)


def test_filters_tell_closed_shards_from_open_ones(server, boto, topic):
    """A partition more closes a shard and opens its two children."""
    clients.admin(server).create_partitions([NewPartitions(topic, 4)], request_timeout=20)[topic].result(25)
    # SDKs send whole seconds or milliseconds; a time before the stream's beginning means its beginning.
    now, second = datetime.datetime.now(datetime.timezone.utc), datetime.timedelta(seconds=1)
    before, after = now - 30 * second, now + second
    everything = clients.list_shards(boto, topic)
    first, closed = everything[:3], [s for s in everything if "EndingSequenceNumber" in s["SequenceNumberRange"]]
    assert len(everything) == 5 and [s.get("ParentShardId") for s in everything[3:]] == 2 * [closed[0]["ShardId"]]
    still_open = [shard for shard in everything if shard not in closed]
    for kind, more, expected in (("AT_LATEST", {}, still_open), ("AT_TRIM_HORIZON", {}, first),
                                 ("FROM_TRIM_HORIZON", {}, everything), ("AT_TIMESTAMP", {"Timestamp": before}, first),
                                 ("AT_TIMESTAMP", {"Timestamp": after}, still_open),
                                 ("FROM_TIMESTAMP", {"Timestamp": before}, everything),
                                 ("FROM_TIMESTAMP", {"Timestamp": after}, still_open),
                                 ("AFTER_SHARD_ID", {"ShardId": shard_id(2)}, everything[3:])):
        assert boto.list_shards(StreamName=topic, ShardFilter={"Type": kind, **more})["Shards"] == expected, (kind, more)


def test_describe_stream_pages_shards(server, boto):
    name = clients.create_stream(server, clients.unique("pages"), 5, boto)
    page = boto.describe_stream(StreamName=name, Limit=2)["StreamDescription"]
    assert [s["ShardId"] for s in page["Shards"]] == [shard_id(0), shard_id(1)] and page["HasMoreShards"] is True
    shards = [s["ShardId"] for page in boto.get_paginator("describe_stream").paginate(StreamName=name, PaginationConfig={"PageSize": 2})
              for s in page["StreamDescription"]["Shards"]]
    assert shards == [shard_id(i) for i in range(5)]


# Puts


def test_a_put_goes_to_the_shard_that_owns_the_keys_hash(server, boto, stream):
    ranges = {s["ShardId"]: (int(s["HashKeyRange"]["StartingHashKey"]), int(s["HashKeyRange"]["EndingHashKey"]))
              for s in clients.list_shards(boto, stream)}
    for i in range(50):
        key = f"key-{i}-ø"
        put = boto.put_record(StreamName=stream, Data=b"x", PartitionKey=key)
        first, last = ranges[put["ShardId"]]
        assert first <= int.from_bytes(hashlib.md5(key.encode()).digest()) <= last


def test_an_explicit_hash_key_overrules_the_partition_key(server, boto, stream):
    for shard in clients.list_shards(boto, stream):
        for bound in shard["HashKeyRange"].values():
            put = boto.put_record(StreamName=stream, Data=b"x", PartitionKey="same", ExplicitHashKey=bound)
            assert put["ShardId"] == shard["ShardId"]


def test_sequence_numbers_are_offsets_in_aws_layout(server, boto):
    name = clients.create_stream(server, clients.unique("sequence"), 1, boto)
    created = boto.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamCreationTimestamp"].timestamp()
    numbers = [boto.put_record(StreamName=name, Data=b"%d" % i, PartitionKey="k")["SequenceNumber"] for i in range(20)]
    decoded = [SequenceNumber.decode(number) for number in numbers]
    assert [number.offset for number in decoded] == list(range(20))
    assert {number.ordinal for number in decoded} == {0}
    assert abs(decoded[0].create_seconds - created) <= 1
    assert numbers == sorted(numbers, key=int) and {len(number) for number in numbers} == {56}
    assert [r["SequenceNumber"] for r in clients.read_shard(boto, name, shard_id(0))] == numbers


def test_put_records_answers_in_order_of_the_request(server, boto, stream):
    entries = [{"Data": b"%d" % i, "PartitionKey": f"key-{i % 40}"} for i in range(500)]
    results = clients.put_all(boto, stream, entries)
    stored = {(shard, r["SequenceNumber"]): r for shard, records in clients.read_stream(boto, stream).items() for r in records}
    assert len(stored) == 500
    for entry, result in zip(entries, results):
        record = stored[result["ShardId"], result["SequenceNumber"]]
        assert (record["Data"], record["PartitionKey"]) == (entry["Data"], entry["PartitionKey"])
        assert SequenceNumber.decode(result["SequenceNumber"]).ordinal == shard_ordinal(result["ShardId"])


def test_put_limits(server, boto, stream):
    big = random.Random(1).randbytes(1 << 20)
    # The key counts as well: 1 MiB together.
    put = boto.put_record(StreamName=stream, Data=big[:-1], PartitionKey="k")
    assert clients.read_shard(boto, stream, put["ShardId"])[0]["Data"] == big[:-1]
    with refused("InvalidArgumentException", "ValidationException"):
        boto.put_record(StreamName=stream, Data=big + b"x", PartitionKey="k")
    with refused("InvalidArgumentException", "ValidationException"):
        boto.put_records(StreamName=stream, Records=[{"Data": big[:-1], "PartitionKey": "k"}] * 11)
    with refused("ValidationException") as answer:
        boto.put_records(StreamName=stream, Records=[{"Data": b"x", "PartitionKey": "k"}] * 501)
    assert "Member must have length less than or equal to 500" in answer.message
    with refused("ValidationException") as answer:
        boto.put_record(StreamName=stream, Data=b"x", PartitionKey="k" * 257)
    assert "'partitionKey' failed to satisfy constraint: Member must have length less than or equal to 256" in answer.message
    with refused("InvalidArgumentException"):
        boto.put_record(StreamName=stream, Data=b"x", PartitionKey="k", ExplicitHashKey=str(HASH_KEY_MAX + 1))


def test_empty_data_is_a_record(server, boto, stream):
    put = boto.put_record(StreamName=stream, Data=b"", PartitionKey="k")
    assert [r["Data"] for r in clients.read_shard(boto, stream, put["ShardId"])] == [b""]


# Iterators and reads


@pytest.fixture(scope="module")
def ten(server):
    """A stream of one shard with ten records, and their sequence numbers and arrival times."""
    boto = clients.kinesis(server)
    name = clients.create_stream(server, clients.unique("ten"), 1, boto)
    for i in range(10):
        boto.put_record(StreamName=name, Data=b"%d" % i, PartitionKey="k")
        clock = time.time()
        clients.wait_until(lambda: time.time() - clock > 0.005, what="the next arrival time", poll=0.001)
    return name, clients.read_shard(boto, name, shard_id(0))


def values(boto, name, kind, **more):
    return [int(r["Data"]) for r in clients.read_shard(boto, name, shard_id(0), kind=kind, **more)]


def test_iterators_of_all_five_types(server, boto, ten):
    name, records = ten
    number = records[4]["SequenceNumber"]
    assert values(boto, name, "TRIM_HORIZON") == list(range(10))
    assert values(boto, name, "AT_SEQUENCE_NUMBER", StartingSequenceNumber=number) == list(range(4, 10))
    assert values(boto, name, "AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=number) == list(range(5, 10))
    assert values(boto, name, "AT_TIMESTAMP", Timestamp=records[7]["ApproximateArrivalTimestamp"]) == [7, 8, 9]
    assert values(boto, name, "AT_TIMESTAMP", Timestamp=datetime.datetime(2013, 1, 1, tzinfo=datetime.timezone.utc)) == list(range(10))
    assert values(boto, name, "LATEST") == []


def test_latest_sees_only_what_comes_after_it(server, boto, stream):
    put = boto.put_record(StreamName=stream, Data=b"before", PartitionKey="k")
    position = clients.iterator(boto, stream, put["ShardId"], "LATEST")
    boto.put_record(StreamName=stream, Data=b"after", PartitionKey="k")
    assert [r["Data"] for r in boto.get_records(ShardIterator=position)["Records"]] == [b"after"]


def test_the_starting_sequence_number_of_a_shard_is_its_first_record(server, boto, ten):
    name, _ = ten
    start = clients.list_shards(boto, name)[0]["SequenceNumberRange"]["StartingSequenceNumber"]
    assert values(boto, name, "AT_SEQUENCE_NUMBER", StartingSequenceNumber=start) == list(range(10))


def test_pages_hold_at_most_the_limit_and_iterators_can_be_used_again(server, boto, ten):
    name, _ = ten
    position = clients.iterator(boto, name, shard_id(0))
    page = boto.get_records(ShardIterator=position, Limit=4)
    assert [int(r["Data"]) for r in page["Records"]] == [0, 1, 2, 3] and page["NextShardIterator"] != position
    assert page["MillisBehindLatest"] > 0
    rest = boto.get_records(ShardIterator=page["NextShardIterator"])
    assert [int(r["Data"]) for r in rest["Records"]] == list(range(4, 10)) and rest["MillisBehindLatest"] == 0
    assert "ChildShards" not in rest or rest["ChildShards"] == []
    assert boto.get_records(ShardIterator=position, Limit=4)["Records"] == page["Records"]
    assert boto.get_records(ShardIterator=f'"{position}"', Limit=1)["Records"] == page["Records"][:1]


def test_a_page_is_at_most_ten_mebibytes(server, boto):
    name = clients.create_stream(server, clients.unique("large"), 1, boto)
    for start in range(3):
        clients.put_all(boto, name, [{"Data": bytes(1_000_000), "PartitionKey": f"{start}-{i}"} for i in range(5)])
    position, sizes = clients.iterator(boto, name, shard_id(0)), []
    while sum(sizes) < 15_000_000:
        page = boto.get_records(ShardIterator=position)
        sizes.append(sum(len(r["Data"]) for r in page["Records"]))
        position = page["NextShardIterator"]
        assert 0 < sizes[-1] <= 10 << 20
    assert sum(sizes) == 15_000_000


def test_arrival_timestamps_are_now(server, boto, stream):
    put = boto.put_record(StreamName=stream, Data=b"x", PartitionKey="k")
    stamp = clients.read_shard(boto, stream, put["ShardId"])[0]["ApproximateArrivalTimestamp"]
    assert abs(stamp.timestamp() - time.time()) < 10


# Errors


def test_unknown_streams_and_shards(server, boto, stream):
    for call in (lambda: boto.describe_stream(StreamName="absent"), lambda: boto.describe_stream_summary(StreamName="absent"),
                 lambda: boto.list_shards(StreamName="absent"), lambda: boto.delete_stream(StreamName="absent"),
                 lambda: boto.put_record(StreamName="absent", Data=b"x", PartitionKey="k"),
                 lambda: boto.put_records(StreamName="absent", Records=[{"Data": b"x", "PartitionKey": "k"}])):
        with refused("ResourceNotFoundException") as answer:
            call()
        assert answer.message == f"Stream absent under account {clients.ACCOUNT} not found."
    for name, number in (("absent", 0), (stream, 99)):
        with refused("ResourceNotFoundException") as answer:
            clients.iterator(boto, name, shard_id(number))
        assert answer.message == f"Shard {shard_id(number)} in stream {name} under account {clients.ACCOUNT} does not exist"


def test_an_existing_name_is_in_use(server, boto, stream):
    with refused("ResourceInUseException") as answer:
        boto.create_stream(StreamName=stream, ShardCount=1)
    assert answer.message == f"Stream {stream} under account {clients.ACCOUNT} already exists."


def test_iterator_arguments_are_checked(server, boto, stream):
    with refused("InvalidArgumentException"):
        clients.iterator(boto, stream, shard_id(0), "AT_SEQUENCE_NUMBER")
    with refused("InvalidArgumentException"):
        clients.iterator(boto, stream, shard_id(0), "AT_SEQUENCE_NUMBER", StartingSequenceNumber="12345")
    with refused("InvalidArgumentException"):
        clients.iterator(boto, stream, shard_id(0), "AT_TIMESTAMP")
    with refused("InvalidArgumentException"):
        ahead = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)
        clients.iterator(boto, stream, shard_id(0), "AT_TIMESTAMP", Timestamp=ahead)
    with refused("ValidationException"):
        clients.iterator(boto, stream, shard_id(0), "SOMEWHERE")
    with refused("InvalidArgumentException"):
        other = boto.put_record(StreamName=stream, Data=b"x", PartitionKey="k", ExplicitHashKey=str(HASH_KEY_MAX))
        clients.iterator(boto, stream, shard_id(0), "AT_SEQUENCE_NUMBER", StartingSequenceNumber=other["SequenceNumber"])


def test_read_limits_are_checked(server, boto, ten):
    name, _ = ten
    position = clients.iterator(boto, name, shard_id(0))
    for limit in (0, 10_001):
        with refused("ValidationException"):
            unchecked(server).get_records(ShardIterator=position, Limit=limit)


def unchecked(server):
    """boto3 without its own checks of parameters, so that the server's are seen."""
    return boto3.client("kinesis", endpoint_url=server.endpoint_url, region_name=clients.REGION, aws_access_key_id=clients.ACCOUNT,
                        aws_secret_access_key="secret",
                        config=botocore.config.Config(parameter_validation=False, retries={"max_attempts": 1, "mode": "standard"}))


@pytest.mark.parametrize("name", ["", "a" * 129, "white space", "ünicode"])
def test_stream_names_are_validated(server, name):
    with refused("ValidationException") as answer:
        unchecked(server).create_stream(StreamName=name, ShardCount=1)
    assert "detected: Value" in answer.message and "'streamName' failed to satisfy constraint" in answer.message


def test_the_region_and_account_come_from_the_credentials(server, stream):
    other = boto3.client("kinesis", endpoint_url=server.endpoint_url, region_name="ap-south-1",
                         aws_access_key_id="AKIAIOSFODNN7EXAMPLE", aws_secret_access_key="secret")
    summary = other.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]
    assert summary["StreamARN"] == f"arn:aws:kinesis:ap-south-1:000000000000:stream/{stream}"
