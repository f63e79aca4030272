"""The command line around a server: status, top, doctor, check, profiles and the debug tools."""

import json
import os
import stat
import subprocess
import tarfile

import pytest

from harness import clients
from harness.server import binary


@pytest.fixture
def run(tmp_path):
    def command(*words, status=0, stdin=None, environment=None):
        base = {name: value for name, value in os.environ.items() if not name.startswith(("MILLRACE_", "AWS_"))}
        done = subprocess.run([str(binary()), *map(str, words)], input=stdin, capture_output=True, text=True, timeout=60,
                              env={**base, "XDG_CONFIG_HOME": str(tmp_path / "config"), **(environment or {})})
        assert done.returncode == status, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout if status == 0 else done.stdout + done.stderr
    return command


@pytest.fixture
def at(server):
    return ("--bootstrap", server.kafka, "--endpoint", f"http://{server.kinesis}", "--admin", f"http://{server.admin}")


def test_status_doctor_and_check(run, at, server, topic):
    status = json.loads(run("status", *at, "-o", "json"))
    assert status["topics"] >= 1 and status["offlinePartitions"] == 0 and status["failures"] == [] and status["health"] == "ready"
    assert [broker["address"] for broker in status["brokers"]] == [server.kafka]
    status = json.loads(run("status", *at[:2], "--admin", "http://127.0.0.1:1", "-o", "json", status=3).splitlines()[0])
    assert [failure["port"] for failure in status["failures"]] == ["admin"]
    findings = {row["check"]: row["result"] for row in json.loads(run("doctor", *at, "--data-dir", server.data_dir, "-o", "json"))}
    assert findings["kafka"] == findings["kinesis"] == findings["admin"] == findings["clock"] == findings["partitions"] == "ok"
    assert findings["advertised address of broker 0"] == "ok" or "advertised address of broker 1" in findings
    line = run("check", *at)
    assert line.startswith("MILLRACE OK - ") and "offline_partitions=0" in line
    assert run("check", "--bootstrap", "127.0.0.1:1", status=2).startswith("MILLRACE CRITICAL - cannot connect")


def test_doctor_finds_an_address_that_clients_cannot_reach(run, new_server):
    server = new_server(settings={"advertised.listeners": "PLAINTEXT://127.0.0.1:1"})
    text = run("doctor", "--bootstrap", server.kafka, status=1)
    assert "127.0.0.1:1 is advertised, and cannot be reached" in text and "advertised.listeners" in text


def test_check_warns_of_lag(run, server, topic):
    clients.produce_all(server, topic, [(b"k", b"v")] * 20)
    group = clients.unique("late")
    run("group", "seek", group, "--to", "start", "--topic", topic, "--bootstrap", server.kafka)
    words = ("check", "--bootstrap", server.kafka, "--group", group)
    assert "lag=20" in run(*words)
    assert f"group {group} is 20 records behind" in run(*words, "--lag-warning", 10, status=1)
    assert run(*words, "--lag-warning", 10, "--lag-critical", 20, status=2).startswith("MILLRACE CRITICAL")


def test_top_shows_rates(run, server, topic):
    out = run("top", "--admin", f"http://{server.admin}", "--interval", "200ms", "--rounds", 2, "-o", "json")
    rounds = [json.loads(line) for line in out.splitlines()]
    assert len(rounds) == 2 and {row["name"] for row in rounds[0]["protocols"]} >= {"kafka"}
    assert "PROTOCOL" in run("top", "--admin", f"http://{server.admin}", "--interval", "200ms", "--rounds", 1)


