"""What no well-meaning client sends: each gets the protocol's own error or a closed connection, and the next works."""

import base64
import contextlib
import gzip
import http.client
import json
import os
import random
import re
import socket
import ssl
import struct
import subprocess
import time

import botocore.exceptions
import pytest
from confluent_kafka import KafkaError

from harness import clients, wire
from harness.mapping import SequenceNumber, shard_id

RESIDENT_MAX = 300 << 20


@pytest.fixture(autouse=True)
def still_serves(request):
    """After every test of the shared server: both faces and the admin port answer, and memory is bounded."""
    yield
    if "server" not in request.fixturenames:
        return
    server = request.getfixturevalue("server")
    assert server.alive(), server.log()
    with wire.Connection(server.kafka) as connection:
        assert connection.api_versions()[wire.PRODUCE][0] == 0
    clients.kinesis(server).list_streams()
    assert http_status(server.admin, "GET", "/health/ready") == 200
    assert server.resident_bytes() < RESIDENT_MAX


def connect(address, timeout=10.0):
    host, port = address.rsplit(":", 1)
    return socket.create_connection((host, int(port)), timeout)


def http_status(address, method, path, body=None, headers=None):
    connection = http.client.HTTPConnection(address, timeout=10)
    try:
        connection.request(method, path, body, headers or {})
        return connection.getresponse().status
    finally:
        connection.close()


def drained(connection):
    """What the server says until it closes; fails when it neither speaks nor closes within the timeout."""
    data = b""
    with contextlib.suppress(ConnectionError):
        while piece := connection.recv(65536):
            data += piece
    return data


# Frames


@pytest.mark.parametrize("length", [-1, -(2**31), 0, 1, 7, 2**31 - 1, 104_857_601])
def test_a_hostile_frame_length_ends_the_connection(server, length):
    with wire.Connection(server.kafka) as connection:
        connection.send(struct.pack(">i", length) + bytes(max(0, min(length, 16))))
        assert connection.closed_by_server()


def test_a_frame_cut_at_every_byte_does_no_harm(server):
    with wire.Connection(server.kafka) as probe:
        whole = probe.frame(wire.METADATA, 1, struct.pack(">i", 1) + wire.string("absent"), 1)
    for cut in range(len(whole)):
        with wire.Connection(server.kafka) as connection:
            connection.send(whole[:cut])


def test_a_frame_that_promises_much_costs_nothing(server):
    """100 connections announce 100 MB each and send little."""
    before = server.resident_bytes()
    with contextlib.ExitStack() as stack:
        for _ in range(100):
            connection = stack.enter_context(wire.Connection(server.kafka))
            connection.send(struct.pack(">i", 100_000_000) + struct.pack(">hhi", wire.PRODUCE, 7, 1) + bytes(1000))
        with wire.Connection(server.kafka) as probe:
            probe.api_versions()
        assert server.resident_bytes() - before < 64 << 20


@pytest.mark.parametrize("count", [2**31 - 1, 1_000_000, -2])
def test_a_hostile_array_count_is_refused_before_allocation(server, count):
    before = server.resident_bytes()
    with wire.Connection(server.kafka) as connection:
        connection.send(connection.frame(wire.METADATA, 1, struct.pack(">i", count)))
        assert connection.closed_by_server()
    assert server.resident_bytes() - before < 16 << 20


@pytest.mark.parametrize("api", [-1, 500, 9999, 32767, 4, 52])
def test_an_unknown_api_key_ends_the_connection(server, api):
    with wire.Connection(server.kafka) as connection:
        connection.send(connection.frame(api, 0, bytes(16)))
        assert connection.closed_by_server()


@pytest.mark.parametrize("api,version", [(wire.METADATA, 99), (wire.PRODUCE, 2), (wire.FETCH, 3), (wire.FETCH, -1), (11, 32767)])
def test_an_unknown_version_ends_the_connection(server, api, version):
    with wire.Connection(server.kafka) as connection:
        connection.send(connection.frame(api, version, bytes(32)))
        assert connection.closed_by_server()


def test_an_unknown_version_of_api_versions_is_answered_in_version_0(server):
    with wire.Connection(server.kafka) as connection:
        reader = connection.call(wire.API_VERSIONS, 99, bytes(8))
        assert reader.int16() == wire.UNSUPPORTED_VERSION
        apis = {reader.int16(): (reader.int16(), reader.int16()) for _ in range(reader.int32())}
        assert wire.API_VERSIONS in apis
        assert connection.api_versions() == connection.api_versions(), "the connection stays usable"


