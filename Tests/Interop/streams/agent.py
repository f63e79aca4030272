"""A faust agent that counts by key in a table and copies a topic, until it is terminated.

    agent.py BOOTSTRAP APPLICATION INPUT OUTPUT GUARANTEE DATA_DIRECTORY
"""

import sys

import faust

bootstrap, name, source, target, guarantee, directory = sys.argv[1:]
application = faust.App(name, broker=f"kafka://{bootstrap}", store="memory://", processing_guarantee=guarantee,
                        topic_partitions=2, topic_replication_factor=1, datadir=directory, web_enabled=False,
                        broker_commit_every=100)
copied = application.topic(target, value_serializer="json", partitions=2)
counts = application.Table("counts", default=int, partitions=2)


@application.agent(application.topic(source, value_type=int, partitions=2))
async def copy(stream):
    async for key, value in stream.items():
        counts[key] += 1
        await copied.send(key=key, value={"value": value, "count": counts[key]})


sys.argv = ["agent", "worker", "-l", "warn"]
application.main()
