"""Damage at rest: `check` names it and changes nothing, `repair` mends it, and the server serves everything else.

A server under a real client writes, is stopped, and each kind of damage is made to its files.
"""

import hashlib
import json
import shutil
import subprocess
import urllib.request

import pytest
from confluent_kafka import KafkaError, TopicPartition

from harness import clients
from harness.server import Server, binary

TOPIC = "orders"
COUNT = 2000


@pytest.fixture(scope="module")
def stopped(tmp_path_factory):
    """A server with records in segments of a few batches, stopped in order."""
    server = Server(data_dir=tmp_path_factory.mktemp("damage") / "data")
    with server:
        clients.create_topic(server, TOPIC, 1, {"segment.bytes": "1048576"})
        producer = clients.producer(server, **{"linger.ms": 0, "batch.num.messages": 20, "enable.idempotence": True})
        for number in range(COUNT):
            producer.produce(TOPIC, b"%06d" % number + b"x" * 2000, partition=0)
            if number % 20 == 19:
                assert producer.flush(30) == 0
        assert server.stop() == 0
        yield server.data_dir


@pytest.fixture
def data(stopped, tmp_path):
    copy = tmp_path / "data"
    shutil.copytree(stopped, copy)
    return copy


def run(*arguments):
    done = subprocess.run([binary(), *map(str, arguments)], capture_output=True, timeout=120)
    assert done.returncode in (0, 1, 64, 66, 74, 75), done.stderr.decode()
    return done


def check(data):
    """The findings that are damage, and the exit code."""
    before = digest(data)
    done = run("check", "--format", "json", data)
    assert digest(data) == before, "check changed something"
    report = json.loads(done.stdout)
    findings = report["findings"] + [f for p in report["partitions"] for f in p["findings"]]
    return [f for f in findings if f["severity"] == "damage"], done.returncode


def digest(data):
    total = hashlib.sha256()
    for path in sorted(data.rglob("*")):
        total.update(str(path.relative_to(data)).encode())
        if path.is_file():
            total.update(path.read_bytes())
    return total.hexdigest()


def served(data, lost=()):
    """Every offset that the server reads, and those that it answers an error for.

    Of a range that is expected to be lost the first and the last offset are tried.
    """
    server = Server(data_dir=data)
    with server:
        consumer = clients.consumer(server, **{"check.crcs": True})
        try:
            low, high = consumer.get_watermark_offsets(TopicPartition(TOPIC, 0), timeout=20)
            assert (low, high) == (0, COUNT)
            good, bad, offset = set(), set(), 0
            consumer.assign([TopicPartition(TOPIC, 0, offset)])
            while offset < COUNT:
                message = consumer.poll(10)
                assert message is not None, f"nothing at offset {offset}"
                if message.error() is None:
                    # Offsets that were left out without an error would be a lie.
                    assert message.offset() == offset
                    assert message.value()[:6] == b"%06d" % offset
                    good.add(offset)
                    offset += 1
                    continue
                assert message.error().code() in (KafkaError.INVALID_MSG, KafkaError._BAD_MSG), message.error()
                end = offset + 1
                while end in lost:
                    end += 1
                bad.update(range(offset, end))
                offset = max(offset + 1, end - 1) if offset in lost and offset + 1 < end else end
                consumer.seek(TopicPartition(TOPIC, 0, offset))
            return good, bad
        finally:
            consumer.close()
            assert server.stop() == 0


def folder(data):
    return data / f"{TOPIC}-0"


def segments(data):
    return sorted(folder(data).glob("*.log"))


def flip(path, position, bit=4):
    contents = bytearray(path.read_bytes())
    contents[position] ^= bit
    path.write_bytes(contents)


def only_batch(data):
    flip(segments(data)[1], 300)


def length(data):
    flip(segments(data)[1], 10)


def base_offset(data):
    flip(segments(data)[1], 7)


def cut(data):
    path = segments(data)[1]
    path.write_bytes(path.read_bytes()[:-5])


def emptied(data):
    segments(data)[1].write_bytes(b"")


def deleted(data):
    segments(data)[1].unlink()


def first_deleted(data):
    segments(data)[0].unlink()


def last_batch(data):
    path = [path for path in segments(data) if path.stat().st_size][-1]
    flip(path, path.stat().st_size - 10)


@pytest.mark.parametrize("damage", [only_batch, length, base_offset, cut, emptied, deleted, first_deleted, last_batch])
def test_lost_offsets_are_named_and_refused_and_the_rest_is_served(data, damage):
    assert check(data) == ([], 0)
    damage(data)
    findings, code = check(data)
    assert code == 1
    lost = {o for f in findings if f["firstOffset"] is not None for o in range(f["firstOffset"], f["endOffset"])}
    assert 0 < len(lost) < COUNT // 3
    assert {f["partition"] for f in findings} == {f"{TOPIC}-0"}
    before = digest(data)
    dry = run("repair", data)
    assert dry.returncode == 1 and digest(data) == before
    assert b"nothing was changed" in dry.stdout and b"lost: orders-0" in dry.stdout
    assert run("repair", "--apply", data).returncode == 0
    assert check(data) == ([], 0)
    good, bad = served(data, lost)
    assert bad == lost
    assert good == set(range(COUNT)) - lost
    # What is lost stays known.
    assert check(data) == ([], 0)


def metadata_bit(data):
    # The first page's kind.
    flip(data / "metadata.sqlite", 100)
    return "metadata"