def test_random_bytes_on_every_port(server):
    rng = random.Random(11)
    for address in (server.kafka, server.kinesis, server.admin):
        for size in (1, 4, 5, 64, 1000, 70_000):
            with connect(address) as connection, contextlib.suppress(OSError):
                connection.sendall(rng.randbytes(size))
                connection.shutdown(socket.SHUT_WR)
                drained(connection)


def test_random_bodies_for_every_served_api(server):
    rng = random.Random(12)
    with wire.Connection(server.kafka) as connection:
        served = connection.api_versions()
    for api, (low, high) in served.items():
        for version in (low, high):
            for body in (b"", rng.randbytes(40), b"\xff" * 64, b"\x7f" * 64, bytes(64)):
                with wire.Connection(server.kafka) as connection, contextlib.suppress(OSError):
                    connection.send(connection.frame(api, version, body))
                    connection.socket.shutdown(socket.SHUT_WR)
                    drained(connection.socket)
        assert server.alive(), f"API {api}\n{server.log()}"


def test_http_on_the_kafka_port(server):
    with connect(server.kafka) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        drained(connection)


def test_kafka_on_the_http_ports(server):
    for address in (server.kinesis, server.admin):
        with wire.Connection(server.kafka) as probe:
            frame = probe.frame(wire.API_VERSIONS, 0, b"")
        with connect(address) as connection:
            connection.sendall(frame)
            connection.shutdown(socket.SHUT_WR)
            answer = drained(connection)
            assert answer == b"" or answer.startswith(b"HTTP/1.1 400")


# Records


def bad_batches():
    good = wire.batch([(b"k", b"v")])
    flipped = bytearray(good)
    flipped[-1] ^= 1
    counted = bytearray(good)
    struct.pack_into(">i", counted, 57, 1_000_000)
    counted[17:21] = struct.pack(">I", wire.crc32c(bytes(counted[21:])))
    shorter, longer = bytearray(good), bytearray(good)
    struct.pack_into(">i", shorter, 8, 10)
    struct.pack_into(">i", longer, 8, 2**31 - 1)
    corrupt = {wire.CORRUPT_MESSAGE, wire.INVALID_RECORD}
    old = {wire.INVALID_RECORD, wire.UNSUPPORTED_FOR_MESSAGE_FORMAT}
    return [
        ("a flipped bit", bytes(flipped), {wire.CORRUPT_MESSAGE}),
        ("a wrong checksum", wire.batch([(b"k", b"v")], crc=0), {wire.CORRUPT_MESSAGE}),
        ("magic 0", wire.batch([(b"k", b"v")], magic=0), old | corrupt),
        ("magic 1", wire.batch([(b"k", b"v")], magic=1), old | corrupt),
        ("magic 9", wire.batch([(b"k", b"v")], magic=9), old | corrupt),
        ("a count that lies", bytes(counted), corrupt),
        ("a length too small", bytes(shorter), corrupt),
        ("a length too large", bytes(longer), corrupt | {wire.MESSAGE_TOO_LARGE}),
        ("half a batch", good[:40], corrupt),
        ("a header only", good[:61], corrupt),
        ("one byte", b"\0", corrupt),
        ("two batches", good + good, {wire.INVALID_RECORD}),
    ]


@pytest.mark.parametrize("data,codes", [pytest.param(data, codes, id=name) for name, data, codes in bad_batches()])
def test_a_bad_batch_is_refused_and_stores_nothing(server, topic, data, codes):
    with wire.Connection(server.kafka) as connection:
        assert connection.produce(topic, 0, data)[0] in codes
        assert connection.produce(topic, 0, wire.batch([(b"k", b"good")])) == (wire.NONE, 0)
    assert [m.value() for m in clients.read_all(server, topic, 1, partitions=[0])] == [b"good"]


