"""Real environments for the tests: a database of their own, server processes, snapshots pushed as a console pushes them."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psycopg
from psycopg import sql

from publishing import snapshot

ROOT = Path(__file__).resolve().parent.parent.parent
POSTGRES = os.environ.get("TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5499/postgres")
#: Where environments of the tests keep visitors' files.
FILES = Path(tempfile.gettempdir()) / f"gateway-tests-{os.getpid()}"
atexit.register(lambda: shutil.rmtree(FILES, ignore_errors=True))
REDIS = os.environ.get("TEST_REDIS_URL", "redis://127.0.0.1:6399/9")
CONSOLE = "http://127.0.0.1:8199"

SIGNING = snapshot.new_signing_key()
ENCRYPTION = {"test": snapshot.new_encryption_key(), "live": snapshot.new_encryption_key()}


# What the tests import into their own process: pure parts of the room, which read its settings all the same.
for _name, _value in {
    "GATEWAY_ENVIRONMENT": "test",
    "GATEWAY_PUBLIC_URL": "http://127.0.0.1:8198",
    "GATEWAY_CONSOLE_URL": CONSOLE,
    "GATEWAY_SECRET_KEY": "a secret of the tests, the same for every process",
    "GATEWAY_DATABASE_URL": POSTGRES,
    "GATEWAY_PUBLISHER_KEYS": json.dumps(snapshot.key_set(snapshot.public_jwk(SIGNING))),
    "GATEWAY_DECRYPTION_KEYS": json.dumps(snapshot.key_set(ENCRYPTION["test"])),
    "REDIS_URL": REDIS,
}.items():
    os.environ.setdefault(_name, _value)

#: One client for all requests: making one takes longer than most answers.
HTTP = httpx.Client(trust_env=False, timeout=30)


def free_port() -> int:
    """A port of the tests' own range."""
    for port in range(8110, 8190):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            if port not in _taken:
                _taken.add(port)
                return port
    raise RuntimeError("no port is free")


_taken: set[int] = set()


def until(true: Callable[[], bool], seconds: float = 30) -> None:
    """Wait for something that is about to be so."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.02)


def create_database() -> str:
    """A database nobody else uses; its URL."""
    name = f"gwtest_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(POSTGRES, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return psycopg.conninfo.make_conninfo(POSTGRES, dbname=name)


def drop_database(conninfo: str) -> None:
    name = psycopg.conninfo.conninfo_to_dict(conninfo)["dbname"]
    with psycopg.connect(POSTGRES, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(str(name))))


def as_url(conninfo: str) -> str:
    """A libpq string as the URL of settings; a socket's folder goes into the query."""
    parts = psycopg.conninfo.conninfo_to_dict(conninfo)
    login = str(parts.get("user", "postgres")) + (f":{parts['password']}" if parts.get("password") else "")
    host = str(parts.get("host", ""))
    if host.startswith("/"):
        return f"postgresql://{login}@/{parts['dbname']}?host={host}&port={parts.get('port', 5432)}"
    return f"postgresql://{login}@{host}:{parts.get('port', 5432)}/{parts['dbname']}"


