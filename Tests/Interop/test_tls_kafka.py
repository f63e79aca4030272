"""TLS of the Kafka listeners with real clients: plain text beside it, mutual TLS, certificates replaced while clients are connected."""

import asyncio
import os
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import time
import urllib.request

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.helpers import create_ssl_context
from confluent_kafka import Consumer, KafkaException, Producer
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, ResourceType
from kafka import KafkaConsumer, KafkaProducer

from harness import clients
from harness.server import Server, ServerError, binary
from harness.tls import Authority

# ApiVersions, version 0.
API_VERSIONS = struct.pack(">ihhih", 10, 18, 0, 1, -1)
RULES = "RULE:^CN=(.*?),OU=Orders.*$/$1@orders/L, DEFAULT"


def generate(directory, *arguments, status=0):
    done = subprocess.run([str(binary()), "generate", "certs", "--dir", str(directory), *arguments], capture_output=True, text=True,
                          timeout=30)
    assert done.returncode == status, done.stderr
    return done.stdout + done.stderr


class Secure(Server):
    """Three listeners: plain text, TLS, and TLS with certificates of clients."""

    def __init__(self, folder, certs, **settings):
        super().__init__(folder / "data", {
            "listeners": "PLAINTEXT://127.0.0.1:0,SSL://127.0.0.1:0,MUTUAL://127.0.0.1:0",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,SSL:SSL,MUTUAL:SSL",
            "ssl.keystore.location": certs / "server-keystore.pem",
            "listener.name.mutual.ssl.truststore.location": certs / "ca.pem",
            "listener.name.mutual.ssl.client.auth": "required",
            "listener.name.mutual.ssl.principal.mapping.rules": RULES, "group.initial.rebalance.delay.ms": 0, **settings},
            arguments=["--log-level", "debug", "--admin-tls-cert", str(certs / "server-keystore.pem")], log_path=folder / "server.log")
        self.kafka = None

    @property
    def tls(self):
        return localhost(self.listeners["SSL"])

    @property
    def mutual(self):
        return localhost(self.listeners["MUTUAL"])


def localhost(address):
    return f"localhost:{address.rsplit(':', 1)[1]}"


@pytest.fixture(scope="module")
def certs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certs")
    generate(folder, "--client", "alice", "--client", "CN=Bob,OU=Orders,O=Example")
    return folder


@pytest.fixture
def own(certs, tmp_path):
    """A server of one test, whose log has its lines alone: of a kind one is written in ten seconds."""
    with Secure(tmp_path, certs) as server:
        yield server


@pytest.fixture(scope="module")
def secure(certs, tmp_path_factory):
    with Secure(tmp_path_factory.mktemp("secure"), certs) as server:
        yield server


def librdkafka(address, certs, client=None, **more):
    words = {"bootstrap.servers": address, "security.protocol": "ssl", "ssl.ca.location": str(certs / "ca.pem"), "log_level": 0, **more}
    if client:
        words |= {"ssl.certificate.location": str(certs / f"{client}.pem"), "ssl.key.location": str(certs / f"{client}-key.pem")}
    return words


def context(certs, client=None):
    made = ssl.create_default_context(cafile=str(certs / "ca.pem"))
    if client:
        made.load_cert_chain(certs / f"{client}.pem", certs / f"{client}-key.pem")
    return made


def topic_of(server):
    return clients.create_topic(server, clients.unique("tls"), 2)


def round_trip(words, topic, count=2000, size=500):
    """Produces and consumes by librdkafka."""
    producer, failed = Producer({**words, "acks": "all", "enable.idempotence": True, "linger.ms": 5}), []
    for i in range(count):
        producer.produce(topic, b"%06d" % i + os.urandom(size), on_delivery=lambda error, _: failed.append(error) if error else None)
        producer.poll(0)
    assert producer.flush(60) == 0 and not failed
    consumer = Consumer({**words, "group.id": clients.unique("g"), "auto.offset.reset": "earliest"})
    consumer.subscribe([topic])
    got, end = set(), time.monotonic() + 60
    while len(got) < count and time.monotonic() < end:
        for message in consumer.consume(500, 1):
            assert message.error() is None
            got.add(message.value()[:6])
    consumer.close()
    assert got == {b"%06d" % i for i in range(count)}


