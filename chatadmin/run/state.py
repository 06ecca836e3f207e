"""The folder a run keeps things in (`.local`): its lock, its secrets, its notes for the next run."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import shutil
import signal
import time
from pathlib import Path
from typing import Any

from chatadmin.run import processes
from chatadmin.run.errors import RunError
from kit.secrets import new_key
from publishing import snapshot

#: How long a second run waits for one that is already on its way out.
LEAVING_SECONDS = 15


class State:
    """One run's folder. Used as a context manager it holds the lock, which the kernel gives back however the process ends."""

    def __init__(self, folder: Path, *, patience: float = LEAVING_SECONDS) -> None:
        self._patience = patience
        self.folder = folder.resolve()
        self.logs = self.folder / "logs"
        self._notes = self.folder / "run.json"
        self._lock_path = self.folder / "run.lock"
        self._secrets_path = self.folder / "secrets.json"
        self._lock: int | None = None

    def __enter__(self) -> State:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.logs.mkdir(exist_ok=True)
        self._take_lock()
        self._end_leftovers()
        self.notes = {}
        return self

    def __exit__(self, *_: object) -> None:
        if self._lock is not None:
            self.notes = {}
            os.close(self._lock)
            self._lock = None

    # --- notes: what this run is made of, for the next one and for whoever is told "already running" ---

    @property
    def notes(self) -> dict[str, Any]:
        try:
            read = json.loads(self._notes.read_text())
        except (OSError, ValueError):
            return {}
        return read if isinstance(read, dict) else {}

    @notes.setter
    def notes(self, value: dict[str, Any]) -> None:
        write_private(self._notes, json.dumps(value, indent=1))

    def note(self, **values: Any) -> None:
        self.notes = self.notes | values

    # --- lock ---

    def _take_lock(self) -> None:
        lock = os.open(self._lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        until = time.monotonic() + self._patience
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self._lock = lock
                return
            except BlockingIOError:
                notes = self.notes
                if not notes.get("stopping") or time.monotonic() > until:
                    os.close(lock)
                    raise RunError(self._already(notes)) from None
                time.sleep(0.1)

    def _already(self, notes: dict[str, Any]) -> str:
        where = f", console at {notes['console']}" if notes.get("console") else ""
        pid = f" (process {notes['pid']})" if notes.get("pid") else ""
        return (
            f"already running in this folder{pid}{where}: stop it with Ctrl-C there before starting it again."
        )

    def _end_leftovers(self) -> None:
        """End what an earlier run of this folder left behind. We hold its lock, so that run itself is gone."""
        left = dict.fromkeys(processes.marked(self.folder), signal.SIGTERM)
        for child in self.notes.get("children", {}).values():
            pid, started = int(child["pid"]), str(child["started"])
            if started and processes.started_at(pid) == started:
                left[pid] = signal.Signals(child["stop"])
        processes.end(left, patience=6)
        for name in self.notes.get("temporary", []):
            shutil.rmtree(name, ignore_errors=True)

    # --- secrets ---

    def secrets(self) -> dict[str, Any]:
        """Keys and passwords of this installation, made once and kept readable by its owner only.

        An existing file is completed, never changed: a new kind of key joins the old ones.
        """
        try:
            kept = json.loads(self._secrets_path.read_text())
        except FileNotFoundError:
            kept = {}
        except (OSError, ValueError) as error:
            raise RunError(f"{self._secrets_path} cannot be read: {error}") from error
        if not isinstance(kept, dict):
            raise RunError(f"{self._secrets_path} is not a JSON object.")
        makers = {
            "secret_key": lambda: secrets.token_urlsafe(48),
            "gateway_secret_key_test": lambda: secrets.token_urlsafe(48),
            "gateway_secret_key_live": lambda: secrets.token_urlsafe(48),
            "field_encryption_key": new_key,
            "signing_key": snapshot.new_signing_key,
            "encryption_key_test": snapshot.new_encryption_key,
            "encryption_key_live": snapshot.new_encryption_key,
            "postgres_password": lambda: secrets.token_hex(16),
            "owner_password": lambda: secrets.token_hex(16),
            "app_password": lambda: secrets.token_hex(16),
            "gateway_password": lambda: secrets.token_hex(16),
            "redis_password": lambda: secrets.token_hex(16),
            "demo_password": readable_password,
        }
        missing = {name: make() for name, make in makers.items() if name not in kept}
        if missing:
            kept |= missing
            write_private(self._secrets_path, json.dumps(kept, indent=1))
        return kept

    @property
    def secrets_path(self) -> Path:
        return self._secrets_path


def readable_password() -> str:
    """Sixteen letters and digits in groups of four, none of which is taken for another: 78 bits."""
    alphabet = "abcdefghijkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(alphabet) for _ in range(4)) for _ in range(4))


def write_private(path: Path, text: str) -> None:
    """Replace a file in one step by one that only its owner can read."""
    new = path.with_name(f"{path.name}.{os.getpid()}.new")
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    new.replace(path)
