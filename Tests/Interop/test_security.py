"""Security as a whole: SASL over TLS, principals of every kind with rights on one server, keys of tokens over HTTPS, and
no secret in anything that a server says."""

import asyncio
import base64
import http.server
import json
import os
import signal
import ssl
import subprocess
import threading
import time
import urllib.error
import urllib.request

import aiokafka
import boto3
import botocore.config
import botocore.exceptions
import confluent_kafka
import kafka
import pytest
from aiokafka.helpers import create_ssl_context
from confluent_kafka.admin import (AclBinding, AclOperation, AclPermissionType, AdminClient, ConfigResource, NewTopic,
                                   ResourcePatternType, ResourceType, ScramCredentialInfo, ScramMechanism,
                                   UserScramCredentialUpsertion)
from test_sasl import Signer, signer, works  # noqa: F401 - a fixture among them
from test_tls_kafka import certs, context, generate, localhost  # noqa: F401 - a fixture among them

from harness import clients
from harness.server import Server, ServerError, binary

ADMIN = ("admin", "admin-secret-4711")
BEARER = "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule"
PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule"


class KeyServer:
    """Publishes a signer's keys over HTTPS, as an identity provider does."""

    def __init__(self, signer, certificate, key):
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):  # noqa: N802 - http.server's name
                outer.asked += 1
                body = signer.path.read_bytes() if outer.status == 200 else b"out of order"
                self.send_response(outer.status if self.path == "/keys?v=1" else 404)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.status, self.asked = 200, 0
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificate, key)
        self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.url = f"https://localhost:{self.server.server_port}/keys?v=1"

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(20)


@pytest.fixture(scope="module")
def keys(signer, certs):  # noqa: F811
    with KeyServer(signer, certs / "server.pem", certs / "server-key.pem") as served:
        yield served


def settings_of(certs, keys, **more):  # noqa: F811
    return {
        "group.initial.rebalance.delay.ms": 0,
        "listeners": "SASL_SSL://127.0.0.1:0,MUTUAL://127.0.0.1:0",
        "listener.security.protocol.map": "SASL_SSL:SASL_SSL,MUTUAL:SSL",
        "ssl.keystore.location": certs / "server-keystore.pem",
        "listener.name.mutual.ssl.truststore.location": certs / "ca.pem",
        "listener.name.mutual.ssl.client.auth": "required",
        "listener.name.mutual.ssl.principal.mapping.rules": "RULE:^CN=(.*?)$/$1/, DEFAULT",
        "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER",
        "listener.name.sasl_ssl.plain.sasl.jaas.config": f'{PLAIN} required user_{ADMIN[0]}="{ADMIN[1]}";',
        "listener.name.sasl_ssl.oauthbearer.sasl.jaas.config":
            f'{BEARER} required ssl.truststore.location="{certs}/ca.pem";',
        "sasl.oauthbearer.jwks.endpoint.url": keys.url,
        "sasl.oauthbearer.jwks.endpoint.refresh.ms": 1000,
        "connection.failed.authentication.delay.ms": 50,
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": f"User:{ADMIN[0]}",
        **more,
    }


class Secured(Server):
    """Listeners with SASL over TLS and with certificates of clients, an authorizer, and TLS on the Kinesis port."""

    def __init__(self, folder, certs, keys, arguments=(), **settings):  # noqa: F811
        super().__init__(folder / "data", settings_of(certs, keys, **settings), log_path=folder / "server.log",
                         arguments=["--kinesis-tls", *arguments])
        self.kafka = None
        self.certs = certs

    @property
    def sasl(self):
        # The first of the listeners.
        return localhost(self.kafka)

    @property
    def mutual(self):
        return localhost(self.listeners["MUTUAL"])

    def login(self, user=ADMIN[0], password=ADMIN[1], mechanism="PLAIN", **more):
        """librdkafka's settings of a user."""
        return {"bootstrap.servers": self.sasl, "security.protocol": "SASL_SSL", "ssl.ca.location": str(self.certs / "ca.pem"),
                "sasl.mechanism": mechanism, "sasl.username": user, "sasl.password": password, "log_level": 0, **more}

    def bearer(self, make, **more):
        """librdkafka's settings of a client whose token `make` makes."""
        return {"bootstrap.servers": self.sasl, "security.protocol": "SASL_SSL", "ssl.ca.location": str(self.certs / "ca.pem"),
                "sasl.mechanism": "OAUTHBEARER", "oauth_cb": lambda _: (make(), time.time() + 300), "log_level": 0, **more}

    def certificate(self, name, **more):
        """librdkafka's settings of a client with a certificate."""
        return {"bootstrap.servers": self.mutual, "security.protocol": "SSL", "ssl.ca.location": str(self.certs / "ca.pem"),
                "ssl.certificate.location": str(self.certs / f"{name}.pem"), "log_level": 0,
                "ssl.key.location": str(self.certs / f"{name}-key.pem"), **more}


