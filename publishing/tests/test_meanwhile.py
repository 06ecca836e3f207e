"""What a page says and does when somebody else has acted since it was opened: nothing twice, nothing unseen, and who it was."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from audit.models import Entry
from channels_config.models import Channel
from channels_config.tests.factories import channel
from publishing.models import Arrival, Delivery, Promotion, Rules, Switch
from publishing.promotions import approve, ask, cancel, carry_out_due, set_rules
from publishing.services import promote
from publishing.switches import turn
from publishing.tests.test_publication import address, arrived, boxes, client_of, save, text
from tenants.models import Organisation
from tenants.roles import Role
from tenants.scope import tenant_scope
from tenants.tests.factories import member, organisation, person

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def two_environments(publish_to: Callable[..., None]) -> None:
    publish_to(test="https://test.example", live="https://live.example")


@pytest.fixture
def shop() -> Organisation:
    return organisation(1009, "Shop")


@pytest.fixture
def support(shop: Organisation) -> Channel:
    return channel(shop, "Support")


@pytest.fixture
def ana(shop: Organisation) -> User:
    return member(shop, Role.ADMIN, person("ana@shop.example", name="Ana", language="en"))


@pytest.fixture
def ben(shop: Organisation) -> User:
    return member(shop, Role.ADMIN, person("ben@shop.example", name="Ben", language="en"))


def told(client: Client, url: str, data: dict[str, str]) -> str:
    """What the page says after this form was sent."""
    return text(client.post(url, data, follow=True))


def sent(page: Any) -> dict[str, str]:
    """What a review's form carries along by itself."""
    return dict(re.findall(r'<input type="hidden" name="(release|seen)" value="(\w+)">', text(page)))


def test_whoever_comes_second_is_told_what_the_first_decided(
    shop: Organisation, support: Channel, ana: User, ben: User
) -> None:
    cleo = member(shop, Role.ADMIN, person("cleo@shop.example", name="Cleo", language="en"))
    save(support, "a { top: 0 }", ana)
    arrived(support)
    with tenant_scope(shop.pk):
        set_rules(support, live_on_save=False, four_eyes=True, checklist=[], by=ana)
        first = ask(support, number=1, by=ana, at=timezone.now() + timedelta(hours=1))
        approve(first, by=ben)
    decide = address("decide", shop, support, first.pk)
    assert "Ben has approved release 1 already." in told(client_of(cleo), decide, {"decision": "approve"})
    with tenant_scope(shop.pk):
        cancel(Promotion.objects.get(), by=ana)
    said = "Putting release 1 live was called off in the meantime."
    assert said in told(client_of(cleo), decide, {"decision": "approve"})
    assert said in told(client_of(ben), decide, {"decision": "cancel"})
    # It went out while somebody was about to call it off.
    with tenant_scope(shop.pk):
        set_rules(support, live_on_save=False, four_eyes=False, checklist=[], by=ana)
        second = ask(support, number=1, by=ana, at=timezone.now() + timedelta(hours=1))
        Promotion.objects.filter(pk=second.pk).update(at=timezone.now())
    assert carry_out_due() == 1
    late = told(client_of(ben), address("decide", shop, support, second.pk), {"decision": "cancel"})
    assert "Release 1 has gone live already." in late


def test_an_approval_that_comes_to_nothing_leaves_no_trace(
    shop: Organisation, support: Channel, ana: User, ben: User
) -> None:
    save(support, "a { top: 0 }", ana)
    arrived(support)
    with tenant_scope(shop.pk):
        set_rules(support, live_on_save=False, four_eyes=True, checklist=[], by=ana)
        asked = ask(support, number=1, by=ana)
    save(support, "a { top: 1px }", ana)
    arrived(support)
    with tenant_scope(shop.pk):
        promote(support, by=ana, number=2, cleared=True)
    page = told(client_of(ben), address("decide", shop, support, asked.pk), {"decision": "approve"})
    assert "Live has a newer release already." in page
    with tenant_scope(shop.pk):
        assert not Entry.objects.filter(action="promotion.approved").exists()
        asked.refresh_from_db()
        assert (asked.state, asked.approved_by_label) == ("waiting", "")


