"""Steady requests: one of each kind that the hot paths serve, always the same bytes, sent one at a time.

The allocation thresholds and Benchmarks/instructions measure what such a request costs the server, so everything that
would differ from one request to the next (connections, clients' own batching, sessions) is kept out.
"""

import base64
import http.client
import json
import pathlib
import struct
import time

from . import clients, wire

VALUE_BYTES = 100
RECORDS = 1000
PUT_RECORDS = 500
_NO_TAGS = b"\0"


def _compact(text):
    data = text.encode()
    return _count(len(data)) + data


def _count(length):
    """Length of a compact string or array, or of compact bytes: an unsigned varint of one more than it."""
    length, out = length + 1, bytearray()
    while length > 0x7F:
        out.append(length & 0x7F | 0x80)
        length >>= 7
    out.append(length)
    return bytes(out)


def _frame(api, version, body):
    """A request frame with header v2, that of flexible versions."""
    data = struct.pack(">hhi", api, version, 1) + wire.string("steady") + _NO_TAGS + body
    return struct.pack(">i", len(data)) + data


def produce_frame(topic, records, acks=-1):
    """Produce v12 of one batch to partition 0, without compression or idempotence."""
    # Whole seconds, so that the answers of GetRecords have as many digits in every run.
    batch = wire.batch([(b"key-%08d" % i, b"v" * VALUE_BYTES) for i in range(records)], timestamp_ms=int(time.time()) * 1000)
    return _frame(wire.PRODUCE, 12, _count(-1) + struct.pack(">hi", acks, 30_000) + _count(1) + _compact(topic) + _count(1)
                  + struct.pack(">i", 0) + _count(len(batch)) + batch + 3 * _NO_TAGS)


def fetch_frame(topic, offset, max_wait_ms, max_bytes=1 << 20):
    """Fetch v12 of partition 0 without a session; answers as soon as there is a byte."""
    return _frame(wire.FETCH, 12, struct.pack(">iiiibii", -1, max_wait_ms, 1, max_bytes, 0, 0, -1) + _count(1)
                  + _compact(topic) + _count(1) + struct.pack(">iiqiqi", 0, -1, offset, -1, -1, max_bytes) + 2 * _NO_TAGS
                  + _count(0) + _compact("") + _NO_TAGS)


class Kafka(wire.Connection):
    """Sends whole frames; the answer is read and only its length, which shows whether it is the expected one, kept."""

    def exchange(self, frame):
        self.send(frame)
        return self.answer_bytes()

    def answer_bytes(self):
        answer = self.receive()
        if answer is None:
            raise AssertionError("the server closed the connection")
        return len(answer[1].data)


class Kinesis:
    """One kept-alive HTTP connection to the Kinesis port."""

    def __init__(self, server):
        self.connection = http.client.HTTPConnection(server.kinesis, timeout=30)

    def request(self, operation, **members):
        """A request made once, to be sent often: its headers, as boto3 sends them, and its body."""
        scope = f"{clients.ACCOUNT}/20260101/{clients.REGION}/kinesis/aws4_request"
        headers = {"X-Amz-Target": f"Kinesis_20131202.{operation}", "Content-Type": "application/x-amz-json-1.1",
                   "User-Agent": "steady", "X-Amz-Date": "20260101T000000Z",
                   "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host;x-amz-date;x-amz-target, "
                                    f"Signature={'0' * 64}"}
        return headers, json.dumps(members).encode()

    def exchange(self, request):
        headers, body = request
        self.connection.request("POST", "/", body, headers)
        answer = self.connection.getresponse()
        data = answer.read()
        if answer.status != 200:
            raise AssertionError(f"{answer.status}: {data[:300]!r}")
        return len(data)

    def call(self, operation, **members):
        headers, body = self.request(operation, **members)
        self.connection.request("POST", "/", body, headers)
        return json.loads(self.connection.getresponse().read())

    def close(self):
        self.connection.close()


class Steady:
    """The kinds of request against one server: `kinds` gives for each name what sends one and awaits its answer."""

    def __init__(self, server):
        self.server = server
        self.produced, self.polled, self.read = (clients.create_topic(server, clients.unique(name))
                                                 for name in ("produced", "polled", "read"))
        self.polled_end = 0
        self.stream = clients.create_stream(server, clients.unique("stream"))
        self.kafka, self.waiting, self.kinesis = Kafka(server.kafka), Kafka(server.kafka), Kinesis(server)
        self.kafka.exchange(produce_frame(self.read, RECORDS))

        value = base64.b64encode(b"v" * VALUE_BYTES).decode()
        def put(records):
            entries = [{"Data": value, "PartitionKey": f"key-{i:08d}"} for i in range(records)]
            return self.kinesis.request("PutRecords", StreamName=self.stream, Records=entries)

        shard = self.kinesis.call("ListShards", StreamName=self.read)["Shards"][0]["ShardId"]
        iterator = self.kinesis.call("GetShardIterator", StreamName=self.read, ShardId=shard,
                                     ShardIteratorType="TRIM_HORIZON")["ShardIterator"]

        def get(limit):
            return self.kinesis.request("GetRecords", ShardIterator=iterator, Limit=limit)

        def over(connection, request):
            return lambda: connection.exchange(request)

        self.wake = produce_frame(self.polled, 1)
        # What is read comes first: the writing kinds would push it out of the memory that a tail hit is served from.
        self.kinds = {
            "Fetch, tail hit": over(self.kafka, fetch_frame(self.read, 0, 1000)),
            "GetRecords, 1 record": over(self.kinesis, get(1)),
            "GetRecords, 1000 records": over(self.kinesis, get(RECORDS)),
            "Fetch, nothing for 1 ms": over(self.kafka, fetch_frame(self.read, RECORDS, 1)),
            "Fetch woken by a Produce, both": self._long_poll,
            "Produce, 1 record": over(self.kafka, produce_frame(self.produced, 1)),
            "Produce, 1000 records": over(self.kafka, produce_frame(self.produced, RECORDS)),
            "PutRecord": over(self.kinesis, self.kinesis.request("PutRecord", StreamName=self.stream, Data=value,
                                                                 PartitionKey="key-00000000")),
            "PutRecords, 1 record": over(self.kinesis, put(1)),
            "PutRecords, 500 records": over(self.kinesis, put(PUT_RECORDS)),
        }

    def _long_poll(self):
        self.waiting.send(fetch_frame(self.polled, self.polled_end, 30_000))
        settle(self.server)
        self.kafka.exchange(self.wake)
        self.polled_end += 1
        return self.waiting.answer_bytes()

    def close(self):
        for connection in (self.kafka.socket, self.waiting.socket, self.kinesis):
            connection.close()


def settle(server, deadline=10.0):
    """Returns when every thread of the server sleeps: what was sent to it has been served, what that left to do is done.

    Loopback has delivered what `send` has taken, so the event loop that a request woke is already on the run queue.
    """
    tasks, end = pathlib.Path(f"/proc/{server.pid}/task"), time.monotonic() + deadline
    while any(_state(task) not in "SIZX" for task in tasks.iterdir()):
        if time.monotonic() >= end:
            raise AssertionError(f"the server still works {deadline} s after the last request")


def _state(task):
    """One letter, as proc(5) has it; what has just ended counts as asleep."""
    try:
        return (task / "stat").read_text().rpartition(") ")[2][0]
    except (FileNotFoundError, ProcessLookupError):
        return "X"
