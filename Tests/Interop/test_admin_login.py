"""The admin port: who is let in, what pages of other sites cannot do, and that no secret is told anywhere."""

import http.client
import json
import os
import re
import socket
import subprocess

import boto3
import botocore.auth
import botocore.awsrequest
import botocore.config
import botocore.credentials
import pytest

from harness import clients
from harness.server import Server, ServerError, binary

JSON = {"Content-Type": "application/json"}


def command(*words, data_dir, environment=None, status=0):
    run = subprocess.run([str(binary()), *words, "--data-dir", str(data_dir)], capture_output=True, text=True, timeout=60,
                         env={**os.environ, **(environment or {})})
    assert run.returncode == status, (run.returncode, run.stdout, run.stderr)
    return run.stdout if status == 0 else run.stderr


def local_token(server):
    return (server.data_dir / "admin.token").read_text().split("\n")[1]


def ask(server, method, path, headers=None, body=None):
    """Status, headers and text of an answer of the admin port."""
    connection = http.client.HTTPConnection(server.admin, timeout=20)
    connection.request(method, path, None if body is None else json.dumps(body),
                       {**({} if body is None else JSON), **(headers or {})})
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, dict((name.lower(), value) for name, value in answer.getheaders()), text


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture(scope="module")
def admin(tmp_path_factory):
    directory = tmp_path_factory.mktemp("admin")
    with Server(directory / "data", log_path=directory / "server.log") as server:
        for user, role in (("vera", "viewer"), ("anna", "admin")):
            command("admin", "role", "set", user, role, data_dir=server.data_dir)
        server.vera, server.anna = (command("admin", "token", "create", "--user", user, data_dir=server.data_dir).strip()
                                    for user in ("vera", "anna"))
        yield server
        assert server.stop() == 0
        assert not (server.data_dir / "admin.token").exists()


def test_health_and_metrics_need_no_login_and_every_answer_has_strict_headers(admin):
    for path in ("/health/live", "/health/ready", "/metrics", "/", "/nowhere", "/api/v1/access-keys"):
        status, headers, _ = ask(admin, "GET", path, {"Host": "any.example"} if path.startswith(("/h", "/m")) else None)
        assert status == {"/nowhere": 404, "/api/v1/access-keys": 401}.get(path, 200), path
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff" and headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store"


def test_tokens_roles_and_their_end(admin):
    keys = "/api/v1/access-keys"
    assert ask(admin, "GET", keys, bearer(admin.anna))[0] == 200
    assert ask(admin, "GET", keys, bearer(admin.vera))[0] == 403
    assert ask(admin, "GET", keys, bearer(local_token(admin)))[0] == 200
    for wrong in (admin.anna[:-1], admin.anna + "0", "", "mra__", local_token(admin)[:-1]):
        assert ask(admin, "GET", keys, bearer(wrong))[0] == 401
    role = "/api/v1/admin-roles/vera"
    assert ask(admin, "PUT", role, bearer(admin.anna), {"role": "owner"})[0] == 400
    assert ask(admin, "PUT", role, bearer(admin.anna), {"role": "admin"})[0] == 204
    assert ask(admin, "GET", keys, bearer(admin.vera))[0] == 200, "a role holds at once"
    assert ask(admin, "PUT", role, bearer(admin.anna), {"role": "viewer"})[0] == 204
    assert ask(admin, "GET", keys, bearer(admin.vera))[0] == 403
    token = command("admin", "token", "create", "--user", "anna", data_dir=admin.data_dir).strip()
    assert ask(admin, "GET", keys, bearer(token))[0] == 200
    command("admin", "token", "delete", token.split("_")[1], data_dir=admin.data_dir)
    assert ask(admin, "GET", keys, bearer(token))[0] == 401


