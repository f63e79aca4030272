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
    """`rows` maps the phases of `load` to row names, in the order in which they run; an empty name is not reported.

    `once`: measured a single time however many repeats the others get, unless --repeats says otherwise. `serve`:
    further arguments of `millrace serve`, for a row that is about one of them. `tls`: clients reach the Kafka face over
    TLS, on a listener of its own beside the one in plain text.
    """

    load: str
    rows: dict
    arguments: dict
    quick: dict | None = None
    protocol: str = "kafka"
    needs_restart: bool = False
    once: bool = False
    serve: tuple = ()
    tls: bool = False

    @property
    def names(self):
        return list(self.rows.values())


def rdkafka(rows, quick=None, topic=SYNC, tls=False, **arguments):
    # Stated for both: a peer that runs has another default for flush.messages.
    return Workload("librdkafka", rows, arguments | {"topic_config": topic}, quick, tls=tls)


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
    # Encrypted: beside produce-1k, produce-1k-nosync and consume-1k.
    rdkafka({"produce": "produce-1k-tls"}, {"records": 200_000}, tls=True, records=1_000_000, size=1000),
    rdkafka({"produce": "produce-1k-tls-nosync", "consume": "consume-1k-tls"}, {"records": 300_000},
            NO_SYNC, tls=True, records=1_000_000, size=1000),
    rdkafka({"produce": "produce-1k-idempotent"}, None, records=1_000_000, size=1000, idempotent=True),
    # Reads while they are written, and by many groups.
    rdkafka({"tail": "tail-1k"}, {"records": 200_000}, records=1_000_000, size=1000),
    rdkafka({"produce": "", "consume": "consume-1k-10groups"}, None,
            NO_SYNC, records=300_000, size=1000, groups=10),
    # A consumer that is gigabytes behind, on a server that wrote them all.
    rdkafka({"produce": "", "consume": "consume-1k-4gb"}, None, NO_SYNC, records=4_000_000, size=1000),
    # Small requests at a fixed rate.
    rdkafka({"latency": "latency-1k"}, {"seconds": 8}, size=1000, partitions=4, rate=1000, seconds=20),
    rdkafka({"latency": "latency-1k-nosync"}, {"seconds": 8}, NO_SYNC,
            size=1000, partitions=4, rate=1000, seconds=20),
]

KCAT = [
    Workload("kcat", {"produce": "kcat-produce-100b", "consume": "kcat-consume-100b"},
             {"records": 2_000_000, "size": 100, "topic_config": SYNC}, {"records": 500_000}),
]


def kinesis(rows, quick=None, load="kinesis", **arguments):
    return Workload(load, rows, arguments, quick, protocol="kinesis")


KINESIS = [
    kinesis({"put": "putrecords-1k", "get": "getrecords-1k"}, {"records": 100_000},
            records=500_000, size=1000, per_call=500, shards=4, connections=4),
    # 1,000 records of 10 KB fill the 10 MiB of a GetRecords answer.
    kinesis({"put": "putrecords-10k", "get": "getrecords-10mib"}, None,
            records=50_000, size=10_000, per_call=400, shards=4, connections=4),
    kinesis({"put-record": "putrecord-1k-wrk"}, {"seconds": 4}, load="wrk",
            size=1000, connections=10, shards=4, seconds=10),
    kinesis({"put-record": "putrecord-1k-wrk-c200"}, None, load="wrk",
            size=1000, connections=200, shards=4, seconds=10),
]


def own(rows, quick=None, protocol="kafka", serve=(), **arguments):
    return Workload("own", rows, arguments, quick, protocol=protocol, serve=serve)


