"""An upgrade from the first release: rows that were there then are there still, all works with them, and there is a way back."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.test import Client
from django.utils import timezone
from psycopg import sql

from accounts.models import User
from areas import registry
from areas.saving import save_draft
from channels_config.models import Channel
from chatadmin.run import databases
from publishing.models import Delivery, Release
from publishing.snapshot import digest
from tenants.roles import Role
from tenants.scope import tenant_scope
from tests import environment

#: What the first release had; every other room of today came later.
FIRST = [
    ("accounts", "0002_small_letters"),
    ("tenants", "0003_organisation_by_number"),
    ("audit", "0002_row_security"),
    ("channels_config", "0002_row_security"),
    ("publishing", "0002_row_security"),
    ("sessions", "0001_initial"),
]
DATABASE = f"test_upgrade_{os.getpid()}"
PUBLIC_ID = "chat_5e3b7a52-8d5c-4f5d-9a52-3f0a1be6a001"
SECTION = {
    "format": 1,
    "custom_css": ".first {}\n",
    "custom_js": "",
    "redesigned_ui": True,
    "colors": {},
    "widget": {"appearance": "bar", "position": "right"},
    "domains_restricted": False,
    "allowed_domains": [],
}


@contextmanager
def connected(**changes: str) -> Iterator[None]:
    """This process's connection led elsewhere."""
    before = {name: connection.settings_dict[name] for name in changes}
    connection.close()
    connection.settings_dict.update(changes)
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict.update(before)


@pytest.fixture
def empty_database(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    server = environment.server_url()
    databases.drop(server, DATABASE)
    databases.console_on(
        server,
        database=DATABASE,
        owner=environment.OWNER,
        owner_password=environment.PASSWORD,
        app=environment.APP,
        app_password=environment.PASSWORD,
    )
    with django_db_blocker.unblock(), connected(NAME=DATABASE):
        yield
    databases.drop(server, DATABASE)


@contextmanager
def owner() -> Iterator[None]:
    with connected(USER=environment.OWNER, PASSWORD=environment.PASSWORD):
        yield


def to_first_release() -> None:
    """Every migration back, and those of the first release forward, as needed."""
    executor = MigrationExecutor(connection)
    firsts = dict(FIRST)
    later = {app for app, _name in executor.loader.graph.nodes if app not in firsts}
    own = {app for app in later if not app.startswith(("auth", "contenttypes")) or app == "auth_config"}
    executor.migrate([*FIRST, *((app, None) for app in sorted(own))])


def first_rows() -> None:
    """An organisation of the first release: a person, a channel, a release that was delivered, an entry of the audit."""
    executor = MigrationExecutor(connection)
    apps = executor.loader.project_state(FIRST).apps
    now = timezone.now()
    person = apps.get_model("accounts", "User").objects.create(
        email="ana@first.example", name="Ana", language="en", password="!"
    )
    shop = apps.get_model("tenants", "Organisation").objects.create(
        number=1009, name="First Inc.", time_zone="America/Toronto"
    )
    tenant = {"tenant_id": shop.pk}
    apps.get_model("tenants", "Membership").objects.create(user=person, role=Role.ADMIN, **tenant)
    channel = apps.get_model("channels_config", "Channel").objects.create(
        public_id=PUBLIC_ID, name="Support", kind="messaging", **tenant
    )
    apps.get_model("channels_config", "WebSettings").objects.create(
        channel=channel, custom_css=SECTION["custom_css"], colors={}, **tenant
    )
    facts = {"name": "Support", "kind": "messaging", "public_id": PUBLIC_ID}
    sections = {"channels_config": SECTION}
    apps.get_model("publishing", "Release").objects.create(
        channel=channel,
        number=1,
        channel_facts=facts,
        sections=sections,
        digest=digest({"channel": facts, "sections": sections}),
        areas=["channels_config"],
        author_label="Ana",
        created_at=now,
        **tenant,
    )
    apps.get_model("publishing", "Delivery").objects.create(
        channel=channel,
        environment="test",
        wanted=1,
        confirmed=1,
        wanted_at=now,
        next_attempt_at=now,
        **tenant,
    )
    for number in range(3):
        apps.get_model("audit", "Entry").objects.create(
            actor_label="Ana",
            action="draft.saved",
            subject=PUBLIC_ID,
            data={"area": "channels_config", "channel": "Support", "number": number},
            **tenant,
        )


def chain_holds() -> str:
    said = StringIO()
    call_command("verify_audit", stdout=said)
    return said.getvalue()


def counted() -> dict[str, int]:
    tables = (
        "accounts_user",
        "tenants_membership",
        "channels_config_channel",
        "publishing_release",
        "audit_entry",
    )
    found = {}
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table)).as_string())
            found[table] = cursor.fetchone()[0]
    return found


