"""aiokafka: the asyncio client, with its group coordinator and its idempotent producer."""

import asyncio

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from harness import clients


def run(coroutine, deadline=60):
    return asyncio.run(asyncio.wait_for(coroutine, deadline))


def test_records_come_back_as_they_went_in(server, topic):
    async def scenario():
        async with AIOKafkaProducer(bootstrap_servers=server.kafka, acks="all", enable_idempotence=True, linger_ms=5) as producer:
            sent = [await producer.send(topic, b"v%d" % i, key=b"k%d" % (i % 7), headers=[("n", b"%d" % i)]) for i in range(1000)]
            places = await asyncio.gather(*sent)
        consumer = AIOKafkaConsumer(topic, bootstrap_servers=server.kafka, auto_offset_reset="earliest")
        await consumer.start()
        try:
            got = {}
            while len(got) < 1000:
                record = await consumer.getone()
                got[record.partition, record.offset] = record
        finally:
            await consumer.stop()
        for i, place in enumerate(places):
            record = got[place.partition, place.offset]
            assert (record.key, record.value, record.headers) == (b"k%d" % (i % 7), b"v%d" % i, (("n", b"%d" % i),))

    run(scenario())


def test_two_members_share_a_topic_and_one_takes_over(server, topic):
    async def scenario():
        group = clients.unique("group")

        async def member():
            consumer = AIOKafkaConsumer(topic, bootstrap_servers=server.kafka, group_id=group, auto_offset_reset="earliest",
                                        session_timeout_ms=6000, heartbeat_interval_ms=300, enable_auto_commit=False)
            await consumer.start()
            return consumer

        async def assigned(*counts_of):
            while True:
                sizes = [len(consumer.assignment()) for consumer in counts_of]
                if sum(sizes) == 3 and all(sizes):
                    return
                await asyncio.sleep(0.05)

        one = await member()
        await asyncio.wait_for(assigned(one), 30)
        two = await member()
        await asyncio.wait_for(assigned(one, two), 30)
        assert not one.assignment() & two.assignment()
        await one.stop()
        await asyncio.wait_for(assigned(two), 30)
        await two.stop()

    run(scenario(), 120)


def test_commits_are_read_back(server, topic):
    async def scenario():
        group = clients.unique("group")
        consumer = AIOKafkaConsumer(bootstrap_servers=server.kafka, group_id=group, enable_auto_commit=False)
        await consumer.start()
        try:
            partition = TopicPartition(topic, 2)
            consumer.assign([partition])
            assert await consumer.committed(partition) is None
            await consumer.commit({partition: (17, "note")})
            assert await consumer.committed(partition) == 17
        finally:
            await consumer.stop()

    run(scenario())


def test_admin_creates_and_deletes(server):
    async def scenario():
        name = clients.unique("aio")
        admin = AIOKafkaAdminClient(bootstrap_servers=server.kafka)
        await admin.start()
        try:
            await admin.create_topics([NewTopic(name, num_partitions=2, replication_factor=1)])
            assert name in await admin.list_topics()
            await admin.delete_topics([name])
            assert name not in await admin.list_topics()
        finally:
            await admin.close()

    run(scenario())
