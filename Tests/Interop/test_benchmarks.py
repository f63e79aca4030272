"""The benchmark harness: its arithmetic, and that a run measures, judges and writes what it should."""

import json
import os
import subprocess
import sys

import pytest

from harness.server import ROOT, Server, binary

sys.path.insert(0, str(ROOT / "Benchmarks"))

import goals  # noqa: E402
import workloads  # noqa: E402
from measure import limits, order, percentiles, runner  # noqa: E402
from measure.accounting import Accounting, NoSuchServer, cpu_clock_seconds  # noqa: E402


def bench(*arguments):
    """Runs bench.py to its end; the finished process."""
    return subprocess.run([sys.executable, str(ROOT / "Benchmarks" / "bench.py"), "--binary", str(binary()), *arguments],
                          capture_output=True, text=True, timeout=120)


def test_percentiles_are_nearest_ranks_in_milliseconds():
    figures = percentiles.percentiles(n / 1000 for n in range(1, 1001))
    assert figures == {"p50_ms": 500, "p90_ms": 900, "p99_ms": 990, "p999_ms": 999, "max_ms": 1000}
    assert percentiles.percentiles([]) == {}
    assert percentiles.percentiles([0.002])["p999_ms"] == 2


def test_a_timeline_puts_samples_into_the_second_in_which_they_were_due():
    rows = percentiles.timeline([(0.1, 0.001), (0.9, 0.003), (2.5, 0.01)])
    assert [(row["second"], row["records"], row["max_ms"]) for row in rows] == [(0, 2, 3), (2, 1, 10)]


def test_sides_take_turns_there_and_back():
    assert order.rounds("AB", 4) == [["A", "B"], ["B", "A"], ["A", "B"], ["B", "A"]]


def test_medians_go_into_nested_figures_and_keep_words():
    rows = [{"row": "x", "ack": {"p50_ms": value}, "records": value} for value in (3, 1, 2)]
    assert order.medians(rows) == {"row": "x", "ack": {"p50_ms": 2}, "records": 2}


def test_pairs_with_a_gap_or_a_zero_give_no_ratio():
    ours, theirs = [{"a": 2}, {"a": 3}, {}], [{"a": 4}, {"a": 0}, {"a": 1}]
    assert order.pair_ratios(ours, theirs, "a") == [0.5]


def test_goals_compare_with_bounds_peers_and_limits():
    peers = {"kafka": {"produce-1k": {"mb_per_s": 100}}, "moto": {}}
    machine = {"tcp_send": {"cpu_s_per_gb": 0.3}}
    rows = {"produce-1k": {"mb_per_s": 299, "cpu_s_per_gb": 0.9}, "consume-1k": {"cpu_s_per_gb": 0.36}}
    verdicts = {(v["row"], v["figure"]): v["verdict"] for v in goals.check(rows, peers, machine)}
    assert verdicts == {("produce-1k", "mb_per_s"): "missed", ("produce-1k", "cpu_s_per_gb"): "met",
                        ("consume-1k", "cpu_s_per_gb"): "met"}


def test_encrypted_rows_compare_with_those_in_plain_text():
    machine = {"aes128_gcm_open": {"cpu_s_per_gb": 0.2}}
    rows = {"produce-1k": {"cpu_s_per_gb": 1.0}, "produce-1k-tls": {"cpu_s_per_gb": 1.6}}
    verdicts = {v["row"]: (v["bound"], v["verdict"]) for v in goals.check(rows, {"kafka": {}, "moto": {}}, machine)}
    assert verdicts["produce-1k-tls"] == (1.7, "met")
    rows["produce-1k-tls"]["cpu_s_per_gb"] = 1.8
    verdicts = {v["row"]: v["verdict"] for v in goals.check(rows, {"kafka": {}, "moto": {}}, machine)}
    assert verdicts["produce-1k-tls"] == "missed"
    assert "produce-1k-tls" not in {v["row"] for v in goals.check(rows, {"kafka": {}, "moto": {}}, None)}
    assert limits.steps("consume-1k-tls") == ("tcp_send", "aes128_gcm_seal")


def test_a_slow_row_whose_client_was_busy_all_the_time_is_not_called_missed():
    peers = {"kafka": {"consume-1k": {"mb_per_s": 100}}, "moto": {}}
    row = {"mb_per_s": 90, "seconds": 1.0, "client_cpu_s": 0.95}
    assert [v["verdict"] for v in goals.check({"consume-1k": row}, peers, None)] == ["client-bound"]


