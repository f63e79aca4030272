"""What the interoperability tests, the examples and scripts/figures share: a server process and the facts of the mapping."""
