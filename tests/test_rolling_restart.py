"""Processes are exchanged one after another behind the nginx of docker-compose.yml, and nobody notices."""

from __future__ import annotations

import socket
import ssl
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from http.client import HTTPException, HTTPSConnection
from pathlib import Path
from urllib.request import urlopen

import pytest

from chatadmin.run.plan import ROOT
from chatadmin.run.ports import pick
from gateway.tests.environment import Environment, create_database, drop_database
from tests.stack import Stack, eventually
from tests.test_backup import variables
from tests.test_compose import CONSOLE, TEST, front, secret_files

__all__ = ["secret_files"]


class ConsoleProcess:
    """One process of the console, with what the stack's own was started with."""

    def __init__(self, stack: Stack) -> None:
        self.port = pick()
        self._settings = variables(
            stack, "console", CONSOLE_URL=f"https://{CONSOLE}", TRUSTED_PROXIES="127.0.0.1"
        )
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        server = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1"]
        self._process = subprocess.Popen(
            [*server, "--port", str(self.port), "--blocking-threads", "2", "chatadmin.wsgi:application"],
            cwd=ROOT,
            env=self._settings,
            stdout=subprocess.DEVNULL,
        )
        eventually(self._serves, seconds=60, what="a console serves")

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(30)
            self._process = None

    def _serves(self) -> bool:
        try:
            with urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False


def both(one: int, other: int) -> str:
    """Two processes as one upstream of the template: what a name with two addresses is in Compose."""
    return f"{one} max_fails=0; server 127.0.0.1:{other}"


@contextmanager
def asking(port: int, certificate: Path, host: str, path: str) -> Iterator[Counter[str]]:
    """Somebody asks again and again, each time anew; what came of it, by status or error."""
    context = ssl.create_default_context(cafile=str(certificate))
    heard: Counter[str] = Counter()
    over = threading.Event()

    def ask() -> None:
        while not over.is_set():
            connection = HTTPSConnection("127.0.0.1", port, context=context, timeout=30)
            connection._create_connection = _to(port)  # type: ignore[attr-defined]
            connection.host = host
            try:
                connection.request("GET", path, headers={"Host": host, "Cache-Control": "no-cache"})
                answer = connection.getresponse()
                answer.read()
                heard[str(answer.status)] += 1
            except (OSError, HTTPException) as error:
                heard[repr(error)] += 1
            finally:
                connection.close()

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield heard
    finally:
        over.set()
        thread.join()


def _to(port: int) -> Callable[..., object]:
    """Connections to this machine, whatever name the certificate is asked for."""
    return lambda _address, *args, **kwargs: socket.create_connection(("127.0.0.1", port), timeout=30)


def _asked_since(visitors: Counter[str], admins: Counter[str], asked: tuple[int, int]) -> bool:
    return visitors.total() > asked[0] and admins.total() > asked[1]


@pytest.fixture
def pair(stack: Stack) -> Iterator[tuple[list[Environment], list[ConsoleProcess]]]:
    database = create_database()
    environments = [Environment("test", database) for _one in range(2)]
    consoles = [ConsoleProcess(stack) for _one in range(2)]
    with ExitStack() as ending:
        ending.callback(drop_database, database)
        environments[0].migrate()
        processes: list[Environment | ConsoleProcess] = [*environments, *consoles]
        for one in processes:
            ending.callback(one.stop)
            one.start()
        yield environments, consoles


def test_no_request_fails_while_processes_are_exchanged_one_after_another(
    pair: tuple[list[Environment], list[ConsoleProcess]], secret_files: Path, tmp_path: Path
) -> None:
    environments, consoles = pair
    channel = environments[0].publish()
    upstreams = {
        "CONSOLE": both(*(one.port for one in consoles)),
        "TEST_ENV": both(*(one.port for one in environments)),
        "LIVE_ENV": both(*(one.port for one in environments)),
    }
    certificate = secret_files / "tls_certificate"
    with (
        front(tmp_path, secret_files, upstreams) as port,
        asking(port, certificate, TEST, channel.path) as visitors,
        asking(port, certificate, CONSOLE, "/healthz") as admins,
    ):
        pairs: list[list[Environment] | list[ConsoleProcess]] = [environments, consoles]
        for exchanged in pairs:
            for one in exchanged:
                one.stop()
                asked = visitors.total(), admins.total()
                again = partial(_asked_since, visitors, admins, asked)
                eventually(again, seconds=60, what="both have asked while one was away")
                one.start()
    assert set(visitors) == {"200"}, visitors
    assert set(admins) == {"200"}, admins