def test_a_review_under_which_the_rules_change_does_nothing_and_keeps_what_still_holds(
    shop: Organisation, support: Channel, ana: User, ben: User
) -> None:
    save(support, "a { top: 0 }", ana)
    arrived(support)
    with tenant_scope(shop.pk):
        set_rules(support, live_on_save=False, four_eyes=True, checklist=["Seen", "Read"], by=ben)
    url, client = address("review", shop, support), client_of(ana)
    page = text(client.get(url))
    seen, read = boxes(page)
    stale = {**sent(client.get(url)), "note": "as agreed", seen: "on", read: "on"}
    # The first sentence is another one now, and nobody's approval is asked for any more.
    with tenant_scope(shop.pk):
        set_rules(support, live_on_save=False, four_eyes=False, checklist=["Tried", "Read"], by=ben)
    answer = client.post(url, stale)
    assert answer.status_code == 409
    page = text(answer)
    assert "nothing was done yet" in page
    assert 'value="as agreed"' in page
    assert page.count("checked") - page.count('value="now" checked') == 1
    with tenant_scope(shop.pk):
        assert not Promotion.objects.exists()
    again = {**sent(answer), "note": "as agreed"}
    assert client.post(url, again).status_code == 422
    again |= dict.fromkeys(boxes(page), "on")
    assert client.post(url, again).status_code == 302
    with tenant_scope(shop.pk):
        assert (Promotion.objects.get().checklist, Promotion.objects.get().state) == (
            ["Tried", "Read"],
            "done",
        )


def test_a_review_is_of_its_release_and_says_that_test_has_a_newer_one(
    shop: Organisation, support: Channel, ana: User, ben: User
) -> None:
    save(support, "a { top: 0 }", ana)
    arrived(support)
    url, client = address("review", shop, support), client_of(ana)
    page = client.get(url, {"release": "1"})
    assert "Exactly what test serves now" in text(page)
    save(support, "a { top: 7px }", ben)
    arrived(support)
    # Of what test never showed only the newer one is left to look at.
    unseen = text(client.get(url, {"release": "1"}))
    assert "Nobody can have seen this release in test" in unseen
    assert 'href="?release=2"' in unseen
    with tenant_scope(shop.pk):
        Arrival.objects.create(
            channel=support,
            environment="test",
            release=1,
            visible_at=timezone.now(),
            visible_in_ms=1,
            attempts=1,
        )
    older = text(client.get(url, {"release": "1"}))
    assert "Test has release 2 by now, saved by Ben" in older
    assert "top: 7px" not in older
    assert 'href="?release=2"' in older
    assert client.post(url, sent(page)).status_code == 302
    with tenant_scope(shop.pk):
        assert Delivery.objects.get(environment="live").wanted == 1
        promote(support, by=ben, number=2)
    # Live has more than what was looked at: there is nothing left to be put live.
    late = client.post(url, sent(page))
    assert late.status_code == 409
    assert "Live has a newer release already." in text(late)


def test_the_short_way_to_live_asks_about_warnings_as_well(
    shop: Organisation, support: Channel, ana: User
) -> None:
    save(support, "@import url(https://elsewhere.example/x.css);", ana)
    arrived(support)
    review = f"{address('review', shop, support)}?release=1"
    client, url = client_of(ana), address("promote", shop, support)
    plain = client.post(url, {"release": "1"})
    assert plain.headers["Location"] == review
    renewed = client.post(url, {"release": "1"}, headers={"HX-Request": "true", "HX-Target": "publication"})
    assert renewed.headers["HX-Redirect"] == review
    with tenant_scope(shop.pk):
        assert not Delivery.objects.filter(environment="live").exists()


