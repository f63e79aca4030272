"""Workloads that stop, start or kill the server: each a function of a side, that returns one row per phase."""

from scenarios import cbor, cold_reads, compact, coordination, fan_out, idle, memory, mixed, rebalance, reshard, restart, start

SCENARIOS = {
    "cbor": cbor.run,
    "cold-reads": cold_reads.run,
    "compact": compact.run,
    "coordination": coordination.run,
    "fan-out": fan_out.run,
    "idle": idle.run,
    "memory": memory.run,
    "mixed": mixed.run,
    "rebalance": rebalance.run,
    "reshard": reshard.run,
    "restart": restart.run,
    "start": start.run,
}
