"""Every version of every API that README's table names, against the server, by a codec that is not ours.

kafka-python carries Kafka's own message definitions. Each request here means something (no error but the one expected),
and what comes back must be all that kafka-python decodes: encoded again it is the same bytes.
"""

import itertools
import re
import struct
import uuid

import kafka.protocol.admin
import kafka.protocol.consumer
import kafka.protocol.metadata
import kafka.protocol.producer
import pytest

from harness import clients, wire
from harness import server as servers

MESSAGES = {name: value for module in (kafka.protocol.admin, kafka.protocol.consumer, kafka.protocol.metadata,
                                       kafka.protocol.producer)
            for name, value in vars(module).items() if name.endswith(("Request", "Response"))}
COORDINATOR_LOAD_IN_PROGRESS, UNSUPPORTED_VERSION, MEMBER_ID_REQUIRED = 14, 35, 79
NO_ID = uuid.UUID(int=0)
TOPIC, BROKER, CLIENT_METRICS = 2, 4, 16
ELECTION_NOT_NEEDED, NO_REASSIGNMENT_IN_PROGRESS, BROKER_ID_NOT_REGISTERED = 84, 85, 102
# Timestamps of ListOffsets that are questions, and the first version that may ask them.
LATEST, EARLIEST, MAX_TIMESTAMP, EARLIEST_LOCAL, LATEST_TIERED, EARLIEST_PENDING_UPLOAD = range(-1, -7, -1)
SPECIAL_TIMESTAMPS = {LATEST: 1, EARLIEST: 1, MAX_TIMESTAMP: 7, EARLIEST_LOCAL: 8, LATEST_TIERED: 9, EARLIEST_PENDING_UPLOAD: 11}

# Who clients are and what they may do: asked in GateTests in every version, and by clients in test_sasl and the tests of ACLs.
ELSEWHERE = {17, 29, 30, 31, 36, 38, 39, 40, 41, 50, 51}


def table():
    """{(name, key): (first, last version)} as README's compatibility table has it."""
    text = (servers.ROOT / "README.md").read_text()
    rows = re.findall(r"(\w+) \((\d+)\) \| (\d+)(?:–(\d+))? ", text)
    return {(name, int(key)): (int(first), int(last or first)) for name, key, first, last in rows if int(key) not in ELSEWHERE}


VERSIONS = [(name, version) for (name, _), (first, last) in table().items() for version in range(first, last + 1)]


def built(kind, values):
    """A message, or a structure in it, of kafka-python from dictionaries and lists."""
    fields = kind._struct.fields
    made = {}
    for name, value in values.items():
        field = fields[name]
        if field.is_struct_array() and value is not None:
            value = [built(field.data_class, item) for item in value]
        elif field.is_struct() and value is not None:
            value = built(field.data_class, value)
        made[name] = value
    return kind(**made)


def errors(value):
    """Every error code in an answer, at any depth."""
    if isinstance(value, dict):
        own = [value["error_code"]] if "error_code" in value else []
        return own + [code for item in value.values() for code in errors(item)]
    return [code for item in value for code in errors(item)] if isinstance(value, list) else []


class Caller:
    """Asks in one version on one connection."""

    def __init__(self, server):
        self.connection = wire.Connection(server.kafka)
        self.correlations = itertools.count(1)

    def __call__(self, api, version, expected=(0,), **values):
        request, response = MESSAGES[f"{api}Request"][version], MESSAGES[f"{api}Response"]
        message, correlation = built(request, values), next(self.correlations)
        message.with_header(correlation, "versions")
        self.connection.send(bytes(message.encode(header=True, framed=True)))
        answer = self.connection.receive()
        assert answer is not None, f"the connection was closed on {api} v{version}"
        assert answer[0] == correlation
        # Header v1 ends with an empty set of tagged fields; ApiVersions has v0 always, as its version is not yet agreed.
        tags = b"\0" if response.flexible_version_q(version) and api != "ApiVersions" else b""
        body = answer[1].data[4:]
        decoded = response.decode(body[len(tags):], version=version)
        again = tags + bytes(decoded.encode())
        assert body == again, f"{api} v{version}: {body.hex()} is not {again.hex()}"
        result = decoded.to_dict(json=False)
        assert set(errors(result)) <= set(expected), result
        return result


@pytest.fixture
def ask(server):
    caller = Caller(server)
    yield caller
    caller.connection.socket.close()


class Place:
    """A topic with ten records in its one partition, by name and by ID."""

    def __init__(self, server, ask):
        self.name = clients.create_topic(server, clients.unique("versions"))
        self.batch = wire.batch([(b"k%d" % i, b"v%d" % i) for i in range(10)], timestamp_ms=1_700_000_000_000)
        assert ask.connection.produce(self.name, 0, self.batch)[0] == wire.NONE
        self.id = ask("Metadata", 12, topics=[{"name": self.name, "topic_id": NO_ID}])["topics"][0]["topic_id"]

    def by(self, is_id, name="name"):
        return {"topic_id": self.id} if is_id else {name: self.name}


