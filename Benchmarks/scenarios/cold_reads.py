"""Catch-up reads of a server that has just started, with none of its data in the page cache."""

import os
import pathlib

from measure import runner
from scenarios import topics


def drop_page_cache(folder):
    """Asks the kernel to forget the pages of every file below `folder`; dirty ones are written first, or they stay."""
    for path in pathlib.Path(folder).rglob("*"):
        if path.is_file():
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.fsync(descriptor)
                os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            finally:
                os.close(descriptor)


def read_bytes(pid):
    """Bytes that a process has caused to be fetched from storage (proc(5), io)."""
    for line in pathlib.Path(f"/proc/{pid}/io").read_text().splitlines():
        if line.startswith("read_bytes:"):
            return int(line.split()[1])
    return 0


def run(side, arguments, _options):
    topic, partitions = "cold", arguments["partitions"]
    shape = {"topic": topic, "partitions": partitions, "records": arguments["records"], "size": arguments["size"]}
    with side.server() as server:
        topics.create(server, topic, partitions, arguments["topic_config"])
        runner.drive("librdkafka", server, None, shape, ["produce"])
        if server.stop() != 0:
            raise runner.LoadFailed(f"the server did not stop cleanly: {server.log(300)}")
        drop_page_cache(server.data_dir)
        server.start(deadline=120)
        before = read_bytes(server.pid)
        row = runner.drive("librdkafka", server, None, shape, ["consume"])[0]
        # Far below `mb` means that the cache was not cold after all.
        row["disk_read_mb"] = round((read_bytes(server.pid) - before) / 1e6, 1)
    return {"consume": row}
