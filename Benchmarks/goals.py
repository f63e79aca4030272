"""The goals of the project as checks of rows: what each compares with, and whether it was met."""

import dataclasses
import fnmatch
import json
import pathlib

from measure.order import figure

RECORDED = pathlib.Path(__file__).with_name("kafka-4.3.1.json")
# A client that is busy nearly all the time on a core of its own sets the pace, not the server.
CLIENT_BOUND_SHARE = 0.9

# Of a core, for everything but server and client. The kernel's own write-back stays below this in the rows with goals.
DISTURBED_PERCENT = 40


@dataclasses.dataclass(frozen=True)
class Goal:
    """`path` of rows that match `rows` must be at least or at most `value`, times `of` where that is named.

    `of` is "kafka" or "moto" (the same row and figure there), "row NAME" (the same figure of that row of this run), or
    the name of a machine limit (its cpu_s_per_gb). `plus` is a machine limit whose cpu_s_per_gb is added.
    """

    rows: str
    path: str
    comparison: str
    value: float
    of: str = ""
    plus: str = ""
    unless_client_bound: bool = False


GOALS = [
    Goal("produce-1k", "mb_per_s", ">=", 3, "kafka"),
    Goal("produce-1k-p100", "mb_per_s", ">=", 4, "kafka"),
    Goal("produce-1k", "cpu_s_per_gb", "<=", 1.0),
    Goal("produce-1k-p100", "cpu_s_per_gb", "<=", 1.0),
    Goal("produce-*-nosync", "mb_per_s", ">=", 1, "kafka", unless_client_bound=True),
    Goal("produce-1k-nosync", "cpu_s_per_gb", "<=", 0.8),
    Goal("produce-100b-nosync", "cpu_s_per_gb", "<=", 1.3),
    Goal("consume-*", "mb_per_s", ">=", 1, "kafka", unless_client_bound=True),
    Goal("consume-100b", "cpu_s_per_gb", "<=", 1.2, "tcp_send"),
    Goal("consume-1k", "cpu_s_per_gb", "<=", 1.2, "tcp_send"),
    Goal("consume-10k", "cpu_s_per_gb", "<=", 1.2, "tcp_send"),
    Goal("consume-1k-cold", "cpu_s_per_gb", "<=", 1.2, "tcp_send"),
    Goal("produce-1k-tls", "cpu_s_per_gb", "<=", 1.5, "row produce-1k", "aes128_gcm_open"),
    Goal("produce-1k-tls-nosync", "cpu_s_per_gb", "<=", 1.5, "row produce-1k-nosync", "aes128_gcm_open"),
    Goal("consume-1k-tls", "cpu_s_per_gb", "<=", 1.5, "row consume-1k", "aes128_gcm_seal"),
    Goal("latency-1k", "cpu_s_per_million", "<=", 60),
    Goal("latency-1k-nosync", "cpu_s_per_million", "<=", 60),
    Goal("latency-1k", "ack.p50_ms", "<=", 0.5),
    Goal("latency-1k", "ack.p99_ms", "<=", 5),
    Goal("start-empty", "start_ms", "<=", 50),
    Goal("start-empty", "rss_mb", "<=", 40),
    Goal("memory-after-runs", "rss_mb", "<=", 200),
    Goal("restart-kill9", "start_ms", "<=", 500),
    Goal("restart-kill9", "missing", "<=", 0),
    Goal("putrecords-1k", "records_per_s", ">=", 20, "moto"),
    Goal("getrecords-1k", "records_per_s", ">=", 20, "moto"),
    Goal("fan-out-20", "mb_per_s", ">=", 1000, unless_client_bound=True),
    Goal("putrecords-reshard", "ack.p99_ms", "<=", 50),
    Goal("idle", "core_percent", "<=", 1),
    Goal("txn", "latency.p50_ms", "<=", 1.5),
    Goal("txn", "latency.p99_ms", "<=", 8),
    Goal("txn", "cpu_ms_each", "<=", 0.8),
    Goal("txn-big", "mb_per_s", ">=", 200),
    Goal("txn-big", "cpu_s_per_gb", "<=", 1.6),
    Goal("eos", "cpu_ms_each", "<=", 1.5),
    Goal("commits", "latency.p50_ms", "<=", 0.4),
    Goal("commits", "cpu_ms_each", "<=", 0.15),
    Goal("rebalance-classic", "join_s", "<=", 6.5),
    Goal("rebalance-classic", "leave_s", "<=", 1.5),
    Goal("rebalance-consumer", "join_s", "<=", 2),
    Goal("rebalance-consumer", "leave_s", "<=", 1),
    Goal("compact", "left_percent", "<=", 5),
    Goal("compact", "cpu_s_per_gb", "<=", 3),
    # The row's --memory-limit of 256 MiB, in MB of 10^6 bytes.
    Goal("own-slow-clients", "peak_rss_mb", "<=", 268.4),
]