@pytest.fixture
def place(server, ask):
    return Place(server, ask)


def new_group(ask):
    """A group whose coordinator has been looked up, as each client does first, and has loaded what it needs."""
    group = clients.unique("group")
    ask("FindCoordinator", 3, key=group, key_type=0)

    def loaded():
        described = ask("DescribeGroups", 5, (0, COORDINATOR_LOAD_IN_PROGRESS), groups=[group])
        return described["groups"][0]["error_code"] == 0

    clients.wait_until(loaded, what="the coordinator has loaded", poll=0.005)
    return group


def join(ask, group, version=5):
    """Joins a group of one; returns (member id, generation)."""
    values = {"group_id": group, "session_timeout_ms": 10_000, "rebalance_timeout_ms": 10_000, "protocol_type": "consumer",
              "protocols": [{"name": "range", "metadata": b"\0\1\0\0\0\0\xff\xff\xff\xff"}]}
    if version >= 8:
        values["reason"] = "a test"
    first = ask("JoinGroup", version, (0, MEMBER_ID_REQUIRED), member_id="", **values)
    assert (first["error_code"] == MEMBER_ID_REQUIRED) == (version >= 4)
    answer = ask("JoinGroup", version, member_id=first["member_id"], **values) if version >= 4 else first
    assert answer["leader"] == answer["member_id"] and answer["protocol_name"] == "range"
    assert [member["member_id"] for member in answer["members"]] == [answer["member_id"]]
    return answer["member_id"], answer["generation_id"]


def sync(ask, group, member, generation, version=3):
    names = {"protocol_type": "consumer", "protocol_name": "range"} if version >= 5 else {}
    answer = ask("SyncGroup", version, group_id=group, generation_id=generation, member_id=member,
                 assignments=[{"member_id": member, "assignment": b"mine"}], **names)
    assert answer["assignment"] == b"mine"


def stable(ask):
    """A group with one member; returns (group, member, generation)."""
    group = new_group(ask)
    member, generation = join(ask, group)
    sync(ask, group, member, generation)
    return group, member, generation


def commit(ask, place, group, version=7, offset=4):
    epoch = {"committed_leader_epoch": 0} if version >= 6 else {}
    answer = ask("OffsetCommit", version, group_id=group, generation_id_or_member_epoch=-1, member_id="", topics=[
        {**place.by(version >= 10),
         "partitions": [{"partition_index": 0, "committed_offset": offset, "committed_metadata": "m", **epoch}]}])
    assert answer["topics"][0]["partitions"][0]["partition_index"] == 0
    return answer


# One function per API: what it asks in a version and what must come back.


def api_versions(ask, place, version):
    software = {"client_software_name": "versions", "client_software_version": "1.0"} if version >= 3 else {}
    served = {key["api_key"]: (key["min_version"], key["max_version"]) for key in ask("ApiVersions", version, **software)["api_keys"]}
    ours = {key: versions for (_, key), versions in table().items()}
    served = {key: versions for key, versions in served.items() if key not in ELSEWHERE}
    # Produce is announced from 0 for librdkafka, as Kafka does (KAFKA-18659).
    assert served.pop(0) == (0, ours.pop(0)[1])
    assert served == ours


def produce(ask, place, version):
    topic = ask("Produce", version, transactional_id=None, acks=-1, timeout_ms=10_000, topic_data=[
        {**place.by(version >= 13), "partition_data": [{"index": 0, "records": place.batch}]}])["responses"][0]
    assert topic["partition_responses"][0]["base_offset"] == 10


def fetch(ask, place, version):
    topics = [{**place.by(version >= 13, "topic"),
               "partitions": [{"partition": 0, "fetch_offset": 0, "partition_max_bytes": 1 << 20}]}]
    limits = {"max_wait_ms": 100, "min_bytes": 1, "max_bytes": 1 << 20}
    sessions = [{}] if version < 7 else [{"session_id": 0, "session_epoch": -1}, {"session_id": 0, "session_epoch": 0}]
    for session in sessions:
        answer = ask("Fetch", version, **limits, **session, topics=topics)
        partition = answer["responses"][0]["partitions"][0]
        assert partition["high_watermark"] == 10 and bytes(partition["records"])[61:] == place.batch[61:]
    if version >= 7:
        assert answer["session_id"] != 0
        later = ask("Fetch", version, **limits, session_id=answer["session_id"], session_epoch=1, topics=[])
        assert later["session_id"] == answer["session_id"]


