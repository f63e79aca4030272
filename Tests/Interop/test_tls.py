"""Our clients over TLS: the command line and the load generator through a proxy that ends it, and what they refuse."""

import json
import os
import socket
import subprocess
import threading

import pytest

from harness import clients
from harness.server import Server, binary
from harness.tls import Authority, Terminator

FAILURE = 1
KEYS = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}


def millrace(*arguments, stdin=None, status=0):
    done = subprocess.run([str(binary()), *map(str, arguments)], input=stdin, capture_output=True, text=True, timeout=60,
                          env={**os.environ, **KEYS})
    assert done.returncode == status, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


def refusal(*arguments):
    """The line on standard error of a command that fails."""
    (line,) = millrace(*arguments, status=FAILURE).stderr.splitlines()
    return line


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def certificate(authority):
    return authority.issue("server", "DNS:localhost", "IP:127.0.0.1")


@pytest.fixture
def terminator():
    """Makes terminators and ends them."""
    made = []

    def make(*arguments, **more):
        made.append(Terminator(*arguments, **more))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture(scope="module")
def secured(certificate, tmp_path_factory):
    """A server whose Kafka face names the port where TLS is spoken: every connection, not only the first, goes there."""
    front = Terminator(certificate)
    settings = {"group.initial.rebalance.delay.ms": 0, "advertised.listeners": f"PLAINTEXT://localhost:{front.port}"}
    directory = tmp_path_factory.mktemp("secured")
    with Server(directory / "data", settings, log_path=directory / "server.log") as server:
        front.target = server.kafka
        server.front = front
        yield server
    front.close()


def test_records_go_through_tls_and_back(secured, authority):
    words = ("--bootstrap", f"localhost:{secured.front.port}", "--tls", "--ca-file", authority.file)
    topic = clients.unique("tls")
    millrace("topic", "create", topic, "--partitions", "2", *words)
    millrace("produce", topic, *words, stdin="".join(f"{i}\n" for i in range(1000)))
    read = millrace("consume", topic, "--from", "earliest", "--max", "1000", "--group", "g", *words).stdout.split()
    assert sorted(read, key=int) == [str(i) for i in range(1000)]
    assert set(secured.front.names) == {"localhost"}


def test_kafka_loads_go_through_tls(secured, authority):
    words = ("--bootstrap", f"localhost:{secured.front.port}", "--tls", "--ca-file", authority.file, "-o", "json")
    topic = clients.unique("tls")
    put = json.loads(millrace("bench", "produce", "--topic", topic, "--records", "20000", "--connections", "3", "--partitions", "3",
                              "--keep", *words).stdout)
    got = json.loads(millrace("bench", "consume", "--topic", topic, "--check", *words).stdout)
    assert (put["records"], put["failed"], got["records"]) == (20000, 0, 20000)
    both = json.loads(millrace("bench", "e2e", "--rate", "500", "--seconds", "1", *words).stdout)
    assert (both["consumed"], both["missing"]) == (500, 0)
    slow = json.loads(millrace("bench", "slow-clients", "--connections", "5", "--seconds", "0.5", "--fill-bytes", "1000000",
                               "--pid", secured.pid, *words).stdout)
    assert slow["connections"] == 5


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_streams_go_through_tls(server, terminator, certificate, authority, host):
    front = terminator(certificate, server.kinesis)
    words = ("--endpoint", f"https://{host}:{front.port}", "--ca-file", authority.file)
    stream = clients.unique("tls")
    millrace("stream", "create", stream, "--shards", "2", *words)
    assert stream in millrace("stream", "list", *words).stdout
    put = json.loads(millrace("bench", "kinesis-put", "--stream", stream, "--records", "5000", "--size", "500", "-o", "json",
                              *words).stdout)
    got = json.loads(millrace("bench", "kinesis-get", "--stream", stream, "-o", "json", *words).stdout)
    assert (put["records"], put["failed"], got["records"]) == (5000, 0, 5000)
    assert put["target"] == f"https://{host}:{front.port}"
    # An address has no place in SNI (RFC 6066, 3).
    assert set(front.names) == {host if host == "localhost" else None}


