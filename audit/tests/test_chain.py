"""The chain of the record: whole under concurrent writers, and broken by whatever was altered, taken out or put in."""

from __future__ import annotations

import csv
import hashlib
import html
import io
import json
import re
import threading
from typing import Any

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse

from accounts.models import User
from audit.models import Entry, Link
from audit.sentences import register
from audit.services import record
from tenants.models import Organisation
from tenants.roles import Role
from tenants.scope import tenant_scope
from tenants.tests.factories import member, organisation, person

register("test.painted", "%(actor)s painted “%(thing)s” %(colour)s", colour={1: "red", 2: "blue"}.__getitem__)


def paint(shop: Organisation, thing: str, by: User | None = None) -> None:
    with tenant_scope(shop.pk):
        record("test.painted", by=by, thing=thing, colour=1)


def links(shop: Organisation) -> list[Link]:
    with tenant_scope(shop.pk):
        connection.check_constraints()
        return list(Link.objects.select_related("entry").order_by("position"))


def verify(*expected: str) -> str:
    out = io.StringIO()
    call_command("verify_audit", expect=list(expected), stdout=out, stderr=io.StringIO())
    return out.getvalue()


def fingerprint(previous: str, link: Link) -> str:
    """As docs/operating.md describes it, without the database's help."""
    entry = link.entry

    def text(value: str) -> str:
        return json.dumps(value, ensure_ascii=False)

    # jsonb writes the shorter key first, then by bytes, with a space after comma and colon.
    data = ", ".join(
        f"{text(key)}: {json.dumps(entry.data[key], ensure_ascii=False)}"
        for key in sorted(entry.data, key=lambda key: (len(key.encode()), key.encode()))
    )
    lines = [
        previous,
        str(link.position),
        str(entry.tenant_id),
        str(entry.pk),
        f"{entry.at:%Y-%m-%dT%H:%M:%S.%f}Z",
        str(entry.actor_id or ""),
        text(entry.actor_label),
        entry.action,
        text(entry.subject),
        "{" + data + "}",
    ]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


@pytest.mark.django_db
def test_every_entry_follows_from_the_one_before_it() -> None:
    alice, bob = organisation(), organisation()
    for number in range(3):
        paint(alice, f"thing {number} “é”\n\t", member(alice))
        paint(bob, "other")
    found = links(alice)
    assert [one.position for one in found] == list(range(1, len(found) + 1))
    before = "0" * 64
    for one in found:
        assert one.previous == before
        assert one.hash == fingerprint(before, one)
        before = one.hash
    assert str(found[-1]).endswith(found[-1].hash[:12])


@pytest.mark.django_db
@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO audit_link (tenant_id, entry_id, position, previous, hash) SELECT tenant_id, id, 999, 'x', 'y' FROM audit_entry",
        "UPDATE audit_link SET hash = 'x'",
        "DELETE FROM audit_link",
    ],
)
def test_the_serving_role_cannot_write_links(statement: str) -> None:
    alice = organisation()
    paint(alice, "shed")
    before = len(links(alice))
    with tenant_scope(alice.pk):
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(statement)
                assert cursor.rowcount == 0
        except DatabaseError:
            pass
    assert len(links(alice)) == before
    assert {one.position for one in links(alice)} == set(range(1, before + 1))


@pytest.mark.django_db(transaction=True)
def test_the_chain_holds_while_many_write_at_once() -> None:
    alice, bob = organisation(number=70001), organisation(number=70002)
    together = threading.Barrier(8)
    failed: list[BaseException] = []

    def write(shop: Organisation) -> None:
        try:
            together.wait(30)
            for number in range(12):
                paint(shop, f"{number}")
        except BaseException as error:  # noqa: BLE001 - handed to the test
            failed.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=write, args=(shop,)) for shop in (alice, bob) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert len(links(alice)) >= 48
    heads = {line.split()[0]: line.split()[1:] for line in verify().splitlines()}
    assert int(heads["70001"][0]) == len(links(alice))
    place, head = heads["70001"]
    assert verify(f"70001:{place}:{head}")
    with pytest.raises(CommandError, match=r"1 fault$"):
        verify(f"70001:{int(place) + 1}:{head}")
    with pytest.raises(CommandError, match="wants BRAND"):
        verify("nonsense")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("tampering", "faults"),
    [
        ("UPDATE audit_entry SET data = '{}' WHERE id = %s", 1),
        ("UPDATE audit_entry SET actor_label = 'Somebody else' WHERE id = %s", 1),
        ("DELETE FROM audit_link WHERE entry_id = %s", 2),
    ],
)
def test_what_was_altered_behind_the_triggers_shows(
    tampering: str, faults: int, owner_database: psycopg.Connection[Any]
) -> None:
    alice = organisation()
    for number in range(3):
        paint(alice, f"{number}")
    with tenant_scope(alice.pk):
        middle = Entry.objects.order_by("pk")[1].pk
    verify()
    with owner_database.transaction():
        owner_database.execute("ALTER TABLE audit_entry DISABLE TRIGGER append_only")
        owner_database.execute("ALTER TABLE audit_link DISABLE TRIGGER append_only")
        owner_database.execute(tampering.encode(), [middle])
        owner_database.execute("ALTER TABLE audit_entry ENABLE TRIGGER append_only")
        owner_database.execute("ALTER TABLE audit_link ENABLE TRIGGER append_only")
    wrong = io.StringIO()
    with pytest.raises(CommandError, match=f": {faults} faults?$"):
        call_command("verify_audit", stdout=io.StringIO(), stderr=wrong)
    # Every line names its row: by the number the page shows beside the fingerprint, and by the entry's own.
    named = [line for line in wrong.getvalue().splitlines() if f"entry {middle}: " in line]
    assert len(named) == 1, wrong.getvalue()
    assert re.match(rf"brand {alice.number}, position [0-9?]+, entry {middle}: ", named[0])


