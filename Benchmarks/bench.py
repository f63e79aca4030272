#!/usr/bin/env python3
"""Measures Millrace, and what it is compared with, on this machine in one run.

    Benchmarks/bench.py [--quick] [--only PATTERN ...]                 our release build
    Benchmarks/bench.py --compare BINARY [--repeats 6]                 two builds of ours, interleaved A B B A
    Benchmarks/bench.py --kafka HOST:PORT --pid PID [--kinesis ...]    a server that runs, and ours

Prints a table and writes every repeat to a JSON file. docs/performance.md says what each row means. Nothing else should
run on the machine meanwhile; --lock lets several people who share one take turns.
"""

import argparse
import contextlib
import fcntl
import fnmatch
import pathlib
import shlex
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import goals  # noqa: E402
import workloads  # noqa: E402
from measure import limits, runner, summary  # noqa: E402
from measure.results import Results  # noqa: E402
from measure.servers import ROOT, MillraceSide, RunningSide, ServerError  # noqa: E402
from scenarios import SCENARIOS  # noqa: E402


def note(text):
    print(text, file=sys.stderr, flush=True)


def portable(word):
    """A command-line word as a results file keeps it: paths of this machine mean nothing elsewhere."""
    path = pathlib.Path(word)
    if not path.is_absolute():
        return word
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else path.name


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="the short form: fewer rows, fewer records")
    parser.add_argument("--only", action="append", default=[], metavar="PATTERN", help="rows to measure; * matches")
    parser.add_argument("--list", action="store_true", help="list the rows and leave")
    parser.add_argument("--repeats", type=int, help="per row and side (default 3, --quick 2, --compare 6)")
    parser.add_argument("--scale", type=float, default=1.0, help="multiplies record counts (default 1)")
    parser.add_argument("--binary", default=str(ROOT / ".build" / "release" / "millrace"), help="our server")
    parser.add_argument("--generator", metavar="BINARY", help="whose `bench` drives the own-* rows (default: --binary)")
    parser.add_argument("--compare", metavar="BINARY", help="another build of ours, to take turns with --binary")
    parser.add_argument("--syscalls", action=argparse.BooleanOptionalAction, default=None,
                        help="count system calls in runs of their own (default: not with --quick, --compare)")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="broker property of ours")
    parser.add_argument("--kafka", metavar="HOST:PORT", help="a Kafka-compatible server that runs")
    parser.add_argument("--kinesis", metavar="HOST:PORT", help="a Kinesis-compatible server that runs; "
                        "own-* rows take https://HOST too")
    parser.add_argument("--pid", type=int, action="append", default=[], help="its process, for CPU and memory")
    parser.add_argument("--name", default="peer", help="what tables call the running server (default: peer)")
    parser.add_argument("--without-ours", action="store_true", help="measure only the running server")
    parser.add_argument("--peer-results", metavar="FILE", help="results of a Kafka, in place of the recorded figures")
    parser.add_argument("--directory", default=str(ROOT / ".build" / "bench"), help="where our servers keep their data")
    parser.add_argument("--output", help="results file (default: Benchmarks/results/DATE-COMMIT.json)")
    parser.add_argument("--lock", metavar="FILE", help="hold this file's lock during each measurement")
    options = parser.parse_args()
    options.command = shlex.join(["Benchmarks/bench.py", *map(portable, sys.argv[1:])])
    options.same_for_all = options.repeats is not None
    if options.repeats is None:
        options.repeats = 2 if options.quick else 6 if options.compare else 3
    if options.generator is None:
        options.generator = options.binary
    if options.syscalls is None:
        options.syscalls = not (options.quick or options.compare)
    if options.repeats < 1 or options.scale <= 0:
        parser.error("--repeats and --scale must be above 0")
    if options.without_ours and not (options.kafka or options.kinesis):
        parser.error("--without-ours needs a server that runs: --kafka or --kinesis")
    if any("=" not in pair for pair in options.set):
        parser.error("--set takes NAME=VALUE")
    return options


