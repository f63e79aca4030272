"""TLS on the Kinesis port: beside plain text on the same port, by a certificate of the server's own or one that it was given."""

import os
import pathlib
import shutil
import signal
import socket
import ssl
import stat
import subprocess

import boto3
import botocore.config
import botocore.exceptions
import pytest

from harness import clients, java_like
from harness.java_like import Client
from harness.server import Server, binary


@pytest.fixture(scope="module")
def secure(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    with Server(folder / "data", arguments=["--kinesis-tls"]) as server:
        yield server, folder / "data" / "tls" / "ca.pem"


def boto(server, verify):
    return boto3.client(
        "kinesis", endpoint_url=f"https://localhost:{server.kinesis.rsplit(':', 1)[1]}", region_name=clients.REGION,
        aws_access_key_id=clients.ACCOUNT, aws_secret_access_key="secret", verify=verify,
        config=botocore.config.Config(retries={"total_max_attempts": 1}))


@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
@pytest.mark.parametrize("verifies", [True, False])
def test_boto3_with_the_authority_of_the_server_and_without_a_check(secure, verifies):
    server, authority = secure
    client = boto(server, str(authority) if verifies else False)
    stream = clients.create_stream(server, clients.unique("tls"), client=client)
    data = os.urandom(900_000)
    client.put_record(StreamName=stream, PartitionKey="k", Data=data)
    iterator = client.get_shard_iterator(StreamName=stream, ShardId="shardId-000000000000",
                                         ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
    assert client.get_records(ShardIterator=iterator)["Records"][0]["Data"] == data
    assert stream in clients.kinesis(server).list_streams()["StreamNames"], "plain text on the same port"


def test_a_client_that_does_not_trust_the_authority_refuses(secure):
    server, _ = secure
    with pytest.raises(botocore.exceptions.SSLError):
        boto(server, True).list_streams()


def test_alpn_chooses_http_2_for_the_java_sdk(secure):
    server, authority = secure
    context = ssl.create_default_context(cafile=str(authority))
    with Client(server.kinesis, tls=context) as client:
        assert "StreamNames" in client.call("ListStreams")


@pytest.mark.parametrize("version", ["http1.1", "http2"])
def test_curl(secure, version):
    server, authority = secure
    port = server.kinesis.rsplit(":", 1)[1]
    run = subprocess.run(
        ["curl", f"--{version}", "-sS", "-m", "20", "--cacert", str(authority), "-o", "/dev/null", "-w",
         "%{http_version} %{http_code}", "-d", "{}", "-H", "Content-Type: application/x-amz-json-1.1",
         "-H", "X-Amz-Target: Kinesis_20131202.ListStreams", "-H", f"Authorization: {java_like.AUTHORIZATION}",
         "-H", "X-Amz-Date: 20261123T000000Z", f"https://localhost:{port}/"],
        capture_output=True, text=True, timeout=30, check=True)
    assert run.stdout == ("2 200" if version == "http2" else "1.1 200")


@pytest.mark.skipif(not shutil.which("java") or not shutil.which("keytool"), reason="there is no JDK on this machine")
def test_javas_own_client_speaks_http_2(secure, tmp_path):
    server, authority = secure
    store = tmp_path / "trust.p12"
    subprocess.run(["keytool", "-importcert", "-noprompt", "-alias", "millrace", "-file", str(authority), "-keystore",
                    str(store), "-storepass", "changeit"], check=True, capture_output=True, timeout=60)
    source = pathlib.Path(__file__).parent / "harness" / "Http2Client.java"
    port = server.kinesis.rsplit(":", 1)[1]
    run = subprocess.run(["java", f"-Djavax.net.ssl.trustStore={store}", "-Djavax.net.ssl.trustStorePassword=changeit",
                          str(source), f"https://localhost:{port}/"], capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    assert [line.split(" {")[0] for line in run.stdout.splitlines()] == ["HTTP_2 200"] * 3


def test_the_authority_stays_and_its_key_is_the_servers_alone(new_server):
    server = new_server(arguments=["--kinesis-tls"])
    folder = pathlib.Path(server.data_dir) / "tls"
    before = (folder / "ca.pem").read_bytes()
    assert stat.S_IMODE((folder / "ca-key.pem").stat().st_mode) == 0o600
    server.restart()
    assert (folder / "ca.pem").read_bytes() == before
    assert boto(server, str(folder / "ca.pem")).list_streams()


def test_a_certificate_that_is_given(new_server, tmp_path):
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", str(key), "-out", str(certificate),
                    "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
                   check=True, capture_output=True)
    server = new_server(arguments=["--kinesis-tls-cert", str(certificate), "--kinesis-tls-key", str(key)])
    assert "StreamNames" in boto(server, str(certificate)).list_streams()
    assert not (pathlib.Path(server.data_dir) / "tls").exists()


@pytest.mark.parametrize("arguments, message", [
    (["--kinesis-tls-cert", "/nowhere.pem"], "/nowhere.pem cannot be read"),
    (["--kinesis-tls-key", "/nowhere.pem"], "--kinesis-tls-key needs --kinesis-tls-cert"),
])
def test_what_cannot_be_served_is_refused_at_the_start(tmp_path, arguments, message):
    run = subprocess.run([str(binary()), "serve", "--data-dir", str(tmp_path / "data"), "--kafka", "off", "--admin", "off",
                          "--kinesis", "127.0.0.1:0", *arguments], capture_output=True, text=True, timeout=30)
    assert run.returncode == 1 and message in run.stderr


@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
def test_garbage_behind_a_client_hello_ends_the_connection(secure):
    server, _ = secure
    host, port = server.kinesis.rsplit(":", 1)
    with socket.create_connection((host, int(port)), 10) as connection:
        connection.sendall(b"\x16\x03\x01\x02\x00" + os.urandom(512))
        connection.settimeout(10)
        answer = b""
        while more := connection.recv(4096):
            answer += more
        assert not answer or answer[0] == 0x15, "an alert at most"
    assert boto(server, False).list_streams()


# Certificates of clients, and no plain text


@pytest.fixture(scope="module")
def certs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certs")
    subprocess.run([str(binary()), "generate", "certs", "--dir", str(folder), "--client", "alice"], check=True, capture_output=True,
                   timeout=30)
    return folder


def secured(tmp_path, certs, *arguments):
    return Server(tmp_path / "data", log_path=tmp_path / "server.log", arguments=[
        "--kinesis-tls-cert", str(certs / "server.pem"), "--kinesis-tls-key", str(certs / "server-key.pem"), *arguments])


def with_certificate(server, certs, client):
    words = {"client_cert": (str(certs / f"{client}.pem"), str(certs / f"{client}-key.pem"))} if client else {}
    return boto3.client(
        "kinesis", endpoint_url=f"https://localhost:{server.kinesis.rsplit(':', 1)[1]}", region_name=clients.REGION,
        aws_access_key_id=clients.ACCOUNT, aws_secret_access_key="secret", verify=str(certs / "ca.pem"),
        config=botocore.config.Config(retries={"total_max_attempts": 1}, **words))


def test_clients_must_show_a_certificate_and_may_not_do_without_tls(tmp_path, certs):
    with secured(tmp_path, certs, "--kinesis-tls-client-ca", str(certs / "ca.pem")) as server:
        assert "StreamNames" in with_certificate(server, certs, "alice").list_streams()
        context = ssl.create_default_context(cafile=str(certs / "ca.pem"))
        context.load_cert_chain(certs / "alice.pem", certs / "alice-key.pem")
        with Client(server.kinesis, tls=context) as client:
            assert "StreamNames" in client.call("ListStreams"), "HTTP/2 as well"
        with pytest.raises((botocore.exceptions.SSLError, botocore.exceptions.HTTPClientError)):
            with_certificate(server, certs, None).list_streams()
        with pytest.raises(botocore.exceptions.HTTPClientError):
            clients.kinesis(server).list_streams()
        assert "shows no certificate" in server.log() and "this port speaks TLS" in server.log()


def test_a_certificate_may_be_requested_only(tmp_path, certs):
    with secured(tmp_path, certs, "--kinesis-tls-client-ca", str(certs / "ca.pem"), "--kinesis-tls-client-auth", "requested") as server:
        assert "StreamNames" in with_certificate(server, certs, None).list_streams()
        assert "StreamNames" in with_certificate(server, certs, "alice").list_streams()


def test_plain_text_is_refused_where_only_tls_is_spoken(tmp_path, certs):
    with secured(tmp_path, certs, "--kinesis-tls-only") as server:
        assert "StreamNames" in with_certificate(server, certs, None).list_streams()
        for first in (b"G", b"POST / HTTP/1.1\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\0\0\0\x0a\0\x12\0\0"):
            with socket.create_connection(("127.0.0.1", int(server.kinesis.rsplit(":", 1)[1])), 20) as plain:
                plain.sendall(first)
                plain.shutdown(socket.SHUT_WR)
                assert plain.recv(100) == b""


def test_the_certificate_is_replaced_while_clients_are_connected(tmp_path, certs):
    other = tmp_path / "other"
    other.mkdir()
    for name in ("ca.pem", "ca-key.pem"):
        shutil.copy(certs / name, other / name)
    subprocess.run([str(binary()), "generate", "certs", "--dir", str(other)], check=True, capture_output=True, timeout=30)
    ours = tmp_path / "ours"
    shutil.copytree(certs, ours)
    with secured(tmp_path, ours) as server:
        client = with_certificate(server, certs, None)
        client.list_streams()
        address = ("localhost", int(server.kinesis.rsplit(":", 1)[1]))
        before = ssl.get_server_certificate(address)
        for name in ("server.pem", "server-key.pem"):
            shutil.copy(other / name, ours / f"{name}.new")
            os.replace(ours / f"{name}.new", ours / name)
        server.process.send_signal(signal.SIGHUP)
        clients.wait_until(lambda: ssl.get_server_certificate(address) != before, what="another certificate")
        client.list_streams()
