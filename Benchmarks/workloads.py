"""The workloads of a run, one line each. `make bench BENCH_ARGS='--only produce-1k*'` selects by row name.

A workload runs one load on one server and gives one row per phase. Arguments are those of the load's own command line
(`Benchmarks/loads/*.py --help`); `quick` overrides them for `make bench-quick`, None leaves the workload out there.
Durable is the default of a topic here (`flush.messages=1`); `NO_SYNC` is Kafka's own default.
"""

import dataclasses

NO_SYNC = ("flush.messages=9223372036854775807",)
SYNC = ("flush.messages=1",)
LARGE_BATCH = 1_000_000


@dataclasses.dataclass(frozen=True)
class Workload:
    """`rows` maps the phases of `load` to row names, in the order in which they run."""

    load: str
    rows: dict
    arguments: dict
    quick: dict | None = None
    protocol: str = "kafka"
    needs_restart: bool = False

    @property
    def names(self):
        return list(self.rows.values())


def rdkafka(rows, quick=None, topic=SYNC, **arguments):
    # Stated for both: a peer that runs has another default for flush.messages.
    return Workload("librdkafka", rows, arguments | {"topic_config": topic}, quick)


LIBRDKAFKA = [
    # Record sizes, one partition, one connection, durable and not.
    rdkafka({"produce": "produce-100b"}, {"records": 600_000}, records=3_000_000, size=100),
    rdkafka({"produce": "produce-1k"}, {"records": 200_000}, records=1_000_000, size=1000),
    rdkafka({"produce": "produce-10k"}, None, records=100_000, size=10_000, batch_bytes=LARGE_BATCH),
    rdkafka({"produce": "produce-1m"}, None, records=1_000, size=1_000_000, batch_bytes=LARGE_BATCH),
    rdkafka({"produce": "produce-100b-nosync", "consume": "consume-100b"}, {"records": 600_000},
            NO_SYNC, records=3_000_000, size=100),
    rdkafka({"produce": "produce-1k-nosync", "consume": "consume-1k"}, {"records": 300_000},
            NO_SYNC, records=1_000_000, size=1000),
    rdkafka({"produce": "produce-10k-nosync", "consume": "consume-10k"}, {"records": 30_000},
            NO_SYNC, records=100_000, size=10_000, batch_bytes=LARGE_BATCH),
    rdkafka({"produce": "produce-1m-nosync", "consume": "consume-1m"}, {"records": 300},
            NO_SYNC, records=1_000, size=1_000_000, batch_bytes=LARGE_BATCH),
    # Partitions.
    rdkafka({"produce": "produce-1k-p100"}, {"records": 150_000}, records=1_000_000, size=1000, partitions=100),
    rdkafka({"produce": "produce-1k-p100-nosync", "consume": "consume-1k-p100"}, {"records": 150_000},
            NO_SYNC, records=1_000_000, size=1000, partitions=100),
    rdkafka({"produce": "produce-1k-p1000"}, None, records=1_000_000, size=1000, partitions=1000),
    rdkafka({"produce": "produce-1k-p1000-nosync", "consume": "consume-1k-p1000"}, None,
            NO_SYNC, records=1_000_000, size=1000, partitions=1000),
    # Connections. 200 of librdkafka's clients would measure its threads; `own-produce-1k-c200` has that row.
    rdkafka({"produce": "produce-1k-c10"}, None, records=1_000_000, size=1000, partitions=10, connections=10),
    # Compression and acknowledgement.
    rdkafka({"produce": "produce-1k-lz4", "consume": "consume-1k-lz4"}, None,
            records=1_000_000, size=1000, compression="lz4", payload="json"),
    rdkafka({"produce": "produce-1k-zstd", "consume": "consume-1k-zstd"}, None,
            records=1_000_000, size=1000, compression="zstd", payload="json"),
    rdkafka({"produce": "produce-1k-acks1"}, None, records=1_000_000, size=1000, acks="1"),
    rdkafka({"produce": "produce-1k-acks1-nosync"}, None, NO_SYNC, records=1_000_000, size=1000, acks="1"),
    rdkafka({"produce": "produce-1k-idempotent"}, None, records=1_000_000, size=1000, idempotent=True),
    # Reads while they are written, and by many groups.
    rdkafka({"tail": "tail-1k"}, {"records": 200_000}, records=1_000_000, size=1000),
    rdkafka({"produce": "", "consume": "consume-1k-10groups"}, None,
            NO_SYNC, records=300_000, size=1000, groups=10),
    # Small requests at a fixed rate.
    rdkafka({"latency": "latency-1k"}, {"seconds": 8}, size=1000, partitions=4, rate=1000, seconds=20),
    rdkafka({"latency": "latency-1k-nosync"}, {"seconds": 8}, NO_SYNC,
            size=1000, partitions=4, rate=1000, seconds=20),
]

ALL = LIBRDKAFKA
