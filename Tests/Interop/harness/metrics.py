"""What a server says on /metrics."""

import re

import urllib3

# Families that are only there once something is so: the data were verified as a whole.
LATER = {"millrace_scrub_last_pass_age_seconds"}


def text(server, path="/metrics"):
    return urllib3.request("GET", f"http://{server.admin}{path}").data.decode()


def families(server):
    """The type of each family of the server's own; clients push others."""
    types = dict(re.findall(r"^# TYPE (\S+) (\w+)$", text(server), re.MULTILINE))
    return {name: kind for name, kind in types.items() if not name.startswith("kafka_client_")}


def values(server, path="/metrics"):
    """The value of each series, by its name with its labels."""
    lines = (line for line in text(server, path).splitlines() if line[:1] != "#")
    return {name: float(value) for name, value in (re.match(r"(\S+(?:\{.*\})?) (\S+)$", line).groups() for line in lines)}


def named(expression):
    """The families that a query names, the parts of histograms by their family."""
    names = set(re.findall(r"\b(?:millrace|process)_\w+", re.sub(r'"[^"]*"', "", expression)))
    return {re.sub(r"_(bucket|sum|count)$", "", name) for name in names}