def recorded(path=RECORDED):
    """Rows of peers by name: {"kafka": {row: figures}, "moto": {…}}."""
    content = json.loads(pathlib.Path(path).read_text())
    return {peer: content[peer]["rows"] for peer in ("kafka", "moto")}


def measured(results_path):
    """Medians of the last side of a results file, to take the place of the recorded Kafka."""
    from measure.order import medians
    content = json.loads(pathlib.Path(results_path).read_text())
    label = content["sides"][-1]["label"]
    return {row: medians(by_side[label]) for row, by_side in content["rows"].items() if label in by_side}


def _bound(goal, row_name, rows, peers, limits):
    """The number to compare with, or None when what it is relative to was not measured."""
    base = _base(goal, row_name, rows, peers, limits)
    if base is None or not goal.plus:
        return base
    added = (limits or {}).get(goal.plus, {}).get("cpu_s_per_gb")
    return base + added if added else None


def _base(goal, row_name, rows, peers, limits):
    if not goal.of:
        return goal.value
    if goal.of.startswith("row "):
        other = figure(rows.get(goal.of.removeprefix("row "), {}), goal.path)
        return None if other is None else goal.value * other
    if goal.of in peers:
        theirs = figure(peers[goal.of].get(row_name, {}), goal.path)
        return None if theirs is None else goal.value * theirs
    limit = (limits or {}).get(goal.of, {})
    return goal.value * limit["cpu_s_per_gb"] if limit.get("cpu_s_per_gb") else None


def client_bound(row):
    """Whether the client was busy nearly all the time."""
    return bool(row.get("seconds")) and row.get("client_cpu_s", 0) / row["seconds"] >= CLIENT_BOUND_SHARE


def disturbed(goal, row):
    """Whether so much else ran that a time says little; CPU seconds suffer far less."""
    return not goal.path.startswith("cpu") and row.get("others_cpu_percent", 0) >= DISTURBED_PERCENT


def check(rows, peers, limits):
    """One verdict per goal and row of {row: median figures}: dicts of row, path, goal, bound, value, verdict."""
    verdicts = []
    for goal in GOALS:
        for name in rows:
            if not fnmatch.fnmatchcase(name, goal.rows):
                continue
            value, bound = figure(rows[name], goal.path), _bound(goal, name, rows, peers, limits)
            if value is None or bound is None:
                continue
            met = value >= bound if goal.comparison == ">=" else value <= bound
            verdict = "met" if met else "missed"
            if not met and disturbed(goal, rows[name]):
                verdict = "disturbed"
            if not met and goal.unless_client_bound and client_bound(rows[name]):
                verdict = "client-bound"
            text = f"{goal.comparison} {goal.value:g}" + (f" × {goal.of}" if goal.of else "")
            text += f" + {goal.plus}" if goal.plus else ""
            verdicts.append({"row": name, "figure": goal.path, "goal": text, "bound": round(bound, 4),
                             "value": round(value, 4), "verdict": verdict})
    return verdicts
