"""Quotas as clients meet them: set over the Kafka API, measured by what real clients of both faces get."""

import asyncio
import socket
import struct
import time
import urllib.request

import aiokafka
import botocore.exceptions
import pytest
from confluent_kafka import Producer
from kafka import KafkaProducer

from harness import clients, wire
from test_versions import Caller

# Short windows, so that a test sees several of them: two samples of a second.
SETTINGS = {"quota.window.num": 2, "controller.quota.window.num": 2}
INVALID_REQUEST, THROTTLING_QUOTA_EXCEEDED = 42, 89
KIB = 1024


@pytest.fixture
def ask(server):
    caller = Caller(server)
    yield caller
    caller.connection.socket.close()


def alter(ask, entity, expected=(0,), validate_only=False, **quotas):
    """Sets quotas of an entity, as {type: name or None for the default}; a value of None removes one."""
    return ask("AlterClientQuotas", 1, expected, validate_only=validate_only, entries=[{
        "entity": [{"entity_type": kind, "entity_name": name} for kind, name in entity.items()],
        "ops": [{"key": key, "value": value or 0.0, "remove": value is None} for key, value in quotas.items()]}])


def described(ask, *components, strict=False):
    answer = ask("DescribeClientQuotas", 1, strict=strict, components=[
        {"entity_type": kind, "match_type": how, "match": name} for kind, how, name in components])
    return {tuple(sorted((part["entity_type"], part["entity_name"]) for part in entry["entity"])):
            {value["key"]: value["value"] for value in entry["values"]} for entry in answer["entries"]}


@pytest.fixture
def quota(ask):
    """Sets quotas for a test, and takes them away after it."""
    made = []

    def make(entity, **quotas):
        made.append((entity, quotas))
        alter(ask, entity, **quotas)

    yield make
    for entity, quotas in made:
        alter(ask, entity, **dict.fromkeys(quotas))


def metric(server, name, label):
    text = urllib.request.urlopen(f"http://{server.admin}/metrics").read().decode()
    return next(float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith(f'{name}{{quota="{label}"}}'))


def test_quotas_are_set_described_and_removed(ask):
    both, user, address = {"user": "alice", "client-id": None}, {"user": "alice"}, {"ip": "10.0.0.1"}
    alter(ask, both, producer_byte_rate=1024.0, request_percentage=12.5)
    alter(ask, user, consumer_byte_rate=2048.0)
    alter(ask, address, connection_creation_rate=5.0)
    pair = (("client-id", None), ("user", "alice"))
    assert described(ask, ("user", 0, "alice")) == {
        pair: {"producer_byte_rate": 1024.0, "request_percentage": 12.5},
        (("user", "alice"),): {"consumer_byte_rate": 2048.0}}
    assert list(described(ask, ("user", 0, "alice"), strict=True)) == [(("user", "alice"),)]
    assert list(described(ask, ("user", 2, None), ("client-id", 1, None), strict=True)) == [pair]
    assert described(ask, ("ip", 2, None)) == {(("ip", "10.0.0.1"),): {"connection_creation_rate": 5.0}}
    alter(ask, both, validate_only=True, producer_byte_rate=9.0)
    alter(ask, both, producer_byte_rate=None)
    assert described(ask, ("client-id", 1, None)) == {pair: {"request_percentage": 12.5}}
    alter(ask, both, request_percentage=None)
    alter(ask, user, consumer_byte_rate=None)
    alter(ask, address, connection_creation_rate=None)
    assert described(ask) == {}


@pytest.mark.parametrize("entity, quotas", [
    ({}, {"producer_byte_rate": 1.0}), ({"user": ""}, {"producer_byte_rate": 1.0}), ({"group": "g"}, {}),
    ({"user": "u"}, {"producer_byte_rate": -1.0}), ({"user": "u"}, {"producer_byte_rate": 1.5}), ({"user": "u"}, {"nonsense": 1.0}),
    ({"user": "u"}, {"connection_creation_rate": 1.0}), ({"ip": "10.0.0.1"}, {"producer_byte_rate": 1.0}),
    ({"ip": "not an address"}, {"connection_creation_rate": 1.0}), ({"ip": None, "user": None}, {}),
])
def test_what_cannot_be_set_is_refused(ask, entity, quotas):
    answer = alter(ask, entity, (INVALID_REQUEST,), **quotas)
    assert answer["entries"][0]["error_code"] == INVALID_REQUEST and answer["entries"][0]["error_message"]
    assert described(ask) == {}


def test_quotas_outlive_a_restart(new_server):
    server = new_server()
    alter(Caller(server), {"client-id": "ü/*:"}, producer_byte_rate=10.0)
    server.restart()
    assert described(Caller(server)) == {(("client-id", "ü/*:"),): {"producer_byte_rate": 10.0}}


# What clients get: 64 KiB a second over a window of two seconds let 64 KiB pass at once, and the rest at the rate.


