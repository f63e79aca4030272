"""What the peer scripts share: the command line, turns in ABBA order, and the table at the end.

A peer speaks a protocol of its own, so each side is driven by its usual Python client: the rows compare whole systems,
client included, and the server's CPU seconds tell more about the servers than the throughput does.
"""

import argparse
import contextlib
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time

from measure import runner, summary
from measure.results import Results
from measure.servers import ROOT, MillraceSide, ServerError
from workloads import SYNC


def arguments(description):
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=200_000)
    parser.add_argument("--size", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=6, help="measurements per side, in A B B A order (default 6)")
    parser.add_argument("--binary", default=str(ROOT / ".build" / "release" / "millrace"), help="our server")
    parser.add_argument("--directory", default=str(ROOT / ".build" / "bench"), help="where both keep their data")
    parser.add_argument("--output", help="results file (default: Benchmarks/results/DATE-COMMIT.json)")
    options = parser.parse_args()
    if options.repeats < 1 or options.records < 1 or options.size < 1:
        parser.error("--records, --size and --repeats must be above 0")
    options.command = " ".join([f"Benchmarks/peers/{pathlib.Path(sys.argv[0]).name}", *sys.argv[1:]])
    options.quick = False
    return options


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for_port(port, process, seconds=60.0):
    """Returns once something listens on the port; fails when the process ends before, or at the deadline."""
    deadline = time.monotonic() + seconds
    while True:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        if process.poll() is not None:
            raise ServerError(f"the peer ended with exit status {process.returncode} before it listened")
        if time.monotonic() > deadline:
            raise ServerError(f"the peer does not listen on port {port} after {seconds:.0f} s")
        time.sleep(0.02)


class Peer:
    """A side whose server is a program of Debian: started afresh for each measurement, on a free port.

    `durability` says what its acknowledgement promises; `topic_config` makes ours promise the same, SYNC or NO_SYNC.
    """

    topic_config = SYNC

    def __init__(self, label, program, options):
        self.label, self.options = label, options
        self.program = shutil.which(program) or shutil.which(program, path="/usr/sbin:/usr/lib/rabbitmq/bin")
        if self.program is None:
            raise SystemExit(f"{program} is not installed: run scripts/setup-debian --bench {program}")

    def describe(self):
        return {"label": self.label, "kind": "peer", "durability": self.durability, "version": self.version()}

    def version(self):
        answer = subprocess.run([self.program, "--version"], capture_output=True, text=True)
        return answer.stdout.strip().splitlines()[0] if answer.stdout.strip() else "unknown"

    @contextlib.contextmanager
    def server(self):
        """Yields (process, port) with the peer's data in a folder that is removed afterwards."""
        parent = pathlib.Path(self.options.directory)
        parent.mkdir(parents=True, exist_ok=True)
        folder, port = pathlib.Path(tempfile.mkdtemp(prefix="peer-", dir=parent)), free_port()
        log = open(folder / "log", "wb")
        process = subprocess.Popen(self.command(folder, port), stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                   env=self.environment(folder, port), start_new_session=True)
        try:
            wait_for_port(port, process)
            yield process, port
        finally:
            self.stop(process)
            log.close()
            shutil.rmtree(folder, ignore_errors=True)

    def environment(self, folder, port):
        return None

    def stop(self, process):
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def ours(side, options, peer):
    """Our rows of the same shape: librdkafka, acks=all, as durable as the peer."""
    with side.server() as server:
        rows = runner.drive("librdkafka", server, side.binary, {
            "records": options.records, "size": options.size, "topic_config": peer.topic_config},
            ["produce", "consume"])
    return {"produce": rows[0], "consume": rows[1]}


def compare(peer, measure, options, ours=ours):
    """Takes turns, prints the tables, writes the file. `measure` and `ours` return {phase: row}."""
    directory = pathlib.Path(options.directory)
    directory.mkdir(parents=True, exist_ok=True)
    side = MillraceSide("millrace", options.binary, directory)
    results = Results(directory, [side, peer], options)
    for order in summary.rounds([side, peer], options.repeats):
        for turn in order:
            try:
                rows = ours(turn, options, peer) if turn is side else measure(turn, options)
            except (ServerError, runner.LoadFailed) as problem:
                raise SystemExit(f"{turn.label}: {problem}") from problem
            for phase, row in rows.items():
                results.add({"row": phase, "side": turn.label, **row})
                print(f"{turn.label:10} {phase:8} {summary.one_line(row)}", file=sys.stderr, flush=True)
    promise = "durable before acknowledged" if peer.topic_config == SYNC else "acknowledged from the page cache"
    print(f"{peer.label}: {peer.version()}; {peer.durability}\nmillrace: {promise}\n")
    print(summary.report(results))
    print(f"results: {results.write(options.output)}", file=sys.stderr)


def row(client, records, size, seconds, spent, **more):
    mb = records * size / 1e6
    return {"client": client, "size": size, "records": records, "mb": round(mb, 1), "seconds": round(seconds, 3),
            "records_per_s": round(records / seconds), "mb_per_s": round(mb / seconds, 1)} \
        | spent.close(records, mb) | more
