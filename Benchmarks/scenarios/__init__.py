"""Workloads that stop, start or kill the server: each a function of a side, that returns one row per phase."""

from scenarios import cold_reads, compact, idle, memory, mixed, rebalance, restart, start

SCENARIOS = {
    "cold-reads": cold_reads.run,
    "compact": compact.run,
    "idle": idle.run,
    "memory": memory.run,
    "mixed": mixed.run,
    "rebalance": rebalance.run,
    "restart": restart.run,
    "start": start.run,
}
