"""What was tried to see publication break: a restored console, regions that come back, releases nobody saw, a switch amid failures."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from audit.models import Entry
from channels_config.models import Channel
from channels_config.services import delete_channel
from channels_config.tests.factories import channel
from gateway.tests.environment import Environment
from publishing import batches, regions, services
from publishing.environments import environments as configured
from publishing.models import Arrival, Delivery, Promotion, Release
from publishing.promotions import approve, ask, cancel, carry_out_due, set_rules
from publishing.push import push
from publishing.reissuing import reissue_everything
from publishing.resealing import hand_over_again
from publishing.sentences import error_sentence
from publishing.services import NotPromotable, due_deliveries, promote, snapshot_of
from publishing.snapshot import seal
from publishing.switches import turn
from publishing.tests.test_delivery import deliver, delivery_of, free_url, save, served
from tenants.models import Organisation
from tenants.roles import Role
from tenants.scope import tenant_scope
from tenants.tests.factories import member, organisation
from tests.stack import eventually

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nobody_is_away() -> Iterator[None]:
    batches._away.clear()
    yield
    batches._away.clear()


@pytest.fixture
def shop() -> Organisation:
    return organisation(name="Boutique")


@pytest.fixture
def alice(shop: Organisation) -> User:
    return member(shop, Role.ADMIN)


@pytest.fixture
def support(shop: Organisation) -> Channel:
    return channel(shop, "Support")


def lost(shop: Organisation, release: Release, environment: str, number: int) -> None:
    """An environment has this release as one that was made after the backup which this console was restored from."""
    place = configured()[environment]
    with tenant_scope(shop.pk):
        made = snapshot_of(release, place, shop)
    document = {**made.document, "customCss": "b { order: 99 }"}
    one = replace(made, release=number, digest=f"{number:064}", document=document)
    push(place, seal(one, django_settings.PUBLISHING_SIGNING_KEY, place.encryption_key))


def css(answer: httpx.Response) -> tuple[str, str]:
    return answer.headers["x-release"], answer.json()["customCss"]


@pytest.mark.parametrize("way", ["alone", "batch"])
def test_a_console_that_was_restored_from_an_older_backup_never_takes_what_is_there_for_its_own(
    environments: dict[str, Environment], shop: Organisation, support: Channel, alice: User, way: str
) -> None:
    def bring(environment: str = "test") -> None:
        if way == "alone":
            deliver(support, environment)
        else:
            with tenant_scope(shop.pk):
                Delivery.objects.update(next_attempt_at=timezone.now())
            batches.deliver_due()

    first = save(support, "b { order: 1 }", alice)
    bring()
    with tenant_scope(shop.pk):
        promote(support, by=alice)
    bring("live")
    for environment in ("test", "live"):
        lost(shop, first, environment, 7)
    # As `manage.py restore` leaves the rows: everything is asked for anew.
    with tenant_scope(shop.pk):
        Delivery.objects.update(confirmed=0, confirmed_revision=0)
    for environment in ("test", "live"):
        bring(environment)
        found = delivery_of(support, environment)
        assert (found.confirmed, found.last_error, found.ahead) == (0, "older", 7)
        assert "newer release" in error_sentence(found) or "plus récente" in error_sentence(found)
        # Nobody decided it, so visitors see what they saw.
        assert css(served(environments[environment], shop.number, support)) == ("7", "b { order: 99 }")

    # The next save is numbered above it, even one that changes nothing, and can go live.
    assert save(support, "b { order: 1 }", alice).number == 8
    bring()
    assert css(served(environments["test"], shop.number, support)) == ("8", "b { order: 1 }")
    with tenant_scope(shop.pk):
        with pytest.raises(NotPromotable):
            promote(support, by=alice, number=1)
        promote(support, by=alice)
    bring("live")
    assert css(served(environments["live"], shop.number, support)) == ("8", "b { order: 1 }")
    assert delivery_of(support, "live").confirmed == 8


def test_a_restored_console_publishes_what_it_knows_when_the_operator_says_so_and_hides_when_somebody_must(
    environments: dict[str, Environment], shop: Organisation, support: Channel, alice: User
) -> None:
    first = save(support, "b { order: 1 }", alice)
    deliver(support)
    with tenant_scope(shop.pk):
        promote(support, by=alice)
    deliver(support, "live")
    save(support, "b { order: 2 }", alice)
    deliver(support)
    lost(shop, first, "live", 7)
    with tenant_scope(shop.pk):
        Delivery.objects.filter(environment="live").update(confirmed=0)
    deliver(support, "live")
    # The emergency switch works at once.
    with tenant_scope(shop.pk):
        turn(support, hidden=True, scripts_off=False, by=alice)
    assert deliver(support, "live") == "current"
    assert served(environments["live"], shop.number, support).status_code == 404
    with tenant_scope(shop.pk):
        turn(support, hidden=False, scripts_off=False, by=alice)
        # In live it is what this console says live has, and the newest release is still what the drafts say.
        assert [
            (one.number, one.restored, one.sections["channels_config"]["custom_css"])
            for one in Release.objects.order_by("-number")[:3]
        ] == [(9, 2, "b { order: 2 }"), (8, 1, "b { order: 1 }"), (2, None, "b { order: 2 }")]
        assert Entry.objects.filter(action="release.reissued").count() == 2
    assert (deliver(support), deliver(support, "live")) == ("current", "current")
    assert css(served(environments["live"], shop.number, support)) == ("8", "b { order: 1 }")
    assert css(served(environments["test"], shop.number, support)) == ("9", "b { order: 2 }")

    # The same for every channel, which is the operator's command; again it finds nothing in the way.
    lost(shop, first, "test", 20)
    with tenant_scope(shop.pk):
        Delivery.objects.filter(environment="test").update(confirmed=0)
    deliver(support)
    assert [len(made) for made in reissue_everything(shop)] == [1]
    deliver(support)
    assert css(served(environments["test"], shop.number, support)) == ("21", "b { order: 2 }")
    assert list(reissue_everything(shop)) == []
    with pytest.raises(CommandError, match="owner role"):
        call_command("reissue")


def test_a_region_that_was_given_up_and_is_named_again_catches_up(
    environments: dict[str, Environment], shop: Organisation, support: Channel, alice: User, settings: Any
) -> None:
    both = [{"name": name, "push_url": free_url(), "public_url": free_url()} for name in ("ca", "eu")]
    test, live = settings.ENVIRONMENTS

    def place(*regions: dict[str, str]) -> None:
        settings.ENVIRONMENTS = [{**test, "regions": list(regions)}, live]

    place(*both)
    save(support, "b { order: 1 }", alice)
    with tenant_scope(shop.pk):
        Delivery.objects.update(confirmed=1)
    place(both[0])
    save(support, "b { order: 2 }", alice)
    place(*both)
    assert regions.enrol_all() == 1
    assert regions.enrol_all() == 0
    with tenant_scope(shop.pk):
        eu = Delivery.objects.get(region="eu")
        assert (eu.wanted, eu.confirmed) == (2, 1)

    # Given up with something still to deliver: it takes nobody's time, and is woken once there is a place for it.
    place(both[0])
    batches.deliver_due()
    with tenant_scope(shop.pk):
        eu.refresh_from_db()
        assert eu.last_error == "not_configured"
        assert (eu.next_attempt_at - timezone.now()).total_seconds() > 1800
    place(*both)
    assert regions.enrol_all() == 1
    assert eu.pk in {due.delivery_id for due in due_deliveries()}


def test_a_region_that_was_added_is_hidden_where_the_others_are(
    environments: dict[str, Environment], shop: Organisation, support: Channel, alice: User, settings: Any
) -> None:
    with tenant_scope(shop.pk):
        set_rules(support, live_on_save=True, four_eyes=False, checklist=[], by=alice)
    save(support, "b { order: 1 }", alice)
    with tenant_scope(shop.pk):
        turn(support, hidden=True, scripts_off=False, by=alice)
    test, live = settings.ENVIRONMENTS
    places = [{"name": name, "push_url": live["push_url"]} for name in ("ca", "")]
    settings.ENVIRONMENTS = [test, {**live, "regions": places}]
    # Saved again without a change, before beat has come to enrol the region: the others want nothing new.
    save(support, "b { order: 1 }", alice)
    with tenant_scope(shop.pk):
        rows = Delivery.objects.filter(environment="live").values_list("region", "wanted", "wanted_revision")
        assert sorted(rows) == [("", 1, 1), ("ca", 1, 1)]


def test_a_release_that_test_never_showed_cannot_go_live(
    environments: dict[str, Environment], shop: Organisation, support: Channel, alice: User
) -> None:
    for number in (1, 2, 3):
        save(support, f"b {{ order: {number} }}", alice)
        # Of two saves in quick succession the worker brings the second.
        if number != 2:
            assert deliver(support) == "current"
    with tenant_scope(shop.pk):
        for act in (lambda: promote(support, by=alice, number=2), lambda: ask(support, number=2, by=alice)):
            with pytest.raises(NotPromotable):
                act()
        assert ask(support, number=1, by=alice).state == "done"


@pytest.mark.parametrize("way", ["alone", "batch"])
def test_the_emergency_switch_turned_while_an_attempt_fails_is_tried_at_once(
    environments: dict[str, Environment],
    shop: Organisation,
    support: Channel,
    alice: User,
    monkeypatch: pytest.MonkeyPatch,
    way: str,
) -> None:
    with tenant_scope(shop.pk):
        set_rules(support, live_on_save=True, four_eyes=False, checklist=[], by=alice)
    save(support, "b { order: 1 }", alice)
    assert deliver(support) == deliver(support, "live") == "current"
    monkeypatch.setattr(batches, "READ_BACK_WITHIN", 0.05)
    monkeypatch.setattr(services, "READ_BACK_WITHIN", 0.05)
    save(support, "b { order: 2 }", alice)
    deliver(support)
    module = services if way == "alone" else batches
    looked: Any = module.visible_release
    turned = list[bool]()

    def look(*place: Any) -> Any:
        """The environment does not show the release; meanwhile somebody hides the channel."""
        seen = looked(*place)
        if turned:
            return seen
        return replace(seen, number=1)

    monkeypatch.setattr(module, "visible_release", look)
    noting = module.tenant_scope

    def scope(tenant_id: int) -> Any:
        if not turned and looks_over():
            turned.append(True)
            with noting(tenant_id):
                turn(support, hidden=True, scripts_off=False, by=alice)
        return noting(tenant_id)

    begun = list[bool]()

    def looks_over() -> bool:
        """The first scope reads what is wanted, the second notes what came of it."""
        begun.append(True)
        return len(begun) == 2

    monkeypatch.setattr(module, "tenant_scope", scope)
    if way == "alone":
        assert deliver(support, "live") == "current"
    else:
        batches.deliver_due()
    assert served(environments["live"], shop.number, support).status_code == 404
    assert delivery_of(support, "live").attempts == 0
    with tenant_scope(shop.pk):
        assert Arrival.objects.filter(environment="live", revision=1).exists()


def test_an_area_that_is_no_more_cannot_be_brought_back_and_is_no_fault(
    environments: dict[str, Environment], shop: Organisation, support: Channel, alice: User
) -> None:
    first = save(support, "b { order: 1 }", alice)
    with tenant_scope(shop.pk):
        # As an installation of another time left it.
        old = Release.objects.create(
            channel=support,
            number=2,
            channel_facts=first.channel_facts,
            sections={**first.sections, "faxes": {"format": 1}},
            digest=first.digest,
            author_label="chatadmin",
            created_at=timezone.now(),
        )
    client = Client()
    client.force_login(alice)
    page = reverse("publishing:rollback", args=[shop.number, support.public_id, old.number])
    assert client.get(page, {"area": "faxes"}).status_code == 404
    assert client.post(page, {"area": "faxes"}).status_code == 404
    # The whole release comes back, as far as there are areas for it.
    assert client.post(page, {}).status_code == 302


def test_a_point_that_joined_the_checklist_is_not_passed_over_by_what_was_asked_for_before(
    environments: dict[str, Environment], shop: Organisation, support: Channel, alice: User
) -> None:
    ben = member(shop, Role.ADMIN)
    save(support, "b { order: 1 }", alice)
    deliver(support)
    later = timezone.now() + timedelta(days=1)

    def points(*checklist: str, four_eyes: bool = False) -> None:
        set_rules(support, live_on_save=False, four_eyes=four_eyes, checklist=list(checklist), by=alice)

    with tenant_scope(shop.pk):
        points("Seen on a phone")
        planned = ask(support, number=1, by=alice, ticked=[0], at=later)
        points("Seen on a phone", "Read by the lawyers")
        Promotion.objects.update(at=timezone.now() - timedelta(seconds=1))
    assert carry_out_due() == 1
    with tenant_scope(shop.pk):
        planned.refresh_from_db()
        assert (planned.state, planned.failure) == ("failed", "checklist")
        assert not Delivery.objects.filter(environment="live").exists()
        points("Seen on a phone", four_eyes=True)
        asked = ask(support, number=1, by=alice, ticked=[0])
        points("Seen on a phone", "Read by the lawyers", four_eyes=True)
        with pytest.raises(NotPromotable):
            approve(asked, by=ben)
        # Fewer points than were ticked are no hindrance.
        points(four_eyes=True)
        assert approve(asked, by=ben).state == "done"


@pytest.mark.django_db(transaction=True)
def test_calling_off_at_the_very_moment_it_is_due_is_one_or_the_other_and_no_deadlock(
    publish_to: Callable[..., None],
) -> None:
    publish_to(test=free_url(), live=free_url())
    shop = organisation(name="Boutique")
    alice, support = member(shop, Role.ADMIN), channel(shop, "Support")
    save(support, "b { order: 1 }", alice)
    with tenant_scope(shop.pk):
        Delivery.objects.update(confirmed=1)
        planned = ask(support, number=1, by=alice, at=timezone.now() + timedelta(days=1))
        Promotion.objects.update(at=timezone.now() - timedelta(seconds=1))
    results = list[int]()

    def beat() -> None:
        try:
            results.append(carry_out_due())
        finally:
            connection.close()

    thread = threading.Thread(target=beat)
    with tenant_scope(shop.pk):
        # As every act on a channel begins.
        Channel.every.select_for_update().get(pk=support.pk)
        thread.start()
        eventually(waits_for_a_lock, what="beat waits for the channel")
        cancel(planned, by=alice)
    thread.join()
    with tenant_scope(shop.pk):
        assert (results, Promotion.objects.get().state) == ([0], "cancelled")
        assert not Delivery.objects.filter(environment="live").exists()


def waits_for_a_lock() -> bool:
    with connection.cursor() as cursor:
        # A transaction sees one picture of this view, unless it asks for another.
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return bool(cursor.fetchone()[0])


def test_an_environment_that_has_lost_what_it_had_gets_it_handed_over_again(
    environments: dict[str, Environment], shop: Organisation, support: Channel, alice: User
) -> None:
    """Restored alone from an older backup: the console had no reason to look there."""
    test = environments["test"]
    save(support, "b { order: 1 }", alice)
    deliver(support)
    [(older,)] = test.execute(
        "SELECT sealed FROM gateway_publishedchannel WHERE channel = %s", support.public_id
    )
    save(support, "b { order: 2 }", alice)
    deliver(support)
    test.execute(
        "UPDATE gateway_publishedchannel SET release = 1, digest = %s, sealed = %s WHERE channel = %s",
        "1" * 64,
        older,
        support.public_id,
    )
    test.stop()
    test.start()
    assert css(served(test, shop.number, support)) == ("1", "b { order: 1 }")
    assert [one.code for one in hand_over_again(shop, "test")] == [""]
    assert css(served(test, shop.number, support)) == ("2", "b { order: 2 }")


def test_another_release_under_the_same_number_is_overcome_by_the_next_save(
    environments: dict[str, Environment], shop: Organisation, support: Channel, alice: User
) -> None:
    first = save(support, "b { order: 1 }", alice)
    lost(shop, first, "test", 1)
    assert (deliver(support), delivery_of(support).last_error) == ("failed", "conflict")
    # It changes nothing, and would be the same release again.
    assert save(support, "b { order: 1 }", alice).number == 2
    assert deliver(support) == "current"
    assert css(served(environments["test"], shop.number, support)) == ("2", "b { order: 1 }")
    assert save(support, "b { order: 1 }", alice).number == 2


def test_a_channel_deleted_by_a_restored_console_goes_everywhere(
    environments: dict[str, Environment], shop: Organisation, support: Channel, alice: User
) -> None:
    first = save(support, "b { order: 1 }", alice)
    deliver(support)
    lost(shop, first, "test", 7)
    with tenant_scope(shop.pk):
        Delivery.objects.update(confirmed=0)
        # Before a worker has found out what is there.
        delete_channel(support, typed_name="Support", by=alice)
    assert (deliver(support), delivery_of(support).last_error) == ("failed", "older")
    assert [len(made) for made in reissue_everything(shop)] == [1]
    assert deliver(support) == "current"
    assert served(environments["test"], shop.number, support).status_code == 404
