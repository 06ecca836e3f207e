"""The console with the settings of a real installation, each time in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from chatadmin.run import databases
from chatadmin.run.plan import ROOT
from chatadmin.run.ports import pick

pytestmark = pytest.mark.django_db


def production(**changes: str) -> dict[str, str]:
    """The environment of this test process as an installation would have it."""
    made = dict(os.environ)
    for name in ("INSECURE_COOKIES", "DEBUG", "ALLOWED_HOSTS", "TRUSTED_PROXIES", "DATABASE_OWNER_URL"):
        made.pop(name, None)
    made |= {
        "DJANGO_SETTINGS_MODULE": "chatadmin.settings",
        "CONSOLE_URL": "https://console.example.com",
        "SECRET_KEY": "Vq3nR8sT1uX6yZ0aB5cD9eF4gH7iJ2kL-mN_oP-qW_rE-tY_uV1w",
    }
    return made | changes


def run(*argv: str, env: dict[str, str], seconds: float = 60) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *argv],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )


PROGRAM = """
import json, django
django.setup()
from django.db import transaction
from django.test import Client
from accounts.models import User
HOST = "console.example.com"
client = Client(SERVER_NAME=HOST)
answer = {}
with transaction.atomic():
    User.objects.create_user("ana@example.com", "grand-duc-et-mesange")
    client.post("/account/language/", {"language": "en"}, secure=True)
    client.post("/account/theme/", {"theme": "dark"}, secure=True)
    client.get("/sign-in/", secure=True)
    done = client.post("/sign-in/", {"email": "ana@example.com", "password": "grand-duc-et-mesange"}, secure=True)
    assert done.status_code == 302, done
    answer["cookies"] = {name: dict(one) for name, one in client.cookies.items()}
    transaction.set_rollback(True)

stranger = Client(SERVER_NAME=HOST)
plain, secure = stranger.get("/sign-in/"), stranger.get("/sign-in/", secure=True)
answer["plain"] = [plain.status_code, plain.headers["Location"]]
answer["secure"] = [secure.status_code, secure.headers["Strict-Transport-Security"]]
answer["health"] = stranger.get("/healthz").status_code
answer["hosts"] = {
    name: Client(SERVER_NAME=name).get("/sign-in/", secure=True).status_code
    for name in (HOST, "evil.example", HOST + ".evil.example")
}
answer["says https"] = {
    peer: stranger.get("/sign-in/", REMOTE_ADDR=peer, HTTP_X_FORWARDED_PROTO="https").status_code
    for peer in ("10.0.0.7", "203.0.113.7")
}
print(json.dumps(answer))
"""


@pytest.fixture(scope="module")
def installed(django_db_setup: None) -> dict[str, Any]:
    """What one process with the settings of an installation answers; what it writes is rolled back."""
    done = run("-c", PROGRAM, env=production(TRUSTED_PROXIES="10.0.0.0/8"))
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return answer


def test_check_deploy_has_nothing_to_say() -> None:
    done = run(
        "manage.py", "check", "--deploy", "--database", "default", "--fail-level", "WARNING", env=production()
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "no issues (0 silenced)" in done.stdout


def test_check_deploy_still_finds_a_weak_secret() -> None:
    done = run(
        "manage.py", "check", "--deploy", "--fail-level", "WARNING", env=production(SECRET_KEY="a" * 60)
    )
    assert done.returncode == 1
    assert "SECRET_KEY" in done.stderr


PROCESSES = {
    "console": ["-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "chatadmin.wsgi:application"],
    "worker": ["-m", "celery", "--app", "chatadmin", "worker", "--pool=threads", "--concurrency=1"],
    "beat": ["-m", "celery", "--app", "chatadmin", "beat", "--pidfile="],
}


def command(name: str, folder: Path) -> list[str]:
    """Its arguments; the scheduler keeps its file in `folder` (it removes one it cannot read, whatever that is)."""
    more = {"console": ["--port", str(pick())], "beat": [f"--schedule={folder / 'schedule'}"]}
    return [*PROCESSES[name], *more.get(name, [])]


@pytest.mark.parametrize("name", PROCESSES)
def test_a_process_does_not_start_as_a_role_that_row_security_does_not_bind(
    name: str, tmp_path: Path
) -> None:
    done = run(*command(name, tmp_path), env=production(DATABASE_URL=os.environ["DATABASE_OWNER_URL"]))
    assert done.returncode not in {0, None}
    said = done.stdout + done.stderr
    assert "chatadmin does not start: The database role “test_owner” bypasses row-level security" in said
    assert "Traceback" not in said


def test_a_process_without_its_database_says_so_in_one_line(tmp_path: Path) -> None:
    done = run(
        *command("console", tmp_path), env=production(DATABASE_URL="postgresql://nobody@127.0.0.1:1/none")
    )
    assert done.returncode not in {0, None}
    said = done.stdout + done.stderr
    assert "chatadmin does not start: The database does not answer" in said
    assert "Traceback" not in said


def test_a_superuser_is_refused_like_the_owner() -> None:
    done = run(
        "-c",
        "import django; django.setup(); from chatadmin.startup import check; check()",
        env=production(DATABASE_URL=_as_superuser(os.environ["DATABASE_URL"])),
    )
    assert done.returncode == 1
    assert "bypasses row-level security" in done.stderr


def _as_superuser(url: str) -> str:
    return databases.with_database(
        os.environ["TEST_POSTGRES_URL"], databases.database_of(url, "DATABASE_URL")
    )


def test_every_cookie_is_secure_and_bound_to_this_very_host(installed: dict[str, Any]) -> None:
    assert set(installed["cookies"]) == {
        "__Host-chatadmin_session",
        "__Host-chatadmin_csrf",
        "__Host-chatadmin_device",
        "chatadmin_language",
        "chatadmin_theme",
    }
    for cookie in installed["cookies"].values():
        assert cookie["secure"] is True
        assert cookie["httponly"] is True
        assert cookie["samesite"] == "Lax"
        assert (cookie["path"], cookie["domain"]) == ("/", "")


def test_plain_http_is_sent_to_https_and_https_is_remembered(installed: dict[str, Any]) -> None:
    assert installed["plain"] == [301, "https://console.example.com/sign-in/"]
    assert installed["secure"] == [200, "max-age=31536000; includeSubDomains; preload"]
    assert installed["health"] == 200


def test_only_a_proxy_of_ours_may_say_that_a_request_came_by_https(installed: dict[str, Any]) -> None:
    assert installed["says https"] == {"10.0.0.7": 200, "203.0.113.7": 301}


def test_another_host_s_name_is_refused(installed: dict[str, Any]) -> None:
    assert installed["hosts"] == {
        "console.example.com": 200,
        "evil.example": 400,
        "console.example.com.evil.example": 400,
    }


def test_an_unreadable_list_of_proxies_stops_the_process_with_the_entry() -> None:
    done = run(
        "-c",
        "import django; django.setup(); from chatadmin.startup import check; check()",
        env=production(TRUSTED_PROXIES="10.0.0.0/8, the-proxy"),
    )
    assert done.returncode == 1
    assert "the-proxy" in done.stderr
    assert "TRUSTED_PROXIES" in done.stderr
