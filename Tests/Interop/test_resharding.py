"""Splits, merges and changes of the shard count: what readers and writers of both faces see of them."""

import hashlib
import threading
import time

import pytest
from botocore.exceptions import ClientError
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import NewPartitions

from harness import clients
from harness.mapping import HASH_KEY_MAX, SequenceNumber, shard_id, tiles_hash_space

MIDDLE = str(2**127)


def lineage(boto, stream):
    return {s["ShardId"]: s for s in clients.list_shards(boto, stream)}


def is_closed(shard):
    return "EndingSequenceNumber" in shard["SequenceNumberRange"]


def walk(boto, stream, wait=lambda: False, limit=10_000):
    """Reads like a KCL: parents first, children when their parents end. Yields shard and record.

    `wait` says whether more is to come at open shards.
    """
    iterators = {s: boto.get_shard_iterator(StreamName=stream, ShardId=s, ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
                 for s, shard in lineage(boto, stream).items() if "ParentShardId" not in shard}
    ended = set()
    while iterators:
        idle = True
        for shard, iterator in list(iterators.items()):
            answer = boto.get_records(ShardIterator=iterator, Limit=limit)
            for record in answer["Records"]:
                idle = False
                yield shard, record
            if answer.get("NextShardIterator"):
                iterators[shard] = answer["NextShardIterator"]
                assert "ChildShards" not in answer
                continue
            del iterators[shard]
            ended.add(shard)
            idle = False
            for child in answer["ChildShards"]:
                assert shard in child["ParentShards"]
                if set(child["ParentShards"]) <= ended:
                    iterators[child["ShardId"]] = boto.get_shard_iterator(
                        StreamName=stream, ShardId=child["ShardId"], ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
        if idle and not wait():
            return
        if idle:
            time.sleep(0.02)


def test_a_split_divides_the_range_and_the_records_stay_where_they_are(server, boto):
    name = clients.create_stream(server, clients.unique("split"), 1, boto)
    clients.put_all(boto, name, [{"Data": b"before-%d" % i, "PartitionKey": f"k{i}"} for i in range(40)])
    boto.split_shard(StreamName=name, ShardToSplit=shard_id(0), NewStartingHashKey=MIDDLE)
    boto.get_waiter("stream_exists").wait(StreamName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 1})
    shards = lineage(boto, name)
    assert sorted(shards) == [shard_id(i) for i in range(3)] and tiles_hash_space(shards.values())
    assert is_closed(shards[shard_id(0)])
    assert [shards[shard_id(i)]["ParentShardId"] for i in (1, 2)] == 2 * [shard_id(0)]
    assert shards[shard_id(2)]["HashKeyRange"] == {"StartingHashKey": MIDDLE, "EndingHashKey": str(HASH_KEY_MAX)}
    for i in range(40):
        put = boto.put_record(StreamName=name, Data=b"after-%d" % i, PartitionKey=f"k{i}")
        upper = int.from_bytes(hashlib.md5(f"k{i}".encode()).digest()) >= 2**127
        assert put["ShardId"] == shard_id(2 if upper else 1)
    seen = list(walk(boto, name))
    assert sorted(r["Data"] for s, r in seen if s == shard_id(0)) == sorted(b"before-%d" % i for i in range(40))
    assert len(seen) == 80
    numbers = [int(r["SequenceNumber"]) for s, r in seen if s in (shard_id(0), shard_id(1))]
    assert numbers == sorted(numbers), "along a lineage sequence numbers grow"


def test_a_merge_closes_a_partition_for_producers_and_a_split_opens_it_again(server, boto):
    name = clients.create_stream(server, clients.unique("merge"), 2, boto)
    clients.put_all(boto, name, [{"Data": b"%d" % i, "PartitionKey": f"k{i}"} for i in range(60)])
    boto.merge_shards(StreamName=name, ShardToMerge=shard_id(0), AdjacentShardToMerge=shard_id(1))
    shards = lineage(boto, name)
    child = shards[shard_id(2)]
    assert (child["ParentShardId"], child["AdjacentParentShardId"]) == (shard_id(0), shard_id(1))
    assert tiles_hash_space(shards.values())
    # The sealed partition is still there for consumers, and refuses producers for good.
    assert len(clients.read_all(server, name, 60)) == 60
    with pytest.raises(AssertionError, match="POLICY_VIOLATION|violat|polic"):
        clients.produce_all(server, name, [(b"k", b"v", {"partition": 1})])
    put = boto.put_record(StreamName=name, Data=b"merged", PartitionKey="x")
    assert put["ShardId"] == shard_id(2)
    boto.split_shard(StreamName=name, ShardToSplit=shard_id(2), NewStartingHashKey=MIDDLE)
    clients.produce_all(server, name, [(b"k", b"opened", {"partition": 1})])
    assert len(list(walk(boto, name))) == 62
    described = clients.admin(server).list_topics(name, timeout=20).topics[name]
    assert len(described.partitions) == 2, "a sealed partition is used before a new one is made"


def test_what_a_kafka_producer_wrote_to_is_merged_with_leave_only(server, boto):
    name = clients.create_stream(server, clients.unique("leave"), 2, boto)
    clients.produce_all(server, name, [(b"k", b"v", {"partition": 1})])
    for attempt in (lambda: boto.merge_shards(StreamName=name, ShardToMerge=shard_id(0), AdjacentShardToMerge=shard_id(1)),
                    lambda: boto.update_shard_count(StreamName=name, TargetShardCount=1, ScalingType="UNIFORM_SCALING")):
        with pytest.raises(ClientError, match="kinesis.allow.merge"):
            attempt()
    # Twice as many are splits alone.
    boto.update_shard_count(StreamName=name, TargetShardCount=4, ScalingType="UNIFORM_SCALING")
    assert boto.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["OpenShardCount"] == 4


def test_the_shard_count_is_changed_both_ways(server, boto):
    name = clients.create_stream(server, clients.unique("count"), 2, boto)
    for before, target in ((2, 5), (5, 5), (5, 3), (3, 12), (12, 1), (1, 2)):
        answer = boto.update_shard_count(StreamName=name, TargetShardCount=target, ScalingType="UNIFORM_SCALING")
        assert (answer["CurrentShardCount"], answer["TargetShardCount"]) == (before, target)
        still_open = [s for s in clients.list_shards(boto, name) if not is_closed(s)]
        assert len(still_open) == target and tiles_hash_space(still_open)
        widths = {int(s["HashKeyRange"]["EndingHashKey"]) - int(s["HashKeyRange"]["StartingHashKey"]) for s in still_open}
        assert max(widths) - min(widths) <= target


def test_a_stream_that_scales_itself_refuses(server, boto, topic):
    for change in (lambda: boto.split_shard(StreamName=topic, ShardToSplit=shard_id(0), NewStartingHashKey=MIDDLE),
                   lambda: boto.update_shard_count(StreamName=topic, TargetShardCount=2, ScalingType="UNIFORM_SCALING")):
        with pytest.raises(ClientError, match="ValidationException"):
            change()


class Writer(threading.Thread):
    """Puts numbered records of a few keys, one after the other for each key."""

    def __init__(self, server, stream, number):
        super().__init__(daemon=True)
        self.boto = clients.kinesis(server)
        self.stream, self.number = stream, number
        self.is_over = threading.Event()
        self.acknowledged = {}
        self.failure = None

    def run(self):
        try:
            turn = 0
            while not self.is_over.is_set():
                entries = [{"Data": b"%d/%d/%d" % (self.number, key, turn), "PartitionKey": f"{self.number}-{key}"} for key in range(20)]
                answer = self.boto.put_records(StreamName=self.stream, Records=entries)
                assert answer["FailedRecordCount"] == 0, answer
                for entry, result in zip(entries, answer["Records"]):
                    self.acknowledged[entry["Data"]] = (result["ShardId"], result["SequenceNumber"])
                turn += 1
        except Exception as failure:
            self.failure = failure


def test_readers_and_writers_keep_going_through_a_series_of_reshards(server, boto):
    """Every record is read once, at the shard and number that its acknowledgement named, in the order of its key."""
    name = clients.create_stream(server, clients.unique("load"), 2, boto)
    writers = [Writer(server, name, number) for number in range(3)]
    for writer in writers:
        writer.start()
    changing = threading.Event()

    def change():
        for target in 4 * (6, 3, 8, 1, 4, 2):
            boto.update_shard_count(StreamName=name, TargetShardCount=target, ScalingType="UNIFORM_SCALING")
            before = sum(len(w.acknowledged) for w in writers)
            clients.wait_until(lambda: sum(len(w.acknowledged) for w in writers) > before + 60, what="puts between changes")
        clients.kinesis(server).split_shard(
            StreamName=name, NewStartingHashKey=str(2**126),
            ShardToSplit=next(s["ShardId"] for s in clients.list_shards(boto, name)
                              if not is_closed(s) and s["HashKeyRange"]["StartingHashKey"] == "0"))
        for writer in writers:
            writer.is_over.set()
            writer.join()
        changing.set()

    changer = threading.Thread(target=change, daemon=True)
    changer.start()
    seen, order, doubled = {}, {}, []
    for shard, record in walk(clients.kinesis(server), name, wait=lambda: not changing.is_set()):
        data = record["Data"]
        if data in seen:
            doubled.append(data)
        seen[data] = (shard, record["SequenceNumber"])
        writer, key, turn = (int(part) for part in data.split(b"/"))
        order.setdefault((writer, key), []).append(turn)
    changer.join()
    # What came between the last look and the end of the writers.
    for shard, record in walk(boto, name):
        seen.setdefault(record["Data"], (shard, record["SequenceNumber"]))
    assert [w.failure for w in writers] == [None] * 3 and doubled == []
    acknowledged = {data: place for w in writers for data, place in w.acknowledged.items()}
    assert len(acknowledged) > 1000
    assert {data: seen.get(data) for data in acknowledged} == acknowledged
    assert len(seen) == len(acknowledged)
    for key, turns in order.items():
        assert turns == sorted(turns), key
    shards = clients.list_shards(boto, name)
    assert tiles_hash_space(shards)
    by_id = {s["ShardId"]: s for s in shards}
    for data, (shard, number) in acknowledged.items():
        key = b"-".join(data.split(b"/")[:2])
        within = by_id[shard]["HashKeyRange"]
        assert int(within["StartingHashKey"]) <= int.from_bytes(hashlib.md5(key).digest()) <= int(within["EndingHashKey"])
        assert SequenceNumber.decode(number).ordinal == int(shard[-12:])
    # A Kafka consumer has them all as well.
    assert len(clients.read_all(server, name, len(acknowledged))) == len(acknowledged)


def test_shards_are_the_same_after_a_crash(server):
    boto = clients.kinesis(server)
    name = clients.create_stream(server, clients.unique("crash"), 2, boto)
    clients.put_all(boto, name, [{"Data": b"%d" % i, "PartitionKey": f"k{i}"} for i in range(60)])
    boto.update_shard_count(StreamName=name, TargetShardCount=1, ScalingType="UNIFORM_SCALING")
    clients.put_all(boto, name, [{"Data": b"later-%d" % i, "PartitionKey": f"k{i}"} for i in range(20)])
    before = clients.list_shards(boto, name)
    seen = [(s, r["SequenceNumber"]) for s, r in walk(boto, name)]
    server.kill9()
    server.start()
    boto = clients.kinesis(server)
    assert clients.list_shards(boto, name) == before
    assert [(s, r["SequenceNumber"]) for s, r in walk(boto, name)] == seen and len(seen) == 80
    boto.split_shard(StreamName=name, ShardToSplit=before[-1]["ShardId"], NewStartingHashKey=MIDDLE)
    assert tiles_hash_space(clients.list_shards(boto, name))


def test_create_partitions_and_reshards_are_the_same_act(server, boto):
    name = clients.create_stream(server, clients.unique("both"), 2, boto)
    clients.admin(server).create_partitions([NewPartitions(name, 3)], request_timeout=20)[name].result(25)
    assert boto.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["OpenShardCount"] == 3
    boto.update_shard_count(StreamName=name, TargetShardCount=2, ScalingType="UNIFORM_SCALING")
    assert len(clients.admin(server).list_topics(name, timeout=20).topics[name].partitions) >= 3
    with pytest.raises(KafkaException) as refused:
        clients.admin(server).create_partitions([NewPartitions(name, 2)], request_timeout=20)[name].result(25)
    assert refused.value.args[0].code() == KafkaError.INVALID_PARTITIONS
