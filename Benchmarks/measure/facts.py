"""What a result depends on besides the code: machine, kernel, file system, commit, date."""

import datetime
import os
import pathlib
import platform
import subprocess

from measure.servers import ROOT


def _cpu_model():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def _memory_gb():
    line = next(line for line in pathlib.Path("/proc/meminfo").read_text().splitlines() if line.startswith("MemTotal"))
    return round(int(line.split()[1]) * 1024 / 1e9, 1)


def _file_system(directory):
    """Type of the file system that `directory` is on: figures from a tmpfs say nothing about durability."""
    answer = subprocess.run(["df", "--output=fstype", str(directory)], capture_output=True, text=True)
    return (answer.stdout.split() or ["unknown"])[-1]


def _git(*words):
    answer = subprocess.run(["git", "-C", str(ROOT), *words], capture_output=True, text=True)
    return answer.stdout.strip() if answer.returncode == 0 else ""


def machine(directory):
    system = platform.freedesktop_os_release().get("PRETTY_NAME", platform.system())
    return {"cores": os.cpu_count(), "cpu": _cpu_model(), "memory_gb": _memory_gb(), "kernel": platform.release(),
            "system": system, "file_system": _file_system(directory), "load_at_start": os.getloadavg()[0]}


def run(directory):
    """The head of a results file."""
    now = datetime.datetime.now(datetime.timezone.utc)
    return {"date": now.isoformat(timespec="seconds"), "commit": _git("rev-parse", "--short", "HEAD") or "unknown",
            "changed": bool(_git("status", "--porcelain", "--untracked-files=no")), "machine": machine(directory)}
