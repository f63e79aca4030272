"""Consumer groups of the new protocol (KIP-848), by librdkafka: sharing, losing members, static members, regular
expressions, topics that grow, restarts, conversion from and to the classic protocol, administration."""

import subprocess
import sys
import time

import pytest
from confluent_kafka import ConsumerGroupState, ConsumerGroupType, KafkaException, TopicPartition
from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource, NewPartitions, ResourceType

from harness import clients
from test_groups import PARTITIONS, Member, describe, members, shared, wide  # noqa: F401 - fixtures

@pytest.fixture
def start(members, monkeypatch):  # noqa: F811
    """Starts members of the new protocol; those of the classic one with `protocol="classic"`."""
    plain = clients.consumer

    def consumer(server, group=None, **more):
        if more.pop("protocol", "consumer") == "classic":
            return plain(server, group, **more)
        settings = {"bootstrap.servers": server.kafka, "group.id": group, "auto.offset.reset": "earliest",
                    "enable.auto.commit": False, "group.protocol": "consumer", **more}
        return clients.Consumer(settings)

    monkeypatch.setattr(clients, "consumer", consumer)
    return members


def error_of(client):
    """The text of the first error that a client reports; fatal ones have a code of librdkafka's own."""
    end = time.monotonic() + 10
    while time.monotonic() < end:
        try:
            message = client.poll(0.2)
            error = message.error() if message else None
        except KafkaException as failure:
            error = failure.args[0]
        if error is not None:
            return error.str()
    return ""


def commit(server, group, topic, offset):
    """For a group without members; a member's own thread uses its client."""
    client = clients.consumer(server, group, protocol="classic")
    client.commit(offsets=[TopicPartition(topic, 0, offset, "note")], asynchronous=False)
    client.close()


def committed(server, group, topic):
    client = clients.consumer(server, group, protocol="classic")
    try:
        return [(p.offset, p.metadata) for p in client.committed([TopicPartition(topic, 0)], timeout=20)]
    finally:
        client.close()


def state(server, group):
    return describe(server, group).state


def test_three_members_share_and_two_take_over(server, wide, start):  # noqa: F811
    group = clients.unique("new")
    three = [start(server, wide, group) for _ in range(3)]
    # A member that joins late finds all partitions shared already, and unevenly until the others have given up theirs.
    clients.wait_until(lambda: shared(*three) and {len(m.assignment) for m in three} == {2}, 60, "an even assignment")
    clients.produce_all(server, wide, [(None, b"%d" % i, {"partition": i % PARTITIONS}) for i in range(600)])
    clients.wait_until(lambda: sum(len(m.seen) for m in three) >= 600, 30, "all records")
    kept = [m.assignment for m in three[1:]]
    three[0].leave()
    # Sooner than its session of 45 seconds ends: it said goodbye.
    clients.wait_until(lambda: shared(*three[1:]), 30, "the take-over")
    assert all(before <= m.assignment for before, m in zip(kept, three[1:])), "partitions moved between those that stay"


@pytest.mark.parametrize("assignor", ["uniform", "range"])
def test_a_member_chooses_the_assignor(server, wide, start, assignor):  # noqa: F811
    group = clients.unique("assignor")
    two = [start(server, wide, group, **{"group.remote.assignor": assignor}) for _ in range(2)]
    clients.wait_until(lambda: shared(*two) and {len(m.assignment) for m in two} == {3}, 60, "an even assignment")
    held = sorted(sorted(m.assignment) for m in two)
    if assignor == "range":
        assert held == [[0, 1, 2], [3, 4, 5]]


def test_an_assignor_that_is_not_there_is_refused(server, wide, start):  # noqa: F811
    member = clients.consumer(server, clients.unique("none"), **{"group.remote.assignor": "magic"})
    try:
        member.subscribe([wide])
        assert "assignor or its version range is not supported" in error_of(member)
    finally:
        member.close()


