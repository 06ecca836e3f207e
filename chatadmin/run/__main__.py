"""The command behind `make run`: `python -m chatadmin.run`; with `--control`, for the tests."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from chatadmin.run import databases, processes, redis_server
from chatadmin.run.errors import RunError
from chatadmin.run.plan import ROOT, Plan, Ports
from chatadmin.run.ports import claim
from chatadmin.run.postgres import Postgres
from chatadmin.run.redis_server import RedisServer
from chatadmin.run.state import State
from chatadmin.run.supervisor import Interrupted, Supervisor
from chatadmin.run.terminal import bold, complain, dim, say, step
from kit import env

DEMO_BRAND = 1009
DEMO_CHANNEL = "chat_0950394d-a403-4fe6-91d5-34e934771662"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m chatadmin.run", description=__doc__)
    parser.add_argument(
        "--state", type=Path, default=ROOT / ".local", help="the folder to keep data and logs in"
    )
    parser.add_argument(
        "--verbose", action="store_true", help="show everything the processes say (VERBOSE=1)"
    )
    parser.add_argument(
        "--control", action="store_true", help="take commands from standard input, answer in JSON lines"
    )
    parser.add_argument("--servers-only", action="store_true", help="only the embedded PostgreSQL and Redis")
    parser.add_argument(
        "--fast", action="store_true", help="a database that may be lost when the machine stops"
    )
    choice = parser.parse_args(arguments)
    if os.environ.get("MAKELEVEL"):
        processes.die_with_parent()
    try:
        with State(choice.state) as state:
            return Run(
                state,
                verbose=choice.verbose or env.boolean("VERBOSE", False),
                control=choice.control,
                durable=not choice.fast,
                servers_only=choice.servers_only,
            ).run()
    except RunError as error:
        complain(str(error))
        return 1
    except env.MissingSetting as error:
        complain(str(error))
        return 1


class Run:
    """One run from its first check to its last process's end."""

    def __init__(
        self, state: State, *, verbose: bool, control: bool, durable: bool, servers_only: bool
    ) -> None:
        self._state = state
        self._control = control
        self._durable = durable
        self._servers_only = servers_only
        self._ports = Ports.read()
        self._plan = Plan(state.folder, state.secrets(), self._ports)
        self._supervisor = Supervisor(
            state.logs, verbose=verbose, on_change=lambda children: state.note(children=children)
        )
        self._postgres: Postgres | None = None

    def run(self) -> int:
        try:
            self._start()
            self._supervisor.started_up()
            if self._control:
                self._supervisor.watch(sys.stdin.fileno(), self._command)
            self._supervisor.loop()
        except Interrupted:
            say()
        finally:
            self._stop()
        return 0

    def _start(self) -> None:
        plan, supervisor, state = self._plan, self._supervisor, self._state
        if self._servers_only:
            with step("Starting PostgreSQL and Redis"):
                self._servers()
            self._answer(
                event="ready", postgres=self._postgres.url if self._postgres else "", redis=plan.redis_url
            )
            return
        state.note(pid=os.getpid(), console=plan.console_url)
        claim(self._ports.console, "CONSOLE_PORT")
        claim(self._ports.test, "TEST_ENV_PORT")
        claim(self._ports.live, "LIVE_ENV_PORT")
        with step("Starting PostgreSQL and Redis" if self._embeds() else "Looking at PostgreSQL and Redis"):
            self._servers()
        with step("Preparing the databases"):
            self._databases()
            supervisor.run_to_end(*plan.preparations())
        with step("Starting console, worker, beat, test and live environment"):
            programs = plan.programs()
            supervisor.start(*programs)
            supervisor.wait_until_ready(*(program.name for program in programs))
        # Last, so that the demo's releases find their environments waiting.
        with step("Filling in the demo organisations"):
            supervisor.run_to_end(plan.demo())
        self._announce()

    def _embeds(self) -> bool:
        plan = self._plan
        return not (plan.database_url and plan.gateway_database_url and plan.redis_url)

    def _servers(self) -> None:
        """Embedded servers for whatever no address was given for."""
        plan, supervisor = self._plan, self._supervisor
        started: list[str] = []
        if not (plan.database_url and plan.gateway_database_url):
            self._postgres = Postgres(self._state, durable=self._durable)
            self._postgres.prepare()
            supervisor.start(self._postgres.program())
            started.append("postgres")
        if not plan.redis_url:
            server = RedisServer(self._state)
            server.prepare()
            supervisor.start(server.program())
            plan.redis_url = server.url
            started.append("redis")
        elif not redis_server.answers(plan.redis_url):
            raise RunError("REDIS_URL: no Redis answers there. Example: REDIS_URL=redis://localhost:6379/0")
        supervisor.wait_until_ready(*started)

    def _databases(self) -> None:
        plan, secrets = self._plan, self._state.secrets()
        if plan.database_url:
            console = databases.console_given(
                plan.database_url,
                plan.database_owner_url,
                owner_password=secrets["owner_password"],
                app_password=secrets["app_password"],
            )
        else:
            assert self._postgres is not None
            console = databases.console_on(
                self._postgres.url,
                database="chatadmin",
                owner="chatadmin_owner",
                owner_password=secrets["owner_password"],
                app="chatadmin_app",
                app_password=secrets["app_password"],
            )
        plan.database_url, plan.database_owner_url = console.app, console.owner
        if plan.gateway_database_url:
            databases.gateway_given(plan.gateway_database_url)
        else:
            assert self._postgres is not None
            plan.gateway_database_url = databases.gateway_on(
                self._postgres.url,
                "gateway_{environment}",
                role="gateway",
                password=secrets["gateway_password"],
            )

    def _announce(self) -> None:
        plan = self._plan
        test = f"{plan.env_urls['test']}/test/{DEMO_BRAND}/{DEMO_CHANNEL}"
        live = plan.env_urls["live"]
        say()
        say(bold("  chatadmin is running"))
        say()
        say(f"    Console       {bold(plan.console_url + '/')}")
        say(
            f"    Sign in as    {bold('admin@demo.example')}, who may do everything, or lecture@demo.example, who may only look"
        )
        say(f"    Password      {bold(plan.demo_password)}")
        say(f"    Test page     {test}")
        if not env.text("EMAIL_HOST", ""):
            say(f"    E-mails       written to {self._shown(plan.mail_folder)}/ (EMAIL_HOST sends them)")
        say(f"    Environments  test {plan.env_urls['test']}   live {live}")
        say()
        say(
            dim(
                f"    Logs in {self._shown(self._state.logs)}/ (VERBOSE=1 shows them here); Ctrl-C stops everything."
            )
        )
        say()
        if self._control:
            self._answer(event="ready", password=plan.demo_password, **self._addresses())

    def _addresses(self) -> dict[str, str]:
        plan = self._plan
        return {
            "console": plan.console_url,
            "test": plan.env_urls["test"],
            "live": plan.env_urls["live"],
            "database": plan.database_url,
            "database_owner": plan.database_owner_url,
            "gateway_database": plan.gateway_database_url,
            "redis": plan.redis_url,
        }

    def _shown(self, path: Path) -> str:
        return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)

    def _stop(self) -> None:
        self._state.note(stopping=True)
        self._supervisor.stop()
        if self._postgres is not None:
            self._postgres.close()

    # --- control channel: the tests' hands ---

    def _command(self) -> None:
        """One line `verb name`; the channel's end is a request to stop."""
        line = sys.stdin.readline()
        if not line:
            self._supervisor.unwatch(sys.stdin.fileno())
            raise Interrupted
        verb, _, name = line.strip().partition(" ")
        acts = {
            "kill": self._supervisor.kill,
            "hold": self._supervisor.hold,
            "release": self._supervisor.release,
        }
        if verb == "pids":
            self._answer(pids={each: self._supervisor.pid(each) for each in self._supervisor.names()})
        elif verb in acts and name in self._supervisor.names():
            acts[verb](name)
            self._answer(done=line.strip())
        else:
            self._answer(error=f"unknown: {line.strip()}")

    def _answer(self, **values: object) -> None:
        say(json.dumps(values))


if __name__ == "__main__":
    sys.exit(main())
