"""SIGTERM: listeners stop together, answers on their way leave whole, and no client makes it last."""

import json
import re
import socket
import struct
import time

import pytest

from harness import clients, wire
from harness.server import Server

# Documented: five seconds for clients, and what the log needs.
STOP_SECONDS = 8


@pytest.fixture
def loaded(tmp_path):
    """A server with a stream of 12 MB, and how to ask for most of it on either face."""
    with Server(tmp_path / "data", log_path=tmp_path / "server.log") as server:
        stream, client = clients.create_stream(server, clients.unique("large")), clients.kinesis(server)
        for _ in range(12):
            client.put_record(StreamName=stream, PartitionKey="k", Data=b"x" * 1_000_000)
        shard = client.list_shards(StreamName=stream)["Shards"][0]["ShardId"]
        iterator = client.get_shard_iterator(StreamName=stream, ShardId=shard,
                                             ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
        yield server, {"kafka": fetch(stream), "kinesis": get_records(iterator)}


def fetch(topic):
    body = struct.pack(">iiiib", -1, 0, 1, 8 << 20, 0) + struct.pack(">i", 1) + wire.string(topic)
    body += struct.pack(">iiqi", 1, 0, 0, 8 << 20)
    head = struct.pack(">hhi", wire.FETCH, 4, 1) + wire.string("shutdown")
    return struct.pack(">i", len(head + body)) + head + body


def get_records(iterator):
    body = json.dumps({"ShardIterator": iterator}).encode()
    return (b"POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: Kinesis_20131202.GetRecords\r\n"
            b"Authorization: AWS4-HMAC-SHA256 Credential=test/20261123/eu-central-1/kinesis/aws4_request, "
            b"SignedHeaders=host, Signature=0\r\nX-Amz-Date: 20261123T000000Z\r\n"
            b"Content-Type: application/x-amz-json-1.1\r\nContent-Length: %d\r\n\r\n" % len(body)) + body


def ask(server, face, request):
    """A client with a small receive buffer that has asked and has read the beginning of the answer."""
    host, port = getattr(server, face).rsplit(":", 1)
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 << 10)
    connection.settimeout(20)
    connection.connect((host, int(port)))
    connection.sendall(request)
    return connection, connection.recv(4096)


def answer_bytes(face, beginning):
    if face == "kafka":
        return 4 + struct.unpack(">i", beginning[:4])[0]
    head, _, _ = beginning.partition(b"\r\n\r\n")
    return len(head) + 4 + int(re.search(rb"(?i)content-length: (\d+)", head).group(1))


@pytest.mark.parametrize("face", ["kafka", "kinesis"])
def test_an_answer_under_way_leaves_whole(loaded, face):
    server, requests = loaded
    connection, piece = ask(server, face, requests[face])
    with connection:
        size = answer_bytes(face, piece)
        assert size > 5_000_000
        server.process.terminate()
        began, taken = time.monotonic(), len(piece)
        while taken < size and (piece := connection.recv(65536)):
            taken += len(piece)
            # Over about two seconds.
            time.sleep(max(0, began + taken / size * 2 - time.monotonic()))
        assert taken == size, f"cut short after {taken} of {size} bytes"
        assert connection.recv(1) == b"", "and the connection ends behind it"
        assert server.stop(STOP_SECONDS) == 0


def test_clients_that_are_stuck_on_both_faces_do_not_make_it_last(loaded):
    server, requests = loaded
    stuck = [ask(server, face, requests[face])[0] for face in ("kafka", "kinesis") for _ in range(3)]
    silent = [socket.create_connection(getattr(server, face).rsplit(":", 1)) for face in ("kafka", "kinesis", "admin")]
    began = time.monotonic()
    assert server.stop(20) == 0
    elapsed = time.monotonic() - began
    for each in stuck + silent:
        each.close()
    assert elapsed < STOP_SECONDS, f"{elapsed:.1f} s"


def test_no_listener_takes_clients_while_another_waits_for_its_own(loaded):
    server, requests = loaded
    stuck, _ = ask(server, "kinesis", requests["kinesis"])
    with stuck:
        server.process.terminate()
        for face in ("kafka", "kinesis"):
            clients.wait_until(lambda: refuses(getattr(server, face)), 3, f"the {face} port to be closed")
        assert server.process.poll() is None, "the stuck client still has its time"
        assert server.stop(STOP_SECONDS) == 0


def refuses(address):
    try:
        socket.create_connection(address.rsplit(":", 1), 1).close()
        return False
    except OSError:
        return True
