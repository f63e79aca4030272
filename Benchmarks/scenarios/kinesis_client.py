"""What the Kinesis scenarios have in common: a stream, and calls over sockets of their own, whose bodies are ready-made."""

import json
import socket

from measure import runner

JSON, CBOR = "application/x-amz-json-1.1", "application/x-amz-cbor-1.1"
AUTHORIZATION = ("AWS4-HMAC-SHA256 Credential=000000000000/20261123/us-east-1/kinesis/aws4_request, "
                 "SignedHeaders=host, Signature=0")


def encode_cbor(value):
    """As the AWS SDK for Java writes it, but with lengths."""
    def head(kind, count):
        if count < 24:
            return bytes([kind << 5 | count])
        size = next(n for n in (1, 2, 4, 8) if count < 1 << 8 * n)
        return bytes([kind << 5 | 23 + size.bit_length()]) + count.to_bytes(size)

    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        return head(3, len(value.encode())) + value.encode()
    if isinstance(value, int):
        return head(0, value)
    if isinstance(value, list):
        return head(4, len(value)) + b"".join(map(encode_cbor, value))
    return head(5, len(value)) + b"".join(encode_cbor(key) + encode_cbor(item) for key, item in value.items())


def request(operation, body, content_type=JSON):
    """One request as bytes."""
    head = (f"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: {content_type}\r\n"
            f"X-Amz-Target: Kinesis_20131202.{operation}\r\nX-Amz-Date: 20261123T000000Z\r\n"
            f"Authorization: {AUTHORIZATION}\r\nContent-Length: {len(body)}\r\n\r\n")
    return head.encode() + body


class Connection:
    """One connection with one call after the other."""

    def __init__(self, address):
        host, port = address.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), 60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.stream = self.socket.makefile("rb", 1 << 20)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def exchange(self, whole_request):
        """The body of the answer, which must be a success."""
        self.socket.sendall(whole_request)
        status, length = self.stream.readline().split()[1], 0
        while (line := self.stream.readline()) != b"\r\n":
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        body = self.stream.read(length)
        if status != b"200":
            raise runner.LoadFailed(f"answered {status.decode()}: {body[:300]!r}")
        return body

    def call(self, operation, **members):
        body = self.exchange(request(operation, json.dumps(members).encode()))
        return json.loads(body) if body else {}


def address(side, server):
    if not side.serves("kinesis"):
        raise runner.Unavailable(f"{side.label} serves no Kinesis")
    return server.kinesis


def create_stream(connection, name, shards):
    connection.call("CreateStream", StreamName=name, ShardCount=shards)
    return connection.call("DescribeStreamSummary", StreamName=name)["StreamDescriptionSummary"]["StreamARN"]