def undecodable_payloads():
    """(name, codec, payload) of two records."""
    def records(*deltas):
        return b"".join(wire.record(delta, b"k", b"bad") for delta in deltas)

    return [
        *((f"no {codec} at all", codec, b"\xa5 what is this? " * 8) for codec in ("gzip", "snappy", "lz4", "zstd")),
        ("nothing", "gzip", b""),
        ("half a stream", "gzip", gzip.compress(records(0, 1))[:20]),
        ("no records", "gzip", gzip.compress(b"\xff" * 100)),
        ("a record that is longer than the payload", "gzip", gzip.compress(wire.varint(2**31 - 1) + bytes(50))),
        ("offsets beyond the batch", "gzip", gzip.compress(records(2**31 - 1, 7))),
        ("offsets before the batch", "gzip", gzip.compress(records(-5, -4))),
        ("nothing but zeros, 64 MiB of them", "gzip", gzip.compress(bytes(64 << 20))),
    ]


@pytest.mark.parametrize("codec,payload", [pytest.param(codec, data, id=name) for name, codec, data in undecodable_payloads()])
def test_a_batch_that_cannot_be_decoded_is_refused(server, topic, codec, payload):
    with wire.Connection(server.kafka) as connection:
        code, _ = connection.produce(topic, 0, wire.batch([(b"k", b"bad")] * 2, codec, lambda _: payload))
        assert code in (wire.CORRUPT_MESSAGE, wire.INVALID_RECORD, wire.MESSAGE_TOO_LARGE)
        assert connection.produce(topic, 0, wire.batch([(b"k", b"good")])) == (wire.NONE, 0)
    assert [m.value() for m in clients.read_all(server, topic, 1, partitions=[0])] == [b"good"]


def test_a_bomb_is_refused_and_others_are_served_meanwhile(server, topic):
    zeros = gzip.compress(bytes(1 << 20)) * 900
    bomb = wire.batch([(b"k", b"bad")], "gzip", lambda _: gzip.compress(wire.varint((1 << 27) - 64) + bytes(100)) + zeros)
    with wire.Connection(server.kafka) as first, wire.Connection(server.kafka) as second:
        first.send_produce(topic, 0, bomb)
        started = time.monotonic()
        second.api_versions()
        assert time.monotonic() - started < 2
        assert first.receive_produce(topic, 0)[0] in (wire.INVALID_RECORD, wire.MESSAGE_TOO_LARGE)


@pytest.mark.parametrize("codec,payload", [pytest.param(codec, data, id=name) for name, codec, data in undecodable_payloads()])
def test_a_batch_that_cannot_be_decoded_does_not_stop_kinesis_readers(server, boto, codec, payload):
    # Believed by its header, as it may be in a log that another version wrote.
    topic = clients.create_topic(server, clients.unique("bad"), config={"record.validation": "header"})
    bad, good = wire.batch([(b"k", b"bad")] * 2, codec, lambda _: payload), [b"before", b"between", b"after"]
    with wire.Connection(server.kafka) as connection:
        for offset, data in enumerate([bad, wire.batch([(b"k", good[0])]), bad, bad, wire.batch([(b"k", good[1])])]):
            assert connection.produce(topic, 0, data)[0] == wire.NONE, offset
    number = server.log(1 << 30).count("skipped batches")
    records = clients.read_shard(boto, topic, shard_id(0))
    assert [r["Data"] for r in records] == good[:2]
    assert [SequenceNumber.decode(r["SequenceNumber"]).offset for r in records] == [2, 7], "a gap for what is lost"
    assert server.log(1 << 30).count("skipped batches") <= number + 2, "one line per call"

    # At the end of the shard, where nothing lies behind it.
    position = clients.iterator(boto, topic, shard_id(0), "LATEST")
    with wire.Connection(server.kafka) as connection:
        assert connection.produce(topic, 0, bad) == (wire.NONE, 8)
        page = boto.get_records(ShardIterator=position)
        assert (page["Records"], page["MillisBehindLatest"]) == ([], 0)
        assert connection.produce(topic, 0, wire.batch([(b"k", good[2])])) == (wire.NONE, 10)
    assert [r["Data"] for r in boto.get_records(ShardIterator=page["NextShardIterator"])["Records"]] == good[2:]


def test_what_can_be_read_of_a_damaged_batch_is_read(server, boto):
    topic = clients.create_topic(server, clients.unique("damaged"), config={"record.validation": "header"})
    records = b"".join(wire.record(delta, b"k", b"%d" % delta) for delta in range(3))
    data = wire.batch([(b"k", b"")] * 5, "gzip", lambda _: gzip.compress(records))
    with wire.Connection(server.kafka) as connection:
        assert connection.produce(topic, 0, data) == (wire.NONE, 0)
        assert connection.produce(topic, 0, wire.batch([(b"k", b"5")])) == (wire.NONE, 5)
    assert [int(r["Data"]) for r in clients.read_shard(boto, topic, shard_id(0))] == [0, 1, 2, 5]