def test_a_member_that_dies_silently_is_expired(new_server, start):
    server = new_server("silent", settings={"group.consumer.session.timeout.ms": 3000})
    topic, group = clients.create_topic(server, "silent", PARTITIONS), "silent"
    code = ("import sys; from confluent_kafka import Consumer\n"
            "c = Consumer({'bootstrap.servers': sys.argv[1], 'group.id': sys.argv[2], 'group.protocol': 'consumer'})\n"
            "c.subscribe([sys.argv[3]])\n"
            "while not c.assignment(): c.poll(0.1)\n"
            "print('assigned', flush=True)\n"
            "while True: c.poll(0.1)\n")
    with subprocess.Popen([sys.executable, "-c", code, server.kafka, group, topic], stdout=subprocess.PIPE, text=True) as doomed:
        assert doomed.stdout.readline() == "assigned\n"
        other = start(server, topic, group)
        clients.wait_until(lambda: other.assignment, 30, "a share")
        doomed.kill()
        clients.wait_until(lambda: shared(other), 30, "the take-over")


def test_a_static_member_returns_without_a_rebalance(server, wide, start):  # noqa: F811
    group = clients.unique("static")
    stay = start(server, wide, group, **{"group.instance.id": "stay"})
    leaves = start(server, wide, group, **{"group.instance.id": "comes-back"})
    clients.wait_until(lambda: shared(stay, leaves) and len(stay.assignment) == len(leaves.assignment), 60, "two halves")
    before, rebalances = leaves.assignment, stay.rebalances
    leaves.leave()
    again = start(server, wide, group, **{"group.instance.id": "comes-back"})
    clients.wait_until(lambda: again.assignment, 30, "the same share")
    assert again.assignment == before
    assert stay.rebalances == rebalances, "the other member was disturbed"


def test_a_second_member_of_an_instance_is_refused_while_the_first_is_there(server, wide, start):  # noqa: F811
    group = clients.unique("twice")
    first = start(server, wide, group, **{"group.instance.id": "one"})
    clients.wait_until(lambda: shared(first), 30, "an assignment")
    second = clients.consumer(server, group, **{"group.instance.id": "one"})
    try:
        second.subscribe([wide])
        assert "instance ID" in error_of(second)
    finally:
        second.close()
    assert shared(first)


def test_a_regular_expression_follows_topics_as_they_come(server, start):
    prefix, group = clients.unique("rx"), clients.unique("group")
    first = clients.create_topic(server, f"{prefix}.a", 2)
    clients.create_topic(server, f"other-{prefix}", 2)
    member = start(server, f"^{prefix}[.].*", group)
    clients.wait_until(lambda: member.held == {(first, 0), (first, 1)}, 30, "the first topic")
    second = clients.create_topic(server, f"{prefix}.b", 1)
    clients.wait_until(lambda: {topic for topic, _ in member.held} == {first, second}, 30, "the second topic")
    clients.admin(server).delete_topics([first])[first].result(20)
    clients.wait_until(lambda: member.held == {(second, 0)}, 30, "the first topic's end")


@pytest.mark.parametrize("pattern", ["^((a{100}){100}){100}", "^(a)\\1"])
def test_a_regular_expression_that_is_bad_or_explodes_is_refused(server, start, pattern):
    member = clients.consumer(server, clients.unique("bad"))
    try:
        member.subscribe([pattern])
        assert "egular expression" in error_of(member)
    finally:
        member.close()


def test_members_get_the_partitions_that_a_topic_grows_by(server, wide, start):  # noqa: F811
    group = clients.unique("grows")
    two = [start(server, wide, group) for _ in range(2)]
    clients.wait_until(lambda: shared(*two), 30, "an assignment")
    clients.admin(server).create_partitions([NewPartitions(wide, 10)])[wide].result(20)
    clients.wait_until(lambda: sorted(p for m in two for p in m.assignment) == list(range(10))
                       and {len(m.assignment) for m in two} == {5}, 60, "the new partitions")


def test_a_restart_of_the_server_is_not_a_rebalance(server, wide, start):  # noqa: F811
    group = clients.unique("restart")
    pair = [start(server, wide, group) for _ in range(2)]
    clients.wait_until(lambda: shared(*pair), 30, "an assignment")
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