@pytest.fixture(scope="module")
def secured(certs, keys, tmp_path_factory):  # noqa: F811
    with Secured(tmp_path_factory.mktemp("secured"), certs, keys) as server:
        yield server
        assert server.stop() == 0


# A client of the library is closed with its last reference, and what it was asked with it.
_made = []


def admin(server):
    _made.append(AdminClient(server.login()))
    return _made[-1]


def add_user(server, user, password):
    changes = [UserScramCredentialUpsertion(user, ScramCredentialInfo(mechanism, 4096), password.encode())
               for mechanism in (ScramMechanism.SCRAM_SHA_256, ScramMechanism.SCRAM_SHA_512)]
    for change in changes:
        for result in admin(server).alter_user_scram_credentials([change]).values():
            result.result(20)


def allow(server, principal, *rights):
    acls = [AclBinding(kind, name, ResourcePatternType.LITERAL, principal, "*", operation, AclPermissionType.ALLOW)
            for kind, name, operation in rights]
    for result in admin(server).create_acls(acls).values():
        result.result(20)


def make_topic(server):
    name = clients.unique("topic")
    admin(server).create_topics([NewTopic(name, 1, 1)])[name].result(20)
    return name


def produced(configuration, topic):
    """The error of one record's production, `None` for success."""
    client, outcome = confluent_kafka.Producer({**configuration, "message.timeout.ms": 20_000}), []
    client.produce(topic, b"value", callback=lambda error, _: outcome.append(error))
    client.flush(30)
    return outcome[0].code() if outcome[0] is not None else None


def consumed(configuration, topic, group):
    """The value of the first record, or the code of the error that comes instead."""
    client = confluent_kafka.Consumer({**configuration, "group.id": group, "auto.offset.reset": "earliest"})
    client.subscribe([topic])
    try:
        message = clients.wait_until(lambda: client.poll(1), 40, "a record or an error")
        return message.error().code() if message.error() else message.value()
    finally:
        client.close()


# SASL over TLS, end to end


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
@pytest.mark.parametrize("library", ["librdkafka", "kafka-python", "aiokafka"])
def test_sasl_over_tls(secured, library, mechanism):
    topic, user = make_topic(secured), clients.unique("user")
    add_user(secured, user, "pässword-1")
    group = clients.unique("group")
    allow(secured, f"User:{user}", (ResourceType.TOPIC, topic, AclOperation.ALL), (ResourceType.GROUP, group, AclOperation.READ))
    words = {"bootstrap_servers": secured.sasl, "security_protocol": "SASL_SSL", "sasl_mechanism": mechanism,
             "sasl_plain_username": user, "sasl_plain_password": "pässword-1"}
    if library == "librdkafka":
        assert produced(secured.login(user, "pässword-1", mechanism), topic) is None
        assert consumed(secured.login(user, "pässword-1", mechanism), topic, group) == b"value"
        assert not works(secured.login(user, "wrong", mechanism), timeout=3)
    elif library == "kafka-python":
        words["ssl_context"] = context(secured.certs)
        with kafka.KafkaProducer(**words) as producer:
            producer.send(topic, b"value").get(30)
        consumer = kafka.KafkaConsumer(topic, group_id=group, auto_offset_reset="earliest", consumer_timeout_ms=30_000, **words)
        assert next(iter(consumer)).value == b"value"
        consumer.close()
    else:
        words["ssl_context"] = create_ssl_context(cafile=str(secured.certs / "ca.pem"))

        async def scenario():
            async with aiokafka.AIOKafkaProducer(**words) as producer:
                await producer.send_and_wait(topic, b"value")
            async with aiokafka.AIOKafkaConsumer(topic, group_id=group, auto_offset_reset="earliest", **words) as consumer:
                return (await consumer.getone()).value

        assert asyncio.run(asyncio.wait_for(scenario(), 60)) == b"value"


