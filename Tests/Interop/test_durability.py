"""What was acknowledged is there after `kill -9` at any moment, at its offset, once."""

import collections
import random
import threading

import pytest
from confluent_kafka import TopicPartition

from harness import clients
from harness.mapping import SequenceNumber, shard_id

ROUNDS = 6


class Writer(threading.Thread):
    """An idempotent acks=all producer that continues through every crash; remembers each acknowledged place."""

    def __init__(self, server, topic, name, partitions):
        super().__init__(daemon=True)
        self.topic, self.name_, self.partitions = topic, name, partitions
        self.acked, self.errors, self.sent = {}, [], 0
        self.client = clients.producer(server, **{"message.timeout.ms": 120_000, "reconnect.backoff.max.ms": 200,
                                                  "retry.backoff.ms": 50, "queue.buffering.max.messages": 5000,
                                                  "socket.timeout.ms": 10_000})
        self._end = threading.Event()

    def run(self):
        while not self._end.is_set():
            number = self.sent
            try:
                self.client.produce(self.topic, b"%d" % number, self.name_, partition=number % self.partitions,
                                    on_delivery=lambda error, message, number=number: self._delivered(error, message, number))
                self.sent += 1
            except BufferError:
                self.client.poll(0.05)
            self.client.poll(0)
        left = self.client.flush(120)
        if left:
            self.errors.append(f"{left} records neither acknowledged nor refused")

    def _delivered(self, error, message, number):
        if error is None:
            self.acked[number] = (message.partition(), message.offset())
        else:
            self.errors.append(str(error))

    def finish(self):
        self._end.set()
        self.join(150)
        assert not self.is_alive()


def watermarks(server, topic):
    client = clients.consumer(server)
    try:
        return client.get_watermark_offsets(TopicPartition(topic, 0), timeout=20)
    finally:
        client.close()


def crash(server, rng, writer):
    """Kills the server at a random moment of a random amount of further work."""
    target = len(writer.acked) + rng.randrange(1, 8000)
    clients.wait_until(lambda: len(writer.acked) >= target or writer.errors, 60, "acknowledgements", poll=0.001)
    server.kill9()
    server.start()


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.timeout(400)
def test_acknowledged_records_survive_kills_and_producers_continue_without_duplicates(new_server, seed):
    server, rng = new_server(), random.Random(seed)
    topic = clients.create_topic(server, "crash", 3)
    writers = [Writer(server, topic, name, 3) for name in (b"a", b"b")]
    for writer in writers:
        writer.start()
    for _ in range(ROUNDS):
        crash(server, rng, writers[0])
    for writer in writers:
        writer.finish()
    assert [w.errors for w in writers] == [[], []]

    total = sum(w.sent for w in writers)
    messages = clients.read_all(server, topic, total, deadline=120)
    stored = {(m.partition(), m.offset()): (m.key(), int(m.value())) for m in messages}
    for writer in writers:
        assert len(writer.acked) == writer.sent
        lost = [(n, place) for n, place in writer.acked.items() if place[1] >= 0 and stored.get(place) != (writer.name_, n)]
        assert not lost, f"seed {seed}: acknowledged but not at its offset: {lost[:5]}"
    counts = collections.Counter(stored.values())
    assert len(stored) == total and max(counts.values()) == 1, f"seed {seed}: duplicates"
    for partition in range(3):
        offsets = sorted(o for p, o in stored if p == partition)
        assert offsets == list(range(len(offsets)))
        for writer in writers:
            numbers = [stored[partition, o][1] for o in offsets if stored[partition, o][0] == writer.name_]
            assert numbers == sorted(numbers), f"seed {seed}: out of order"


