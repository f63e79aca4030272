"""SASL on Kafka listeners: real clients with every mechanism, users and delegation tokens by the APIs and the command
line, re-authentication, and what is refused."""

import asyncio
import base64
import json
import shutil
import socket
import struct
import subprocess
import time

import aiokafka
import confluent_kafka
import kafka
import pytest
from confluent_kafka.admin import (AdminClient, ScramCredentialInfo, ScramMechanism, UserScramCredentialDeletion,
                                   UserScramCredentialUpsertion)

from harness import clients
from harness.server import Server, binary, free_address

PLAIN_MODULE = "org.apache.kafka.common.security.plain.PlainLoginModule"
ADMIN = ("admin", "admin-secret")
JAAS = f'{PLAIN_MODULE} required user_admin="admin-secret" user_bob="bob-secret";'


def url64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Signer:
    """Signs tokens as an identity provider does, with the openssl command, and publishes its keys in a file."""

    def __init__(self, path):
        self.path = path
        self.keys = {}

    def make(self, name):
        """A private key that is not published."""
        path = self.path.with_name(f"{name}.pem")
        subprocess.run(["openssl", "genrsa", "-out", str(path), "2048"], check=True, capture_output=True)
        return path

    def add(self, kid):
        self.keys[kid] = self.make(kid)

    def publish(self):
        keys = []
        for kid, path in self.keys.items():
            text = subprocess.run(["openssl", "rsa", "-in", str(path), "-noout", "-modulus"], check=True, capture_output=True,
                                  text=True).stdout
            modulus = bytes.fromhex(text.strip().removeprefix("Modulus="))
            keys.append({"kty": "RSA", "use": "sig", "kid": kid, "n": url64(modulus), "e": "AQAB"})
        self.path.write_text(json.dumps({"keys": keys}))

    def token(self, kid, claims=None, header=None, key=None):
        now = int(time.time())
        body = {"sub": "svc", "iss": "https://issuer", "aud": "millrace", "iat": now, "exp": now + 600, "scope": ["a"],
                **(claims or {})}
        head = {"alg": "RS256", "kid": kid, "typ": "JWT", **(header or {})}
        text = f"{url64(json.dumps(head).encode())}.{url64(json.dumps(body).encode())}"
        signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign", str(key or self.keys[kid])], check=True,
                                   input=text.encode(), capture_output=True).stdout
        return f"{text}.{url64(signature)}"


@pytest.fixture(scope="module")
def signer(tmp_path_factory):
    one = Signer(tmp_path_factory.mktemp("keys") / "jwks.json")
    one.add("k1")
    one.publish()
    return one


@pytest.fixture(scope="module")
def server(signer, tmp_path_factory):
    directory = tmp_path_factory.mktemp("sasl")
    password = directory / "first.secret"
    password.write_text("first-secret\n")
    plain, sasl = free_address(), free_address()
    settings = {
        "group.initial.rebalance.delay.ms": 0,
        "listeners": f"PLAINTEXT://{plain},SASL_PLAINTEXT://{sasl}",
        "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER,GSSAPI",
        "listener.name.sasl_plaintext.plain.sasl.jaas.config": JAAS,
        "connection.failed.authentication.delay.ms": 50,
        "delegation.token.secret.key": "token-key",
        "sasl.oauthbearer.jwks.endpoint.url": f"file://{signer.path}",
        "sasl.oauthbearer.jwks.endpoint.refresh.ms": 1000,
        "sasl.oauthbearer.expected.issuer": "https://issuer",
        "sasl.oauthbearer.expected.audience": "millrace",
    }
    server = Server(directory / "data", settings, log_path=directory / "server.log",
                    arguments=["--initial-user", "first", "--initial-password-file", str(password)])
    server.kafka = None
    with server as running:
        running.sasl = running.listeners["SASL_PLAINTEXT"]
        yield running
        status = running.stop()
        assert status == 0, f"exit status {status} after SIGTERM\n{running.log()}"


