"""Access keys of users (`millrace key`): whose requests the Kinesis port carries out, and what the others are told."""

import datetime
import hashlib
import http.client
import json
import os
import re
import shutil
import stat
import subprocess

import boto3
import botocore.auth
import botocore.awsrequest
import botocore.config
import botocore.credentials
import botocore.exceptions
import pytest

from harness.server import Server, ServerError, binary, free_address

awscrt = pytest.importorskip("awscrt.auth", reason="awscrt signs with Signature Version 4A")
import botocore.crt.auth  # noqa: E402

REGION = "eu-central-1"


def command(*words, environment=None, data_dir=None, status=0):
    """Runs `millrace key …` and gives what it printed."""
    where = ["--data-dir", str(data_dir)] if data_dir else []
    run = subprocess.run([str(binary()), *words, *where], capture_output=True, text=True, timeout=60,
                         env={**os.environ, **(environment or {})})
    assert run.returncode == status, (run.returncode, run.stdout, run.stderr)
    return run.stdout if status == 0 else run.stderr


def make_key(user, data_dir, environment=None):
    made = json.loads(command("key", "create", "--user", user, "-o", "json", data_dir=data_dir, environment=environment))
    assert made["user"] == user
    return made["accessKeyID"], made["secretAccessKey"]


def client(server, key, secret, token=None, service="kinesis"):
    return boto3.client(service, endpoint_url=server.endpoint_url, region_name=REGION, aws_access_key_id=key,
                        aws_secret_access_key=secret, aws_session_token=token,
                        config=botocore.config.Config(retries={"total_max_attempts": 1}))


def refusal(call):
    with pytest.raises(botocore.exceptions.ClientError) as failure:
        call()
    return failure.value.response["Error"]["Code"]


class Guarded:
    """A server whose first key was made before its first start."""

    def __init__(self, directory):
        (directory / "data").mkdir()
        self.key, self.secret = make_key("alice", directory / "data")
        self.server = Server(directory / "data", log_path=directory / "server.log")


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    made = Guarded(tmp_path_factory.mktemp("access-keys"))
    with made.server:
        yield made
        assert made.server.stop() == 0
        assert made.secret not in made.server.log(1 << 20)


# The keys


def test_the_first_key_is_made_before_the_server_and_its_file_is_private(guarded):
    client(guarded.server, guarded.key, guarded.secret).create_stream(StreamName="first", ShardCount=1)
    path = guarded.server.data_dir / "secrets.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE((guarded.server.data_dir / "admin.token").stat().st_mode) == 0o600
    for name in os.listdir(guarded.server.data_dir):
        file = guarded.server.data_dir / name
        if file.is_file():
            assert guarded.secret.encode() not in file.read_bytes(), name
            assert not file.stat().st_mode & 0o007, name


def test_a_key_of_a_running_server_holds_at_once_is_disabled_enabled_and_deleted(guarded):
    data_dir = guarded.server.data_dir
    key, secret = make_key("bob", data_dir)
    listing = client(guarded.server, key, secret).list_streams
    listing()
    assert refusal(client(guarded.server, key, guarded.secret).list_streams) == "InvalidSignatureException"
    assert key in command("key", "list", "--user", "bob", data_dir=data_dir)
    assert secret not in command("key", "list", "-o", "json", data_dir=data_dir)
    command("key", "disable", key, data_dir=data_dir)
    assert refusal(listing) == "UnrecognizedClientException"
    command("key", "enable", key, data_dir=data_dir)
    listing()
    command("key", "delete", key, data_dir=data_dir)
    assert refusal(listing) == "UnrecognizedClientException"
    assert "no access key" in command("key", "delete", key, data_dir=data_dir, status=2)