def test_zstd_needs_produce_version_7(server, topic):
    zstandard = pytest.importorskip("zstandard")
    data = wire.batch([(b"k", b"v")], "zstd", zstandard.compress)
    with wire.Connection(server.kafka) as connection:
        assert connection.produce(topic, 0, data, version=3)[0] == wire.UNSUPPORTED_COMPRESSION_TYPE
        assert connection.produce(topic, 0, data, version=7) == (wire.NONE, 0)


def test_unknown_topics_partitions_and_acks(server, topic):
    good = wire.batch([(b"k", b"v")])
    with wire.Connection(server.kafka) as connection:
        assert connection.produce("absent-topic", 0, good)[0] == wire.UNKNOWN_TOPIC_OR_PARTITION
        assert connection.produce(topic, 99, good)[0] == wire.UNKNOWN_TOPIC_OR_PARTITION
        assert connection.produce(topic, -1, good)[0] == wire.UNKNOWN_TOPIC_OR_PARTITION
        assert connection.produce(topic, 0, good, acks=5)[0] == wire.INVALID_REQUIRED_ACKS
        assert connection.fetch("absent-topic", 0, 0)[0] == wire.UNKNOWN_TOPIC_OR_PARTITION
        assert connection.fetch(topic, 99, 0)[0] == wire.UNKNOWN_TOPIC_OR_PARTITION
        assert connection.list_offsets("absent-topic", 0, -1)[0] == wire.UNKNOWN_TOPIC_OR_PARTITION


def test_offsets_out_of_range(server, topic):
    with wire.Connection(server.kafka) as connection:
        connection.produce(topic, 0, wire.batch([(b"k", b"v")]))
        for offset in (-1, 2, 2**63 - 1):
            assert connection.fetch(topic, 0, offset)[0] == wire.OFFSET_OUT_OF_RANGE
        assert connection.fetch(topic, 0, 1, max_wait_ms=10) == (wire.NONE, 1, b"")
        assert connection.list_offsets(topic, 0, 2**63 - 1)[0] == wire.NONE


def test_a_record_over_the_topics_limit(server):
    name = clients.create_topic(server, clients.unique("small"), 1, {"max.message.bytes": "1000"})
    with wire.Connection(server.kafka) as connection:
        assert connection.produce(name, 0, wire.batch([(b"k", bytes(2000))]))[0] == wire.MESSAGE_TOO_LARGE
        assert connection.produce(name, 0, wire.batch([(b"k", bytes(100))])) == (wire.NONE, 0)


# Kinesis


AUTHORIZATION = (f"AWS4-HMAC-SHA256 Credential={clients.ACCOUNT}/20261123/{clients.REGION}/kinesis/aws4_request, "
                 "SignedHeaders=host, Signature=00")


def call(server, target, body, content_type="application/x-amz-json-1.1", headers={}):
    """One request by hand; returns (status, error type, message), where the type of an answer in XML is its text.

    `headers` replace those of a proper request; None leaves one out.
    """
    connection = http.client.HTTPConnection(server.kinesis, timeout=10)
    try:
        named = {"Content-Type": content_type, "Authorization": AUTHORIZATION, "X-Amz-Date": "20261123T000000Z",
                 "X-Amz-Target": target} | headers
        connection.request("POST", "/", body if isinstance(body, (bytes, str)) else json.dumps(body),
                           {name: value for name, value in named.items() if value is not None})
        answer = connection.getresponse()
        text = answer.read()
        assert answer.headers["x-amzn-RequestId"]
        document = json.loads(text) if text.startswith(b"{") else {"__type": text.decode()} if text else {}
        return answer.status, document.get("__type", "").rsplit("#", 1)[-1], document.get("message") or document.get("Message") or ""
    finally:
        connection.close()


NAME = "Kinesis_20131202."


@pytest.mark.parametrize("body", ["", "{", "[]", "null", "{\"StreamName\":}", "{\"StreamName\":\"a\"", "\xff\xfe", "{}{}", "[" * 100_000,
                                  "{\"a\":" * 50_000, "{\"StreamName\": \"\\ud800\"}"])
