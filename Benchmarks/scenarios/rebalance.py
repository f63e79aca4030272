"""How soon a group has all partitions again when many members join at once, and when one leaves."""

import threading
import time

from confluent_kafka import Consumer

from measure.accounting import Accounting
from scenarios import topics

PROTOCOLS = {"classic": {"partition.assignment.strategy": "cooperative-sticky", "session.timeout.ms": 10_000},
             "consumer": {"group.protocol": "consumer"}}
# The time counts up to the moment from which nothing changed for this long.
SETTLED_SECONDS = 2.0


class Member(threading.Thread):
    """A consumer that knows what it was assigned."""

    def __init__(self, server, topic, group, settings):
        super().__init__(daemon=True)
        self.owned, self.leaves, self.topic = set(), threading.Event(), topic
        self.client = Consumer({"bootstrap.servers": server.kafka, "group.id": group, "log_level": 0,
                                "auto.offset.reset": "earliest"} | settings)

    def run(self):
        def gained(_, partitions):
            self.owned.update(p.partition for p in partitions)

        def lost(_, partitions):
            self.owned.difference_update(p.partition for p in partitions)

        self.client.subscribe([self.topic], on_assign=gained, on_revoke=lost, on_lost=lost)
        while not self.leaves.is_set():
            self.client.poll(0.1)
        self.client.close()
        self.owned.clear()


def settled(members, partitions, deadline=90.0):
    """When the members had all partitions between them, evenly, and kept them; None at the deadline."""
    since, end = None, time.monotonic() + deadline
    while time.monotonic() < end:
        sizes = [len(member.owned) for member in members]
        if sum(sizes) == partitions and min(sizes) >= partitions // len(members):
            since = since or time.monotonic()
            if time.monotonic() - since > SETTLED_SECONDS:
                return since
        else:
            since = None
        time.sleep(0.02)
    return None


def run(side, arguments, _options):
    topic, partitions = f"rebalance-{time.time_ns()}", arguments["partitions"]
    with side.server() as server:
        topics.create(server, topic, partitions)
        members = [Member(server, topic, topic, PROTOCOLS[arguments["protocol"]]) for _ in range(arguments["members"])]
        spent, start = Accounting(server.pids), time.monotonic()
        for member in members:
            member.start()
        joined = settled(members, partitions)
        left_at = time.monotonic()
        members[0].leaves.set()
        left = settled(members[1:], partitions)
        row = {"client": "librdkafka", "partitions": partitions, "members": len(members),
               "protocol": arguments["protocol"], "join_s": joined and round(joined - start, 2),
               "leave_s": left and round(left - left_at, 2), "seconds": round(time.monotonic() - start, 2)} | spent.close()
        for member in members:
            member.leaves.set()
        for member in members:
            member.join(30)
    return {"rebalance": row}
