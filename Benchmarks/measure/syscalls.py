"""System calls per request, counted in a run of its own: counting costs time that timed runs must not lose.

perf's tracepoint counts in the kernel at little cost; where it is not allowed, strace stops the server at each call,
and the count is right but the pace is not.
"""

import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.request

EVENT = "raw_syscalls:sys_enter"


def requests_answered(admin):
    """Requests that a server of ours has answered so far, both protocols."""
    with urllib.request.urlopen(f"http://{admin}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    return sum(float(value) for value in re.findall(r"^millrace_requests_total\{[^}]*\} (\S+)", text, re.MULTILINE))


class Counter:
    """Counts system calls of a process between `start` and `stop`."""

    def __init__(self, pid):
        self.pid, self.tool, self.process, self.folder = pid, None, None, None

    @staticmethod
    def _perf_works():
        if shutil.which("perf") is None:
            return False
        probe = subprocess.run(["perf", "stat", "-x,", "-e", EVENT, "true"], capture_output=True, text=True)
        return probe.returncode == 0 and EVENT in probe.stderr and "not supported" not in probe.stderr

    def start(self):
        """False when neither tool is at hand or allowed."""
        self.folder = tempfile.TemporaryDirectory(prefix="syscalls-")
        path = pathlib.Path(self.folder.name) / "counts"
        if self._perf_works():
            self.tool = "perf"
            command = ["perf", "stat", "-x,", "-e", EVENT, "-o", str(path), "-p", str(self.pid)]
        elif shutil.which("strace"):
            self.tool = "strace"
            command = ["strace", "-c", "-f", "-o", str(path), "-p", str(self.pid)]
        else:
            return False
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        # Neither tool says when it is attached; one that may not attach has ended by now.
        time.sleep(0.3)
        return self.process.poll() is None

    def stop(self):
        """The count, or None when the tool gave none."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait(30)
        path = pathlib.Path(self.folder.name) / "counts"
        text = path.read_text() if path.exists() else ""
        self.folder.cleanup()
        if self.tool == "perf":
            match = re.search(rf"^(\d+),.*{EVENT}", text, re.MULTILINE)
        else:
            match = re.search(r"^100\.00\s+\S+\s+\S*\s+(\d+)\s.*total$", text, re.MULTILINE)
        return int(match[1]) if match else None
