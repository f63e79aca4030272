"""Consumer groups of the classic protocol: sharing, losing members, static members, restarts, administration."""

import collections
import subprocess
import sys
import threading
import time

import pytest
from confluent_kafka import ConsumerGroupState, ConsumerGroupTopicPartitions, KafkaException, TopicPartition

from harness import clients

STRATEGIES = ["range", "roundrobin", "cooperative-sticky"]
PARTITIONS = 6


class Member(threading.Thread):
    """A consumer on a thread of its own: keeps what it reads and its assignment until told to stop or to vanish."""

    def __init__(self, server, topic, group, **more):
        super().__init__(daemon=True)
        self.client = clients.consumer(server, group, **more)
        self.topic, self.seen, self.assignment, self.failure = topic, [], frozenset(), None
        self.held = frozenset()
        self.rebalances, self.commits = 0, False
        self._end = threading.Event()

    def run(self):
        def changed(*_):
            self.rebalances += 1
        try:
            self.client.subscribe([self.topic], on_assign=changed, on_revoke=changed)
            while not self._end.is_set():
                for message in self.client.consume(500, 0.1):
                    if message.error() is None:
                        self.seen.append((message.partition(), message.offset(), message.value()))
                if self.commits and self.seen:
                    self.client.commit(asynchronous=True)
                self.held = frozenset((p.topic, p.partition) for p in self.client.assignment())
                self.assignment = frozenset(partition for _, partition in self.held)
            self.client.close()
        except Exception as error:  # noqa: BLE001 - handed to the test's thread
            self.failure = error

    def leave(self):
        self._end.set()
        self.join(30)
        assert not self.is_alive(), "the consumer did not close within 30 s"


@pytest.fixture
def wide(server):
    return clients.create_topic(server, clients.unique("wide"), PARTITIONS)


@pytest.fixture
def members():
    made = []

    def start(server, topic, group, **more):
        member = Member(server, topic, group, **more)
        made.append(member)
        member.start()
        return member

    yield start
    for member in made:
        member._end.set()
    for member in made:
        member.join(30)
        assert member.failure is None


def shared(*running):
    """Whether the members hold every partition, each exactly once and none without one."""
    held = collections.Counter(p for member in running for p in member.assignment)
    return all(m.assignment for m in running) and sorted(held.elements()) == list(range(PARTITIONS))


def describe(server, group):
    return clients.admin(server).describe_consumer_groups([group], request_timeout=20)[group].result(25)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_three_members_share_and_two_take_over(server, wide, members, strategy):
    group, settings = clients.unique("group"), {"partition.assignment.strategy": strategy}
    three = [members(server, wide, group, **settings) for _ in range(3)]
    clients.wait_until(lambda: shared(*three), 60, "an even assignment")
    assert {len(m.assignment) for m in three} == {2}
    sent = [b"%d" % i for i in range(600)]
    clients.produce_all(server, wide, [(None, value, {"partition": i % PARTITIONS}) for i, value in enumerate(sent)])
    clients.wait_until(lambda: sum(len(m.seen) for m in three) >= 600, 30, "all records")
    assert sorted(v for m in three for _, _, v in m.seen) == sorted(sent)
    three[0].leave()
    clients.wait_until(lambda: shared(*three[1:]), 60, "the take-over")
    clients.produce_all(server, wide, [(None, b"later", {"partition": p}) for p in range(PARTITIONS)])
    clients.wait_until(lambda: sum(v == b"later" for m in three[1:] for _, _, v in m.seen) >= PARTITIONS, 30, "later records")


def test_a_member_that_dies_silently_is_expired(server, wide, members):
    """The coordinator, not the client, ends the session: the dead member never says goodbye."""
    group = clients.unique("group")
    code = ("import sys; from confluent_kafka import Consumer\n"
            "c = Consumer({'bootstrap.servers': sys.argv[1], 'group.id': sys.argv[2], 'session.timeout.ms': 6000,"
            " 'heartbeat.interval.ms': 500})\n"
            "c.subscribe([sys.argv[3]])\n"
            "while not c.assignment(): c.poll(0.1)\n"
            "print('assigned', flush=True)\n"
            "while True: c.poll(0.1)\n")
    with subprocess.Popen([sys.executable, "-c", code, server.kafka, group, wide], stdout=subprocess.PIPE, text=True) as doomed:
        assert doomed.stdout.readline() == "assigned\n"
        other = members(server, wide, group)
        clients.wait_until(lambda: other.assignment, 60, "a share")
        assert not shared(other)
        doomed.kill()
        killed = time.monotonic()
        clients.wait_until(lambda: shared(other), 60, "the take-over")
        assert time.monotonic() - killed < 30


def test_a_static_member_returns_without_a_rebalance(server, wide, members):
    group, settings = clients.unique("static"), {"session.timeout.ms": 30_000}
    stay = members(server, wide, group, **settings, **{"group.instance.id": "stay"})
    leaves = members(server, wide, group, **settings, **{"group.instance.id": "comes-back"})
    clients.wait_until(lambda: shared(stay, leaves), 60, "an assignment")
    before, rebalances = leaves.assignment, stay.rebalances
    leaves.leave()
    again = members(server, wide, group, **settings, **{"group.instance.id": "comes-back"})
    clients.wait_until(lambda: again.assignment, 30, "the same share")
    assert again.assignment == before
    assert stay.rebalances == rebalances, "the other member was disturbed"


