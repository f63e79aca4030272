"""Applications of the Kinesis Client Library, whose leases are in the server's own tables."""

import collections
import json
import subprocess
import threading
import time

import pytest
from confluent_kafka import ConsumerGroupTopicPartitions, KafkaError, KafkaException, TopicPartition

from harness import clients
from harness.kcl import ENDED, Journal, Worker, aws
from harness.mapping import shard_id
from harness.server import binary

MIDDLE = str(2**127)
KEYS = 40


def put(boto, stream, rounds, start):
    """Puts one record per key and round, in order per key; returns their data."""
    data = []
    for number in range(start, start + rounds):
        batch = [{"Data": b"%d:%d" % (key, number), "PartitionKey": f"key-{key}"} for key in range(KEYS)]
        answer = boto.put_records(StreamName=stream, Records=batch)
        assert answer["FailedRecordCount"] == 0
        data += [record["Data"] for record in batch]
    return data


def check_order(journal):
    """Of each key, what is seen for the first time comes in the order of the puts, also across shards."""
    last, seen = collections.defaultdict(lambda: -1), set()
    for worker, lease, _, _, data in journal.records:
        if data in seen:
            continue
        seen.add(data)
        key, number = (int(part) for part in data.split(b":"))
        assert number == last[key] + 1, f"{data} of {lease} seen by {worker} after {last[key]}"
        last[key] = number
    assert not journal.doubles, f"a lease had two owners: {journal.doubles}"


def seen(journal, data):
    return lambda: len(journal.data()) == len(data) and journal.data() == set(data)


@pytest.mark.parametrize("version", [2, 3])
def test_workers_share_a_stream_through_kills_and_a_reshard(server, boto, version):
    stream = clients.create_stream(server, clients.unique("kcl"), 4, boto)
    application, journal = clients.unique(f"app{version}"), Journal()

    def worker():
        one = Worker(server, application, stream, journal, version)
        one.start()
        return one

    workers = [worker() for _ in range(3)]
    data = put(boto, stream, 10, 0)
    clients.wait_until(seen(journal, data), 60, "all records seen")
    clients.wait_until(lambda: sorted(len(w.held) for w in workers) == [1, 1, 2], 60, "leases shared evenly")
    assert not any(w.failure for w in workers), [w.failure for w in workers]
    workers[0].kill()
    data += put(boto, stream, 10, 10)
    boto.split_shard(StreamName=stream, ShardToSplit=shard_id(0), NewStartingHashKey=str(2**125))
    data += put(boto, stream, 10, 20)
    boto.merge_shards(StreamName=stream, ShardToMerge=shard_id(1), AdjacentShardToMerge=shard_id(2))
    workers.append(worker())
    data += put(boto, stream, 10, 30)
    clients.wait_until(seen(journal, data), 90, "all records seen through the reshard")
    workers[1].kill()
    data += put(boto, stream, 5, 40)
    clients.wait_until(seen(journal, data), 60, "all records seen after the second kill")
    for one in (workers[2], workers[3]):
        one.shut_down()
    check_order(journal)
    leases = {lease["leaseKey"]["S"]: lease for lease in workers[3].list_leases()}
    assert {key for key, lease in leases.items() if lease["checkpoint"]["S"] == ENDED} == {shard_id(i) for i in (0, 1, 2)}
    assert set(leases[shard_id(0)]["childShardIds"]["SS"]) == {shard_id(4), shard_id(5)}
    assert set(leases[shard_id(6)]["parentShardId"]["SS"]) == {shard_id(1), shard_id(2)}
    if version == 3:
        assert workers[3].owned_by_index() == set()


def test_leases_and_checkpoints_survive_the_server(new_server):
    server = new_server()
    boto = clients.kinesis(server, attempts=8)
    stream = clients.create_stream(server, "survivor", 2, boto)
    journal = Journal()
    workers = [Worker(server, "survivors", stream, journal) for _ in range(2)]
    for one in workers:
        one.start()
    data = put(boto, stream, 5, 0)
    clients.wait_until(seen(journal, data), 60, "all records seen")
    server.kill9()
    server.start()
    data += put(boto, stream, 5, 5)
    clients.wait_until(seen(journal, data), 90, "all records seen after the crash")
    for one in workers:
        one.shut_down()
    check_order(journal)
    server.stop()
    server.start()
    dynamo = aws("dynamodb", server)
    items = dynamo.scan(TableName="survivors", FilterExpression="entityType = :t",
                        ExpressionAttributeValues={":t": {"S": "LEASE"}})["Items"]
    latest = {lease: max(r[2] for r in journal.records if r[1] == lease) for lease in {r[1] for r in journal.records}}
    assert {item["leaseKey"]["S"]: int(item["checkpoint"]["S"]) for item in items} == latest


