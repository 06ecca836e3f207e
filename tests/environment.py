"""A pytest plugin that comes before pytest-django: gives the tests their servers and their settings.

`TEST_POSTGRES_URL` (a superuser's) and `TEST_REDIS_URL` name servers to use; without them an embedded pair is started, in
a folder of this process's own, and goes away with it. Two test runs, and a `make run`, can go on side by side; so can the
workers of one run (`TEST_WORKERS`, pytest-xdist), each with servers and a stack of its own.
"""

from __future__ import annotations

import atexit
import json
import os
import shutil
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

import pytest

from chatadmin.run import databases
from chatadmin.run.errors import RunError
from chatadmin.run.plan import ROOT, Plan, Ports
from chatadmin.run.state import State

STATE = ROOT / ".local" / f"test-{os.getpid()}"
CONSOLE_DATABASE = f"test_console_{os.getpid()}"
OWNER, APP = "test_owner", "test_app"
#: Roles of a server that lives as long as the tests, or of a developer's own.
PASSWORD = "test"

#: The lock on our folder, for as long as this process lives.
_held = ExitStack()
_servers: subprocess.Popen[str] | None = None
#: This process's environment as it was given.
_given = dict(os.environ)


def only_hands_out() -> bool:
    """Whether this process runs no test itself: it hands them out to workers, and needs settings but no servers."""
    return bool(os.environ.get("TEST_WORKERS")) and "PYTEST_XDIST_WORKER" not in os.environ


def server_url() -> str:
    """The superuser's address."""
    return os.environ["TEST_POSTGRES_URL"]


def next_event(stream: IO[str]) -> dict[str, Any]:
    """The next JSON line of a run with `--control`; what it says to people in between is dropped."""
    said: list[str] = []
    for line in stream:
        if line.startswith("{"):
            return dict(json.loads(line))
        said.append(line)
    raise RuntimeError(f"the run ended:\n{''.join(said)}")


def remove_stale(folder: Path) -> None:
    """What killed test runs left: their servers, then their folders. A folder whose lock is held is at work."""
    for stale in folder.glob("test-*"):
        try:
            with State(stale, patience=0):
                for inner in stale.glob("*/run.lock"):
                    with State(inner.parent):
                        """Entering it ends what the run left behind."""
        except RunError:
            continue
        shutil.rmtree(stale, ignore_errors=True)


def pytest_load_initial_conftests() -> None:
    """Nothing: being a plugin with an early hook is what makes pytest import this module before Django is set up."""


def start() -> None:
    remove_stale(STATE.parent)
    state = State(STATE)
    _held.enter_context(state)
    # Registered first, so done last: the servers write into the folder while they stop.
    atexit.register(lambda: shutil.rmtree(STATE, ignore_errors=True))
    if only_hands_out():
        # Nobody listens there, and the workers are not told.
        postgres, redis = "postgresql://postgres@127.0.0.1:9", "redis://127.0.0.1:9"
    else:
        _start_servers()
        postgres, redis = server_url(), os.environ["TEST_REDIS_URL"]
    _settings(state, postgres, redis)


def _start_servers() -> None:
    global _servers
    if not (os.environ.get("TEST_POSTGRES_URL") and os.environ.get("TEST_REDIS_URL")):
        _servers = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "chatadmin.run",
                "--servers-only",
                "--control",
                "--fast",
                "--state",
                STATE / "servers",
            ],
            cwd=ROOT,
            env=os.environ | {"DATABASE_URL": "", "GATEWAY_DATABASE_URL": "", "REDIS_URL": ""},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        atexit.register(stop)
        assert _servers.stdout is not None
        ready = next_event(_servers.stdout)
        os.environ.setdefault("TEST_POSTGRES_URL", ready["postgres"])
        os.environ.setdefault("TEST_REDIS_URL", ready["redis"])


def _settings(state: State, postgres: str, redis: str) -> None:
    for name in ("DATABASE_URL", "DATABASE_OWNER_URL", "GATEWAY_DATABASE_URL", "CONSOLE_URL", "DEBUG"):
        os.environ.pop(name, None)
    plan = Plan(state.folder, state.secrets(), Ports(8000, 8001, 8002))
    plan.database_url = databases.with_login(postgres, user=APP, password=PASSWORD, database=CONSOLE_DATABASE)
    plan.database_owner_url = databases.with_login(
        postgres, user=OWNER, password=PASSWORD, database=CONSOLE_DATABASE
    )
    plan.redis_url = redis
    # An environment runs as processes of its own; its modules can be imported here all the same.
    plan.gateway_database_url = plan.database_url
    os.environ.update(plan.gateway_environment("test") | plan.console_environment())
    os.environ["DATABASE_OWNER_URL"] = plan.database_owner_url


def stop() -> None:
    """End the servers this process started: closing their control channel is the request."""
    global _servers
    if _servers is None:
        return
    servers, _servers = _servers, None
    assert servers.stdin is not None
    assert servers.stdout is not None
    servers.stdin.close()
    servers.stdout.close()
    try:
        servers.wait(15)
    except subprocess.TimeoutExpired:
        servers.kill()
        servers.wait()


@pytest.hookimpl(trylast=True)
def pytest_configure() -> None:
    """By now Django has read its settings; what they were made of is not for the workers, who make their own."""
    if only_hands_out():
        os.environ.clear()
        os.environ.update(_given)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    stop()
    _held.close()
    shutil.rmtree(STATE, ignore_errors=True)


start()
