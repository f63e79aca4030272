#!/usr/bin/env python3
"""Drives a Kinesis endpoint over HTTP/1.1 with JSON bodies made in advance, and says what the server spent.

No SDK takes part: it would cost more than the server does.

    kinesis.py --endpoint 127.0.0.1:4567 --pid SERVER_PID PHASE [PHASE ...]

Phases, all on one stream (made with --shards unless --stream names one that exists):
    put     --connections keep-alive connections send PutRecords of --per-call records until --records are stored
    get     one connection per shard reads everything back with GetRecords of --limit
    paced   --rate PutRecords calls/s for --seconds from intended times, and a reader per shard that polls 5 times a
            second, as often as AWS allows: latency of the call, and from the intended time until it was read

One JSON line per phase. Requests carry the headers of a signed call, but a made-up signature.
"""

import argparse
import base64
import http.client
import json
import os
import pathlib
import re
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from loads.row import emit  # noqa: E402
from measure.accounting import Accounting  # noqa: E402
from measure.percentiles import percentiles, timeline  # noqa: E402

SIGNATURE = ("AWS4-HMAC-SHA256 Credential=123456789012/20260101/us-east-1/kinesis/aws4_request, "
             "SignedHeaders=host, Signature=00")
BODIES = 8
READS_PER_SECOND = 5
NEXT_ITERATOR = re.compile(rb'"NextShardIterator"\s*:\s*"([^"]*)"')
STAMP = re.compile(rb'"PartitionKey"\s*:\s*"due-([0-9.]+)"')


class Connection:
    """One keep-alive connection; an error answer ends the load with AWS's own message."""

    def __init__(self, endpoint):
        self.http = http.client.HTTPConnection(endpoint.removeprefix("http://"), timeout=120)

    def call(self, operation, body):
        self.http.request("POST", "/", body if isinstance(body, (bytes, str)) else json.dumps(body), {
            "Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": f"Kinesis_20131202.{operation}",
            "Authorization": SIGNATURE, "X-Amz-Date": time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())})
        response = self.http.getresponse()
        data = response.read()
        if response.status != 200:
            raise SystemExit(f"kinesis: {operation} answered {response.status} {data[:300].decode('utf-8', 'replace')}")
        return data


def in_threads(jobs):
    """Runs all jobs at once; the first failure of any is raised after all have ended."""
    failures = []

    def guarded(job):
        try:
            job()
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=guarded, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def records_body(args, key_prefix, data):
    entries = [{"Data": data, "PartitionKey": f"{key_prefix}-{i}"} for i in range(args.per_call)]
    return json.dumps({"StreamName": args.stream, "Records": entries})


def random_data(args):
    return base64.b64encode(os.urandom(args.size)).decode()


def row(args, phase, records, seconds, spent, **more):
    emit(phase, "http.client", records, args.size, seconds, spent, target=args.endpoint, partitions=args.shards,
         connections=args.connections, per_call=args.per_call, **more)