def confluent(server, mechanism, user, password, **more):
    return {"bootstrap.servers": server.sasl, "security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": mechanism,
            "sasl.username": user, "sasl.password": password, **more}


def admin(server, user=ADMIN[0], password=ADMIN[1], mechanism="PLAIN", **more):
    return AdminClient(confluent(server, mechanism, user, password, **more))


def set_password(server, user, password, mechanism=ScramMechanism.SCRAM_SHA_256, iterations=4096):
    change = UserScramCredentialUpsertion(user, ScramCredentialInfo(mechanism, iterations), password.encode())
    # The client has to live until it is answered.
    client = admin(server)
    for result in client.alter_user_scram_credentials([change]).values():
        result.result(10)


def works(configuration, timeout=10):
    """Whether a confluent client gets metadata."""
    try:
        return AdminClient(configuration).list_topics(timeout=timeout) is not None
    except confluent_kafka.KafkaException:
        return False


def refusal(configuration):
    """The error that a client which cannot authenticate reports."""
    errors = []
    client = confluent_kafka.Producer({**configuration, "error_cb": errors.append})
    end = time.monotonic() + 10
    while time.monotonic() < end:
        client.poll(0.1)
        for error in errors:
            if error.code() == confluent_kafka.KafkaError._AUTHENTICATION:
                return error.str()
    raise AssertionError(f"no authentication error within 10 s, but {errors}")


def millrace(*arguments, status=0, stdin=None):
    done = subprocess.run([str(binary()), *map(str, arguments)], input=stdin, capture_output=True, text=True, timeout=60)
    assert done.returncode == status, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout if status == 0 else done.stderr


# Real clients

def round_trip(configuration, topic):
    producer = confluent_kafka.Producer(configuration)
    producer.produce(topic, b"value")
    assert producer.flush(15) == 0
    consumer = confluent_kafka.Consumer({**configuration, "group.id": clients.unique("group"),
                                         "auto.offset.reset": "earliest"})
    consumer.subscribe([topic])
    end = time.monotonic() + 20
    try:
        while time.monotonic() < end:
            message = consumer.poll(0.5)
            if message is not None and message.error() is None:
                return message.value()
    finally:
        consumer.close()
    raise AssertionError("nothing was consumed")


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
def test_confluent_produces_and_consumes(server, mechanism):
    user = clients.unique("user")
    for kind in (ScramMechanism.SCRAM_SHA_256, ScramMechanism.SCRAM_SHA_512):
        set_password(server, user, "pa,ss=wörd", kind)
    assert round_trip(confluent(server, mechanism, user, "pa,ss=wörd"), clients.unique("topic")) == b"value"


def test_confluent_with_users_of_the_jaas_line(server):
    assert works(confluent(server, "PLAIN", "bob", "bob-secret"))
    assert "Invalid username or password" in refusal(confluent(server, "PLAIN", "bob", "wrong"))


def bearer(server, make, **more):
    """A client whose token `make` makes."""
    def refresh(_):
        return make(), time.time() + 300
    return {"bootstrap.servers": server.sasl, "security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "OAUTHBEARER",
            "oauth_cb": refresh, **more}


def test_confluent_with_a_signed_token(server, signer):
    configuration = bearer(server, lambda: signer.token("k1"))
    producer = confluent_kafka.Producer(configuration)
    topic = clients.unique("topic")
    producer.produce(topic, b"value")
    assert producer.flush(15) == 0


@pytest.mark.parametrize("why, claims, header", [
    ("another issuer", {"iss": "https://other"}, {}), ("another audience", {"aud": "other"}, {}),
    ("expired", {"exp": 1_600_000_000}, {}), ("no subject", {"sub": ""}, {}),
    ("an unknown key", {}, {"kid": "k9"}), ("no algorithm", {}, {"alg": "none"}), ("a symmetric one", {}, {"alg": "HS256"}),
    ("a critical extension", {}, {"crit": ["exp"]}),
])
def test_tokens_that_are_refused(server, signer, why, claims, header):
    assert "invalid_token" in refusal(bearer(server, lambda: signer.token("k1", claims, header)))


