"""Record values: random bytes, or JSON lines that compress about as well as events do."""

import json
import os
import random


def payload(size, kind="random", seed=1):
    """`size` bytes. `random` does not compress; `json` is made-up web events, which do."""
    if kind == "random":
        return os.urandom(size)
    generator, text = random.Random(seed), ""
    while len(text) < size:
        text += json.dumps({
            "user": generator.getrandbits(48), "session": f"{generator.getrandbits(64):016x}",
            "path": generator.choice(["/", "/cart", "/search", "/item"]) + f"/{generator.randrange(10_000)}",
            "status": generator.choice([200, 200, 200, 304, 404]), "milliseconds": generator.randrange(1, 900),
            "agent": generator.choice(["Mozilla/5.0 (X11; Linux x86_64)", "Mozilla/5.0 (Macintosh)", "curl/8.5"]),
        }) + "\n"
    return text[:size].encode()


def payloads(size, kind):
    """A handful of different values, so that a batch is not one value over and over."""
    return [payload(size, kind, seed) for seed in range(16 if kind == "json" else 1)]
