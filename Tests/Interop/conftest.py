"""Fixtures: one server per module on free ports, its standard error printed when a test fails."""

import pathlib

import pytest

from harness import clients
from harness.server import Server


@pytest.fixture(scope="module")
def server(request, tmp_path_factory):
    """A server for the tests of one module. A module may set SETTINGS, broker properties by Kafka's own names."""
    settings = {"group.initial.rebalance.delay.ms": 0, **getattr(request.module, "SETTINGS", {})}
    directory = tmp_path_factory.mktemp(pathlib.Path(request.module.__file__).stem)
    with Server(directory / "data", settings, log_path=directory / "server.log") as running:
        yield running
        status = running.stop()
        assert status == 0, f"exit status {status} after SIGTERM\n{running.log()}"


@pytest.fixture
def new_server(tmp_path):
    """Makes servers of a test's own: `new_server(name="a", settings={...})`; stops them all at its end."""
    made = []

    def make(name="data", settings=None, data_dir=None, start=True, **more):
        one = Server(data_dir or tmp_path / name, {"group.initial.rebalance.delay.ms": 0, **(settings or {})},
                     log_path=tmp_path / f"{name}.log", **more)
        made.append(one)
        return one.start() if start else one

    yield make
    for one in made:
        one.close()


@pytest.fixture
def boto(server):
    return clients.kinesis(server)


@pytest.fixture
def topic(server):
    """A fresh topic with three partitions."""
    return clients.create_topic(server, clients.unique("topic"), partitions=3)


@pytest.fixture
def stream(server, boto):
    """A fresh stream with three shards."""
    return clients.create_stream(server, clients.unique("stream"), shards=3, client=boto)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """Adds the end of each server's log to a failed test's report."""
    report = (yield).get_result()
    if not report.failed:
        return
    for name, value in getattr(item, "funcargs", {}).items():
        if isinstance(value, Server):
            report.sections.append((f"standard error of {name}", value.log()))