@dataclass
class Environment:
    """One process of an environment."""

    name: str
    database: str
    port: int = field(default_factory=free_port)
    public_url: str = ""
    redis: str = REDIS
    extra: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def variables(self) -> dict[str, str]:
        return {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "gateway.settings",
            "PYTHONWARNINGS": "",
            "GATEWAY_ENVIRONMENT": self.name,
            "GATEWAY_PUBLIC_URL": self.public_url or self.url,
            "GATEWAY_CONSOLE_URL": CONSOLE,
            "GATEWAY_SECRET_KEY": "a secret of the tests, the same for every process",
            "GATEWAY_DATABASE_URL": as_url(self.database),
            "GATEWAY_PUBLISHER_KEYS": json.dumps(snapshot.key_set(snapshot.public_jwk(SIGNING))),
            "GATEWAY_DECRYPTION_KEYS": json.dumps(snapshot.key_set(ENCRYPTION[self.name])),
            "GATEWAY_BRANDS": "*",
            "REDIS_URL": self.redis,
            "TRUSTED_PROXIES": "",
            "GATEWAY_POLL_SECONDS": "1",
            "GATEWAY_INACTIVITY_SECONDS": "1",
            # Nobody is asked in the middle of a test that counts what it hears.
            "GATEWAY_DESK_ASK_SECONDS": "86400",
            # Tests sweep for themselves, and count: no other process may come first.
            "GATEWAY_SWEEP_SECONDS": "86400",
            "GATEWAY_FILES_DIR": str(FILES / self.name),
            "GATEWAY_UPLOAD_BURST": "1000",
            "DEBUG": "0",
            **self.extra,
        }

    def migrate(self) -> None:
        subprocess.run(
            [sys.executable, "-m", "django", "gateway_migrate", "-v", "0"],
            cwd=ROOT,
            env=self.variables,
            check=True,
        )

    def start(self) -> None:
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "granian", "--interface", "asgi", "--host", "127.0.0.1"),
                *("--port", str(self.port), "--no-access-log", "gateway.asgi:application"),
            ],
            cwd=ROOT,
            env=self.variables,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        self.wait()

    def wait(self, seconds: float = 60) -> None:
        """Until it serves."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                state = HTTP.get(f"{self.url}/healthz").json()
                if state["loaded"] and state["listening"]:
                    return
            except (httpx.HTTPError, ValueError):
                pass
            assert time.monotonic() < deadline, "the environment did not start"
            time.sleep(0.05)

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process = None

    # -- what a console does ------------------------------------------------------------------------------------------

    def post(self, body: bytes, content_type: str = snapshot.CONTENT_TYPE) -> httpx.Response:
        return HTTP.post(
            f"{self.url}/_push/v1/snapshots",
            content=body,
            headers={"Content-Type": content_type},
        )

    def push(self, channel: Channel, **changes: Any) -> httpx.Response:
        return self.post(sealed(channel, environment=self.name, **changes))

    def publish(self, **changes: Any) -> Channel:
        """A new channel, served."""
        channel = Channel(**changes)
        answer = self.push(channel)
        assert answer.status_code == 200, answer.text
        return channel

    # -- what a visitor does ------------------------------------------------------------------------------------------

    def get(self, path: str, origin: str | None = "http://localhost:3000", **headers: str) -> httpx.Response:
        if origin is not None:
            headers["Origin"] = origin
        return HTTP.get(self.url + path, headers=headers)

    def channel_json(
        self, channel: Channel, origin: str | None = "http://localhost:3000", **headers: str
    ) -> httpx.Response:
        return self.get(channel.path, origin, **headers)

    def execute(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Straight to the environment's tables."""
        with psycopg.connect(
            self.database, options=f"-c search_path=gateway_{self.name}", autocommit=True
        ) as connection:
            cursor = connection.execute(statement, values)
            return cursor.fetchall() if cursor.description else []


@dataclass
class Channel:
    """A channel as the console knows it; `publish` again with another release to change it."""

    id: str = field(default_factory=lambda: f"chat_{uuid.uuid4()}")
    brand: int = 1009
    kind: str = "messaging"
    name: str = "Clavardage d’essai"
    release: int = 1
    document: dict[str, Any] = field(default_factory=dict)
    private: dict[str, Any] = field(
        default_factory=lambda: {
            "channels_config": {
                "format": 1,
                "domains_restricted": True,
                "allowed_domains": ["localhost:*", "127.0.0.1:*", "[::1]:*"],
            }
        }
    )

    @property
    def path(self) -> str:
        return f"/chat/1.0/brand/{self.brand}/channel/{self.id}"


def sealed(
    channel: Channel,
    *,
    environment: str = "test",
    signing: dict[str, Any] | None = None,
    encryption: dict[str, Any] | None = None,
    **changes: Any,
) -> bytes:
    """The channel's snapshot as a console would push it."""
    fields: dict[str, Any] = {
        "environment": environment,
        "brand": channel.brand,
        "organisation": "Les tests",
        "channel": channel.id,
        "name": channel.name,
        "kind": channel.kind,
        "release": channel.release,
        "issued_at": snapshot.now_text(),
        "document": channel.document,
        "private": channel.private,
        **changes,
    }
    content = {name: fields[name] for name in ("release", "name", "document", "private")}
    fields.setdefault("digest", snapshot.digest(content))
    key = encryption or snapshot.public_jwk(ENCRYPTION[environment])
    return snapshot.seal(snapshot.Snapshot(**fields), signing or SIGNING, key)
