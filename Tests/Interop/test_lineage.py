"""Random series of splits, merges, changes of the count, puts from both faces, crashes and restarts.

In every series: the open shards tile the hash keys exactly, sequence numbers grow along each lineage, and each
acknowledged put is read exactly once, at the shard and the number that its acknowledgement named.
"""

import random
import threading
import time

import botocore.exceptions
import pytest

from harness import clients, mapping

STEPS = 30
SHARDS_MAX = 12


class History:
    """A stream, and what was learned about it."""

    def __init__(self, server, seed):
        self.server, self.random = server, random.Random(seed)
        self.stream = f"lineage-{seed}"
        self.connect()
        self.client.create_stream(StreamName=self.stream, ShardCount=2)
        self.count = 0
        # By data: where Kinesis said that it is; where Kafka said so; sent, and not answered.
        self.kinesis, self.kafka, self.unknown = {}, {}, set()

    def connect(self):
        """No retries: a put that is tried again is another put."""
        self.client = clients.kinesis(self.server, attempts=0)

    def data(self):
        self.count += 1
        return b"%d" % self.count

    def open_shards(self):
        shards = clients.list_shards(self.client, self.stream)
        assert mapping.tiles_hash_space(shards)
        open_ones = [s for s in shards if "EndingSequenceNumber" not in s["SequenceNumberRange"]]
        return sorted(open_ones, key=lambda shard: int(shard["HashKeyRange"]["StartingHashKey"]))

    # What happens

    def split(self):
        shards = self.open_shards()
        shard = self.random.choice(shards)
        first, last = (int(shard["HashKeyRange"][end]) for end in ("StartingHashKey", "EndingHashKey"))
        if len(shards) < SHARDS_MAX and last > first:
            self.client.split_shard(StreamName=self.stream, ShardToSplit=shard["ShardId"],
                                    NewStartingHashKey=str(self.random.randint(first + 1, last)))

    def merge(self):
        shards = self.open_shards()
        if len(shards) > 1:
            at = self.random.randrange(len(shards) - 1)
            pair = [shard["ShardId"] for shard in shards[at:at + 2]]
            self.client.merge_shards(StreamName=self.stream, ShardToMerge=pair[0], AdjacentShardToMerge=pair[1])

    def scale(self):
        target = self.random.randint(1, 6)
        self.client.update_shard_count(StreamName=self.stream, TargetShardCount=target, ScalingType="UNIFORM_SCALING")
        assert len(self.open_shards()) == target

    def entries(self):
        return [{"Data": self.data(), "PartitionKey": f"key {self.random.randrange(50)}"}
                | ({"ExplicitHashKey": str(self.random.randrange(2**128))} if self.random.random() < 0.3 else {})
                for _ in range(self.random.randint(1, 30))]

    def put(self):
        self.send(self.entries())

    def send(self, entries):
        self.unknown.update(entry["Data"] for entry in entries)
        answer = self.client.put_records(StreamName=self.stream, Records=entries)
        for entry, result in zip(entries, answer["Records"]):
            if "ErrorCode" not in result:
                self.kinesis[entry["Data"]] = (result["ShardId"], result["SequenceNumber"])
                self.unknown.discard(entry["Data"])

    def produce(self):
        """By partition: every writable one is a Kafka producer's to choose."""
        writable = [self.partition_of(shard["ShardId"]) for shard in self.open_shards()]
        known = [partition for partition in writable if partition is not None]
        if known:
            records = [(b"k", self.data(), {"partition": self.random.choice(known)})
                       for _ in range(self.random.randint(1, 20))]
            places = clients.produce_all(self.server, self.stream, records)
            self.kafka |= {record[1]: place for record, place in zip(records, places)}

    def partition_of(self, shard):
        """Learned from a record of Kinesis: a probe is put there and found by its offset from Kafka's side."""
        by_id = {each["ShardId"]: each for each in clients.list_shards(self.client, self.stream)}
        entry = {"Data": self.data(), "PartitionKey": "probe",
                 "ExplicitHashKey": by_id[shard]["HashKeyRange"]["StartingHashKey"]}
        self.send([entry])
        offset = mapping.SequenceNumber.decode(self.kinesis[entry["Data"]][1]).offset
        reader = clients.consumer(self.server)
        try:
            for partition in reader.list_topics(self.stream, timeout=20).topics[self.stream].partitions:
                if reader.get_watermark_offsets(clients.TopicPartition(self.stream, partition), timeout=20)[1] != offset + 1:
                    continue
                reader.assign([clients.TopicPartition(self.stream, partition, offset)])
                message = reader.poll(10)
                if message is not None and message.value() == entry["Data"]:
                    return partition
        finally:
            reader.close()
        return None

    def restart(self):
        self.server.restart()
        self.connect()

    def crash(self):
        """While something is under way, of which nobody learns how it ended."""
        act = self.random.choice([self.put, self.split, self.merge, self.scale])

        def under_way():
            try:
                act()
            except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError, AssertionError):
                pass

        thread = threading.Thread(target=under_way)
        thread.start()
        time.sleep(self.random.random() * 0.03)
        self.server.kill9()
        thread.join()
        self.server.start()
        self.connect()

    # What is true

    def check(self):
        found, last_of = {}, {}
        shards = clients.list_shards(self.client, self.stream)
        assert mapping.tiles_hash_space(shards)
        for shard in shards:
            numbers = []
            for record in clients.read_shard(self.client, self.stream, shard["ShardId"]):
                assert record["Data"] not in found, "read twice"
                found[record["Data"]] = (shard["ShardId"], record["SequenceNumber"])
                numbers.append(int(record["SequenceNumber"]))
            assert numbers == sorted(set(numbers))
            first, last = (shard["SequenceNumberRange"].get(end) for end in (
                "StartingSequenceNumber", "EndingSequenceNumber"))
            assert all(int(first) <= number for number in numbers)
            assert last is None or all(number <= int(last) for number in numbers)
            last_of[shard["ShardId"]] = max(numbers, default=int(first))
            for parent in (shard.get("ParentShardId"), shard.get("AdjacentParentShardId")):
                if parent is not None:
                    assert int(first) > last_of[parent], "a child's numbers are above its parents'"
        for data, place in self.kinesis.items():
            assert found.get(data) == place, f"record {data}"
        for data, (_, offset) in self.kafka.items():
            assert mapping.SequenceNumber.decode(found[data][1]).offset == offset, f"record {data}"
        assert set(found) <= set(self.kinesis) | set(self.kafka) | self.unknown


@pytest.mark.parametrize("seed", [2, 3, 4])
def test_any_series_keeps_the_lineage(new_server, seed):
    history = History(new_server(settings={"kinesis.iterator.lifetime.ms": 600_000}), seed)
    clients.alter_topic(history.server, history.stream, {"kinesis.allow.merge": "true"})
    happenings = [history.put] * 6 + [history.split, history.merge, history.scale] * 3 + [history.produce] * 2 + [
        history.restart, history.crash, history.crash]
    for _ in range(STEPS):
        history.random.choice(happenings)()
        history.open_shards()
    history.check()
    history.restart()
    history.check()