def list_offsets(ask, place, version):
    tiered = (LATEST_TIERED, EARLIEST_PENDING_UPLOAD)
    for timestamp, since in [*SPECIAL_TIMESTAMPS.items(), (0, 1), (1_700_000_000_001, 1), (-7, 99)]:
        topic = ask("ListOffsets", version, (0, UNSUPPORTED_VERSION), replica_id=-1, topics=[
            {"name": place.name, "partitions": [{"partition_index": 0, "timestamp": timestamp}]}])["topics"][0]
        found = topic["partitions"][0]
        assert found["error_code"] == (0 if version >= since else UNSUPPORTED_VERSION), timestamp
        offset = 10 if timestamp == LATEST else 0
        if version < since or timestamp in tiered or timestamp > 1_700_000_000_000:
            offset = -1
        assert found["offset"] == offset, timestamp


def metadata(ask, place, version):
    asked = [{"name": place.name, **({"topic_id": NO_ID} if version >= 10 else {})}]
    lists = [asked, [] if version == 0 else None]
    if version >= 12:
        lists.append([{"name": None, "topic_id": place.id}])
    for topics in lists:
        answer = ask("Metadata", version, topics=topics)
        assert place.name in [topic["name"] for topic in answer["topics"]]
        assert len(answer["brokers"]) == 1


def offset_commit(ask, place, version):
    commit(ask, place, new_group(ask), version)


def offset_fetch(ask, place, version):
    group = new_group(ask)
    commit(ask, place, group)
    partitions = {"partition_indexes": [0]}
    for topics in ([{**place.by(version >= 10), **partitions}], None):
        if version >= 8:
            member = {"member_id": None, "member_epoch": -1} if version >= 9 else {}
            found = ask("OffsetFetch", version, groups=[{"group_id": group, "topics": topics, **member}])["groups"][0]
        elif version >= 2 or topics is not None:
            found = ask("OffsetFetch", version, group_id=group, topics=topics)
        else:
            continue
        assert [item["committed_offset"] for item in found["topics"][0]["partitions"]] == [4]


def find_coordinator(ask, place, version):
    if version >= 4:
        found = ask("FindCoordinator", version, key_type=0, coordinator_keys=["a", "b"])["coordinators"]
        assert [item["key"] for item in found] == ["a", "b"] and all(item["port"] > 0 for item in found)
    else:
        assert ask("FindCoordinator", version, key="a", **({"key_type": 0} if version else {}))["port"] > 0


def join_group(ask, place, version):
    join(ask, new_group(ask), version)


def sync_group(ask, place, version):
    group = new_group(ask)
    sync(ask, group, *join(ask, group), version)


def heartbeat(ask, place, version):
    group, member, generation = stable(ask)
    ask("Heartbeat", version, group_id=group, generation_id=generation, member_id=member)


def leave_group(ask, place, version):
    group, member, _ = stable(ask)
    ask("LeaveGroup", version, group_id=group, **({"members": [{"member_id": member}]} if version >= 3 else {"member_id": member}))
    assert ask("DescribeGroups", 5, groups=[group])["groups"][0]["group_state"] == "Empty"


def describe_groups(ask, place, version):
    group, member, _ = stable(ask)
    found = ask("DescribeGroups", version, groups=[group])["groups"][0]
    assert found["group_state"] == "Stable" and found["members"][0]["member_id"] == member
    assert found["members"][0]["member_assignment"] == b"mine"


def list_groups(ask, place, version):
    group, _, _ = stable(ask)
    filters = {**({"states_filter": ["Stable"]} if version >= 4 else {}), **({"types_filter": ["classic"]} if version >= 5 else {})}
    assert group in [item["group_id"] for item in ask("ListGroups", version, **filters)["groups"]]
    if version >= 4:
        filters["states_filter"] = ["Dead"]
        assert group not in [item["group_id"] for item in ask("ListGroups", version, **filters)["groups"]]


def delete_groups(ask, place, version):
    group = new_group(ask)
    commit(ask, place, group)
    assert ask("DeleteGroups", version, groups_names=[group])["results"][0]["group_id"] == group


def offset_delete(ask, place, version):
    group = new_group(ask)
    commit(ask, place, group)
    ask("OffsetDelete", version, group_id=group, topics=[{"name": place.name, "partitions": [{"partition_index": 0}]}])


def describe_client_quotas(ask, place, version):
    ask("AlterClientQuotas", version, validate_only=False, entries=[
        {"entity": [{"entity_type": "user", "entity_name": "versions"}],
         "ops": [{"key": "producer_byte_rate", "value": 1e9, "remove": False}]}])
    answer = ask("DescribeClientQuotas", version, strict=True, components=[
        {"entity_type": "user", "match_type": 0, "match": "versions"}])
    assert answer["entries"][0]["values"] == [{"key": "producer_byte_rate", "value": 1e9}]