def test_a_session_begins_with_a_login_and_ends_with_a_logout_or_its_token(admin):
    token = command("admin", "token", "create", "--user", "anna", data_dir=admin.data_dir).strip()
    status, headers, text = ask(admin, "POST", "/api/v1/login", None, {"token": token})
    assert status == 200 and json.loads(text)["user"] == "anna"
    cookie = headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie
    session = {"Cookie": cookie.split(";")[0]}
    assert json.loads(ask(admin, "GET", "/api/v1/session", session)[2]) == {"user": "anna", "role": "admin"}
    body = {"user": "carl"}
    keys = "/api/v1/access-keys"
    assert ask(admin, "POST", keys, session, body)[0] == 403, "a cookie alone changes nothing"
    for headers, status in (({"Sec-Fetch-Site": "same-origin"}, 201), ({"Origin": f"http://{admin.admin}"}, 201),
                            ({"Sec-Fetch-Site": "cross-site"}, 403), ({"Origin": "http://evil.example"}, 403),
                            ({"Sec-Fetch-Site": "same-site"}, 403), ({"Origin": "null"}, 403),
                            ({"Sec-Fetch-Site": "same-origin", "Content-Type": "text/plain"}, 415)):
        assert ask(admin, "POST", keys, {**session, **headers}, body)[0] == status, headers
    for key in json.loads(ask(admin, "GET", keys + "?user=carl", session)[2])["accessKeys"]:
        command("key", "delete", key["accessKeyID"], data_dir=admin.data_dir)
    forged = {"Cookie": session["Cookie"][:-1] + ("0" if session["Cookie"][-1] != "0" else "1")}
    assert ask(admin, "GET", keys, forged)[0] == 401
    both = {**session, **bearer(admin.anna)}
    assert ask(admin, "GET", keys, both)[0] == 400
    command("admin", "token", "delete", token.split("_")[1], data_dir=admin.data_dir)
    assert ask(admin, "GET", keys, session)[0] == 401, "the session's token is over"
    _, headers, _ = ask(admin, "POST", "/api/v1/login", None, {"token": admin.anna})
    session = {"Cookie": headers["set-cookie"].split(";")[0]}
    assert ask(admin, "POST", "/api/v1/logout", {**session, "Sec-Fetch-Site": "same-origin"})[0] == 204
    assert ask(admin, "GET", keys, session)[0] == 401


@pytest.mark.parametrize("host, status", [("localhost", 200), ("127.0.0.1:1", 200), ("[::1]", 200), ("evil.example", 421),
                                          ("localhost.evil.example", 421), ("", 421)])
def test_a_name_that_another_site_could_have_is_refused(admin, host, status):
    assert ask(admin, "GET", "/api/v1/session", {"Host": host})[0] == status


def test_a_signed_request_is_its_users(admin):
    made = json.loads(command("key", "create", "--user", "vera", "-o", "json", data_dir=admin.data_dir))
    request = botocore.awsrequest.AWSRequest("GET", f"http://{admin.admin}/api/v1/session")
    credentials = botocore.credentials.Credentials(made["accessKeyID"], made["secretAccessKey"])
    botocore.auth.SigV4Auth(credentials, "millrace", "eu-central-1").add_auth(request)
    headers = dict(request.headers)
    assert json.loads(ask(admin, "GET", "/api/v1/session", headers)[2]) == {"user": "vera", "role": "viewer"}
    other = ask(admin, "GET", "/api/v1/session?a=b", headers)
    assert json.loads(other[2])["user"] is None, "signed for another path"
    assert ask(admin, "GET", "/api/v1/access-keys", headers)[0] == 401


def test_guesses_are_slowed_down(new_server):
    server = new_server()
    statuses = [ask(server, "POST", "/api/v1/login", None, {"user": "u", "password": "x"})[0] for _ in range(8)]
    assert statuses[:6] == [401] * 6 and 429 in statuses[6:], statuses
    assert ask(server, "POST", "/api/v1/login", None, {"token": local_token(server)})[0] == 200


def test_a_user_of_kafkas_listeners_logs_in_with_the_password(new_server, tmp_path):
    (tmp_path / "password").write_text("a password\n")
    server = new_server(arguments=["--initial-user", "anna", "--initial-password-file", str(tmp_path / "password"),
                                   "--admin-role", "anna=admin"])
    for user, password, status in (("anna", "a password", 200), ("anna", "another", 401), ("nobody", "a password", 401)):
        answer, headers, text = ask(server, "POST", "/api/v1/login", None, {"user": user, "password": password})
        assert answer == status, (user, text)
    _, headers, _ = ask(server, "POST", "/api/v1/login", None, {"user": "anna", "password": "a password"})
    session = {"Cookie": headers["set-cookie"].split(";")[0]}
    assert json.loads(ask(server, "GET", "/api/v1/session", session)[2]) == {"user": "anna", "role": "admin"}
    assert "a password" not in server.log()


