"""A server with an authorizer: ACLs by Kafka's admin clients and the command line, what they do on both faces, the audit log."""

import json
import subprocess

import boto3
import botocore.config
import botocore.exceptions
import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer
from confluent_kafka.admin import (AclBinding, AclBindingFilter, AclOperation, AclPermissionType, AdminClient, NewTopic,
                                   ResourcePatternType, ResourceType)
from kafka.admin import ACL, ACLFilter, ACLOperation, ACLPermissionType, ACLResourcePatternType, KafkaAdminClient
from kafka.admin import ResourcePattern, ResourcePatternFilter
from kafka.admin import ResourceType as PythonResourceType
from kafka.errors import KafkaError as KafkaPythonError

from harness import clients
from harness.server import ServerError, binary

ON = {"authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer"}
# Clients of the Kafka face that say nothing of themselves are User:ANONYMOUS.
OPEN = {**ON, "super.users": "User:admin;User:ANONYMOUS"}
KEY, SECRET = "123456789012", "a secret/+="


@pytest.fixture
def managed(new_server):
    return new_server(settings=OPEN)


# Futures of a client that is gone end in _DESTROY: it lives as long as the module.
_made = []


def admin(server):
    _made.append(AdminClient({"bootstrap.servers": server.kafka, "socket.timeout.ms": 20_000, "log_level": 0}))
    return _made[-1]


def binding(kind, name, operation, pattern=ResourcePatternType.LITERAL, principal="User:ANONYMOUS",
            permission=AclPermissionType.ALLOW):
    return AclBinding(kind, name, pattern, principal, "*", operation, permission)


def anything(kind=ResourceType.ANY, name=None, pattern=ResourcePatternType.ANY):
    return AclBindingFilter(kind, name, pattern, None, None, AclOperation.ANY, AclPermissionType.ANY)


def create(server, *bindings):
    for future in admin(server).create_acls(list(bindings)).values():
        future.result(20)


def described(server, chosen):
    return set(admin(server).describe_acls(chosen).result(20))


def code(failure):
    return failure.value.args[0].code()


# Administration


def test_librdkafka_creates_describes_and_deletes(managed):
    read = binding(ResourceType.TOPIC, "orders", AclOperation.READ, principal="User:alice")
    prefix = binding(ResourceType.TOPIC, "ord", AclOperation.WRITE, ResourcePatternType.PREFIXED, "User:bob")
    denied = binding(ResourceType.GROUP, "*", AclOperation.ALL, principal="User:eve", permission=AclPermissionType.DENY)
    create(managed, read, prefix, denied)
    create(managed, read)
    assert described(managed, anything()) == {read, prefix, denied}
    assert described(managed, anything(ResourceType.TOPIC, "orders", ResourcePatternType.MATCH)) == {read, prefix}
    assert described(managed, anything(ResourceType.TOPIC, "orders")) == {read}
    chosen = anything(ResourceType.TOPIC)
    removed = admin(managed).delete_acls([chosen])[chosen].result(20)
    assert set(removed) == {read, prefix}
    assert described(managed, anything()) == {denied}
    # They are there after a start.
    managed.restart()
    assert described(managed, anything()) == {denied}


def test_kafka_python_creates_describes_and_deletes(managed):
    client = KafkaAdminClient(bootstrap_servers=managed.kafka)
    pattern = ResourcePattern(PythonResourceType.TOPIC, "orders", ACLResourcePatternType.PREFIXED)
    acl = ACL("User:carol", "*", ACLOperation.READ, ACLPermissionType.ALLOW, pattern)
    assert client.create_acls([acl])["succeeded"] == [acl]
    chosen = ACLFilter(None, None, ACLOperation.ANY, ACLPermissionType.ANY,
                       ResourcePatternFilter(PythonResourceType.ANY, None, ACLResourcePatternType.ANY))
    found, error = client.describe_acls(chosen)
    assert error.errno == 0 and found == [acl]
    assert [len(result[1]) for result in client.delete_acls([chosen])] == [1]
    assert client.describe_acls(chosen)[0] == []
    client.close()


def describe_error(server):
    """The number of DescribeAcls' error, by kafka-python: librdkafka's result has none."""
    client = KafkaAdminClient(bootstrap_servers=server.kafka)
    try:
        chosen = ACLFilter(None, None, ACLOperation.ANY, ACLPermissionType.ANY,
                           ResourcePatternFilter(PythonResourceType.ANY, None, ACLResourcePatternType.ANY))
        return client.describe_acls(chosen)[1].errno
    except KafkaPythonError as error:
        return error.errno
    finally:
        client.close()


def test_without_an_authorizer_acls_are_disabled(server):
    assert describe_error(server) == 54
    future = admin(server).create_acls([binding(ResourceType.TOPIC, "t", AclOperation.READ)])
    with pytest.raises(KafkaException) as failure:
        next(iter(future.values())).result(20)
    assert code(failure) == KafkaError.SECURITY_DISABLED


def test_another_authorizer_is_refused(new_server):
    server = new_server(settings={"authorizer.class.name": "org.example.Authorizer"}, start=False)
    with pytest.raises(ServerError):
        server.start()
    assert "authorizer.class.name" in server.log()


