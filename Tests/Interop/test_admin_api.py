"""/api/v1 of the admin port: views, changes, records (produce, search, tail), and its description under schemathesis."""

import base64
import http.client
import http.server
import json
import random
import subprocess
import sys
import threading
import urllib.parse
from pathlib import Path

import aws_kinesis_agg.aggregator
import confluent_kafka
import confluent_kafka.admin
import pytest

from harness.server import Server
from harness import clients


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    directory = tmp_path_factory.mktemp("api")
    with Server(directory / "data", log_path=directory / "server.log") as running:
        running.token = (running.data_dir / "admin.token").read_text().split("\n")[1]
        yield running


def ask(server, method, path, body=None, token=True, **headers):
    """Status and the JSON of an answer; text where it is not JSON."""
    connection = http.client.HTTPConnection(server.admin, timeout=60)
    send = {name.replace("_", "-"): value for name, value in headers.items()}
    if token:
        send["Authorization"] = f"Bearer {server.token if token is True else token}"
    if body is not None and not isinstance(body, bytes):
        body = json.dumps(body).encode()
        send.setdefault("Content-Type", "application/json")
    connection.request(method, "/api/v1" + path, body, send)
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    if answer.getheader("content-type", "").startswith("application/json"):
        return answer.status, json.loads(text)
    return answer.status, text.decode()


def query(**parameters):
    return "?" + urllib.parse.urlencode(parameters)


def make(server, name, **more):
    status, topic = ask(server, "POST", "/topics", {"name": name, **more})
    assert status == 201, topic
    return topic


def test_topics_are_created_listed_altered_and_deleted(server):
    for number in range(5):
        make(server, f"listed-{number}", partitions=number + 1, configs={"retention.ms": str(1000 * (number + 1))})
    status, page = ask(server, "GET", "/topics" + query(search="LISTED", sort="-partitions", limit=2))
    assert status == 200 and [row["name"] for row in page["items"]] == ["listed-4", "listed-3"]
    assert page["matched"] == 5 and page["items"][0]["retentionMilliseconds"] == 5000
    names, cursor = [], ""
    while True:
        _, page = ask(server, "GET", "/topics" + query(search="listed", limit=2, cursor=cursor))
        names += [row["name"] for row in page["items"]]
        cursor = page["nextCursor"]
        if cursor is None:
            break
    assert names == [f"listed-{number}" for number in range(5)]

    path = "/topics/listed-0"
    status, changed = ask(server, "POST", path + "/configs", {"set": {"max.message.bytes": "2000"}, "reset": ["retention.ms"]})
    assert status == 200 and changed["configs"] == {"max.message.bytes": "2000"}
    status, problem = ask(server, "POST", path + "/configs", {"set": {"max.message.bytes": "x"}})
    assert status == 400 and problem["error"]["code"] == "bad-setting" and problem["error"]["hint"]
    _, view = ask(server, "GET", path)
    settings = {row["name"]: row for row in view["settings"]}
    assert settings["max.message.bytes"]["value"] == "2000" and settings["max.message.bytes"]["isSet"]
    assert settings["retention.ms"]["help"] and not settings["retention.ms"]["isSet"]
    assert ask(server, "POST", path + "/partitions", {"count": 3})[1]["partitions"] == 3
    _, partitions = ask(server, "GET", path + "/partitions")
    assert [row["partition"] for row in partitions["items"]] == [0, 1, 2]
    assert ask(server, "DELETE", path) == (204, "")
    status, problem = ask(server, "GET", path)
    assert status == 404 and problem["error"]["code"] == "topic-not-found"
    assert ask(server, "POST", "/topics", {"name": "listed-1"})[0] == 409
    assert ask(server, "POST", "/topics", {"name": "__consumer_offsets"})[0] == 409
    assert ask(server, "GET", "/topics" + query(sort="colour"))[0] == 400
    assert ask(server, "GET", "/topics" + query(limit=0))[0] == 400


