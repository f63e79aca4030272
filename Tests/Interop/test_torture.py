"""The short form of `make torture`: blows under load, then everything that was acknowledged is looked for."""

import pytest

from harness import torture


@pytest.mark.timeout(300)
def test_what_was_acknowledged_survives_kills_power_cuts_full_disks_and_damage_is_reported():
    counts = torture.run(seed=1, rounds=5, damages=True)
    print(dict(counts))
    assert counts["records"] > 0 and counts["transactions"] > 0 and counts["puts"] > 0
