#!/usr/bin/env python3
"""Redis Streams beside Millrace: XADD in pipelines, XREAD, by redis-py.

    Benchmarks/peers/redis_streams.py [--records N] [--size BYTES] [--repeats N]

Durability of Redis: append-only file with `appendfsync always`: one fdatasync per turn of its event loop before the
answers of that turn. That is Millrace's promise too. One stream, pipelines of 500 XADD, one connection: the client
waits for each pipeline, as redis-py does.
"""

import os
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import redis  # noqa: E402

from measure.accounting import Accounting  # noqa: E402
from peers import pairing  # noqa: E402

PIPELINE = 500
READ_COUNT = 5000


class Redis(pairing.Peer):
    durability = "append-only file, appendfsync always: fdatasync before each answer"

    def command(self, folder, port):
        return [self.program, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", "",
                "--appendonly", "yes", "--appendfsync", "always", "--daemonize", "no"]


def measure(peer, options):
    value = os.urandom(options.size)
    with peer.server() as (process, port):
        client = redis.Redis(port=port)
        spent, start = Accounting([process.pid]), time.monotonic()
        for done in range(0, options.records, PIPELINE):
            pipeline = client.pipeline(transaction=False)
            for _ in range(min(PIPELINE, options.records - done)):
                pipeline.xadd("load", {"v": value})
            pipeline.execute()
        produced = pairing.row("redis-py", options.records, options.size, time.monotonic() - start, spent)
        spent, start, got, last = Accounting([process.pid]), time.monotonic(), 0, "0"
        while got < options.records:
            answer = client.xread({"load": last}, count=READ_COUNT)
            if not answer:
                break
            entries = answer[0][1] if isinstance(answer, list) else next(iter(answer.values()))[0]
            got, last = got + len(entries), entries[-1][0]
        consumed = pairing.row("redis-py", got, options.size, time.monotonic() - start, spent,
                               missing=options.records - got)
        client.close()
    return {"produce": produced, "consume": consumed}


if __name__ == "__main__":
    settings = pairing.arguments(__doc__)
    pairing.compare(Redis("redis", "redis-server", settings), measure, settings)