def test_a_token_of_another_signer_is_refused(server, signer):
    key = signer.make("other")
    assert "invalid_token" in refusal(bearer(server, lambda: signer.token("k1", key=key)))


def test_keys_are_rotated(server, signer):
    signer.add("k2")
    signer.publish()
    end = time.monotonic() + 20
    while not works(bearer(server, lambda: signer.token("k2")), timeout=2):
        assert time.monotonic() < end, "the new key is not taken"


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
def test_kafka_python(server, mechanism):
    user = clients.unique("user")
    for kind in (ScramMechanism.SCRAM_SHA_256, ScramMechanism.SCRAM_SHA_512):
        set_password(server, user, "secret", kind)
    login = {"bootstrap_servers": server.sasl, "security_protocol": "SASL_PLAINTEXT", "sasl_mechanism": mechanism,
             "sasl_plain_username": user, "sasl_plain_password": "secret"}
    topic = clients.unique("topic")
    producer = kafka.KafkaProducer(**login)
    producer.send(topic, b"value").get(15)
    producer.close()
    consumer = kafka.KafkaConsumer(topic, auto_offset_reset="earliest", consumer_timeout_ms=15000, **login)
    assert next(iter(consumer)).value == b"value"
    consumer.close()


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
def test_aiokafka(server, mechanism):
    user = clients.unique("user")
    for kind in (ScramMechanism.SCRAM_SHA_256, ScramMechanism.SCRAM_SHA_512):
        set_password(server, user, "secret", kind)

    async def produce():
        producer = aiokafka.AIOKafkaProducer(
            bootstrap_servers=server.sasl, security_protocol="SASL_PLAINTEXT", sasl_mechanism=mechanism,
            sasl_plain_username=user, sasl_plain_password="secret")
        await producer.start()
        try:
            return (await producer.send_and_wait(clients.unique("topic"), b"value")).offset
        finally:
            await producer.stop()

    assert asyncio.run(produce()) == 0


def test_kcat(server):
    if shutil.which("kcat") is None:
        pytest.skip("kcat is not installed")
    done = subprocess.run(["kcat", "-L", "-b", server.sasl, "-X", "security.protocol=SASL_PLAINTEXT", "-X",
                           "sasl.mechanism=PLAIN", "-X", "sasl.username=admin", "-X", "sasl.password=admin-secret"],
                          capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr


# What is refused

def test_wrong_passwords_and_unknown_users_look_alike(server):
    set_password(server, "alice", "secret")
    messages = {refusal(confluent(server, "SCRAM-SHA-256", user, "wrong")).split(": ", 2)[-1].split("(after")[0]
                for user in ("alice", "nobody")}
    assert len(messages) == 1 and "invalid credentials" in messages.pop()


def test_gssapi_is_not_served(server):
    connection = Wire(server.sasl)
    assert connection.handshake("GSSAPI") == (33, ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"])
    assert connection.is_closed()


class Wire:
    """Requests by hand."""

    def __init__(self, address):
        host, port = address.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), timeout=10)
        self.correlation = 0

    def frame(self, key, version, body):
        self.correlation += 1
        request = struct.pack(">hhih", key, version, self.correlation, -1) + body
        return struct.pack(">i", len(request)) + request

    def read_frame(self):
        length = struct.unpack(">i", self._read(4))[0]
        return self._read(length)

    def _read(self, count):
        data = b""
        while len(data) < count:
            part = self.socket.recv(count - len(data))
            if not part:
                raise ConnectionError("closed")
            data += part
        return data

    def handshake(self, mechanism, version=1):
        self.socket.sendall(self.frame(17, version, struct.pack(">h", len(mechanism)) + mechanism.encode()))
        answer = self.read_frame()[4:]
        code, count = struct.unpack(">hi", answer[:6])
        names, rest = [], answer[6:]
        for _ in range(count):
            length = struct.unpack(">h", rest[:2])[0]
            names.append(rest[2:2 + length].decode())
            rest = rest[2 + length:]
        return code, names

    def token_frame(self, token, version=1):
        return self.frame(36, version, struct.pack(">i", len(token)) + token)

    def authenticate(self, token):
        self.socket.sendall(self.token_frame(token))
        return self.read_token_answer()

    def read_token_answer(self):
        """Error, message, bytes, session lifetime."""
        answer = self.read_frame()[4:]
        code, length = struct.unpack(">hh", answer[:4])
        rest = answer[4:]
        message = None
        if length >= 0:
            message, rest = rest[:length].decode(), rest[length:]
        count = struct.unpack(">i", rest[:4])[0]
        return code, message, rest[4:4 + count], struct.unpack(">q", rest[4 + count:12 + count])[0]

    def metadata_frame(self):
        return self.frame(3, 1, struct.pack(">i", 0))

    def is_closed(self):
        try:
            self.socket.settimeout(10)
            return self.socket.recv(1) == b""
        except (ConnectionError, OSError):
            return True


