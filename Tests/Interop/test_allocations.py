"""Allocations per request on the release server, held to Benchmarks/Thresholds/allocations.json.

What a request allocates is the same on every machine, so it can fail a build where a timing cannot. The counts are
those of the whole process from request to answer, the least of several blocks, as a background thread may allocate in
some. After a change that is meant to move them: `make thresholds`, and commit the file with the reason.
"""

import json
import math
import mmap
import os
import pathlib
import struct
import subprocess
import time
import warnings

import pytest

from harness import server as servers
from harness import steady

THRESHOLDS = servers.ROOT / "Benchmarks" / "Thresholds" / "allocations.json"
RECORD = os.environ.get("MILLRACE_RECORD_THRESHOLDS") == "1"
AGAIN = f"To record the new figures: make thresholds (writes {THRESHOLDS.relative_to(servers.ROOT)})"

WARM_UP, REQUESTS, BLOCKS = 200, 100, 8
# A whole allocation more per request fails; a fraction is the amortised growth of some table, which varies.
CALLS_SLACK = 0.75
BYTES_SLACK = 1.10
# Some buffers grow with how long a request has to wait on a busy machine, which small requests show.
BYTES_SLACK_SMALL = 1024
# Ten allocations more in a batch of 1,000 records fail.
PER_RECORD_SLACK = 0.01
# Allocations per second of a server that does nothing: 1 % of what the cheapest block of requests makes in that time.
IDLE_PER_SECOND_MAX = 500

PER_RECORD = {"Produce": (1, 1000), "PutRecords": (1, 500), "GetRecords": (1, 1000)}


def recorded():
    return json.loads(THRESHOLDS.read_text()) if THRESHOLDS.exists() else {"requests": {}, "per record": {}}


class Counts:
    """Allocations (with reallocations) and bytes asked for so far by a process that runs with the counting library."""

    def __init__(self, folder):
        library = folder / "allocation_count.so"
        source = pathlib.Path(steady.__file__).with_name("allocation_count.c")
        subprocess.run(["cc", "-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o", library, source],
                       check=True)
        self.path = folder / "allocation_counts"
        self.path.write_bytes(bytes(mmap.PAGESIZE))
        self.environment = {"LD_PRELOAD": str(library), "MILLRACE_ALLOCATION_COUNTS": str(self.path)}

    def read(self):
        allocations, reallocations, _, asked = struct.unpack("<4Q", self.path.read_bytes()[:32])
        return allocations + reallocations, asked


class Measured:
    """Measures a kind of request when first asked for it; all kinds on one server, so that the order does not matter."""

    def __init__(self, server, counts):
        self.server, self.counts, self.steady, self.results = server, counts, steady.Steady(server), {}
        self.background = self.idle()

    def now(self):
        steady.settle(self.server)
        return self.counts.read()

    def idle(self):
        """Allocations and bytes per second of a server that does nothing. On a busy machine a block of requests takes
        long enough for this to be seen in it."""
        began, before = time.monotonic(), self.now()
        time.sleep(1)  # The figure is a rate: there is no event to wait for.
        seconds = time.monotonic() - began
        return tuple((after - earlier) / seconds for earlier, after in zip(before, self.counts.read()))

    def __getitem__(self, kind):
        """(calls, bytes) per request, without the background."""
        if kind not in self.results:
            send = self.steady.kinds[kind]
            answers = {send() for _ in range(WARM_UP)}
            assert len(answers) == 1, f"answers of {kind} differ in length, so they do not cost the same: {answers}"
            blocks = []
            for _ in range(BLOCKS):
                began, before = time.monotonic(), self.now()
                for _ in range(REQUESTS):
                    send()
                after, seconds = self.now(), time.monotonic() - began
                blocks.append([(end - begin - rate * seconds) / REQUESTS
                               for begin, end, rate in zip(before, after, self.background)])
            self.results[kind] = tuple(round(min(values), 2) for values in zip(*blocks))
        return self.results[kind]

    def per_record(self, api):
        few, many = PER_RECORD[api]
        least, most = self[f"{api}, {few} record"][0], self[f"{api}, {many} records"][0]
        return round((most - least) / (many - few), 4)

    def all(self):
        return {"requests": {kind: dict(zip(("calls", "bytes"), self[kind])) for kind in self.steady.kinds},
                "per record": {api: self.per_record(api) for api in PER_RECORD}}


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    if servers.binary().parent.name == "debug":
        pytest.skip("a debug build allocates more; run `make build` first")
    folder = tmp_path_factory.mktemp("allocations")
    counts = Counts(folder)
    with servers.Server(folder / "data", log_path=folder / "server.log", environment=counts.environment) as server:
        run = Measured(server, counts)
        if RECORD:
            THRESHOLDS.write_text(json.dumps(run.all(), indent=2) + "\n")
        yield run
        run.steady.close()
        assert server.stop() == 0, server.log()


def test_an_idle_server_hardly_allocates(measured):
    assert measured.background[0] < IDLE_PER_SECOND_MAX


def test_each_kind_of_request_has_a_threshold(measured):
    assert set(measured.steady.kinds) == set(recorded()["requests"]), AGAIN


@pytest.mark.parametrize("kind", recorded()["requests"])
def test_a_request_allocates_no_more_than_before(measured, kind):
    limit = recorded()["requests"][kind]
    calls, asked = measured[kind]
    print(f"{kind}: {calls} allocations of {asked} bytes; threshold {limit['calls']} of {limit['bytes']}")
    assert calls <= limit["calls"] + CALLS_SLACK, f"{kind}: {calls} allocations, {limit['calls']} before. {AGAIN}"
    assert asked <= limit["bytes"] * BYTES_SLACK + BYTES_SLACK_SMALL, f"{kind}: {asked} bytes, {limit['bytes']} before. {AGAIN}"
    if calls < 0.8 * math.floor(limit["calls"]) or asked < 0.8 * limit["bytes"]:
        warnings.warn(f"{kind}: {calls} allocations of {asked} bytes, well below the threshold. {AGAIN}", stacklevel=1)


@pytest.mark.parametrize("api", PER_RECORD)
def test_a_record_more_costs_no_allocation(measured, api):
    slope, limit = measured.per_record(api), recorded()["per record"].get(api, 0)
    print(f"{api}: {slope} allocations per record; threshold {limit}")
    assert slope <= limit + PER_RECORD_SLACK, f"{api}: {slope} allocations per record, {limit} before. {AGAIN}"
