#!/usr/bin/env python3
"""Event sourcing and log aggregation over Kafka's protocol, from one command.

Event sourcing. A shop writes what happens to its orders into `order-events`, keyed by order. A projector folds the events into the
state of each order and writes that to the compacted topic `orders`, in transactions that commit its offsets as well: consume,
transform, produce, exactly once. It is killed in the middle of a transaction, twice, and another one takes over. At the end the
state that a new reader builds from `orders` must be that of the events, folded by hand, and each order must have as many committed
versions as it has events: none twice, none from an aborted transaction.

Log aggregation. Three services write log lines to `logs`; an aggregator that is slow for a while falls behind. A watcher asks the
group coordinator for the committed offsets, compares them with the ends of the partitions, and raises an alert when the lag grows
beyond a limit; the alert must be raised once and be cleared once the aggregator has caught up.

    examples/backbone/run.py [--orders 300] [--server HOST:PORT]
"""

import argparse
import contextlib
import json
import pathlib
import random
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "Tests" / "Interop"))

from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, Producer, TopicPartition  # noqa: E402
from confluent_kafka.admin import AdminClient, NewTopic, OffsetSpec  # noqa: E402

EVENTS, ORDERS, LOGS = "order-events", "orders", "logs"
PARTITIONS = 4
LIFE = ("placed", "paid", "packed", "shipped", "delivered")
SERVICES = ("shop", "billing", "warehouse")


def consumer(address, group, **more):
    return Consumer({"bootstrap.servers": address, "group.id": group, "auto.offset.reset": "earliest",
                     "enable.auto.commit": False, "session.timeout.ms": 6_000, "log_level": 4, **more})


def create_topics(address):
    admin = AdminClient({"bootstrap.servers": address, "log_level": 4})
    known = admin.list_topics(timeout=10).topics
    for future in admin.delete_topics([name for name in (EVENTS, ORDERS, LOGS) if name in known] or [LOGS]).values():
        with contextlib.suppress(Exception):
            future.result(30)
    # Few and small segments, so that compaction has something to do within seconds.
    compacted = {"cleanup.policy": "compact", "segment.ms": "2000", "min.cleanable.dirty.ratio": "0.1"}
    topics = [NewTopic(EVENTS, PARTITIONS), NewTopic(ORDERS, PARTITIONS, config=compacted), NewTopic(LOGS, PARTITIONS)]
    for future in admin.create_topics(topics).values():
        future.result(30)


def write_events(address, orders, seed):
    """Each order lives through its states, in order; orders are mixed. Returns every order's events."""
    events, source = defaultdict(list), random.Random(seed)
    producer = Producer({"bootstrap.servers": address, "enable.idempotence": True, "log_level": 4})
    alive = list(range(orders))
    while alive:
        order = source.choice(alive)
        name = f"order-{order}"
        step = len(events[name])
        event = {"order": name, "step": step, "event": LIFE[step], "amount": source.randrange(1, 500) if step == 0 else None}
        events[name].append(event)
        producer.produce(EVENTS, json.dumps(event).encode(), name.encode())
        if step + 1 == len(LIFE) or (step > 0 and source.random() < 0.1):
            alive.remove(order)
    assert producer.flush(30) == 0
    return events


def fold(state, event):
    """The state of an order after an event."""
    state = dict(state or {"order": event["order"], "version": 0, "amount": 0})
    state["version"] += 1
    state["status"] = event["event"]
    state["amount"] = event["amount"] if event["amount"] is not None else state["amount"]
    return state


class Projector:
    """Folds events into states, a batch a transaction. `dies_after` transactions it is gone in the middle of the next one."""

    def __init__(self, address, dies_after=None):
        self.address, self.dies_after = address, dies_after
        self.states = {}

    def run(self, until):
        """Works until `until()` says that all is done; returns how many transactions were committed."""
        producer = Producer({"bootstrap.servers": self.address, "transactional.id": "projector", "log_level": 3,
                             "transaction.timeout.ms": 10_000})
        # Fences the one before, and ends what it left open.
        producer.init_transactions(30)
        self.states = latest(self.address)
        reader = consumer(self.address, "projector", **{"isolation.level": "read_committed"})
        reader.subscribe([EVENTS])
        committed = 0
        try:
            while not until(self.states):
                messages = [message for message in reader.consume(100, timeout=0.5) if not message.error()]
                if not messages:
                    continue
                producer.begin_transaction()
                for message in messages:
                    event = json.loads(message.value())
                    self.states[event["order"]] = state = fold(self.states.get(event["order"]), event)
                    producer.produce(ORDERS, json.dumps(state).encode(), message.key())
                if committed == self.dies_after:
                    # What it wrote is in the log, and nobody may ever read it.
                    producer.flush(30)
                    return committed
                producer.send_offsets_to_transaction(
                    reader.position(reader.assignment()), reader.consumer_group_metadata(), 30)
                producer.commit_transaction(30)
                committed += 1
        finally:
            reader.close()
        return committed


def committed_records(address, topic):
    """All committed records of a topic, in each partition's order."""
    reader = consumer(address, "none", **{"isolation.level": "read_committed", "enable.partition.eof": True})
    reader.assign([TopicPartition(topic, partition, 0) for partition in range(PARTITIONS)])
    ended = set()
    try:
        while len(ended) < PARTITIONS:
            message = reader.poll(10)
            assert message is not None, "no records and no end"
            if message.error():
                ended.add(message.partition())
            else:
                yield message
    finally:
        reader.close()


