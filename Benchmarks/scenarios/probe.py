"""The first answer of a server: a Kafka ApiVersions request by hand, without the start-up of a client."""

import socket
import struct
import time

API_VERSIONS = 18


def first_answer_seconds(address, began, deadline=60.0):
    """Seconds from `began` (time.monotonic) until an ApiVersions request at HOST:PORT was answered."""
    host, port = address.rsplit(":", 1)
    client = b"bench"
    request = struct.pack(">hhih", API_VERSIONS, 0, 1, len(client)) + client
    while True:
        try:
            with socket.create_connection((host, int(port)), 5) as connection:
                connection.sendall(struct.pack(">i", len(request)) + request)
                if connection.recv(4):
                    return time.monotonic() - began
        except OSError:
            if time.monotonic() - began > deadline:
                raise
            time.sleep(0.001)
