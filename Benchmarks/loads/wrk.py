#!/usr/bin/env python3
"""Drives a Kinesis endpoint with wrk: single PutRecord calls on keep-alive connections for --seconds.

    wrk.py --endpoint 127.0.0.1:4567 --pid SERVER_PID put-record

wrk is a closed loop: a stall delays the next request instead of counting against those that were due, so its high
percentiles flatter; `own-putrecord-rate` measures latency at a rate.
"""

import argparse
import base64
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from loads.kinesis import SIGNATURE, make_stream  # noqa: E402
from loads.row import emit  # noqa: E402
from measure.accounting import Accounting  # noqa: E402

EXIT_UNAVAILABLE = 69


def put_record(args):
    data = base64.b64encode(os.urandom(args.size)).decode()
    environment = os.environ | {
        "WRK_BODY": json.dumps({"StreamName": args.stream, "Data": data, "PartitionKey": "key"}),
        "WRK_DATE": time.strftime("%Y%m%dT%H%M%SZ", time.gmtime()), "WRK_AUTHORIZATION": SIGNATURE}
    script = pathlib.Path(__file__).with_name("wrk-putrecord.lua")
    command = ["wrk", "-t", "1", "-c", str(args.connections), "-d", f"{args.seconds:.0f}s", "-s", str(script),
               "http://" + args.endpoint.removeprefix("http://") + "/"]
    spent = Accounting(args.pid)
    answer = subprocess.run(command, capture_output=True, text=True, env=environment)
    lines = [line for line in answer.stdout.splitlines() if line.startswith("{")]
    if answer.returncode != 0 or not lines:
        raise SystemExit(f"wrk: {(answer.stderr or answer.stdout).strip() or 'no output'}")
    figures = json.loads(lines[-1])
    stored = figures["requests"] - figures["refused"]
    emit("put-record", "wrk", stored, args.size, figures["microseconds"] / 1e6, spent, target=args.endpoint,
         partitions=args.shards, connections=args.connections, per_call=1,
         failed=figures["refused"] + figures["broken"],
         latency={key: value for key, value in figures.items() if key.endswith("_ms")})


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--endpoint", default="127.0.0.1:4567")
    parser.add_argument("--pid", type=int, action="append", default=[])
    parser.add_argument("--size", type=int, default=1000)
    parser.add_argument("--connections", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--shards", type=int, default=4)
    parser.add_argument("phases", nargs=1, choices=["put-record"])
    args = parser.parse_args()
    if shutil.which("wrk") is None:
        print("wrk is not installed: run scripts/setup-debian --bench", file=sys.stderr)
        raise SystemExit(EXIT_UNAVAILABLE)
    args.stream = f"wrk-{time.time_ns()}"
    make_stream(args)
    put_record(args)


if __name__ == "__main__":
    main()
