"""A server under load of real clients that is killed, loses its power, runs out of disk and has its files damaged.

`torment` is one run under a seed: writers of both faces continue through everything, then all that was acknowledged is
looked for. `python -m harness.torture --minutes 10` repeats runs with growing seeds and prints what was checked.
"""

import argparse
import collections
import pathlib
import random
import sys
import tempfile
import threading
import time

import botocore.exceptions
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from harness import clients
from harness.loop_disk import LoopDisk, Unavailable
from harness.mapping import SequenceNumber, shard_id
from harness.server import Server

PARTITIONS = 3
SETTINGS = {"group.initial.rebalance.delay.ms": 0, "log.segment.bytes": 1 << 20, "transaction.max.timeout.ms": 60_000}


class Writer(threading.Thread):
    """Writes until it is told to stop, through everything that happens to the server. `errors` must stay empty."""

    def __init__(self, server, name):
        super().__init__(daemon=True)
        self.server, self.name_ = server, name
        self.errors, self.count = [], 0
        self._end = threading.Event()

    @property
    def goes_on(self):
        return not self._end.is_set()

    def finish(self):
        self._end.set()
        self.join(180)
        if self.is_alive():
            self.errors.append(f"{self.name_} does not end")


class IdempotentWriter(Writer):
    """A librdkafka producer with acks=all: every record is stored once, in order, at the place that was acknowledged."""

    def __init__(self, server, topic, name):
        super().__init__(server, name)
        self.topic, self.places, self.sent = topic, {}, 0

    def run(self):
        client = clients.producer(self.server, **{"message.timeout.ms": 150_000, "reconnect.backoff.max.ms": 200, "log_level": 0,
                                                  "retry.backoff.ms": 50, "queue.buffering.max.messages": 2000,
                                                  "socket.timeout.ms": 10_000})
        filling = random.Random(self.name_).randbytes(200)
        while self.goes_on:
            number = self.sent
            try:
                client.produce(self.topic, b"%d " % number + filling, self.name_, partition=number % PARTITIONS,
                               on_delivery=lambda error, message, number=number: self._delivered(error, message, number))
                self.sent += 1
            except BufferError:
                client.poll(0.05)
            client.poll(0)
        if left := client.flush(150):
            self.errors.append(f"{left} records are neither acknowledged nor refused")

    def _delivered(self, error, message, number):
        self.count += 1
        if error is None:
            self.places[number] = (message.partition(), message.offset())
        else:
            self.errors.append(f"record {number}: {error}")


class TransactionalWriter(Writer):
    """Transactions of six records over all partitions. `outcomes`: True committed, False aborted, None not known."""

    def __init__(self, server, topic, name):
        super().__init__(server, name)
        self.topic, self.outcomes = topic, {}

    def run(self):
        client = None
        while self.goes_on:
            try:
                if client is None:
                    client = clients.producer(self.server, **{"transactional.id": self.name_, "transaction.timeout.ms": 30_000,
                                                              "reconnect.backoff.max.ms": 200, "retry.backoff.ms": 50,
                                                              "log_level": 0})
                    client.init_transactions(30)
                self._transaction(client)
            except KafkaException as error:
                client = self._recover(client, error.args[0])

    def _transaction(self, client):
        number = len(self.outcomes)
        self.outcomes[number] = None
        client.begin_transaction()
        for index in range(2 * PARTITIONS):
            client.produce(self.topic, b"%d" % number, self.name_, partition=index % PARTITIONS)
        commits = number % 4 != 3
        (client.commit_transaction if commits else client.abort_transaction)(30)
        self.outcomes[number] = commits
        self.count += 1

    def _recover(self, client, error):
        """A transaction that may be aborted is; after anything else a new producer begins, which fences the old one."""
        if not error.txn_requires_abort():
            return None
        try:
            client.abort_transaction(30)
        except KafkaException:
            return None
        self.outcomes[len(self.outcomes) - 1] = False
        return client


