"""A server with access keys (`--kinesis-credentials`): who is let in, and what the others are told."""

import hashlib
import http.client
import subprocess

import boto3
import botocore.auth
import botocore.awsrequest
import botocore.config
import botocore.credentials
import botocore.exceptions
import pytest

from harness import java_like
from harness.server import Server

KEY, SECRET = "123456789012", "a secret/+="
FILE = f"""[default]
aws_access_key_id = {KEY}
aws_secret_access_key = {SECRET}
[temporary]
aws_access_key_id = ASIATEMPORARY
aws_secret_access_key = other
aws_session_token = token
"""


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    directory = tmp_path_factory.mktemp("signatures")
    (directory / "keys").write_text(FILE)
    with Server(directory / "data", {}, arguments=["--kinesis-credentials", str(directory / "keys")]) as server:
        yield server
        assert server.stop() == 0
        assert SECRET not in server.log(1 << 20)


def client(server, key=KEY, secret=SECRET, token=None):
    return boto3.client("kinesis", endpoint_url=server.endpoint_url, region_name="eu-central-1", aws_access_key_id=key,
                        aws_secret_access_key=secret, aws_session_token=token,
                        config=botocore.config.Config(retries={"total_max_attempts": 1}))


def refusal(call):
    with pytest.raises(botocore.exceptions.ClientError) as failure:
        call()
    return failure.value.response["Error"]["Code"]


def test_boto3_works_with_a_key_and_with_temporary_credentials(guarded):
    client(guarded).create_stream(StreamName="s", ShardCount=1)
    put = client(guarded).put_record(StreamName="s", Data=b"x" * 100_000, PartitionKey="k")
    temporary = client(guarded, "ASIATEMPORARY", "other", "token")
    iterator = temporary.get_shard_iterator(StreamName="s", ShardId=put["ShardId"], ShardIteratorType="TRIM_HORIZON")
    records = temporary.get_records(ShardIterator=iterator["ShardIterator"])["Records"]
    assert [record["SequenceNumber"] for record in records] == [put["SequenceNumber"]]


@pytest.mark.parametrize("key, secret, token, code", [
    (KEY, "wrong", None, "InvalidSignatureException"),
    ("AKIAUNKNOWN", SECRET, None, "UnrecognizedClientException"),
    (KEY, SECRET, "token", "UnrecognizedClientException"),
    ("ASIATEMPORARY", "other", None, "UnrecognizedClientException"),
])
def test_others_are_told_why(guarded, key, secret, token, code):
    assert refusal(lambda: client(guarded, key, secret, token).list_streams()) == code


class Presigner(botocore.auth.SigV4QueryAuth):
    """botocore's own puts the members of a body into the query."""

    def payload(self, request):
        return hashlib.sha256(b"{}").hexdigest()


def test_a_presigned_request(guarded):
    body = b"{}"
    request = botocore.awsrequest.AWSRequest("POST", guarded.endpoint_url + "/", headers={
        "Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "Kinesis_20131202.ListStreams"})
    credentials = botocore.credentials.Credentials(KEY, SECRET)
    Presigner(credentials, "kinesis", "eu-central-1", expires=60).add_auth(request)
    for sent, status in ((body, 200), (b"{ }", 400)):
        prepared = request.prepare()
        connection = http.client.HTTPConnection(guarded.kinesis, timeout=20)
        connection.request("POST", prepared.url.split(guarded.kinesis)[1], sent,
                           {"Content-Type": "application/x-amz-json-1.1",
                            "X-Amz-Target": "Kinesis_20131202.ListStreams", "Host": guarded.kinesis})
        answer = connection.getresponse()
        assert answer.status == status, answer.read()
        answer.read()


def test_curl_signs(guarded):
    run = subprocess.run(
        ["curl", "-sS", "-m", "20", "-w", "\n%{http_code}", "--user", f"{KEY}:{SECRET}", "-d", "{}",
         "--aws-sigv4", "aws:amz:eu-central-1:kinesis", "-H", "Content-Type: application/x-amz-json-1.1",
         "-H", "X-Amz-Target: Kinesis_20131202.ListStreams", f"http://{guarded.kinesis}/"],
        capture_output=True, text=True, timeout=30, check=True)
    assert run.stdout.endswith("200") or "x-amz-target" in run.stdout, run.stdout


def test_http2_is_no_way_round(guarded):
    with java_like.Client(guarded.kinesis) as http2:
        status, headers, body = http2.finish(http2.begin("ListStreams", {}))
        assert status == 400 and headers["content-type"] == java_like.CBOR
        assert java_like.decode(body)["__type"] == "InvalidSignatureException"
        request = botocore.awsrequest.AWSRequest("POST", f"http://{guarded.kinesis}/", data=b"\xbf\xff", headers={
            "content-type": java_like.CBOR, "x-amz-target": "Kinesis_20131202.ListStreams"})
        botocore.auth.SigV4Auth(botocore.credentials.Credentials(KEY, SECRET), "kinesis", "eu-central-1").add_auth(request)
        signed = {name.lower(): value for name, value in request.headers.items()}
        http2.headers = lambda operation, extra=(), **_: [
            (":method", "POST"), (":path", "/"), (":scheme", "http"), (":authority", guarded.kinesis),
            *((name, value) for name, value in signed.items() if name != "host"), *extra]
        status, _, body = http2.finish(http2.begin("ListStreams", b"\xbf\xff"))
        assert status == 200 and "StreamNames" in java_like.decode(body), hashlib.sha256(body)


def test_a_file_that_cannot_be_used_ends_the_start(tmp_path, new_server):
    for text, reason in (("[a]\naws_access_key_id = A\n", "profile a needs"), ("", "no [profile]")):
        (tmp_path / "keys").write_text(text)
        server = new_server(start=False, arguments=["--kinesis-credentials", str(tmp_path / "keys")])
        with pytest.raises(AssertionError, match="no ready line"):
            server.start()
        assert reason in server.log()