# Our own load generator: more connections than other clients can carry on the cores that they share with the server.
OWN = [
    own({"produce": "own-produce-100b"}, None, records=10_000_000, size=100, topic_config=SYNC),
    own({"produce": "own-produce-1k", "consume": "own-consume-1k"}, {"records": 1_000_000},
        records=2_000_000, size=1000, topic_config=SYNC),
    own({"produce": "own-produce-1k-nosync"}, {"records": 1_000_000},
        records=2_000_000, size=1000, topic_config=NO_SYNC),
    own({"produce": "own-produce-1k-c10"}, None, records=2_000_000, size=1000, connections=10, partitions=10,
        topic_config=SYNC),
    own({"produce": "own-produce-1k-c200"}, None, records=2_000_000, size=1000, connections=200, partitions=100,
        topic_config=SYNC),
    own({"produce": "own-produce-1k-p1000"}, None, records=2_000_000, size=1000, connections=10, partitions=1000,
        topic_config=SYNC),
    own({"produce": "", "consume": "own-consume-1k-10groups"}, None, records=500_000, size=1000, groups=10,
        topic_config=NO_SYNC),
    own({"e2e": "own-e2e-1k"}, {"seconds": 6}, size=1000, partitions=4, rate=1000, seconds=20, linger_ms=0,
        topic_config=SYNC),
    own({"e2e": "own-e2e-1k-nosync"}, None, size=1000, partitions=4, rate=1000, seconds=20, linger_ms=0,
        topic_config=NO_SYNC),
    own({"e2e": "own-e2e-20k"}, None, size=1000, partitions=4, rate=20_000, seconds=20, topic_config=SYNC),
    own({"kinesis-put": "own-putrecords-1k", "kinesis-get": "own-getrecords-1k"}, {"records": 100_000}, "kinesis",
        records=500_000, size=1000, per_call=500, shards=4, connections=4),
    own({"kinesis-put": "own-putrecord-rate"}, None, "kinesis", seconds=10, size=1000, per_call=1, rate=1000,
        shards=4, connections=10),
    own({"idle": "own-idle"}, None, partitions=1000, connections=100, consumers=50, seconds=20),
    # 10,000 clients that ask for 10 MB each and read nothing: 100 GB, if nothing bounds it.
    own({"slow-clients": "own-slow-clients"}, {"connections": 1000, "seconds": 4}, serve=("--memory-limit", "256MiB"),
        connections=10_000, fetch_bytes=10_000_000, seconds=15),
]


def scenario(name, rows, quick=None, restarts=False, once=False, **arguments):
    return Workload(name, rows, arguments, quick, needs_restart=restarts, once=once)


SCENARIOS = [
    scenario("start", {"start": "start-empty"}, {"starts": 5}, restarts=True, starts=11),
    scenario("restart", {"restart": "restart-kill9"}, {"megabytes": 100}, restarts=True, once=True,
             partitions=1000, megabytes=10_000),
    scenario("cold-reads", {"consume": "consume-1k-cold"}, {"records": 200_000}, restarts=True,
             records=1_000_000, size=1000, partitions=1, topic_config=NO_SYNC),
    scenario("memory", {"memory": "memory-after-runs"}, {"share": 0.2}, share=1.0),
    scenario("idle", {"idle": "idle"}, {"seconds": 8}, partitions=1000, connections=100, consumers=50,
             settle_seconds=4, seconds=30),
    scenario("coordination", {"transactions": "txn"}, {"count": 300}, load="transactions", count=1_000, records=10,
             size=1000),
    scenario("coordination", {"transactions": "txn-big"}, {"count": 3}, load="transactions", count=30, records=10_000,
             size=1000, linger_ms=5, warm_up=1),
    scenario("coordination", {"copy": "eos"}, {"count": 100}, load="copy", count=500),
    scenario("coordination", {"commits": "commits"}, {"count": 500}, load="commits", count=2_000),
    scenario("rebalance", {"rebalance": "rebalance-classic"}, None, protocol="classic", members=30, partitions=100),
    scenario("rebalance", {"rebalance": "rebalance-consumer"}, {"members": 10}, protocol="consumer", members=30,
             partitions=100),
    scenario("compact", {"compact": "compact"}, {"records": 200_000}, records=1_000_000, size=100, keys=10_000),
    scenario("fan-out", {"fan-out": "fan-out-20"}, {"records": 50_000}, subscribers=20, records=300_000, size=1000),
    scenario("cbor", {"put": "putrecords-1k-cbor", "get": "getrecords-1k-cbor"}, {"records": 100_000}, encoding="cbor",
             records=500_000, size=1000, per_call=500, connections=4),
    # The same client with the other encoding: what the encodings differ by.
    scenario("cbor", {"put": "putrecords-1k-json", "get": "getrecords-1k-json"}, None, encoding="json",
             records=500_000, size=1000, per_call=500, connections=4),
    scenario("reshard", {"reshard": "putrecords-reshard"}, {"seconds": 8}, seconds=30, every=2, shards=4, connections=8,
             calls_per_second=100, per_call=100, size=1000),
    scenario("mixed", {"kafka": "mixed-kafka", "kinesis": "mixed-kinesis"}, {"seconds": 15, "timeline": 1}, once=True,
             seconds=600, timeline=5, kafka_rate=1000, calls_per_second=20, per_call=100),
]

ALL = LIBRDKAFKA + KCAT + KINESIS + OWN + SCENARIOS

# Counted in a short run of their own: loads of one phase, whose requests are of one kind or two.
COUNT_SYSCALLS = {"produce-1k", "produce-1k-p100", "latency-1k", "latency-1k-nosync", "tail-1k",
                  "putrecord-1k-wrk"}