def alter_client_quotas(ask, place, version):
    answer = ask("AlterClientQuotas", version, validate_only=True, entries=[
        {"entity": [{"entity_type": "client-id", "entity_name": None}],
         "ops": [{"key": "request_percentage", "value": 50.0, "remove": False}]}])
    assert answer["entries"][0]["entity"] == [{"entity_type": "client-id", "entity_name": None}]


def compact(text):
    return bytes([len(text) + 1]) + text.encode()


def flexible(ask, api, version, body):
    """Asks what kafka-python has no message for; the answer from behind its throttle time."""
    connection = ask.connection
    # An empty set of tagged fields ends the header.
    connection.send(connection.frame(api, version, b"\0" + body))
    data = connection.receive()[1].data
    # Behind the correlation ID and tagged fields.
    return data[9:]


def consumer_group_heartbeat(ask, place, version):
    group = new_group(ask)
    member = "" if version == 0 else "own-member-id"
    body = (compact(group) + compact(member) + struct.pack(">i", 0) + b"\0\0" + struct.pack(">i", 60_000)
            + b"\2" + compact(place.name) + (b"\0" if version >= 1 else b"") + b"\0" + b"\1" + b"\0")
    answer = flexible(ask, 68, version, body)
    assert answer[:3] == b"\0\0\0", "no error and no message"
    assert version == 0 or answer[3:].startswith(compact(member))


def consumer_group_describe(ask, place, version):
    answer = flexible(ask, 69, version, b"\2" + compact("absent") + b"\0" + b"\0")
    assert answer[:3] == b"\2\0\x45", "one group, GROUP_ID_NOT_FOUND"


def create_topics(ask, place, version):
    name = clients.unique("created")
    answer = ask("CreateTopics", version, timeout_ms=10_000, validate_only=False, topics=[
        {"name": name, "num_partitions": 2, "replication_factor": 1, "assignments": [],
         "configs": [{"name": "retention.ms", "value": "1000"}]}])["topics"][0]
    assert answer["name"] == name
    if version >= 5:
        assert answer["num_partitions"] == 2 and {"retention.ms"} <= {config["name"] for config in answer["configs"]}
    if version >= 7:
        assert answer["topic_id"] != NO_ID


def delete_topics(ask, place, version):
    whole = {"topics": [{"name": place.name, "topic_id": NO_ID}]} if version >= 6 else {"topic_names": [place.name]}
    assert ask("DeleteTopics", version, timeout_ms=10_000, **whole)["responses"][0]["name"] == place.name


def delete_records(ask, place, version):
    topic = ask("DeleteRecords", version, timeout_ms=10_000, topics=[
        {"name": place.name, "partitions": [{"partition_index": 0, "offset": 4}]}])["topics"][0]
    assert topic["partitions"][0]["low_watermark"] == 4


def init_producer_id(ask, place, version):
    ids = {ask("InitProducerId", version, transactional_id=None, transaction_timeout_ms=1000)["producer_id"] for _ in range(2)}
    assert len(ids) == 2 and min(ids) >= 0


def offset_for_leader_epoch(ask, place, version):
    topic = ask("OffsetForLeaderEpoch", version, **({"replica_id": -1} if version >= 3 else {}), topics=[
        {"topic": place.name, "partitions": [{"partition": 0, "current_leader_epoch": -1, "leader_epoch": 0}]}])["topics"][0]
    assert topic["partitions"][0]["end_offset"] == 10


def describe_configs(ask, place, version):
    more = {"include_documentation": True} if version >= 3 else {}
    answer = ask("DescribeConfigs", version, include_synonyms=True, **more, resources=[
        {"resource_type": TOPIC, "resource_name": place.name, "configuration_keys": None},
        {"resource_type": BROKER, "resource_name": "0", "configuration_keys": ["num.partitions"]}])
    topic, broker = ({config["name"]: config for config in result["configs"]} for result in answer["results"])
    assert topic["retention.ms"]["value"] == "604800000" and list(broker) == ["num.partitions"]


def alter_configs(ask, place, version):
    ask("AlterConfigs", version, validate_only=False, resources=[
        {"resource_type": TOPIC, "resource_name": place.name, "configs": [{"name": "retention.ms", "value": "5000"}]}])


def incremental_alter_configs(ask, place, version):
    ask("IncrementalAlterConfigs", version, validate_only=False, resources=[
        {"resource_type": TOPIC, "resource_name": place.name,
         "configs": [{"name": "retention.ms", "config_operation": 0, "value": "5000"}]}])


def create_partitions(ask, place, version):
    ask("CreatePartitions", version, timeout_ms=10_000, validate_only=False,
        topics=[{"name": place.name, "count": 3, "assignments": None}])
    assert len(ask("Metadata", 9, topics=[{"name": place.name}])["topics"][0]["partitions"]) == 3


