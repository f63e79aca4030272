"""Memory after the runs that Apache Kafka's was read after: all sizes produced and consumed on one server."""

from measure import runner
from measure.accounting import memory_mb


def run(side, arguments, options):
    with side.server() as server:
        records = 0
        for size, count, batch in ((100, 1_000_000, 131_072), (1000, 500_000, 131_072), (10_000, 50_000, 1_000_000)):
            for config in ("flush.messages=1", "flush.messages=9223372036854775807"):
                rows = runner.drive("librdkafka", server, None, {
                    "size": size, "records": max(1, int(count * arguments["share"] * options.scale)),
                    "batch_bytes": batch, "topic_config": (config,)}, ["produce", "consume"])
                records += rows[0]["records"]
        row = {"client": "librdkafka", "records_in_all": records}
        for field, key in (("VmRSS", "rss_mb"), ("VmHWM", "peak_rss_mb")):
            row[key] = round(sum(memory_mb(pid, field) for pid in server.pids), 1)
    return {"memory": row}
