"""Runs one workload on one side and returns its rows."""

import json
import pathlib
import subprocess
import sys

from confluent_kafka import KafkaException

from measure import syscalls

LOADS = pathlib.Path(__file__).resolve().parents[1] / "loads"
# Longer than any load takes; one that hangs must not hold the run for ever.
DEADLINE_SECONDS = 1800


class LoadFailed(Exception):
    """A load did not finish; the message is its last words. The run continues and the row says so."""


class Unavailable(Exception):
    """A side or this machine lacks what a workload needs; the message says what. The row is left out with a note."""


def words(arguments):
    """Command-line words of keyword arguments: True is a flag, None and False are nothing, tuples repeat."""
    result = []
    for name, value in arguments.items():
        option = "--" + name.replace("_", "-")
        if value is True:
            result.append(option)
        elif isinstance(value, (tuple, list)):
            for item in value:
                result += [option, str(item)]
        elif value is not None and value is not False:
            result += [option, str(value)]
    return result


def json_lines(text):
    rows = []
    for line in text.splitlines():
        if line.startswith("{"):
            rows.append(json.loads(line))
    return rows


def last_words(*texts):
    """The last line that says something: the error of a program that failed."""
    lines = [line.strip() for text in texts for line in text.splitlines() if line.strip()]
    return lines[-1][:300] if lines else "no output"


def drive(load, server, binary, arguments, phases, protocol="kafka"):
    """Runs `loads/LOAD.py` against a server; its JSON lines, one per phase."""
    command = [sys.executable, str(LOADS / f"{load}.py")]
    command += ["--bootstrap", server.kafka] if protocol == "kafka" else ["--endpoint", server.kinesis]
    command += [word for pid in server.pids for word in ("--pid", str(pid))]
    if load == "own":
        command += ["--binary", str(binary)]
    if getattr(server, "authority", None):
        command += ["--tls-ca", str(server.authority)]
    command += words(arguments) + list(phases)
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_SECONDS)
    except subprocess.TimeoutExpired:
        raise LoadFailed(f"not done within {DEADLINE_SECONDS} s") from None
    if answer.returncode == 69:
        raise Unavailable(last_words(answer.stderr))
    rows = json_lines(answer.stdout)
    if answer.returncode != 0 or len(rows) != len(phases):
        raise LoadFailed(last_words(answer.stdout if not answer.stderr.strip() else answer.stderr))
    return rows


def count_syscalls(workload, side, options):
    """{tool, requests, syscalls, per_request} of a short run on a fresh server of ours."""
    arguments = {**workload.arguments, **(workload.quick or {})}
    with side.server(workload.serve, workload.tls) as server:
        counter, before = syscalls.Counter(server.pid), syscalls.requests_answered(server.admin)
        if not counter.start():
            raise Unavailable("neither perf nor strace may count system calls here")
        try:
            drive(workload.load, server, options.generator, arguments, list(workload.rows), workload.protocol)
        finally:
            count = counter.stop()
        requests = syscalls.requests_answered(server.admin) - before
    if not count or not requests:
        raise Unavailable(f"{counter.tool} counted nothing")
    return {"tool": counter.tool, "requests": int(requests), "syscalls": count,
            "per_request": round(count / requests, 2)}


def run(workload, side, options):
    """{row name: row} of one workload on one side, on a fresh server where the side is ours."""
    if not side.serves(workload.protocol):
        raise Unavailable(f"no {workload.protocol} address given for {side.label}")
    if workload.needs_restart and not side.can_restart:
        raise Unavailable("a server that bench did not start cannot be restarted by it")
    if workload.tls and not side.can_restart:
        raise Unavailable("a server that bench did not start has no certificate of ours")
    arguments = dict(workload.arguments)
    if options.quick and workload.quick:
        arguments |= workload.quick
    for count in ("records", "warm_up_records"):
        if count in arguments:
            arguments[count] = max(1, int(arguments[count] * options.scale))
    if workload.load in options.scenarios:
        try:
            rows = options.scenarios[workload.load](side, arguments, options)
        except (OSError, TimeoutError, KafkaException) as problem:
            raise LoadFailed(f"{type(problem).__name__}: {problem}") from problem
    else:
        with side.server(workload.serve, workload.tls) as server:
            phases = list(workload.rows)
            measured = drive(workload.load, server, options.generator, arguments, phases, workload.protocol)
            rows = dict(zip(phases, measured))
    named = {}
    for phase, name in workload.rows.items():
        if name and phase in rows:
            named[name] = {"row": name, "side": side.label, **rows[phase]}
    return named
