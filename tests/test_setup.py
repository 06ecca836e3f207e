"""`make run` and what it is made of: set-up, embedded servers, supervision, ports, and an operator's own servers."""

from __future__ import annotations

import fcntl
import importlib.util
import json
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import psycopg
import pytest
import redis
from playwright.sync_api import Page

from chatadmin.run import databases, ports, processes
from chatadmin.run.__main__ import DEMO_BRAND, DEMO_CHANNEL
from chatadmin.run.errors import RunError
from chatadmin.run.plan import ROOT, Plan, Ports
from chatadmin.run.state import State
from tests import environment
from tests.browser import sign_in
from tests.stack import Stack, answers, eventually, plain_environment

Command = "chatadmin.run"


class Servers:
    """A run with the embedded servers only, its hands and its eyes."""

    def __init__(self, state: Path, *options: str) -> None:
        self.state = state
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                Command,
                "--servers-only",
                "--control",
                "--fast",
                "--state",
                state,
                *options,
            ],
            cwd=ROOT,
            env=plain_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self.process.stdout is not None
        ready = environment.next_event(self.process.stdout)
        self.postgres: str = ready["postgres"]
        self.redis: str = ready["redis"]

    def ask(self, command: str) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{command}\n")
        self.process.stdin.flush()
        return environment.next_event(self.process.stdout)

    def pids(self) -> dict[str, int]:
        return dict(self.ask("pids")["pids"])

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.postgres, autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def serves(self) -> bool:
        try:
            self.sql("SELECT 1")
            with redis.Redis.from_url(self.redis) as client:
                return bool(client.ping())
        except (psycopg.OperationalError, redis.RedisError):
            return False

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
        self.said, _ = self.process.communicate(timeout=20)


@contextmanager
def servers(state: Path, *options: str) -> Iterator[Servers]:
    started = Servers(state, *options)
    try:
        yield started
    finally:
        started.close()