def test_shards_are_split_merged_and_scaled(server):
    make(server, "shards", partitions=1)
    path = "/topics/shards"
    first = ask(server, "GET", path + "/shards")[1]["items"][0]
    status, changed = ask(server, "POST", f"{path}/shards/{first['id']}/split", {})
    assert status == 200 and len(changed["openShards"]) == 2, changed
    rows = ask(server, "GET", path + "/shards")[1]["items"]
    parent = next(row for row in rows if row["id"] == first["id"])
    assert not parent["isOpen"] and sorted(parent["children"]) == sorted(changed["openShards"])
    status, problem = ask(server, "POST", f"{path}/shards/{first['id']}/split", {})
    assert status == 400, problem
    left, right = changed["openShards"]
    status, merged = ask(server, "POST", f"{path}/shards/{left}/merge", {"with": right})
    assert status in (200, 409), merged
    status, scaled = ask(server, "POST", path + "/scale", {"shards": 4})
    assert status in (200, 409), scaled
    assert ask(server, "POST", f"{path}/shards/shardId-000000000099/split", {})[0] == 404


def test_groups_are_seen_moved_and_deleted(server):
    make(server, "grouped", partitions=2)
    ask(server, "POST", "/topics/grouped/records", {"records": [{"value": str(n), "partition": n % 2} for n in range(20)]})
    consumer = confluent_kafka.Consumer({"bootstrap.servers": server.kafka, "group.id": "movers", "auto.offset.reset": "earliest",
                                         "enable.auto.commit": False})
    consumer.subscribe(["grouped"])
    got = []
    while len(got) < 20:
        got += [message for message in consumer.consume(20, 5) if not message.error()]
    consumer.commit(asynchronous=False)
    _, view = ask(server, "GET", "/groups/movers")
    assert view["group"]["state"] == "Stable" and len(view["members"]) == 1
    assert sorted(view["members"][0]["assigned"][0]["partitions"]) == [0, 1]
    assert [row["committed"] for row in view["offsets"]] == [10, 10]
    status, problem = ask(server, "POST", "/groups/movers/seek", {"topic": "grouped", "to": "start"})
    assert status == 409 and problem["error"]["code"] == "group-active"
    consumer.close()
    first, last = (lambda rebalances: (rebalances[-1], rebalances[0]))(ask(server, "GET", "/groups/movers")[1]["rebalances"])
    assert first["causes"][0]["reason"] == "member-joined" and first["generation"] == 1 and first["members"] == 1
    assert first["endedAt"] >= first["beganAt"] and last["causes"][0]["reason"] == "member-left" and last["members"] == 0

    status, rows = ask(server, "POST", "/groups/movers/seek", {"topic": "grouped", "to": "-3", "dryRun": True})
    assert status == 200 and rows == [{"partition": n, "before": 10, "after": 7} for n in range(2)]
    assert ask(server, "GET", "/groups/movers")[1]["offsets"][0]["committed"] == 10
    status, rows = ask(server, "POST", "/groups/movers/seek", {"topic": "grouped", "partitions": [1], "to": "4"})
    assert status == 200 and rows == [{"partition": 1, "before": 10, "after": 4}]
    offsets = ask(server, "GET", "/groups/movers")[1]["offsets"]
    assert [(row["committed"], row["lagRecords"]) for row in offsets] == [(10, 0), (4, 6)]
    assert any(row["id"] == "movers" for row in ask(server, "GET", "/groups" + query(search="mov"))[1]["items"])
    assert ask(server, "DELETE", "/groups/movers/offsets" + query(topic="grouped", partition=0))[0] == 204
    assert [row["partition"] for row in ask(server, "GET", "/groups/movers")[1]["offsets"]] == [1]
    assert ask(server, "DELETE", "/groups/movers")[0] == 204
    assert ask(server, "DELETE", "/groups/movers")[0] == 404


