"""`--memory-limit`: floods of clients that do not move stay within it, and the others are served."""

import json
import socket
import struct
import time

import pytest

from harness import clients, wire
from harness.server import Server

LIMIT = 128 << 20


@pytest.fixture(scope="module")
def full_server():
    """A server with little memory and 120 MB that its memory no longer has."""
    with Server(arguments=["--memory-limit", "128MiB"]) as server:
        clients.create_topic(server, "cold", config={"max.message.bytes": "2000000"})
        value = bytes(1_000_000)
        clients.produce_all(server, "cold", [(None, value)] * 120, **{"message.max.bytes": 2_000_000})
        server.restart()
        yield server


def peak(server):
    for line in open(f"/proc/{server.pid}/status"):
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("the process reports no peak memory")


def silent(server, count, greeting=b"", port="kafka"):
    """Connections that send `greeting` and never read; their receive buffers are small."""
    host, port = getattr(server, port).rsplit(":", 1)
    sockets = []
    for _ in range(count):
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(10)
        connection.connect((host, int(port)))
        connection.setblocking(False)
        try:
            connection.send(greeting)
        except BlockingIOError:
            pass
        sockets.append(connection)
    return sockets


def closed(sockets, wait=0.0):
    """How many of the connections the server has ended, none of whose answers are read."""
    count, end = 0, time.monotonic() + wait
    while True:
        count = sum(gone(each) for each in sockets)
        if count or time.monotonic() >= end:
            return count
        clients.wait_until(lambda: any(gone(each) for each in sockets), max(0.1, end - time.monotonic()), "an end")


def gone(connection):
    # TCP_INFO's first byte is the state; 1 is established.
    return connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1) != b"\x01"


def fetch_frame(topic, max_bytes):
    with_offset = struct.pack(">iqi", 0, 0, max_bytes)
    body = struct.pack(">iiiib", -1, 0, 1, max_bytes, 0) + struct.pack(">i", 1) + wire.string(topic)
    body += struct.pack(">i", 1) + with_offset
    head = struct.pack(">hhi", wire.FETCH, 4, 1) + wire.string("flood")
    return struct.pack(">i", len(head + body)) + head + body


def test_clients_that_do_not_take_large_answers(full_server):
    # The system takes a few MB of answers for each, so several are asked for.
    sockets = silent(full_server, 24, fetch_frame("cold", 50 << 20) * 16)
    try:
        # Everybody else waits at most until those who hold the memory are found not to move.
        records = clients.read_all(full_server, "cold", 5, deadline=60, **{"fetch.message.max.bytes": 2_000_000})
        assert len(records) >= 5
        assert peak(full_server) < LIMIT, f"{peak(full_server) >> 20} MiB at its peak"
    finally:
        for each in sockets:
            each.close()


def test_one_reader_is_served_within_seconds_beside_many_that_do_not_read(full_server):
    """Those who hold memory and do not move are closed after five seconds, and those who waited behind them do not
    take all of what they held."""
    sockets = silent(full_server, 60, fetch_frame("cold", 50 << 20) * 8)
    try:
        time.sleep(1)
        began = time.monotonic()
        with wire.Connection(full_server.kafka, timeout=30) as reader:
            reader.send(fetch_frame("cold", 2 << 20))
            assert reader.receive() is not None
        elapsed = time.monotonic() - began
        assert elapsed < 8, f"an answer after {elapsed:.1f} s"
        assert peak(full_server) < LIMIT, f"{peak(full_server) >> 20} MiB at its peak"
    finally:
        for each in sockets:
            each.close()


GET_RECORDS = (b"POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: Kinesis_20131202.GetRecords\r\n"
               b"Authorization: AWS4-HMAC-SHA256 Credential=test/20261123/eu-central-1/kinesis/aws4_request, "
               b"SignedHeaders=host, Signature=0\r\nX-Amz-Date: 20261123T000000Z\r\n"
               b"Content-Type: application/x-amz-json-1.1\r\nContent-Length: %d\r\n\r\n")


def test_readers_of_kinesis_that_do_not_take_their_answers(full_server):
    """Others wait no longer than the five seconds after which such readers are known, however many there are."""
    client = clients.kinesis(full_server, attempts=5)
    shard = clients.list_shards(client, "cold")[0]["ShardId"]
    body = json.dumps({"ShardIterator": clients.iterator(client, "cold", shard)}).encode()
    sockets = silent(full_server, 24, GET_RECORDS % len(body) + body, port="kinesis")
    try:
        began = time.monotonic()
        records = client.get_records(ShardIterator=clients.iterator(client, "cold", shard), Limit=1)["Records"]
        assert len(records) == 1
        assert time.monotonic() - began < 8
        began = time.monotonic()
        assert clients.read_all(full_server, "cold", 1, deadline=60, **{"fetch.message.max.bytes": 2_000_000})
        assert time.monotonic() - began < 8
        assert peak(full_server) < LIMIT, f"{peak(full_server) >> 20} MiB at its peak"
    finally:
        for each in sockets:
            each.close()


