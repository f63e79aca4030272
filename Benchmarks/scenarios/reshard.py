"""A stream is split and merged while it is put to at a fixed rate: what that costs the puts."""

import base64
import json
import os
import threading
import time

from measure import percentiles, runner
from measure.accounting import Accounting
from scenarios import kinesis_client


def run(side, arguments, _options):
    name, per_call, size = f"reshard-{time.time_ns()}", arguments["per_call"], arguments["size"]
    seconds, connections, rate = arguments["seconds"], arguments["connections"], arguments["calls_per_second"]
    with side.server() as server:
        address = kinesis_client.address(side, server)
        body = json.dumps({"StreamName": name, "Records": [
            {"Data": base64.b64encode(os.urandom(size)).decode(), "PartitionKey": f"key-{n}"}
            for n in range(per_call)]}).encode()
        put = kinesis_client.request("PutRecords", body)
        latencies, failures, changes = [], [], []
        with kinesis_client.Connection(address) as control:
            kinesis_client.create_stream(control, name, arguments["shards"])
            begun = time.monotonic() + 0.2

            def write(index):
                """Open loop: a call's latency counts from when it was due."""
                try:
                    with kinesis_client.Connection(address) as connection:
                        for call in range(index, int(rate * seconds), connections):
                            due = begun + call / rate
                            time.sleep(max(0, due - time.monotonic()))
                            if b"ErrorCode" in connection.exchange(put):
                                raise runner.LoadFailed("records were refused")
                            latencies.append(time.monotonic() - due)
                except Exception as failure:  # noqa: BLE001 - told by the thread that waits
                    failures.append(failure)

            threads = [threading.Thread(target=write, args=(index,)) for index in range(connections)]
            spent = Accounting(server.pids)
            for thread in threads:
                thread.start()
            turn = 0
            while (at := begun + (turn + 1) * arguments["every"]) < begun + seconds - 0.5:
                time.sleep(max(0, at - time.monotonic()))
                target, started = arguments["shards"] * (2 if turn % 2 == 0 else 1), time.monotonic()
                control.call("UpdateShardCount", StreamName=name, TargetShardCount=target, ScalingType="UNIFORM_SCALING")
                changes.append(time.monotonic() - started)
                turn += 1
            for thread in threads:
                thread.join()
        if failures:
            raise runner.LoadFailed(str(failures[0]))
        records = len(latencies) * per_call
        mb = records * size / 1e6
        row = {"client": "sockets", "records": records, "mb": round(mb, 1), "reshards": len(changes),
               "reshard": percentiles.percentiles(changes), "ack": percentiles.percentiles(latencies)}
        return {"reshard": row | spent.close(records, mb)}
