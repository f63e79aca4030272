"""`millrace bench`: every load runs briefly against a server, and real clients count what it has written."""

import json
import subprocess

import pytest
from confluent_kafka import TopicPartition

from harness import clients
from harness.server import binary

USAGE, MISSING, FAILURE, UNREACHABLE = 64, 2, 1, 4
LOAD_KEYS = {"workload", "target", "size", "partitions", "connections", "acks", "compression", "rate", "records", "failed", "mb",
             "seconds", "records_per_s", "mb_per_s", "server_cpu_s", "cpu_s_per_million", "cpu_s_per_gb", "rss_mb", "peak_rss_mb"}
LATENCY_KEYS = {"p50_ms", "p90_ms", "p99_ms", "p999_ms", "max_ms"}


def bench(*arguments, status=0):
    done = subprocess.run([str(binary()), "bench", *map(str, arguments)], capture_output=True, text=True, timeout=120)
    assert done.returncode == status, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


@pytest.fixture
def kafka(server):
    """Runs a Kafka load with JSON output; returns its report."""
    def run(name, *arguments):
        done = bench(name, "--bootstrap", server.kafka, "--pid", server.pid, "-o", "json", *arguments)
        assert not done.stderr
        (line,) = done.stdout.splitlines()
        return json.loads(line)
    return run


@pytest.fixture
def kinesis(server):
    def run(name, *arguments):
        done = bench(name, "--endpoint", server.endpoint_url, "--pid", server.pid, "-o", "json", *arguments)
        (line,) = done.stdout.splitlines()
        return json.loads(line)
    return run


def check_load(report, records):
    assert LOAD_KEYS <= set(report)
    assert report["records"] == records and report["failed"] == 0
    assert report["seconds"] > 0 and report["records_per_s"] > 0 and report["rss_mb"] > 0


def check_latency(latency):
    assert set(latency) == LATENCY_KEYS
    values = [latency[key] for key in ("p50_ms", "p90_ms", "p99_ms", "p999_ms", "max_ms")]
    assert values == sorted(values) and values[0] > 0


def end_offsets(server, topic, partitions):
    consumer = clients.consumer(server)
    try:
        return [consumer.get_watermark_offsets(TopicPartition(topic, i), 20)[1] for i in range(partitions)]
    finally:
        consumer.close()


@pytest.mark.parametrize("options", [
    (), ("--acks", "1", "--connections", "3"), ("--compression", "gzip"), ("--compression", "snappy"), ("--compression", "lz4"),
    ("--compression", "zstd", "--idempotent"), ("--rate", "20000", "--connections", "5", "--warmup-records", "100"),
    ("--idempotent", "--connections", "2", "--batch-bytes", "2000"),
], ids=" ".join)
def test_what_is_produced_arrives(server, kafka, options):
    topic = clients.unique("bench")
    report = kafka("produce", "--topic", topic, "--partitions", "3", "--records", "10001", "--size", "64", "--keep", *options)
    check_load(report, 10001)
    check_latency(report["latency"])
    assert report["partitions"] == 3 and report["size"] == 64
    assert sum(end_offsets(server, topic, 3)) == 10001
    read = kafka("consume", "--topic", topic, "--check", "--groups", "2", "--connections", "2")
    check_load(read, 2 * 10001)
    # A real client decodes every record: the batches are whole.
    assert {len(message.value()) for message in clients.read_all(server, topic, 10001)} == {64}


def test_unacknowledged_records_arrive_too(server, kafka):
    topic = clients.unique("bench")
    check_load(kafka("produce", "--topic", topic, "--records", "5000", "--acks", "0", "--keep"), 5000)
    clients.wait_until(lambda: end_offsets(server, topic, 1) == [5000], what="all records in the log")


def test_a_topic_of_its_own_is_deleted(server, kafka):
    report = kafka("produce", "--records", "10", "--topic-config", "retention.ms=60000")
    assert report["topic"] not in clients.admin(server).list_topics(timeout=20).topics


def test_reading_stops_where_it_is_told(kafka):
    topic = clients.unique("bench")
    kafka("produce", "--topic", topic, "--records", "20000", "--keep", "--batch-bytes", "4096")
    report = kafka("consume", "--topic", topic, "--records", "100", "--fetch-bytes", "4096", "--size", "100")
    assert 100 <= report["records"] < 2000
    assert report["mb"] == pytest.approx(report["records"] * 100 / 1e6, abs=0.001)


def test_end_to_end_latency_counts_every_record(kafka):
    report = kafka("e2e", "--rate", "500", "--seconds", "2", "--partitions", "4", "--size", "100", "--timeline")
    check_load(report, 1000)
    assert report["consumed"] == 1000 and report["missing"] == 0
    check_latency(report["ack"])
    check_latency(report["end_to_end"])
    assert sum(row["records"] for row in report["timeline"]) == 1000
    # A schedule of 1,000 records at 500 a second takes two seconds, however fast the server is.
    assert report["seconds"] > 1.9


