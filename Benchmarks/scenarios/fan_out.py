"""Enhanced fan-out: many subscribers of one shard read what it has, side by side."""

import re
import threading
import time

from measure import runner
from measure.accounting import Accounting
from scenarios import kinesis_client

CAUGHT_UP = re.compile(rb'"MillisBehindLatest":0[,}]')


def subscribe(address, consumer, counts, index, failures):
    """Reads until an event says that there is nothing more; decodes nothing, so that the client costs little."""
    body = ('{"ConsumerARN":"%s","ShardId":"shardId-000000000000","StartingPosition":{"Type":"TRIM_HORIZON"}}'
            % consumer).encode()
    try:
        with kinesis_client.Connection(address) as connection:
            connection.socket.sendall(kinesis_client.request("SubscribeToShard", body))
            last, view = b"", memoryview(bytearray(1 << 20))
            while True:
                count = connection.socket.recv_into(view)
                if count == 0:
                    raise runner.LoadFailed("a subscription ended before it had caught up")
                counts[index] += count
                last = last[-64:] + bytes(view[max(0, count - 512):count])
                if CAUGHT_UP.search(last):
                    return
    except Exception as failure:  # noqa: BLE001 - told by the thread that waits
        failures.append(failure)


def run(side, arguments, _options):
    name, subscribers = f"fan-out-{time.time_ns()}", arguments["subscribers"]
    records, size = arguments["records"], arguments["size"]
    with side.server() as server:
        address = kinesis_client.address(side, server)
        with kinesis_client.Connection(address) as connection:
            arn = kinesis_client.create_stream(connection, name, 1)
            consumers = [connection.call("RegisterStreamConsumer", StreamARN=arn, ConsumerName=f"c{n}")["Consumer"][
                "ConsumerARN"] for n in range(subscribers)]
        runner.drive("librdkafka", server, None, {"topic": name, "records": records, "size": size}, ["produce"])
        counts, failures = [0] * subscribers, []
        threads = [threading.Thread(target=subscribe, args=(address, consumer, counts, index, failures))
                   for index, consumer in enumerate(consumers)]
        spent, begun = Accounting(server.pids), time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        seconds, mb = time.monotonic() - begun, subscribers * records * size / 1e6
        if failures:
            raise runner.LoadFailed(str(failures[0]))
        row = {"client": "sockets", "subscribers": subscribers, "records": subscribers * records, "mb": round(mb, 1),
               "wire_mb": round(sum(counts) / 1e6, 1), "seconds": round(seconds, 3),
               "records_per_s": round(subscribers * records / seconds), "mb_per_s": round(mb / seconds, 1)}
        return {"fan-out": row | spent.close(subscribers * records, mb)}