def test_a_lease_is_handed_over_gracefully(server, boto):
    stream = clients.create_stream(server, clients.unique("handoff"), 1, boto)
    journal, application = Journal(), clients.unique("handoff")
    first, second = (Worker(server, application, stream, journal, name=name) for name in ("first", "second"))
    for one in (first, second):
        one.initialize()
    data = put(boto, stream, 3, 0)
    first.take(first.list_leases())
    first.consume(shard_id(0))
    assert first.owned_by_index() == {shard_id(0)} and second.owned_by_index() == set()
    first.hand_over(shard_id(0), second)
    assert first.owned_by_index() == set() and second.owned_by_index() == {shard_id(0)}
    data += put(boto, stream, 3, 3)
    second.consume(shard_id(0))
    assert second.held, "the successor owns the lease"
    assert [record[4] for record in journal.records] == data, "nothing twice after a hand-off"
    check_order(journal)


def test_workers_with_enhanced_fan_out(server, boto):
    stream = clients.create_stream(server, clients.unique("fan"), 2, boto)
    journal, application = Journal(), clients.unique("fan")
    one = Worker(server, application, stream, journal, fan_out=True)
    data = put(boto, stream, 5, 0)
    one.start()
    clients.wait_until(seen(journal, data), 60, "all records seen")
    boto.split_shard(StreamName=stream, ShardToSplit=shard_id(0), NewStartingHashKey=str(2**126))
    data += put(boto, stream, 5, 5)
    clients.wait_until(seen(journal, data), 90, "all records seen through the split")
    one.shut_down()
    check_order(journal)


def test_a_hundred_leases_are_claimed_once_each(server):
    """Many workers compete for the same leases at the same moment."""
    application, journal = clients.unique("race"), Journal()
    workers = [Worker(server, application, "none", journal, version=2, name=f"w{i}") for i in range(8)]
    workers[0].create_table()
    for number in range(100):
        workers[0].create_lease(shard_id(number), {"StartingHashKey": "0", "EndingHashKey": "1"}, [])
    leases = workers[0].list_leases()
    threads = [threading.Thread(target=lambda w=w: [w.claim(lease) for lease in leases]) for w in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not journal.doubles
    owners = {lease["leaseKey"]["S"]: lease["leaseOwner"]["S"] for lease in workers[0].list_leases()}
    assert len(owners) == 100
    assert sum(len(w.held) for w in workers) == 100
    assert all(w.name == owners[key] for w in workers for key in w.held)
    start = time.monotonic()
    workers[0].renew()
    assert time.monotonic() - start < 30


def test_an_application_is_a_group_to_look_at(server, boto):
    """Its checkpoints are committed offsets and its workers are members; nothing of it can be changed from Kafka's side."""
    stream = clients.create_stream(server, clients.unique("groups"), 2, boto)
    application = clients.unique("watched")
    group = "kcl:" + application
    one = Worker(server, application, stream, Journal(), name="the-worker")
    one.initialize()
    put(boto, stream, 5, 0)
    one.take(one.list_leases())
    one.consume(shard_id(0))

    def millrace(*words):
        done = subprocess.run([str(binary()), "group", *words, "--bootstrap", server.kafka, "--output", "json"],
                              capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    assert {"name": group, "state": "Stable", "type": "classic", "protocolType": "consumer"} in millrace("list")
    described = millrace("describe", group)
    assert [member["memberID"] for member in described["members"]] == ["the-worker"]
    sizes = [len(clients.read_shard(boto, stream, shard_id(i))) for i in range(2)]
    read = {entry["partition"]: (entry["topic"], entry["offset"], entry["lag"]) for entry in described["offsets"]}
    assert read[0] == (stream, sizes[0], 0)
    assert read[1] == (stream, 0, sizes[1])
    admin = clients.admin(server)
    assert group in [g.group_id for g in clients.listed_groups(admin)]
    offsets = admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)])[group].result(20).topic_partitions
    assert {(p.topic, p.partition, p.offset) for p in offsets} == {(stream, 0, sizes[0]), (stream, 1, 0)}
    changed = admin.alter_consumer_group_offsets(
        [ConsumerGroupTopicPartitions(group, [TopicPartition(stream, 0, 0)])])[group].result(20)
    assert [p.error.code() for p in changed.topic_partitions] == [KafkaError.GROUP_AUTHORIZATION_FAILED]
    with pytest.raises(KafkaException) as refused:
        admin.delete_consumer_groups([group])[group].result(20)
    assert refused.value.args[0].code() == KafkaError.GROUP_ID_NOT_FOUND
