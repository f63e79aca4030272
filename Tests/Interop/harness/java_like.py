"""A Kinesis client that speaks as the AWS SDK for Java does: CBOR 1.1 in Jackson's form, over HTTP/2 from the first byte.

Maps and lists have no length, long strings come in pieces, a timestamp is tag 1 with milliseconds. KCL sets an initial
window of 512 KiB.
"""

import datetime
import socket
import ssl
import struct

import cbor2
import h2.config
import h2.connection
import h2.events
import h2.settings

CBOR = "application/x-amz-cbor-1.1"
AUTHORIZATION = ("AWS4-HMAC-SHA256 Credential=123456789012/20261123/eu-central-1/kinesis/aws4_request, "
                 "SignedHeaders=host, Signature=0")
WINDOW = 512 << 10
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
# Jackson writes longer strings in pieces of its buffer.
PIECE = 3996


class KinesisError(Exception):
    def __init__(self, status, answer):
        super().__init__(f"{status} {answer}")
        self.status, self.code, self.message = status, answer.get("__type"), answer.get("message")


def encode(value):
    """`value` as Jackson's CBOR generator writes it."""
    if isinstance(value, dict):
        return b"\xbf" + b"".join(encode(key) + encode(item) for key, item in value.items()) + b"\xff"
    if isinstance(value, (list, tuple)):
        return b"\x9f" + b"".join(map(encode, value)) + b"\xff"
    if isinstance(value, datetime.datetime):
        return b"\xc1" + cbor2.dumps(round(value.timestamp() * 1000))
    if isinstance(value, str) and len(value) > PIECE:
        return b"\x7f" + b"".join(cbor2.dumps(value[i:i + PIECE]) for i in range(0, len(value), PIECE)) + b"\xff"
    return cbor2.dumps(value)


def milliseconds(value, _immutable):
    return datetime.datetime.fromtimestamp(value / 1000, datetime.timezone.utc)


def decode(body):
    return cbor2.loads(body, semantic_decoders={1: milliseconds}) if body else {}


class Client:
    """One HTTP/2 connection. `tls`: an SSLContext; ALPN must then choose h2."""

    def __init__(self, address, tls=None, window=WINDOW):
        host, port = address.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), 20)
        if tls:
            tls.set_alpn_protocols(["h2", "http/1.1"])
            self.socket = tls.wrap_socket(self.socket, server_hostname=host)
            assert self.socket.selected_alpn_protocol() == "h2"
        self.authority = address
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True, header_encoding="utf-8"))
        self.h2.local_settings = h2.settings.Settings(
            client=True, initial_values={h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: window})
        self.h2.initiate_connection()
        self.h2.increment_flow_control_window(1 << 24)
        self.events = {}
        self.closed = None
        self.flush()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def flush(self):
        self.socket.sendall(self.h2.data_to_send())

    def receive(self, takes=True):
        """Reads once from the socket and keeps what came by stream. `takes`: gives the windows back."""
        data = self.socket.recv(1 << 16)
        if not data:
            self.closed = self.closed or "end of file"
            return False
        for event in self.h2.receive_data(data):
            if isinstance(event, h2.events.DataReceived) and takes:
                self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            if isinstance(event, h2.events.ConnectionTerminated):
                self.closed = event
            if getattr(event, "stream_id", None):
                self.events.setdefault(event.stream_id, []).append(event)
        self.flush()
        return True

    def headers(self, operation, content_type=CBOR, method="POST", extra=()):
        return [(":method", method), (":path", "/"), (":scheme", "http"), (":authority", self.authority),
                ("content-type", content_type), ("x-amz-target", f"Kinesis_20131202.{operation}"),
                ("x-amz-date", "20261123T000000Z"), ("authorization", AUTHORIZATION), *extra]

    def begin(self, operation, params, **more):
        """Sends a request, as its window allows; returns the stream."""
        body = params if isinstance(params, bytes) else encode(params)
        stream = self.h2.get_next_available_stream_id()
        self.h2.send_headers(stream, self.headers(operation, extra=[("content-length", str(len(body)))], **more))
        self.flush()
        while body:
            room = min(self.h2.local_flow_control_window(stream), self.h2.max_outbound_frame_size, len(body))
            if room == 0:
                assert self.receive(), "closed while a body was sent"
                continue
            self.h2.send_data(stream, body[:room])
            body = body[room:]
            self.flush()
        self.h2.end_stream(stream)
        self.flush()
        return stream

    def finish(self, stream):
        """(status, headers, body) of the answer."""
        def ended():
            return any(isinstance(event, (h2.events.StreamEnded, h2.events.StreamReset))
                       for event in self.events.get(stream, []))

        while not ended():
            assert self.receive(), "closed before the answer"
        events = self.events.pop(stream)
        assert not any(isinstance(event, h2.events.StreamReset) for event in events), events
        headers = dict(next(event for event in events if isinstance(event, h2.events.ResponseReceived)).headers)
        body = b"".join(event.data for event in events if isinstance(event, h2.events.DataReceived))
        return int(headers[":status"]), headers, body

    def call(self, operation, **params):
        status, headers, body = self.finish(self.begin(operation, params))
        assert headers["content-type"] == CBOR
        if status != 200:
            raise KinesisError(status, decode(body))
        return decode(body)


def frame(kind, flags, stream, payload):
    """A frame of HTTP/2 as bytes, for what h2 would refuse to send."""
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def unverified():
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context
