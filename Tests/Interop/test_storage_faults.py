"""A disk that loses its power under load, and one without a byte left."""

import urllib.error
import urllib.request

import pytest
from botocore.exceptions import ClientError
from confluent_kafka import KafkaError, KafkaException, Producer

from harness import clients
from harness.loop_disk import LoopDisk, Unavailable

# What a supervisor sees when the journal has failed (EX_IOERR).
STORAGE_EXIT = 74


@pytest.fixture
def disk(tmp_path):
    try:
        disk = LoopDisk(tmp_path, megabytes=400)
    except Unavailable as reason:
        pytest.skip(f"no disk of our own: {reason}")
    yield disk
    disk.close()


def readiness(server):
    """The status of /health/ready and what it says; `None` when nobody answers any more."""
    try:
        with urllib.request.urlopen(f"http://{server.admin}/health/ready", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError:
        return None


def consume(server, topic, count):
    """The values of a partition from its start."""
    return [message.value() for message in clients.read_all(server, topic, count)]


@pytest.mark.timeout(180)
def test_a_failed_journal_ends_readiness_and_the_process_and_loses_nothing(disk, new_server):
    server = new_server(data_dir=disk.path / "data")
    topic = clients.create_topic(server, "cut", 1)
    acknowledged, errors = [], []

    def delivered(error, message):
        if error is None:
            acknowledged.append(message.value())
        else:
            errors.append(error)

    client = Producer({"bootstrap.servers": server.kafka, "acks": "all", "linger.ms": 0, "message.timeout.ms": 15_000,
                       "retries": 0, "log_level": 0})
    for number in range(500):
        client.produce(topic, b"%d" % number, partition=0, on_delivery=delivered)
        client.poll(0)
    client.flush(20)
    assert len(acknowledged) == 500 and not errors
    disk.cut_power()
    client.produce(topic, b"after", partition=0, on_delivery=delivered)
    seen = []

    def ended():
        client.poll(0)
        answer = readiness(server)
        if answer is not None:
            seen.append(answer)
        return not server.alive()

    clients.wait_until(ended, 60, "the end of the process", poll=0.01)
    client.flush(20)
    assert server.process.wait(5) == STORAGE_EXIT, server.log()
    assert b"after" not in acknowledged
    failed = [text for status, text in seen if status == 503]
    assert failed and all(text.startswith("not ready: journal failed") for text in failed), seen[-3:]
    assert "the journal failed" in server.log()
    disk.unmount()
    disk.mount()
    server.start()
    assert readiness(server)[0] == 200
    assert consume(server, topic, 500) == acknowledged
    assert server.stop() == 0


@pytest.mark.timeout(180)
def test_on_a_full_disk_topics_and_records_can_be_deleted_and_errors_say_what_it_is(disk, new_server):
    server = new_server(data_dir=disk.path / "data")
    for name in ("kept", "gone"):
        clients.create_topic(server, name, 1)
        clients.produce_all(server, name, [(None, b"%d" % number) for number in range(200)])
    ballast = disk.fill()
    errors = []
    client = Producer({"bootstrap.servers": server.kafka, "acks": "all", "message.timeout.ms": 30_000, "retries": 0,
                       "log_level": 0})

    def push():
        client.produce("kept", bytes(500_000), partition=0, on_delivery=lambda error, _: error and errors.append(error))
        client.poll(0.2)
        return errors

    clients.wait_until(push, 120, "a full disk", poll=0)
    assert errors[0].code() == KafkaError.KAFKA_STORAGE_ERROR, errors[0]

    def put():
        try:
            clients.kinesis(server).put_record(StreamName="kept", Data=bytes(500_000), PartitionKey="k")
        except ClientError as error:
            return error.response["Error"]

    refusal = clients.wait_until(put, 60, "a put that is refused", poll=0)
    assert refusal["Code"] == "InternalFailure" and "disk of the server is full" in refusal["Message"]
    assert readiness(server)[0] == 200
    clients.admin(server).delete_topics(["gone"], request_timeout=30)["gone"].result(30)
    with pytest.raises(KafkaException):
        clients.admin(server).delete_topics(["gone"], request_timeout=30)["gone"].result(30)
    ballast.unlink()
    clients.wait_until(lambda: clients.produce_all(server, "kept", [(None, b"more")]), 60, "room")
    assert server.stop() == 0
    server.start()
    topics = clients.admin(server).list_topics(timeout=20).topics
    assert "kept" in topics and "gone" not in topics
    assert consume(server, "kept", 200) == [b"%d" % number for number in range(200)]