@pytest.fixture(scope="module")
def shared_state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a data folder already made: later starts are quicker."""
    return tmp_path_factory.mktemp("state")


def gone(pid: int) -> bool:
    return not processes.started_at(pid)


def run(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", Command, *arguments],
        cwd=ROOT,
        env=plain_environment() | settings,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )


# --- embedded servers ---


def test_data_survives_a_stop_and_a_start_and_the_addresses_stay(shared_state: Path) -> None:
    with servers(shared_state) as first:
        first.sql("CREATE TABLE IF NOT EXISTS kept (n int)")
        first.sql("INSERT INTO kept VALUES (1)")
        before = (first.postgres, first.redis)
    with servers(shared_state) as second:
        assert second.sql("SELECT n FROM kept") == [(1,)]
        assert (second.postgres, second.redis) == before


def test_a_stop_leaves_no_process_and_no_temporary_file_behind(shared_state: Path) -> None:
    with servers(shared_state) as started:
        pids = started.pids()
        inside = processes.marked(shared_state.resolve())
        temporary = State(shared_state).notes["temporary"]
    assert started.process.returncode == 0, started.said
    assert all(gone(pid) for pid in [*pids.values(), *inside])
    assert [path for path in temporary if Path(path).exists()] == []


def test_ctrl_c_ends_everything_within_seconds(shared_state: Path) -> None:
    with servers(shared_state) as started:
        pids = started.pids()
        asked = time.monotonic()
        started.process.send_signal(signal.SIGINT)
        started.process.wait(15)
        assert time.monotonic() - asked < 6
        assert all(gone(pid) for pid in pids.values())


@pytest.mark.parametrize("name", ["postgres", "redis"])
def test_a_killed_server_comes_back_with_what_it_held(shared_state: Path, name: str) -> None:
    with servers(shared_state) as started:
        started.sql("CREATE TABLE IF NOT EXISTS survives (n int)")
        before = started.pids()[name]
        os.kill(before, signal.SIGKILL)
        eventually(
            lambda: started.pids()[name] not in (None, before) and started.serves(), what=f"{name} is back"
        )
        assert started.sql("SELECT count(*) FROM survives") == [(0,)]


def test_a_killed_supervisor_takes_its_servers_along_and_the_next_run_starts(shared_state: Path) -> None:
    with servers(shared_state) as first:
        pids = first.pids()
        first.process.kill()
        first.process.wait()
        with servers(shared_state) as second:
            assert second.serves()
            assert all(gone(pid) for pid in pids.values())


def test_after_everything_is_killed_at_once_the_next_run_starts(shared_state: Path) -> None:
    with servers(shared_state) as first:
        for pid in [first.process.pid, *first.pids().values()]:
            os.kill(pid, signal.SIGKILL)
        first.process.wait()
        assert (shared_state / "postgres" / "postmaster.pid").exists()
        with servers(shared_state) as second:
            assert second.serves()


def test_a_pid_file_that_names_some_other_program_is_no_obstacle(shared_state: Path) -> None:
    other = subprocess.Popen(["sleep", "60"])
    try:
        pid_file = shared_state / "postgres" / "postmaster.pid"
        pid_file.write_text(f"{other.pid}\n{shared_state}\n1\n5432\n\n127.0.0.1\n\nready\n")
        with servers(shared_state) as started:
            assert started.serves()
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_servers_start_in_a_very_deep_folder(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["a-folder-with-a-long-name"] * 8) / "état local"
    assert len(str(deep)) > 200
    with servers(deep) as started:
        assert started.serves()


def test_a_server_listens_on_loopback_only_and_asks_for_a_password(shared_state: Path) -> None:
    with servers(shared_state) as started:
        assert started.sql("SHOW listen_addresses") == [("127.0.0.1",)]
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(databases.with_login(started.postgres, user="postgres", password="guess"))
        with pytest.raises(redis.AuthenticationError):
            redis.Redis.from_url(re.sub(r":[^:@]*@", ":guess@", started.redis)).ping()


def test_postgresql_never_runs_as_root(shared_state: Path) -> None:
    with servers(shared_state) as started:
        [status] = re.findall(
            r"^Uid:\s+(\d+)", Path(f"/proc/{started.pids()['postgres']}/status").read_text(), re.M
        )
        assert int(status) != 0


def test_data_without_its_secrets_is_said_in_one_line(tmp_path: Path) -> None:
    with servers(tmp_path):
        pass
    (tmp_path / "secrets.json").unlink()
    refused = run("--servers-only", "--fast", "--state", str(tmp_path))
    assert refused.returncode == 1
    [line] = refused.stderr.splitlines()
    assert "belongs to another secrets.json" in line


def test_what_a_killed_run_copied_is_removed_by_the_next_of_any_folder(
    shared_state: Path, tmp_path: Path
) -> None:
    with servers(tmp_path) as first:
        [copy] = State(tmp_path).notes["temporary"] or [None]
        first.process.kill()
        first.process.wait()
    if copy is None:
        assert os.geteuid() != 0  # nothing is copied for anybody but root
        return
    shutil.rmtree(tmp_path, ignore_errors=True)
    with servers(shared_state):
        assert not Path(copy).exists()


# --- one run at a time ---


def test_a_second_run_in_one_folder_is_one_line(shared_state: Path) -> None:
    with servers(shared_state) as first:
        second = run("--servers-only", "--state", str(shared_state))
        assert second.returncode == 1
        [line] = second.stderr.splitlines()
        assert line.startswith("chatadmin: already running in this folder")
        assert first.serves()


@pytest.mark.parametrize("variable", ["CONSOLE_PORT", "TEST_ENV_PORT", "LIVE_ENV_PORT"])
def test_a_port_in_use_is_one_line_that_names_it_and_its_variable(tmp_path: Path, variable: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        free = {name: str(ports.pick()) for name in ("CONSOLE_PORT", "TEST_ENV_PORT", "LIVE_ENV_PORT")}
        refused = run("--state", str(tmp_path / "state"), **free | {variable: str(port)})
    assert refused.returncode == 1
    [line] = refused.stderr.splitlines()
    assert f"port {port} is in use" in line
    assert f"{variable}=" in line


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"CONSOLE_PORT": "eighty"}, "CONSOLE_PORT is not a whole number"),
        ({"CONSOLE_PORT": "70000"}, "CONSOLE_PORT is 70000, but a port is a number from 1 to 65535"),
        ({"CONSOLE_PORT": "9001", "LIVE_ENV_PORT": "9001"}, "are the same port"),
        ({"REDIS_URL": "redis://127.0.0.1:1/0"}, "REDIS_URL: no Redis answers there"),
        ({"DATABASE_URL": "mysql://localhost/x"}, "DATABASE_URL is not a PostgreSQL address"),
        ({"DATABASE_URL": "postgresql://u:p@127.0.0.1:1/x"}, "DATABASE_URL: "),
        ({"GATEWAY_DATABASE_URL": "postgresql://u:p@127.0.0.1:1/x"}, "GATEWAY_DATABASE_URL: "),
    ],
)
def test_a_setting_that_cannot_work_is_one_line_naming_it(
    tmp_path: Path, settings: dict[str, str], said: str
) -> None:
    free = {name: str(ports.pick()) for name in ("CONSOLE_PORT", "TEST_ENV_PORT", "LIVE_ENV_PORT")}
    refused = run("--fast", "--state", str(tmp_path / "state"), **free | settings)
    assert refused.returncode == 1
    [line] = refused.stderr.splitlines()
    assert said in line
    assert "Traceback" not in refused.stdout


# --- secrets ---


def test_secrets_are_for_their_owner_only_and_are_completed_not_changed(tmp_path: Path) -> None:
    state = State(tmp_path)
    first = state.secrets()
    assert stat.S_IMODE(state.secrets_path.stat().st_mode) == 0o600
    kept = json.loads(state.secrets_path.read_text())
    del kept["redis_password"]
    state.secrets_path.write_text(json.dumps(kept))
    second = state.secrets()
    assert {name: value for name, value in second.items() if name != "redis_password"} == kept
    assert second["redis_password"] != first["redis_password"]


def test_broken_secrets_are_said_not_replaced(tmp_path: Path) -> None:
    state = State(tmp_path)
    state.secrets_path.write_text("{")
    with pytest.raises(RunError, match="cannot be read"):
        state.secrets()
    assert state.secrets_path.read_text() == "{"


def test_an_environment_is_given_nothing_of_the_console(tmp_path: Path) -> None:
    plan = Plan(tmp_path, State(tmp_path).secrets(), Ports(1, 2, 3))
    plan.database_url, plan.database_owner_url = (
        "postgresql://app:app-password@h/d",
        "postgresql://owner:owner-password@h/d",
    )
    plan.gateway_database_url = "postgresql://g:gateway-password@h/gateway_{environment}"
    plan.redis_url = "redis://h"
    secrets = State(tmp_path).secrets()
    given = plan.gateway_environment("test")
    assert given["GATEWAY_DATABASE_URL"].endswith("/gateway_test")
    everything = json.dumps(given)
    for secret in (
        "app-password",
        "owner-password",
        secrets["signing_key"]["d"],
        secrets["encryption_key_live"]["d"],
        secrets["secret_key"],
    ):
        assert secret not in everything
    console = json.dumps(plan.console_environment())
    for secret in ("owner-password", "gateway-password", secrets["encryption_key_test"]["d"]):
        assert secret not in console


# --- an operator's own servers ---


@pytest.fixture
def own_database() -> Iterator[str]:
    """A name for a database that is removed afterwards, with the roles derived from it."""
    name = f"own_{os.getpid()}"
    yield name
    server = environment.server_url()
    for each in (name, f"{name}_test", f"{name}_live"):
        databases.drop(server, each)
    with databases.connect(server, "TEST_POSTGRES_URL") as connection:
        for role in (f"{name}_owner", f"{name}_app", f"{name}_plain"):
            connection.execute(f'DROP ROLE IF EXISTS "{role}"'.encode())


def roles(*names: str) -> dict[str, tuple[bool, bool]]:
    with databases.connect(environment.server_url(), "TEST_POSTGRES_URL") as connection:
        rows = connection.execute(
            "SELECT rolname, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = ANY(%s)", [list(names)]
        ).fetchall()
    return {name: (is_super, bypasses) for name, is_super, bypasses in rows}


def test_a_superusers_address_is_enough_and_the_app_serves_as_a_plain_role(own_database: str) -> None:
    url = databases.with_database(environment.server_url(), own_database)
    for _ in range(2):  # the second run finds it all there
        made = databases.console_given(url, "", owner_password="o", app_password="a")
    assert roles(f"{own_database}_owner", f"{own_database}_app") == {
        f"{own_database}_owner": (False, True),
        f"{own_database}_app": (False, False),
    }
    with psycopg.connect(made.owner, autocommit=True) as owner:
        owner.execute("CREATE TABLE thing (id bigint GENERATED BY DEFAULT AS IDENTITY, n int)")
    with psycopg.connect(made.app, autocommit=True) as app:
        app.execute("INSERT INTO thing (n) VALUES (1)")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            app.execute("CREATE TABLE other (n int)")


def test_a_plain_roles_address_needs_the_owners_beside_it_and_says_so(own_database: str) -> None:
    server = environment.server_url()
    with databases.connect(server, "TEST_POSTGRES_URL") as connection:
        databases.ensure_role(connection, f"{own_database}_plain", "p")
        databases.ensure_role(connection, f"{own_database}_owner", "o", owner=True)
        databases.ensure_database(connection, own_database, f"{own_database}_owner")
        connection.execute(f'GRANT CONNECT ON DATABASE "{own_database}" TO "{own_database}_plain"'.encode())
    plain = databases.with_login(server, user=f"{own_database}_plain", password="p", database=own_database)
    owner = databases.with_login(server, user=f"{own_database}_owner", password="o", database=own_database)
    with pytest.raises(RunError, match="may not create roles, so DATABASE_OWNER_URL is needed"):
        databases.console_given(plain, "", owner_password="x", app_password="x")
    assert databases.console_given(
        plain, owner, owner_password="x", app_password="x"
    ) == databases.ConsoleDatabase(plain, owner)
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute("CREATE TABLE thing (n int)")
    with psycopg.connect(plain, autocommit=True) as connection:
        assert connection.execute("SELECT * FROM thing").fetchall() == []


def test_databases_of_environments_are_made_where_that_is_allowed(own_database: str) -> None:
    template = databases.with_database(environment.server_url(), "NAME").replace(
        "NAME", own_database + "_{environment}"
    )
    assert databases.gateway_given(template) == template
    for name in ("test", "live"):
        psycopg.connect(template.replace("{environment}", name)).close()


def test_a_database_of_an_environment_that_may_not_be_made_is_said(own_database: str) -> None:
    server = environment.server_url()
    with databases.connect(server, "TEST_POSTGRES_URL") as connection:
        databases.ensure_role(connection, f"{own_database}_plain", "p")
    template = databases.with_login(server, user=f"{own_database}_plain", password="p", database=own_database)
    with pytest.raises(
        RunError, match=f"there is no database {own_database}, and the role {own_database}_plain may not"
    ):
        databases.gateway_given(template)


# --- set-up ---


@pytest.fixture(scope="module")
def bootstrap() -> ModuleType:
    spec = importlib.util.spec_from_file_location("bootstrap", ROOT / "bin" / "bootstrap.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["bootstrap"] = module  # dataclasses and annotations look their module up
    spec.loader.exec_module(module)
    return module


def test_the_set_up_needs_the_standard_library_only() -> None:
    source = (ROOT / "bin" / "bootstrap.py").read_text()
    imported = set(re.findall(r"^\s*(?:from|import) (\w+)", source, flags=re.M)) - {
        "playwright"
    }  # in a quoted probe
    assert imported <= set(sys.stdlib_module_names)


def test_a_step_is_done_once_for_the_same_inputs(bootstrap: ModuleType, tmp_path: Path) -> None:
    done: list[str] = []
    for wanted in ("one", "one", "two"):
        bootstrap.once("A step", tmp_path / "stamp", wanted, lambda step: done.append(step.title))
    assert done == ["A step", "A step"]


def test_a_step_that_failed_is_done_again(bootstrap: ModuleType, tmp_path: Path) -> None:
    def fails(step: object) -> None:
        raise bootstrap.StepFailed

    with pytest.raises(bootstrap.StepFailed):
        bootstrap.once("A step", tmp_path / "stamp", "one", fails)
    done: list[int] = []
    bootstrap.once("A step", tmp_path / "stamp", "one", lambda step: done.append(1))
    assert done == [1]


def test_a_failing_step_shows_the_end_of_what_it_said(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(bootstrap, "LOCAL", tmp_path)
    step = bootstrap.Step("Doing it")
    step.started = 0.0
    with pytest.raises(bootstrap.StepFailed, match=r"(?s)Doing it failed \(exit 3\).*the reason"):
        bootstrap.execute(step, [sys.executable, "-c", "print('the reason'); raise SystemExit(3)"])


def test_a_step_of_a_killed_set_up_keeps_the_lock_until_it_is_done(tmp_path: Path) -> None:
    """Two installations at once would leave half of each."""
    script = f"""