# Clients


@pytest.mark.parametrize("version", ["TLSv1.2", "TLSv1.3"])
def test_librdkafka(certs, version, tmp_path_factory):
    # librdkafka takes the newest version; a server that speaks one only has no choice.
    folder = tmp_path_factory.mktemp("version")
    with Secure(folder, certs, **{"ssl.enabled.protocols": version}) as server:
        round_trip(librdkafka(server.tls, certs), topic_of(server))
        with _connect(server.tls, context(certs)) as connection:
            assert connection.version() == version


def test_large_records_both_ways(secure, certs):
    """Answers of megabytes are encrypted piece by piece, and requests of megabytes come through."""
    topic, words = topic_of(secure), librdkafka(secure.tls, certs)
    producer, data = Producer({**words, "message.max.bytes": 1_000_000, "linger.ms": 50}), os.urandom(900_000)
    failed = []
    for _ in range(40):
        producer.produce(topic, data, partition=0, on_delivery=lambda error, _: failed.append(error) if error else None)
    assert producer.flush(60) == 0 and not failed
    consumer = Consumer({**words, "group.id": clients.unique("g"), "auto.offset.reset": "earliest", "fetch.max.bytes": 50_000_000,
                         "max.partition.fetch.bytes": 40_000_000})
    consumer.subscribe([topic])
    got, end = 0, time.monotonic() + 60
    while got < 40 and time.monotonic() < end:
        message = consumer.poll(1)
        if message is not None:
            assert message.error() is None and message.value() == data
            got += 1
    consumer.close()
    assert got == 40


def test_kafka_python(secure, certs):
    topic = topic_of(secure)
    words = {"bootstrap_servers": secure.mutual, "security_protocol": "SSL", "ssl_context": context(certs, "alice")}
    with KafkaProducer(acks="all", **words) as producer:
        futures = [producer.send(topic, b"%d" % i) for i in range(500)]
        for future in futures:
            future.get(30)
    consumer = KafkaConsumer(topic, auto_offset_reset="earliest", consumer_timeout_ms=20_000, **words)
    got = set()
    for record in consumer:
        got.add(record.value)
        if len(got) == 500:
            break
    consumer.close()
    assert len(got) == 500


def test_aiokafka(secure, certs):
    topic = topic_of(secure)
    words = {"bootstrap_servers": secure.mutual, "security_protocol": "SSL",
             "ssl_context": create_ssl_context(cafile=str(certs / "ca.pem"), certfile=str(certs / "alice.pem"),
                                               keyfile=str(certs / "alice-key.pem"))}

    async def scenario():
        async with AIOKafkaProducer(acks="all", **words) as producer:
            await asyncio.gather(*[await producer.send(topic, b"%d" % i) for i in range(500)])
        consumer = AIOKafkaConsumer(topic, auto_offset_reset="earliest", **words)
        await consumer.start()
        try:
            return {(await consumer.getone()).value for _ in range(500)}
        finally:
            await consumer.stop()

    assert len(asyncio.run(asyncio.wait_for(scenario(), 60))) == 500


@pytest.mark.skipif(shutil.which("kcat") is None, reason="kcat is not installed")
def test_kcat(secure, certs):
    topic = topic_of(secure)
    words = ["kcat", "-b", secure.mutual, "-X", "security.protocol=ssl", "-X", f"ssl.ca.location={certs}/ca.pem", "-X",
             f"ssl.certificate.location={certs}/alice.pem", "-X", f"ssl.key.location={certs}/alice-key.pem", "-t", topic]
    subprocess.run([*words, "-P"], input="one\ntwo\n", text=True, check=True, timeout=60)
    out = subprocess.run([*words, "-C", "-o", "beginning", "-e", "-q"], capture_output=True, text=True, check=True, timeout=60).stdout
    assert sorted(out.split()) == ["one", "two"]