# Principals of every kind on one server


def kinesis(server, key, secret):
    return boto3.client("kinesis", endpoint_url=f"https://localhost:{server.kinesis.rsplit(':', 1)[1]}",
                        region_name=clients.REGION, aws_access_key_id=key, aws_secret_access_key=secret,
                        verify=str(server.data_dir / "tls" / "ca.pem"),
                        config=botocore.config.Config(retries={"total_max_attempts": 1}))


def denied(call):
    with pytest.raises(botocore.exceptions.ClientError) as failure:
        call()
    return failure.value.response["Error"]["Code"] == "AccessDeniedException"


def test_rights_of_passwords_certificates_tokens_and_access_keys_on_one_topic(secured, signer):  # noqa: F811
    """A user writes by password and by access key, a certificate reads, a token may do nothing until it is allowed to."""
    topic, group = make_topic(secured), clients.unique("group")
    add_user(secured, "writer", "writer-secret")
    allow(secured, "User:writer", (ResourceType.TOPIC, topic, AclOperation.WRITE))
    allow(secured, "User:alice", (ResourceType.TOPIC, topic, AclOperation.READ), (ResourceType.GROUP, group, AclOperation.READ))
    writer, alice = secured.login("writer", "writer-secret", "SCRAM-SHA-512"), secured.certificate("alice")
    svc = secured.bearer(lambda: signer.token("k1"))
    refused = confluent_kafka.KafkaError.TOPIC_AUTHORIZATION_FAILED
    assert produced(writer, topic) is None
    assert consumed(writer, topic, group) == confluent_kafka.KafkaError.GROUP_AUTHORIZATION_FAILED
    assert consumed(alice, topic, group) == b"value"
    assert produced(alice, topic) == refused
    assert produced(svc, topic) == refused
    # A certificate that nobody gave rights: User:svc is a name, however its owner proved it.
    allow(secured, "User:svc", (ResourceType.TOPIC, topic, AclOperation.WRITE))
    assert produced(svc, topic) is None
    made = subprocess.run([str(binary()), "key", "create", "--user", "writer", "--data-dir", str(secured.data_dir), "-o", "json"],
                          capture_output=True, text=True, timeout=60, check=True)
    made = json.loads(made.stdout)
    boto = kinesis(secured, made["accessKeyID"], made["secretAccessKey"])
    assert boto.put_record(StreamName=topic, Data=b"by key", PartitionKey="k")["ShardId"] == "shardId-000000000000"
    place = {"StreamName": topic, "ShardId": "shardId-000000000000", "ShardIteratorType": "TRIM_HORIZON"}
    assert denied(lambda: boto.get_shard_iterator(**place))
    assert denied(lambda: boto.delete_stream(StreamName=topic))
    # The same right taken away holds on both faces.
    denial = AclBinding(ResourceType.TOPIC, topic, ResourcePatternType.LITERAL, "User:writer", "*", AclOperation.WRITE,
                        AclPermissionType.DENY)
    for result in admin(secured).create_acls([denial]).values():
        result.result(20)
    assert produced(writer, topic) == refused
    assert denied(lambda: boto.put_record(StreamName=topic, Data=b"x", PartitionKey="k"))
    assert produced(svc, topic) is None


# Keys of tokens over HTTPS


