"""Both protocols at once on one server for a while: latency of each over time."""

import concurrent.futures

from measure import runner
from measure.accounting import Accounting


def run(side, arguments, _options):
    seconds, every = arguments["seconds"], arguments["timeline"]
    kafka = {"size": 1000, "partitions": 4, "rate": arguments["kafka_rate"], "seconds": seconds, "timeline": every,
             "topic_config": ("flush.messages=1",)}
    kinesis = {"size": 1000, "shards": 4, "per_call": arguments["per_call"], "rate": arguments["calls_per_second"],
               "seconds": seconds, "timeline": every}
    if not side.serves("kinesis"):
        raise runner.Unavailable(f"{side.label} serves no Kinesis")
    with side.server() as server, concurrent.futures.ThreadPoolExecutor(2) as pool:
        spent = Accounting(server.pids)
        running = [pool.submit(runner.drive, "librdkafka", server, None, kafka, ["latency"]),
                   pool.submit(runner.drive, "kinesis", server, None, kinesis, ["paced"], "kinesis")]
        rows = [future.result()[0] for future in running]
        both = spent.close(sum(row["records"] for row in rows), sum(row["mb"] for row in rows))
    # The server's CPU cannot be told apart by protocol, so each row carries that of both.
    return {phase: row | both for phase, row in zip(("kafka", "kinesis"), rows)}