def test_our_own_command_line(secure, certs):
    topic = clients.unique("tls")
    words = ("--bootstrap", secure.mutual, "--tls", "--ca", certs / "ca.pem", "--cert", certs / "alice.pem", "--key-file",
             certs / "alice-key.pem")

    def millrace(*arguments, stdin=None):
        return subprocess.run([str(binary()), *map(str, arguments)], input=stdin, capture_output=True, text=True, check=True,
                              timeout=60).stdout

    millrace("topic", "create", topic, *words)
    millrace("produce", topic, *words, stdin="a\nb\n")
    assert millrace("consume", topic, "--from", "earliest", "--max", "2", *words).split() == ["a", "b"]


def test_openssl_verifies_the_chain_and_resumes(secure, certs, tmp_path):
    words = ["openssl", "s_client", "-connect", secure.mutual, "-servername", "localhost", "-verify_return_error", "-verify_hostname",
             "localhost", "-CAfile", str(certs / "ca.pem"), "-cert", str(certs / "alice.pem"), "-key", str(certs / "alice-key.pem")]
    session = tmp_path / "session"
    first = subprocess.run([*words, "-tls1_2", "-sess_out", str(session)], input="", capture_output=True, text=True, timeout=30)
    assert "Verify return code: 0 (ok)" in first.stdout, first.stderr
    again = subprocess.run([*words, "-tls1_2", "-sess_in", str(session)], input="", capture_output=True, text=True, timeout=30)
    assert again.returncode == 0 and "Verify return code: 0 (ok)" in again.stdout, again.stderr


@pytest.mark.parametrize("version", ["TLSv1.2", "TLSv1.3"])
def test_rsa_keys(certs, tmp_path, version):
    """Their signatures are made on other threads than the connection's."""
    key, file = tmp_path / "rsa.key", tmp_path / "rsa.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", key, "-out", file, "-subj",
                    "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"], check=True, capture_output=True, timeout=30)
    (tmp_path / "keystore.pem").write_text(key.read_text() + file.read_text())
    with Secure(tmp_path, certs, **{"ssl.keystore.location": tmp_path / "keystore.pem", "ssl.enabled.protocols": version}) as server:
        trusting = ssl.create_default_context(cafile=str(file))
        for _ in range(20):
            with _connect(server.tls, trusting) as connection:
                assert connection.version() == version
                connection.sendall(API_VERSIONS)
                assert connection.recv(1)


def test_an_encrypted_key(certs, tmp_path):
    subprocess.run(["openssl", "pkcs8", "-topk8", "-v2", "aes256", "-in", certs / "server-key.pem", "-out", tmp_path / "key.pem",
                    "-passout", "pass:secret"], check=True, capture_output=True, timeout=30)
    keystore = tmp_path / "keystore.pem"
    keystore.write_text((tmp_path / "key.pem").read_text() + (certs / "server.pem").read_text())
    with Secure(tmp_path, certs, **{"ssl.keystore.location": keystore, "ssl.key.password": "secret"}) as server:
        AdminClient(librdkafka(server.tls, certs)).list_topics(timeout=20)


# Who the client is


def test_the_name_in_the_certificate_becomes_the_principal(secure, certs):
    for client, principal in (("alice", "User:CN=alice"), ("Bob", "User:bob@orders")):
        AdminClient(librdkafka(secure.mutual, certs, client)).list_topics(timeout=20)
        clients.wait_until(lambda p=principal: f"principal={p}" in secure.log(), what=f"{principal} in the log")


