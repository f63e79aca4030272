"""aiobotocore: the asyncio client of Kinesis, in an environment of its own, as it pins an older botocore than boto3."""

import json
import pathlib
import subprocess

import pytest

from harness import clients
from harness.mapping import shard_id
from harness.server import ROOT

PYTHON = ROOT / ".venv-aiobotocore" / "bin" / "python"
SCRIPT = pathlib.Path(__file__).parent / "aiobotocore" / "round_trip.py"


@pytest.mark.skipif(not PYTHON.exists(), reason="no .venv-aiobotocore: run scripts/setup-venv")
def test_records_come_back_as_they_went_in(server):
    done = subprocess.run([str(PYTHON), str(SCRIPT), server.endpoint_url, clients.unique("aio")], capture_output=True, text=True,
                          timeout=60)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert (result["failed"], result["error"]) == (0, "ResourceNotFoundException")
    assert result["shards"] == [shard_id(0), shard_id(1)] and result["shard_of_last"] in result["shards"]
    sent = [(f"k{i % 50}", f"v{i}") for i in range(1000)] + [("last", "last")]
    assert sorted(tuple(record) for page in result["pages"] for record in page) == sorted(sent)
    # A key's records are in one shard.
    for key in ("k0", "k49"):
        holding = [page for page in result["pages"] if any(name == key for name, _ in page)]
        assert len(holding) == 1