def test_a_policys_denial_binds_those_whom_it_names(guarded):
    """There is no authorizer here: an allowance is nothing, and an explicit deny still denies, as with AWS."""
    alice = client(guarded.server, guarded.key, guarded.secret)
    carol = client(guarded.server, *make_key("carol", guarded.server.data_dir))
    alice.create_stream(StreamName="guarded", ShardCount=1)
    arn = alice.describe_stream_summary(StreamName="guarded")["StreamDescriptionSummary"]["StreamARN"]
    account = arn.split(":")[4]
    statement = {"Effect": "Deny", "Principal": {"AWS": f"arn:aws:iam::{account}:user/carol"}, "Resource": arn,
                 "Action": ["kinesis:PutRecord", "kinesis:GetRecords"]}
    alice.put_resource_policy(ResourceARN=arn, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    shard = alice.list_shards(StreamName="guarded")["Shards"][0]["ShardId"]
    place = {"StreamName": "guarded", "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON"}
    alice.put_record(StreamName="guarded", Data=b"x", PartitionKey="k")
    iterator = carol.get_shard_iterator(**place)["ShardIterator"]
    assert refusal(lambda: carol.get_records(ShardIterator=iterator)) == "AccessDeniedException"
    assert refusal(lambda: carol.put_record(StreamName="guarded", Data=b"x", PartitionKey="k")) == "AccessDeniedException"
    carol.put_records(StreamName="guarded", Records=[{"Data": b"x", "PartitionKey": "k"}])
    # No policy is about who may change policies: nobody locks everybody out.
    statement = {**statement, "Principal": "*", "Action": "kinesis:*"}
    alice.put_resource_policy(ResourceARN=arn, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    assert refusal(lambda: alice.describe_stream(StreamName="guarded")) == "AccessDeniedException"
    carol.delete_resource_policy(ResourceARN=arn)
    assert len(alice.get_records(ShardIterator=alice.get_shard_iterator(**place)["ShardIterator"])["Records"]) == 2


def test_leases_and_metrics_are_guarded_alike(guarded):
    assert client(guarded.server, guarded.key, guarded.secret, service="dynamodb").list_tables()["TableNames"] is not None
    metric = {"Namespace": "n", "MetricData": [{"MetricName": "m", "Value": 1.0}]}
    client(guarded.server, guarded.key, guarded.secret, service="cloudwatch").put_metric_data(**metric)
    for service, call in (("dynamodb", lambda one: one.list_tables()),
                          ("cloudwatch", lambda one: one.put_metric_data(**metric))):
        for key, secret in ((guarded.key, "wrong"), ("AKIAUNKNOWN", guarded.secret)):
            code = refusal(lambda: call(client(guarded.server, key, secret, service=service)))  # noqa: B023
            assert code in ("InvalidSignatureException", "UnrecognizedClientException"), (service, code)


@pytest.mark.parametrize("words, expected", [([], True), (["wrong"], False)])
def test_the_command_line_of_aws(guarded, words, expected):
    executable = shutil.which("aws") or str(binary().parents[0] / "aws")
    for path in (executable, os.path.join(os.path.dirname(os.sys.executable), "aws")):
        if os.path.exists(path):
            executable = path
    run = subprocess.run([executable, "kinesis", "list-streams", "--endpoint-url", guarded.server.endpoint_url],
                         capture_output=True, text=True, timeout=120,
                         env={**os.environ, "AWS_ACCESS_KEY_ID": guarded.key, "AWS_DEFAULT_REGION": REGION,
                              "AWS_SECRET_ACCESS_KEY": words[0] if words else guarded.secret, "AWS_MAX_ATTEMPTS": "1"})
    assert (run.returncode == 0) == expected, run.stderr
    assert expected or "InvalidSignatureException" in run.stderr


# Signatures


def signed(server, key, secret, operation="ListStreams", body=b"{}", at=None, signer=botocore.auth.SigV4Auth, **more):
    """A request's path and headers, signed at a moment that may be another than now."""
    request = botocore.awsrequest.AWSRequest("POST", server.endpoint_url + "/", data=body, headers={
        "Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": f"Kinesis_20131202.{operation}"})
    auth = signer(botocore.credentials.Credentials(key, secret), "kinesis", REGION, **more)
    original = botocore.auth.get_current_datetime
    botocore.auth.get_current_datetime = lambda *_, **__: datetime.datetime.now(datetime.timezone.utc) + (
        at or datetime.timedelta())
    try:
        auth.add_auth(request)
    finally:
        botocore.auth.get_current_datetime = original
    prepared = request.prepare()
    return prepared.url.split(server.kinesis, 1)[1], dict(prepared.headers)


def send(server, path, headers, body=b"{}", host=None):
    connection = http.client.HTTPConnection(server.kinesis, timeout=20)
    connection.putrequest("POST", path, skip_host=True, skip_accept_encoding=True)
    headers = {name: value.decode() if isinstance(value, bytes) else value for name, value in headers.items()}
    connection.putheader("Host", host or server.kinesis)
    for name, value in headers.items():
        if name.lower() not in ("host", "content-length"):
            for one in value if isinstance(value, list) else [value]:
                connection.putheader(name, one)
    connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body)
    answer = connection.getresponse()
    # In JSON or in CBOR, as the request's type says.
    text = answer.read().decode(errors="replace")
    connection.close()
    return "ok" if answer.status == 200 else re.search(r"\w+Exception", text).group()


@pytest.mark.parametrize("minutes, expected", [
    (0, "ok"), (14, "ok"), (-14, "ok"), (16, "InvalidSignatureException"), (-16, "InvalidSignatureException")])
def test_clocks_may_differ_by_a_quarter_of_an_hour(guarded, minutes, expected):
    at = datetime.timedelta(minutes=minutes)
    assert send(guarded.server, *signed(guarded.server, guarded.key, guarded.secret, at=at)) == expected


class Presigner(botocore.auth.SigV4QueryAuth):
    """botocore's own puts the members of a body into the query."""

    def payload(self, request):
        return hashlib.sha256(b"{}").hexdigest()


def presigned(server, key, secret, **more):
    path, _ = signed(server, key, secret, body=None, signer=Presigner, **more)
    return path, {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "Kinesis_20131202.ListStreams"}


def test_a_presigned_request_is_good_for_itself_only(guarded):
    server = guarded.server
    path, headers = presigned(server, guarded.key, guarded.secret, expires=60)
    assert send(server, path, headers) == "ok"
    other = {**headers, "X-Amz-Target": "Kinesis_20131202.DescribeLimits"}
    wrong = "InvalidSignatureException"
    assert send(server, path, other) == wrong
    assert send(server, path, headers, host="other.example:4567") == wrong
    assert send(server, path, headers, b"{ }") == wrong
    assert send(server, path.replace("/?", "/x?"), headers) == wrong
    assert send(server, path + "&X-Amz-Expires=600", headers) == "IncompleteSignatureException"
    assert send(server, path + "&X%2DAmz-Credential=x", headers) == "IncompleteSignatureException"
    assert send(server, path.replace("X-Amz-Signature", "x-amz-signature"), headers) == "IncompleteSignatureException"
    assert send(server, path, {**headers, "X-Amz-Date": "20200101T000000Z"}) == "ok", "the query's date counts"
    assert send(server, path, {**headers, "Authorization": "AWS4-HMAC-SHA256 Credential=x"}) == wrong
    unsigned = path.replace("x-amz-target", "")
    assert send(server, unsigned, headers) == wrong


def test_a_presigned_request_expires(guarded):
    minutes = datetime.timedelta(minutes=-10)
    late, headers = presigned(guarded.server, guarded.key, guarded.secret, expires=60, at=minutes)
    assert send(guarded.server, late, headers) == "InvalidSignatureException"
    long, headers = presigned(guarded.server, guarded.key, guarded.secret, expires=3600, at=minutes)
    assert send(guarded.server, long, headers) == "ok"
    eternal, headers = presigned(guarded.server, guarded.key, guarded.secret, expires=700_000)
    assert send(guarded.server, eternal, headers) == "IncompleteSignatureException"


def test_an_unsigned_body_is_not_taken(guarded):
    class Unsigned(botocore.auth.SigV4Auth):
        def payload(self, request):
            return "UNSIGNED-PAYLOAD"

    path, headers = signed(guarded.server, guarded.key, guarded.secret, signer=Unsigned)
    headers["X-Amz-Content-Sha256"] = "UNSIGNED-PAYLOAD"
    assert send(guarded.server, path, headers) == "InvalidSignatureException"


@pytest.mark.parametrize("name, value", [
    ("X-Amz-Date", "20200101T000000Z"), ("Authorization", "AWS4-HMAC-SHA256 Credential=x"),
    ("X-Amz-Target", "Kinesis_20131202.DeleteStream"), ("Content-Type", "application/x-amz-cbor-1.1")])
def test_a_header_that_comes_twice_is_refused(guarded, name, value):
    path, headers = signed(guarded.server, guarded.key, guarded.secret)
    own = headers[name].decode() if isinstance(headers[name], bytes) else headers[name]
    for both in ([own, value], [value, own], [own, own]):
        code = send(guarded.server, path, {**headers, name: both})
        assert code in ("IncompleteSignatureException", "InvalidSignatureException"), both


@pytest.mark.parametrize("change", [
    lambda text: text.replace("AWS4-HMAC-SHA256", "aws4-hmac-sha256"),
    lambda text: text.replace("Signature=", "Signature=0"),
    lambda text: text.replace("/kinesis/", "/dynamodb/"),
    lambda text: text.replace("/kinesis/", "/KINESIS/"),
    lambda text: text.replace(f"/{REGION}/", "/us-east-1/"),
    lambda text: text.replace("SignedHeaders=", "SignedHeaders=host;"),
    lambda text: text.replace("host;", ""),
    lambda text: text[:-1] + text[-1].swapcase() if text[-1].isalpha() else text[:-1],
    lambda text: text.replace("Credential=AKIA", "Credential=akia"),
])
def test_no_other_way_to_write_a_signature_is_taken(guarded, change):
    path, headers = signed(guarded.server, guarded.key, guarded.secret)
    text = headers["Authorization"].decode() if isinstance(headers["Authorization"], bytes) else headers["Authorization"]
    assert change(text) != text
    assert send(guarded.server, path, {**headers, "Authorization": change(text)}) != "ok"


def test_signature_version_4a(guarded):
    """awscrt, the signer of AWS's own SDKs: by header and by query."""
    asymmetric = botocore.crt.auth.CrtSigV4AsymAuth
    for secret, expected in ((guarded.secret, "ok"), ("wrong", "InvalidSignatureException")):
        path, headers = signed(guarded.server, guarded.key, secret, signer=asymmetric)
        assert "ECDSA" in str(headers["Authorization"])
        assert send(guarded.server, path, headers) == expected
        if expected == "ok":
            assert send(guarded.server, path, headers, b"{ }") == "InvalidSignatureException"
            regions = {**headers, "X-Amz-Region-Set": "*"}
            assert send(guarded.server, path, regions) == "InvalidSignatureException"
    put = client(guarded.server, guarded.key, guarded.secret)
    put.create_stream(StreamName="v4a", ShardCount=1)
    body = json.dumps({"StreamName": "v4a", "Data": "YQ==", "PartitionKey": "k"}).encode()
    path, headers = signed(guarded.server, guarded.key, guarded.secret, "PutRecord", body, signer=asymmetric)
    assert send(guarded.server, path, headers, body) == "ok"


# Secrets at rest


def test_a_lost_or_wrong_key_file_is_told_and_nothing_is_deleted(tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    key, secret = make_key("alice", data)
    file, kept = data / "secrets.key", (data / "secrets.key").read_text()
    server = Server(data, log_path=tmp_path / "server.log")
    other = tmp_path / "other"
    other.mkdir()
    make_key("eve", other)
    for text in (None, (other / "secrets.key").read_text(), "garbage\n"):
        file.unlink(missing_ok=True)
        if text is not None:
            file.write_text(text)
            file.chmod(0o600)
        with pytest.raises(ServerError, match="no ready line"):
            server.start()
        assert "secrets.key" in server.log()
    file.unlink()
    file.write_text(kept)
    file.chmod(0o644)
    with pytest.raises(ServerError, match="no ready line"):
        server.start()
    assert "chmod 600" in server.log()
    file.chmod(0o600)
    with server:
        client(server, key, secret).list_streams()
        assert server.stop() == 0
    file.unlink()
    command("key", "delete", key, data_dir=data)
    with server:
        assert refusal(client(server, key, secret).list_streams) == "UnrecognizedClientException"


def test_the_key_of_secrets_is_changed_while_the_server_runs(tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    key, secret = make_key("alice", data)
    before = (data / "secrets.key").read_text()
    with Server(data, log_path=tmp_path / "server.log") as server:
        assert command("key", "rotate-secrets", data_dir=data).startswith("1 secrets")
        assert (data / "secrets.key").read_text() != before
        assert stat.S_IMODE((data / "secrets.key").stat().st_mode) == 0o600
        client(server, key, secret).list_streams()
        server.restart()
        client(server, key, secret).list_streams()
    assert command("key", "rotate-secrets", data_dir=data).startswith("1 secrets")
    with Server(data, log_path=tmp_path / "server.log") as server:
        client(server, key, secret).list_streams()


def test_a_variable_holds_the_key_of_secrets_instead_of_a_file(tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    old, new = ("A" * 43 + "=", "B" * 42 + "A=")
    key, secret = make_key("alice", data, {"MILLRACE_SECRETS_KEY": old})
    assert not (data / "secrets.key").exists()
    for value in (old, f"{new},{old}", new):
        with Server(data, log_path=tmp_path / "server.log", environment={"MILLRACE_SECRETS_KEY": value}) as server:
            client(server, key, secret).list_streams()
            assert server.stop() == 0
    server = Server(data, log_path=tmp_path / "server.log", environment={"MILLRACE_SECRETS_KEY": old})
    with pytest.raises(ServerError, match="no ready line"):
        server.start()
    assert new not in server.log() and old not in server.log()


# First steps


def test_nothing_configured_stays_open_until_there_is_a_key(new_server):
    server = new_server()
    assert "clients are not asked" not in server.log()
    anybody = client(server, "any", "any").list_streams
    anybody()
    key, secret = make_key("alice", server.data_dir)
    assert refusal(anybody) == "UnrecognizedClientException"
    client(server, key, secret).list_streams()
    command("key", "delete", key, data_dir=server.data_dir)
    assert refusal(anybody) == "UnrecognizedClientException", "removing the last key opens nothing"
    server.restart()
    assert refusal(anybody) == "UnrecognizedClientException"
    server.arguments = ["--kinesis-auth", "off"]
    server.restart()
    anybody()


def test_listening_for_others_without_asking_who_they_are_is_warned_of_once(new_server, tmp_path):
    server = new_server(start=False)
    server.kafka = f"0.0.0.0:{free_address().split(':')[1]}"
    server.kinesis = f"0.0.0.0:{free_address().split(':')[1]}"
    server.start()
    lines = [line for line in server.log(1 << 20).splitlines() if "clients are not asked who they are" in line]
    assert len(lines) == 1 and "kafka" in lines[0] and "kinesis" in lines[0], server.log()
    server.close()
    refused = new_server(name="refused", start=False, arguments=["--require-authentication"])
    with pytest.raises(ServerError, match="no ready line"):
        refused.start()
    assert "--require-authentication" in refused.log() and "kinesis" in refused.log()
    keyed = new_server(name="keyed", start=False, arguments=["--require-authentication", "--kinesis-auth", "required"])
    keyed.kafka = "off"
    keyed.start()
    assert refusal(client(keyed, "any", "any").list_streams) == "UnrecognizedClientException"