@pytest.mark.parametrize("who", ["nobody", "other authority", "self-signed", "expired", "of the server"])
def test_clients_without_a_good_certificate_are_refused(secure, certs, tmp_path, who):
    client = ssl.create_default_context(cafile=str(certs / "ca.pem"))
    if who == "other authority":
        client.load_cert_chain(Authority(tmp_path).issue("alice", "DNS:alice"))
    elif who == "self-signed":
        client.load_cert_chain(_self_signed(tmp_path, "2"))
    elif who == "expired":
        client.load_cert_chain(_expired(tmp_path, certs))
    elif who == "of the server":
        client.load_cert_chain(certs / "server-keystore.pem")
    with pytest.raises((ssl.SSLError, ConnectionError, EOFError)):
        with _connect(secure.mutual, client) as connection:
            # With TLS 1.3 the client has finished before the server has looked at its certificate.
            connection.sendall(API_VERSIONS)
            if not connection.recv(1):
                raise EOFError
    # The client may know before the log does.
    clients.wait_until(lambda: "closed a connection: TLS handshake" in secure.log(), 20, "a line of the log")


def _connect(address, client):
    host, port = address.rsplit(":", 1)
    plain = socket.create_connection(("127.0.0.1", int(port)), 20)
    try:
        return client.wrap_socket(plain, server_hostname=host)
    except BaseException:
        plain.close()
        raise


def _self_signed(folder, days):
    key, file = folder / "self.key", folder / "self.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", days,
                    "-keyout", key, "-out", file, "-subj", "/CN=alice"], check=True, capture_output=True, timeout=30)
    file.write_text(file.read_text() + key.read_text())
    return file


def _expired(folder, certs):
    key, request, file = folder / "old.key", folder / "old.csr", folder / "old.pem"
    subprocess.run(["openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key, "-out",
                    request, "-subj", "/CN=alice"], check=True, capture_output=True, timeout=30)
    # `x509 -days` counts from now on: a negative number of days has passed.
    subprocess.run(["openssl", "x509", "-req", "-in", request, "-CA", certs / "ca.pem", "-CAkey", certs / "ca-key.pem", "-days", "-1",
                    "-out", file], check=True, capture_output=True, timeout=30)
    file.write_text(file.read_text() + key.read_text())
    return file


# Those who mean something else


def test_plain_text_on_a_tls_listener_is_closed(own):
    with socket.create_connection(("127.0.0.1", int(own.tls.rsplit(":", 1)[1])), 20) as plain:
        plain.sendall(API_VERSIONS)
        assert plain.recv(1) == b"", "closed, and nothing is said"
    assert "this is the Kafka protocol in plain text, and this port speaks TLS" in own.log()


def test_tls_on_a_plaintext_listener_is_closed(own, certs):
    with pytest.raises((ssl.SSLError, ConnectionError)):
        _connect(localhost(own.kafka), context(certs)).close()
    assert "this is TLS, and this port speaks plaintext" in own.log()
    AdminClient({"bootstrap.servers": own.kafka}).list_topics(timeout=20)


def test_a_request_in_plain_text_before_the_handshake_is_not_answered(secure, certs):
    """STARTTLS-like: what came before the handshake must not be taken as part of what is protected."""
    with socket.create_connection(("127.0.0.1", int(secure.tls.rsplit(":", 1)[1])), 20) as plain:
        plain.sendall(API_VERSIONS)
        with pytest.raises((ssl.SSLError, ConnectionError)):
            context(certs).wrap_socket(plain, server_hostname="localhost")


def test_older_versions_are_refused(secure):
    for version in ("-tls1", "-tls1_1"):
        done = subprocess.run(["openssl", "s_client", "-connect", secure.tls, version, "-cipher", "ALL:@SECLEVEL=0"], input="",
                              capture_output=True, text=True, timeout=30)
        assert "Cipher is (NONE)" in done.stdout or done.returncode != 0


def test_renegotiation_is_refused(secure):
    done = subprocess.run(["openssl", "s_client", "-connect", secure.tls, "-tls1_2"], input="R\n", capture_output=True, text=True, timeout=30)
    assert "RENEGOTIATING" in done.stdout + done.stderr
    assert done.returncode != 0 or "no renegotiation" in done.stderr.lower(), done.stderr


