"""HTTP/2 and CBOR on the Kinesis port: as the AWS SDK for Java speaks, and as clients that mean ill do."""

import datetime
import json
import os
import pathlib
import shutil
import socket
import struct
import subprocess
import threading
import time

import h2.errors
import h2.events
import pytest

from harness import clients, java_like
from harness.java_like import Client, KinesisError, PREFACE, frame


@pytest.fixture
def stream(server):
    return clients.create_stream(server, clients.unique("h2"), shards=2)


def records_of(client, stream, limit=10_000):
    records = []
    for shard in client.call("ListShards", StreamName=stream)["Shards"]:
        iterator = client.call("GetShardIterator", StreamName=stream, ShardId=shard["ShardId"],
                               ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
        while True:
            answer = client.call("GetRecords", ShardIterator=iterator, Limit=limit)
            records += answer["Records"]
            iterator = answer["NextShardIterator"]
            if not answer["Records"]:
                break
    return records


def test_a_program_of_the_java_sdk_puts_and_gets(server, stream):
    with Client(server.kinesis) as client:
        described = client.call("DescribeStreamSummary", StreamName=stream)["StreamDescriptionSummary"]
        assert described["StreamStatus"] == "ACTIVE" and described["OpenShardCount"] == 2
        age = datetime.datetime.now(datetime.timezone.utc) - described["StreamCreationTimestamp"]
        assert abs(age) < datetime.timedelta(minutes=5)
        put = client.call("PutRecord", StreamName=stream, Data=b"\x00\xff one", PartitionKey="schlüssel")
        assert put["ShardId"].startswith("shardId-") and put["SequenceNumber"].isdigit()
        entries = [{"Data": os.urandom(n), "PartitionKey": f"k{n}"} for n in (0, 1, 23, 24, 255, 256, 65_535, 65_536)]
        answer = client.call("PutRecords", StreamName=stream, Records=entries)
        assert answer["FailedRecordCount"] == 0 and len(answer["Records"]) == len(entries)
        found = {record["PartitionKey"]: record for record in records_of(client, stream)}
        assert found["schlüssel"]["Data"] == b"\x00\xff one"
        for entry in entries:
            assert found[entry["PartitionKey"]]["Data"] == entry["Data"]
        for record in found.values():
            age = datetime.datetime.now(datetime.timezone.utc) - record["ApproximateArrivalTimestamp"]
            assert abs(age) < datetime.timedelta(minutes=5)
    by_json = clients.kinesis(server).list_shards(StreamName=stream)["Shards"]
    assert len(by_json) == 2, "both encodings see the same"


def test_at_timestamp_is_in_milliseconds(server, stream):
    with Client(server.kinesis) as client:
        first = client.call("PutRecord", StreamName=stream, Data=b"first", PartitionKey="k")
        time.sleep(0.02)
        between = datetime.datetime.now(datetime.timezone.utc)
        time.sleep(0.02)
        client.call("PutRecord", StreamName=stream, Data=b"second", PartitionKey="k")
        iterator = client.call("GetShardIterator", StreamName=stream, ShardId=first["ShardId"],
                               ShardIteratorType="AT_TIMESTAMP", Timestamp=between)["ShardIterator"]
        answer = client.call("GetRecords", ShardIterator=iterator)
        assert [record["Data"] for record in answer["Records"]] == [b"second"]


def test_large_requests_and_answers_pass_the_windows(server, stream):
    with Client(server.kinesis) as client:
        entries = [{"Data": os.urandom(900_000), "PartitionKey": f"k{n}"} for n in range(10)]
        assert client.call("PutRecords", StreamName=stream, Records=entries)["FailedRecordCount"] == 0
        found = {record["PartitionKey"]: record["Data"] for record in records_of(client, stream)}
        assert found == {entry["PartitionKey"]: entry["Data"] for entry in entries}


def test_errors_are_in_cbor(server):
    with Client(server.kinesis) as client:
        with pytest.raises(KinesisError) as missing:
            client.call("DescribeStream", StreamName="not-there")
        assert missing.value.code == "ResourceNotFoundException" and "not-there" in missing.value.message
        with pytest.raises(KinesisError) as invalid:
            client.call("DescribeStream", StreamName="a b", Limit=0)
        assert invalid.value.message.startswith("2 validation errors detected: ")
        with pytest.raises(KinesisError) as unknown:
            client.call("Nonsense")
        assert unknown.value.code == "UnknownOperationException"
        status, headers, body = client.finish(client.begin("ListStreams", b"\xbf\x61"))
        assert status == 400 and java_like.decode(body) == {"__type": "SerializationException"}


def test_streams_of_a_connection_are_answered_side_by_side(server, stream):
    with Client(server.kinesis) as client:
        streams = [client.begin("PutRecord", {"StreamName": stream, "Data": b"%d" % n, "PartitionKey": f"{n}"})
                   for n in range(100)]
        for each in reversed(streams):
            assert client.finish(each)[0] == 200
        assert len(records_of(client, stream)) == 100


def test_a_client_that_takes_one_answer_slowly_gets_the_others(server, stream):
    boto = clients.kinesis(server)
    for _ in range(6):
        boto.put_record(StreamName=stream, Data=bytes(900_000), PartitionKey="k")
    shard = next(record for record in boto.list_shards(StreamName=stream)["Shards"]
                 if boto.get_records(ShardIterator=boto.get_shard_iterator(
                     StreamName=stream, ShardId=record["ShardId"], ShardIteratorType="TRIM_HORIZON")["ShardIterator"])["Records"])
    with Client(server.kinesis) as client:
        iterator = client.call("GetShardIterator", StreamName=stream, ShardId=shard["ShardId"],
                               ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
        slow = client.begin("GetRecords", {"ShardIterator": iterator})
        # Nothing of its window is given back: it holds the stream, not the connection.
        while sum(len(event.data) for event in client.events.get(slow, [])
                  if isinstance(event, h2.events.DataReceived)) < java_like.WINDOW:
            assert client.receive(takes=False)
        assert "HasMoreStreams" in client.call("ListStreams")
        client.h2.increment_flow_control_window(8 << 20, slow)
        client.h2.increment_flow_control_window(8 << 20)
        client.flush()
        status, _, body = client.finish(slow)
        assert status == 200 and len(java_like.decode(body)["Records"]) == 6


def test_curl_with_prior_knowledge(server):
    run = subprocess.run(
        ["curl", "--http2-prior-knowledge", "-sS", "-m", "20", "-w", "\n%{http_version} %{http_code}", "-d", "{}",
         "-H", "Content-Type: application/x-amz-json-1.1", "-H", "X-Amz-Target: Kinesis_20131202.ListStreams",
         "-H", f"Authorization: {java_like.AUTHORIZATION}", "-H", "X-Amz-Date: 20261123T000000Z",
         f"http://{server.kinesis}/"], capture_output=True, text=True, timeout=30, check=True)
    body, last = run.stdout.rsplit("\n", 1)
    assert last == "2 200" and "StreamNames" in json.loads(body)


@pytest.mark.skipif(not shutil.which("java"), reason="there is no JDK on this machine")
def test_javas_own_client(server):
    """It asks for an upgrade on plain HTTP, which is ignored."""
    source = pathlib.Path(__file__).parent / "harness" / "Http2Client.java"
    run = subprocess.run(["java", str(source), f"http://{server.kinesis}/"], capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    assert len(run.stdout.splitlines()) == 3
    for line in run.stdout.splitlines():
        assert line.startswith("HTTP_1_1 200 {"), line


def test_a_connection_ends_with_its_server(new_server):
    """h2 takes no PING behind a GOAWAY, with which the server makes sure that no request is on its way; so frames by hand."""
    server = new_server()
    with raw(server) as connection:
        stream, kinds = connection.makefile("rb"), []

        def read(count):
            try:
                return stream.read(count)
            except ConnectionResetError:
                # Our answer to its PING came when it had closed.
                return b""

        # Its settings: a connection that it has not taken yet is reset by its end.
        read(int.from_bytes(read(9)[:3]))
        stopping = threading.Thread(target=server.stop)
        started = time.monotonic()
        stopping.start()
        while head := read(9):
            length, kind, flags = int.from_bytes(head[:3]), head[3], head[4]
            payload = read(length)
            kinds.append(kind)
            if kind == 6 and not flags:
                connection.sendall(frame(6, 1, 0, payload))
            if kind == 7:
                assert payload[4:8] == bytes(4), "NO_ERROR"
        stopping.join()
        assert 7 in kinds and time.monotonic() - started < 4


# Clients that mean ill


def rest(connection, seconds=10):
    """All that comes until the end; None when the connection stays open for so long."""
    connection.settimeout(seconds)
    data = b""
    try:
        while True:
            more = connection.recv(1 << 16)
            if not more:
                return data
            data += more
    except TimeoutError:
        return None
    except ConnectionError:
        return data


def raw(server):
    host, port = server.kinesis.rsplit(":", 1)
    connection = socket.create_connection((host, int(port)), 10)
    connection.sendall(PREFACE + frame(4, 0, 0, b""))
    return connection


def is_well(server):
    with Client(server.kinesis) as client:
        return "StreamNames" in client.call("ListStreams")


def test_rapid_reset_ends_the_connection(server):
    connection = raw(server)
    try:
        for stream in range(1, 4001, 2):
            connection.sendall(frame(1, 4, stream, b"\x83\x86\x84\x41\x01a") + frame(3, 0, stream, struct.pack(">I", 8)))
    except OSError:
        pass
    assert rest(connection) is not None, "thousands of resets were put up with"
    assert is_well(server)


@pytest.mark.parametrize("flood", ["pings", "settings", "empty data", "continuations", "many headers"])
def test_floods_end_the_connection(server, flood):
    connection = raw(server)
    literal = b"\x00\x7f\x00" + b"n" * 127 + b"\x7f\x81\x01" + b"v" * 256  # a field that is not indexed
    frames = {
        "pings": frame(6, 0, 0, bytes(8)),
        "settings": frame(4, 0, 0, struct.pack(">HI", 4, 70_000)),
        "empty data": frame(0, 0, 1, b""),
        "continuations": frame(9, 0, 1, literal),
        "many headers": frame(9, 0, 1, literal * 30),
    }
    begin = b"" if flood in ("pings", "settings") else frame(1, 4 if flood == "empty data" else 0, 1, (
        b"\x83\x86\x84\x41\x01a"))
    try:
        connection.sendall(begin)
        for _ in range(100):
            connection.sendall(frames[flood] * 100)
    except OSError:
        pass
    assert rest(connection) is not None, f"a flood of {flood} was put up with"
    assert is_well(server)


def test_more_streams_than_are_allowed_are_refused(server):
    connection = raw(server)
    for stream in range(1, 2 * 130, 2):
        connection.sendall(frame(1, 4, stream, b"\x83\x86\x84\x41\x01a"))
    connection.close()
    assert is_well(server)
    with Client(server.kinesis) as client:
        client.call("ListStreams")
        assert client.h2.remote_settings.max_concurrent_streams == 128
