"""The servers that a run compares: ours, started fresh for each measurement, or any other that already runs."""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tests" / "Interop"))

from harness.server import Server, ServerError  # noqa: E402, F401


class Millrace(Server):
    """One `millrace serve` of a given binary on a data directory of its own below `parent`."""

    def __init__(self, binary, parent, settings=None, arguments=(), tls=False):
        parent.mkdir(parents=True, exist_ok=True)
        self.binary = binary
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="data-", dir=parent))
        self.authority = None
        if tls:
            self.authority = self.folder / "certs" / "ca.pem"
            settings = {**(settings or {}), **self._secure()}
        super().__init__(self.folder / "data", settings=settings, arguments=arguments)
        if tls:
            # The listeners are in the settings, the one with TLS first: that is the one that the load uses.
            self.kafka = None

    def _secure(self):
        certs = self.authority.parent
        subprocess.run([str(self.binary), "generate", "certs", "--dir", str(certs)], check=True, stdout=subprocess.DEVNULL)
        return {"listeners": "SSL://127.0.0.1:0,PLAINTEXT://127.0.0.1:0", "ssl.keystore.location": certs / "server-keystore.pem"}

    def program(self):
        return self.binary

    @property
    def pids(self):
        return [self.pid]

    def close(self):
        super().close()
        shutil.rmtree(self.folder, ignore_errors=True)


class Running:
    """A server that someone else started, with the part of `Server` that a measurement needs."""

    def __init__(self, side):
        self.kafka, self.kinesis, self.admin, self.pids = side.kafka, side.kinesis, None, side.pids
        self.data_dir, self.authority = None, None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


class MillraceSide:
    """A binary of ours."""

    can_restart = True

    def __init__(self, label, binary, parent, settings=None):
        self.label, self.binary, self.parent = label, pathlib.Path(binary).resolve(), parent
        self.settings = dict(settings or {})
        if not os.access(self.binary, os.X_OK):
            raise SystemExit(f"bench: {binary} is not an executable: run `make build` or name one with --binary")

    def server(self, arguments=(), tls=False):
        """A server on an empty directory; `arguments` are further ones of `millrace serve`."""
        return Millrace(self.binary, self.parent, self.settings, arguments, tls)

    def serves(self, protocol):
        return True

    def describe(self):
        return {"label": self.label, "kind": "millrace", "binary_bytes": self.binary.stat().st_size,
                "settings": self.settings}


class RunningSide:
    """A Kafka-compatible or Kinesis-compatible server that already runs, named by addresses and process ids."""

    can_restart = False

    def __init__(self, label, kafka, kinesis, pids):
        self.label, self.kafka, self.kinesis, self.pids = label, kafka, kinesis, list(pids)
        self.binary = None

    def server(self, arguments=(), tls=False):
        return Running(self)

    def serves(self, protocol):
        return (self.kafka if protocol == "kafka" else self.kinesis) is not None

    def describe(self):
        return {"label": self.label, "kind": "running", "kafka": self.kafka, "kinesis": self.kinesis}