def test_a_client_that_finds_another_name_goes_away_and_the_log_says_so(own, certs):
    with pytest.raises(ssl.SSLCertVerificationError):
        _connect("elsewhere.test:" + own.tls.rsplit(":", 1)[1], context(certs))
    clients.wait_until(lambda: "this server's certificate" in own.log(), what="a line about the certificate")


def test_half_open_handshakes_do_not_keep_others_out(own, certs):
    port, idle = int(own.tls.rsplit(":", 1)[1]), []
    for _ in range(100):
        plain = socket.create_connection(("127.0.0.1", port), 20)
        plain.sendall(b"\x16\x03\x01\x02\x00\x01")
        idle.append(plain)
    try:
        AdminClient(librdkafka(own.tls, certs)).list_topics(timeout=20)
        # Each is closed when its time is up.
        end = time.monotonic() + 30
        for plain in idle:
            plain.settimeout(max(0.1, end - time.monotonic()))
            assert plain.recv(1) == b""
    finally:
        for plain in idle:
            plain.close()
    assert "was not done within 10000 ms" in own.log()


# Certificates that change


def _serial(address, certs):
    """The number of the certificate that new connections are shown."""
    with _connect(address, context(certs)) as connection:
        return connection.getpeercert()["serialNumber"]


@pytest.fixture
def replaceable(certs, tmp_path):
    """A server with a certificate of its own, and a second certificate to replace it by."""
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        folder.mkdir()
        for name in ("ca.pem", "ca-key.pem"):
            shutil.copy(certs / name, folder / name)
        generate(folder)
    with Secure(tmp_path, folders[0]) as server:
        yield server, folders[0], folders[1]


def _replace(first, second):
    shutil.copy(second / "server-keystore.pem", first / "new.pem")
    os.replace(first / "new.pem", first / "server-keystore.pem")


@pytest.mark.parametrize("how", ["signal", "file"])
def test_a_new_certificate_is_used_while_clients_stay_connected(replaceable, certs, how):
    server, first, second = replaceable
    topic = topic_of(server)
    producer, failed = Producer({**librdkafka(server.tls, certs), "acks": "all"}), []
    producer.produce(topic, b"before")
    assert producer.flush(20) == 0
    with _connect(server.tls, context(certs)) as held:
        before = held.getpeercert()["serialNumber"]
        _replace(first, second)
        if how == "signal":
            server.process.send_signal(signal.SIGHUP)
        clients.wait_until(lambda: _serial(server.tls, certs) != before, 30, "another certificate")
        held.sendall(API_VERSIONS)
        assert held.recv(1), "the connection that was open stays"
    producer.produce(topic, b"after", on_delivery=lambda error, _: failed.append(error) if error else None)
    assert producer.flush(20) == 0 and not failed
    with urllib.request.urlopen(f"https://{localhost(server.admin)}/health/live", timeout=20, context=context(certs)) as answer:
        assert answer.read() == b"live\n"
    # A file that cannot be used changes nothing, and one line says why.
    now = _serial(server.tls, certs)
    (first / "server-keystore.pem").write_text("nonsense")
    server.process.send_signal(signal.SIGHUP)
    clients.wait_until(lambda: "the certificate in use stays" in server.log(), what="a line about the broken file")
    assert _serial(server.tls, certs) == now