def test_search_prints_what_matches_and_says_what_it_looked_at(run, server, topic):
    rows = [(f"k{number % 7}".encode(), json.dumps({"n": number, "big": 2**60 + number}).encode()) for number in range(500)]
    clients.produce_all(server, topic, [*rows, (b"odd", b"\xff\x00"), (b"gone", None)])
    at = ("search", topic, "--data-dir", server.data_dir)
    found = [json.loads(line) for line in run(*at, "value.n >= 490 && keyText != 'k0'", "-o", "json").splitlines()]
    wanted = [value.decode() for key, value in rows[490:] if key != b"k0"]
    assert sorted(row["value"] for row in found) == sorted(wanted) and {row["topic"] for row in found} == {topic}
    assert run(*at, "value.n == 123", "-f", "%k %v\\n").encode() == rows[123][0] + b" " + rows[123][1] + b"\n"
    assert run(*at, "value.n == 123", "-f", "%k=%s;", "--kcat").encode() == rows[123][0] + b"=" + rows[123][1] + b";"
    assert run(*at, "value.n == 123", "--print", "key").encode() == rows[123][0] + b"\n"
    (odd,) = [json.loads(line) for line in run(*at, "keyText == 'odd'", "-o", "json").splitlines()]
    assert odd["value"] == {"base64": "/wA="}
    # What stops early says where to continue, and continues without a gap.
    words, cursor = [], ()
    while True:
        done = subprocess.run([str(binary()), *map(str, at), "has(value.n)", "--max", "90", "-o", "jsonl", *cursor],
                              capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        words += [json.loads(line)["value"] for line in done.stdout.splitlines()]
        if "--cursor" not in done.stderr:
            break
        cursor = ("--cursor", done.stderr.split("--cursor ")[1].strip())
    assert sorted(words) == sorted(value.decode() for _, value in rows) and "502 of 502" not in done.stderr
    assert "100 of 502 records scanned (19%)" in run(*at, "--scan", 100, status=3)
    assert len(run(*at, "--from", "+1:+3", "-p", 0).splitlines()) == 2 == len(run(*at, "--from", "-2", "-p", 0).splitlines())
    run(*at, "value.n == -1", "--require-match", status=1)
    assert "at character" in run(*at, "value.n >", status=1)
    assert "absent" in run("search", "absent", "--data-dir", server.data_dir, status=2)
    run("search", topic, "--admin", "http://127.0.0.1:1", status=4, environment={"MILLRACE_ADMIN_TOKEN": "x"})


def test_profiles(run, server, topic, tmp_path):
    run("profile", "create", "local", f"bootstrap={server.kafka}", f"endpoint=http://{server.kinesis}")
    run("profile", "create", "other", "bootstrap=127.0.0.1:1", "--secret", "password", stdin="hunter2\n")
    path = tmp_path / "config" / "millrace" / "profiles.yaml"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert run("profile", "list", "-o", "name") == "local\nother\n"
    for words in (("profile", "show", "other"), ("profile", "list", "-o", "json"), ("profile", "show", "other", "-o", "yaml")):
        assert "hunter2" not in run(*words)
    assert "(secret)" in run("profile", "show", "other")
    # The first profile is in use; -P and MILLRACE_PROFILE name another one; an option comes first.
    assert topic in run("topic", "list", "-o", "name") and topic in run("stream", "list", "-o", "name")
    assert "127.0.0.1:1" in run("topic", "list", "-P", "other", status=4, environment={"MILLRACE_BOOTSTRAP": server.kafka})
    assert topic in run("topic", "list", environment={"MILLRACE_BOOTSTRAP": server.kafka, "MILLRACE_PROFILE": "other"})
    run("topic", "list", status=4, environment={"MILLRACE_PROFILE": "other"})
    assert topic in run("topic", "list", "-P", "local", environment={"MILLRACE_PROFILE": "other"})
    run("profile", "use", "other")
    run("topic", "list", status=4)
    assert "absent" in run("topic", "list", "-P", "absent", status=64)
    run("profile", "set", "other", f"bootstrap={server.kafka}", "--unset", "password")
    assert topic in run("topic", "list")
    assert "secret" in run("profile", "set", "other", "password=x", status=64)
    run("profile", "rm", "other")
    run("profile", "show", "other", status=2)
    path.chmod(0o644)
    run("profile", "list")
    path.write_text("profiles:\n  x:\n    password: p\n")
    assert "chmod 600" in run("profile", "list", status=1)


def test_profiles_of_other_tools(run, tmp_path):
    (tmp_path / "rpk.yaml").write_text("version: 6\nprofiles:\n  - name: prod\n    kafka_api:\n      brokers: [a:9092, b:9092]\n"
                                       "      tls: {ca_file: /ca}\n      sasl: {user: u, password: p, mechanism: SCRAM-SHA-512}\n")
    (tmp_path / "kcat.conf").write_text("metadata.broker.list=k:1\nsecurity.protocol=SASL_SSL\nsasl.username=u\nsasl.password=p\n")
    (tmp_path / "credentials").write_text("[default]\naws_access_key_id = A\naws_secret_access_key = S\nregion = eu-west-1\n")
    run("profile", "import", "rpk", tmp_path / "rpk.yaml")
    run("profile", "import", "kcat", tmp_path / "kcat.conf", "--name", "k")
    run("profile", "import", "aws", tmp_path / "credentials")
    shown = {row["name"]: row for row in json.loads(run("profile", "list", "-o", "json"))}
    assert shown["prod"]["bootstrap"] == "a:9092,b:9092" and shown["prod"]["tls"] == "true" and shown["prod"]["ca-file"] == "/ca"
    assert shown["k"]["bootstrap"] == "k:1" and shown["k"]["password"] == "(secret)"
    assert shown["default"]["endpoint"] == "https://kinesis.eu-west-1.amazonaws.com"
    assert "already" in run("profile", "import", "kcat", tmp_path / "kcat.conf", "--name", "k", status=1)
    run("profile", "import", "kcat", tmp_path / "kcat.conf", "--name", "k", "--overwrite")
    editor = tmp_path / "editor"
    editor.write_text("#!/bin/sh\nsed -i 's/k:1/k:2/' \"$1\"\n")
    editor.chmod(0o755)
    run("profile", "edit", environment={"EDITOR": str(editor)})
    assert json.loads(run("profile", "show", "k", "-o", "json"))["bootstrap"] == "k:2"
    editor.write_text("#!/bin/sh\necho 'nonsense: [' > \"$1\"\n")
    assert "nothing was changed" in run("profile", "edit", status=1, environment={"EDITOR": str(editor)})


def test_debug_tools(run, new_server, tmp_path):
    server = new_server()
    topic = clients.create_topic(server, clients.unique("debug"), partitions=3, config={"shard.routing": "md5"})
    kafka = clients.create_topic(server, clients.unique("debug"), partitions=3)
    clients.produce_all(server, topic, [(b"key%d" % number, b"value%d" % number) for number in range(30)])
    boto = clients.kinesis(server)
    shards = clients.list_shards(boto, topic)
    iterator = clients.iterator(boto, topic, shards[1]["ShardId"])
    record = boto.put_record(StreamName=topic, Data=b"x", PartitionKey="customer-17")
    (row,) = json.loads(run("debug", "sequence", record["SequenceNumber"], "-o", "json"))
    assert row["shard"] == record["ShardId"] and row["kind"] == "record" and row["offset"] >= 0
    assert json.loads(run("debug", "sequence", "1", "-o", "json"))[0]["kind"] in ("invalid", "of another server")
    place = json.loads(run("debug", "key", "customer-17", "--topic", topic, "--bootstrap", server.kafka,
                           "--endpoint", f"http://{server.kinesis}", "-o", "json"))
    assert place["shard"] == record["ShardId"] and 0 <= place["murmur2Partition"] < 3
    # A topic that Kafka's API has made hashes a Kinesis put as Kafka's clients do.
    record = boto.put_record(StreamName=kafka, Data=b"x", PartitionKey="customer-17")
    place = json.loads(run("debug", "key", "customer-17", "--topic", kafka, "--bootstrap", server.kafka,
                           "--endpoint", f"http://{server.kinesis}", "-o", "json"))
    assert place["shard"] == record["ShardId"] == f"shardId-{place['murmur2Partition']:012}"
    config = tmp_path / "server.yaml"
    config.write_text("num.partitions: 3\nssl.key.password: hunter2\n")
    bundle = tmp_path / "bundle.tar"
    run("debug", "bundle", "--bootstrap", server.kafka, "--admin", f"http://{server.admin}", "--config", config,
        "--log", server.log_path, "--file", bundle)
    with tarfile.open(bundle) as tar:
        parts = {name.split("/")[1]: tar.extractfile(name).read().decode() for name in tar.getnames()}
    assert {"version.txt", "status.json", "doctor.txt", "metrics.txt", "broker-settings.properties", "topics.txt", "groups.json",
            "configuration.txt", "log.txt", "missing.txt"} <= set(parts)
    assert "num.partitions: 3" in parts["configuration.txt"] and "hunter2" not in "".join(parts.values())
    assert "value1" not in "".join(parts.values()) and stat.S_IMODE(bundle.stat().st_mode) == 0o600
    assert server.stop() == 0
    opened = json.loads(run("debug", "iterator", iterator, "--data-dir", server.data_dir, "-o", "json"))
    assert (opened["stream"], opened["shard"], opened["nextOffset"]) == (topic, shards[1]["ShardId"], 0)
    run("debug", "iterator", "AAAA", "--data-dir", server.data_dir, status=1)
    logs = sorted(server.data_dir.glob(f"{topic}-*/*.log"))
    lines = [line for log in logs for line in run("debug", "segment", log, "-f", "%k=%v\\n").splitlines()]
    assert sorted(line for line in lines if line.startswith("key")) == sorted(f"key{number}=value{number}" for number in range(30))
    batches = [json.loads(line) for line in run("debug", "segment", logs[0], "-o", "json").splitlines()]
    assert batches[0]["baseOffset"] == 0 and batches[0]["position"] == 0 and "OFFSETS" in run("debug", "segment", logs[0])
    with open(logs[0], "r+b") as file:
        file.seek(70)
        byte = file.read(1)
        file.seek(70)
        file.write(bytes([byte[0] ^ 1]))
    assert "byte 0" in run("debug", "segment", logs[0], status=1)
    journals = sorted((server.data_dir / "journal").iterdir())
    assert any(json.loads(run("debug", "journal", journal, "-o", "json")) for journal in journals)
    run("debug", "journal", logs[0], status=1)