def slow_enough(seconds, total, rate):
    """Whether `total` bytes took as long as a quota makes them take, give or take a window."""
    wanted = total / rate - 2
    assert wanted - 0.5 <= seconds <= 3 * wanted + 6, f"{seconds:.1f} s for {total} bytes at {rate} a second"


def test_librdkafka_is_slowed_down_to_its_quota(server, topic, quota):
    quota({"client-id": "slow-librdkafka"}, producer_byte_rate=64.0 * KIB)
    before = metric(server, "millrace_quota_throttled_total", "producer_byte_rate")
    throttled = []
    client = Producer({"bootstrap.servers": server.kafka, "client.id": "slow-librdkafka", "batch.size": 16 * KIB,
                       "linger.ms": 5, "throttle_cb": lambda event: throttled.append(event.throttle_time)})
    began, errors = time.monotonic(), []
    for _ in range(320):
        client.produce(topic, bytes(KIB), partition=0, on_delivery=lambda error, _: error and errors.append(error))
        client.poll(0)
    assert client.flush(60) == 0 and not errors
    slow_enough(time.monotonic() - began, 320 * KIB, 64 * KIB)
    assert max(throttled) > 0, "throttle_time_ms reached the client"
    assert metric(server, "millrace_quota_throttled_total", "producer_byte_rate") > before
    # Others are not affected.
    began = time.monotonic()
    clients.produce_all(server, topic, [(None, bytes(KIB))] * 640)
    assert time.monotonic() - began < 5


def test_kafka_python_is_slowed_down_to_its_quota(server, topic, quota):
    quota({"client-id": None}, producer_byte_rate=64.0 * KIB)
    client = KafkaProducer(bootstrap_servers=server.kafka, client_id="slow-python", batch_size=16 * KIB, linger_ms=5)
    began = time.monotonic()
    futures = [client.send(topic, bytes(KIB), partition=0) for _ in range(320)]
    for future in futures:
        future.get(60)
    slow_enough(time.monotonic() - began, 320 * KIB, 64 * KIB)
    client.close()


def test_consumers_are_slowed_down_and_get_everything(server, topic, quota):
    # A batch has to fit into what the quota allows in its window, or it never comes, as in Kafka.
    clients.produce_all(server, topic, [(None, bytes(KIB))] * 320, **{"client.id": "fast", "batch.num.messages": 10})
    quota({"user": "ANONYMOUS", "client-id": "slow-reader"}, consumer_byte_rate=64.0 * KIB)
    began = time.monotonic()
    messages = clients.read_all(server, topic, 320, **{"client.id": "slow-reader", "fetch.max.bytes": 32 * KIB,
                                                       "message.max.bytes": 32 * KIB})
    slow_enough(time.monotonic() - began, 320 * KIB, 64 * KIB)
    assert len({(message.partition(), message.offset()) for message in messages}) == 320

    async def read():
        consumer = aiokafka.AIOKafkaConsumer(topic, bootstrap_servers=server.kafka, client_id="slow-reader",
                                             auto_offset_reset="earliest", max_partition_fetch_bytes=16 * KIB)
        await consumer.start()
        try:
            return [await asyncio.wait_for(consumer.getone(), 60) for _ in range(320)]
        finally:
            await consumer.stop()

    assert len({(message.partition, message.offset) for message in asyncio.run(read())}) == 320


def test_a_fetch_over_its_quota_is_answered_with_nothing_and_its_time(server, topic, quota):
    quota({"client-id": "wire-test"}, consumer_byte_rate=10.0 * KIB)
    clients.produce_all(server, topic, [(None, bytes(4 * KIB))] * 30)
    with wire.Connection(server.kafka, timeout=30) as connection:
        answers, offsets = [], [0, 0, 0]
        for turn in range(12):
            partition = turn % 3
            body = (struct.pack(">iiiibii", -1, 100, 1, 8 * KIB, 0, 0, -1) + struct.pack(">i", 1) + wire.string(topic)
                    + struct.pack(">iiiqqi", 1, partition, -1, offsets[partition], -1, 8 * KIB) + struct.pack(">i", 0))
            connection.send(connection.frame(wire.FETCH, 10, body))
            _, reader = connection.receive()
            throttle, error = reader.int32(), reader.int16()
            reader.int32()
            answers.append((throttle, error, reader.int32(), time.monotonic()))
            if throttle:
                break
        throttle, error, topics, at = answers[-1]
        assert throttle > 0 and error == 0 and topics == 0, answers
        # The connection is muted for so long: the next answer comes after it.
        assert connection.api_versions()
        assert time.monotonic() - at > throttle / 1000 - 0.1


def test_a_produce_without_acknowledgement_is_throttled_too(server, topic, quota):
    quota({"client-id": "wire-test"}, producer_byte_rate=10.0 * KIB)
    with wire.Connection(server.kafka, timeout=30) as connection:
        records = wire.batch([(None, bytes(30 * KIB))])
        connection.send_produce(topic, 0, records, acks=0)
        began = time.monotonic()
        assert connection.api_versions()
        assert 1.5 < time.monotonic() - began < 10, "30 KiB at 10 KiB a second"