def test_metrics_behind_a_login_and_nobody_without_one(new_server):
    server = new_server(arguments=["--admin-metrics-login", "--admin-anonymous", "none", "--admin-role", "prom=viewer"])
    assert ask(server, "GET", "/metrics")[0] == 401
    assert ask(server, "GET", "/health/ready")[0] == 200
    token = command("admin", "token", "create", "--user", "prom", data_dir=server.data_dir).strip()
    assert ask(server, "GET", "/metrics", bearer(token))[0] == 200
    assert json.loads(ask(server, "GET", "/api/v1/session")[2]) == {"user": None, "role": None}


def test_a_role_that_is_none_ends_the_start(new_server):
    server = new_server(start=False, arguments=["--admin-role", "alice=owner"])
    with pytest.raises(ServerError, match="no ready line"):
        server.start()
    assert "viewer-without-records" in server.log()


# Both HTTP ports


HEAD = b"Host: 127.0.0.1\r\n"
NEXT = b"GET /health/live HTTP/1.1\r\n" + HEAD + b"\r\n"
SMUGGLED = {
    "length and chunks": b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + NEXT,
    "chunks and length": b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + NEXT,
    "two lengths": b"Content-Length: 0\r\nContent-Length: 44\r\n\r\n" + NEXT,
    "one length twice": b"Content-Length: 0\r\nContent-Length: 0\r\n\r\n" + NEXT,
    "a list of lengths": b"Content-Length: 0, 0\r\n\r\n" + NEXT,
    "a signed length": b"Content-Length: +0\r\n\r\n" + NEXT,
    "a negative length": b"Content-Length: -1\r\n\r\n" + NEXT,
    "a huge length": b"Content-Length: 99999999999999999999\r\n\r\n" + NEXT,
    "unknown coding": b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + NEXT,
    "chunked is not last": b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" + NEXT,
    "a tab before chunked": b"Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n" + NEXT,
    "space before the colon": b"Content-Length : 0\r\n\r\n" + NEXT,
    "a folded line": b"X-A: b\r\n c\r\nContent-Length: 0\r\n\r\n" + NEXT,
    "a folded coding": b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n" + NEXT,
    "bare line feeds": b"X-A: b\nContent-Length: 0\n\n" + NEXT,
    "a bare carriage return": b"X-A: b\rContent-Length: 0\r\n\r\n" + NEXT,
    "a zero byte": b"X-A: a\x00b\r\nContent-Length: 0\r\n\r\n" + NEXT,
    "a line feed in a chunk's extension": b"Transfer-Encoding: chunked\r\n\r\n1;a\nb\r\nx\r\n0\r\n\r\n" + NEXT,
    "line feeds between chunks": b"Transfer-Encoding: chunked\r\n\r\n1\nx\n0\n\n" + NEXT,
    "a negative chunk": b"Transfer-Encoding: chunked\r\n\r\n-1\r\nx\r\n0\r\n\r\n" + NEXT,
    "a huge chunk": b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\nx\r\n0\r\n\r\n" + NEXT,
}


@pytest.mark.parametrize("port", ["kinesis", "admin"])
@pytest.mark.parametrize("name", SMUGGLED)
def test_what_two_readers_could_read_differently_ends_the_connection(admin, port, name):
    host, number = getattr(admin, port).rsplit(":", 1)
    path = b"/api/v1/login" if port == "admin" else b"/"
    with socket.create_connection((host, int(number)), timeout=10) as connection:
        connection.sendall(b"POST " + path + b" HTTP/1.1\r\n" + HEAD + SMUGGLED[name])
        answer = b""
        try:
            while part := connection.recv(65536):
                answer += part
        except ConnectionResetError:
            pass
    statuses = re.findall(rb"HTTP/1\.1 (\d+)", answer)
    assert b"live" not in answer, answer
    assert not statuses or statuses[-1] in (b"400", b"413", b"501") or len(statuses) == 1, answer


@pytest.mark.parametrize("port, header", [("kinesis", "X-Amz-Target"), ("admin", "Cookie"), ("admin", "Host")])
def test_a_header_cannot_bring_another_one(admin, port, header):
    host, number = getattr(admin, port).rsplit(":", 1)
    for end in (b"\r\n", b"\n", b"\r"):
        with socket.create_connection((host, int(number)), timeout=10) as connection:
            first = b"" if header == "Host" else HEAD
            connection.sendall(b"GET /api/v1/session HTTP/1.1\r\n" + first + header.encode() + b": a" + end
                               + b"X-Injected: b\r\nConnection: close\r\n\r\n")
            answer = connection.makefile("rb").read()
        assert b"X-Injected" not in answer and b"x-injected" not in answer.lower()