def test_the_switch_of_an_old_page_does_not_undo_what_somebody_else_turned(
    shop: Organisation, support: Channel, ana: User, ben: User
) -> None:
    save(support, "a { top: 0 }", ana)
    arrived(support)
    with tenant_scope(shop.pk):
        promote(support, by=ana, number=1)
        turn(support, hidden=True, scripts_off=False, by=ben, reason="prices")
    url, client = address("switch", shop, support), client_of(ana)
    # Opened while nothing was turned: leaving "hidden" unticked does not mean that it is to be shown again.
    page = told(client, url, {"seen": "0", "scripts_off": "on"})
    assert "Ben turned the switch in the meantime, so nothing was changed." in page
    # Whoever wants what is there already gets no error.
    assert "stood like that already" in told(client, url, {"seen": "0", "hidden": "on"})
    with tenant_scope(shop.pk):
        assert Switch.objects.values_list("hidden", "scripts_off", "revision").get() == (True, False, 1)
    told(client, url, {"seen": "1", "hidden": "on", "scripts_off": "on"})
    with tenant_scope(shop.pk):
        assert Switch.objects.values_list("hidden", "scripts_off", "revision").get() == (True, True, 2)


def test_an_open_page_hears_of_whatever_moves_and_of_nothing_else(
    shop: Organisation, support: Channel, ana: User, ben: User, django_assert_max_num_queries: Any
) -> None:
    save(support, "a { top: 0 }", ana)
    arrived(support)
    client = client_of(ana)
    page = text(client.get(address("history", shop, support)))
    mark = page.partition("publication/?seen=")[2][:16]

    def heard() -> bool:
        nonlocal mark
        asked = {"seen": mark}
        renewed = client.get(address("publication", shop, support), asked, headers={"HX-Request": "true"})
        mark = text(renewed).partition("publication/?seen=")[2][:16]
        return "publicationmoved" in renewed.headers.get("HX-Trigger", "")

    assert not heard()
    with django_assert_max_num_queries(16):
        assert not heard()
    acts: list[Callable[[], object]] = [
        lambda: set_rules(support, live_on_save=False, four_eyes=True, checklist=[], by=ben),
        lambda: ask(support, number=1, by=ben),
        lambda: approve(Promotion.objects.get(), by=ana),
        lambda: turn(support, hidden=True, scripts_off=False, by=ben),
        lambda: Delivery.objects.filter(environment="live").update(confirmed=1),
        lambda: Rules.objects.update(checklist=["Seen"]),
    ]
    for act in acts:
        with tenant_scope(shop.pk):
            act()
        assert heard()
        assert not heard()
    save(support, "a { top: 1px }", ben)
    assert heard()
    # What was chosen to be compared is still chosen in what is drawn anew.
    save(support, "a { top: 2px }", ben)
    renewed = text(client.get(address("history", shop, support), {"from": "1", "to": "2"}))
    assert 'name="from" value="1" checked' in renewed
    assert 'name="to" value="2" checked' in renewed


def test_a_planned_time_is_said_by_every_clock_that_differs(
    shop: Organisation, support: Channel, ana: User
) -> None:
    assert shop.time_zone == "America/Toronto"
    save(support, "a { top: 0 }", ana)
    arrived(support)
    review, client = address("review", shop, support), client_of(ana)
    later = {"release": "1", "when": "later", "at": "2031-11-02T14:30"}
    assert client.post(review, {**later, "time_zone": "Asia/Tokyo"}).status_code == 302
    page = text(client.get(address("history", shop, support)))
    assert "14:30 (UTC+09:00) · Asia/Tokyo" in page
    assert "that is 2 November 2031, 01:30 (UTC−04:00) in your organisation" in page
    assert 'data-own-clock="540 -240" hidden' in page
    with tenant_scope(shop.pk):
        cancel(Promotion.objects.get(), by=ana)
    # The same clock is not said twice.
    assert client.post(review, {**later, "time_zone": "America/New_York"}).status_code == 302
    page = text(client.get(address("history", shop, support)))
    assert "14:30 (UTC−05:00) · America/New York" in page
    assert "in your organisation" not in page
    assert 'data-own-clock="-300" hidden' in page