def put(args):
    bodies = [records_body(args, f"key-{b}", random_data(args)) for b in range(BODIES)]
    left, times, lock, failed = [args.records // args.per_call], [], threading.Lock(), [0]

    def work():
        connection = Connection(args.endpoint)
        while True:
            with lock:
                if left[0] == 0:
                    return
                left[0] -= 1
                number = left[0]
            start = time.monotonic()
            answer = connection.call("PutRecords", bodies[number % BODIES])
            elapsed = time.monotonic() - start
            with lock:
                times.append(elapsed)
                failed[0] += answer.count(b'"ErrorCode"') if b'"FailedRecordCount":0' not in answer else 0

    spent, start = Accounting(args.pid), time.monotonic()
    in_threads([work] * args.connections)
    row(args, "put", len(times) * args.per_call, time.monotonic() - start, spent, calls=len(times),
        failed=failed[0], latency=percentiles(times))


def shards_of(args):
    answer = json.loads(Connection(args.endpoint).call("ListShards", {"StreamName": args.stream}))
    return [shard["ShardId"] for shard in answer["Shards"]]


def iterator_of(args, connection, shard, kind):
    return json.loads(connection.call("GetShardIterator", {
        "StreamName": args.stream, "ShardId": shard, "ShardIteratorType": kind}))["ShardIterator"]


def get(args):
    total, size, times, lock = [0], [0], [], threading.Lock()

    def work(shard):
        connection = Connection(args.endpoint)
        iterator = iterator_of(args, connection, shard, "TRIM_HORIZON")
        while iterator:
            start = time.monotonic()
            answer = connection.call("GetRecords", {"ShardIterator": iterator, "Limit": args.limit})
            elapsed = time.monotonic() - start
            count = answer.count(b'"SequenceNumber"')
            if count == 0:
                return
            with lock:
                times.append(elapsed)
                total[0] += count
                size[0] = max(size[0], len(answer))
            following = NEXT_ITERATOR.search(answer)
            iterator = following and following.group(1).decode()

    shards = shards_of(args)
    spent, start = Accounting(args.pid), time.monotonic()
    in_threads([lambda shard=shard: work(shard) for shard in shards])
    row(args, "get", total[0], time.monotonic() - start, spent, calls=len(times), largest_answer_bytes=size[0],
        latency=percentiles(times))


def paced(args):
    data, done, seen, lock, ended = random_data(args), [], [], threading.Lock(), threading.Event()
    count = int(args.rate * args.seconds)
    spent, start = Accounting(args.pid), time.monotonic()

    def write(worker):
        connection = Connection(args.endpoint)
        for i in range(worker, count, args.connections):
            due = start + i / args.rate
            if (wait := due - time.monotonic()) > 0:
                time.sleep(wait)
            entries = [{"Data": data, "PartitionKey": f"due-{due:.6f}", "ExplicitHashKey": str(n << 118)}
                       for n in range(args.per_call)]
            connection.call("PutRecords", json.dumps({"StreamName": args.stream, "Records": entries}))
            with lock:
                done.append((due, time.monotonic()))

    def read(shard):
        connection = Connection(args.endpoint)
        iterator = iterator_of(args, connection, shard, "TRIM_HORIZON")
        last = False
        while not last:
            last = ended.wait(1 / READS_PER_SECOND)
            answer = connection.call("GetRecords", {"ShardIterator": iterator, "Limit": args.limit})
            now = time.monotonic()
            with lock:
                seen.extend((float(due), now) for due in STAMP.findall(answer))
            iterator = NEXT_ITERATOR.search(answer).group(1).decode()

    def writers():
        in_threads([lambda worker=worker: write(worker) for worker in range(args.connections)])
        ended.set()

    in_threads([writers, *(lambda shard=shard: read(shard) for shard in shards_of(args))])
    seconds, figures = time.monotonic() - start, {}
    if args.timeline:
        figures["timeline"] = timeline([(due - start, at - due) for due, at in done], args.timeline)
    row(args, "paced", len(done) * args.per_call, seconds, spent, rate=args.rate,
        missing=len(done) * args.per_call - len(seen), ack=percentiles(at - due for due, at in done),
        end_to_end=percentiles(at - due for due, at in seen), **figures)


PHASES = {"put": put, "get": get, "paced": paced}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--endpoint", default="127.0.0.1:4567")
    parser.add_argument("--pid", type=int, action="append", default=[], help="a server process; repeatable")
    parser.add_argument("--stream", help="a stream that exists (default: a new one)")
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--size", type=int, default=1000, help="bytes of a record's data before base64")
    parser.add_argument("--per-call", type=int, default=500)
    parser.add_argument("--limit", type=int, default=10_000, help="Limit of GetRecords")
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--shards", type=int, default=4)
    parser.add_argument("--rate", type=float, default=4, help="calls/s of the paced phase")
    parser.add_argument("--seconds", type=float, default=10, help="length of the paced phase")
    parser.add_argument("--timeline", type=float, default=0, metavar="SECONDS", help="latency per SECONDS as well")
    parser.add_argument("phases", nargs="+", choices=PHASES, metavar="PHASE")
    return parser.parse_args()


def make_stream(args):
    """Creates the stream and waits until it is ACTIVE: a moment here, half a minute at AWS."""
    connection = Connection(args.endpoint)
    connection.call("CreateStream", {"StreamName": args.stream, "ShardCount": args.shards})
    deadline = time.monotonic() + 120
    while True:
        answer = json.loads(connection.call("DescribeStreamSummary", {"StreamName": args.stream}))
        if answer["StreamDescriptionSummary"]["StreamStatus"] == "ACTIVE":
            return
        if time.monotonic() > deadline:
            raise SystemExit(f"kinesis: stream {args.stream} is not ACTIVE after 120 s")
        time.sleep(0.05)


def main():
    args = arguments()
    if args.stream is None:
        args.stream = f"load-{time.time_ns()}"
        make_stream(args)
    for phase in args.phases:
        PHASES[phase](args)


if __name__ == "__main__":
    main()
