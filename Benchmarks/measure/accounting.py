"""What server processes spent, read from /proc: CPU seconds, context switches and memory (proc(5))."""

import os
import pathlib
import resource
import time

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


class NoSuchServer(Exception):
    """A process named by --pid is gone."""


def _read(path):
    try:
        return pathlib.Path(path).read_text()
    except (FileNotFoundError, ProcessLookupError):
        raise NoSuchServer(f"process {path.split('/')[2]} is not running: check --pid, and the server's log") from None


def cpu_seconds(pid):
    """(user, system) CPU seconds of a process so far, all its threads, also those that have ended."""
    # The second field is the program's name in parentheses and may hold spaces, so fields are counted after it.
    fields = _read(f"/proc/{pid}/stat").rsplit(")", 1)[1].split()
    return int(fields[11]) / TICKS_PER_SECOND, int(fields[12]) / TICKS_PER_SECOND


def cpu_clock_seconds(pid):
    """CPU seconds of a process so far to the nanosecond, from its CPU-time clock; /proc counts in ticks of 10 ms.

    The clock's id is what clock_getcpuclockid(3) computes: the complement of the pid, and CPUCLOCK_SCHED (2).
    """
    try:
        return time.clock_gettime((~pid << 3) | 2)
    except OSError:
        raise NoSuchServer(f"process {pid} is not running: check --pid, and the server's log") from None


def context_switches(pid):
    """(voluntary, involuntary) context switches of the threads that live now: no sum is kept for ended ones."""
    voluntary = involuntary = 0
    for status in pathlib.Path(f"/proc/{pid}/task").glob("*/status"):
        try:
            text = status.read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue
        for line in text.splitlines():
            if line.startswith("voluntary_ctxt_switches"):
                voluntary += int(line.split()[1])
            elif line.startswith("nonvoluntary_ctxt_switches"):
                involuntary += int(line.split()[1])
    return voluntary, involuntary


def memory_mb(pid, field):
    """`field` of /proc/PID/status in MB (10^6 bytes): VmRSS is resident now, VmHWM its peak since the start."""
    for line in _read(f"/proc/{pid}/status").splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) * 1024 / 1e6
    return 0.0


def client_cpu_seconds():
    """CPU seconds of this process and of the children it has waited for."""
    usages = (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def machine_cpu_seconds():
    """(busy, stolen) CPU seconds of the whole machine since it started: /proc/stat, all cores."""
    fields = [int(field) / TICKS_PER_SECOND for field in _read("/proc/stat").split("\n", 1)[0].split()[1:]]
    idle, waiting, stolen = fields[3], fields[4], fields[7]
    # Guests are counted in user time already.
    return sum(fields[:8]) - idle - waiting - stolen, stolen


class Accounting:
    """Spans one measurement: `Accounting(pids)` starts it, `close(records, mb)` returns its part of a row.

    Works without pids as well (a server on another machine): then only the client's own CPU is known.
    """

    def __init__(self, pids):
        self.pids = list(pids)
        self.client, self.machine, self.start = client_cpu_seconds(), machine_cpu_seconds(), time.monotonic()
        self.cpu, self.switches = self._read_cpu(), self._read_switches()
        self.clock = self._read_clock()

    def _read_cpu(self):
        pairs = [cpu_seconds(pid) for pid in self.pids]
        return sum(user for user, _ in pairs), sum(system for _, system in pairs)

    def _read_clock(self):
        return sum(cpu_clock_seconds(pid) for pid in self.pids)

    def _read_switches(self):
        pairs = [context_switches(pid) for pid in self.pids]
        return sum(own for own, _ in pairs), sum(forced for _, forced in pairs)

    def close(self, records=0, mb=0.0):
        client, wall = client_cpu_seconds() - self.client, max(time.monotonic() - self.start, 1e-9)
        busy, stolen = (after - before for after, before in zip(machine_cpu_seconds(), self.machine))
        row = {"client_cpu_s": round(client, 3), "stolen_cpu_percent": round(stolen / wall * 100, 1)}
        if not self.pids:
            return row
        user, system = (after - before for after, before in zip(self._read_cpu(), self.cpu))
        total = self._read_clock() - self.clock
        voluntary, involuntary = (after - before for after, before in zip(self._read_switches(), self.switches))
        row |= {
            "server_cpu_s": round(total, 4),
            # Of a core: the kernel's own threads, and other processes at work.
            "others_cpu_percent": round(max(0.0, busy - client - total) / wall * 100, 1),
            "server_cpu_user_s": round(user, 3),
            "server_cpu_system_s": round(system, 3),
            "voluntary_switches": voluntary,
            "involuntary_switches": involuntary,
            "rss_mb": round(sum(memory_mb(pid, "VmRSS") for pid in self.pids), 1),
            "peak_rss_mb": round(sum(memory_mb(pid, "VmHWM") for pid in self.pids), 1),
        }
        if records:
            row["cpu_s_per_million"] = round(total / records * 1e6, 4)
        if mb:
            row["cpu_s_per_gb"] = round(total / mb * 1e3, 4)
        return row
