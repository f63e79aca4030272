"""Kafka's wire protocol by hand, for what no client would send: old fixed-layout versions, raw batches, broken frames."""

import socket
import struct
import time

# Error codes of the protocol guide that the suites name.
NONE, OFFSET_OUT_OF_RANGE, CORRUPT_MESSAGE, UNKNOWN_TOPIC_OR_PARTITION, MESSAGE_TOO_LARGE = 0, 1, 2, 3, 10
INVALID_REQUIRED_ACKS, UNSUPPORTED_VERSION, INVALID_REQUEST, UNSUPPORTED_FOR_MESSAGE_FORMAT = 21, 35, 42, 43
OUT_OF_ORDER_SEQUENCE_NUMBER, INVALID_PRODUCER_EPOCH = 45, 47
KAFKA_STORAGE_ERROR, UNSUPPORTED_COMPRESSION_TYPE, INVALID_RECORD = 56, 76, 87

PRODUCE, FETCH, LIST_OFFSETS, METADATA, API_VERSIONS, INIT_PRODUCER_ID = 0, 1, 2, 3, 18, 22
CODECS = {"none": 0, "gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}

_CRC = []
for _n in range(256):
    for _ in range(8):
        _n = _n >> 1 ^ (0x82F63B78 if _n & 1 else 0)
    _CRC.append(_n)


def crc32c(data):
    """CRC-32C (Castagnoli), reflected, as record batches carry it."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ _CRC[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


def varint(value):
    """Zig-zag varint of a signed integer."""
    value = value << 1 ^ value >> 63
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def record(offset_delta, key, value, timestamp_delta=0):
    body = b"\0" + varint(timestamp_delta) + varint(offset_delta)
    for field in (key, value):
        body += varint(-1) if field is None else varint(len(field)) + field
    body += varint(0)
    return varint(len(body)) + body


def batch(pairs, codec="none", compress=lambda data: data, magic=2, timestamp_ms=None, crc=None, base_offset=0,
          producer=(-1, -1, -1), max_timestamp_ms=None):
    """One record batch v2 of (key, value) pairs; `crc` overrides the checksum, `magic` the format.

    `producer` is an idempotent producer's ID, its epoch and the sequence number of the first record.
    """
    timestamp = int(time.time() * 1000) if timestamp_ms is None else timestamp_ms
    latest = timestamp if max_timestamp_ms is None else max_timestamp_ms
    records = compress(b"".join(record(delta, key, value) for delta, (key, value) in enumerate(pairs)))
    tail = struct.pack(">hiqqqhii", CODECS[codec], len(pairs) - 1, timestamp, latest, *producer, len(pairs)) + records
    checksum = crc32c(tail) if crc is None else crc
    return struct.pack(">qiibI", base_offset, len(tail) + 9, -1, magic, checksum) + tail


def string(text):
    data = text.encode()
    return struct.pack(">h", len(data)) + data


class Reader:
    """Reads big-endian fields from an answer."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        if self.at + count > len(self.data):
            raise AssertionError(f"answer ends at {len(self.data)}, wanted {count} bytes at {self.at}")
        piece = self.data[self.at:self.at + count]
        self.at += count
        return piece

    def field(self, code):
        return struct.unpack(">" + code, self.take(struct.calcsize(">" + code)))[0]

    def int16(self):
        return self.field("h")

    def int32(self):
        return self.field("i")

    def int64(self):
        return self.field("q")

    def string(self):
        length = self.int16()
        return None if length < 0 else self.take(length).decode()

    def bytes(self):
        length = self.int32()
        return None if length < 0 else self.take(length)


class Connection:
    """One TCP connection to the Kafka port. Context manager; every wait has a deadline."""

    def __init__(self, address, timeout=10.0):
        host, port = address.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), timeout)
        self.correlation = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def frame(self, api, version, body, correlation=None):
        """A request frame with header v1 (correlation id and client id)."""
        if correlation is None:
            self.correlation += 1
            correlation = self.correlation
        data = struct.pack(">hhi", api, version, correlation) + string("wire-test") + body
        return struct.pack(">i", len(data)) + data

    def receive(self):
        """One response: (correlation id, Reader over the rest); None when the server closed the connection."""
        head = self._exactly(4)
        if head is None:
            return None
        data = self._exactly(struct.unpack(">i", head)[0])
        if data is None:
            return None
        reader = Reader(data)
        return reader.int32(), reader

    def _exactly(self, count):
        data = b""
        while len(data) < count:
            try:
                piece = self.socket.recv(count - len(data))
            except ConnectionError:
                return None
            if not piece:
                return None
            data += piece
        return data

    def closed_by_server(self):
        """Whether the server ends the connection, with nothing more sent, before the socket's timeout."""
        try:
            while self.socket.recv(65536):
                pass
            return True
        except ConnectionError:
            return True
        except TimeoutError:
            return False

    def call(self, api, version, body):
        self.send(self.frame(api, version, body))
        answer = self.receive()
        assert answer is not None, f"connection closed on API {api} version {version}"
        correlation, reader = answer
        assert correlation == self.correlation
        return reader

    def api_versions(self):
        """{api key: (min, max)} by ApiVersions v0."""
        reader = self.call(API_VERSIONS, 0, b"")
        assert reader.int16() == NONE
        return {reader.int16(): (reader.int16(), reader.int16()) for _ in range(reader.int32())}

    def produce(self, topic, partition, records, acks=-1, timeout_ms=10_000, version=7):
        """Produce of raw bytes, v3 to v7 (v7 is the first that may carry zstd); returns (error code, base offset)."""
        body = (struct.pack(">hhi", -1, acks, timeout_ms) + struct.pack(">i", 1) + string(topic)
                + struct.pack(">iii", 1, partition, len(records)) + records)
        reader = self.call(PRODUCE, version, body)
        assert reader.int32() == 1 and reader.string() == topic and reader.int32() == 1 and reader.int32() == partition
        return reader.int16(), reader.int64()

    def send_produce(self, topic, partition, records, acks=-1, timeout_ms=10_000):
        """A Produce v7 whose answer `receive_produce` takes."""
        body = (struct.pack(">hhi", -1, acks, timeout_ms) + struct.pack(">i", 1) + string(topic)
                + struct.pack(">iii", 1, partition, len(records)) + records)
        self.send(self.frame(PRODUCE, 7, body))

    def receive_produce(self, topic, partition):
        """(error code, base offset)"""
        answer = self.receive()
        assert answer is not None, "no answer to the Produce"
        reader = answer[1]
        assert reader.int32() == 1 and reader.string() == topic and reader.int32() == 1 and reader.int32() == partition
        return reader.int16(), reader.int64()

    def fetch(self, topic, partition, offset, max_wait_ms=1000, min_bytes=1, max_bytes=1 << 20):
        """Fetch v10, without a session; returns (error code, high watermark, record bytes)."""
        self.send_fetch(topic, partition, offset, max_wait_ms, min_bytes, max_bytes)
        return self.receive_fetch(topic, partition)

    def send_fetch(self, topic, partition, offset, max_wait_ms=1000, min_bytes=1, max_bytes=1 << 20):
        body = (struct.pack(">iiiibii", -1, max_wait_ms, min_bytes, max_bytes, 0, 0, -1) + struct.pack(">i", 1) + string(topic)
                + struct.pack(">iiiqqi", 1, partition, -1, offset, -1, max_bytes) + struct.pack(">i", 0))
        self.send(self.frame(FETCH, 10, body))

    def receive_fetch(self, topic, partition):
        answer = self.receive()
        assert answer is not None and answer[0] == self.correlation, "no answer to the Fetch"
        reader = answer[1]
        reader.int32()
        assert reader.int16() == NONE
        reader.int32()
        assert reader.int32() == 1 and reader.string() == topic and reader.int32() == 1 and reader.int32() == partition
        error, watermark = reader.int16(), reader.int64()
        reader.take(16)
        for _ in range(max(0, reader.int32())):
            reader.take(16)
        return error, watermark, reader.bytes() or b""

    def list_offsets(self, topic, partition, timestamp):
        """ListOffsets v1; returns (error code, timestamp, offset)."""
        body = struct.pack(">ii", -1, 1) + string(topic) + struct.pack(">iiq", 1, partition, timestamp)
        reader = self.call(LIST_OFFSETS, 1, body)
        assert reader.int32() == 1 and reader.string() == topic and reader.int32() == 1 and reader.int32() == partition
        return reader.int16(), reader.int64(), reader.int64()