def test_time_of_requests_is_limited(server, quota):
    with wire.Connection(server.kafka, timeout=30) as connection:
        connection.api_versions()
        quota({"client-id": "wire-test"}, request_percentage=0.01)
        before = metric(server, "millrace_quota_throttled_total", "request_percentage")
        began, count = time.monotonic(), 0
        while time.monotonic() - began < 4:
            connection.api_versions()
            count += 1
        assert metric(server, "millrace_quota_throttled_total", "request_percentage") > before
        assert count < 4000, f"{count} requests in 4 s"


def test_mutations_are_refused_where_the_client_knows_the_error(server, ask, quota):
    quota({"user": "ANONYMOUS"}, controller_mutation_rate=1.0)

    def create(version, partitions, expected=(0,)):
        return ask("CreateTopics", version, expected, timeout_ms=10_000, validate_only=False, topics=[
            {"name": clients.unique("mutation"), "num_partitions": partitions, "replication_factor": 1,
             "assignments": [], "configs": []}])

    assert create(7, 5)["topics"][0]["error_code"] == 0, "an exhausted budget refuses, a large request does not"
    refused = create(7, 1, (0, THROTTLING_QUOTA_EXCEEDED))
    assert refused["topics"][0]["error_code"] == THROTTLING_QUOTA_EXCEEDED
    assert 0 < refused["throttle_time_ms"] <= 3000
    # The connection was muted: three more come in by now, and one is taken.
    assert create(7, 4)["topics"][0]["error_code"] == 0
    permitted = create(5, 1)
    assert permitted["topics"][0]["error_code"] == 0 and permitted["throttle_time_ms"] > 0, "older clients pause only"


def test_boto3_is_throttled_by_the_same_quotas(server, boto, stream, quota):
    quota({"user": None}, producer_byte_rate=20.0 * KIB, consumer_byte_rate=20.0 * KIB)
    client = clients.kinesis(server)
    data = bytes(8 * KIB)
    with pytest.raises(client.exceptions.ProvisionedThroughputExceededException):
        for _ in range(10):
            client.put_record(StreamName=stream, Data=data, PartitionKey="k")
    time.sleep(3)
    shards = clients.list_shards(client, stream)
    with pytest.raises(client.exceptions.ProvisionedThroughputExceededException):
        for _ in range(10):
            for shard in shards:
                client.get_records(ShardIterator=clients.iterator(client, stream, shard["ShardId"]))


# Connections


def opened(server, count):
    """Opens connections one after the other; whether each was served."""
    sockets, served = [], []
    for _ in range(count):
        connection = wire.Connection(server.kafka, timeout=10)
        sockets.append(connection)
        try:
            served.append(bool(connection.api_versions()))
        except (AssertionError, ConnectionError, TimeoutError, struct.error):
            served.append(False)
    for connection in sockets:
        connection.socket.close()
    return served


def test_an_address_that_connects_too_often_is_closed_after_a_while(new_server):
    server = new_server(settings={"quota.window.num": 2})
    caller = Caller(server)
    alter(caller, {"ip": "127.0.0.1"}, connection_creation_rate=3.0)
    began = time.monotonic()
    served = opened(server, 8)
    assert served[:3] == [True] * 3 and False in served
    assert time.monotonic() - began > 0.2, "those that are refused are kept for a while"
    clients.wait_until(lambda: opened(server, 1) == [True], what="served again")
    assert metric(server, "millrace_quota_throttled_total", "connection_creation_rate") > 0
    host, port = server.endpoint_url.removeprefix("http://").rsplit(":", 1)
    closed = 0
    for _ in range(8):
        with socket.create_connection((host, int(port)), 10) as kinesis:
            kinesis.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
            try:
                closed += kinesis.recv(1) == b""
            except ConnectionError:
                closed += 1
    assert closed > 0, "the Kinesis port counts them too"


def test_connections_beyond_the_rate_of_the_broker_are_taken_later(new_server):
    server = new_server(settings={"quota.window.num": 2, "max.connection.creation.rate": 5})
    began = time.monotonic()
    assert opened(server, 20) == [True] * 20
    assert 1.5 < time.monotonic() - began < 20


def test_an_address_has_so_many_connections_at_most(new_server):
    server = new_server(settings={"max.connections.per.ip": 2, "max.connections.per.ip.overrides": "10.9.9.9:1"})
    held = [wire.Connection(server.kafka), wire.Connection(server.kafka)]
    assert all(connection.api_versions() for connection in held)
    assert opened(server, 1) == [False]
    held[0].socket.close()
    clients.wait_until(lambda: opened(server, 1) == [True], what="a place")
    held[1].socket.close()


def test_botocore_sees_quota_errors_as_throttling(server, quota, stream):
    quota({"user": "ANONYMOUS"}, producer_byte_rate=1.0 * KIB)
    client = clients.kinesis(server)
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        for _ in range(5):
            client.put_records(StreamName=stream, Records=[{"Data": bytes(KIB), "PartitionKey": "k"}])
    assert caught.value.response["Error"]["Code"] == "ProvisionedThroughputExceededException"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
