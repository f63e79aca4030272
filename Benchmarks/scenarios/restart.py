"""`kill -9` with data in 1,000 partitions, then a start: how long until it answers, and is every record there?"""

import time

from measure import runner
from measure.accounting import cpu_seconds, memory_mb
from scenarios import topics
from scenarios.probe import first_answer_seconds

RECORD_BYTES = 10_000


def run(side, arguments, options):
    partitions, records = arguments["partitions"], int(arguments["megabytes"] * 1e6 / RECORD_BYTES)
    with side.server() as server:
        topics.create(server, "filled", partitions, ("flush.messages=1",))
        filled = runner.drive("librdkafka", server, None, {
            "topic": "filled", "partitions": partitions, "records": records, "size": RECORD_BYTES,
            "batch_bytes": 1_000_000}, ["produce"])[0]
        server.kill9()
        began = time.monotonic()
        server.start(deadline=300)
        answered = first_answer_seconds(server.kafka, began)
        user, system = cpu_seconds(server.pid)
        row = {"client": "librdkafka", "partitions": partitions, "size": RECORD_BYTES, "records": filled["records"],
               "mb": filled["mb"], "start_ms": server.start_ms, "first_answer_ms": round(answered * 1000, 1),
               "server_cpu_s": round(user + system, 3), "rss_mb": round(memory_mb(server.pid, "VmRSS"), 1),
               "missing": filled["records"] - topics.end_offsets(server, "filled", partitions)}
    return {"restart": row}
