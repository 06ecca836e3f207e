"""Keeps a set of programs running: starts, watches and restarts them, reads their output, and stops them all in the end.

One thread and one loop. A program that ends by itself is started again after a delay that grows while it keeps failing;
what is left of its process group is ended first, so that no orphan holds its port.
"""

from __future__ import annotations

import os
import re
import selectors
import signal
import subprocess
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from chatadmin.run import processes, terminal
from chatadmin.run.errors import RunError

_DELAYS = (0.1, 0.5, 1.0, 2.0, 4.0, 8.0)
#: A program that ran this long counts as well again; the next delay is the shortest.
_WELL_SECONDS = 15
#: Ends this often before it was ever ready: the start as a whole has failed.
_FAILED_STARTS = 3
_STOP_SECONDS = 5
_LOG_BYTES = 5_000_000
_TAIL_LINES = 30
_ALARMING = re.compile(
    r"""\b(?:ERROR|CRITICAL|FATAL|PANIC|Traceback)\b|["']?level["']?\s*[=:]\s*["'](?:error|critical)["']"""
)


class Interrupted(Exception):
    """Somebody asked the run to stop (Ctrl-C, SIGTERM, a closed terminal)."""


@dataclass(frozen=True, kw_only=True)
class Program:
    """What to run and how to treat it. `env` is the whole environment; `ready` is asked until it says yes."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str]
    cwd: Path
    user: int | None = None
    group: int | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    before_start: Callable[[], None] | None = None
    ready: Callable[[], bool] | None = None
    #: Says "ready" in its own output instead.
    ready_line: str = ""
    #: A server the others need: stopped after them.
    service: bool = False


@dataclass
class _Running:
    program: Program
    colour: str
    process: subprocess.Popen[bytes] | None = None
    log: IO[bytes] | None = None
    started: float = 0.0
    failures: int = 0
    due: float | None = None
    held: bool = False
    once: bool = False
    ready: bool = False
    stopping: bool = False
    status: int | None = None
    buffer: bytes = b""
    in_traceback: bool = False
    tail: deque[str] = field(default_factory=lambda: deque(maxlen=_TAIL_LINES))


class Supervisor:
    """Runs programs for one state folder; `logs` gets one file for each, `on_change` hears of every start and end."""

    def __init__(
        self, logs: Path, *, verbose: bool = False, on_change: Callable[[dict[str, dict[str, object]]], None]
    ) -> None:
        self._logs = logs
        self._verbose = verbose
        self._on_change = on_change
        self._running: dict[str, _Running] = {}
        self._selector = selectors.DefaultSelector()
        self._signals = 0
        self._started_up = False
        self._ending = False
        self._width = 8
        self._wake_read, self._wake_write = os.pipe()
        for end in (self._wake_read, self._wake_write):
            os.set_blocking(end, False)
        self._selector.register(self._wake_read, selectors.EVENT_READ)
        signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        for what in (signal.SIGINT, signal.SIGTERM):
            signal.signal(what, self._asked_to_stop)
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # `nohup make run` means what it says
            signal.signal(signal.SIGHUP, self._asked_to_stop)
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def _asked_to_stop(self, *_: object) -> None:
        self._signals += 1

    # --- starting ---

    def start(self, *programs: Program) -> None:
        """Start programs and keep them running from now on."""
        for program in programs:
            running = _Running(program, terminal.colour_of(len(self._running)))
            self._running[program.name] = running
            self._width = max(self._width, len(program.name))
            self._spawn(running)

    def run_to_end(self, *programs: Program, patience: float = 600) -> None:
        """Run one-off programs side by side. Raises RunError with the end of the output of one that fails."""
        for program in programs:
            running = _Running(program, terminal.colour_of(len(self._running)), once=True)
            self._running[program.name] = running
            self._spawn(running)
        mine = [self._running[program.name] for program in programs]
        try:
            self.wait(lambda: all(one.status is not None for one in mine), patience, "to finish", mine)
            for one in mine:
                if one.status:
                    raise RunError(f"{one.program.name} failed (exit {one.status}):\n{self._shown(one)}")
        finally:
            for program in programs:
                running = self._running.pop(program.name)
                if running.process is not None:
                    self._end_group(running, signal.SIGKILL)

    def wait_until_ready(self, *names: str, patience: float = 90) -> None:
        """Return when all the named programs answer. Raises RunError for one that cannot start."""
        mine = [self._running[name] for name in names]

        def all_ready() -> bool:
            for one in mine:
                if not one.ready and one.process is not None and one.program.ready is not None:
                    one.ready = one.program.ready()
                if one.failures >= _FAILED_STARTS and not one.ready:
                    raise RunError(
                        f"{one.program.name} does not start (exit {one.status}):\n{self._shown(one)}"
                    )
            return all(one.ready for one in mine)

        self.wait(all_ready, patience, "to answer", mine)

    def started_up(self) -> None:
        """From here on a program that ends is news: it is told with the end of its output, and restarted for ever."""
        self._started_up = True

    def wait(
        self, done: Callable[[], bool], patience: float, what: str, concerned: Iterable[_Running] = ()
    ) -> None:
        until = time.monotonic() + patience
        while not done():
            if time.monotonic() > until:
                late = [one for one in concerned if not one.ready and one.status is None] or list(concerned)
                shown = "\n".join(f"{one.program.name}:\n{self._shown(one)}" for one in late)
                raise RunError(f"waited {patience:.0f} s for {what.removeprefix('to ')} in vain:\n{shown}")
            self.pump(0.05)

    def loop(self) -> None:
        """Keep everything running until somebody asks to stop; then raises Interrupted."""
        while True:
            self.pump(60)

    def watch(self, file: int, callback: Callable[[], None]) -> None:
        """Call back when the file has something to read (the control channel)."""
        self._selector.register(file, selectors.EVENT_READ, callback)

    def unwatch(self, file: int) -> None:
        self._selector.unregister(file)

    # --- by name, for the control channel ---

    def names(self) -> list[str]:
        return list(self._running)

    def pid(self, name: str) -> int | None:
        process = self._running[name].process
        return process.pid if process else None

    def kill(self, name: str) -> None:
        """kill -9 to the program's whole process group, as a crash would; it is restarted like after one."""
        running = self._running[name]
        if running.process is not None:
            self._end_group(running, signal.SIGKILL)

    def hold(self, name: str) -> None:
        """Kill a program and keep it down until `release`."""
        self._running[name].held = True
        self._running[name].due = None
        self.kill(name)

    def release(self, name: str) -> None:
        running = self._running[name]
        running.held = False
        running.failures = 0
        if running.process is None:
            self._spawn(running)

    # --- the loop ---

    def pump(self, patience: float) -> None:
        """Handle what happens within `patience` seconds: output, ends, restarts. Raises Interrupted once asked to stop."""
        now = time.monotonic()
        due = [one.due for one in self._running.values() if one.due is not None]
        timeout = max(0.0, min([patience, *(moment - now for moment in due)]))
        for key, _ in self._selector.select(timeout):
            if key.fileobj == self._wake_read:
                self._drain_wake()
            elif isinstance(key.data, _Running):
                self._read(key.data)
            elif self._ending:
                self._selector.unregister(key.fileobj)  # the control channel closes as well: we know
            elif callable(key.data):
                key.data()
        self._reap()
        if self._signals and not self._ending:
            raise Interrupted
        now = time.monotonic()
        for one in list(self._running.values()):
            if one.due is not None and one.due <= now and not self._ending:
                self._spawn(one)

    def _drain_wake(self) -> None:
        try:
            while os.read(self._wake_read, 4096):
                pass
        except BlockingIOError:
            pass

    def _spawn(self, running: _Running) -> None:
        program = running.program
        running.due = None
        if program.before_start is not None:
            program.before_start()
        if running.log is None:
            running.log = self._open_log(program.name)
        try:
            running.process = subprocess.Popen(
                list(program.argv),
                cwd=program.cwd,
                env=dict(program.env),
                user=program.user,
                group=program.group,
                extra_groups=[] if program.user is not None else None,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for the supervisor alone, which then stops them in order
                preexec_fn=processes.dies_with_parent(program.stop_signal),  # noqa: PLW1509 - one thread, nothing to deadlock
            )
        except OSError as error:
            raise RunError(f"{program.name} cannot be run ({program.argv[0]}): {error.strerror}") from error
        assert running.process.stdout is not None
        os.set_blocking(running.process.stdout.fileno(), False)
        self._selector.register(running.process.stdout, selectors.EVENT_READ, running)
        running.started = time.monotonic()
        running.status = None
        running.tail.clear()
        self._tell()

    def _reap(self) -> None:
        for running in list(self._running.values()):
            process = running.process
            if process is None or process.poll() is None:
                continue
            self._read(running)
            assert process.stdout is not None
            self._forget_output(running)
            running.process = None
            running.status = process.returncode
            # A server's workers outlive it when it is killed, and would keep its port.
            processes.send(process.pid, signal.SIGKILL, group=True)
            if not (running.once or running.stopping or running.held or self._ending):
                self._plan_restart(running)
            self._tell()

    def _plan_restart(self, running: _Running) -> None:
        if time.monotonic() - running.started > _WELL_SECONDS:
            running.failures = 0
        delay = _DELAYS[min(running.failures, len(_DELAYS) - 1)]
        running.failures += 1
        running.due = time.monotonic() + delay
        name = running.program.name
        self._log_line(running, f"[{name} ended ({_how(running.status)}); again in {delay:g} s]")
        if self._started_up:
            terminal.say(
                f"{self._prefix(running)} {terminal.red(f'ended ({_how(running.status)}); again in {delay:g} s')}"
            )
            if running.failures == _FAILED_STARTS:
                terminal.say(self._shown(running))

    # --- output ---

    def _read(self, running: _Running) -> None:
        process = running.process
        if process is None or process.stdout is None or process.stdout.closed:
            return
        while True:
            try:
                piece = os.read(process.stdout.fileno(), 65536)
            except BlockingIOError:
                return
            except OSError:
                piece = b""
            if not piece:
                self._forget_output(running, close=False)
                return
            assert running.log is not None
            running.log.write(piece)
            running.log.flush()
            *lines, running.buffer = (running.buffer + piece).split(b"\n")
            for line in lines:
                self._heard(running, line.decode("utf-8", "replace").rstrip("\r"))
            if len(running.buffer) > 100_000:
                self._heard(running, running.buffer.decode("utf-8", "replace"))
                running.buffer = b""
            if running.log.tell() > _LOG_BYTES:
                running.log.close()
                running.log = self._open_log(running.program.name)

    def _forget_output(self, running: _Running, *, close: bool = True) -> None:
        process = running.process
        if process is None or process.stdout is None or process.stdout.closed:
            return
        if process.stdout.fileno() in self._selector.get_map():
            self._selector.unregister(process.stdout)
        if close:
            process.stdout.close()
            if running.buffer:
                self._heard(running, running.buffer.decode("utf-8", "replace"))
                running.buffer = b""

    def _heard(self, running: _Running, line: str) -> None:
        running.tail.append(line)
        if running.program.ready_line and running.program.ready_line in line:
            running.ready = True
        alarming = bool(_ALARMING.search(line))
        # A traceback is its heading, indented lines, and the first line that is not: the error itself.
        shown = alarming or running.in_traceback
        if line.startswith("Traceback"):
            running.in_traceback = True
        elif running.in_traceback and not line.startswith((" ", "\t")):
            running.in_traceback = False
        if self._verbose or (shown and self._started_up and not self._ending):
            terminal.say(f"{self._prefix(running)} {line}")

    def _prefix(self, running: _Running) -> str:
        return terminal.coloured(f"{running.program.name:<{self._width}} |", running.colour)

    def _shown(self, running: _Running) -> str:
        lines = [f"  | {line}" for line in running.tail] or ["  | (it said nothing)"]
        return "\n".join([*lines, f"  (all of it: {self._logs / (running.program.name + '.log')})"])

    def _log_line(self, running: _Running, line: str) -> None:
        if running.log is not None:
            running.log.write(f"{line}\n".encode())
            running.log.flush()

    def _open_log(self, name: str) -> IO[bytes]:
        path = self._logs / f"{name}.log"
        if path.exists() and path.stat().st_size > _LOG_BYTES:
            path.replace(path.with_suffix(".log.1"))
        return path.open("ab")

    # --- ending ---

    def stop(self) -> None:
        """Stop everything: first the programs, then the servers they need. A second Ctrl-C makes it immediate."""
        self._ending = True
        asked = self._signals
        for services in (False, True):
            group = [one for one in self._running.values() if one.program.service is services]
            self._stop_group(group, asked)
        for one in self._running.values():
            if one.log is not None:
                one.log.close()
        signal.set_wakeup_fd(-1)
        for end in (self._wake_read, self._wake_write):
            os.close(end)
        self._selector.close()

    def _stop_group(self, group: list[_Running], asked: int) -> None:
        for one in group:
            one.stopping = True
            one.due = None
            if one.process is not None:
                processes.send(one.process.pid, one.program.stop_signal)
        until = time.monotonic() + _STOP_SECONDS
        while any(one.process is not None for one in group):
            if time.monotonic() > until or self._signals > asked:
                for one in group:
                    if one.process is not None:
                        self._end_group(one, signal.SIGKILL)
                until = time.monotonic() + _STOP_SECONDS
            self.pump(0.1)

    def _end_group(self, running: _Running, what: signal.Signals) -> None:
        if running.process is not None:
            processes.send(running.process.pid, what, group=True)

    def _tell(self) -> None:
        self._on_change(
            {
                name: {
                    "pid": one.process.pid,
                    "started": processes.started_at(one.process.pid),
                    "stop": int(one.program.stop_signal),
                }
                for name, one in self._running.items()
                if one.process is not None
            }
        )


def _how(status: int | None) -> str:
    if status is not None and status < 0:
        try:
            return signal.Signals(-status).name
        except ValueError:
            return f"signal {-status}"
    return f"exit {status}"
