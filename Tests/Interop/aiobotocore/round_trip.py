"""Puts records with aiobotocore and reads them back; run by test_aiobotocore.py in aiobotocore's own environment.

    round_trip.py ENDPOINT_URL STREAM

Prints one JSON object; what it must hold is the test's business.
"""

import asyncio
import json
import sys

from aiobotocore.session import get_session
from botocore.exceptions import ClientError

RECORDS = 1000


async def read(client, stream, shard):
    iterator = (await client.get_shard_iterator(StreamName=stream, ShardId=shard, ShardIteratorType="TRIM_HORIZON"))["ShardIterator"]
    records = []
    while True:
        page = await client.get_records(ShardIterator=iterator, Limit=300)
        records += page["Records"]
        if not page["Records"] and page["MillisBehindLatest"] == 0:
            return [(record["PartitionKey"], record["Data"].decode()) for record in records]
        iterator = page["NextShardIterator"]


async def main(endpoint, stream):
    session = get_session()
    async with session.create_client("kinesis", endpoint_url=endpoint, region_name="eu-central-1", aws_access_key_id="any",
                                     aws_secret_access_key="any") as client:
        await client.create_stream(StreamName=stream, ShardCount=2)
        await client.get_waiter("stream_exists").wait(StreamName=stream, WaiterConfig={"Delay": 1, "MaxAttempts": 10})
        entries = [{"PartitionKey": f"k{i % 50}", "Data": b"v%d" % i} for i in range(RECORDS)]
        answers = await asyncio.gather(*(client.put_records(StreamName=stream, Records=entries[at:at + 250])
                                         for at in range(0, RECORDS, 250)))
        put = await client.put_record(StreamName=stream, PartitionKey="last", Data=b"last")
        shards = [shard["ShardId"] async for page in client.get_paginator("list_shards").paginate(StreamName=stream)
                  for shard in page["Shards"]]
        pages = await asyncio.gather(*(read(client, stream, shard) for shard in shards))
        try:
            await client.describe_stream_summary(StreamName="absent")
            error = None
        except ClientError as refused:
            error = refused.response["Error"]["Code"]
        await client.delete_stream(StreamName=stream)
        print(json.dumps({"failed": sum(answer["FailedRecordCount"] for answer in answers), "shards": shards, "pages": pages,
                          "error": error, "shard_of_last": put["ShardId"]}))


asyncio.run(main(*sys.argv[1:]))
