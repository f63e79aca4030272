"""Configuration as Kafka users have it: server.properties, variables, named listeners, and what changes while it runs."""

import time
import urllib.request

import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, ConfigResource, ConfigSource, NewTopic, ResourceType

from harness import clients
from harness import server as servers
from test_versions import Caller

# What Kafka 4.3 has in config/server.properties, except the addresses.
PROPERTIES = """
# The role of this server.
process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=localhost:9093
listeners=PLAINTEXT://{kafka},CONTROLLER://:9093
inter.broker.listener.name=PLAINTEXT
advertised.listeners=PLAINTEXT://{kafka},CONTROLLER://localhost:9093
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SSL:SSL,\\
    SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL
num.network.threads=3
num.io.threads=8
socket.send.buffer.bytes=102400
socket.receive.buffer.bytes=102400
socket.request.max.bytes=104857600
log.dirs=/tmp/kraft-combined-logs
num.partitions=3
num.recovery.threads.per.data.dir=1
offsets.topic.replication.factor=1
share.coordinator.state.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
log.retention.hours=168
log.segment.bytes=1073741824
log.retention.check.interval.ms=300000
"""


class Configured(servers.Server):
    """A server whose Kafka address is in its configuration."""

    def __init__(self, **more):
        super().__init__(**more)
        self.address, self.kafka = self.kafka, None


def properties(tmp_path, text):
    path = tmp_path / "server.properties"
    path.write_text(text)
    return ["--properties", str(path)]


def described(address, kind, name):
    admin, resource = AdminClient({"bootstrap.servers": address}), ConfigResource(kind, name)
    return admin.describe_configs([resource], request_timeout=20)[resource].result(25)


BROKER, BROKER_LOGGER, CLIENT_METRICS = 4, 8, 16
SET, DELETE = 0, 1


def alter(server, kind, name, *entries, expected=(0,)):
    """entries: (config, operation, value). On the wire: confluent-kafka has no resources without a name."""
    Caller(server)("IncrementalAlterConfigs", 1, expected, validate_only=False, resources=[
        {"resource_type": kind, "resource_name": name, "configs": [
            {"name": config, "config_operation": operation, "value": value} for config, operation, value in entries]}])


def loggers(server):
    """{name: level}"""
    answer = Caller(server)("DescribeConfigs", 4, include_synonyms=False, include_documentation=False, resources=[
        {"resource_type": BROKER_LOGGER, "resource_name": "0", "configuration_keys": None}])
    return {each["name"]: each["value"] for each in answer["results"][0]["configs"]}


def test_kafkas_own_server_properties(tmp_path):
    server = Configured()
    server.arguments = properties(tmp_path, PROPERTIES.format(kafka=server.address))
    with server:
        assert server.kafka == server.address
        assert "without effect here: controller.quorum.bootstrap.servers, num.io.threads" in server.log()
        configs = described(server.kafka, ResourceType.BROKER, "1")
        assert configs["num.partitions"].value == "3" and not configs["num.partitions"].is_default
        assert configs["broker.id"].value == configs["node.id"].value == "1"
        assert configs["listeners"].value.startswith(f"PLAINTEXT://{server.address}")
        # The command line's data directory holds.
        assert configs["log.dirs"].value == str(server.data_dir)
        assert configs["num.io.threads"].is_read_only and configs["num.io.threads"].is_default
        assert len(configs) > 340
        name = clients.unique("three")
        clients.create_topic(server, name, -1)
        assert len(clients.admin(server).list_topics(name, timeout=20).topics[name].partitions) == 3


def refused(arguments, environment=None):
    """What a start that fails writes."""
    server = Configured(arguments=arguments, environment=environment)
    with pytest.raises(servers.ServerError):
        server.start()
    text = server.log()
    server.close()
    return text


@pytest.mark.parametrize("line,message", [
    ("num.partition=3", "Did you mean num.partitions? --tolerate-unknown starts without it."),
    ("num.partitions=x", "Not a number"),
    ("listeners=SSL://127.0.0.1:1", "the listener SSL: no certificate: set ssl.keystore.location"),
    ("listeners=SASL_SSL://127.0.0.1:1", "the listener SASL_SSL: no certificate: set ssl.keystore.location"),
    ("listeners=SASL_PLAINTEXT://127.0.0.1:1\nsasl.enabled.mechanisms=GSSAPI", "of these none is served"),
    ("listeners=SASL_PLAINTEXT://127.0.0.1:1\nsasl.enabled.mechanisms=OAUTHBEARER", "unsigned tokens are not accepted"),
    ("authorizer.class.name=org.example.A", "Invalid value org.example.A for configuration authorizer.class.name"),
    ("create.topic.policy.class.name=org.example.P", "cannot do what it says"),
    ("process.roles=controller", "without broker"),
    ("a=\\u12", "line 1: malformed"),
    ("node.id=1\nbroker.id=2", "they must be the same number"),
])
def test_properties_that_cannot_be_honoured_are_refused(tmp_path, line, message):
    assert message in refused(properties(tmp_path, line))


def test_unknown_properties_are_tolerated_when_asked(tmp_path):
    server = Configured()
    server.arguments = [*properties(tmp_path, f"my.plugin.setting=1\nlisteners=PLAINTEXT://{server.address}\n"), "--tolerate-unknown"]
    with server:
        assert "Unknown broker property my.plugin.setting" in server.log()


