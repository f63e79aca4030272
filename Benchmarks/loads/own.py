#!/usr/bin/env python3
"""Drives a server with our own load generator, `millrace bench`: many connections at little cost, open-loop latency.

    own.py --binary .build/release/millrace --bootstrap 127.0.0.1:9092 --pid BROKER_PID PHASE [PHASE ...]

A phase is a subcommand of `millrace bench`. `consume` after `produce`, and `kinesis-get` after `kinesis-put`, read what
was written. Rows gain the split into user and system CPU and the context switches, which count from a moment earlier:
they include the making of the topic.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from measure.accounting import Accounting  # noqa: E402

EXIT_UNAVAILABLE = 69

WRITES = ("partitions", "connections", "size", "acks", "compression", "rate", "batch_bytes", "linger_ms", "in_flight",
          "idempotent", "topic_config", "records", "seconds", "warmup_records")
# The options that each subcommand takes, of those that a workload may name.
OPTIONS = {
    "produce": WRITES,
    "consume": ("connections", "groups", "fetch_bytes", "size"),
    "e2e": (*WRITES, "timeline"),
    "kinesis-put": ("shards", "connections", "per_call", "size", "rate", "records", "seconds"),
    "kinesis-get": ("connections", "limit"),
    "idle": ("connections", "consumers", "partitions", "seconds"),
    "slow-clients": ("connections", "fetch_bytes", "seconds"),
}
# Whole rows are about megabytes; these are about a server that is left alone.
REPORTS_ITS_OWN = ("idle", "slow-clients")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--bootstrap")
    parser.add_argument("--endpoint")
    parser.add_argument("--pid", type=int, action="append", default=[])
    parser.add_argument("--idempotent", action="store_true")
    parser.add_argument("--timeline", action="store_true")
    parser.add_argument("--topic-config", action="append", default=[])
    for option in sorted({option for options in OPTIONS.values() for option in options}):
        if option not in ("idempotent", "timeline", "topic_config"):
            parser.add_argument("--" + option.replace("_", "-"))
    parser.add_argument("phases", nargs="+", choices=OPTIONS, metavar="PHASE")
    return parser.parse_args()


def has_bench(binary):
    """Whether a binary knows `bench`: older ones do not."""
    answer = subprocess.run([binary, "bench", "--help"], capture_output=True, text=True)
    return answer.returncode == 0 and "kinesis-put" in answer.stdout


def command(args, phase, name):
    words = [args.binary, "bench", phase, "-o", "json"]
    kinesis = phase.startswith("kinesis")
    if kinesis:
        words += ["--endpoint", args.endpoint if "://" in args.endpoint else f"http://{args.endpoint}", "--stream", name]
    else:
        words += ["--bootstrap", args.bootstrap]
        if phase not in REPORTS_ITS_OWN:
            words += ["--topic", name]
    words += [word for pid in args.pid for word in ("--pid", str(pid))]
    for option in OPTIONS[phase]:
        value, flag = getattr(args, option), "--" + option.replace("_", "-")
        if value is True:
            words.append(flag)
        elif isinstance(value, list):
            words += [word for item in value for word in (flag, item)]
        elif value:
            words += [flag, value]
    if phase in ("produce", "kinesis-put") and len(args.phases) > 1:
        words.append("--keep")
    return words


def main():
    args = arguments()
    if not has_bench(args.binary):
        print("this millrace has no `bench` command: name one that has with --generator", file=sys.stderr)
        raise SystemExit(EXIT_UNAVAILABLE)
    name = f"own-{time.time_ns()}"
    for phase in args.phases:
        spent = Accounting(args.pid)
        answer = subprocess.run(command(args, phase, name), capture_output=True, text=True)
        lines = [line for line in answer.stdout.splitlines() if line.startswith("{")]
        if answer.returncode != 0 or not lines:
            said = (answer.stderr or answer.stdout).strip().splitlines() or ["no output"]
            # Of a crash the first line names the cause; the last is somewhere in a backtrace.
            cause = next((line for line in said if "Fatal error" in line), said[-1])
            raise SystemExit(f"millrace bench {phase}: exit {answer.returncode}: {cause[:300]}")
        row = json.loads(lines[-1])
        # The generator's own account of the server spans exactly the measured part, so it wins.
        print(json.dumps({"phase": phase, "client": "millrace bench"} | spent.close() | row), flush=True)


if __name__ == "__main__":
    main()
