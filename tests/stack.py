"""The real thing for tests: console, worker, beat and both environments, by the same run command people use."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import psycopg
import pytest
import redis

from chatadmin.run.plan import ROOT
from chatadmin.run.ports import pick
from tests import environment

#: Values of a caller's environment that a stack of its own must not take over.
_OURS = (
    "DATABASE_URL", "DATABASE_OWNER_URL", "GATEWAY_DATABASE_URL", "REDIS_URL", "CONSOLE_URL", "TEST_ENV_URL", "LIVE_ENV_URL",
    "TEST_ENV_PUSH_URL", "LIVE_ENV_PUSH_URL", "SECRET_KEY", "PUBLISHING_SIGNING_KEY", "TEST_ENV_ENCRYPTION_KEY",
    "LIVE_ENV_ENCRYPTION_KEY", "GATEWAY_ENVIRONMENT", "GATEWAY_PUBLIC_URL", "GATEWAY_CONSOLE_URL", "GATEWAY_SECRET_KEY",
    "GATEWAY_PUBLISHER_KEYS", "GATEWAY_DECRYPTION_KEYS", "GATEWAY_BRANDS", "DJANGO_SETTINGS_MODULE", "CHATADMIN_STATE",
    "FIELD_ENCRYPTION_KEYS", "ALLOW_LOOPBACK_PROVIDERS", "DEMO_PASSWORD", "MAKELEVEL", "INSECURE_COOKIES",
)  # fmt: skip


def plain_environment() -> dict[str, str]:
    """The caller's environment without this test process's own settings."""
    return {name: value for name, value in os.environ.items() if name not in _OURS}


@dataclass
class Stack:
    """A running chatadmin. Names of processes: postgres, redis, console, worker, beat, test-env, live-env."""

    console: str
    test: str
    live: str
    password: str
    database_url: str
    database_owner_url: str
    gateway_database_url: str
    redis_url: str
    logs: Path
    process: subprocess.Popen[str]

    def env_url(self, environment: str) -> str:
        return self.test if environment == "test" else self.live

    # --- its processes ---

    def pid(self, name: str) -> int | None:
        """The process's id now; None while it is down."""
        pids: dict[str, int | None] = self._ask("pids")["pids"]
        return pids[name]

    def kill(self, name: str) -> None:
        """kill -9; the supervisor brings it back."""
        self._ask(f"kill {name}")

    def hold(self, name: str) -> None:
        """kill -9, and it stays down until `release`."""
        self._ask(f"hold {name}")

    def release(self, name: str) -> None:
        self._ask(f"release {name}")

    def wait_until_back(self, name: str, *, seconds: float = 30) -> None:
        """Until the process serves: answers on its port, or, without one, has said that it is ready."""
        checks: dict[str, Callable[[], bool]] = {
            "console": lambda: answers(f"{self.console}/healthz"),
            "test-env": lambda: answers(f"{self.test}/healthz"),
            "live-env": lambda: answers(f"{self.live}/healthz"),
            "redis": self._redis_answers,
            "postgres": self._postgres_answers,
        }
        eventually(
            checks.get(name, lambda: self.pid(name) is not None), seconds=seconds, what=f"{name} is back"
        )

    def log(self, name: str) -> str:
        return (self.logs / f"{name}.log").read_text(errors="replace")

    # --- its databases, past row security ---

    def sql(self, query: str, parameters: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        """Rows of the console's database as its owner sees them."""
        return self._sql(self.database_owner_url, query, parameters)

    def app_sql(self, query: str, parameters: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        """Rows as the serving role sees them: none of a tenant's without a scope."""
        return self._sql(self.database_url, query, parameters)

    def env_sql(
        self, environment: str, query: str, parameters: tuple[Any, ...] = ()
    ) -> list[tuple[Any, ...]]:
        """Rows of an environment's database, its schema in front."""
        url = self.gateway_database_url.replace("{environment}", environment)
        with psycopg.connect(url, options=f"-c search_path=gateway_{environment}", autocommit=True) as opened:
            cursor = opened.execute(query.encode(), parameters)
            return cursor.fetchall() if cursor.description else []

    # --- inside ---

    def _sql(self, url: str, query: str, parameters: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        with psycopg.connect(url, autocommit=True) as opened:
            cursor = opened.execute(query.encode(), parameters)
            return cursor.fetchall() if cursor.description else []

    def _ask(self, command: str) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{command}\n")
        self.process.stdin.flush()
        answer = environment.next_event(self.process.stdout)
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer

    def _redis_answers(self) -> bool:
        try:
            with redis.Redis.from_url(self.redis_url) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False

    def _postgres_answers(self) -> bool:
        try:
            psycopg.connect(self.database_url).close()
        except psycopg.OperationalError:
            return False
        return True

    def stop(self) -> int:
        """Close the control channel, which is a request to stop; returns the exit status."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        try:
            return self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()
        finally:
            self.process.stdout.close()


def answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=5) as answer:
            return bool(answer.status < 500)
    except (URLError, OSError):
        return False


def eventually(
    check: Callable[[], Any], *, seconds: float = 30, what: str = "it holds", every: float = 0.05
) -> Any:
    """The first true value of `check` within so many seconds; fails the test otherwise."""
    until = time.monotonic() + seconds
    while True:
        value = check()
        if value:
            return value
        if time.monotonic() > until:
            pytest.fail(f"waited {seconds:g} s in vain until {what}")
        time.sleep(every)


def start(state: Path, **settings: str) -> Stack:
    """Start a stack in this state folder on free ports; `settings` go into its environment."""
    ports = {name: str(pick()) for name in ("CONSOLE_PORT", "TEST_ENV_PORT", "LIVE_ENV_PORT")}
    process = subprocess.Popen(
        [sys.executable, "-m", "chatadmin.run", "--control", "--fast", "--state", state],
        cwd=ROOT,
        env=plain_environment() | ports | settings,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        ready = environment.next_event(process.stdout)
    except BaseException:
        # Closing its standard input asks it to stop.
        process.communicate(timeout=30)
        raise
    return Stack(
        console=ready["console"],
        test=ready["test"],
        live=ready["live"],
        password=ready["password"],
        database_url=ready["database"],
        database_owner_url=ready["database_owner"],
        gateway_database_url=ready["gateway_database"],
        redis_url=ready["redis"],
        logs=state / "logs",
        process=process,
    )


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """One stack for all the tests of this process. A test that takes a process down brings it back."""
    state = environment.STATE / "stack"
    started = start(state)
    yield started
    started.stop()
    kept = ROOT / "test-results" / "stack-logs"
    shutil.rmtree(kept, ignore_errors=True)
    shutil.copytree(started.logs, kept)
