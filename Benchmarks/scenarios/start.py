"""Start on an empty directory, and the memory of a server that has nothing to do."""

import statistics
import time

from measure.accounting import memory_mb
from scenarios.probe import first_answer_seconds


def run(side, arguments, _options):
    """`start_ms` as the server says it, `first_answer_ms` from exec to its first Kafka answer; medians of --starts."""
    said, answered, resident = [], [], []
    for _ in range(arguments["starts"]):
        server = side.server()
        began = time.monotonic()
        with server:
            answered.append(first_answer_seconds(server.kafka, began) * 1000)
            said.append(server.start_ms)
            resident.append(memory_mb(server.pid, "VmRSS"))
    return {"start": {"client": "none", "start_ms": statistics.median(said), "starts": arguments["starts"],
                      "first_answer_ms": round(statistics.median(answered), 1),
                      "rss_mb": round(statistics.median(resident), 1)}}
