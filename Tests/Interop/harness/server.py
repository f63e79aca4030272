"""One `millrace serve` process: started on free ports, awaited by its ready line, stopped, killed, restarted."""

import os
import pathlib
import random
import re
import select
import signal
import socket
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[3]
READY = re.compile(r"ready kafka=(\S+) kinesis=(\S+) admin=(\S+) start_ms=(\d+)((?: kafka\.\S+=\S+)*)\n")


class ServerError(AssertionError):
    """The server did not start, or did not stop, as it should; carries what it wrote to standard error."""


def binary():
    """The millrace to test: $MILLRACE_BIN, else the release build, else the debug build."""
    named = os.environ.get("MILLRACE_BIN")
    if named:
        return pathlib.Path(named).resolve()
    for flavour in ("release", "debug"):
        path = ROOT / ".build" / flavour / "millrace"
        if path.exists():
            return path
    raise ServerError("no millrace binary: run `make build` first or name one in MILLRACE_BIN")


def free_address():
    """A HOST:PORT that nothing listens on, below the ports that Linux gives to outgoing connections.

    A port from that range could be taken by some client's connection while its server is down for a restart.
    """
    while True:
        port = random.randrange(20_000, 32_768)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return f"127.0.0.1:{port}"


class Server:
    """A server on a data directory of its own. `kafka`, `kinesis` and `admin` are HOST:PORT once it is ready.

    After `restart` and `kill9` + `start` the ports stay the same, so connected clients find the server again.
    """

    def __init__(self, data_dir=None, settings=None, arguments=(), environment=None, log_path=None):
        self._temporary = None
        if data_dir is None:
            self._temporary = tempfile.TemporaryDirectory(prefix="millrace-")
            data_dir = pathlib.Path(self._temporary.name) / "data"
        self.data_dir = pathlib.Path(data_dir)
        self.settings = dict(settings or {})
        self.arguments = list(arguments)
        self.environment = dict(environment or {})
        self.log_path = pathlib.Path(log_path) if log_path else self.data_dir.parent / "server.log"
        self.kafka, self.kinesis, self.admin = free_address(), free_address(), free_address()
        self.start_ms = None
        self.process = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.close()

    @property
    def pid(self):
        return self.process.pid

    @property
    def endpoint_url(self):
        return f"http://{self.kinesis}"

    def program(self):
        """The executable; those who compare builds override it."""
        return binary()

    def command(self):
        settings = [word for name, value in self.settings.items() for word in ("--set", f"{name}={value}")]
        # None where the configuration says it.
        kafka = ["--kafka", self.kafka] if self.kafka else []
        return [str(self.program()), "serve", "--data-dir", str(self.data_dir), *kafka, "--kinesis", self.kinesis,
                "--admin", self.admin, *settings, *self.arguments]

    def start(self, deadline=30.0):
        """Starts the process and returns when it has printed its ready line."""
        if self.process is not None and self.process.poll() is None:
            raise ServerError("the server already runs")
        self.log_path.parent.mkdir(parents=True, exist_ok=True)
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log,
                                            env={**os.environ, **self.environment})
        line = self._first_line(deadline)
        match = READY.fullmatch(line)
        if not match:
            self._reap()
            raise ServerError(f"no ready line within {deadline} s, but {line!r} (exit {self.process.poll()})\n{self.log()}")
        self.kafka, self.kinesis, self.admin = match.group(1, 2, 3)
        self.start_ms = int(match.group(4))
        # Further Kafka listeners, by name.
        self.listeners = dict(re.findall(r" kafka\.(\S+)=(\S+)", match.group(5)))
        return self

    def _first_line(self, deadline):
        """Reads one line from standard output, waiting for data and never longer than the deadline."""
        end, text, descriptor = time.monotonic() + deadline, b"", self.process.stdout.fileno()
        while not text.endswith(b"\n") and (left := end - time.monotonic()) > 0:
            if select.select([descriptor], [], [], left)[0]:
                byte = os.read(descriptor, 1)
                if not byte:
                    break
                text += byte
        return text.decode("utf-8", "replace")

    def stop(self, deadline=20.0):
        """SIGTERM; returns the exit status, which a clean stop makes 0."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(deadline)
        except subprocess.TimeoutExpired:
            self._reap()
            raise ServerError(f"still running {deadline} s after SIGTERM\n{self.log()}") from None
        self.process.stdout.close()
        return status

    def kill9(self):
        """SIGKILL, as a crash would have it; the data directory stays as it is."""
        self._reap()

    def restart(self, deadline=30.0):
        """A clean stop and a start on the same ports."""
        status = self.stop()
        if status != 0:
            raise ServerError(f"exit status {status} after SIGTERM\n{self.log()}")
        return self.start(deadline)

    def close(self):
        if self.process is not None:
            self._reap()
        if self._temporary is not None:
            self._temporary.cleanup()

    def _reap(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(20)
        if not self.process.stdout.closed:
            self.process.stdout.close()

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def log(self, limit=8000):
        """The end of what the server wrote to standard error."""
        try:
            return self.log_path.read_text("utf-8", "replace")[-limit:]
        except FileNotFoundError:
            return ""

    def resident_bytes(self):
        """Resident memory of the process now (VmRSS)."""
        for line in pathlib.Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise ServerError("the process reports no resident memory")
