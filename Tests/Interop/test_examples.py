"""examples/iot and examples/backbone, as a newcomer runs them, in a short form."""

import importlib.util
import io
import sys

import pytest

from harness.server import ROOT


def example(name):
    spec = importlib.util.spec_from_file_location(f"example_{name}", ROOT / "examples" / name / "run.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.timeout(180)
def test_three_readers_keep_going_through_a_reshard(new_server, tmp_path):
    server, archive = new_server(), tmp_path / "archive"
    archive.mkdir()
    iot, out = example("iot"), io.StringIO()
    figures = iot.run(iot.Addresses(server.kafka, server.kinesis), archive, sensors=60, seconds=6, out=out)
    assert figures["shards read"] == 6, out.getvalue()


@pytest.mark.timeout(180)
def test_a_projector_that_is_killed_folds_every_event_once(new_server):
    figures = example("backbone").run(new_server().kafka, orders=100, out=io.StringIO())
    assert figures["log lines"] == 6_000