def test_a_second_member_of_the_same_instance_fences_the_first(server, wide, members):
    group = clients.unique("fenced")
    settings = {"group.instance.id": "same", "session.timeout.ms": 30_000}
    first = Member(server, wide, group, **settings)
    first.start()
    clients.wait_until(lambda: first.assignment, 30, "an assignment")
    second = members(server, wide, group, **settings)
    clients.wait_until(lambda: shared(second), 30, "the take-over")
    first._end.set()
    first.join(30)


def test_a_restart_of_the_server_is_not_a_rebalance(server, wide, members):
    group = clients.unique("restart")
    pair = [members(server, wide, group, **{"session.timeout.ms": 30_000}) for _ in range(2)]
    clients.wait_until(lambda: shared(*pair), 60, "an assignment")
    for member in pair:
        member.commits = True
    clients.produce_all(server, wide, [(None, b"before", {"partition": p}) for p in range(PARTITIONS)])
    clients.wait_until(lambda: sum(len(m.seen) for m in pair) == PARTITIONS, 30, "records before")
    before = {member.member_id for member in describe(server, group).members}
    rebalances = [m.rebalances for m in pair]
    for number, stop in enumerate((server.restart, lambda: (server.kill9(), server.start()))):
        stop()
        value = b"after-%d" % number
        clients.produce_all(server, wide, [(None, value, {"partition": p}) for p in range(PARTITIONS)])
        clients.wait_until(lambda: sum(v == value for m in pair for _, _, v in m.seen) == PARTITIONS, 60, "records after")
        description = describe(server, group)
        assert description.state == ConsumerGroupState.STABLE
        assert {member.member_id for member in description.members} == before
        assert [m.rebalances for m in pair] == rebalances


def test_commits_survive_a_restart_and_a_kill(server, topic):
    group = clients.unique("commits")
    clients.produce_all(server, topic, [(None, b"%d" % i, {"partition": 0}) for i in range(100)])
    for stop, offset in ((server.restart, 42), (lambda: (server.kill9(), server.start()), 77)):
        client = clients.consumer(server, group)
        client.commit(offsets=[TopicPartition(topic, 0, offset, "note")], asynchronous=False)
        client.close()
        stop()
        client = clients.consumer(server, group)
        try:
            committed = client.committed([TopicPartition(topic, 0), TopicPartition(topic, 1)], timeout=20)
            assert [p.offset for p in committed] == [offset, -1001]
            client.assign([TopicPartition(topic, 0, committed[0].offset)])
            assert clients.take(client, 1, 20)[0].offset() == offset
        finally:
            client.close()


def test_groups_are_listed_described_and_deleted(server, wide, members):
    group = clients.unique("admin")
    member = members(server, wide, group, **{"client.id": "the-client"})
    clients.wait_until(lambda: shared(member), 30, "an assignment")
    admin = clients.admin(server)
    assert group in [g.group_id for g in clients.listed_groups(admin)]
    description = describe(server, group)
    assert description.state == ConsumerGroupState.STABLE
    assert [(m.client_id, len(m.assignment.topic_partitions)) for m in description.members] == [("the-client", PARTITIONS)]
    with pytest.raises(KafkaException):
        admin.delete_consumer_groups([group], request_timeout=20)[group].result(25)
    member.leave()
    clients.wait_until(lambda: describe(server, group).state == ConsumerGroupState.EMPTY, 20, "an empty group")
    admin.delete_consumer_groups([group], request_timeout=20)[group].result(25)
    assert group not in [g.group_id for g in clients.listed_groups(admin)]
    with pytest.raises(KafkaException):
        admin.delete_consumer_groups([group], request_timeout=20)[group].result(25)


def test_groups_can_be_listed_as_soon_as_there_is_one(new_server, members):
    """The first group makes the offsets topic; a listing asks all of its partitions, not only the group's own."""
    server = new_server("first")
    topic, group = clients.create_topic(server, "first", PARTITIONS), "first"
    admin = clients.admin(server)
    assert clients.listed_groups(admin) == []
    member = members(server, topic, group)
    clients.wait_until(lambda: shared(member), 30, "an assignment")
    assert [listing.group_id for listing in clients.listed_groups(admin)] == [group]


def test_offsets_can_be_listed_and_altered_while_a_group_is_empty(server, topic):
    group, admin = clients.unique("alter"), clients.admin(server)
    request = ConsumerGroupTopicPartitions(group, [TopicPartition(topic, 0, 5), TopicPartition(topic, 2, 9)])
    admin.alter_consumer_group_offsets([request], request_timeout=20)[group].result(25)
    listed = admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)], request_timeout=20)[group].result(25)
    assert {(p.partition, p.offset) for p in listed.topic_partitions} == {(0, 5), (2, 9)}


def test_deleting_a_topic_forgets_its_committed_offsets(server):
    name, group = clients.create_topic(server, clients.unique("gone")), clients.unique("group")
    client = clients.consumer(server, group)
    client.commit(offsets=[TopicPartition(name, 0, 3)], asynchronous=False)
    client.close()
    admin = clients.admin(server)
    admin.delete_topics([name])[name].result(20)

    def offsets():
        asked = admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)], request_timeout=20)[group]
        return [p for p in asked.result(25).topic_partitions if p.offset >= 0]

    clients.wait_until(lambda: not offsets(), 20, "the offsets' removal")