def test_a_missed_time_says_when_others_were_at_work_and_cpu_does_not():
    peers = {"kafka": {"produce-1k": {"mb_per_s": 100}}, "moto": {}}
    row = {"mb_per_s": 90, "cpu_s_per_gb": 2, "others_cpu_percent": 60}
    verdicts = {v["figure"]: v["verdict"] for v in goals.check({"produce-1k": row}, peers, None)}
    assert verdicts == {"mb_per_s": "disturbed", "cpu_s_per_gb": "missed"}


def test_a_floor_needs_all_its_limits():
    machine = {"tcp_receive": {"cpu_s_per_gb": 0.1}, "crc32c": {"cpu_s_per_gb": 0.1}}
    assert limits.floor("produce-1k-nosync", machine) is None
    machine["buffered_append_128k"] = {"cpu_s_per_gb": 0.2}
    assert limits.floor("produce-1k-nosync", machine) == pytest.approx(0.4)
    assert limits.floor("latency-1k", machine) is None


def test_row_names_are_unique_and_recorded_figures_have_rows():
    names = [name for workload in workloads.ALL for name in workload.names if name]
    assert len(names) == len(set(names))
    for peer, rows in goals.recorded().items():
        assert rows.keys() <= set(names), peer
    assert workloads.COUNT_SYSCALLS <= set(names)


def test_words_of_arguments():
    assert runner.words({"topic_config": ("a=1", "b=2"), "idempotent": True, "keep": False, "size": 5}) == [
        "--topic-config", "a=1", "--topic-config", "b=2", "--idempotent", "--size", "5"]


def test_the_cpu_clock_of_a_process_runs_and_ends_with_it():
    spent = Accounting([os.getpid()])
    sum(range(2_000_000))
    row = spent.close(records=1_000_000, mb=1000)
    assert 0 < row["server_cpu_s"] < 10
    assert row["cpu_s_per_million"] == pytest.approx(row["cpu_s_per_gb"], rel=1e-3)
    with subprocess.Popen(["true"]) as child:
        child.wait()
    with pytest.raises(NoSuchServer, match="--pid"):
        cpu_clock_seconds(child.pid)


def test_a_run_measures_judges_and_writes(tmp_path):
    output = tmp_path / "results.json"
    answer = bench("--only", "produce-1k", "--only", "start-empty", "--scale", "0.005", "--repeats", "1", "--quick",
                   "--directory", str(tmp_path / "data"), "--output", str(output))
    assert answer.returncode == 0, answer.stderr
    content = json.loads(output.read_text())
    row = content["rows"]["produce-1k"]["millrace"][0]
    assert row["records"] == 1000 and row["failed"] == 0 and row["server_cpu_s"] > 0
    assert {verdict["row"] for verdict in content["goals"]} >= {"produce-1k", "start-empty"}
    assert str(tmp_path) not in content["command"]
    assert "produce-1k" in answer.stdout and "goals" in answer.stdout
    assert list((tmp_path / "data").iterdir()) == []


def test_a_running_server_takes_turns_with_ours(tmp_path):
    output = tmp_path / "results.json"
    with Server() as server:
        answer = bench("--only", "putrecords-1k", "--only", "restart-kill9", "--scale", "0.01", "--repeats", "2",
                       "--kafka", server.kafka, "--kinesis", server.kinesis, "--pid", str(server.pid), "--name", "running",
                       "--without-ours", "--directory", str(tmp_path / "data"), "--output", str(output))
    assert answer.returncode == 0, answer.stderr
    content = json.loads(output.read_text())
    assert len(content["rows"]["putrecords-1k"]["running"]) == 2
    assert content["rows"]["getrecords-1k"]["running"][0]["records"] == 5000
    assert [note["row"] for note in content["notes"]] == ["restart-kill9"]


@pytest.mark.parametrize("arguments,said", [
    (("--only", "nothing"), "no row matches nothing"),
    (("--compare", "/nonexistent/millrace"), "not an executable"),
    (("--without-ours",), "--without-ours needs"),
    (("--repeats", "0"), "above 0"),
])
def test_odd_arguments_get_one_line(arguments, said):
    answer = bench(*arguments)
    assert answer.returncode != 0
    assert said in answer.stderr.splitlines()[-1]
    assert "Traceback" not in answer.stderr
