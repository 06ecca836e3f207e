"""A save: draft, audit, release and outbox row together or not at all; numbers without gaps; nothing twice."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.models import User
from areas.contract import NotPublishable
from areas.registry import area
from areas.saving import DraftChanged, save_draft, seen_digest
from areas.states import states
from audit.models import Entry
from channels_config.models import Channel, WebSettings
from channels_config.services import delete_channel, rename_channel
from channels_config.tests.factories import channel
from publishing.models import Delivery, Release
from publishing.services import due_deliveries, newest_release
from publishing.tests.factories import release
from tenants.models import Organisation
from tenants.roles import Role
from tenants.scope import tenant_scope
from tenants.tests.factories import member, organisation
from tests.stack import eventually

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> Organisation:
    return organisation(name="Boutique")


@pytest.fixture
def alice(shop: Organisation) -> User:
    return member(shop, Role.ADMIN)


@pytest.fixture
def support(shop: Organisation) -> Channel:
    return channel(shop, "Support")


def write_css(found: Channel, css: str) -> Callable[[], object]:
    def apply() -> None:
        WebSettings.objects.filter(channel=found).update(custom_css=css)

    return apply


def save_css(found: Channel, css: str, by: User, *, seen: str | None = None) -> Release:
    made: Release = save_draft(found, area("channels_config"), write_css(found, css), seen=seen, by=by)
    return made


def counts() -> dict[str, int]:
    return {
        "drafts": WebSettings.objects.exclude(custom_css="").count(),
        "entries": Entry.objects.count(),
        "releases": Release.objects.count(),
        "deliveries": Delivery.objects.count(),
    }


def test_a_save_leaves_draft_audit_release_and_delivery(
    shop: Organisation, support: Channel, alice: User
) -> None:
    with tenant_scope(shop.pk):
        before = Entry.objects.count()
        made = save_css(support, "b { color: red }", alice)
        assert counts() == {"drafts": 1, "entries": before + 1, "releases": 1, "deliveries": 1}
        assert made.number == 1
        assert made.sections["channels_config"]["custom_css"] == "b { color: red }"
        assert made.author_label == str(alice)
        delivery = Delivery.objects.get()
        assert (delivery.environment, delivery.wanted, delivery.confirmed) == ("test", 1, 0)
        assert "Support" in str(Entry.objects.first())


@pytest.mark.parametrize("moment", ["while the draft is written", "at the check", "after the save"])
def test_a_failure_anywhere_undoes_everything(
    shop: Organisation, support: Channel, alice: User, moment: str
) -> None:
    with tenant_scope(shop.pk):
        before = counts()

    def apply() -> None:
        write_css(support, "b { color: red" if moment == "at the check" else "b { color: red }")()
        if moment == "while the draft is written":
            raise RuntimeError

    with pytest.raises((RuntimeError, NotPublishable)), tenant_scope(shop.pk):
        save_draft(support, area("channels_config"), apply, seen=None, by=alice)
        raise RuntimeError
    with tenant_scope(shop.pk):
        assert counts() == before


def test_a_save_that_changes_nothing_makes_no_release(
    shop: Organisation, support: Channel, alice: User
) -> None:
    with tenant_scope(shop.pk):
        first = save_css(support, "b { color: red }", alice)
        again = save_css(support, "b { color: red }", alice)
        assert again.pk == first.pk
        assert Release.objects.count() == 1
        third = save_css(support, "b { color: blue }", alice)
        assert third.number == 2
        # Back to what it said before is a change, too.
        assert save_css(support, "b { color: red }", alice).number == 3


def test_somebody_elses_save_in_between_is_told_and_kept(
    shop: Organisation, support: Channel, alice: User
) -> None:
    with tenant_scope(shop.pk):
        seen = seen_digest(area("channels_config"), support)
        save_css(support, "b { color: red }", alice, seen=seen)
        with pytest.raises(DraftChanged) as changed:
            save_css(support, "b { color: blue }", alice, seen=seen)
        assert changed.value.section["custom_css"] == "b { color: red }"
        assert Release.objects.count() == 1
        assert area("channels_config").dump(support)["custom_css"] == "b { color: red }"


def test_a_save_keeps_the_name_somebody_gave_the_channel_meanwhile(
    shop: Organisation, support: Channel, alice: User
) -> None:
    with tenant_scope(shop.pk):
        opened = Channel.every.get(pk=support.pk)
        rename_channel(support, name="Ventes", by=alice)
        made = save_css(opened, "b { color: red }", alice)
        assert made.channel_facts["name"] == "Ventes"


def test_a_release_can_be_neither_changed_nor_deleted(shop: Organisation, support: Channel) -> None:
    made = release(support)
    for change in (
        lambda: Release.objects.filter(pk=made.pk).update(number=7),
        lambda: Release.objects.filter(pk=made.pk).delete(),
    ):
        with pytest.raises(Exception, match="append-only"), tenant_scope(shop.pk):
            change()


def test_the_sweep_finds_what_is_due_of_every_organisation_without_a_scope(
    shop: Organisation, support: Channel
) -> None:
    elsewhere = organisation(name="Ailleurs")
    there = channel(elsewhere, "Support")
    release(support)
    release(there)
    with tenant_scope(shop.pk):
        mine = Delivery.objects.get()
    with tenant_scope(elsewhere.pk):
        theirs = Delivery.objects.get()
    found = {(due.tenant_id, due.delivery_id) for due in due_deliveries()}
    assert {(shop.pk, mine.pk), (elsewhere.pk, theirs.pk)} <= found
    with tenant_scope(shop.pk):
        Delivery.objects.update(confirmed=1)
    assert shop.pk not in {due.tenant_id for due in due_deliveries()}


def test_the_newest_release_is_found_without_its_bulk(
    shop: Organisation, support: Channel, django_assert_num_queries: Callable[[int], object]
) -> None:
    release(support)
    with tenant_scope(shop.pk), django_assert_num_queries(1):  # type: ignore[attr-defined]
        found = newest_release(support)
        assert found is not None
        assert found.get_deferred_fields() == {"sections", "channel_facts"}


def test_states_take_two_queries_for_one_channel_as_for_three(
    shop: Organisation, django_assert_num_queries: Callable[[int], object]
) -> None:
    channels = [channel(shop, name) for name in ("A", "B", "C")]
    for one in channels:
        release(one)
    for several in (channels[:1], channels):
        with tenant_scope(shop.pk), django_assert_num_queries(2):  # type: ignore[attr-defined]
            found = states(several)
        assert [state.state for state in found[several[0].pk]] == ["pending", "never"]


@pytest.mark.django_db(transaction=True)
def test_saves_at_the_same_moment_get_numbers_of_their_own() -> None:
    shop = organisation(name="Boutique")
    alice = member(shop, Role.ADMIN)
    support = channel(shop, "Support")
    together = threading.Barrier(6)
    numbers: list[int] = []

    def save(css: str) -> None:
        try:
            together.wait()
            with tenant_scope(shop.pk):
                numbers.append(save_css(support, css, alice).number)
        finally:
            connection.close()

    threads = [threading.Thread(target=save, args=(f"b {{ order: {number} }}",)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(numbers) == [1, 2, 3, 4, 5, 6]
    with tenant_scope(shop.pk):
        newest = newest_release(support)
        assert newest is not None
        assert newest.sections["channels_config"] == area("channels_config").dump(support)
        assert Delivery.objects.get().wanted == 6


@pytest.mark.django_db(transaction=True)
def test_of_two_pages_opened_alike_and_saved_at_once_one_is_told() -> None:
    shop = organisation(name="Boutique")
    alice = member(shop, Role.ADMIN)
    support = channel(shop, "Support")
    with tenant_scope(shop.pk):
        seen = seen_digest(area("channels_config"), support)
    together = threading.Barrier(2)
    outcomes: list[str] = []

    def save(css: str) -> None:
        try:
            together.wait()
            with tenant_scope(shop.pk):
                save_css(support, css, alice, seen=seen)
        except DraftChanged:
            outcomes.append("told")
        else:
            outcomes.append("saved")
        finally:
            connection.close()

    threads = [threading.Thread(target=save, args=(f"b {{ order: {number} }}",)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["saved", "told"]


@pytest.mark.django_db(transaction=True)
def test_a_save_of_a_channel_that_is_being_deleted_finds_none() -> None:
    shop = organisation(1009, name="Boutique")
    alice = member(shop, Role.ADMIN)
    support = channel(shop, "Support")
    locked, outcome = threading.Event(), list[int]()

    def delete_again() -> None:
        """A second click on the same button: the channel is there when the page looks for it, and gone when it is its turn."""
        try:
            assert locked.wait(60)
            client = Client()
            client.force_login(alice)
            address = reverse("channels:delete", args=[1009, support.public_id])
            outcome.append(client.post(address, {"name": "Support"}).status_code)
        finally:
            connection.close()

    second = threading.Thread(target=delete_again)
    second.start()
    with tenant_scope(shop.pk):
        delete_channel(support, typed_name="Support", by=alice)
        locked.set()
        eventually(_somebody_waits)
    second.join()
    assert outcome == [404]


def _somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid)))"
        )
        return bool(cursor.fetchone()[0])