def test_groups_are_listed_described_and_deleted(server, wide, start):  # noqa: F811
    group = clients.unique("admin")
    commit(server, group, wide, 3)
    member = start(server, wide, group, **{"client.id": "the-client"})
    clients.wait_until(lambda: shared(member), 30, "an assignment")
    admin = clients.admin(server)
    listed = {g.group_id: g for g in clients.listed_groups(admin)}
    assert listed[group].type == ConsumerGroupType.CONSUMER and listed[group].state == ConsumerGroupState.STABLE
    only = clients.listed_groups(admin, types={ConsumerGroupType.CLASSIC})
    assert group not in [g.group_id for g in only]
    description = describe(server, group)
    assert description.state == ConsumerGroupState.STABLE and description.partition_assignor == "uniform"
    assert [(m.client_id, len(m.assignment.topic_partitions)) for m in description.members] == [("the-client", PARTITIONS)]
    with pytest.raises(KafkaException):
        admin.delete_consumer_groups([group], request_timeout=20)[group].result(25)
    member.leave()
    clients.wait_until(lambda: state(server, group) == ConsumerGroupState.EMPTY, 20, "an empty group")
    assert committed(server, group, wide) == [(3, "note")]
    admin.delete_consumer_groups([group], request_timeout=20)[group].result(25)
    assert group not in [g.group_id for g in clients.listed_groups(admin)]


@pytest.mark.parametrize("strategy", ["range", "cooperative-sticky"])
def test_a_group_changes_to_the_new_protocol_and_back_while_it_runs(server, wide, start, strategy):  # noqa: F811
    group = clients.unique("convert")
    commit(server, group, wide, 7)
    classic = start(server, wide, group, protocol="classic", **{"partition.assignment.strategy": strategy})
    clients.wait_until(lambda: shared(classic), 30, "the classic member's assignment")
    new = start(server, wide, group)
    clients.wait_until(lambda: shared(classic, new), 30, "both share")
    assert describe(server, group).type == ConsumerGroupType.CONSUMER
    assert committed(server, group, wide) == [(7, "note")]
    new.leave()
    clients.wait_until(lambda: shared(classic), 30, "the classic member has all again")
    assert describe(server, group).type == ConsumerGroupType.CLASSIC
    new = start(server, wide, group)
    clients.wait_until(lambda: shared(classic, new), 30, "both share again")
    classic.leave()
    clients.wait_until(lambda: shared(new), 30, "the new member has all")
    assert describe(server, group).type == ConsumerGroupType.CONSUMER


def test_a_group_has_settings_of_its_own(new_server, start):
    server = new_server("configs")
    admin, topic, group = clients.admin(server), clients.create_topic(server, "configs", 2), "configured"
    resource = ConfigResource(ResourceType.GROUP, group)

    def alter(name, value, operation=AlterConfigOpType.SET):
        entry = ConfigEntry(name, value, incremental_operation=operation)
        changed = ConfigResource(ResourceType.GROUP, group, incremental_configs=[entry])
        admin.incremental_alter_configs([changed])[changed].result(20)

    def described():
        return {name: (entry.value, entry.source) for name, entry in admin.describe_configs([resource])[resource].result(20).items()}

    assert described()["consumer.session.timeout.ms"] == ("45000", 5)
    alter("consumer.session.timeout.ms", "50000")
    assert described()["consumer.session.timeout.ms"] == ("50000", 8)
    for name, value in (("consumer.session.timeout.ms", "1"), ("consumer.session.timeout.ms", "x"), ("nope", "1")):
        with pytest.raises(KafkaException):
            alter(name, value)
    server.kill9()
    server.start()
    assert described()["consumer.session.timeout.ms"] == ("50000", 8)
    member = start(server, topic, group)
    clients.wait_until(lambda: member.assignment, 30, "an assignment")
    alter("consumer.session.timeout.ms", None, AlterConfigOpType.DELETE)
    assert described()["consumer.session.timeout.ms"] == ("45000", 5)


def test_the_command_line_describes_a_group_and_its_members(server, wide, start):  # noqa: F811
    group = clients.unique("cli")
    member = start(server, wide, group, **{"client.id": "the-client"})
    clients.wait_until(lambda: shared(member), 30, "an assignment")
    command = [server.program(), "group", "describe", group, "--bootstrap", server.kafka]
    text = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout
    assert "Stable" in text and "the-client" in text and f"{wide}-5" in text and "uniform" in text
