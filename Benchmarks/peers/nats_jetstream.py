#!/usr/bin/env python3
"""NATS JetStream beside Millrace: publishes with acknowledgements in flight, and a pull consumer, by nats-py.

    Benchmarks/peers/nats_jetstream.py [--records N] [--size BYTES] [--repeats N]

Durability of JetStream: file storage, but nats-server acknowledges what it has written to the page cache and calls
fsync every `sync_interval` (two minutes); the version that Debian has cannot sync each write. So both sides
acknowledge from the page cache here (ours by `flush.messages`), which is less than Millrace promises by default.
"""

import asyncio
import os
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import nats  # noqa: E402
from nats.js.api import StorageType  # noqa: E402

from measure.accounting import Accounting  # noqa: E402
from peers import pairing  # noqa: E402
from workloads import NO_SYNC  # noqa: E402

IN_FLIGHT = 1000
FETCH = 500


class JetStream(pairing.Peer):
    durability = "file storage, fsync every two minutes: acknowledged from the page cache"
    topic_config = NO_SYNC

    def command(self, folder, port):
        return [self.program, "-a", "127.0.0.1", "-p", str(port), "-js", "-sd", str(folder / "store")]


async def load(process, port, options):
    value = os.urandom(options.size)
    client = await nats.connect(f"nats://127.0.0.1:{port}", pending_size=64 << 20)
    stream = client.jetstream(timeout=60)
    await stream.add_stream(name="load", subjects=["load"], storage=StorageType.FILE)
    spent, start = Accounting([process.pid]), time.monotonic()
    for done in range(0, options.records, IN_FLIGHT):
        count = min(IN_FLIGHT, options.records - done)
        await asyncio.gather(*(stream.publish("load", value) for _ in range(count)))
    produced = pairing.row("nats-py", options.records, options.size, time.monotonic() - start, spent)
    subscription = await stream.pull_subscribe("load", "reader")
    spent, start, got = Accounting([process.pid]), time.monotonic(), 0
    while got < options.records:
        messages = await subscription.fetch(min(FETCH, options.records - got), timeout=30)
        for message in messages:
            await message.ack()
        got += len(messages)
    consumed = pairing.row("nats-py", got, options.size, time.monotonic() - start, spent, missing=options.records - got)
    await client.close()
    return {"produce": produced, "consume": consumed}


def measure(peer, options):
    with peer.server() as (process, port):
        return asyncio.run(load(process, port, options))


if __name__ == "__main__":
    settings = pairing.arguments(__doc__)
    pairing.compare(JetStream("nats", "nats-server", settings), measure, settings)