import sys
sys.path.insert(0, {str(ROOT / "bin")!r})
import bootstrap, fcntl, pathlib
bootstrap.LOCAL = pathlib.Path({str(tmp_path)!r})
lock = (bootstrap.LOCAL / "lock").open("w")
fcntl.flock(lock, fcntl.LOCK_EX)
bootstrap._lock = (lock.fileno(),)
with bootstrap.Step("Installing") as step:
    bootstrap.execute(step, [sys.executable, "-c", "import time; print('at work', flush=True); time.sleep(3)"])
"""
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.DEVNULL)
    log = tmp_path / "logs" / "setup.log"
    eventually(lambda: log.exists() and "\nat work" in log.read_text(), what="the step is at work")
    process.kill()
    process.wait()
    with (tmp_path / "lock").open("w") as lock:
        with pytest.raises(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        fcntl.flock(lock, fcntl.LOCK_EX)


def test_an_old_python_is_refused_in_one_sentence(tmp_path: Path) -> None:
    for name in ("python3", "python3.11", "python"):
        script = tmp_path / name
        script.write_text("#!/bin/sh\nexit 1\n")
        script.chmod(0o755)
    for tool in ("sh", "dirname"):
        found = shutil.which(tool)
        assert found is not None
        (tmp_path / tool).symlink_to(found)
    refused = subprocess.run(
        [ROOT / "bin" / "chatadmin", "run"], env={"PATH": str(tmp_path)}, capture_output=True, text=True
    )
    assert refused.returncode == 1
    [line] = refused.stderr.splitlines()
    assert "needs Python 3.11 or later" in line


def pins(name: str) -> dict[str, str]:
    return dict(re.findall(r"^([\w.-]+)(?:\[[^\]]*\])?==(\S+)", (ROOT / name).read_text(), flags=re.M))


def test_both_lists_of_requirements_pin_the_same_versions() -> None:
    run_pins, development = pins("requirements.txt"), pins("requirements-dev.txt")
    assert run_pins.items() <= development.items()


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt", "package-lock.json"])
def test_no_lock_file_names_a_registry(name: str) -> None:
    text = (ROOT / name).read_text()
    assert "--index-url" not in text
    assert "--find-links" not in text
    assert '"resolved": "http' not in text


def test_the_lists_hold_for_every_python_from_3_11_0_on() -> None:
    """What an older one needs besides is there, with a marker: a list made for one Python alone lacks it."""
    for name in ("requirements.txt", "requirements-dev.txt"):
        assert re.search(
            r"^async-timeout==\S+ ; python_full_version < '3\.11\.3'", (ROOT / name).read_text(), re.M
        )


def test_the_pinned_packages_are_all_hashed() -> None:
    for name in ("requirements.txt", "requirements-dev.txt"):
        blocks = re.split(r"\n(?=\S)", (ROOT / name).read_text().strip())
        assert [block.splitlines()[0] for block in blocks if "--hash=sha256:" not in block] == []


# --- the whole, running ---


@pytest.mark.parametrize("name", ["console", "worker", "beat", "test-env", "live-env", "redis", "postgres"])
def test_every_process_comes_back_after_a_kill(stack: Stack, name: str) -> None:
    before = stack.pid(name)
    stack.kill(name)
    eventually(lambda: stack.pid(name) not in (None, before), what=f"{name} has another process")
    stack.wait_until_back(name)


def test_a_process_that_is_held_stays_down_until_it_is_released(stack: Stack) -> None:
    stack.hold("test-env")
    time.sleep(1)
    assert stack.pid("test-env") is None
    assert not answers(f"{stack.test}/healthz")
    stack.release("test-env")
    stack.wait_until_back("test-env")


def test_the_serving_role_is_a_plain_one(stack: Stack) -> None:
    assert stack.app_sql("SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user") == [
        (False, False)
    ]


def test_everything_is_logged_in_a_file_per_process(stack: Stack) -> None:
    assert {path.stem for path in stack.logs.glob("*.log")} >= {
        "postgres", "redis", "console", "worker", "beat", "test-env", "live-env", "migrate", "demo",
    }  # fmt: skip


def test_the_people_it_names_can_sign_in_with_the_password_it_prints(stack: Stack, page: Page) -> None:
    for email in ("admin@demo.example", "lecture@demo.example"):
        sign_in(page, stack.console, stack.password, email=email)
        page.context.clear_cookies()
    assert page.goto(f"{stack.test}/test/{DEMO_BRAND}/{DEMO_CHANNEL}").status == 200  # type: ignore[union-attr]
