"""The main job on real input: examples/flights with all of its data."""

import importlib.util
import sys

import pytest

from harness.server import ROOT


def example():
    """The example's module, under the name that its own child processes can import again."""
    spec = importlib.util.spec_from_file_location("run", ROOT / "examples" / "flights" / "run.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["run"] = module
    sys.path.insert(0, str(ROOT / "examples" / "flights"))
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_every_flight_and_weather_report_agrees_in_both_directions_and_after_a_kill(new_server, tmp_path):
    figures = example().run(new_server(), tmp_path)
    assert (figures["flights"], figures["weather"]) == (336_776, 26_115)
    print(figures)
