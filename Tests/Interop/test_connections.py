"""When connections end by themselves: `connections.max.idle.ms`."""

import json
import re
import socket
import struct
import time

import pytest

from harness import clients, steady, wire
from harness.server import Server

IDLE_MS = 700


@pytest.fixture(scope="module")
def impatient():
    with Server(settings={"connections.max.idle.ms": IDLE_MS, "group.initial.rebalance.delay.ms": 0}) as server:
        yield server


def ended(connection):
    """Waits for the server to close the connection: whether it did, and after how many seconds."""
    began = time.monotonic()
    connection.socket.settimeout(20)
    return connection.socket.recv(1) == b"", time.monotonic() - began


def fetch(topic, wait_ms, bytes_max=1 << 20):
    """A fetch of partition 0 from offset 0, v12."""
    body = struct.pack(">iiiibii", -1, wait_ms, 1, bytes_max, 0, 0, -1) + steady._count(1) + steady._compact(topic)
    body += steady._count(1) + struct.pack(">iiqiqi", 0, -1, 0, -1, -1, bytes_max) + 2 * b"\0"
    return steady._frame(wire.FETCH, 12, body + steady._count(0) + steady._compact("") + b"\0")


def test_a_silent_connection_is_closed_a_talking_one_is_not(impatient):
    with wire.Connection(impatient.kafka, timeout=20) as silent, wire.Connection(impatient.kafka, timeout=20) as talking:
        began = time.monotonic()
        while time.monotonic() - began < 2.5 * IDLE_MS / 1000:
            assert talking.api_versions()
        closed, seconds = ended(silent)
        assert closed and seconds < 1, "it was silent for more than twice the limit"
        assert talking.api_versions()
        closed, seconds = ended(talking)
        assert closed and seconds > IDLE_MS / 1000 - 0.2, "the limit counts from the last answer"


def test_a_long_poll_is_not_idle(impatient):
    topic = clients.unique("quiet")
    clients.create_topic(impatient, topic)
    with wire.Connection(impatient.kafka, timeout=20) as connection:
        connection.send(fetch(topic, 3 * IDLE_MS))
        assert connection.receive()[1].data, "answered at the end of its wait, three times the limit"
        closed, seconds = ended(connection)
        assert closed and seconds > IDLE_MS / 1000 - 0.2


def get_records(iterator):
    body = json.dumps({"ShardIterator": iterator}).encode()
    return (b"POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: Kinesis_20131202.GetRecords\r\n"
            b"Authorization: AWS4-HMAC-SHA256 Credential=test/20261123/eu-central-1/kinesis/aws4_request, "
            b"SignedHeaders=host, Signature=0\r\nX-Amz-Date: 20261123T000000Z\r\n"
            b"Content-Type: application/x-amz-json-1.1\r\nContent-Length: %d\r\n\r\n" % len(body)) + body


@pytest.mark.parametrize("face", ["kafka", "kinesis"])
def test_an_answer_that_is_taken_slowly_is_not_idle(impatient, face):
    stream, client = clients.create_stream(impatient, clients.unique("slow")), clients.kinesis(impatient)
    for _ in range(6):
        client.put_record(StreamName=stream, PartitionKey="k", Data=b"x" * 1_000_000)
    if face == "kafka":
        request = fetch(stream, 0, 8 << 20)
    else:
        shard = client.list_shards(StreamName=stream)["Shards"][0]["ShardId"]
        request = get_records(client.get_shard_iterator(StreamName=stream, ShardId=shard,
                                                        ShardIteratorType="TRIM_HORIZON")["ShardIterator"])
    host, port = getattr(impatient, face).rsplit(":", 1)
    with socket.socket() as reader:
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 << 10)
        reader.settimeout(20)
        reader.connect((host, int(port)))
        reader.sendall(request)
        began, piece = time.monotonic(), reader.recv(65536)
        size = answer_bytes(face, piece)
        assert size > 5_000_000
        taken = len(piece)
        while taken < size and (piece := reader.recv(65536)):
            taken += len(piece)
            # Evenly over three times the limit.
            time.sleep(max(0, began + taken / size * 3 * IDLE_MS / 1000 - time.monotonic()))
        assert taken == size, "the server closed the connection"
        assert time.monotonic() - began > 2 * IDLE_MS / 1000


def answer_bytes(face, beginning):
    """The size of an answer that begins so."""
    if face == "kafka":
        return 4 + struct.unpack(">i", beginning[:4])[0]
    head, _, _ = beginning.partition(b"\r\n\r\n")
    return len(head) + 4 + int(re.search(rb"(?i)content-length: (\d+)", head).group(1))