def test_records_are_produced_in_three_forms_and_read_by_kafka(server):
    make(server, "produced", partitions=1)
    path = "/topics/produced/records"
    status, stored = ask(server, "POST", path, {"records": [
        {"key": "a", "value": {"n": 12345678901234567890}, "headers": {"src": "web"}, "timestamp": 1700000000000},
        {"value": "plain"}, {"key": "gone", "value": None}, {"valueBase64": base64.b64encode(b"\xff\x00").decode()}]})
    assert status == 200 and [row["offset"] for row in stored["records"]] == [0, 1, 2, 3], stored
    assert ask(server, "POST", path, b'{"value":1}\n{"value":[2]}\n', Content_Type="application/x-ndjson")[0] == 200
    assert ask(server, "POST", path + query(key="k"), b"\x00raw", Content_Type="application/octet-stream")[0] == 200
    consumer = confluent_kafka.Consumer({"bootstrap.servers": server.kafka, "group.id": "p", "auto.offset.reset": "earliest"})
    consumer.assign([confluent_kafka.TopicPartition("produced", 0, 0)])
    got = []
    while len(got) < 7:
        got += [message for message in consumer.consume(7, 5) if not message.error()]
    consumer.close()
    assert [message.value() for message in got] == [b'{"n": 12345678901234567890}', b"plain", None, b"\xff\x00", b"1", b"[2]",
                                                    b"\x00raw"]
    assert got[0].key() == b"a" and got[0].headers() == [("src", b"web")] and got[0].timestamp()[1] == 1700000000000
    assert got[6].key() == b"k"

    for wrong in ({"records": [{"vlaue": 1}]}, {"records": []}, {"records": [{"partition": -1}]}, [], "x"):
        assert ask(server, "POST", path, wrong)[0] == 400, wrong
    assert ask(server, "POST", path, {"records": [{"value": 1, "partition": 9}]})[0] == 404
    assert ask(server, "POST", path, b"a=b", Content_Type="application/x-www-form-urlencoded")[0] == 415
    assert ask(server, "POST", path, {"records": [{"value": "x" * 2_000_000}]})[1]["error"]["code"] == "record-too-large"


def test_records_need_roles(server):
    make(server, "guarded", partitions=1)
    path = "/topics/guarded/records"
    assert ask(server, "GET", path, token=False)[0] == 401
    assert ask(server, "GET", "/topics", token=False)[0] == 200
    assert ask(server, "POST", path, {"records": [{"value": 1}]}, token=False)[0] == 401
    for user, role, read, write in (("blind", "viewer-without-records", 403, 403), ("vera", "viewer", 200, 403),
                                    ("otto", "operator", 200, 200)):
        assert ask(server, "PUT", f"/admin-roles/{user}", {"role": role})[0] == 204
        token = ask(server, "POST", "/admin-tokens", {"user": user})[1]["token"]
        assert ask(server, "GET", path, token=token)[0] == read, user
        assert ask(server, "POST", path, {"records": [{"value": 1}]}, token=token)[0] == write, user
        assert ask(server, "DELETE", "/topics/none", token=token)[0] == (404 if write == 200 else 403)