class PutWriter(Writer):
    """PutRecords without retries: what gets no answer may be stored, once at most."""

    def __init__(self, server, stream):
        super().__init__(server, stream)
        self.stream, self.places, self.unknown = stream, {}, set()

    def run(self):
        boto, call = clients.kinesis(self.server), 0
        while self.goes_on:
            call += 1
            entries = [{"Data": b"%d-%d" % (call, index), "PartitionKey": f"{index}"} for index in range(20)]
            try:
                results = boto.put_records(StreamName=self.stream, Records=entries)["Records"]
            except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError):
                self.unknown.update(entry["Data"] for entry in entries)
                time.sleep(0.05)
                continue
            for entry, result in zip(entries, results):
                if "SequenceNumber" in result:
                    self.places[result["ShardId"], result["SequenceNumber"]] = entry["Data"]
                    self.count += 1
                elif result["ErrorCode"] == "InternalFailure":
                    self.unknown.add(entry["Data"])


class Reader:
    """Reads one partition by assignment, past what is damaged."""

    # CORRUPT_MESSAGE of the server, and librdkafka's own for what it cannot parse.
    DAMAGED = (KafkaError.INVALID_MSG, KafkaError._BAD_MSG)

    def __init__(self, server, topic, partition, **more):
        self.place, self.name = TopicPartition(topic, partition), f"{topic}-{partition}"
        self.client = clients.consumer(server, **{"fetch.error.backoff.ms": 10, "check.crcs": True, **more})
        self.low, self.high = self.client.get_watermark_offsets(self.place, timeout=30)
        self.stored, self.damaged, self.end = {}, set(), time.monotonic() + 150

    def read(self):
        """Fills `stored`, {offset: (key, value)}, and `damaged`, the offsets that were refused as such."""
        position = self.low
        self.client.assign([TopicPartition(self.place.topic, self.place.partition, position)])
        while position < self.high:
            assert time.monotonic() < self.end, f"{self.name} cannot be read at {position} of {self.high}"
            for message in self.client.consume(10_000, 0.5):
                if self._is_damaged(message):
                    after = self._sound_after(position)
                    self.damaged.update(range(position, after))
                    position = after
                    self._seek(position)
                    break
                if message.error() is None:
                    assert message.offset() >= position, f"{self.name}: {message.offset()} follows {position - 1}"
                    self.stored[message.offset()] = (message.key(), message.value())
                    position = message.offset() + 1
            else:
                # Markers of transactions, and what was aborted, move the position alone.
                position = max(position, self.client.position([self.place])[0].offset)
        self.client.close()

    def _is_damaged(self, message):
        error = message.error()
        if error is None or error.code() == KafkaError._PARTITION_EOF or error.retriable():
            return error is not None and error.code() in self.DAMAGED
        if error.code() in self.DAMAGED:
            return True
        raise KafkaException(error)

    def _seek(self, offset):
        if offset < self.high:
            self.client.seek(TopicPartition(self.place.topic, self.place.partition, offset))

    def _is_sound(self, offset):
        self._seek(offset)
        while True:
            assert time.monotonic() < self.end, f"{self.name} says nothing at {offset}"
            for message in self.client.consume(1, 1):
                return not self._is_damaged(message)

    def _sound_after(self, bad):
        """The first offset behind damage that is read again, or the end. Each answer takes a while: few are asked for."""
        step = 1
        while bad + step < self.high and not self._is_sound(bad + step):
            bad, step = bad + step, step * 2
        sound = min(bad + step, self.high)
        while sound - bad > 1:
            middle = (bad + sound) // 2
            if self._is_sound(middle):
                sound = middle
            else:
                bad = middle
        return sound


def read_partition(server, topic, partition, **more):
    """{offset: (key, value)} of a partition, and the offsets that were refused as damaged."""
    reader = Reader(server, topic, partition, **more)
    reader.read()
    return reader.stored, reader.damaged


