"""Programs that drive a server, each with clients that are not ours, except `own.py`; one JSON line per measurement.

Each runs by itself against any server: `python Benchmarks/loads/librdkafka.py --help`.
"""