def test_malformed_json(server, body):
    status, kind, _ = call(server, NAME + "DescribeStream", body.encode("latin-1"))
    assert status == 400 and kind in {"SerializationException", "ValidationException", "InvalidArgumentException",
                                      "ResourceNotFoundException"}
    if body not in ("", "null", "{\"StreamName\": \"\\ud800\"}"):
        assert kind == "SerializationException"


@pytest.mark.parametrize("operation,body,member", [
    ("CreateStream", {}, "streamName"), ("PutRecord", {"StreamName": "a", "PartitionKey": "k"}, "data"),
    ("PutRecords", {"StreamName": "a"}, "records"), ("GetRecords", {}, "shardIterator"),
    ("GetShardIterator", {"StreamName": "a", "ShardIteratorType": "LATEST"}, "shardId"),
    ("GetShardIterator", {"StreamName": "a", "ShardId": "shardId-000000000000"}, "shardIteratorType"),
])
def test_missing_members_are_named(server, operation, body, member):
    status, kind, message = call(server, NAME + operation, body)
    assert (status, kind) == (400, "ValidationException")
    assert f"Value null at '{member}' failed to satisfy constraint: Member must not be null" in message


@pytest.mark.parametrize("operation,body", [
    ("CreateStream", {"StreamName": 5, "ShardCount": 1}), ("CreateStream", {"StreamName": "a", "ShardCount": "one"}),
    ("CreateStream", {"StreamName": "a", "ShardCount": {}}), ("PutRecord", {"StreamName": "a", "PartitionKey": "k", "Data": 7}),
    ("PutRecord", {"StreamName": "a", "PartitionKey": "k", "Data": "not base64!"}),
    ("PutRecords", {"StreamName": "a", "Records": "x"}), ("PutRecords", {"StreamName": "a", "Records": [7]}),
    ("GetRecords", {"ShardIterator": ["x"]}), ("GetRecords", {"ShardIterator": "AAA", "Limit": "many"}),
    ("ListShards", {"StreamName": "a", "ShardFilter": "LATEST"}),
])
def test_wrong_types(server, operation, body):
    status, kind, _ = call(server, NAME + operation, body)
    assert (status, kind) == (400, "SerializationException")


@pytest.mark.parametrize("value", [0, -1, 0.5, 2**31, 10**30, 1e400])
def test_shard_counts_out_of_range(server, value):
    status, kind, _ = call(server, NAME + "CreateStream", {"StreamName": clients.unique("x"), "ShardCount": value})
    assert status == 400 and kind in {"ValidationException", "SerializationException", "LimitExceededException",
                                      "InvalidArgumentException"}


def test_a_fraction_is_rounded_down(server, boto):
    name = clients.unique("x")
    assert call(server, NAME + "CreateStream", {"StreamName": name, "ShardCount": 2.9})[0] == 200
    assert len(clients.list_shards(boto, name)) == 2


def test_unknown_targets(server):
    for target in (None, "", "Kinesis_20131202", NAME, NAME + "NoSuchOperation", "Firehose_20150804.NoSuch", "x" * 5000):
        status, kind, _ = call(server, target, {})
        assert status == 400 and kind in {"UnknownOperationException", "MissingAuthenticationTokenException"}


def test_other_methods_and_content_types(server):
    assert http_status(server.kinesis, "GET", "/") in range(400, 500)
    assert http_status(server.kinesis, "DELETE", "/stream") in range(400, 500)
    status, text, _ = call(server, NAME + "ListStreams", "<xml/>", content_type="text/xml")
    assert (status, text) == (404, "<UnknownOperationException/>\n"), "AWS answers in XML what is not its JSON"


def test_tls_on_the_kinesis_port(new_server):
    server = new_server()
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with connect(server.kinesis) as connection, pytest.raises(ssl.SSLError) as refused:
        context.wrap_socket(connection)
    assert "wrong version number" in str(refused.value).lower().replace("_", " ")
    assert "this is TLS, and this port speaks plaintext" in server.log()