class Torture:
    """One server with its writers, and what happens to it."""

    def __init__(self, directory, seed, disk=None):
        self.random, self.seed, self.disk = random.Random(seed), seed, disk
        self.counts = collections.Counter()
        root = disk.path if disk else pathlib.Path(directory)
        self.server = Server(root / "data", SETTINGS, log_path=pathlib.Path(directory) / "server.log").start()
        clients.create_topic(self.server, "plain", PARTITIONS)
        clients.create_topic(self.server, "transactions", PARTITIONS)
        clients.create_stream(self.server, "puts", 2)
        self.plain = [IdempotentWriter(self.server, "plain", name) for name in (b"a", b"b")]
        self.transactional = [TransactionalWriter(self.server, "transactions", name) for name in ("t0", "t1")]
        self.puts = PutWriter(self.server, "puts")
        self.writers = [*self.plain, *self.transactional, self.puts]

    # What happens

    def torment(self, rounds):
        """So many blows under load, then the check."""
        for writer in self.writers:
            writer.start()
        blows = [self.kill, self.kill, self.terminate] + ([self.cut, self.fill] if self.disk else [])
        for number in range(rounds):
            self.load()
            # Each kind comes in its turn, in an order of the seed's.
            if number % len(blows) == 0:
                self.random.shuffle(blows)
            blow = blows[number % len(blows)]
            self.counts[blow.__name__] += 1
            blow()
        self.load()
        for writer in self.writers:
            writer.finish()
        self.check()

    def load(self):
        """A random amount of work."""
        target = self.plain[0].count + self.random.randrange(1, 3000)
        clients.wait_until(lambda: self.plain[0].count >= target or any(w.errors for w in self.writers), 90, "progress", poll=0.001)

    def kill(self):
        self.server.kill9()
        self.server.start()

    def terminate(self):
        assert self.server.stop() == 0, self.server.log()
        self.server.start()

    def cut(self):
        """The file system is shut down without a flush; the process must end by itself."""
        self.disk.cut_power()
        clients.wait_until(lambda: not self.server.alive(), 60, "the end of the process", poll=0.01)
        self.server.kill9()
        self.disk.unmount()
        self.disk.mount()
        self.server.start()

    def fill(self):
        ballast = self.disk.fill()
        time.sleep(self.random.uniform(0.2, 2))
        ballast.unlink()

    def damage(self):
        """Changes a byte of a segment while the server is down. Returns its partition's folder."""
        self.server.kill9()
        logs = sorted(path for path in self.server.data_dir.glob("plain-*/*.log") if path.stat().st_size > 0)
        path = self.random.choice(logs)
        position = self.random.randrange(path.stat().st_size)
        with open(path, "r+b") as log:
            log.seek(position)
            byte = log.read(1)[0]
            log.seek(position)
            log.write(bytes([byte ^ 1 << self.random.randrange(8)]))
        self.counts["damage"] += 1
        self.server.start()
        return path.parent.name

    # What must hold

    def check(self, damaged_folder=None):
        problems = [f"{writer.name_}: {writer.errors[:2]}" for writer in self.writers if writer.errors]
        problems += self._check_plain(damaged_folder) + self._check_transactions() + self._check_puts()
        assert not problems, f"seed {self.seed}: {problems[:6]}\n{self.server.log(3000)}"

    def _check_plain(self, damaged_folder):
        problems, stored = [], {}
        for partition in range(PARTITIONS):
            records, damaged = read_partition(self.server, "plain", partition)
            if damaged and damaged_folder != f"plain-{partition}":
                problems.append(f"plain-{partition} is damaged at {min(damaged)}")
            self.counts["damaged offsets"] += len(damaged)
            offsets = sorted(records.keys() | damaged)
            if offsets != list(range(len(offsets))):
                problems.append(f"plain-{partition} has gaps")
            for writer in self.plain:
                numbers = [int(records[o][1].split()[0]) for o in sorted(records) if records[o][0] == writer.name_]
                if numbers != sorted(set(numbers)):
                    problems.append(f"plain-{partition}: {writer.name_} is out of order or doubled")
            stored.update({(partition, offset): record for offset, record in records.items()})
            stored.update({(partition, offset): None for offset in damaged})
        for writer in self.plain:
            for number, place in writer.places.items():
                record = stored.get(place, "nothing")
                # A resent record that was stored already is acknowledged without its offset.
                if place[1] >= 0 and record is not None and (record[0], record[1].split()[0:1]) != (writer.name_, [b"%d" % number]):
                    problems.append(f"{writer.name_} {number} is not at {place}: {record[:2]}")
        self.counts["records"] += len(stored)
        return problems

    def _check_transactions(self):
        seen = collections.Counter()
        for partition in range(PARTITIONS):
            records, _ = read_partition(self.server, "transactions", partition, **{"isolation.level": "read_committed"})
            seen.update((key.decode(), int(value)) for key, value in records.values())
        problems = []
        for writer in self.transactional:
            for number, outcome in writer.outcomes.items():
                count = seen.pop((writer.name_, number), 0)
                allowed = {True: {2 * PARTITIONS}, False: {0}, None: {0, 2 * PARTITIONS}}[outcome]
                if count not in allowed:
                    problems.append(f"transaction {number} of {writer.name_}, outcome {outcome}, has {count} records")
        self.counts["transactions"] += sum(len(writer.outcomes) for writer in self.transactional)
        return problems + [f"unknown transactions {list(seen)[:3]}"] * bool(seen)

    def _check_puts(self):
        boto = clients.kinesis(self.server, attempts=10)
        stored = {(shard, record["SequenceNumber"]): record["Data"]
                  for shard, records in clients.read_stream(boto, "puts").items() for record in records}
        problems = [f"put {data} is not at {place}" for place, data in self.puts.places.items() if stored.get(place) != data]
        strangers = collections.Counter(data for place, data in stored.items() if place not in self.puts.places)
        problems += [f"put {data} is stored {count} times" for data, count in strangers.items()
                     if count > 1 or data not in self.puts.unknown]
        for ordinal in range(2):
            offsets = sorted(SequenceNumber.decode(number).offset for shard, number in stored if shard == shard_id(ordinal))
            if offsets != list(range(len(offsets))):
                problems.append(f"{shard_id(ordinal)} has gaps")
        self.counts["puts"] += len(stored)
        return problems

    def close(self):
        for writer in self.writers:
            writer._end.set()
        self.server.close()


def run(seed, rounds, damages):
    """One run on a disk of its own where that is possible; returns what was counted."""
    with tempfile.TemporaryDirectory(prefix="millrace-torture-") as directory:
        disk = None
        try:
            disk = LoopDisk(directory, megabytes=600)
        except Unavailable as reason:
            print(f"no power cuts and no full disk: {reason}", file=sys.stderr)
        torture = None
        try:
            torture = Torture(directory, seed, disk)
            torture.torment(rounds)
            if damages:
                torture.check(torture.damage())
            return torture.counts
        finally:
            if torture is not None:
                torture.close()
            if disk is not None:
                disk.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=1, help="of the first run; the next ones count up")
    parser.add_argument("--rounds", type=int, default=10, help="blows in one run")
    arguments = parser.parse_args()
    end, seed, total = time.monotonic() + arguments.minutes * 60, arguments.seed, collections.Counter()
    while time.monotonic() < end:
        counts = run(seed, arguments.rounds, damages=True)
        print(f"seed {seed}: {dict(counts)}", flush=True)
        total.update(counts)
        seed += 1
    print(f"torture: {seed - arguments.seed} runs, {dict(total)}")


if __name__ == "__main__":
    main()