def sides(options, directory):
    settings = dict(pair.split("=", 1) for pair in options.set)
    result = []
    if not options.without_ours:
        result.append(MillraceSide("millrace", options.binary, directory, settings))
    if options.compare:
        result.append(MillraceSide("other", options.compare, directory, settings))
    if options.kafka or options.kinesis:
        result.append(RunningSide(options.name, options.kafka, options.kinesis, options.pid))
    return result


def selected(options):
    chosen = []
    for workload in workloads.ALL:
        names = [name for name in workload.names if name]
        if options.only:
            if any(fnmatch.fnmatchcase(name, pattern) for name in names for pattern in options.only):
                chosen.append(workload)
        elif not options.quick or workload.quick is not None:
            chosen.append(workload)
    if not chosen:
        raise SystemExit(f"bench: no row matches {' '.join(options.only)}: --list shows them all")
    return chosen


@contextlib.contextmanager
def turn(path):
    """Holds the lock of a file that several benchmarkers share, or nothing when there is none."""
    if path is None:
        yield
        return
    with open(path, "a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def measure(workload, side, results, options):
    try:
        with turn(options.lock):
            rows = runner.run(workload, side, options)
    except (runner.LoadFailed, runner.Unavailable, ServerError) as problem:
        text = runner.last_words(str(problem))
        for name in filter(None, workload.names):
            results.note(name, side.label, text)
        note(f"    {side.label}: {text}")
        return
    for row in rows.values():
        results.add(row)
        note(f"    {side.label:10} {summary.one_line(row)}")


def count_syscalls(workload, side, results, options):
    """Adds system calls per request to the rows of a workload that was measured."""
    name = workload.names[0]
    rows = results.repeats.get(name, {}).get(side.label)
    if name not in workloads.COUNT_SYSCALLS or not side.can_restart or not rows:
        return
    try:
        with turn(options.lock):
            counted = runner.count_syscalls(workload, side, options)
    except (runner.LoadFailed, runner.Unavailable, ServerError) as problem:
        results.note(name, side.label, f"system calls: {runner.last_words(str(problem))}")
        return
    for row in rows:
        row |= {"syscalls_per_request": counted["per_request"], "syscalls": counted}
    note(f"    {side.label:10} {counted['per_request']} system calls per request ({counted['tool']})")


def judge(results, options):
    """Checks the goals of the first side, which is ours unless it was left out."""
    peers = goals.recorded()
    if options.peer_results:
        peers["kafka"] = goals.measured(options.peer_results)
    label = results.labels[0]
    rows = {name: median for name in results.repeats if (median := results.median(name, label))}
    results.goals = [] if options.without_ours else goals.check(rows, peers, results.limits)


def main():
    options = arguments()
    if options.list:
        for workload in workloads.ALL:
            mark = "" if workload.quick is None else "  (quick)"
            print("\n".join(name + mark for name in workload.names if name))
        return
    directory = pathlib.Path(options.directory)
    directory.mkdir(parents=True, exist_ok=True)
    options.scenarios = SCENARIOS
    taking_part, chosen = sides(options, directory), selected(options)
    results = Results(directory, taking_part, options)
    if results.head["machine"]["file_system"] == "tmpfs":
        note(f"bench: {directory} is in memory (tmpfs): durable rows mean nothing there, name a disk with --directory")
    with turn(options.lock):
        results.limits, reason = limits.measure(options.generator, directory)
    if reason:
        note(f"bench: {reason}")
    # Either signal ends the measurement under way with its server, and reports what there is.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        for index, workload in enumerate(chosen, 1):
            note(f"[{index}/{len(chosen)}] {', '.join(filter(None, workload.names))}")
            repeats = 1 if workload.once and not options.same_for_all else options.repeats
            for order in summary.rounds(taking_part, repeats):
                for side in order:
                    measure(workload, side, results, options)
            if options.syscalls:
                for side in taking_part:
                    count_syscalls(workload, side, results, options)
    except KeyboardInterrupt:
        note("bench: interrupted; what was measured so far follows")
    judge(results, options)
    print(summary.report(results))
    path = results.write(options.output)
    note(f"results: {path}")


if __name__ == "__main__":
    main()
