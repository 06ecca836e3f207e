"""Which process is which: pids are reused, so one counts as ours only with its start time or our mark in its environment."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

#: Carried by every process of a run; its value is the run's state folder.
MARK = "CHATADMIN_STATE"
_PROC = Path("/proc")
_PR_SET_PDEATHSIG = 1


def started_at(pid: int) -> str:
    """A text that tells this process from any other that had or will have its pid; empty when there is none."""
    if _PROC.is_dir():
        try:
            # After the last ")" (the name may hold anything) the start time is field 22 of proc_pid_stat(5).
            fields = (_PROC / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()
        except OSError:
            return ""
        return "" if fields[0] in {"Z", "X"} else fields[19]
    shown = subprocess.run(
        ["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return shown.stdout.strip()


def marked(state: Path) -> list[int]:
    """Processes that carry this state folder's mark (Linux; elsewhere none are found this way)."""
    wanted = f"{MARK}={state}".encode()
    found: list[int] = []
    if not _PROC.is_dir():
        return found
    for entry in _PROC.iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            environment = (entry / "environ").read_bytes().split(b"\0")
        except OSError:
            continue  # gone, or somebody else's
        if wanted in environment:
            found.append(int(entry.name))
    return found


def end(pids: Mapping[int, signal.Signals], *, patience: float) -> None:
    """Ask the processes to stop, each by its own signal; after `patience` seconds make them."""
    left = {pid: started_at(pid) for pid in pids}
    left = {pid: start for pid, start in left.items() if start}
    for pid in left:
        send(pid, pids[pid])
    until = time.monotonic() + patience
    while left and time.monotonic() < until:
        time.sleep(0.05)
        left = {pid: start for pid, start in left.items() if started_at(pid) == start}
    for pid in left:
        send(pid, signal.SIGKILL)
    while any(started_at(pid) == start for pid, start in left.items()) and time.monotonic() < until + 5:
        time.sleep(0.02)


def send(pid: int, what: signal.Signals, *, group: bool = False) -> None:
    """A signal to a process (or its whole group) that may be gone already."""
    try:
        if group:
            os.killpg(pid, what)
        else:
            os.kill(pid, what)
    except (ProcessLookupError, PermissionError):
        pass


def dies_with_parent(what: signal.Signals) -> Callable[[], None] | None:
    """For `preexec_fn`: the child is sent this signal when the supervisor is killed without a chance to stop it (Linux).

    Called between fork and exec, after the user is switched (which would clear the setting).
    """
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def ask() -> None:
        prctl(_PR_SET_PDEATHSIG, int(what), 0, 0, 0)
        if os.getppid() != parent:  # it died in between
            os.kill(os.getpid(), what)

    return ask


def die_with_parent(what: signal.Signals = signal.SIGTERM) -> None:
    """The same for this very process: `make` killed with -9 takes its run along."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, int(what), 0, 0, 0)