@pytest.mark.parametrize("how, expected", [
    ("unknown authority", "no trusted authority vouches for it"), ("other authority", "no trusted authority vouches for it"),
    ("other host", "is for another host"), ("plain text", "is TLS spoken on that port?"),
])
def test_what_is_not_the_server_is_refused(server, terminator, authority, certificate, tmp_path, how, expected):
    shown = authority.issue("elsewhere", "DNS:elsewhere.test") if how == "other host" else certificate
    ours = {"unknown authority": (), "other authority": ("--ca-file", Authority(tmp_path, "other").file)}
    trust = ours.get(how, ("--ca-file", authority.file))
    kinesis = f"127.0.0.1:{terminator(shown, server.kinesis).port}" if how != "plain text" else server.kinesis
    kafka = f"localhost:{terminator(shown, server.kafka).port}" if how != "plain text" else server.kafka
    for arguments in (("stream", "list", "--endpoint", f"https://{kinesis}", *trust),
                      ("bench", "kinesis-put", "--records", "1", "--endpoint", f"https://{kinesis}", *trust),
                      ("topic", "list", "--bootstrap", kafka, "--tls", *trust),
                      ("bench", "produce", "--records", "1", "--bootstrap", kafka, "--tls", *trust)):
        line = refusal(*arguments)
        assert line.startswith("millrace: cannot connect to ") and expected in line


def test_a_load_whose_stream_exists_tells_the_same(server, terminator, authority):
    """`kinesis-put` asks for the stream first; a load's own connections are refused in the same words."""
    front = terminator(authority.issue("elsewhere", "DNS:elsewhere.test"), server.kinesis)
    assert "is for another host" in refusal("bench", "kinesis-get", "--stream", "s", "--endpoint", f"https://localhost:{front.port}",
                                            "--ca-file", authority.file)


def test_a_broker_that_speaks_tls_is_named():
    """What a TLS port answers to a request in plain text, where it answers at all: the alert protocol_version."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        def answer():
            with listener.accept()[0] as connection:
                connection.recv(1 << 16)
                connection.sendall(bytes.fromhex("15030300020246"))
                connection.recv(1)

        threading.Thread(target=answer, daemon=True).start()
        line = refusal("topic", "list", "--bootstrap", f"127.0.0.1:{listener.getsockname()[1]}")
    assert "does not speak Kafka's protocol (it speaks TLS; see --tls)" in line


def test_clients_show_their_certificate(server, terminator, authority, certificate, tmp_path):
    front = terminator(certificate, server.kinesis, clients=authority)
    words = ("stream", "list", "--endpoint", f"https://localhost:{front.port}", "--ca-file", authority.file)
    mine, other = authority.issue("client", "DNS:client"), Authority(tmp_path, "other").issue("client", "DNS:client")
    assert "NAME" in millrace(*words, "--cert-file", mine).stdout
    assert "NAME" in millrace(*words, "--cert-file", mine, "--key-file", mine.with_suffix(".key")).stdout
    assert "--cert-file" in refusal(*words)
    assert "refuses the certificate of --cert-file" in refusal(*words, "--cert-file", other)


@pytest.mark.parametrize("arguments, expected", [
    (("--tls", "--ca-file", "absent.pem"), "absent.pem cannot be read"), (("--tls", "--ca-file", "empty"), "no certificate in PEM"),
    (("--tls", "--cert-file", "ours.pem", "--key-file", "empty"), "empty cannot be read or holds no unencrypted private key"),
    (("--tls", "--key-file", "ours.key"), "of no use without its certificate"), (("--ca-file", "ours.pem"), "go with --tls"),
])
def test_wrong_files_are_named(tmp_path, monkeypatch, arguments, expected):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").write_text("")
    Authority(tmp_path, "ours")
    assert expected in refusal("topic", "list", "--bootstrap", "127.0.0.1:1", *arguments)


def test_files_need_an_endpoint_with_tls_and_aws_needs_credentials(monkeypatch):
    assert "go with https://" in refusal("stream", "list", "--endpoint", "http://127.0.0.1:1", "--ca-file", "x")
    for name in KEYS:
        monkeypatch.setitem(KEYS, name, "")
    assert "AWS_ACCESS_KEY_ID" in refusal("stream", "list", "--endpoint", "https://kinesis.eu-west-1.amazonaws.com")