PLAIN_TOKEN = b"\0admin\0admin-secret"


@pytest.mark.parametrize("request_of", [
    lambda wire: wire.metadata_frame(), lambda wire: wire.token_frame(PLAIN_TOKEN),
    lambda wire: wire.frame(0, 3, b"\xff\xff\0\1\0\0\0\0\0\0\0\0"), lambda wire: wire.frame(19, 2, b""),
])
def test_nothing_is_served_before_authentication(server, request_of):
    wire = Wire(server.sasl)
    wire.socket.sendall(request_of(wire))
    assert wire.is_closed()


def test_requests_before_the_end_of_the_exchange_are_refused(server):
    wire = Wire(server.sasl)
    assert wire.handshake("SCRAM-SHA-256")[0] == 0
    wire.socket.sendall(wire.token_frame(b"n,,n=admin,r=abc") + wire.metadata_frame())
    assert wire.read_token_answer()[0] == 0
    # ILLEGAL_SASL_STATE in the shape of Metadata, or nothing; then the end.
    try:
        wire.read_frame()
    except ConnectionError:
        return
    assert wire.is_closed()


def test_requests_behind_the_last_token_are_carried_out(server):
    wire = Wire(server.sasl)
    assert wire.handshake("PLAIN")[0] == 0
    wire.socket.sendall(wire.token_frame(PLAIN_TOKEN) + wire.metadata_frame() + wire.metadata_frame())
    assert wire.read_token_answer()[0] == 0
    assert len(wire.read_frame()) > 20 and len(wire.read_frame()) > 20


def test_requests_behind_a_wrong_token_are_not(server):
    wire = Wire(server.sasl)
    wire.handshake("PLAIN")
    wire.socket.sendall(wire.token_frame(b"\0admin\0wrong") + wire.metadata_frame())
    code, message, _, _ = wire.read_token_answer()
    assert (code, message) == (58, "Authentication failed: Invalid username or password")
    assert wire.is_closed()


def test_the_mechanism_cannot_be_switched_half_way(server):
    wire = Wire(server.sasl)
    wire.handshake("SCRAM-SHA-256")
    assert wire.authenticate(b"n,,n=admin,r=abc")[0] == 0
    wire.socket.sendall(wire.frame(17, 1, b"\0\5PLAIN"))
    wire.read_frame()
    assert wire.is_closed()


@pytest.mark.parametrize("token", [
    b"", b"\0", b"admin", b"\0admin\0", b"\0\0x", b"\0admin\0admin-secret\0x", b"bob\0admin\0admin-secret", b"\xff\0\xff\0\xff",
    b"\0" + b"a" * 100_000 + b"\0x",
])
def test_malformed_plain_tokens(server, token):
    wire = Wire(server.sasl)
    wire.handshake("PLAIN")
    assert wire.authenticate(token)[0] == 58
    assert wire.is_closed()