def test_a_search_misses_nothing_and_says_what_it_looked_at(server):
    random.seed(7)
    make(server, "searched", partitions=3)
    rows = [{"key": f"k{random.randrange(50)}", "value": {"n": random.randrange(100), "s": random.choice(["ab", "bc", "é"])},
             "headers": {"src": random.choice(["web", "app"])}} for _ in range(3000)]
    for codec, part in zip(("none", "zstd", "gzip"), (rows[:1000], rows[1000:2000], rows[2000:])):
        producer = confluent_kafka.Producer({"bootstrap.servers": server.kafka, "compression.type": codec, "linger.ms": 20})
        for row in part:
            producer.produce("searched", json.dumps(row["value"]).encode(), row["key"].encode(), headers=row["headers"])
        assert producer.flush(30) == 0
    wanted = sorted(json.dumps([row["key"], row["value"]]) for row in rows
                    if row["value"]["n"] > 90 and row["headers"]["src"] == "web" and "b" in row["value"]["s"])
    text = 'value.n > 90 && headers["src"] == "web" && value.s.contains("b")'
    found, cursor, scanned = [], "", 0
    while True:
        _, answer = ask(server, "GET", "/topics/searched/records" + query(filter=text, limit=7, cursor=cursor))
        found += answer["records"]
        scanned += answer["scan"]["scanned"]
        cursor = answer["scan"]["cursor"]
        if cursor is None:
            break
        assert answer["scan"]["ended"] == "results" and answer["scan"]["left"] > 0
    assert sorted(json.dumps([row["key"]["text"], json.loads(row["value"]["text"])]) for row in found) == wanted
    assert scanned == 3000 and answer["scan"]["ended"] == "end" and answer["scan"]["left"] == 0

    _, lines = ask(server, "GET", "/topics/searched/records" + query(filter=text, progress="true"), Accept="application/x-ndjson")
    lines = [json.loads(line) for line in lines.splitlines()]
    assert len(lines) == len(wanted) + 1 and lines[-1]["progress"]["scanned"] == 3000
    newest, cursor = [], ""
    while cursor is not None:
        _, answer = ask(server, "GET", "/topics/searched/records" + query(filter=text, limit=7, order="newest", cursor=cursor))
        newest.append(answer["records"])
        cursor = answer["scan"]["cursor"]
    assert all(page == sorted(page, key=lambda row: -row["timestamp"]) for page in newest)
    place = lambda row: (row["partition"], row["offset"])  # noqa: E731
    assert sorted(place(row) for page in newest for row in page) == sorted(map(place, found))
    assert ask(server, "GET", "/topics/searched/records" + query(order="newest"), Accept="application/x-ndjson")[0] == 400
    _, answer = ask(server, "GET", "/topics/searched/records" + query(scan=50))
    assert answer["scan"]["ended"] == "scanned" and answer["scan"]["scanned"] == 50
    _, answer = ask(server, "GET", "/topics/searched/records" + query(filter="value.missing > 1"))
    assert answer["scan"]["errors"] == 3000 and answer["records"] == []
    _, answer = ask(server, "GET", "/topics/searched/records" + query(**{"from": "-2"}))
    assert len(answer["records"]) == 6
    status, problem = ask(server, "GET", "/topics/searched/records" + query(filter="value.n >"))
    assert status == 400 and problem["error"]["code"] == "bad-filter"


def test_what_the_kpl_packed_is_found_record_by_record(server):
    make(server, "packed", partitions=1)
    aggregator = aws_kinesis_agg.aggregator.RecordAggregator()
    for number in range(3):
        aggregator.add_user_record(f"key{number}", json.dumps({"n": number}).encode())
    key, _, data = aggregator.clear_and_get().get_contents()
    clients.kinesis(server).put_record(StreamName="packed", PartitionKey=key, Data=data)
    _, answer = ask(server, "GET", "/topics/packed/records" + query(filter="value.n >= 1"))
    assert [(row["key"]["text"], row["subsequence"]) for row in answer["records"]] == [("key1", 1), ("key2", 2)]


class Tail:
    """Reads server-sent events in a thread."""

    def __init__(self, server, path, **headers):
        self.events = []
        self.seen = threading.Condition()
        self.connection = http.client.HTTPConnection(server.admin, timeout=60)
        self.connection.request("GET", "/api/v1" + path, headers={
            "Accept": "text/event-stream", "Authorization": f"Bearer {server.token}", **headers})
        self.answer = self.connection.getresponse()
        assert self.answer.status == 200 and self.answer.getheader("content-type").startswith("text/event-stream")
        self.ended = False
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        event = {}
        try:
            for line in self.answer:
                line = line.decode().rstrip("\n")
                name, _, value = line.partition(": ")
                if line and name:
                    event[name] = value
                elif not line:
                    with self.seen:
                        if "data" in event:
                            self.events.append(event)
                        self.seen.notify_all()
                    event = {}
        except (OSError, http.client.HTTPException, ValueError):
            pass
        with self.seen:
            self.ended = True
            self.seen.notify_all()

    def wait(self, count):
        with self.seen:
            assert self.seen.wait_for(lambda: len(self.records()) >= count, timeout=60), self.events
            return self.records()

    def records(self):
        return [event for event in self.events if event["event"] == "record"]