def test_variables_of_the_container_image():
    server = Configured()
    server.environment = {
        "KAFKA_NODE_ID": "4", "KAFKA_PROCESS_ROLES": "broker,controller", "KAFKA_LISTENERS": f"PLAINTEXT://{server.address},CONTROLLER://:9093",
        "KAFKA_ADVERTISED_LISTENERS": f"PLAINTEXT://{server.address}", "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
        "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT", "KAFKA_NUM_PARTITIONS": "2",
        "KAFKA_CONTROLLER_QUORUM_VOTERS": "4@localhost:9093", "KAFKA_SERVICE_HOST": "10.0.0.1", "KAFKA_HEAP_OPTS": "-Xmx1G",
        "MILLRACE_SET_NUM_PARTITIONS": "5"}
    with server:
        configs = described(server.kafka, ResourceType.BROKER, "4")
        assert configs["num.partitions"].value == "5", "Millrace's own variables hold over Kafka's"
        assert "without effect here: controller.quorum.voters" in server.log()


def test_each_listener_tells_its_clients_where_to_go():
    server = Configured()
    outside = servers.free_address()
    server.settings = {
        "listeners": f"INTERNAL://{server.address},EXTERNAL://{outside}",
        "listener.security.protocol.map": "INTERNAL:PLAINTEXT,EXTERNAL:PLAINTEXT", "inter.broker.listener.name": "INTERNAL",
        "advertised.listeners": f"INTERNAL://{server.address},EXTERNAL://localhost:{outside.split(':')[1]}"}
    with server:
        assert server.listeners == {"EXTERNAL": outside}
        for address, told in ((server.address, server.address), (outside, f"localhost:{outside.split(':')[1]}")):
            admin = AdminClient({"bootstrap.servers": address})
            cluster = admin.describe_cluster(request_timeout=20).result(25)
            assert [f"{node.host}:{node.port}" for node in cluster.nodes] == [told]


def test_properties_change_while_the_server_runs_and_survive_it():
    with servers.Server() as server:
        name = clients.create_topic(server, clients.unique("live"), 1)
        alter(server, BROKER, "", ("log.retention.ms", SET, "3600000"), ("message.max.bytes", SET, "2000"))
        alter(server, BROKER, "0", ("num.partitions", SET, "4"))
        for _ in range(2):
            configs = described(server.kafka, ResourceType.TOPIC, name)
            assert configs["retention.ms"].value == "3600000"
            assert configs["retention.ms"].source == ConfigSource.DYNAMIC_DEFAULT_BROKER_CONFIG.value
            with pytest.raises(AssertionError, match="MSG_SIZE_TOO_LARGE"):
                clients.produce_all(server, name, [(None, b"x" * 5000)])
            made = clients.create_topic(server, clients.unique("four"), -1)
            assert len(clients.admin(server).list_topics(made, timeout=20).topics[made].partitions) == 4
            server.restart()
        alter(server, BROKER, "", ("message.max.bytes", DELETE, None))
        clients.produce_all(server, name, [(None, b"x" * 5000)])
        alter(server, BROKER, "0", ("node.id", SET, "7"), expected=(42,))


def test_connections_are_limited_while_the_server_runs():
    with servers.Server() as server:
        first = Caller(server)
        alter(server, BROKER, "", ("max.connections.per.ip", SET, "1"))
        clients.wait_until(lambda: not alive(server), what="further connections are refused")
        first("Metadata", 9, topics=[])


def alive(server):
    """Whether a new connection is served."""
    try:
        Caller(server)("ApiVersions", 0)
        return True
    except (AssertionError, OSError):
        return False


def test_metrics_of_clients_are_shown():
    """librdkafka pushes what the subscription asks for."""
    with servers.Server() as server:
        alter(server, CLIENT_METRICS, "all", ("metrics", SET, "*"), ("interval.ms", SET, "200"))
        name = clients.create_topic(server, clients.unique("pushed"), 1)
        producer = clients.producer(server, **{"client.id": "pushes"})

        def shown():
            producer.produce(name, b"value")
            producer.poll(0.1)
            text = urllib.request.urlopen(f"http://{server.admin}/metrics", timeout=10).read().decode()
            return [line for line in text.splitlines() if line.startswith("kafka_client_") and "pushes" in line]

        lines = clients.wait_until(shown, what="the client has pushed")
        own = [line for line in lines if 'client_id="pushes"' in line]
        assert own and all('client_software_name="confluent-kafka-python"' in line for line in own), lines


def test_levels_of_loggers_change_while_the_server_runs():
    with servers.Server() as server:
        assert loggers(server)["ROOT"] == loggers(server)["millrace.kafka"] == "INFO"
        alter(server, BROKER_LOGGER, "0", ("millrace.kafka", SET, "DEBUG"), ("ROOT", SET, "WARN"))
        assert (loggers(server)["millrace.kafka"], loggers(server)["millrace.broker"]) == ("DEBUG", "WARN")
        alter(server, BROKER_LOGGER, "0", ("millrace.kafka", DELETE, None))
        assert loggers(server)["millrace.kafka"] == "WARN"
        assert server.stop() == 0
        assert "stopping on SIGTERM" not in server.log(), "the last line is a notice"
