"""A real environment process with channels of its own, and pages on another origin to put them on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import psycopg
import pytest
from websockets.sync.client import ClientConnection, connect

from chatadmin.run import databases
from chatadmin.run.plan import ROOT
from chatadmin.run.ports import pick
from publishing import snapshot
from tests import environment
from tests.stack import answers, eventually
from widget.tests.serve import BUILT, Page, built_file, serving

BRAND = 1009


@dataclass
class Environment:
    """A test environment in a process of its own, on a database of its own; `publish` pushes as the console does."""

    url: str
    database: str
    variables: dict[str, str]
    signing_key: dict[str, Any]
    encryption_key: dict[str, Any]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    releases: dict[str, int] = field(default_factory=dict)

    def start(self) -> None:
        port = self.url.rpartition(":")[2]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "granian", "--interface", "asgi"),
                    *("--host", "127.0.0.1", "--port", port, "--workers", "1", "--ws", "--no-access-log"),
                    "gateway.asgi:application",
                ],
                cwd=ROOT,
                env=self.variables,
                stdout=log,
                stderr=log,
                # Granian keeps its workers as children: they are ended together.
                start_new_session=True,
            )
        eventually(lambda: answers(f"{self.url}/healthz"), seconds=30, what="the environment answers")

    def stop(self) -> None:
        """kill -9: no socket is closed in good order."""
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None

    def publish(
        self,
        channel: str,
        *,
        brand: int = BRAND,
        live: bool = False,
        domains: list[str] | None = None,
        private: dict[str, Any] | None = None,
        **document: Any,
    ) -> str:
        """Push a release of the channel; `domains` restricts it, `private` adds sections of areas. Returns the channel's id."""
        self.releases[channel] = self.releases.get(channel, 0) + 1
        section = {"format": 1, "domains_restricted": domains is not None, "allowed_domains": domains or []}
        sections = {
            "channel": {"name": "Widget"},
            "sections": {"channels_config": section, "d": document, **(private or {})},
        }
        push(
            self,
            snapshot.Snapshot(
                environment="test",
                brand=brand,
                organisation="Demo",
                channel=channel,
                name="Widget",
                kind="live" if live else "messaging",
                release=self.releases[channel],
                digest=snapshot.digest(sections),
                issued_at=snapshot.now_text(),
                document=document,
                private={"channels_config": section, **(private or {})},
            ),
        )
        wanted = str(self.releases[channel])

        def visible() -> bool:
            with urlopen(f"{self.url}/chat/1.0/brand/{brand}/channel/{channel}", timeout=30) as public:
                return bool(public.headers["X-Release"] == wanted)

        eventually(visible, what="the release is visible")
        return channel

    def sql(self, query: str, parameters: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        """Rows of the environment's own tables."""
        address = self.variables["GATEWAY_DATABASE_URL"]
        with psycopg.connect(address, options="-c search_path=gateway_test", autocommit=True) as opened:
            return opened.execute(query.encode(), parameters).fetchall()

    @contextmanager
    def agent(self, channel: str, name: str = "Béatrice Côté", *, brand: int = BRAND) -> Iterator[Agent]:
        """A person on the agent's side of the channel."""
        key = snapshot.agent_key(
            self.signing_key,
            environment="test",
            brand=brand,
            channel=channel,
            name=name,
            expires_at=time.time() + 600,
        )
        with connect(f"ws{self.url.removeprefix('http')}/agent?key={key}") as socket:
            agent = Agent(socket)
            agent.hear("ready")
            yield agent


@dataclass
class Agent:
    """Speaks the agent pane's protocol (gateway.agent_desk)."""

    socket: ClientConnection

    def do(self, act: str, **more: object) -> None:
        self.socket.send(json.dumps({"do": act, **more}))

    def hear(self, event: str) -> dict[str, Any]:
        """The next such event; others are passed over."""
        while True:
            said: dict[str, Any] = json.loads(self.socket.recv(timeout=30))
            assert said["event"] != "error", said
            if said["event"] == event:
                return said

    def say(self, conversation: str, **content: object) -> None:
        self.do("send", conversation=conversation, id=str(uuid.uuid4()), **content)


def push(environment: Environment, one: snapshot.Snapshot) -> None:
    """Seal a snapshot and hand it over; the environment has to take it."""
    sealed = snapshot.seal(one, environment.signing_key, snapshot.public_jwk(environment.encryption_key))
    request = Request(
        f"{environment.url}/_push/v1/snapshots", data=sealed, headers={"Content-Type": snapshot.CONTENT_TYPE}
    )
    with urlopen(request, timeout=30) as answer:
        assert json.load(answer)["status"] == "stored"


def new_channel() -> str:
    return f"chat_{uuid.uuid4()}"


@pytest.fixture
def gateway_environment(running_environment: Environment) -> Environment:
    """The environment of this test process, up again if a test left it down."""
    if running_environment.process is None:
        running_environment.start()
    return running_environment


@pytest.fixture(scope="session")
def running_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environment]:
    if not (BUILT / "manifest.json").is_file():
        pytest.fail("The widget is not built: npm ci && npm run build:widget")
    server = environment.server_url()
    name = f"test_widget_{os.getpid()}"
    role, password = "test_gateway_widget", "test"
    databases.drop(server, name)
    address = databases.gateway_on(server, name, role=role, password=password)
    signing, encryption = snapshot.new_signing_key(), snapshot.new_encryption_key()
    port = pick()
    foreign = ("DJANGO_SETTINGS_MODULE", "SECRET_KEY", "DATABASE_URL", "PUBLISHING_SIGNING_KEY")
    variables = {name: value for name, value in os.environ.items() if name not in foreign} | {
        "DJANGO_SETTINGS_MODULE": "gateway.settings",
        "GATEWAY_ENVIRONMENT": "test",
        "GATEWAY_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "GATEWAY_CONSOLE_URL": "",
        "GATEWAY_SECRET_KEY": uuid.uuid4().hex,
        "GATEWAY_DATABASE_URL": address,
        "GATEWAY_PUBLISHER_KEYS": json.dumps(snapshot.key_set(snapshot.public_jwk(signing))),
        "GATEWAY_DECRYPTION_KEYS": json.dumps(snapshot.key_set(encryption)),
        "GATEWAY_BRANDS": "*",
        "REDIS_URL": os.environ["TEST_REDIS_URL"],
        # Sign-in providers of the tests.
        "ALLOW_LOOPBACK_PROVIDERS": "1",
    }
    subprocess.run([sys.executable, "manage.py", "gateway_migrate"], cwd=ROOT, env=variables, check=True)
    log = tmp_path_factory.mktemp("environment") / "log"
    made = Environment(f"http://127.0.0.1:{port}", name, variables, signing, encryption, log)
    try:
        made.start()
        yield made
    finally:
        made.stop()
        databases.drop(server, name)


