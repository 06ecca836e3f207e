"""An environment in two kinds of process, as in docker-compose.yml: Granian for pages, uvicorn for conversations."""

from __future__ import annotations

import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from urllib.parse import urlencode

import pytest
import yaml
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from gateway.tests.client import Visitor
from gateway.tests.environment import HTTP, ROOT, Channel, Environment, until
from gateway.tests.test_addresses import change
from tests.test_compose import TEST, front, secret_files

__all__ = ["secret_files"]

#: Two addresses of this machine; nginx calls the processes from a third, 127.0.0.1, which is trusted.
BLOCKED, OTHER = "127.0.0.2", "127.0.0.3"


@pytest.fixture(scope="module")
def pages(env: Environment) -> Iterator[Environment]:
    environment = Environment(
        "test", env.database, public_url=env.url, extra={"TRUSTED_PROXIES": "127.0.0.1"}
    )
    environment.start()
    yield environment
    environment.stop()


@pytest.fixture(scope="module")
def sockets(env: Environment) -> Iterator[Environment]:
    """The process for conversations, with the very options of docker-compose.yml."""
    environment = Environment(
        "test", env.database, public_url=env.url, extra={"TRUSTED_PROXIES": "127.0.0.1"}
    )
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    options = services["test-sockets"]["command"][2].partition("exec uvicorn ")[2].split()
    options[options.index("--host") + 1] = "127.0.0.1"
    options[options.index("--port") + 1] = str(environment.port)
    environment.process = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "--log-level", "warning", *options],
        cwd=ROOT,
        env=environment.variables,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    environment.wait()
    yield environment
    environment.stop()


@pytest.fixture(scope="module")
def nginx(
    pages: Environment,
    sockets: Environment,
    secret_files: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[int]:
    upstreams = dict.fromkeys(("CONSOLE", "TEST_ENV", "LIVE_ENV"), pages.port)
    upstreams |= dict.fromkeys(("TEST_SOCKETS", "LIVE_SOCKETS"), sockets.port)
    with front(tmp_path_factory.mktemp("nginx"), secret_files, upstreams) as port:
        yield port


def through_nginx(port: int, secrets: Path, channel: Channel, address: str) -> ClientConnection:
    """A socket of somebody who comes from this address."""
    query = {
        "brandId": channel.brand,
        "channelId": channel.id,
        "customerId": "somebody",
        "v": "1.0.0",
        "sdkPlatform": "web",
        "sdkVersion": "3.3.0",
    }
    return connect(
        f"wss://{TEST}/ws?{urlencode(query)}",
        sock=socket.create_connection(("127.0.0.1", port), source_address=(address, 0)),
        ssl=ssl.create_default_context(cafile=str(secrets / "tls_certificate")),
        server_hostname=TEST,
        proxy=None,
    )


def serves(address: str) -> bool:
    return HTTP.get(address).status_code == 200


def test_one_conversation_is_served_by_both_kinds_of_process(
    pages: Environment, sockets: Environment, env: Environment
) -> None:
    channel = env.publish()
    for process in (pages, sockets):
        address = f"{process.url}{channel.path}"
        until(partial(serves, address))
    with Visitor(sockets, channel) as one, Visitor(pages, channel, customer=one.customer) as other:
        one.say("Bonjour")
        frame = other.until(
            lambda frame: (
                frame.get("eventType") == "MessageCreated"
                or frame.get("data", {}).get("message", {}).get("messageContent") is not None
            )
        )
        assert "Bonjour" in str(frame)


def test_who_the_client_is_is_seen_behind_nginx_by_both(
    nginx: int, secret_files: Path, pages: Environment, sockets: Environment, env: Environment
) -> None:
    channel = env.publish()
    for process in (pages, sockets):
        until(partial(serves, f"{process.url}{channel.path}"))
    change(env, channel, BLOCKED)
    with through_nginx(nginx, secret_files, channel, OTHER) as chat:
        chat.send('{"action": "heartbeat"}')
        assert "pong" in str(chat.recv(30))
    with through_nginx(nginx, secret_files, channel, BLOCKED) as chat:
        with pytest.raises(ConnectionClosed) as closed:
            while True:
                chat.recv(30)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4403