def describe_cluster(ask, place, version):
    answer = ask("DescribeCluster", version, **({"endpoint_type": 1} if version >= 1 else {}))
    assert len(answer["brokers"]) == 1 and answer["cluster_id"]


def describe_producers(ask, place, version):
    topic = ask("DescribeProducers", version, topics=[{"name": place.name, "partition_indexes": [0]}])["topics"][0]
    assert topic["partitions"][0]["active_producers"] == []


def begun(ask):
    """A transactional ID with its producer, whose coordinator has loaded."""
    name = clients.unique("txn")
    ask("FindCoordinator", 3, key=name, key_type=1)
    values = {"transactional_id": name, "transaction_timeout_ms": 60_000, "producer_id": -1, "producer_epoch": -1}
    allowed = (0, COORDINATOR_LOAD_IN_PROGRESS, 15)

    def made():
        answer = ask("InitProducerId", 4, allowed, **values)
        return answer if answer["error_code"] == 0 else None

    answer = clients.wait_until(made, what="the coordinator has loaded", poll=0.005)
    return {"transactional_id": name, "producer_id": answer["producer_id"], "producer_epoch": answer["producer_epoch"]}


def in_transaction(ask, place, producer):
    return ask("AddPartitionsToTxn", 3, v3_and_below_transactional_id=producer["transactional_id"],
               v3_and_below_producer_id=producer["producer_id"], v3_and_below_producer_epoch=producer["producer_epoch"],
               v3_and_below_topics=[{"name": place.name, "partitions": [0]}])


def add_partitions_to_txn(ask, place, version):
    producer = begun(ask)
    if version < 4:
        answer = ask("AddPartitionsToTxn", version, v3_and_below_transactional_id=producer["transactional_id"],
                     v3_and_below_producer_id=producer["producer_id"], v3_and_below_producer_epoch=producer["producer_epoch"],
                     v3_and_below_topics=[{"name": place.name, "partitions": [0]}])
        assert answer["results_by_topic_v3_and_below"][0]["name"] == place.name
        return
    topics = [{"name": place.name, "partitions": [0]}]
    missing = ask("AddPartitionsToTxn", version, (0, 48, 120), transactions=[{**producer, "verify_only": True, "topics": topics}])
    result = missing["results_by_transaction"][0]["topic_results"][0]["results_by_partition"][0]
    assert result["partition_error_code"] == (120 if version >= 5 else 48)
    ask("AddPartitionsToTxn", version, transactions=[{**producer, "verify_only": False, "topics": topics}])
    ask("AddPartitionsToTxn", version, transactions=[{**producer, "verify_only": True, "topics": topics}])


def add_offsets_to_txn(ask, place, version):
    ask("AddOffsetsToTxn", version, **begun(ask), group_id=clients.unique("group"))


def end_txn(ask, place, version):
    producer = begun(ask)
    in_transaction(ask, place, producer)
    answer = ask("EndTxn", version, **producer, committed=True)
    if version >= 5:
        assert answer["producer_epoch"] == producer["producer_epoch"] + 1
    before = ask("EndTxn", version, (0, 48, 90), **producer, committed=False)
    assert before["error_code"] == 48, "committed is not aborted afterwards"


def txn_offset_commit(ask, place, version):
    producer, group = begun(ask), new_group(ask)
    ask("AddOffsetsToTxn", 3, **producer, group_id=group)
    epoch = {"committed_leader_epoch": 0} if version >= 2 else {}
    member = {"generation_id": -1, "member_id": "", "group_instance_id": None} if version >= 3 else {}
    ask("TxnOffsetCommit", version, **producer, **member, group_id=group, topics=[{
        "name": place.name, "partitions": [{"partition_index": 0, "committed_offset": 6, "committed_metadata": "m", **epoch}]}])
    fetched = {"groups": [{"group_id": group, "member_id": None, "member_epoch": -1, "topics": [
        {"name": place.name, "partition_indexes": [0]}]}], "require_stable": False}
    first = ask("OffsetFetch", 9, **fetched)["groups"][0]["topics"][0]["partitions"][0]
    assert first["committed_offset"] == -1
    ask("EndTxn", 3, **producer, committed=True)
    second = ask("OffsetFetch", 9, **fetched)["groups"][0]["topics"][0]["partitions"][0]
    assert (second["committed_offset"], second["metadata"]) == (6, "m")


def write_txn_markers(ask, place, version):
    more = {"transaction_version": 0} if version >= 2 else {}
    answer = ask("WriteTxnMarkers", version, markers=[{
        "producer_id": 123_456, "producer_epoch": 0, "transaction_result": False, "coordinator_epoch": 0, **more,
        "topics": [{"name": place.name, "partition_indexes": [0]}]}])
    assert answer["markers"][0]["producer_id"] == 123_456