def test_keys_of_tokens_over_https_are_rotated_and_outlive_their_server(secured, signer, keys):  # noqa: F811
    assert works(secured.bearer(lambda: signer.token("k1")))
    keys.status = 503
    asked = keys.asked
    clients.wait_until(lambda: keys.asked > asked, 20, "a request while the address is out of order")
    clients.wait_until(lambda: "the server of the key set answers 503" in secured.log(), 20, "a line about it")
    assert works(secured.bearer(lambda: signer.token("k1"))), "the keys that were read before still hold"
    signer.add("k2")
    signer.publish()
    keys.status = 200
    clients.wait_until(lambda: works(secured.bearer(lambda: signer.token("k2")), timeout=3), 40, "the new key")
    signer.keys.pop("k2")
    signer.publish()
    clients.wait_until(lambda: not works(secured.bearer(lambda: signer.token("k2", key=signer.path.with_name("k2.pem"))), timeout=3),
                       40, "the end of the key that was taken back")


def test_a_key_server_that_is_not_trusted_is_named_at_the_start(certs, signer, tmp_path):  # noqa: F811
    generate(tmp_path / "other")
    with KeyServer(signer, tmp_path / "other" / "server.pem", tmp_path / "other" / "server-key.pem") as other:
        server = Secured(tmp_path, certs, other)
        with pytest.raises(ServerError):
            server.start()
        assert "the keys of OAUTHBEARER at the listener SASL_SSL" in server.log() and other.url.split("?")[0] in server.log()


# No secret in what a server says


