"""What a run consists of: its settings, read from the caller's environment, and each process's environment made of them."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from chatadmin.run import processes
from chatadmin.run.errors import RunError
from chatadmin.run.ports import LOOPBACK
from chatadmin.run.supervisor import Program
from kit import env
from publishing import snapshot

ROOT = Path(__file__).resolve().parent.parent.parent
ENVIRONMENTS = ("test", "live")
#: Would lead a child elsewhere, or belongs to another plane.
_NOT_FOR_CHILDREN = frozenset(
    {"DJANGO_SETTINGS_MODULE", "PYTHONHOME", "PYTHONPATH", "MAKEFLAGS", "MAKELEVEL", "MFLAGS"}
)


@dataclass(frozen=True)
class Ports:
    console: int
    test: int
    live: int

    @classmethod
    def read(cls) -> Ports:
        """From the environment. Raises RunError for what is no port, or the same one twice."""
        defaults = {"CONSOLE_PORT": 8000, "TEST_ENV_PORT": 8001, "LIVE_ENV_PORT": 8002}
        found = {name: env.integer(name, default) for name, default in defaults.items()}
        for name, port in found.items():
            if not 0 < port < 65536:
                raise RunError(f"{name} is {port}, but a port is a number from 1 to 65535.")
        if len(set(found.values())) < len(found):
            raise RunError(
                f"two of {', '.join(found)} are the same port: {', '.join(map(str, found.values()))}."
            )
        return cls(found["CONSOLE_PORT"], found["TEST_ENV_PORT"], found["LIVE_ENV_PORT"])

    def of(self, environment: str) -> int:
        return self.test if environment == "test" else self.live


class Plan:
    """Settings of one run. The addresses of databases and Redis are filled in once they are known."""

    def __init__(self, state_folder: Path, secrets: Mapping[str, Any], ports: Ports) -> None:
        self._folder = state_folder
        self._secrets = secrets
        self.ports = ports
        self.console_url = env.text("CONSOLE_URL", f"http://{LOOPBACK}:{ports.console}").rstrip("/")
        self.env_urls = {
            name: env.text(f"{name.upper()}_ENV_URL", f"http://{LOOPBACK}:{ports.of(name)}").rstrip("/")
            for name in ENVIRONMENTS
        }
        self.push_urls = {
            name: env.text(f"{name.upper()}_ENV_PUSH_URL", self.env_urls[name]).rstrip("/")
            for name in ENVIRONMENTS
        }
        self.database_url = env.text("DATABASE_URL", "")
        self.database_owner_url = env.text("DATABASE_OWNER_URL", "")
        self.gateway_database_url = env.text("GATEWAY_DATABASE_URL", "")
        self.redis_url = env.text("REDIS_URL", "")
        self.demo_password = env.text("DEMO_PASSWORD", secrets["demo_password"])

    @property
    def mail_folder(self) -> Path:
        """Where e-mails are written while no EMAIL_HOST is named."""
        return Path(env.text("EMAIL_FILE_PATH", str(self._folder / "mail")))

    # --- environments of processes ---

    def _base(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name not in _NOT_FOR_CHILDREN}
        return kept | {
            processes.MARK: str(self._folder),
            "PYTHONUNBUFFERED": "1",
            "PYTHONDONTWRITEBYTECODE": os.environ.get("PYTHONDONTWRITEBYTECODE", ""),
            "REDIS_URL": self.redis_url,
            "CONSOLE_URL": self.console_url,
            "TEST_ENV_URL": self.env_urls["test"],
            "LIVE_ENV_URL": self.env_urls["live"],
            "INSECURE_COOKIES": env.text(
                "INSECURE_COOKIES", "0" if self.console_url.startswith("https:") else "1"
            ),
            # On one's own machine a provider of one's own is at hand; the live environment never calls one.
            "ALLOW_LOOPBACK_PROVIDERS": env.text(
                "ALLOW_LOOPBACK_PROVIDERS", "0" if self.console_url.startswith("https:") else "1"
            ),
        }

    def console_environment(self) -> dict[str, str]:
        """Console, worker, beat: the app role; no key that only an environment may have."""
        made = self._base() | {
            "DJANGO_SETTINGS_MODULE": "chatadmin.settings",
            "SECRET_KEY": env.text("SECRET_KEY", self._secrets["secret_key"]),
            "DATABASE_URL": self.database_url,
            "PUBLISHING_SIGNING_KEY": env.text(
                "PUBLISHING_SIGNING_KEY", json.dumps(self._secrets["signing_key"])
            ),
            "FIELD_ENCRYPTION_KEYS": env.text("FIELD_ENCRYPTION_KEYS", self._secrets["field_encryption_key"]),
            "TEST_ENV_PUSH_URL": self.push_urls["test"],
            "LIVE_ENV_PUSH_URL": self.push_urls["live"],
            "DEMO_PASSWORD": self.demo_password,
            "EMAIL_FILE_PATH": str(self.mail_folder),
        }
        for name in ENVIRONMENTS:
            variable = f"{name.upper()}_ENV_ENCRYPTION_KEY"
            made[variable] = env.text(
                variable, json.dumps(snapshot.public_jwk(self._secrets[f"encryption_key_{name}"]))
            )
        made.pop("DATABASE_OWNER_URL", None)
        return made

    def owner_environment(self) -> dict[str, str]:
        """Migrations and whatever else acts as the owner of the database."""
        return self.console_environment() | {
            "DATABASE_URL": self.database_owner_url,
            "DATABASE_OWNER_URL": self.database_owner_url,
        }

    def gateway_environment(self, name: str) -> dict[str, str]:
        """An environment: its own database and keys, nothing of the console's but the public half of its signing key."""
        signing = env.text("PUBLISHING_SIGNING_KEY", json.dumps(self._secrets["signing_key"]))
        made = self._base()
        for foreign in (
            "SECRET_KEY",
            "DATABASE_URL",
            "DATABASE_OWNER_URL",
            "PUBLISHING_SIGNING_KEY",
            "FIELD_ENCRYPTION_KEYS",
            "DEMO_PASSWORD",
            "EMAIL_HOST_PASSWORD",
        ):
            made.pop(foreign, None)
        return made | {
            "DJANGO_SETTINGS_MODULE": "gateway.settings",
            "GATEWAY_ENVIRONMENT": name,
            "GATEWAY_PUBLIC_URL": self.env_urls[name],
            "GATEWAY_CONSOLE_URL": self.console_url,
            "GATEWAY_SECRET_KEY": env.text("GATEWAY_SECRET_KEY", self._secrets[f"gateway_secret_key_{name}"]),
            "GATEWAY_DATABASE_URL": self.gateway_database_url.replace("{environment}", name),
            "GATEWAY_PUBLISHER_KEYS": env.text(
                "GATEWAY_PUBLISHER_KEYS", json.dumps(snapshot.key_set(snapshot.public_jwk(signing)))
            ),
            "GATEWAY_DECRYPTION_KEYS": env.text(
                "GATEWAY_DECRYPTION_KEYS",
                json.dumps(snapshot.key_set(self._secrets[f"encryption_key_{name}"])),
            ),
            "GATEWAY_BRANDS": env.text("GATEWAY_BRANDS", "*"),
            "GATEWAY_FILES_DIR": str(Path(env.text("GATEWAY_FILES_DIR", str(self._folder / "files"))) / name),
        }

    # --- programs ---

    def preparations(self) -> list[Program]:
        """Migrations of both planes: they touch different databases, so they run side by side."""
        manage = [sys.executable, "manage.py"]
        return [
            Program(
                name="migrate",
                argv=[*manage, "migrate", "--no-input", "--skip-checks"],
                env=self.owner_environment(),
                cwd=ROOT,
            ),
            *(
                Program(
                    name=f"migrate-{name}",
                    argv=[*manage, "gateway_migrate"],
                    env=self.gateway_environment(name),
                    cwd=ROOT,
                )
                for name in ENVIRONMENTS
            ),
        ]

    def demo(self) -> Program:
        return Program(
            name="demo",
            argv=[sys.executable, "manage.py", "demo"],
            env=self.console_environment() | {"DATABASE_OWNER_URL": self.database_owner_url},
            cwd=ROOT,
        )

    def programs(self) -> list[Program]:
        """Everything that stays up: console, worker, beat and both environments."""
        console = self.console_environment()
        celery = [sys.executable, "-m", "celery", "--app", "chatadmin"]
        return [
            Program(
                name="console",
                argv=_server(
                    *("chatadmin.wsgi:application", self.ports.console, "--interface", "wsgi"),
                    *("--blocking-threads", "4"),
                ),
                env=console,
                cwd=ROOT,
                ready=_answers(self.ports.console, "/healthz"),
            ),
            Program(
                name="worker",
                argv=[
                    *celery,
                    "worker",
                    "--loglevel=INFO",
                    "--pool=threads",
                    "--concurrency=12",
                    "--without-gossip",
                    "--without-mingle",
                ],
                env=console,
                cwd=ROOT,
                ready_line=" ready.",
            ),
            Program(
                name="beat",
                argv=[
                    *celery,
                    "beat",
                    "--loglevel=INFO",
                    "--pidfile=",
                    f"--schedule={self._folder / 'beat-schedule'}",
                ],
                env=console,
                cwd=ROOT,
                ready_line="beat: Starting...",
            ),
            *(
                Program(
                    name=f"{name}-env",
                    argv=_server(
                        *("gateway.asgi:application", self.ports.of(name), "--interface", "asgi"),
                        *("--ws", "--loop", "uvloop"),
                    ),
                    env=self.gateway_environment(name),
                    cwd=ROOT,
                    ready=_answers(self.ports.of(name), "/healthz"),
                )
                for name in ENVIRONMENTS
            ),
        ]


def _server(application: str, port: int, *options: str) -> list[str]:
    return [
        *(sys.executable, "-m", "granian", "--host", LOOPBACK, "--port", str(port), "--workers", "1"),
        *options,
        *("--workers-kill-timeout", "3", "--no-access-log", application),
    ]


def _answers(port: int, path: str) -> Any:
    def ask() -> bool:
        try:
            with urlopen(f"http://{LOOPBACK}:{port}{path}", timeout=5) as answer:
                return bool(answer.status < 500)
        except OSError:
            return False

    return ask