@pytest.mark.parametrize("token", [
    b"", b"n,,", b"p=tls-unique,,n=admin,r=x", b"y,,n=admin,r=x", b"n,,n=admin", b"n,a=bob,n=admin,r=x",
    b"n,,m=x,n=admin,r=x", b"n,,n=ad\0min,r=x", b"n,,n=admin,r=" + b"x" * 5000,
])
def test_malformed_scram_tokens(server, token):
    wire = Wire(server.sasl)
    wire.handshake("SCRAM-SHA-512")
    assert wire.authenticate(token)[0] == 58
    assert wire.is_closed()


def test_large_frames_are_refused_before_authentication(server):
    wire = Wire(server.sasl)
    wire.socket.sendall(struct.pack(">i", 524_289))
    assert wire.is_closed()


def test_a_failure_takes_its_time(server):
    wire = Wire(server.sasl)
    wire.handshake("PLAIN")
    start = time.monotonic()
    wire.authenticate(b"\0admin\0wrong")
    assert time.monotonic() - start >= 0.05


def test_tokens_without_headers(server):
    """SaslHandshake version 0: what clients before Kafka 1.0 send."""
    wire = Wire(server.sasl)
    assert wire.handshake("PLAIN", version=0)[0] == 0
    wire.socket.sendall(struct.pack(">i", len(PLAIN_TOKEN)) + PLAIN_TOKEN)
    assert wire.read_frame() == b""
    wire.socket.sendall(wire.metadata_frame())
    assert len(wire.read_frame()) > 20


def test_sasl_on_a_listener_without_it(server):
    wire = Wire(server.kafka)
    assert wire.handshake("PLAIN") == (34, [])
    assert wire.authenticate(PLAIN_TOKEN)[0] == 34
    wire.socket.sendall(wire.metadata_frame())
    assert len(wire.read_frame()) > 20


# Re-authentication

@pytest.fixture(scope="module")
def short(tmp_path_factory):
    """A server whose sessions last three seconds."""
    directory = tmp_path_factory.mktemp("reauth")
    settings = {
        "listeners": f"SASL_PLAINTEXT://{free_address()}", "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256",
        "listener.name.sasl_plaintext.plain.sasl.jaas.config": JAAS, "connections.max.reauth.ms": 3000,
    }
    server = Server(directory / "data", settings, log_path=directory / "server.log")
    server.kafka = None
    with server as running:
        running.sasl = running.kafka
        yield running


def test_a_session_has_a_length_and_is_renewed_by_the_same_user(short):
    wire = Wire(short.sasl)
    wire.handshake("PLAIN")
    assert wire.authenticate(PLAIN_TOKEN)[3] == 3000
    assert wire.handshake("PLAIN")[0] == 0
    assert wire.authenticate(PLAIN_TOKEN)[0] == 0
    # At most once in a second.
    assert wire.handshake("PLAIN")[0] == 34
    time.sleep(1.1)
    assert wire.handshake("PLAIN")[0] == 0
    code, message, _, _ = wire.authenticate(b"\0bob\0bob-secret")
    assert code == 58 and "Cannot change principals during re-authentication from User.admin: User.bob" in message
    assert wire.is_closed()


def test_a_session_that_is_over_is_closed(short):
    wire = Wire(short.sasl)
    wire.handshake("PLAIN")
    wire.authenticate(PLAIN_TOKEN)
    wire.socket.sendall(wire.metadata_frame())
    wire.read_frame()
    time.sleep(3.1)
    wire.socket.sendall(wire.metadata_frame())
    assert wire.is_closed()


def test_another_mechanism_is_refused_for_re_authentication(short):
    wire = Wire(short.sasl)
    wire.handshake("PLAIN")
    wire.authenticate(PLAIN_TOKEN)
    assert wire.handshake("SCRAM-SHA-256")[0] == 0
    assert "not supported for re-authentication" in wire.authenticate(b"n,,n=admin,r=abc")[1]
    assert wire.is_closed()