def test_a_record_is_found_by_its_sequence_number(server):
    boto = clients.kinesis(server)
    stream = clients.create_stream(server, "numbered", shards=2, client=boto)
    put = [boto.put_record(StreamName=stream, PartitionKey=f"k{number}", Data=f"v{number}".encode()) for number in range(8)]
    _, answer = ask(server, "GET", f"/topics/{stream}/records" + query(**{"from": put[5]["SequenceNumber"], "limit": 1}))
    assert answer["records"][0]["value"]["text"] == "v5"
    assert ask(server, "GET", f"/topics/{stream}/records" + query(**{"from": "1" * 56}))[0] == 400


def test_a_tail_sends_what_is_appended_and_resumes_where_it_was(server):
    make(server, "tailed", partitions=2)
    path = "/topics/tailed/records"
    put = lambda *values: ask(server, "POST", path, {"records": [{"value": {"n": n}} for n in values]})
    put(0)
    tail = Tail(server, path + query(filter="value.n % 2 == 1"))
    put(1, 2, 3)
    events = tail.wait(2)
    assert [json.loads(json.loads(event["data"])["value"]["text"])["n"] for event in events] == [1, 3]
    put(5)
    last = tail.wait(3)[-1]["id"]
    tail.connection.sock.close()
    put(7, 9)
    again = Tail(server, path + query(filter="value.n % 2 == 1"), **{"Last-Event-ID": last})
    assert [json.loads(json.loads(event["data"])["value"]["text"])["n"] for event in again.wait(2)] == [7, 9]
    assert ask(server, "DELETE", "/topics/tailed")[0] == 204
    with again.seen:
        assert again.seen.wait_for(lambda: again.ended, timeout=60)


def test_events_have_the_overview_and_end_with_the_server(tmp_path):
    with Server(tmp_path / "data", log_path=tmp_path / "log") as running:
        running.token = (running.data_dir / "admin.token").read_text().split("\n")[1]
        tail = Tail(running, "/events")
        with tail.seen:
            assert tail.seen.wait_for(lambda: len(tail.events) >= 2, timeout=60)
        overview = json.loads(tail.events[0]["data"])
        assert tail.events[0]["event"] == "overview" and overview["clusterID"] and overview["kafka"]["connections"] == 0
        assert running.stop() == 0
        with tail.seen:
            assert tail.seen.wait_for(lambda: tail.ended, timeout=60)


class Webhook(http.server.BaseHTTPRequestHandler):
    """Refuses the first message for the time being, then keeps them."""
    messages, attempts = [], 0

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        Webhook.attempts += 1
        if Webhook.attempts > 1:
            Webhook.messages.append(json.loads(body))
        self.send_response(503 if Webhook.attempts == 1 else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def test_alarms_ring_and_end_in_the_api_in_metrics_and_at_a_webhook(tmp_path):
    receiver = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Webhook)
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    settings = {"alarms.pending.ms": "0", "alarms.group.lag.seconds": "1", "alarms.disk.free.percent": "0",
                "alarms.webhook.url": f"http://127.0.0.1:{receiver.server_port}/hook?a=b"}
    with Server(tmp_path / "data", log_path=tmp_path / "server.log", settings=settings) as server:
        server.token = (server.data_dir / "admin.token").read_text().split("\n")[1]
        make(server, "late", partitions=1)
        clients.produce_all(server, "late", [(b"k", b"v")] * 3)
        consumer = confluent_kafka.Consumer({"bootstrap.servers": server.kafka, "group.id": "sleepy", "enable.auto.commit": False})
        consumer.commit(offsets=[confluent_kafka.TopicPartition("late", 0, 1)], asynchronous=False)
        consumer.close()

        def rings():
            _, alarms = ask(server, "GET", "/alarms")
            return [alarm for alarm in alarms["active"] if alarm["rule"] == "group-lag"]
        clients.wait_until(rings, deadline=60, what="the alarm")
        (alarm,) = rings()
        assert alarm["labels"] == {"group": "sleepy", "topic": "late"} and alarm["severity"] == "warning" and "sleepy" in alarm["summary"]
        assert ask(server, "GET", "/overview")[1]["alarms"] >= 1
        # Limits change while the server runs; the alarm ends after three evaluations without its condition.
        admin = confluent_kafka.admin.AdminClient({"bootstrap.servers": server.kafka})
        change = confluent_kafka.admin.ConfigResource("BROKER", "0", incremental_configs=[confluent_kafka.admin.ConfigEntry(
            "alarms.disabled", "group-lag", incremental_operation=confluent_kafka.admin.AlterConfigOpType.SET)])
        admin.incremental_alter_configs([change])[change].result(20)
        clients.wait_until(lambda: not rings(), deadline=60, what="the end of the alarm")
        _, alarms = ask(server, "GET", "/alarms")
        assert [row["endedAt"] > row["beganAt"] for row in alarms["history"] if row["rule"] == "group-lag"] == [True]

        def told():
            return [(message["status"], one["labels"]["alertname"]) for message in Webhook.messages for one in message["alerts"]
                    if one["labels"].get("group") == "sleepy" and one["labels"]["alertname"] == "MillraceGroupLagSeconds"]
        clients.wait_until(lambda: len(told()) == 2, deadline=60, what="the webhook")
        assert told() == [("firing", "MillraceGroupLagSeconds"), ("resolved", "MillraceGroupLagSeconds")] and Webhook.attempts > 2
        connection = http.client.HTTPConnection(server.admin, timeout=20)
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
        assert 'millrace_alarms{rule="group-lag",severity="warning"} 0' in text
        assert 'millrace_alarm_messages_total{result="failed"} 1' in text
    receiver.shutdown()


