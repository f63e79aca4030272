"""Percentiles of latencies that were all kept: exact, so no histogram is needed for a few hundred thousand of them."""

import math


def percentiles(seconds):
    """p50, p90, p99, p99.9 and the maximum in milliseconds of latencies in seconds; {} when there are none.

    Nearest rank: the value that at least the given share of all values does not exceed.
    """
    values = sorted(seconds)
    if not values:
        return {}

    def rank(share):
        return round(values[max(0, math.ceil(share * len(values)) - 1)] * 1000, 3)

    return {"p50_ms": rank(0.5), "p90_ms": rank(0.9), "p99_ms": rank(0.99), "p999_ms": rank(0.999),
            "max_ms": round(values[-1] * 1000, 3)}


def timeline(samples, bucket_seconds=1.0):
    """[{second, records, p50_ms, p99_ms}] of (seconds since the start, latency in seconds) pairs."""
    buckets = {}
    for at, latency in samples:
        buckets.setdefault(int(at / bucket_seconds), []).append(latency)
    rows = []
    for index in sorted(buckets):
        figures = percentiles(buckets[index])
        rows.append({"second": index * bucket_seconds, "records": len(buckets[index]),
                     "p50_ms": figures["p50_ms"], "p99_ms": figures["p99_ms"], "max_ms": figures["max_ms"]})
    return rows