def test_confluent_authenticates_again_by_itself(short):
    producer = confluent_kafka.Producer({"bootstrap.servers": short.sasl, "security.protocol": "SASL_PLAINTEXT",
                                         "sasl.mechanism": "PLAIN", "sasl.username": "admin",
                                         "sasl.password": "admin-secret"})
    topic = clients.unique("topic")
    failures = []
    for number in range(14):
        producer.produce(topic, str(number).encode(), on_delivery=lambda error, _: failures.append(error) if error else 0)
        producer.flush(10)
        time.sleep(0.5)
    assert failures == []


# Users

def test_users_are_described_and_removed(server):
    user = clients.unique("user")
    set_password(server, user, "one", ScramMechanism.SCRAM_SHA_256, 8192)
    set_password(server, user, "one", ScramMechanism.SCRAM_SHA_512, 4096)
    client = admin(server)
    described = client.describe_user_scram_credentials([user])[user].result(10)
    assert [(info.mechanism, info.iterations) for info in described.scram_credential_infos] == [
        (ScramMechanism.SCRAM_SHA_256, 8192), (ScramMechanism.SCRAM_SHA_512, 4096)]
    assert works(confluent(server, "SCRAM-SHA-256", user, "one"))
    client.alter_user_scram_credentials(
        [UserScramCredentialDeletion(user, ScramMechanism.SCRAM_SHA_256)])[user].result(10)
    assert "invalid credentials" in refusal(confluent(server, "SCRAM-SHA-256", user, "one"))
    assert works(confluent(server, "SCRAM-SHA-512", user, "one"))


@pytest.mark.parametrize("change, code", [
    (lambda: UserScramCredentialUpsertion("x", ScramCredentialInfo(ScramMechanism.SCRAM_SHA_256, 4095), b"p"), 93),
    (lambda: UserScramCredentialUpsertion("x", ScramCredentialInfo(ScramMechanism.SCRAM_SHA_256, 16385), b"p"), 93),
    (lambda: UserScramCredentialDeletion("nobody", ScramMechanism.SCRAM_SHA_256), 91),
])
def test_changes_of_users_that_are_refused(server, change, code):
    with pytest.raises(confluent_kafka.KafkaException) as raised:
        client = admin(server)
        for result in client.alter_user_scram_credentials([change()]).values():
            result.result(10)
    assert raised.value.args[0].code() == code


def test_users_are_there_after_a_restart(new_server):
    address = free_address()
    settings = {"listeners": f"PLAINTEXT://{free_address()},SASL_PLAINTEXT://{address}"}
    server = new_server(settings=settings, start=False)
    server.kafka = None
    server.start()
    plain = server.kafka
    millrace("user", "add", "kept", "--bootstrap", plain, stdin="secret\n")
    server.stop()
    server.kafka = None
    server.start()
    server.sasl = server.listeners["SASL_PLAINTEXT"]
    assert works(confluent(server, "SCRAM-SHA-512", "kept", "secret"))


# The command line

@pytest.fixture
def secret(tmp_path):
    def write(text):
        path = tmp_path / clients.unique("secret")
        path.write_text(text + "\n")
        return path
    return write


def test_the_command_line_manages_users(server, secret):
    login = ["--bootstrap", server.sasl, "--user", "first", "--password-file", secret("first-secret")]
    name = clients.unique("user")
    assert millrace("user", "add", name, "--new-password-file", secret("one"), *login) == f"added user {name}\n"
    assert "exists" in millrace("user", "add", name, *login, stdin="x\n", status=1)
    listed = json.loads(millrace("user", "list", "-o", "json", *login))
    assert {"name": name, "mechanisms": {"SCRAM-SHA-256": 4096, "SCRAM-SHA-512": 4096}} in listed
    for mechanism in ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"):
        millrace("topic", "list", "--bootstrap", server.sasl, "--user", name, "--password-file", secret("one"),
                 "--sasl-mechanism", mechanism)
    millrace("user", "password", name, *login, stdin="two\n")
    refused = millrace("topic", "list", "--bootstrap", server.sasl, "--user", name, "--password-file", secret("one"),
                       status=1)
    assert "invalid credentials" in refused and len(refused.splitlines()) == 1
    assert millrace("user", "remove", name, *login) == f"removed user {name}\n"
    assert f"there is no user {name}" in millrace("user", "remove", name, *login, status=2)