# Nothing secret is told


def test_no_secret_is_in_what_the_server_prints_and_answers(tmp_path):
    planted = {"file": "PLANTEDSECRETFILE0", "session": "PLANTEDSESSIONTOKEN", "password": "PLANTEDPASSWORD"}
    (tmp_path / "keys").write_text(f"[a]\naws_access_key_id = AKIAFILE\naws_secret_access_key = {planted['file']}\n"
                                   f"aws_session_token = {planted['session']}\n")
    data = tmp_path / "data"
    data.mkdir()
    arguments = ["--kinesis-credentials", str(tmp_path / "keys"), "--log-level", "trace"]
    told = []
    with Server(data, log_path=tmp_path / "server.log", arguments=arguments) as server:
        made = json.loads(command("key", "create", "--user", "alice", "-o", "json", data_dir=data))
        planted["access key"] = made["secretAccessKey"]
        planted["admin token"] = command("admin", "token", "create", "--user", "alice", data_dir=data).strip()
        planted["local token"] = local_token(server)
        planted["secrets key"] = (data / "secrets.key").read_text().split("\n")[-2][:44]
        session = ask(server, "POST", "/api/v1/login", None, {"token": planted["local token"]})
        planted["cookie"] = session[1]["set-cookie"].split(";")[0].split("=", 1)[1]
        for body in ({"user": "alice", "password": planted["password"]}, {"token": planted["admin token"] + "x"}):
            told.append(ask(server, "POST", "/api/v1/login", None, body)[2])
        own = bearer(planted["local token"])
        for path in ("/", "/metrics", "/health/ready", "/api/v1/session", "/api/v1/access-keys", "/api/v1/admin-tokens",
                     "/api/v1/admin-roles", "/nowhere"):
            told.append(str(ask(server, "GET", path, own)))
        told.append(str(ask(server, "GET", "/api/v1/session", {"Cookie": f"millrace-session={planted['cookie']}x"})))
        for key, secret, token in (("AKIAFILE", planted["file"], planted["session"]), ("AKIAFILE", planted["file"], None),
                                   (made["accessKeyID"], made["secretAccessKey"], None),
                                   (made["accessKeyID"], "x" + made["secretAccessKey"], None)):
            client = boto3.client("kinesis", endpoint_url=server.endpoint_url, region_name="eu-central-1",
                                  aws_access_key_id=key, aws_secret_access_key=secret, aws_session_token=token,
                                  config=botocore.config.Config(retries={"total_max_attempts": 1}))
            for call in (client.list_streams, lambda: client.describe_stream(StreamName="absent")):  # noqa: B023
                try:
                    told.append(str(call()))
                except botocore.exceptions.ClientError as error:
                    told.append(str(error.response))
        for listing in (("key", "list", "-o", "json"), ("admin", "token", "list"), ("admin", "role", "list")):
            told.append(command(*listing, data_dir=data))
        told.append(str(broker_configs(server)))
        command("key", "rotate-secrets", data_dir=data)
        planted["new secrets key"] = (data / "secrets.key").read_text().split("\n")[-2][:44]
        # What `ps` shows of the server.
        told.append(" ".join(server.command()))
        assert server.stop() == 0
        told.append(server.log(1 << 24))
    for name, secret in planted.items():
        assert len(secret) >= 15, (name, secret)
        for text in told:
            assert secret not in text, f"{name} is told in {text[:2000]}"
    for name in os.listdir(data):
        if (data / name).is_file() and name not in ("secrets.key", "admin.token"):
            content = (data / name).read_bytes()
            for kind, secret in planted.items():
                assert secret.encode() not in content, f"{kind} is in {name}"


def broker_configs(server):
    from confluent_kafka.admin import ConfigResource, ResourceType

    resource = ConfigResource(ResourceType.BROKER, "0")
    admin = clients.admin(server)
    for name in ("0", "1"):
        resource = ConfigResource(ResourceType.BROKER, name)
        try:
            configs = admin.describe_configs([resource], request_timeout=20)[resource].result(25)
        except Exception:  # noqa: BLE001 - the other number is the broker's
            continue
        assert all(one.value is None for one in configs.values() if one.is_sensitive)
        return {name: one.value for name, one in configs.items()}
    raise AssertionError("no broker answered")