def metadata_deleted(data):
    (data / "metadata.sqlite").unlink()
    return "metadata"


def mirror_bit(data):
    flip(data / "metadata.mirror", 40)
    return "metadata-copy"


def index_bit(data):
    flip(sorted(folder(data).glob("*.index"))[1], 3)
    return "offset-index"


def time_index_bit(data):
    flip(sorted(folder(data).glob("*.timeindex"))[1], 4)
    return "time-index"


def empty_owner(data):
    (folder(data) / "partition.metadata").write_bytes(b"")
    return "owner"


def owner_bit(data):
    # Within the topic's ID.
    flip(folder(data) / "partition.metadata", 30, 1)
    return "owner"


def epochs_bit(data):
    # Epoch 0 becomes epoch 8, in which no producer could ever write again.
    flip(folder(data) / "leader-epoch-checkpoint", 4, 8)
    return "leader-epochs"


def recovery_points(data):
    (data / "recovery-point-offset-checkpoint").write_bytes(b"0\n1\n")
    return "checkpoint"


def recovery_copy(data):
    flip(data / "recovery-point-offset-checkpoint.checked", 20)
    return "checkpoint"


def producers(data):
    flip(data / "producer-state-checkpoint", 20)
    return "checkpoint"


def properties(data):
    (data / "meta.properties").write_bytes(b"version=7\n")
    return "properties"


@pytest.mark.parametrize("damage", [
    metadata_bit, metadata_deleted, mirror_bit, index_bit, time_index_bit, empty_owner, owner_bit, epochs_bit,
    recovery_points, recovery_copy, producers, properties,
])
def test_what_can_be_made_again_is_made_again_and_nothing_is_lost(data, damage):
    kind = damage(data)
    findings, code = check(data)
    assert code == 1
    assert [f["kind"] for f in findings] == [kind]
    assert run("repair", "--apply", data).returncode == 0
    assert check(data) == ([], 0)
    assert served(data) == (set(range(COUNT)), set())


@pytest.mark.parametrize("damage", [empty_owner, owner_bit, epochs_bit, recovery_points, recovery_copy])
def test_a_start_mends_side_files_by_itself_and_says_so(data, damage):
    damage(data)
    assert served(data) == (set(range(COUNT)), set())
    log = (data.parent / "server.log").read_text()
    assert len([line for line in log.splitlines() if " error millrace.storage" in line]) == 1, log
    assert "written again" in log or "made again" in log
    assert check(data) == ([], 0)


def test_damage_that_a_reader_meets_is_in_the_metrics_and_at_the_readiness_check(data):
    only_batch(data)
    with Server(data_dir=data) as server:
        def text(path):
            with urllib.request.urlopen(f"http://{server.admin}{path}", timeout=10) as answer:
                assert answer.status == 200
                return answer.read().decode()

        assert "damaged" not in text("/health/ready")
        assert "millrace_damaged_ranges 0" in text("/metrics")
        consumer = clients.consumer(server, **{"check.crcs": True})
        first = int(segments(data)[1].stem)
        consumer.assign([TopicPartition(TOPIC, 0, first)])
        message = clients.wait_until(lambda: consumer.poll(1), what="an answer")
        assert message.error().code() in (KafkaError.INVALID_MSG, KafkaError._BAD_MSG)
        consumer.close()
        ready = text("/health/ready").splitlines()
        assert ready[0] == "ready"
        assert ready[1].startswith(f"damaged: {TOPIC}-0 offsets {first} to ") and "checksum" in ready[1]
        metrics = text("/metrics")
        assert "millrace_damaged_ranges 1" in metrics
        assert f'millrace_partition_damaged_ranges{{topic="{TOPIC}",partition="0"}} 1' in metrics


def test_topics_are_made_again_from_folders_when_all_metadata_is_lost(data):
    for path in data.glob("metadata.*"):
        path.unlink()
    findings, code = check(data)
    assert code == 1 and "metadata" in {f["kind"] for f in findings}
    assert run("repair", "--apply", data).returncode == 1
    assert b"make topic orders again" in run("repair", "--metadata-from-folders", data).stdout
    assert run("repair", "--apply", "--metadata-from-folders", data).returncode == 0
    assert served(data) == (set(range(COUNT)), set())


def test_a_bit_in_the_journal_costs_what_only_the_journal_had(stopped, tmp_path):
    data = tmp_path / "killed"
    server = Server(data_dir=data)
    with server:
        producer = clients.producer(server, **{"linger.ms": 0})
        for number in range(10):
            producer.produce("events", b"%d" % number)
            assert producer.flush(30) == 0
        server.kill9()
    assert check(data) == ([], 0)
    journal = max((data / "journal").glob("*.journal"), key=lambda path: path.stat().st_size)
    contents = journal.read_bytes()
    rounds = [at for at in range(4096, len(contents), 4096) if contents[at:at + 4] == b"MRJr"]
    flip(journal, rounds[len(rounds) // 2] + 80)
    findings, code = check(data)
    assert code == 1 and "journal" in {f["kind"] for f in findings}
    assert run("repair", "--apply", data).returncode == 0
    assert check(data) == ([], 0)


def test_a_directory_in_use_and_no_directory_have_exit_codes_of_their_own(stopped, tmp_path):
    assert run("check", tmp_path / "nothing").returncode == 66
    data = tmp_path / "used"
    server = Server(data_dir=data)
    with server:
        done = run("check", data)
        assert done.returncode == 75 and b"in use by process" in done.stderr
        assert run("repair", "--apply", data).returncode == 75