def test_the_command_line_reads_kafkas_client_properties(server, tmp_path):
    path = tmp_path / "client.properties"
    path.write_text(f"bootstrap.servers={server.sasl}\nsecurity.protocol=SASL_PLAINTEXT\nsasl.mechanism=PLAIN\n"
                    f"sasl.jaas.config={PLAIN_MODULE} required username=\"admin\" password=\"admin-secret\";\n")
    millrace("topic", "list", "--properties", path)


def test_the_command_line_says_where_there_is_no_sasl(server, secret):
    assert "leave out --user" in millrace("topic", "list", "--bootstrap", server.kafka, "--user", "first",
                                          "--password-file", secret("x"), status=1)


def test_delegation_tokens(server, secret):
    user = clients.unique("user")
    set_password(server, user, "secret")
    login = ["--bootstrap", server.sasl, "--user", user, "--password-file", secret("secret")]
    token = json.loads(millrace("token", "create", "--renewer", "first", "-o", "json", *login))
    assert token["owner"] == f"User:{user}" and token["renewers"] == ["User:first"]
    bearer = ["--bootstrap", server.sasl, "--user", token["id"], "--password-file", secret(token["hmac"]),
              "--delegation-token"]
    millrace("topic", "list", *bearer)
    millrace("topic", "list", *bearer, "--sasl-mechanism", "SCRAM-SHA-512")
    # A token cannot be had with a token, and is not a password of its own.
    assert "DELEGATION_TOKEN_REQUEST_NOT_ALLOWED" in millrace("token", "create", *bearer, status=1)
    assert "invalid credentials" in millrace("topic", "list", *bearer[:-1], status=1)
    assert [one["id"] for one in json.loads(millrace("token", "list", "-o", "json", *login))] == [token["id"]]
    first = ["--bootstrap", server.sasl, "--user", "first", "--password-file", secret("first-secret")]
    assert token["id"] in millrace("token", "list", *first)
    assert "expires" in millrace("token", "renew", token["hmac"], "--period", "60", *first)
    bob = ["--bootstrap", server.sasl, "--user", "bob", "--password-file", secret("bob-secret"), "--sasl-mechanism", "PLAIN"]
    assert token["id"] not in millrace("token", "list", *bob)
    assert "DELEGATION_TOKEN_OWNER_MISMATCH" in millrace("token", "expire", token["hmac"], *bob, status=1)
    millrace("token", "expire", token["hmac"], *login)
    assert "invalid credentials" in millrace("topic", "list", *bearer, status=1)
    assert "DELEGATION_TOKEN_NOT_FOUND" in millrace("token", "renew", token["hmac"], *login, status=1)
    assert "DELEGATION_TOKEN_REQUEST_NOT_ALLOWED" in millrace("token", "list", "--bootstrap", server.kafka, status=1)


# Load

def test_many_logins_do_not_stall_others(server):
    """PLAIN costs the server a key derivation each, off the event loops: a client that is authenticated notices little."""
    idle = Wire(server.sasl)
    idle.handshake("PLAIN")
    idle.authenticate(PLAIN_TOKEN)
    guessers = []
    for _ in range(200):
        wire = Wire(server.sasl)
        wire.handshake("PLAIN")
        wire.socket.sendall(wire.token_frame(b"\0admin\0wrong"))
        guessers.append(wire)
    slowest = 0
    for _ in range(50):
        start = time.monotonic()
        idle.socket.sendall(idle.metadata_frame())
        idle.read_frame()
        slowest = max(slowest, time.monotonic() - start)
    assert slowest < 0.25, f"a request took {slowest} s"
    for wire in guessers:
        assert wire.read_token_answer()[0] == 58
