#!/usr/bin/env python3
"""RabbitMQ Streams beside Millrace: batches with confirms over the stream protocol, and a consumer, by rstream.

    Benchmarks/peers/rabbitmq_streams.py [--records N] [--size BYTES] [--repeats N]

Durability of RabbitMQ: streams are files that are never explicitly synced; a confirm means the page cache of this node
(and of a quorum of replicas, of which there are none here). So both sides acknowledge from the page cache here
(ours by `flush.messages`), which is less than Millrace promises by default. One stream, batches of 500
records, four batches in flight.
"""

import asyncio
import os
import pathlib
import shutil
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import rstream  # noqa: E402

from measure.accounting import Accounting  # noqa: E402
from measure.servers import ServerError  # noqa: E402
from peers import pairing  # noqa: E402
from workloads import NO_SYNC  # noqa: E402

BATCH = 500
RECORDS_IN_FLIGHT = 4 * BATCH
DEADLINE_SECONDS = 300


class RabbitMQ(pairing.Peer):
    durability = "stream files without fsync: confirmed from the page cache"
    topic_config = NO_SYNC

    def __init__(self, options):
        # Debian's wrapper on PATH wants to run as a user of its own on the system's data; the program itself does not.
        super().__init__("rabbitmq", "/usr/lib/rabbitmq/bin/rabbitmq-server", options)

    def version(self):
        answer = subprocess.run(["dpkg-query", "-W", "-f", "rabbitmq-server ${Version}", "rabbitmq-server"],
                                capture_output=True, text=True)
        return answer.stdout.strip() or "unknown"

    def command(self, folder, port):
        (folder / "plugins").write_text("[rabbitmq_stream].\n")
        (folder / "rabbitmq.conf").write_text(
            f"listeners.tcp.1 = 127.0.0.1:{pairing.free_port()}\n"
            f"stream.listeners.tcp.1 = 127.0.0.1:{port}\n"
            f"stream.advertised_host = 127.0.0.1\nstream.advertised_port = {port}\n")
        return [self.program]

    def environment(self, folder, port):
        self.epmd_port = pairing.free_port()
        return os.environ | {
            "HOME": str(folder), "RABBITMQ_NODENAME": "bench@localhost", "ERL_EPMD_PORT": str(self.epmd_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1", "RABBITMQ_MNESIA_BASE": str(folder / "data"),
            "RABBITMQ_LOG_BASE": str(folder / "logs"), "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"), "RABBITMQ_PID_FILE": str(folder / "pid"),
            "RABBITMQ_DIST_PORT": str(pairing.free_port())}

    def stop(self, process):
        super().stop(process)
        # Erlang's port mapper outlives the node; this one has a port of its own, so nobody else's is met.
        epmd = shutil.which("epmd")
        if epmd:
            subprocess.run([epmd, "-port", str(self.epmd_port), "-kill"], capture_output=True)


def emulator(session):
    """The Erlang machine of the session that the start script leads: the script itself spends nothing."""
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            name, rest = stat.read_text().split("(", 1)[1].rsplit(")", 1)
        except (FileNotFoundError, ProcessLookupError):
            continue
        if name == "beam.smp" and int(rest.split()[3]) == session:
            return int(stat.parent.name)
    raise ServerError("the peer has no beam.smp process")


async def produce(port, pid, options):
    value, confirmed, room = os.urandom(options.size), [0], asyncio.Condition()

    async def on_confirm(status):
        async with room:
            confirmed[0] += 1
            room.notify_all()

    async with rstream.Producer("127.0.0.1", port=port, username="guest", password="guest") as producer:
        await producer.create_stream("load")
        spent, start = Accounting([pid]), time.monotonic()
        for done in range(0, options.records, BATCH):
            async with room:
                await room.wait_for(lambda done=done: done - confirmed[0] < RECORDS_IN_FLIGHT)
            batch = [rstream.AMQPMessage(body=value) for _ in range(min(BATCH, options.records - done))]
            await producer.send_batch("load", batch, on_publish_confirm=on_confirm)
        async with room:
            await asyncio.wait_for(room.wait_for(lambda: confirmed[0] >= options.records), DEADLINE_SECONDS)
        return pairing.row("rstream", options.records, options.size, time.monotonic() - start, spent)


async def consume(port, pid, options):
    got, done = [0], asyncio.Event()

    async def on_message(_message, _context):
        got[0] += 1
        if got[0] >= options.records:
            done.set()

    consumer = rstream.Consumer("127.0.0.1", port=port, username="guest", password="guest")
    await consumer.start()
    spent, start = Accounting([pid]), time.monotonic()
    await consumer.subscribe("load", on_message, decoder=rstream.amqp_decoder, initial_credit=50,
                             offset_specification=rstream.ConsumerOffsetSpecification(rstream.OffsetType.FIRST, None))
    await asyncio.wait_for(done.wait(), DEADLINE_SECONDS)
    row = pairing.row("rstream", got[0], options.size, time.monotonic() - start, spent,
                      missing=options.records - got[0])
    await consumer.close()
    return row


def measure(peer, options):
    async def both(port, pid):
        return {"produce": await produce(port, pid, options), "consume": await consume(port, pid, options)}

    with peer.server() as (process, port):
        return asyncio.run(both(port, emulator(process.pid)))


if __name__ == "__main__":
    settings = pairing.arguments(__doc__)
    pairing.compare(RabbitMQ(settings), measure, settings)
