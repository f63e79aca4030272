"""The shape that the rows of all loads share."""

import json


def emit(phase, client, records, size, seconds, spent, **more):
    """Prints one JSON line; `spent` is the Accounting of the measurement, `more` what only this load knows."""
    mb = records * size / 1e6
    print(json.dumps({
        "phase": phase, "client": client, "size": size, "records": records, "mb": round(mb, 1),
        "seconds": round(seconds, 3), "records_per_s": round(records / seconds, 1),
        "mb_per_s": round(mb / seconds, 2)} | spent.close(records, mb) | more), flush=True)