def ask(url, data=None, headers=None):
    """The body of an answer of any status."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data=data, headers=headers or {}), timeout=20) as answer:
            return answer.read().decode("utf-8", "replace")
    except urllib.error.HTTPError as error:
        return error.read().decode("utf-8", "replace")


def test_no_secret_is_in_logs_answers_metrics_or_the_words_of_a_start_that_fails(certs, keys, signer, tmp_path):  # noqa: F811
    """Secrets in every place that takes one, errors of every kind round them; then all output is searched."""
    secrets, said = [ADMIN[1]], []

    def secret(name):
        secrets.append(f"{name}-{os.urandom(9).hex()}")
        return secrets[-1]

    (tmp_path / "initial").write_text(secret("initial") + "\n")
    (tmp_path / "credentials").write_text(
        f"[default]\naws_access_key_id = AKIDFROMFILE\naws_secret_access_key = {secret('file')}\n")
    encrypted = secret("key-password")
    subprocess.run(["openssl", "pkcs8", "-topk8", "-in", str(certs / "server-key.pem"), "-out", str(tmp_path / "key.pem"),
                    "-v2", "aes-256-cbc", "-passout", f"pass:{encrypted}"], check=True, capture_output=True)
    (tmp_path / "keystore.pem").write_text((tmp_path / "key.pem").read_text() + (certs / "server.pem").read_text())
    private = "".join((certs / "server-key.pem").read_text().splitlines()[1:-1])
    secrets.append(private[20:60])
    server = Secured(tmp_path, certs, keys, [
        "--initial-user", "first", "--initial-password-file", str(tmp_path / "initial"), "--kinesis-credentials",
        str(tmp_path / "credentials"), "--audit-log", str(tmp_path / "audit"), "--log-level", "trace"], **{
            "ssl.keystore.location": tmp_path / "keystore.pem", "ssl.key.password": encrypted,
            "delegation.token.secret.key": secret("token-key")})
    server.environment["MILLRACE_SECRETS_KEY"] = base64.b64encode(os.urandom(32)).decode()
    secrets.append(server.environment["MILLRACE_SECRETS_KEY"])
    with server:
        def millrace(*words, password):
            (tmp_path / "password").write_text(password)
            done = subprocess.run([str(binary()), *map(str, words), "--bootstrap", server.sasl, "--tls", "--ca", str(certs / "ca.pem"),
                                   "--user", ADMIN[0], "--sasl-mechanism", "PLAIN", "--password-file", str(tmp_path / "password")],
                                  capture_output=True, text=True, timeout=60)
            said.append(done.stderr)
            return done.stdout

        # Users, tokens, access keys; right and wrong, by each library's errors.
        add_user(server, "user", secret("scram"))
        assert not works(server.login("user", secret("wrong"), "SCRAM-SHA-256"), timeout=3)
        assert not works(server.login(ADMIN[0], secret("wrong"), "PLAIN"), timeout=3)
        bearer = signer.token("k1", {"sub": "svc", "jti": secret("claim")}, {"kid": "nobody"})
        secrets.append(bearer.split(".")[2])
        assert not works(server.bearer(lambda: bearer), timeout=3)
        secrets.append(json.loads(millrace("token", "create", "-o", "json", password=ADMIN[1]))["hmac"])
        said.append(millrace("token", "list", password=ADMIN[1]))
        millrace("topic", "list", password=secret("wrong"))
        made = json.loads(subprocess.run(
            [str(binary()), "key", "create", "--user", "user", "--data-dir", str(server.data_dir), "-o", "json"],
            capture_output=True, text=True, timeout=60, check=True, env={**os.environ, **server.environment}).stdout)
        secrets.append(made["secretAccessKey"])
        for key, word in ((made["accessKeyID"], made["secretAccessKey"]), (made["accessKeyID"], secret("wrong")),
                          ("AKIDFROMFILE", secret("wrong")), (secret("access-key"), secret("wrong"))):
            with pytest.raises(botocore.exceptions.ClientError) as failure:
                kinesis(server, key, word).put_record(StreamName="absent", Data=b"x", PartitionKey="k")
            said.append(str(failure.value))
        # The name of the last key comes back to who sent it, and is nobody's secret there; its own line is left out.
        said[-1] = said[-1].replace(secrets[-2], "")
        secrets.remove(secrets[-2])
        described = admin(server).describe_configs([ConfigResource(ResourceType.BROKER, "0")], request_timeout=20)
        said += [f"{name}={entry.value}" for future in described.values() for name, entry in future.result(25).items()]
        # The admin port, with and without its token.
        base = f"http://{server.admin}"
        local = (server.data_dir / "admin.token").read_text().split()[-1]
        secrets.append(local)
        for path in ("/metrics", "/metrics/kafka-exporter", "/health/ready", "/api/v1/login", "/api/v1/users", "/nowhere"):
            said.append(ask(base + path))
            said.append(ask(base + path, headers={"Authorization": f"Bearer {local}"}))
            said.append(ask(base + path, data=json.dumps({"user": "user", "password": secret("wrong")}).encode(),
                            headers={"Content-Type": "application/json", "Authorization": f"Bearer {secret('wrong')}"}))
        server.process.send_signal(signal.SIGHUP)
        assert server.stop() == 0
    # Starts that fail because of what is secret.
    for number, (name, value) in enumerate([
        ("listener.name.sasl_ssl.plain.sasl.jaas.config", f'{PLAIN} required user_x="{secret("jaas")}'),
        ("listener.name.sasl_ssl.plain.sasl.jaas.config", f'{PLAIN} required password="{secret("jaas")}" user_="{secret("jaas")}";'),
        ("ssl.key.password", secret("wrong-key-password")),
        ("delegation.token.secret.key.nonsense", secret("unknown-property")),
        ("listener.name.sasl_ssl.oauthbearer.sasl.jaas.config", f'{BEARER} required clientSecret={secret("client")} "'),
    ]):
        folder = tmp_path / f"failed-{number}"
        failing = Secured(folder, certs, keys, **{"ssl.keystore.location": tmp_path / "keystore.pem", "ssl.key.password": encrypted,
                                                  name: value})
        try:
            failing.start()
            failing.stop()
        except ServerError:
            pass
        said.append(failing.log(1 << 24))
    said += [server.log(1 << 24), (tmp_path / "audit").read_text()]
    everything = "\n".join(said)
    assert "authentication" in everything and len(everything) > 10_000
    found = [(one, everything[max(0, at - 200):at + 80]) for one in secrets if (at := everything.find(one)) >= 0]
    assert found == []