def test_the_command_line(managed):
    def acl(*arguments, status=0):
        done = subprocess.run([str(binary()), "acl", *arguments, "--bootstrap", managed.kafka, "--output", "json"],
                              capture_output=True, text=True, timeout=60)
        assert done.returncode == status, done.stderr
        return json.loads(done.stdout) if status == 0 else done.stderr

    made = acl("add", "--allow", "User:alice", "--producer", "--topic", "orders")
    assert {row["operation"] for row in made} == {"WRITE", "DESCRIBE", "CREATE"}
    acl("add", "--allow", "User:bob", "--consumer", "--topic", "ord", "--group", "g", "--prefixed")
    assert {row["principal"] for row in acl("list", "--topic", "orders", "--pattern", "match")} == {"User:alice", "User:bob"}
    assert len(acl("list")) == 6
    assert len(acl("remove", "--principal", "User:alice")) == 3
    assert {row["patternType"] for row in acl("list")} == {"PREFIXED"}
    assert "say which" in acl("remove", status=1)
    assert "is not a principal" in acl("add", "--allow", "alice", "--operation", "read", "--topic", "t", status=1)
    assert "not an operation on" in acl("add", "--allow", "User:a", "--operation", "read", "--cluster", status=1)
    acl("remove", "--everything")
    assert acl("list") == []


# What they do


@pytest.fixture
def restricted(new_server, tmp_path):
    """A server on which User:ANONYMOUS is not a super user any more: it may write `mine` and read `mine` in groups `g-*`."""
    server = new_server(name="restricted", settings=OPEN)
    for topic in ["mine", "theirs"]:
        clients.create_topic(server, topic)
    create(server, binding(ResourceType.TOPIC, "mine", AclOperation.READ),
           binding(ResourceType.TOPIC, "mine", AclOperation.WRITE),
           binding(ResourceType.TOPIC, "new-", AclOperation.CREATE, ResourcePatternType.PREFIXED),
           binding(ResourceType.GROUP, "g-", AclOperation.READ, ResourcePatternType.PREFIXED))
    assert server.stop() == 0
    (tmp_path / "keys").write_text(f"[default]\naws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}\n")
    return new_server(data_dir=server.data_dir, name="restricted-again", settings={**ON, "super.users": "User:admin"},
                      arguments=["--kinesis-credentials", str(tmp_path / "keys"), "--audit-log", str(tmp_path / "audit")])


def produced(server, topic):
    """The error of one record's production, `None` for success."""
    client, outcome = Producer({"bootstrap.servers": server.kafka, "log_level": 0, "message.timeout.ms": 15_000,
                                "enable.idempotence": True}), []
    client.produce(topic, b"x", callback=lambda error, _: outcome.append(error))
    client.flush(20)
    return outcome[0].code() if outcome[0] is not None else None


def consumed(server, topic, group):
    client = Consumer({"bootstrap.servers": server.kafka, "group.id": group, "auto.offset.reset": "earliest", "log_level": 0})
    client.subscribe([topic])
    try:
        return clients.wait_until(lambda: client.poll(1), 30, "a message or an error")
    finally:
        client.close()


def test_clients_get_what_acls_allow_and_see_no_more(restricted):
    assert produced(restricted, "mine") is None
    assert produced(restricted, "theirs") == KafkaError.TOPIC_AUTHORIZATION_FAILED
    assert consumed(restricted, "mine", "g-1").value() == b"x"
    assert consumed(restricted, "mine", "other").error().code() == KafkaError.GROUP_AUTHORIZATION_FAILED
    assert consumed(restricted, "theirs", "g-2").error().code() == KafkaError.TOPIC_AUTHORIZATION_FAILED
    client = admin(restricted)
    assert set(client.list_topics(timeout=20).topics) == {"mine"}
    client.create_topics([NewTopic("new-1", 1, 1)])["new-1"].result(20)
    with pytest.raises(KafkaException) as failure:
        client.create_topics([NewTopic("other", 1, 1)])["other"].result(20)
    assert code(failure) == KafkaError.TOPIC_AUTHORIZATION_FAILED
    assert describe_error(restricted) == 31


def kinesis(server):
    return boto3.client("kinesis", endpoint_url=server.endpoint_url, region_name="eu-central-1", aws_access_key_id=KEY,
                        aws_secret_access_key=SECRET, config=botocore.config.Config(retries={"total_max_attempts": 1}))


def refusal(call):
    with pytest.raises(botocore.exceptions.ClientError) as failure:
        call()
    return failure.value.response["Error"]


def test_kinesis_callers_need_acls_too_and_acts_are_audited(restricted, tmp_path):
    boto = kinesis(restricted)
    assert boto.list_streams()["StreamNames"] == []
    for name in ["mine", "absent"]:
        error = refusal(lambda: boto.put_record(StreamName=name, Data=b"x", PartitionKey="k"))
        assert error["Code"] == "AccessDeniedException"
        assert f"is not authorized to perform: kinesis:PutRecord on resource: arn:aws:kinesis:eu-central-1:{KEY}:stream/{name}" \
            in error["Message"]
    assert refusal(lambda: boto.create_stream(StreamName="s", ShardCount=1))["Code"] == "AccessDeniedException"
    admin(restricted).create_topics([NewTopic("new-2", 1, 1)])["new-2"].result(20)
    assert restricted.stop() == 0
    lines = [json.loads(line) for line in (tmp_path / "audit").read_text().splitlines()]
    puts = [line for line in lines if line["operation"] == "kinesis:PutRecord"]
    assert {(line["event"], line["resource"], line["outcome"], line["protocol"]) for line in puts} == {
        ("authorization", "TOPIC:mine", "refused", "kinesis"), ("authorization", "TOPIC:absent", "refused", "kinesis")}
    made = [line for line in lines if line["operation"] == "CreateTopics"]
    assert [(line["event"], line["resource"], line["outcome"], line["principal"]) for line in made] == [
        ("administration", "TOPIC:new-2", "succeeded", "User:ANONYMOUS")]
    assert SECRET not in (tmp_path / "audit").read_text()
    assert (tmp_path / "audit").stat().st_mode & 0o077 == 0
