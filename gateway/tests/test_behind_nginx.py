"""Blocked addresses behind the nginx of docker-compose.yml, whose cache looks at no address."""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Iterator
from http.client import HTTPSConnection
from pathlib import Path

import pytest

from gateway.tests.environment import Channel, Environment, until
from gateway.tests.test_addresses import change
from tests.test_compose import TEST, front, secret_files

__all__ = ["secret_files"]

#: Two addresses of this machine; nginx calls the environment from a third, 127.0.0.1, which is trusted.
BLOCKED, OTHER = "127.0.0.2", "127.0.0.3"


@pytest.fixture(scope="module")
def trusting(env: Environment) -> Iterator[Environment]:
    environment = Environment(
        "test", env.database, public_url=env.url, extra={"TRUSTED_PROXIES": "127.0.0.1"}
    )
    environment.start()
    yield environment
    environment.stop()


@pytest.fixture(scope="module")
def nginx(
    trusting: Environment,
    secret_files: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[int]:
    upstreams = dict.fromkeys(("CONSOLE", "TEST_ENV", "LIVE_ENV"), trusting.port)
    with front(tmp_path_factory.mktemp("nginx"), secret_files, upstreams) as port:
        yield port


def ask(port: int, certificate: Path, address: str, path: str, **headers: str) -> tuple[int, str, str]:
    """Status, error code and what nginx says of its cache, for somebody who comes from this address."""
    context = ssl.create_default_context(cafile=str(certificate))
    connection = HTTPSConnection("127.0.0.1", port, context=context, timeout=10)
    plain = socket.create_connection(("127.0.0.1", port), source_address=(address, 0))
    connection.sock = context.wrap_socket(plain, server_hostname=TEST)
    try:
        connection.request("GET", path, headers={"Host": TEST, **headers})
        answer = connection.getresponse()
        code = json.loads(answer.read()).get("errorCode", "")
        return answer.status, code, answer.headers["X-Cache"]
    finally:
        connection.close()


def test_the_cache_gives_nothing_to_a_blocked_address(
    nginx: int,
    trusting: Environment,
    secret_files: Path,
) -> None:
    certificate = secret_files / "tls_certificate"
    channel = trusting.publish()
    # Without rules answers come from the cache, to whoever asks.
    until(lambda: ask(nginx, certificate, BLOCKED, channel.path)[2] == "HIT")

    change(trusting, channel, BLOCKED)
    until(lambda: ask(nginx, certificate, BLOCKED, channel.path)[0] == 403)
    for _ in range(5):
        status, code, cache = ask(nginx, certificate, OTHER, channel.path)
        assert (status, code) == (200, "")
        assert cache != "HIT"
        assert ask(nginx, certificate, BLOCKED, channel.path)[:2] == (403, "ip_blocked")
        # A header of one's own making is left of what nginx appends.
        forged = ask(nginx, certificate, BLOCKED, channel.path, **{"X-Forwarded-For": OTHER})
        assert forged[:2] == (403, "ip_blocked")
        assert ask(nginx, certificate, OTHER, channel.path, **{"X-Forwarded-For": BLOCKED})[0] == 200

    # And the other way round: a refusal is not kept for those who come later.
    change(trusting, channel)
    until(lambda: ask(nginx, certificate, BLOCKED, channel.path)[0] == 200)


def test_other_doors_are_shut_behind_it_too(
    nginx: int,
    trusting: Environment,
    secret_files: Path,
) -> None:
    certificate = secret_files / "tls_certificate"
    channel = change(trusting, Channel(release=0), BLOCKED)
    for path in (f"{channel.path}/availability", f"/frame/1/{channel.brand}/{channel.id}"):
        assert ask(nginx, certificate, BLOCKED, path)[:2] == (403, "ip_blocked")