@dataclass
class Site:
    """Somebody's web site: pages by path, on an origin that is not the environment's."""

    url: str
    pages: dict[str, Page]

    def page(
        self, body: str, *, path: str = "/", head: str = "", headers: dict[str, str] | None = None
    ) -> str:
        html = f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Shop</title>{head}</head><body>{body}</body></html>'
        self.pages[path] = ("text/html; charset=utf-8", html.encode(), headers or {})
        return self.url + path


@pytest.fixture
def site() -> Iterator[Site]:
    pages: dict[str, Page] = {}
    with serving(lambda path: pages.get(path) or built_file(path)) as url:
        # Another host than the environment's, so that nothing is same-site by accident.
        yield Site(url.replace("127.0.0.1", "localhost"), pages)


def snippet(
    environment_url: str,
    channel: str,
    *,
    brand: int = BRAND,
    before: str = "",
    after: str = "",
    nonce: str = "",
) -> str:
    """The snippet as the console shows it, with commands before and after init."""
    attribute = f' nonce="{nonce}"' if nonce else ""
    return f"""<script{attribute}>(function(n,u){{window.CXoneDfo=n;window[n]=window[n]||function(){{(window[n].q=window[n].q||[]).push(arguments)}};window[n].u=u;
var e=document.createElement("script");e.type="module";e.src=u+"?"+Math.round(Date.now()/1e3/3600);document.head.appendChild(e)}})
('cxone','{environment_url}/loader/1/loader.js');
cxone('init','{brand}');{before}
cxone('chat','init',{brand},'{channel}');{after}</script>"""
