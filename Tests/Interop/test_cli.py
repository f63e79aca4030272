"""The command line: topics, streams, groups, produce and consume, JSON output, exit codes, messages."""

import json
import os
import pty
import re
import subprocess
import urllib.request

import pytest

from harness import clients
from harness.server import binary

# Exit codes: a wrong invocation (sysexits(3)), what was asked for does not exist, everything else that fails, no server.
USAGE, MISSING, FAILURE, UNREACHABLE = 64, 2, 1, 4


def millrace(*arguments, stdin=None, status=0):
    done = subprocess.run([str(binary()), *arguments], input=stdin, capture_output=True, text=True, timeout=60)
    assert done.returncode == status, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


@pytest.fixture
def run(server):
    """Runs a subcommand against the module's server; returns its standard output (its standard error when it fails)."""
    def command(*arguments, stdin=None, status=0):
        face = ("--endpoint", f"http://{server.kinesis}") if arguments[0] == "stream" else ("--bootstrap", server.kafka)
        done = millrace(*arguments, *face, stdin=stdin, status=status)
        return done.stdout if status == 0 else done.stderr
    return command


def rows(text):
    """JSON output: one document, or one per line."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return [json.loads(line) for line in text.splitlines()]


def test_version_and_help():
    assert millrace("version").stdout.startswith("millrace ")
    for words in ((), ("serve",), ("topic",), ("topic", "create"), ("topic", "alter"), ("stream",), ("group",), ("produce",), ("consume",)):
        help_text = millrace(*words, "--help").stdout
        assert "USAGE: millrace" in help_text
    assert "--data-dir" in millrace("serve", "--help").stdout


def test_wrong_invocations_name_the_fault():
    for words, expected in ((("nonsense",), "nonsense"), (("serve", "--no-such-option"), "--no-such-option"),
                            (("topic", "create"), "name"), (("topic", "list", "--output", "xml"), "xml")):
        done = millrace(*words, status=USAGE)
        assert expected in done.stderr and not done.stdout


def test_an_unknown_setting_is_refused(tmp_path):
    done = subprocess.run([str(binary()), "serve", "--data-dir", str(tmp_path / "d"), "--kafka", "127.0.0.1:0", "--kinesis", "off",
                           "--admin", "off", "--set", "no.such.property=1"], capture_output=True, text=True, timeout=30)
    assert done.returncode != 0 and "no.such.property" in done.stderr and "ready" not in done.stdout


def test_topics_from_creation_to_deletion(run):
    name = clients.unique("cli")
    run("topic", "create", name, "--partitions", "3", "--config", "retention.ms=60000")
    assert name in [row["name"] for row in rows(run("topic", "list", "-o", "json"))]
    assert name in run("topic", "list")
    described = rows(run("topic", "describe", name, "-o", "json"))
    described = described[0] if isinstance(described, list) else described
    assert described["name"] == name and len(described["partitions"]) == 3
    assert "exists" in run("topic", "create", name, status=FAILURE)
    run("topic", "delete", name)
    assert name in run("topic", "describe", name, status=MISSING)


def test_settings_and_partitions_are_altered_together(run):
    name = clients.unique("alter")
    run("topic", "create", name, "--partitions", "2", "--config", "retention.ms=60000")
    altered = rows(run("topic", "alter", name, "--set", "max.message.bytes=2000000", "--unset", "retention.ms",
                       "--partitions", "5", "-o", "json"))
    assert (altered["name"], altered["altered"], altered["partitions"]) == (name, True, 5)
    changes = {row["name"]: (row["before"], row["after"]) for row in altered["configs"]}
    assert changes["max.message.bytes"][1] == "2000000" and changes["retention.ms"][0] == "60000"
    described = rows(run("topic", "describe", name, "-o", "json"))
    assert described["configs"] == {"max.message.bytes": "2000000"} and len(described["partitions"]) == 5
    shown = run("topic", "alter", name, "--set", "retention.ms=1000")
    assert f"altered topic {name}" in shown and "retention.ms" in shown


def test_an_alteration_that_is_refused_changes_nothing(run):
    name = clients.unique("alter")
    run("topic", "create", name, "--partitions", "2")
    for words in (("--set", "retention.ms=60000", "--partitions", "1"), ("--set", "retention.ms=60000", "--set", "no.such=1"),
                  ("--set", "retention.ms=soon", "--partitions", "3")):
        message = run("topic", "alter", name, *words, status=FAILURE)
        assert message.startswith("millrace: ") and message.count("\n") == 1
    assert run("topic", "alter", name, "--set", "retention.ms=9", "--partitions", "4", "--dry-run").startswith("would alter")
    described = rows(run("topic", "describe", name, "-o", "json"))
    assert described["configs"] == {} and len(described["partitions"]) == 2
    assert "absent" in run("topic", "alter", "absent", "--partitions", "3", status=MISSING)


@pytest.mark.parametrize("words,expected", [((), "Nothing to change"), (("--set", "retention.ms"), "NAME=VALUE"),
                                            (("--unset", "a=b"), "NAME"), (("--partitions", "0"), "at least 1"),
                                            (("--set", "a=1", "--unset", "a"), "twice")])
def test_an_alteration_that_says_nothing_is_a_wrong_invocation(words, expected):
    assert expected in millrace("topic", "alter", "any", *words, status=USAGE).stderr


def test_streams_from_creation_to_deletion(run, server, boto):
    name = clients.unique("cli")
    run("stream", "create", name, "--shards", "2")
    assert boto.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["OpenShardCount"] == 2
    assert name in run("stream", "list")
    assert "shardId-000000000001" in run("stream", "describe", name)
    run("stream", "split", name, "shardId-000000000001")
    run("stream", "merge", name, "shardId-000000000002", "shardId-000000000003")
    run("stream", "scale", name, "4")
    shards = boto.list_shards(StreamName=name)["Shards"]
    assert sum("EndingSequenceNumber" not in s["SequenceNumberRange"] for s in shards) == 4
    assert "no shard shardId-000000000099" in run("stream", "split", name, "shardId-000000000099", status=FAILURE)
    run("stream", "delete", name)
    assert name not in boto.list_streams(Limit=10_000)["StreamNames"]


def test_lines_go_in_and_json_comes_out(run, topic):
    run("produce", topic, "--key-separator", ":", stdin="".join(f"k{i}:value {i}\n" for i in range(100)))
    records = rows(run("consume", topic, "--from", "earliest", "--max", "100", "-o", "json"))
    assert sorted((r["key"], r["value"]) for r in records) == sorted((f"k{i}", f"value {i}") for i in range(100))
    assert all({"partition", "offset", "timestamp"} <= set(r) for r in records)


def test_files_are_produced_line_by_line(run, topic, tmp_path):
    (tmp_path / "lines").write_text("one\ntwo\nthree\n")
    run("produce", topic, str(tmp_path / "lines"))
    assert sorted(run("consume", topic, "--from", "earliest", "--max", "3").splitlines()) == ["one", "three", "two"]


def test_a_group_reads_on_where_it_stopped(run, topic):
    group = clients.unique("cli")
    run("produce", topic, stdin="".join(f"{i}\n" for i in range(10)))
    first = run("consume", topic, "--group", group, "--from", "earliest", "--max", "4").splitlines()
    second = run("consume", topic, "--group", group, "--max", "6").splitlines()
    assert sorted(first + second, key=int) == [str(i) for i in range(10)]
    assert group in run("group", "list")
    assert topic in run("group", "describe", group)
    run("group", "delete", group)
    assert group not in run("group", "list")


def test_every_command_has_json_for_scripts(run, topic):
    name, group = clients.unique("json"), clients.unique("json")
    assert rows(run("topic", "create", name, "--partitions", "2", "-o", "json"))["partitions"] == 2
    assert rows(run("topic", "list", "-o", "json"))
    assert rows(run("produce", name, "-o", "json", stdin="a\nb\n"))["acknowledged"] == 2
    consumed = [json.loads(line) for line in
                run("consume", name, "--group", group, "--from", "earliest", "--max", "2", "-o", "json").splitlines()]
    assert {row["value"] for row in consumed} == {"a", "b"}
    assert group in [row["name"] for row in rows(run("group", "list", "-o", "json"))]
    assert rows(run("group", "describe", group, "-o", "json"))["offsets"]
    assert rows(run("group", "delete", group, "-o", "json")) == {"name": group, "deleted": True}
    assert rows(run("topic", "delete", name, "-o", "json")) == {"name": name, "deleted": True}
    assert rows(run("stream", "create", name, "-o", "json")) == {"name": name, "created": True}
    assert name in [row["name"] for row in rows(run("stream", "list", "-o", "json"))]
    assert rows(run("stream", "describe", name, "-o", "json"))["shards"][0]["id"] == "shardId-000000000000"
    assert rows(run("stream", "delete", name, "-o", "json")) == {"name": name, "deleted": True}


@pytest.mark.parametrize("position,expected", [("earliest", ["1", "2", "3"]), ("1", ["2", "3"]),
                                               ("@1970-01-01T00:00:00Z", ["1", "2", "3"]), ("@0", ["1", "2", "3"])])
def test_reading_begins_where_from_says(run, server, position, expected):
    name = clients.create_topic(server, clients.unique("from"))
    run("produce", name, stdin="1\n2\n3\n")
    assert run("consume", name, "--from", position, "--exit-at-end").split() == expected


def test_progress_is_for_terminals_alone(server, topic):
    lines = "".join(f"{i}\n" for i in range(20_000))
    words = [str(binary()), "produce", topic, "--bootstrap", server.kafka]
    done = subprocess.run(words, input=lines, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, "\r" in done.stderr) == (0, "", False)
    ours, theirs = pty.openpty()
    try:
        done = subprocess.run(words, input=lines, stdout=subprocess.PIPE, stderr=theirs, text=True, timeout=60)
        shown = os.read(ours, 65536).decode()
    finally:
        os.close(ours)
        os.close(theirs)
    assert (done.returncode, done.stdout) == (0, "")
    assert re.search(r"\r\d+ records?, .* records/s", shown), "progress"
    assert "produced 20000 records" in shown.rsplit("\r", 2)[1] + shown.rsplit("\r", 1)[1], "the summary"


def test_the_wrong_face_is_named(server):
    """The Kinesis port for a Kafka command, and the reverse."""
    done = millrace("topic", "list", "--bootstrap", server.kinesis, status=FAILURE)
    assert "does not speak Kafka's protocol" in done.stderr
    done = millrace("stream", "list", "--endpoint", f"http://{server.kafka}", status=FAILURE)
    assert "Kinesis" in done.stderr and "address" in done.stderr


def test_unknown_topics_groups_and_servers_are_named(run):
    assert "absent" in run("consume", "absent", "--max", "1", status=MISSING)
    assert "absent" in run("topic", "delete", "absent", status=MISSING)
    assert "absent" in run("group", "describe", "absent", status=MISSING)
    done = millrace("topic", "list", "--bootstrap", "127.0.0.1:1", status=UNREACHABLE)
    assert "127.0.0.1:1" in done.stderr and len(done.stderr.strip().splitlines()) <= 3


def test_faces_can_be_turned_off(new_server):
    server = new_server("off", start=False)
    server.kinesis = "off"
    server.start()
    assert server.kinesis == "off"
    clients.create_topic(server, "works")


def partitions_of_a_new_topic(server):
    name = clients.unique("auto")
    clients.produce_all(server, name, [(b"k", b"v")])
    return len(clients.admin(server).list_topics(name, timeout=20).topics[name].partitions)


def test_settings_come_from_a_file_and_the_environment(new_server, tmp_path):
    """The command line decides before the environment, and that before the file."""
    file = tmp_path / "millrace.yaml"
    file.write_text("admin: off\nset:\n  num.partitions: 5\n")
    server = new_server("file", arguments=["--config", str(file)])
    assert partitions_of_a_new_topic(server) == 5
    variables = {"MILLRACE_CONFIG": str(file), "MILLRACE_SET_NUM_PARTITIONS": "4"}
    assert partitions_of_a_new_topic(new_server("environment", environment=variables)) == 4
    assert partitions_of_a_new_topic(new_server("line", {"num.partitions": 3}, environment=variables)) == 3


def test_addresses_and_the_data_directory_come_from_the_environment(tmp_path):
    variables = {**os.environ, "MILLRACE_DATA_DIR": str(tmp_path / "data"), "MILLRACE_KAFKA": "127.0.0.1:0",
                 "MILLRACE_KINESIS": "off", "MILLRACE_ADMIN": "off", "MILLRACE_LOG_LEVEL": "error"}
    with subprocess.Popen([str(binary()), "serve"], env=variables, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert re.fullmatch(r"ready kafka=127\.0\.0\.1:\d+ kinesis=off admin=off start_ms=\d+\n", process.stdout.readline())
        finally:
            process.terminate()
    assert process.returncode == 0 and (tmp_path / "data" / "meta.properties").exists()


@pytest.mark.parametrize("arguments,text,expected", [
    (("--config", "absent.yaml"), None, "absent.yaml: No such file or directory"),
    (("--config", "."), None, "not a file of UTF-8 text"),
    (("--config", "c.yaml"), "set:\n  num.partitions: [\n", "c.yaml is not valid YAML: line "),
    (("--config", "c.yaml"), "- 1\n", "mapping of settings"),
    (("--config", "c.yaml"), "partitions: 1\n", "unknown setting partitions"),
    (("--config", "c.yaml"), "set:\n  num.partitions: many\n", "num.partitions"),
    (("--set", "num.partitons=3"), None, "Did you mean num.partitions?"),
    (("--set", "nothing"), None, "NAME=VALUE"),
    (("--kafka", "9092"), None, "--kafka takes HOST:PORT"),
    (("--log-level", "loud"), None, "--log-level must be"),
])
def test_a_wrong_setting_is_named_in_one_line(tmp_path, arguments, text, expected):
    if text is not None:
        (tmp_path / "c.yaml").write_text(text)
    done = subprocess.run([str(binary()), "serve", "--data-dir", "data", *arguments], cwd=tmp_path, capture_output=True, text=True,
                          timeout=30)
    assert done.returncode == FAILURE and done.stdout == ""
    assert expected in done.stderr and len(done.stderr.splitlines()) == 1 and done.stderr.startswith("millrace: ")


def test_logs_go_to_standard_error_and_only_the_ready_line_to_standard_output(new_server):
    server = new_server("output")
    urllib.request.urlopen(f"http://{server.admin}/health/ready", timeout=10).close()
    output = server.process.stdout
    server.process.terminate()
    assert output.read() == b""
    assert server.process.wait(20) == 0