@pytest.mark.usefixtures("empty_database")
def test_large_releases_are_unpacked_on_the_way_back_and_small_ones_stay_as_they_are() -> None:
    packed, plain = ("publishing", "0006_packed_sections"), ("publishing", "0005_batches")
    large = {"channels_config": SECTION | {"custom_css": "/* é\u2028\\ \\u0041 */\n" + ".a {}\n" * 8000}}
    small = {"channels_config": SECTION}
    with owner():
        to_first_release()
        first_rows()
        call_command("migrate", *packed, verbosity=0, interactive=False, skip_checks=True)
        apps = MigrationExecutor(connection).loader.project_state([packed]).apps
        release = apps.get_model("publishing", "Release")
        first = release.objects.get()
        for number, sections in enumerate((large, small, large), start=2):
            first.pk, first.number, first.sections, first._state.adding = None, number, sections, True
            first.save()
        written = [small, large, small, large]
        assert [raw[:1] for raw in _raw_sections()] == [b"{", b"\x78", b"{", b"\x78"]

        call_command("migrate", *plain, verbosity=0, interactive=False, skip_checks=True)
        release = (
            MigrationExecutor(connection)
            .loader.project_state([plain])
            .apps.get_model("publishing", "Release")
        )
        assert list(release.objects.order_by("number").values_list("sections", flat=True)) == written
        # The trigger that keeps releases as they are looks again.
        with pytest.raises(DatabaseError, match="append"), transaction.atomic():
            release.objects.filter(number=1).update(sections={})

        call_command("migrate", *packed, verbosity=0, interactive=False, skip_checks=True)
        release = (
            MigrationExecutor(connection)
            .loader.project_state([packed])
            .apps.get_model("publishing", "Release")
        )
        assert list(release.objects.order_by("number").values_list("sections", flat=True)) == written


def _raw_sections() -> list[bytes]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT sections FROM publishing_release ORDER BY number")
        return [bytes(row[0]) for row in cursor.fetchall()]


@pytest.mark.usefixtures("empty_database")
def test_rows_of_the_first_release_live_on_through_an_upgrade_and_the_way_back() -> None:
    with owner():
        to_first_release()
        first_rows()
        before = counted()
        call_command("migrate", verbosity=0, interactive=False, skip_checks=True)
        assert counted() == before
        assert chain_holds().startswith("1009 3 ")

    # As the role that serves: pages, saving, going back, what is pushed.
    ana = User.objects.get(email="ana@first.example")
    browser = Client()
    browser.force_login(ana)
    pages = f"/o/1009/acd/digital/chat/{PUBLIC_ID}"
    for page in (
        "/o/1009/acd/digital/chat/",
        f"{pages}/css-js/",
        f"{pages}/history/",
        f"{pages}/file/",
        "/o/1009/audit/",
    ):
        answer = browser.get(page)
        assert answer.status_code == 200, page
    with owner():
        tenant = _tenant()
    with tenant_scope(tenant):
        channel = Channel.objects.get(public_id=PUBLIC_ID)
        area = registry.area("channels_config")
        section = area.dump(channel)
        assert section["custom_css"] == SECTION["custom_css"]
        changed = section | {"custom_css": ".second {}\n"}
        made = save_draft(channel, area, lambda: area.load(channel, changed), seen=None, by=ana)
        assert made.number == 2
        assert Release.objects.get(number=1).sections == {"channels_config": SECTION}
        assert Delivery.objects.get(environment="test").due
    assert browser.get(f"{pages}/compare/?from=1&to=2").status_code == 200

    with owner():
        assert chain_holds().startswith("1009 4 ")
        after = counted()
        to_first_release()
        assert counted() == after
        call_command("migrate", verbosity=0, interactive=False, skip_checks=True)
        assert counted() == after
        assert chain_holds().startswith("1009 4 ")


def _tenant() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM tenants_organisation")
        return int(cursor.fetchone()[0])
