"""PutRecords and GetRecords in CBOR 1.1, as the AWS SDKs for Java speak, over HTTP/1.1: bodies are made beforehand."""

import base64
import json
import os
import threading
import time

from measure import runner
from measure.accounting import Accounting
from scenarios import kinesis_client


def in_parallel(count, work):
    failures = []

    def guarded(index):
        try:
            work(index)
        except Exception as failure:  # noqa: BLE001 - told by the thread that waits
            failures.append(failure)

    threads = [threading.Thread(target=guarded, args=(index,)) for index in range(count)]
    begun = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise runner.LoadFailed(str(failures[0]))
    return time.monotonic() - begun


def figures(records, mb, seconds):
    return {"client": "sockets", "records": records, "mb": round(mb, 1), "seconds": round(seconds, 3),
            "records_per_s": round(records / seconds), "mb_per_s": round(mb / seconds, 1)}


def run(side, arguments, _options):
    name, encoding = f"encoded-{time.time_ns()}", arguments["encoding"]
    per_call, size, connections = arguments["per_call"], arguments["size"], arguments["connections"]
    calls = arguments["records"] // per_call // connections
    content_type = kinesis_client.CBOR if encoding == "cbor" else kinesis_client.JSON
    encode = kinesis_client.encode_cbor if encoding == "cbor" else lambda value: json.dumps(value).encode()
    datum = (lambda data: data) if encoding == "cbor" else lambda data: base64.b64encode(data).decode()
    with side.server() as server:
        address = kinesis_client.address(side, server)
        with kinesis_client.Connection(address) as connection:
            kinesis_client.create_stream(connection, name, connections)
            shards = [shard["ShardId"] for shard in connection.call("ListShards", StreamName=name)["Shards"]]
        body = encode({"StreamName": name, "Records": [
            {"Data": datum(os.urandom(size)), "PartitionKey": f"key-{n}"} for n in range(per_call)]})
        put = kinesis_client.request("PutRecords", body, content_type)

        def write(_):
            with kinesis_client.Connection(address) as connection:
                for _ in range(calls):
                    if b"ErrorCode" in connection.exchange(put):
                        raise runner.LoadFailed("records were refused")

        records = calls * per_call * connections
        mb = records * size / 1e6
        spent = Accounting(server.pids)
        rows = {"put": figures(records, mb, in_parallel(connections, write)) | spent.close(records, mb)}

        # An iterator in the answer is found by its name: nothing is decoded. In CBOR its length is two bytes behind it.
        def read(index):
            with kinesis_client.Connection(address) as connection:
                iterator = connection.call("GetShardIterator", StreamName=name, ShardId=shards[index],
                                           ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
                while True:
                    answer = connection.exchange(kinesis_client.request(
                        "GetRecords", encode({"ShardIterator": iterator, "Limit": 10_000}), content_type))
                    at = answer.rindex(b"NextShardIterator") + len("NextShardIterator")
                    if encoding == "cbor":
                        width = {0x78: 1, 0x79: 2}[answer[at]]
                        length = int.from_bytes(answer[at + 1:at + 1 + width])
                        iterator = answer[at + 1 + width:at + 1 + width + length].decode()
                    else:
                        iterator = answer[at + 3:answer.index(b'"', at + 3)].decode()
                    if b"SequenceNumber" not in answer:
                        return

        spent = Accounting(server.pids)
        rows["get"] = figures(records, mb, in_parallel(connections, read)) | spent.close(records, mb)
    return rows