@pytest.mark.parametrize("per_call", [1, 100])
def test_what_is_put_is_got(boto, kinesis, per_call):
    stream = clients.unique("bench")
    put = kinesis("kinesis-put", "--stream", stream, "--shards", "2", "--records", "1001", "--size", "50", "--per-call", per_call,
                  "--keep")
    check_load(put, 1001)
    check_latency(put["latency"])
    assert put["calls"] == -(-1001 // per_call) and put["shards"] == 2
    assert boto.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]["OpenShardCount"] == 2
    got = kinesis("kinesis-get", "--stream", stream, "--limit", "300")
    check_load(got, 1001)
    some = kinesis("kinesis-get", "--stream", stream, "--limit", "10", "--records", "25", "--warmup-records", "5")
    assert 25 <= some["records"] < 100
    assert got["mb"] == pytest.approx(0.05005, abs=1e-3) and got["size"] == 50


def test_a_stream_of_its_own_is_deleted(boto, kinesis):
    report = kinesis("kinesis-put", "--records", "10", "--per-call", "5", "--rate", "1000")
    assert report["stream"] not in boto.list_streams(Limit=10_000)["StreamNames"]


def test_idle_and_slow_clients_are_accounted(kafka):
    idle = kafka("idle", "--connections", "20", "--consumers", "5", "--partitions", "10", "--seconds", "1", "--warmup-seconds", "0.5")
    assert idle["server_cpu_percent"] >= 0 and idle["connections"] == 20 and idle["fetches"] >= 5
    for variant in ("unread", "half-frame"):
        slow = kafka("slow-clients", "--connections", "10", "--fetch-bytes", "100000", "--seconds", "0.5", "--fill-bytes", "1000000",
                     "--variant", variant)
        assert slow["variant"] == variant and slow["rss_max_mb"] > 0 and slow["answer_ms"] > 0
        assert (slow["closed"], slow["answered"], slow["refused"]) == (0, *((10, 0) if variant == "unread" else (None, None)))


def test_slow_clients_tell_how_many_were_refused(new_server):
    server = new_server(settings={"max.connections": 8})
    slow = json.loads(bench("slow-clients", "--bootstrap", server.kafka, "--pid", server.pid, "--connections", "20", "--fetch-bytes",
                            "100000", "--seconds", "0.5", "--fill-bytes", "1000000", "-o", "json").stdout)
    # One connection has made the topic and stays; the one that filled it may just be ending.
    assert slow["answered"] in (6, 7) and slow["refused"] == slow["closed"] == 20 - slow["answered"]


def test_the_machine_is_measured(tmp_path):
    report = json.loads(bench("machine", "--directory", tmp_path, "--bytes", 4 << 20, "-o", "json").stdout)
    limits = report["limits"]
    assert {"memcpy", "crc32c", "aes128_gcm_seal", "aes128_gcm_open", "tcp_send", "tcp_receive", "buffered_append_128k", "append_fdatasync_4k", "direct_dsync_4k",
            "direct_dsync_128k", "direct_dsync_1m", "fdatasync", "small_request", "small_request_dsync_4k"} <= set(limits)
    assert limits["small_request"]["cpu_s_per_million"] > 0
    assert limits["memcpy"]["gb_per_s"] > 0 and limits["tcp_receive"]["cpu_s_per_gb"] >= 0
    assert list(tmp_path.iterdir()) == []


def test_text_is_a_table(server):
    text = bench("produce", "--bootstrap", server.kafka, "--records", "10").stdout
    assert "records_per_s" in text and "latency counts from" in text and "{" not in text


@pytest.mark.parametrize("arguments, words", [
    (("produce", "--records", "0"), "--records"), (("produce", "--records", "5", "--seconds", "5"), "--seconds"),
    (("produce", "--idempotent", "--acks", "1"), "--idempotent"), (("produce", "--topic-config", "x"), "--topic-config"),
    (("produce", "--compression", "rar"), "rar"), (("e2e", "--rate", "0"), "--rate"), (("e2e", "--size", "4"), "--size"),
    (("consume", "--topic", "t", "--from", "latest"), "--from latest"), (("kinesis-put", "--per-call", "501"), "--per-call"),
    (("kinesis-get", "--stream", "s", "--endpoint", "ftp://h"), "not an address"), (("machine", "--bytes", "1"), "--bytes"),
])
def test_bad_arguments_are_named_in_one_line(arguments, words):
    done = bench(*arguments, status=USAGE)
    assert words in done.stderr.splitlines()[0] and not done.stdout


def test_what_is_not_there_is_named(server):
    done = bench("consume", "--bootstrap", server.kafka, "--topic", "absent", status=MISSING)
    assert "absent" in done.stderr and len(done.stderr.splitlines()) == 1
    done = bench("produce", "--bootstrap", "127.0.0.1:1", "--records", "1", status=UNREACHABLE)
    assert "127.0.0.1:1" in done.stderr and len(done.stderr.splitlines()) == 1
    done = bench("produce", "--bootstrap", server.kafka, "--records", "1", "--pid", 2**31 - 1, status=FAILURE)
    assert str(2**31 - 1) in done.stderr and len(done.stderr.splitlines()) == 1
    done = bench("idle", "--bootstrap", server.kafka, "--seconds", "1", status=FAILURE)
    assert "--pid" in done.stderr


def test_a_broker_that_refuses_is_reported(server):
    done = bench("produce", "--bootstrap", server.kafka, "--records", "10", "--size", "2000", "--topic-config",
                 "max.message.bytes=1000", "-o", "json", status=FAILURE)
    report = json.loads(done.stdout)
    assert report["failed"] == 10 and report["records"] == 0
    assert "MESSAGE_TOO_LARGE" in report["first_error"] and "10 failed" in done.stderr