def latest(address):
    """The state of every order, as a new reader of the compacted topic builds it."""
    return {message.key().decode(): json.loads(message.value()) for message in committed_records(address, ORDERS)}


def lag(admin, group, topic):
    """Records behind, over all partitions: ends minus what is committed."""
    asked = admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)])
    committed = {part.partition: part.offset for part in asked[group].result(10).topic_partitions if part.topic == topic}
    ends = admin.list_offsets({TopicPartition(topic, partition): OffsetSpec.latest() for partition in range(PARTITIONS)})
    return sum(future.result(10).offset - max(0, committed.get(place.partition, 0)) for place, future in ends.items())


class Watcher(threading.Thread):
    """Raises an alert while the lag is beyond a limit."""

    def __init__(self, address, limit, line):
        super().__init__(daemon=True)
        self.admin = AdminClient({"bootstrap.servers": address, "log_level": 4})
        self.limit, self.line = limit, line
        self.alerts, self.raised, self.stopping = [], False, threading.Event()

    def run(self):
        while not self.stopping.wait(0.1):
            behind = lag(self.admin, "aggregator", LOGS)
            if not self.raised and behind > self.limit:
                self.raised = True
                self.alerts.append("raised")
                self.line(f"ALERT: group aggregator is {behind} records behind on {LOGS}")
            elif self.raised and behind == 0:
                self.raised = False
                self.alerts.append("cleared")
                self.line("cleared: group aggregator has caught up")


def aggregate_logs(address, line, lines=6_000, limit=2_000):
    watcher = Watcher(address, limit, line)
    watcher.start()
    counted, total = Counter(), Counter()
    reader = consumer(address, "aggregator")
    reader.subscribe([LOGS])
    producer = Producer({"bootstrap.servers": address, "linger.ms": 5, "log_level": 4})
    for number in range(lines):
        service = SERVICES[number % len(SERVICES)]
        level = "ERROR" if number % 97 == 0 else "INFO"
        total[service, level] += 1
        producer.produce(LOGS, f"{level} {service} line {number}".encode(), service.encode())
        producer.poll(0)
    assert producer.flush(30) == 0
    line(f"{lines} log lines written; the aggregator has not begun")
    deadline = time.monotonic() + 60
    while "raised" not in watcher.alerts and time.monotonic() < deadline:
        time.sleep(0.05)
    while sum(counted.values()) < lines and time.monotonic() < deadline:
        messages = [message for message in reader.consume(500, timeout=1) if not message.error()]
        for message in messages:
            level, service, *_ = message.value().decode().split()
            counted[service, level] += 1
        if messages:
            reader.commit(asynchronous=False)
    while "cleared" not in watcher.alerts and time.monotonic() < deadline:
        time.sleep(0.05)
    watcher.stopping.set()
    watcher.join(10)
    reader.close()
    assert counted == total, f"counted {counted}, written {total}"
    assert watcher.alerts == ["raised", "cleared"], watcher.alerts
    return total


def run(address, orders=300, seed=11, out=sys.stdout):
    """Runs both parts and returns their figures; raises AssertionError where something is wrong."""
    began = time.monotonic()

    def line(text):
        print(f"{time.monotonic() - began:6.1f} s  {text}", file=out, flush=True)

    create_topics(address)
    events = write_events(address, orders, seed)
    count = sum(map(len, events.values()))
    line(f"{orders} orders, {count} events")

    def is_done(states):
        return all(states.get(name, {"version": 0})["version"] == len(ours) for name, ours in events.items())

    transactions = 0
    for dies_after in (1, 2, None):
        transactions += Projector(address, dies_after).run(is_done)
        line("the projector was killed in the middle of a transaction" if dies_after is not None else "all events are folded")
    expected = {}
    for name, ours in events.items():
        for event in ours:
            expected[name] = fold(expected.get(name), event)
    assert latest(address) == expected, "the compacted topic does not hold the state of the events"
    versions = defaultdict(list)
    for message in committed_records(address, ORDERS):
        versions[message.key().decode()].append(json.loads(message.value())["version"])
    for name, seen in versions.items():
        assert seen == sorted(set(seen)) and seen[-1] == len(events[name]), f"{name}: versions {seen}"
    line(f"{transactions} transactions; a new reader finds the state of all {len(expected)} orders")

    total = aggregate_logs(address, line)
    errors = sum(count for (_, level), count in total.items() if level == "ERROR")
    figures = {"orders": orders, "events": count, "transactions": transactions, "log lines": sum(total.values()), "errors": errors}
    line("done: " + ", ".join(f"{value} {name}" for name, value in figures.items()))
    return figures


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, default=300)
    parser.add_argument("--server", metavar="HOST:PORT", help="a Kafka listener that runs (default: one is started)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="millrace-backbone-") as temporary, contextlib.ExitStack() as stack:
        address = options.server
        if not address:
            from harness.server import Server

            address = stack.enter_context(Server(pathlib.Path(temporary) / "data")).kafka
        run(address, options.orders)


if __name__ == "__main__":
    main()
