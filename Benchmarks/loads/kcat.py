#!/usr/bin/env python3
"""Drives a Kafka-compatible broker with kcat: a file of lines in, all of them out again.

    kcat.py --bootstrap 127.0.0.1:9092 --pid BROKER_PID produce consume

The time includes that of kcat's own start (about 10 ms) and of its first metadata request.
"""

import argparse
import base64
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from loads.librdkafka import make_topic  # noqa: E402
from loads.row import emit  # noqa: E402
from measure.accounting import Accounting  # noqa: E402

EXIT_UNAVAILABLE = 69


def lines_file(args, folder):
    """A file of --records lines of --size bytes: printable, so that no line ends early."""
    path = pathlib.Path(folder) / "lines"
    block = b"".join(base64.b64encode(os.urandom(args.size))[:args.size] + b"\n" for _ in range(1000))
    with open(path, "wb") as file:
        for _ in range(args.records // 1000):
            file.write(block)
    return path


def run(command, **more):
    answer = subprocess.run(command, stderr=subprocess.PIPE, text=True, timeout=900, **more)
    if answer.returncode != 0:
        raise SystemExit(f"kcat: exit {answer.returncode}: {answer.stderr.strip()[-300:]}")
    return answer


def row(args, phase, records, seconds, spent):
    emit(phase, "kcat", records, args.size, seconds, spent, target=args.bootstrap, partitions=args.partitions,
         connections=1, acks="all", compression="none", missing=args.records - records)


def produce(args, path):
    spent, start = Accounting(args.pid), time.monotonic()
    run(["kcat", "-P", "-b", args.bootstrap, "-t", args.topic, "-l", str(path), "-X", "acks=all", "-X", "linger.ms=5",
         "-X", "batch.size=131072", "-X", "queue.buffering.max.messages=2000000"], stdout=subprocess.DEVNULL)
    row(args, "produce", args.records, time.monotonic() - start, spent)


def consume(args, path):
    spent, start = Accounting(args.pid), time.monotonic()
    with open(path.with_name("read"), "w+b") as output:
        run(["kcat", "-C", "-b", args.bootstrap, "-t", args.topic, "-o", "beginning", "-e", "-q", "-f", "%o\\n"],
            stdout=output)
        seconds = time.monotonic() - start
        output.seek(0)
        row(args, "consume", sum(1 for _ in output), seconds, spent)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bootstrap", default="127.0.0.1:9092")
    parser.add_argument("--pid", type=int, action="append", default=[])
    parser.add_argument("--records", type=int, default=1_000_000, help="rounded down to whole thousands")
    parser.add_argument("--size", type=int, default=100)
    parser.add_argument("--partitions", type=int, default=1)
    parser.add_argument("--topic-config", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("phases", nargs="+", choices=["produce", "consume"])
    args = parser.parse_args()
    if shutil.which("kcat") is None:
        print("kcat is not installed: run scripts/setup-debian --bench", file=sys.stderr)
        raise SystemExit(EXIT_UNAVAILABLE)
    args.records = max(1000, args.records // 1000 * 1000)
    args.topic = f"kcat-{time.time_ns()}"
    make_topic(args, args.topic)
    with tempfile.TemporaryDirectory(prefix="kcat-") as folder:
        path = lines_file(args, folder)
        for phase in args.phases:
            {"produce": produce, "consume": consume}[phase](args, path)


if __name__ == "__main__":
    main()
