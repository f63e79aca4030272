"""When connections end by themselves: `connections.max.idle.ms`."""

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


def fetch(topic, wait_ms):
    """A fetch of partition 0 from offset 0, v12, of a topic that has no records."""
    body = struct.pack(">iiiibii", -1, wait_ms, 1, 1 << 20, 0, 0, -1) + steady._count(1) + steady._compact(topic)
    body += steady._count(1) + struct.pack(">iiqiqi", 0, -1, 0, -1, -1, 1 << 20) + 2 * b"\0"
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
