"""How a benchmark run is made: servers, accounting of their processes, order of repeats, results, tables."""