# --- the page and its exports ---


def streamed(client: Client, url: str) -> bytes:
    answer: Any = client.get(url)
    return b"".join(answer.streaming_content)


@pytest.fixture
def shop() -> Organisation:
    return organisation(name="Boutique")


@pytest.fixture
def client(shop: Organisation) -> Client:
    signed_in = Client()
    signed_in.force_login(member(shop, Role.AUDITOR, person(name="Ana", language="en")))
    return signed_in


@pytest.mark.django_db
def test_the_page_filters_and_pages(shop: Organisation, client: Client) -> None:
    zoe = member(shop, Role.ADMIN, person(name="Zoé", language="en"))
    for number in range(60):
        paint(shop, f"thing{number}x", zoe if number % 2 else None)
    url = reverse("audit:list", args=[shop.number])
    page = client.get(url).content.decode()
    assert "thing59x" in page
    assert "thing0x" not in page
    with tenant_scope(shop.pk):
        before = Entry.objects.filter(data__thing="thing5x").get().pk
    older = client.get(url, {"before": str(before)}).content.decode()
    assert "thing4x" in older
    assert "thing5x" not in older
    only = client.get(url, {"person": "zoé", "action": "test.painted"}).content.decode()
    assert "thing58x" not in only
    assert "thing59x" in only
    for query in ({"since": "2999-01-01"}, {"until": "1999-01-01"}, {"subject": "nothing"}):
        assert "No entry fits" in client.get(url, query).content.decode(), query
    turned = client.get(url, {"since": "2026-02-01", "until": "2026-01-01"}).content.decode()
    assert "The first day of the period lies after its last." in turned
    # Thousands of pages further the filters are still those of the address, and so are the exports'.
    kept = {"person": "zoé", "action": "test.painted", "before": str(before)}
    further = html.unescape(client.get(url, kept).content.decode())
    assert 'value="zoé"' in further
    assert '<option value="test.painted" selected>' in further
    for name in ("csv", "json"):
        assert (
            f'{reverse(f"audit:{name}", args=[shop.number])}?person=zo%C3%A9&action=test.painted"' in further
        )
    assert "There are no older entries" in client.get(url, {"before": "1"}).content.decode()
    for query in ({"since": "yesterday"}, {"before": "²"}, {"person": "a\0b"}, {"action": "<x>"}):
        assert client.get(url, query).status_code == 200, query


@pytest.mark.django_db
def test_exports_are_whole_harmless_and_without_secrets(shop: Organisation, client: Client) -> None:
    paint(shop, "first")
    with tenant_scope(shop.pk):
        record(
            "test.painted", by=None, subject="=HYPERLINK(1)", thing="<b>", colour=1, client_secret="s3cr3t"
        )
        connection.check_constraints()
    lines = streamed(client, reverse("audit:csv", args=[shop.number])).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(lines)))
    assert rows[0]["subject"] == "'=HYPERLINK(1)"
    assert rows[0]["position"] == str(len(rows))
    text = streamed(client, reverse("audit:json", args=[shop.number])).decode()
    entries = json.loads(text)
    assert [one["position"] for one in entries] == list(range(len(entries), 0, -1))
    assert entries[0]["previous"] == entries[1]["hash"]
    assert "s3cr3t" not in text + lines
    # What is filtered is what is exported, be it nothing.
    asked = "?action=test.painted&subject=%3DHYPERLINK(1)"
    some = json.loads(streamed(client, reverse("audit:json", args=[shop.number]) + asked))
    assert [one["subject"] for one in some] == ["=HYPERLINK(1)"]
    assert json.loads(streamed(client, reverse("audit:json", args=[shop.number]) + "?person=nobody")) == []
    none = streamed(client, reverse("audit:csv", args=[shop.number]) + "?since=2999-01-01")
    assert len(none.decode().splitlines()) == 1