def test_a_watermark_never_goes_back(new_server):
    """No reader sees a record that a crash takes back: what was read before a kill is there after it."""
    server, rng = new_server(), random.Random(7)
    topic = clients.create_topic(server, "seen", 1)
    writer = Writer(server, topic, b"w", 1)
    writer.start()
    try:
        for _ in range(3):
            crash(server, rng, writer)
            watermark = watermarks(server, topic)[1]
            before = {m.offset(): m.value() for m in clients.read_all(server, topic, watermark, partitions=[0])}
            server.kill9()
            server.start()
            after = {m.offset(): m.value() for m in clients.read_all(server, topic, watermark, partitions=[0])}
            assert after == before
    finally:
        writer.finish()
    assert writer.errors == []


def test_acknowledged_puts_survive_kills(new_server):
    server, rng = new_server(), random.Random(3)
    boto = clients.kinesis(server, attempts=10)
    name, acked = clients.create_stream(server, "puts", 2, boto), {}
    for _ in range(4):
        for call in range(rng.randrange(3, 20)):
            entries = [{"Data": b"%d-%d" % (call, i), "PartitionKey": f"{i}"} for i in range(50)]
            for entry, result in zip(entries, clients.put_all(boto, name, entries)):
                acked[result["ShardId"], result["SequenceNumber"]] = entry["Data"]
        server.kill9()
        server.start()
    stored = {(shard, r["SequenceNumber"]): r["Data"] for shard, records in clients.read_stream(boto, name).items() for r in records}
    assert stored == acked
    offsets = sorted(SequenceNumber.decode(n).offset for shard, n in acked if shard == shard_id(0))
    assert offsets == list(range(len(offsets)))


def test_iterators_survive_a_restart(new_server):
    server = new_server()
    boto = clients.kinesis(server, attempts=10)
    name = clients.create_stream(server, "iterators", 1, boto)
    clients.put_all(boto, name, [{"Data": b"%d" % i, "PartitionKey": "k"} for i in range(10)])
    position = boto.get_records(ShardIterator=clients.iterator(boto, name, shard_id(0)), Limit=4)["NextShardIterator"]
    server.kill9()
    server.start()
    assert [int(r["Data"]) for r in boto.get_records(ShardIterator=position)["Records"]] == list(range(4, 10))


def test_topics_configs_and_deletions_survive_a_kill(new_server):
    server = new_server()
    kept, gone = clients.create_topic(server, "kept", 4, {"retention.ms": "123456789"}), clients.create_topic(server, "gone")
    clients.produce_all(server, kept, [(b"k", b"v", {"partition": 3})])
    clients.admin(server).delete_topics([gone])[gone].result(20)
    server.kill9()
    server.start()
    topics = clients.admin(server).list_topics(timeout=20).topics
    assert kept in topics and gone not in topics and len(topics[kept].partitions) == 4
    assert clients.create_topic(server, gone, 1) == gone
    assert watermarks(server, gone) == (0, 0), "a new topic of an old name holds nothing of the old one"


def test_sigterm_drains_and_exits_zero_under_load(new_server):
    server = new_server()
    topic = clients.create_topic(server, "drain", 1)
    writer = Writer(server, topic, b"w", 1)
    writer.start()
    try:
        clients.wait_until(lambda: len(writer.acked) > 2000, 30, "load")
        assert server.stop() == 0
        server.start()
    finally:
        writer.finish()
    assert writer.errors == []
    messages = clients.read_all(server, topic, writer.sent)
    assert [int(m.value()) for m in messages] == list(range(writer.sent))


def test_a_relaxed_topic_survives_a_process_crash(new_server):
    """With flush.messages at Kafka's default of never, a killed process still loses nothing that it acknowledged."""
    server = new_server()
    topic = clients.create_topic(server, "relaxed", 1, {"flush.messages": str(2**63 - 1)})
    clients.produce_all(server, topic, [(None, b"%d" % i, {"partition": 0}) for i in range(5000)])
    server.kill9()
    server.start()
    assert [int(m.value()) for m in clients.read_all(server, topic, 5000)] == list(range(5000))
