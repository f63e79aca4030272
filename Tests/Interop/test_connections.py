"""When connections end by themselves: `connections.max.idle.ms`."""

import json
import re
import socket
import struct
import subprocess
import time

import pytest

from harness import clients, java_like, steady, wire
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


class ShortOfDescriptors(Server):
    def command(self):
        return ["prlimit", "--nofile=256:256", *super().command()]


def test_connections_leave_descriptors_to_files():
    """Of 256 descriptors files have half; 24 connections are what is left (see DescriptorLimit)."""
    with ShortOfDescriptors() as server:
        topic = clients.unique("few")
        clients.create_topic(server, topic, 8)
        held = []
        try:
            for _ in range(60):
                held.append(wire.Connection(server.kafka, timeout=20))

            def served():
                count = 0
                for connection in held:
                    try:
                        count += bool(connection.api_versions())
                    except (OSError, AssertionError, struct.error, EOFError):
                        pass
                return count

            count = served()
            assert 8 <= count <= 24, count
        finally:
            for connection in held:
                connection.__exit__(None, None, None)
        # Files never went short, and the places are free again.
        clients.wait_until(lambda: clients.produce_all(server, topic, [(b"k%d" % n, b"v") for n in range(100)]) or True,
                           what="room for connections")
        assert len(clients.read_all(server, topic, 100)) == 100


def test_a_long_poll_is_not_idle(impatient):
    topic = clients.unique("quiet")
    clients.create_topic(impatient, topic)
    with wire.Connection(impatient.kafka, timeout=20) as connection:
        connection.send(fetch(topic, 3 * IDLE_MS))
        assert connection.receive()[1].data, "answered at the end of its wait, three times the limit"
        closed, seconds = ended(connection)
        assert closed and seconds > IDLE_MS / 1000 - 0.2


@pytest.mark.parametrize("version", ["HTTP/1.1", "HTTP/2"])
def test_an_idle_connection_of_the_kinesis_port_is_ended(impatient, version):
    host, port = impatient.kinesis.rsplit(":", 1)
    with socket.create_connection((host, int(port)), 20) as connection:
        if version == "HTTP/1.1":
            connection.sendall(list_streams())
            assert answers(connection, 1) == [b"HTTP/1.1 200 OK"]
        else:
            connection.sendall(java_like.PREFACE + java_like.frame(4, 0, 0, b""))
        began, kinds, stream = time.monotonic(), [], connection.makefile("rb")
        while head := stream.read(9):
            payload = stream.read(int.from_bytes(head[:3]))
            kinds.append(head[3])
            if head[3] == 6 and not head[4]:
                connection.sendall(java_like.frame(6, 1, 0, payload))
        seconds = time.monotonic() - began
        assert IDLE_MS / 1000 - 0.2 < seconds < 4
        if version == "HTTP/2":
            assert [kind for kind in kinds if kind in (6, 7)][:2] == [7, 6], "GOAWAY, and a PING that is answered"


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


def list_streams(*headers, body=b"{}", framing=b"Content-Length: 2"):
    head = [b"POST / HTTP/1.1", b"Host: localhost", b"X-Amz-Target: Kinesis_20131202.ListStreams",
            b"Authorization: AWS4-HMAC-SHA256 Credential=test/20261123/eu-central-1/kinesis/aws4_request, "
            b"SignedHeaders=host, Signature=0", b"X-Amz-Date: 20261123T000000Z",
            b"Content-Type: application/x-amz-json-1.1", framing, *headers]
    return b"\r\n".join(head) + b"\r\n\r\n" + body


def answers(connection, count):
    """Reads so many answers, none of which is longer than a read takes in; returns their status lines."""
    data, lines = b"", []
    while len(lines) < count:
        while (match := re.search(rb"(?i)content-length: (\d+)", data.partition(b"\r\n\r\n")[0])) is None or \
                len(data.partition(b"\r\n\r\n")[2]) < int(match.group(1)):
            piece = connection.recv(65536)
            assert piece, f"the connection ended after {lines}"
            data += piece
        head, _, rest = data.partition(b"\r\n\r\n")
        lines.append(head.partition(b"\r\n")[0])
        data = rest[int(match.group(1)):]
    return lines


UPGRADES = [(b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA"),
            (b"Connection: Upgrade", b"Upgrade: websocket", b"Sec-WebSocket-Version: 13"),
            (b"Upgrade: h2c",)]


@pytest.mark.parametrize("headers", UPGRADES, ids=["h2c", "websocket", "without-connection"])
def test_an_upgrade_is_ignored_and_the_connection_goes_on_with_http_1_1(impatient, headers):
    host, port = impatient.kinesis.rsplit(":", 1)
    with socket.create_connection((host, int(port)), 10) as connection:
        for _ in range(2):
            connection.sendall(list_streams(*headers))
            assert answers(connection, 1) == [b"HTTP/1.1 200 OK"]
        # Chunked, then pipelined behind one another.
        chunked = list_streams(*headers, body=b"2\r\n{}\r\n0\r\n\r\n", framing=b"Transfer-Encoding: chunked")
        connection.sendall(chunked + list_streams() + list_streams(*headers) + list_streams())
        assert answers(connection, 4) == [b"HTTP/1.1 200 OK"] * 4


def test_curl_with_http2_is_answered_in_http_1_1(impatient):
    request = ["curl", "--http2", "-sS", "-m", "10", "-w", "%{http_version} %{http_code} %{num_connects}\n", "-o", "/dev/null"]
    url = f"http://{impatient.kinesis}/"
    signed = ["-H", "X-Amz-Target: Kinesis_20131202.ListStreams", "-H", "Content-Type: application/x-amz-json-1.1",
              "-H", "X-Amz-Date: 20261123T000000Z", "-H", "Authorization: AWS4-HMAC-SHA256 Credential=test/20261123/"
              "eu-central-1/kinesis/aws4_request, SignedHeaders=host, Signature=0", "-d", "{}"]
    run = subprocess.run(request + signed + [url, "-o", "/dev/null", url], capture_output=True, text=True, timeout=30)
    assert run.stdout.splitlines() == ["1.1 200 1", "1.1 200 0"], run.stderr
    run = subprocess.run(request + [f"http://{impatient.admin}/health/live", "-o", "/dev/null",
                                    f"http://{impatient.admin}/health/ready"], capture_output=True, text=True, timeout=30)
    assert [line.split()[:2] for line in run.stdout.splitlines()] == [["1.1", "200"]] * 2, run.stderr