def describe_transactions(ask, place, version):
    producer = begun(ask)
    in_transaction(ask, place, producer)
    state = ask("DescribeTransactions", version, transactional_ids=[producer["transactional_id"]])["transaction_states"][0]
    assert state["transaction_state"] == "Ongoing" and state["producer_id"] == producer["producer_id"]
    assert state["topics"][0]["topic"] == place.name and state["transaction_timeout_ms"] == 60_000

    def absent():
        answer = ask("DescribeTransactions", version, (105, COORDINATOR_LOAD_IN_PROGRESS), transactional_ids=["absent"])
        code = answer["transaction_states"][0]["error_code"]
        return code != COORDINATOR_LOAD_IN_PROGRESS and code

    assert clients.wait_until(absent, what="the coordinator of that ID has loaded", poll=0.005) == 105


def list_transactions(ask, place, version):
    producer = begun(ask)
    in_transaction(ask, place, producer)
    more = {"duration_filter": -1} if version >= 1 else {}

    def listed():
        answer = ask("ListTransactions", version, (0, COORDINATOR_LOAD_IN_PROGRESS), **more,
                     state_filters=["Ongoing", "Odd"], producer_id_filters=[producer["producer_id"]])
        return answer if answer["error_code"] == 0 else None

    answer = clients.wait_until(listed, what="all coordinators have loaded", poll=0.005)
    assert answer["unknown_state_filters"] == ["Odd"]
    if version >= 2:
        def matching(pattern):
            found = ask("ListTransactions", version, **more, state_filters=[], producer_id_filters=[],
                        transactional_id_pattern=pattern)
            return [state["transactional_id"] for state in found["transaction_states"]]

        assert producer["transactional_id"] in matching(re.escape(producer["transactional_id"][:-1]) + ".")
        assert producer["transactional_id"] not in matching(producer["transactional_id"][:-1])
        ask("ListTransactions", version, (128,), **more, state_filters=[], producer_id_filters=[], transactional_id_pattern="(")
    assert [state["transactional_id"] for state in answer["transaction_states"]] == [producer["transactional_id"]]


def describe_topic_partitions(ask, place, version):
    answer = ask("DescribeTopicPartitions", version, response_partition_limit=100, cursor=None, topics=[{"name": place.name}])
    assert answer["topics"][0]["topic_id"] == place.id and len(answer["topics"][0]["partitions"]) == 1


def alter_replica_log_dirs(ask, place, version):
    path = ask("DescribeLogDirs", 4, topics=None)["results"][0]["log_dir"]
    for directory, expected in ((path, 0), ("/elsewhere", 57)):
        answer = ask("AlterReplicaLogDirs", version, (0, expected), dirs=[
            {"path": directory, "topics": [{"name": place.name, "partitions": [0]}]}])
        assert answer["results"][0]["partitions"][0]["error_code"] == expected


def describe_log_dirs(ask, place, version):
    for topics in (None, [{"topic": place.name, "partitions": [0]}]):
        result = ask("DescribeLogDirs", version, topics=topics)["results"][0]
        partition = next(topic for topic in result["topics"] if topic["name"] == place.name)["partitions"][0]
        assert partition["partition_size"] > 0 and not partition["is_future_key"]
        assert version < 4 or result["total_bytes"] > result["usable_bytes"] > 0
        assert version < 5 or result["is_cordoned"] is False


def elect_leaders(ask, place, version):
    kind = {"election_type": 0} if version >= 1 else {}
    answer = ask("ElectLeaders", version, (0, ELECTION_NOT_NEEDED), **kind, timeout_ms=1000, topic_partitions=[
        {"topic": place.name, "partitions": [0]}])
    assert answer["replica_election_results"][0]["partition_result"][0]["error_code"] == ELECTION_NOT_NEEDED


def describe_quorum(ask, place, version):
    topic = ask("DescribeQuorum", version, topics=[
        {"topic_name": "__cluster_metadata", "partitions": [{"partition_index": 0}]}])["topics"][0]
    partition = topic["partitions"][0]
    assert [voter["replica_id"] for voter in partition["current_voters"]] == [partition["leader_id"]] == [0]


def alter_partition_reassignments(ask, place, version):
    answer = ask("AlterPartitionReassignments", version, (0, NO_REASSIGNMENT_IN_PROGRESS), timeout_ms=1000, topics=[
        {"name": place.name, "partitions": [{"partition_index": 0, "replicas": None}]}])
    assert answer["responses"][0]["partitions"][0]["error_code"] == NO_REASSIGNMENT_IN_PROGRESS