def test_requests_without_a_whole_signature(server):
    """A signature is not verified, but one that AWS would not even parse is refused as AWS refuses it."""
    def kind_and_message(**headers):
        status, kind, message = call(server, NAME + "ListStreams", {}, headers=headers)
        assert status == 400
        return kind, message

    assert kind_and_message(Authorization=None) == ("MissingAuthenticationTokenException", "Missing Authentication Token")
    kind, message = kind_and_message(**{"X-Amz-Date": None})
    assert kind == "IncompleteSignatureException"
    assert message.startswith("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ")
    for part in ("Credential", "SignedHeaders", "Signature"):
        kind, message = kind_and_message(Authorization=AUTHORIZATION.replace(f"{part}=", f"No{part}="))
        assert kind == "IncompleteSignatureException"
        assert message.startswith(f"Authorization header requires '{part}' parameter. ")
    status, *_ = call(server, NAME + "ListStreams", {}, headers={"X-Amz-Date": None, "Date": "Mon, 23 Nov 2026 00:00:00 GMT"})
    assert status == 200


def test_an_over_long_name(server):
    status, kind, message = call(server, NAME + "DescribeStream", {"StreamName": "x" * 129})
    assert (status, kind) == (400, "ValidationException")
    assert "failed to satisfy constraint: Member must have length less than or equal to 128" in message
    assert call(server, NAME + "DescribeStream", {"StreamName": "x" * 3_000_000})[0] == 400


def test_http_that_never_ends(server):
    for head in (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999\r\n\r\n",
                 b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
                 b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZZ\r\n",
                 b"POST / HTTP/1.1\r\n" + b"X: y\r\n" * 20_000 + b"\r\n",
                 b"POST / HTTP/1.1\r\nX: " + b"y" * 2_000_000):
        with connect(server.kinesis) as connection, contextlib.suppress(OSError):
            connection.sendall(head)
            connection.shutdown(socket.SHUT_WR)
            answer = drained(connection)
            assert answer == b"" or answer.split(b" ", 2)[1].startswith(b"4")


def forgeries(genuine):
    raw = bytearray(base64.b64decode(genuine))
    flipped = bytearray(raw)
    flipped[-1] ^= 1
    return ["x", "AAAAAAAAAAE=", base64.b64encode(flipped).decode(), base64.b64encode(raw[:-16]).decode(),
            base64.b64encode(raw + bytes(16)).decode(), base64.b64encode(os.urandom(len(raw))).decode(), "not base64 §".encode().decode()]


def test_forged_iterators_are_refused(server, boto, stream):
    genuine = clients.iterator(boto, stream, shard_id(0))
    raw = base64.b64decode(genuine)
    assert raw[:8] == bytes(7) + b"\1" and len(raw) >= 152 and (len(raw) - 152) % 16 == 0, "AWS's outer shape"
    for forged in forgeries(genuine):
        status, kind, _ = call(server, NAME + "GetRecords", {"ShardIterator": forged})
        assert (status, kind) == (400, "InvalidArgumentException"), forged
    assert call(server, NAME + "GetRecords", {"ShardIterator": "A" * 513})[1] == "ValidationException"
    assert call(server, NAME + "GetRecords", {"ShardIterator": genuine})[0] == 200


def test_an_iterator_of_another_server_is_refused(server, new_server, boto, stream):
    other = new_server("other")
    theirs = clients.kinesis(other)
    clients.create_stream(other, stream, 1, theirs)
    position = clients.iterator(theirs, stream, shard_id(0))
    assert call(server, NAME + "GetRecords", {"ShardIterator": position})[:2] == (400, "InvalidArgumentException")


def test_an_expired_iterator_says_so(new_server):
    server = new_server("short", {"kinesis.iterator.lifetime.ms": 200})
    boto = clients.kinesis(server)
    name = clients.create_stream(server, "short", 1, boto)
    position = clients.iterator(boto, name, shard_id(0))
    answer = clients.wait_until(lambda: (a := call(server, NAME + "GetRecords", {"ShardIterator": position}))[0] == 400 and a, 10, "expiry")
    assert answer[1] == "ExpiredIteratorException"
    assert call(server, NAME + "GetRecords", {"ShardIterator": clients.iterator(boto, name, shard_id(0))})[0] == 200


# The data directory


def refuses_to_start(server):
    """Starts a server that must not come up; returns the one line that it wrote."""
    done = subprocess.run(server.command(), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30)
    assert done.returncode not in (0, -6, -11, -4, -5), f"exit {done.returncode}\n{done.stderr}"
    assert done.stdout == ""
    message = done.stderr.strip().splitlines()[-1]
    assert str(server.data_dir) in message, done.stderr
    return message