def test_chunked_bodies_that_nobody_has_announced(full_server):
    """They wait for memory like those that are announced, one at a time here, and keep nobody out for long."""
    head = GET_RECORDS.replace(b"GetRecords", b"PutRecords").replace(b"Content-Length: %d", b"Transfer-Encoding: chunked")
    chunk = b"1000000\r\n" + bytes(1 << 24)
    host, port = full_server.kinesis.rsplit(":", 1)
    sockets = []
    try:
        for _ in range(40):
            connection = socket.create_connection((host, int(port)), 10)
            sockets.append(connection)
            connection.settimeout(0.1)
            try:
                connection.sendall(head)
                for start in range(0, 12 << 20, 1 << 20):
                    connection.sendall(chunk[start:start + (1 << 20)])
            except OSError:  # it is not read, or refused
                pass
        stream, client = clients.create_stream(full_server, clients.unique("beside")), clients.kinesis(full_server)
        started = time.monotonic()
        client.put_record(StreamName=stream, PartitionKey="k", Data=bytes(700_000))
        assert time.monotonic() - started < 30
        assert peak(full_server) < LIMIT, f"{peak(full_server) >> 20} MiB at its peak"
    finally:
        for each in sockets:
            each.close()


def test_clients_that_send_half_a_request(full_server):
    claim = struct.pack(">i", 4 << 20) + struct.pack(">hhi", wire.PRODUCE, 7, 1) + bytes(200_000)
    sockets = silent(full_server, 300, claim)
    try:
        clients.produce_all(full_server, "cold", [(None, bytes(500_000))] * 3, deadline=60)
        assert peak(full_server) < LIMIT, f"{peak(full_server) >> 20} MiB at its peak"
    finally:
        for each in sockets:
            each.close()


def test_more_connections_than_there_is_memory_for(full_server):
    allowed = LIMIT // 8 // (12 << 10)
    sockets = silent(full_server, allowed + 50)
    try:
        assert closed(sockets, wait=10) > 0
        assert peak(full_server) < LIMIT, f"{peak(full_server) >> 20} MiB at its peak"
    finally:
        for each in sockets:
            each.close()
    clients.wait_until(lambda: clients.admin(full_server).list_topics(timeout=2).topics, 20, "a connection to be free")


FIND_COORDINATOR, JOIN_GROUP, GROUP_MAX_SIZE_REACHED = 10, 11, 81


def test_members_with_large_metadata():
    """400 joins of a megabyte each, every one in a group of its own: those beyond the limit are refused."""
    def body(number):
        head = wire.string(f"flood-{number}") + struct.pack(">i", 30_000) + wire.string("") + wire.string("consumer")
        return head + struct.pack(">i", 1) + wire.string("range") + struct.pack(">i", 1_000_000) + bytes(1_000_000)

    arguments = ["--memory-limit", "128MiB", "--set", "group.initial.rebalance.delay.ms=0"]
    with Server(arguments=arguments) as server:
        with wire.Connection(server.kafka, timeout=60) as connection:
            # Makes the coordinators' topic; without it there is no coordinator to join at.
            clients.wait_until(lambda: connection.call(FIND_COORDINATOR, 0, wire.string("flood-0")).int16() == 0,
                               20, "the coordinator")
            codes = [connection.call(JOIN_GROUP, 0, body(number)).int16() for number in range(400)]
        assert peak(server) < LIMIT, f"{peak(server) >> 20} MiB at its peak"
        assert GROUP_MAX_SIZE_REACHED in codes


@pytest.mark.parametrize("option, text, reason", [
    ("--memory-limit", "64MiB", "at least 128MiB"), ("--memory-limit", "lots", "takes a size"),
    ("--memory-limit", "5XB", "takes a size"), ("--memory-limit", "", "takes a size"),
    ("--page-cache-limit", "1MiB", "at least 16MiB, or off"), ("--page-cache-limit", "lots", "takes a size")])
def test_limits_that_make_no_sense(tmp_path, option, text, reason):
    import subprocess

    from harness.server import binary
    run = subprocess.run([str(binary()), "serve", "--data-dir", str(tmp_path / "d"), option, text],
                         capture_output=True, text=True, timeout=20)
    assert run.returncode == 1
    assert reason in run.stderr and len(run.stderr.strip().splitlines()) == 1