def list_partition_reassignments(ask, place, version):
    assert ask("ListPartitionReassignments", version, timeout_ms=1000, topics=None)["topics"] == []


def unregister_broker(ask, place, version):
    answer = flexible(ask, 64, version, struct.pack(">i", 77) + b"\0")
    assert struct.unpack(">h", answer[:2])[0] == BROKER_ID_NOT_REGISTERED


def list_config_resources(ask, place, version):
    name = clients.unique("metrics")
    ask("IncrementalAlterConfigs", 1, validate_only=False, resources=[
        {"resource_type": CLIENT_METRICS, "resource_name": name,
         "configs": [{"name": "metrics", "config_operation": 0, "value": "*"}]}])
    kinds = {"resource_types": [TOPIC, CLIENT_METRICS]} if version >= 1 else {}
    found = ask("ListConfigResources", version, **kinds)["config_resources"]
    assert name in [item["resource_name"] for item in found]
    assert version == 0 or (place.name, TOPIC) in [(item["resource_name"], item["resource_type"]) for item in found]


def update_features(ask, place, version):
    update = {"feature": "transaction.version", "max_version_level": 2}
    update |= {"upgrade_type": 1} if version >= 1 else {"allow_downgrade": False}
    ask("UpdateFeatures", version, timeout_ms=1000, **({"validate_only": False} if version >= 1 else {}), feature_updates=[update])


def get_telemetry_subscriptions(ask, place, version):
    answer = flexible(ask, 71, version, bytes(16) + b"\0")
    assert answer[:2] == b"\0\0" and answer[2:18] != bytes(16)
    return answer[2:18], answer[18:22]


def push_telemetry(ask, place, version):
    instance, subscription = get_telemetry_subscriptions(ask, place, 0)
    assert flexible(ask, 72, version, instance + subscription + b"\0" + b"\0" + b"\1" + b"\0")[:2] == b"\0\0"


def asker(name):
    return globals()[re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()]


@pytest.mark.parametrize("name,version", VERSIONS)
def test_each_version_of_each_api_is_served(ask, place, name, version):
    asker(name)(ask, place, version)


# What is asked for and is not there, or not so: Kafka's own error codes.

ABSENT = uuid.UUID("e0fda93a-a579-420c-aa38-795afc227c72")
BATCH = wire.batch([(b"k", b"v")])
LIMITS = {"max_wait_ms": 1, "min_bytes": 1, "max_bytes": 100}
JOIN = {"group_id": "g", "session_timeout_ms": 10_000, "rebalance_timeout_ms": 1000, "member_id": "", "protocol_type": "consumer",
        "protocols": [{"name": "range", "metadata": b""}]}


def fetched(**topic):
    return {**LIMITS, "session_id": 0, "session_epoch": -1, "topics": [
        {**topic, "partitions": [{"partition": 0, "fetch_offset": 0, "partition_max_bytes": 10, "current_leader_epoch": 9}]}]}


def committed(**topic):
    return {"group_id": "g", "generation_id_or_member_epoch": -1, "member_id": "",
            "topics": [{**topic, "partitions": [{"partition_index": 0, "committed_offset": 1}]}]}


def altered(name, *configs):
    return {"validate_only": False, "resources": [{"resource_type": TOPIC, "resource_name": name, "configs": [
        {"name": key, "config_operation": operation, "value": value} for key, operation, value in configs]}]}


def described(kind, name):
    return {"resources": [{"resource_type": kind, "resource_name": name, "configuration_keys": None}]}


