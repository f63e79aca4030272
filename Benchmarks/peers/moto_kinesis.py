#!/usr/bin/env python3
"""The Kinesis emulator moto_server beside Millrace: PutRecords and GetRecords by the same HTTP client.

    Benchmarks/peers/moto_kinesis.py [--records N] [--size BYTES] [--repeats N]

moto keeps everything in memory and nothing on disk; it is what many projects test against, so it is measured, not for a
race. Needs .venv-bench-moto (scripts/setup-venv --moto), which is kept apart because moto brings the AWS SDK along.
"""

import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from measure import runner  # noqa: E402
from measure.servers import ROOT  # noqa: E402
from peers import pairing  # noqa: E402

PROGRAM = ROOT / ".venv-bench-moto" / "bin" / "moto_server"


class Moto(pairing.Peer):
    durability = "none: everything is in memory"

    def __init__(self, options):
        self.label, self.options, self.program = "moto", options, str(PROGRAM)
        if not PROGRAM.exists():
            raise SystemExit("moto_server is not installed: run scripts/setup-venv --moto")

    def version(self):
        python = PROGRAM.with_name("python")
        answer = subprocess.run([str(python), "-c", "import moto; print('moto', moto.__version__)"],
                                capture_output=True, text=True)
        return answer.stdout.strip() or "unknown"

    def command(self, folder, port):
        return [self.program, "-H", "127.0.0.1", "-p", str(port)]


class Started:
    """A peer's address and process as a load takes them."""

    def __init__(self, process, port):
        self.kinesis, self.pids = f"127.0.0.1:{port}", [process.pid]


def load(server, options):
    arguments = {"records": options.records, "size": options.size, "per_call": 500, "shards": 4, "connections": 4}
    rows = runner.drive("kinesis", server, None, arguments, ["put", "get"], "kinesis")
    return {"putrecords": rows[0], "getrecords": rows[1]}


def measure(peer, options):
    with peer.server() as (process, port):
        return load(Started(process, port), options)


def ours(side, options, _peer):
    with side.server() as server:
        return load(server, options)


if __name__ == "__main__":
    settings = pairing.arguments(__doc__)
    pairing.compare(Moto(settings), measure, settings, ours)
