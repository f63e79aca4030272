"""Metadata that was changed, cut or removed while no server ran: mended from its copy, or a start that is refused."""

import pathlib
import shutil

import pytest
from confluent_kafka import TopicPartition

from harness import clients
from harness.server import Server, ServerError


@pytest.fixture
def killed(tmp_path):
    """A server with some records, killed."""
    server = Server(data_dir=tmp_path / "data")
    with server:
        producer = clients.producer(server)
        for number in range(100):
            producer.produce("orders", b"%d" % number, b"k%d" % number)
        assert producer.flush(30) == 0
        # Its data is in folders before the kill, as it is after a while.
        server.restart()
        server.kill9()
        yield server


def values(server):
    consumer = clients.consumer(server, **{"group.id": clients.unique("group")})
    try:
        partitions = list(consumer.list_topics("orders", timeout=20).topics["orders"].partitions)
        consumer.assign([TopicPartition("orders", number, 0) for number in partitions])
        found = []
        clients.wait_until(lambda: len(found) >= 100 or take(consumer, found), what="100 records")
        return sorted(found, key=int)
    finally:
        consumer.close()


def take(consumer, found):
    message = consumer.poll(0.2)
    if message is not None and message.error() is None:
        found.append(message.value())
    return len(found) >= 100


EXPECTED = [b"%d" % number for number in range(100)]


@pytest.mark.parametrize(("name", "change"), [
    ("metadata.sqlite", "bit"), ("metadata.sqlite", "deleted"), ("metadata.sqlite-wal", "bit"),
    ("metadata.sqlite-wal", "emptied"), ("metadata.mirror", "cut"), ("metadata.mirror", "deleted"),
])
def test_one_damaged_file_of_the_metadata_loses_no_topic(killed, name, change):
    file = killed.data_dir / name
    data = bytearray(file.read_bytes())
    if change == "bit" and data:
        data[min(5000, len(data) // 2)] ^= 4
        file.write_bytes(data)
    elif change == "cut":
        file.write_bytes(data[: len(data) // 2])
    elif change == "emptied":
        file.write_bytes(b"")
    elif change == "deleted":
        file.unlink()
    killed.start()
    assert values(killed) == EXPECTED


def test_lost_metadata_is_a_refused_start_and_nothing_is_deleted(killed):
    for path in killed.data_dir.glob("metadata.*"):
        path.unlink()
    folders = sorted(path.name for path in killed.data_dir.glob("orders-*"))
    assert folders
    with pytest.raises(ServerError):
        killed.start()
    assert "has data of" in killed.log() and "--accept-metadata-loss" in killed.log()
    assert sorted(path.name for path in killed.data_dir.glob("orders-*")) == folders

    killed.arguments = ["--accept-metadata-loss"]
    killed.start()
    producer = clients.producer(killed)
    producer.produce("orders", b"new")
    assert producer.flush(30) == 0
    kept = [path for path in killed.data_dir.glob("orders-*") if path.name.endswith("-foreign")]
    assert len(kept) == len(folders)
    assert any(log.stat().st_size > 0 for path in kept for log in pathlib.Path(path).glob("*.log"))

    killed.arguments = []
    killed.restart()


def test_a_topic_deleted_before_a_kill_is_no_lost_metadata(killed):
    killed.start()
    clients.admin(killed).delete_topics(["orders"])["orders"].result(20)
    killed.kill9()
    killed.start()
    assert killed.alive()


def test_records_that_only_the_journal_has_are_no_new_server(killed):
    killed.start()
    clients.produce_all(killed, "orders", [(None, b"in the journal")])
    killed.kill9()
    for path in [*killed.data_dir.glob("metadata.*"), *killed.data_dir.glob("*-checkpoint")]:
        path.unlink()
    for path in killed.data_dir.glob("*-[0-9]*"):
        shutil.rmtree(path)
    with pytest.raises(ServerError):
        killed.start()
    assert "has a journal with records, but no metadata" in killed.log()
    with pytest.raises(ServerError):
        killed.start()

    killed.arguments = ["--accept-metadata-loss"]
    killed.start()
    assert any((killed.data_dir / "journal.foreign").iterdir())
    assert killed.stop() == 0