@pytest.mark.parametrize("api,version,code,values", [
    ("Fetch", 16, "UNKNOWN_TOPIC_ID 100", lambda place: fetched(topic_id=ABSENT)),
    ("Fetch", 12, "UNKNOWN_TOPIC_OR_PARTITION 3", lambda place: fetched(topic="absent")),
    ("Fetch", 12, "UNKNOWN_LEADER_EPOCH 75", lambda place: fetched(topic=place.name)),
    ("Fetch", 12, "FETCH_SESSION_ID_NOT_FOUND 70", lambda place: {**LIMITS, "session_id": 5, "session_epoch": 3, "topics": []}),
    ("Produce", 13, "UNKNOWN_TOPIC_ID 100", lambda place: {
        "acks": -1, "timeout_ms": 10_000, "topic_data": [{"topic_id": ABSENT, "partition_data": [{"index": 0, "records": BATCH}]}]}),
    ("Metadata", 12, "UNKNOWN_TOPIC_ID 100", lambda place: {"topics": [{"name": None, "topic_id": ABSENT}]}),
    ("Metadata", 12, "UNKNOWN_TOPIC_OR_PARTITION 3", lambda place: {
        "topics": [{"name": "absent", "topic_id": NO_ID}], "allow_auto_topic_creation": False}),
    ("DeleteTopics", 6, "UNKNOWN_TOPIC_ID 100", lambda place: {"timeout_ms": 10_000, "topics": [{"name": None, "topic_id": ABSENT}]}),
    ("CreateTopics", 7, "INVALID_REQUEST 42", lambda place: {"timeout_ms": 10_000, "validate_only": False, "topics": 2 * [
        {"name": "twice", "num_partitions": 1, "replication_factor": 1, "assignments": [], "configs": []}]}),
    ("DeleteRecords", 2, "OFFSET_OUT_OF_RANGE 1", lambda place: {"timeout_ms": 10_000, "topics": [
        {"name": place.name, "partitions": [{"partition_index": 0, "offset": 99}]}]}),
    ("OffsetForLeaderEpoch", 4, "UNKNOWN_LEADER_EPOCH 75", lambda place: {"replica_id": -1, "topics": [
        {"topic": place.name, "partitions": [{"partition": 0, "current_leader_epoch": 9, "leader_epoch": 0}]}]}),
    ("DescribeConfigs", 4, "UNKNOWN_TOPIC_OR_PARTITION 3", lambda place: described(TOPIC, "absent")),
    ("DescribeConfigs", 4, "INVALID_REQUEST 42", lambda place: described(BROKER, "5")),
    ("IncrementalAlterConfigs", 1, "INVALID_REQUEST 42", lambda place: altered(
        place.name, ("retention.ms", 0, "1"), ("retention.ms", 1, None))),
    ("IncrementalAlterConfigs", 1, "INVALID_CONFIG 40", lambda place: altered(place.name, ("absent", 0, "1"))),
    ("DescribeTopicPartitions", 0, "UNKNOWN_TOPIC_OR_PARTITION 3", lambda place: {
        "response_partition_limit": 10, "cursor": None, "topics": [{"name": "absent"}]}),
    ("DescribeGroups", 6, "GROUP_ID_NOT_FOUND 69", lambda place: {"groups": ["absent"]}),
    ("DeleteGroups", 2, "GROUP_ID_NOT_FOUND 69", lambda place: {"groups_names": ["absent"]}),
    ("Heartbeat", 4, "UNKNOWN_MEMBER_ID 25", lambda place: {"group_id": "absent", "generation_id": 1, "member_id": "x"}),
    ("LeaveGroup", 5, "UNKNOWN_MEMBER_ID 25", lambda place: {"group_id": "absent", "members": [{"member_id": "x"}]}),
    ("JoinGroup", 9, "INVALID_GROUP_ID 24", lambda place: {**JOIN, "group_id": ""}),
    ("JoinGroup", 9, "INVALID_SESSION_TIMEOUT 26", lambda place: {**JOIN, "session_timeout_ms": 1}),
    ("JoinGroup", 9, "INCONSISTENT_GROUP_PROTOCOL 23", lambda place: {**JOIN, "protocols": []}),
    ("JoinGroup", 9, "UNKNOWN_MEMBER_ID 25", lambda place: {**JOIN, "member_id": "stranger"}),
    ("OffsetCommit", 9, "UNKNOWN_TOPIC_OR_PARTITION 3", lambda place: committed(name="absent")),
    ("OffsetCommit", 10, "UNKNOWN_TOPIC_ID 100", lambda place: committed(topic_id=ABSENT)),
    ("DescribeCluster", 1, "MISMATCHED_ENDPOINT_TYPE 114", lambda place: {"endpoint_type": 2}),
    ("FindCoordinator", 6, "INVALID_REQUEST 42", lambda place: {"key_type": 2, "coordinator_keys": ["g:AAAAAAAAAAAAAAAAAAAAAA:0"]}),
])
def test_the_error_is_kafkas(ask, place, api, version, code, values):
    for group in ("g", "absent", ""):
        ask("FindCoordinator", 3, key=group, key_type=0)
    number = int(code.split()[1])

    def answer():
        found = set(errors(ask(api, version, (0, number, COORDINATOR_LOAD_IN_PROGRESS), **values(place))))
        return None if COORDINATOR_LOAD_IN_PROGRESS in found else found

    assert number in clients.wait_until(answer, what="an answer of a coordinator that has loaded", poll=0.005)


@pytest.mark.parametrize("offset", [1, 5, 9])
def test_a_fetch_in_the_middle_of_a_batch_returns_it_whole(ask, place, offset):
    # Clients leave out the records before the offset that they asked for.
    answer = ask("Fetch", 12, **LIMITS, session_id=0, session_epoch=-1, topics=[
        {"topic": place.name, "partitions": [{"partition": 0, "fetch_offset": offset, "partition_max_bytes": 1}]}])
    records = bytes(answer["responses"][0]["partitions"][0]["records"])
    assert records[:8] == bytes(8) and records[61:] == place.batch[61:]
