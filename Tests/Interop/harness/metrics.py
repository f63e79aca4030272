"""What a server says on /metrics."""

import re

import urllib3

# Families of a broker of a cluster.
CLUSTER = {
    "millrace_flush_upload_duration_seconds", "millrace_flush_commit_duration_seconds", "millrace_flushes_total",
    "millrace_flushed_bytes_total", "millrace_flush_upload_failures_total", "millrace_commit_records",
    "millrace_object_checkpoints_total", "millrace_object_store_requests_total",
    "millrace_object_store_request_failures_total", "millrace_object_store_bytes_total",
}
# Families that are only there once something is so: the data were verified as a whole; or the server is of a cluster.
LATER = {"millrace_scrub_last_pass_age_seconds"} | CLUSTER


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