def test_certificates_change_by_kafkas_dynamic_properties(replaceable, certs, tmp_path):
    server, _, second = replaceable
    before = _serial(server.tls, certs)
    admin = AdminClient({"bootstrap.servers": server.kafka})

    def alter(name, value):
        entry = ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)
        resource = ConfigResource(ResourceType.BROKER, "0", incremental_configs=[entry])
        return admin.incremental_alter_configs([resource], request_timeout=20)[resource].result(25)

    alter("listener.name.ssl.ssl.keystore.location", str(second / "server-keystore.pem"))
    assert _serial(server.tls, certs) != before
    (tmp_path / "broken.pem").write_text("nonsense")
    with pytest.raises(KafkaException, match="holds no certificate in PEM"):
        alter("listener.name.ssl.ssl.keystore.location", str(tmp_path / "broken.pem"))
    other = tmp_path / "other"
    generate(other, "--host", "other.test")
    with pytest.raises(KafkaException, match="ssl.allow.dn.changes"):
        alter("listener.name.ssl.ssl.keystore.location", str(other / "server-keystore.pem"))
    with pytest.raises(KafkaException, match="only per-listener using the listener prefix"):
        alter("ssl.keystore.location", str(second / "server-keystore.pem"))
    now = _serial(server.tls, certs)
    assert now != before
    server.stop()
    server.kafka = None
    server.start()
    assert _serial(server.tls, certs) == now, "what was set while it ran holds after a restart"


# Starts that fail, and what is generated


@pytest.mark.parametrize("settings, message", [
    ({}, "set ssl.keystore.location to a PEM file"),
    ({"ssl.keystore.location": "/nowhere.pem"}, "/nowhere.pem cannot be read"),
    ({"ssl.keystore.location": "k.jks", "ssl.keystore.type": "JKS"}, "keytool -importkeystore -srckeystore k.jks"),
    ({"ssl.keystore.location": "k.p12", "ssl.keystore.type": "PKCS12"}, "only PEM is read"),
    ({"ssl.keystore.location": "{certs}/server-keystore.pem", "ssl.client.auth": "required"}, "ssl.truststore.location"),
    ({"ssl.keystore.location": "{certs}/server-keystore.pem", "ssl.keystore.password": "x"}, "only ssl.key.password"),
    ({"ssl.keystore.location": "{certs}/server-keystore.pem", "ssl.principal.mapping.rules": "default"}, "is not a rule"),
    ({"ssl.keystore.location": "{certs}/server-keystore.pem", "ssl.enabled.protocols": "TLSv1.1"}, "TLSv1.2, TLSv1.3"),
    ({"ssl.keystore.location": "{certs}/server-keystore.pem", "ssl.cipher.suites": "TLS_X"}, "there is no TLS_X"),
    ({"ssl.keystore.location": "{certs}/server.pem"}, "holds no private key"),
])
def test_what_cannot_be_served_is_said_at_the_start(tmp_path, certs, settings, message):
    settings = {name: value.replace("{certs}", str(certs)) for name, value in settings.items()}
    server = Server(tmp_path / "data", {"listeners": "SSL://127.0.0.1:0", **settings}, log_path=tmp_path / "server.log")
    server.kafka = None
    with pytest.raises(ServerError):
        server.start()
    assert message in server.log(), server.log()


def test_the_chain_and_the_key_may_be_in_the_properties(tmp_path, certs):
    settings = {"listeners": "SSL://127.0.0.1:0", "ssl.keystore.type": "PEM",
                "ssl.keystore.certificate.chain": (certs / "server.pem").read_text().replace("\n", " "),
                "ssl.keystore.key": (certs / "server-key.pem").read_text().replace("\n", " ")}
    server = Server(tmp_path / "data", settings, log_path=tmp_path / "server.log")
    server.kafka = None
    with server:
        admin = AdminClient(librdkafka(localhost(server.kafka), certs))
        described = admin.describe_configs([ConfigResource(ResourceType.BROKER, "0")], request_timeout=20)
        (configs,) = [future.result(25) for future in described.values()]
        assert configs["ssl.keystore.key"].value is None and configs["ssl.keystore.key"].is_sensitive
        assert "PRIVATE KEY" not in server.log()


def test_nothing_that_is_there_is_overwritten(tmp_path):
    generate(tmp_path)
    assert "is there already" in generate(tmp_path, status=1)
    assert "client: CN=alice" in generate(tmp_path, "--no-server", "--client", "alice")
    assert oct((tmp_path / "ca-key.pem").stat().st_mode & 0o777) == "0o600"
    assert "BEGIN PRIVATE KEY" in (tmp_path / "alice-key.pem").read_text()