def test_properties_of_the_broker_are_changed_and_taken_back(server):
    def setting(name):
        return next(row for row in ask(server, "GET", "/settings" + query(search=name))[1]["items"] if row["name"] == name)
    status, answer = ask(server, "POST", "/settings", {"set": {"log.retention.ms": "7200000"}, "validateOnly": True})
    assert status == 200 and setting("log.retention.ms")["value"] != "7200000", answer
    status, answer = ask(server, "POST", "/settings", {"set": {"log.retention.ms": "7200000"}})
    assert status == 200 and answer["changed"][0]["value"] == "7200000"
    assert setting("log.retention.ms")["source"] == "DYNAMIC_BROKER_CONFIG"
    assert ask(server, "POST", "/settings", {"set": {"alarms.webhook.url": "http://169.254.169.254/"}})[0] == 400
    assert ask(server, "POST", "/settings", {"set": {"no.such": "1"}})[0] == 400
    assert ask(server, "POST", "/settings", {})[0] == 400
    assert ask(server, "POST", "/settings", {"reset": ["log.retention.ms"]})[0] == 200
    assert setting("log.retention.ms")["source"] != "DYNAMIC_BROKER_CONFIG"


def test_views_of_the_server(server):
    assert ask(server, "GET", "/overview")[1]["problem"] is None
    _, page = ask(server, "GET", "/settings" + query(search="num.partitions"))
    assert page["items"][0]["default"] == "1" and page["items"][0]["help"]
    for path in ("/readers", "/clients"):
        assert ask(server, "GET", path)[0] == 200
    assert ask(server, "GET", "/groups/none")[0] == 404


def test_answers_are_what_the_description_says(server):
    """Schemathesis makes requests of the description and checks every answer against it, a few for each operation."""
    run = subprocess.run(
        [str(Path(sys.executable).with_name("schemathesis")), "run", f"http://{server.admin}/api/v1/openapi.json",
         "--header", f"Authorization:Bearer {server.token}", "--phases", "examples,fuzzing", "--max-examples", "8",
         "--max-time", "20", "--request-timeout", "60", "--seed", "7", "--no-color", "--workers", "1",
         "--exclude-path", "/api/v1/events", "--exclude-operation-id", "logIn", "--exclude-operation-id", "rotateSecretsKey",
         "--checks", "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"],
        capture_output=True, text=True, timeout=300, cwd=server.data_dir.parent)
    assert run.returncode == 0, run.stdout[-6000:] + run.stderr[-2000:]