def test_a_locked_data_directory(new_server):
    first = new_server("first")
    message = refuses_to_start(new_server("second", data_dir=first.data_dir, start=False))
    assert re.search("lock|in use|another", message, re.IGNORECASE)
    clients.create_topic(first, "works")


def test_a_data_directory_of_a_newer_version(new_server):
    server = new_server("newer")
    assert server.stop() == 0
    properties = server.data_dir / "meta.properties"
    old = properties.read_text()
    properties.write_text(re.sub(r"(?m)^version=.*$", "version=99", old))
    assert "99" in refuses_to_start(server)
    properties.write_text(old)
    server.start()
    clients.create_topic(server, "works")


def test_a_data_directory_that_is_a_file_or_cannot_be_made(new_server, tmp_path):
    (tmp_path / "file").write_text("not a directory")
    refuses_to_start(new_server("file", data_dir=tmp_path / "file", start=False))
    refuses_to_start(new_server("below", data_dir=tmp_path / "file" / "below", start=False))


def test_a_port_that_is_taken(new_server, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        server = new_server("port", start=False)
        server.kafka = "127.0.0.1:%d" % taken.getsockname()[1]
        done = subprocess.run(server.command(), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30)
    assert done.returncode not in (0, -6, -11, -4, -5)
    assert server.kafka in done.stderr and done.stdout == ""


@pytest.fixture
def small_disk(tmp_path):
    """A file system of its own that a test may fill."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small file system needs root")
    mount = tmp_path / "disk"
    mount.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512m", "tmpfs", str(mount)], capture_output=True, text=True)
    if done.returncode != 0:
        pytest.skip(f"cannot mount a tmpfs here: {done.stderr.strip()}")
    yield mount
    subprocess.run(["umount", "-l", str(mount)], check=False)


def fill(path):
    """Writes a file until the disk is full."""
    with open(path, "wb", buffering=0) as ballast, contextlib.suppress(OSError):
        for size in (1 << 20, 4096, 1):
            with contextlib.suppress(OSError):
                while ballast.write(bytes(size)):
                    pass


def test_a_full_disk_refuses_appends_and_nothing_else(new_server, small_disk):
    server = new_server("full", data_dir=small_disk / "data")
    boto = clients.kinesis(server)
    topic = clients.create_topic(server, "disk", 1)
    stored = [b"%d" % i for i in range(1000)]
    clients.produce_all(server, topic, [(None, value) for value in stored])
    fill(small_disk / "ballast")

    # A journal that was allocated ahead may take some more; in the end the disk must say no.
    client, failures = clients.producer(server, **{"message.timeout.ms": 5000, "enable.idempotence": False, "retries": 0}), []
    acknowledged = []

    def delivered(error, message):
        (failures if error else acknowledged).append(error or message.value())

    for number in range(600):
        client.produce(topic, b"%07d" % number + os.urandom(900_000), on_delivery=delivered)
        client.flush(20)
        if failures:
            break
    assert failures, "600 MB were acknowledged on a full disk of 512 MB"
    assert failures[0].code() in (KafkaError.KAFKA_STORAGE_ERROR, KafkaError._MSG_TIMED_OUT)

    with pytest.raises(botocore.exceptions.ClientError) as refused:
        for number in range(600):
            value = b"%07d" % number + os.urandom(900_000)
            boto.put_record(StreamName=topic, Data=value, PartitionKey="k")
            acknowledged.append(value)
    assert refused.value.response["Error"]["Code"] == "InternalFailure", "which every SDK tries again"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500

    expected = stored + acknowledged
    assert [m.value() for m in clients.read_all(server, topic, len(expected))] == expected
    assert len(clients.read_shard(boto, topic, shard_id(0))) == len(expected)
    server.kill9()
    server.start()
    assert [m.value() for m in clients.read_all(server, topic, len(expected))][-1] == expected[-1]

    (small_disk / "ballast").unlink()

    def accepted():
        try:
            return clients.produce_all(server, topic, [(None, b"room again")], deadline=10, **{"message.timeout.ms": 5000})
        except AssertionError:
            return None

    assert clients.wait_until(accepted, 60, "an accepted record")[0][1] >= len(expected)
    put = boto.put_record(StreamName=topic, Data=b"and here", PartitionKey="k")
    assert SequenceNumber.decode(put["SequenceNumber"]).offset > len(expected)
