"""The order in which sides take turns, and what a set of repeats says: medians, spreads, ratios of pairs.

A machine drifts (clocks, caches, neighbours), so sides are interleaved A B B A: drift that is even over time hits
both alike, and each pair of neighbours gives one ratio of its own.
"""

import statistics


def rounds(sides, repeats):
    """`repeats` lists of sides, every second one backwards."""
    return [list(sides) if index % 2 == 0 else list(reversed(sides)) for index in range(repeats)]


def figure(row, path):
    """The number at a dotted path such as `ack.p99_ms`, or None."""
    value = row
    for key in path.split("."):
        if not isinstance(value, dict) or key not in value:
            return None
        value = value[key]
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _paths(row, prefix=""):
    for key, value in row.items():
        if isinstance(value, dict):
            yield from _paths(value, f"{prefix}{key}.")
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            yield prefix + key


def medians(rows):
    """One row like `rows` with the median of every number, and the rest from the first."""
    result = {key: value for key, value in rows[0].items() if not isinstance(value, (dict, list))}
    for path in dict.fromkeys(path for row in rows for path in _paths(row)):
        values = [value for row in rows if (value := figure(row, path)) is not None]
        place, keys = result, path.split(".")
        for key in keys[:-1]:
            place = place.setdefault(key, {})
        middle = statistics.median(values)
        place[keys[-1]] = round(middle, 4) if isinstance(middle, float) else middle
    return result


def spread(rows, path):
    """(lowest, highest) of a figure over the repeats, or None."""
    values = [value for row in rows if (value := figure(row, path)) is not None]
    return (min(values), max(values)) if values else None


def pair_ratios(ours, theirs, path):
    """The ratio ours/theirs of each pair of neighbours, sorted; pairs with a zero or a gap are left out."""
    ratios = []
    for mine, other in zip(ours, theirs):
        a, b = figure(mine, path), figure(other, path)
        if a is not None and b:
            ratios.append(a / b)
    return sorted(ratios)
