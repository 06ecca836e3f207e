"""What was tried to see publication break: a restored console, regions that come back, releases nobody saw, a switch amid failures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.models import User
from audit.models import Entry
from channels_config.models import Channel
from channels_config.tests.factories import channel
from gateway.tests.environment import Environment
from publishing import batches, regions, services
from publishing.environments import environments as configured
from publishing.models import Arrival, Delivery, Release
from publishing.promotions import ask, set_rules
from publishing.push import push
from publishing.reissuing import reissue_everything
from publishing.sentences import error_sentence
from publishing.services import NotPromotable, due_deliveries, promote, snapshot_of
from publishing.snapshot import seal
from publishing.switches import turn
from publishing.tests.test_delivery import deliver, delivery_of, free_url, save, served
from tenants.models import Organisation
from tenants.roles import Role
from tenants.scope import tenant_scope
from tenants.tests.factories import member, organisation

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
