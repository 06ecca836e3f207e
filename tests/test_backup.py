"""A backup is worth what a restore of it is: an installation at work, put back into empty databases, is what it was."""

from __future__ import annotations

import gzip
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest

from chatadmin.run import databases
from chatadmin.run.plan import ROOT
from gateway.tests.client import Visitor
from gateway.tests.environment import Channel, Environment
from gateway.tests.test_attachments import send, upload
from kit import dumps
from kit.secrets import new_key
from tests.console_client import signed_in
from tests.stack import Stack, eventually

#: Its own rows only are changed by a restore: what an environment has is asked anew.
ASKED_ANEW = "publishing_delivery"


def variables(stack: Stack, process: str, **changes: str) -> dict[str, str]:
    """What a process of the stack was started with: the settings an operator's command gets as well."""
    pid = stack.pid(process)
    raw = Path(f"/proc/{pid}/environ").read_bytes().decode()
    return dict(line.split("=", 1) for line in raw.split("\0") if "=" in line) | changes


def at_once(*commands: tuple[dict[str, str], list[str]]) -> list[str]:
    """`manage.py …` as an operator runs it, several side by side; what each prints."""
    running = [
        subprocess.Popen(
            [sys.executable, "manage.py", *argv],
            cwd=ROOT,
            env=settings,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for settings, argv in commands
    ]
    ended = [(one, *one.communicate()) for one in running]
    for one, said, wrong in ended:
        assert one.returncode == 0, said + wrong
    return [said for _one, said, _wrong in ended]


def manage(settings: dict[str, str], *argv: str) -> str:
    return at_once((settings, list(argv)))[0]


def tables(folder: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads((folder / dumps.MANIFEST).read_text())["tables"]
    return {name: about for name, about in found.items() if name != ASKED_ANEW}


def spoil(file: Path, before: bytes, after: bytes) -> None:
    """As a disk, or somebody, might: one place of a file says something else."""
    text = gzip.decompress(file.read_bytes())
    assert before in text
    file.write_bytes(gzip.compress(text.replace(before, after, 1)))


def test_what_was_backed_up_comes_back_whole_into_empty_databases(stack: Stack, tmp_path: Path) -> None:
    # An installation at work: saves, a release in test, a secret, a conversation with a file.
    console = signed_in(stack.console, stack.password)
    public_id = console.create_channel("Sauvegarde")
    for css in ("a { top: 1px }", "a { top: 2px }"):
        console.save_css(public_id, css)
    address = f"/chat/1.0/brand/{console.brand}/channel/{public_id}"

    def served(base: str) -> httpx.Response:
        return httpx.get(base + address, trust_env=False, timeout=10)

    newest = eventually(
        lambda: served(stack.test).headers.get("X-Release", ""), seconds=30, what="the channel is in test"
    )
    eventually(lambda: "top: 2px" in served(stack.test).text, seconds=30, what="the second save is in test")
    newest = served(stack.test).headers["X-Release"]
    made = console._send(  # the page of webhooks
        f"/o/{console.brand}/integrations/webhooks/",
        {"url": "https://example.com/hook", "events": "release.created"},
    )
    assert "whsec_" in made.text
    here = Environment("test", "", port=urlsplit(stack.test).port or 0)
    channel = Channel(brand=console.brand, id=public_id)
    url = upload(here, channel, b"%PDF-1.4 backup", "a.pdf")
    with Visitor(here, channel) as visitor:
        send(visitor, url)

    console.http.close()

    # Environments first, then the console; and what the audit's chains end in.
    owner = variables(stack, "console", DATABASE_URL=stack.database_owner_url)
    gateway = variables(stack, "test-env")
    kept = tmp_path / "backup"
    heads, said = at_once((owner, ["verify_audit"]), (gateway, ["gateway_backup", str(kept / "test")]))
    assert re.search(r"[1-9]\d* rows of \d+ tables and [1-9]\d* files", said), said
    manage(owner, "backup", str(kept / "console"))
    assert (kept / "console" / dumps.MANIFEST).stat().st_mode & 0o077 == 0

    # Empty databases, migrated.
    secrets = json.loads((stack.logs.parent / "secrets.json").read_text())
    server = databases.with_login(
        stack.database_owner_url, user="postgres", password=secrets["postgres_password"], database="postgres"
    )
    logins = {
        name: urlsplit(url)
        for name, url in (("owner", stack.database_owner_url), ("app", stack.database_url))
    }
    new = databases.console_on(
        server,
        database="restored_console",
        owner=str(logins["owner"].username),
        owner_password=str(logins["owner"].password),
        app=str(logins["app"].username),
        app_password=str(logins["app"].password),
    )
    role = urlsplit(stack.gateway_database_url)
    new_gateway = databases.gateway_on(
        server, "restored_{environment}", role=str(role.username), password=str(role.password)
    ).replace("{environment}", "test")
    files = tmp_path / "files"
    there = gateway | {"GATEWAY_DATABASE_URL": new_gateway, "GATEWAY_FILES_DIR": str(files)}
    owner = owner | {"DATABASE_URL": new.owner, "DATABASE_OWNER_URL": new.owner}
    try:
        at_once(
            (owner, ["migrate", "--no-input", "--skip-checks", "-v", "0"]),
            (there, ["gateway_migrate", "-v", "0"]),
        )

        # A file that is not as it was written: nothing is restored at all.
        spoilt = tmp_path / "spoilt"
        shutil.copytree(kept / "console", spoilt)
        spoil(spoilt / "audit_entry.copy.gz", b"draft.saved", b"draft.saveD")
        with psycopg.connect(new.owner, autocommit=True) as opened:
            for folder, of, why in (
                (spoilt, "the console", "not as it was written"),
                (kept / "test", "the console", "not of the console"),
                (tmp_path, "the console", "holds no backup"),
            ):
                with pytest.raises(dumps.NotRestorable, match=why):
                    dumps.restore(opened, folder, of=of)
            assert opened.execute("SELECT count(*) FROM tenants_organisation").fetchone() == (0,)

        said, _files = at_once(
            (owner, ["restore", str(kept / "console")]), (there, ["gateway_restore", str(kept / "test")])
        )
        assert "deliveries are looked at again" in said

        # Row by row, file by file; the audit's chains hold and end where they did.
        again = tmp_path / "again"
        with psycopg.connect(new.owner, autocommit=True) as opened:
            with pytest.raises(dumps.NotRestorable, match="not empty"):
                dumps.restore(opened, kept / "console", of="the console")
            dumps.back_up(opened, again / "console", of="the console")
        with psycopg.connect(new_gateway, options="-c search_path=gateway_test", autocommit=True) as opened:
            dumps.back_up(opened, again / "test", of="the environment test", files=files)
        for part in ("console", "test"):
            assert tables(again / part) == tables(kept / part)
        assert {
            path.relative_to(kept): path.read_bytes()
            for path in (kept / "test/files").rglob("*")
            if path.is_file()
        } == {
            path.relative_to(again): path.read_bytes()
            for path in (again / "test/files").rglob("*")
            if path.is_file()
        }
        # Secrets open under the keys that were kept: all of them can be put under a new one.
        key = new_key()
        expected = [part for head in heads.splitlines() for part in ("--expect", head.replace(" ", ":"))]
        both = owner | {"FIELD_ENCRYPTION_KEYS": f"{key},{owner['FIELD_ENCRYPTION_KEYS']}"}
        _heads, changed = at_once((owner, ["verify_audit", *expected]), (both, ["rotate_field_keys"]))
        assert re.match(r"[1-9]\d* secrets encrypted anew", changed)

        # An environment on what was restored serves the same.
        restored = Environment("test", new_gateway)
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "granian", "--interface", "asgi", "--host", "127.0.0.1"),
                *("--port", str(restored.port), "--no-access-log", "gateway.asgi:application"),
            ],
            cwd=ROOT,
            env=there,
            stdout=subprocess.DEVNULL,
        )
        try:
            restored.wait(60)
            before, after = served(stack.test), served(restored.url)
            assert (after.headers["X-Release"], after.json()) == (newest, before.json())
        finally:
            process.terminate()
            process.wait(20)
        # The restored console asks every environment anew what it has.
        with psycopg.connect(new.owner) as opened:
            rows = opened.execute(
                "SELECT count(*), count(*) FILTER (WHERE confirmed = 0) FROM publishing_delivery"
            ).fetchone()
        assert rows is not None
        assert rows[0] == rows[1] > 0
    finally:
        for database in ("restored_console", "restored_test", "restored_live"):
            databases.drop(server, database)


def test_sealing_again_leaves_out_the_places_that_were_given_up(stack: Stack) -> None:
    """Once live is two regions, what it had as one place is no hindrance to a change of keys."""
    console = signed_in(stack.console, stack.password)
    public_id = console.create_channel("Scellé")
    console.publish_to_live_on_save(public_id)
    console.save_css(public_id, "a { top: 3px }")
    console.http.close()
    eventually(
        lambda: stack.sql(
            "SELECT 1 FROM publishing_delivery d JOIN channels_config_channel c ON c.id = d.channel_id "
            "WHERE c.public_id = %s AND environment = 'live' AND confirmed = wanted",
            (public_id,),
        ),
        what="the channel is in live",
    )
    owner = variables(stack, "console", DATABASE_URL=stack.database_owner_url)
    regions = [{"name": "eu", "push_url": stack.live, "public_url": stack.live}]
    whole, parted = (
        manage(owner | more, "seal_again") for more in ({}, {"LIVE_ENV_REGIONS": json.dumps(regions)})
    )
    assert re.search(r"[1-9]\d* handed over under the present keys, 0 not\.", whole), whole
    assert "left out" not in whole
    assert re.search(r"[1-9]\d* of live were left out: this console publishes there no more\.", parted), (
        parted
    )
