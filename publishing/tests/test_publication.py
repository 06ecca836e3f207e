"""History, differences, going live and back, the emergency switch, planned publication, regions and copies."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override

from accounts.models import User
from areas.contract import NotPublishable
from areas.registry import area
from areas.saving import save_draft
from audit.models import Entry
from channels_config.area import AREA
from channels_config.models import Channel, WebSettings
from channels_config.tests.factories import channel
from channels_config.tests.test_area_page import address as look_address
from channels_config.tests.test_area_page import form
from file_restrictions.models import FileRestrictions
from guide.area import AREA as GUIDE
from guide.rules import label_key
from guide.tests.factories import entry, guide
from publishing import copying, promotions, regions
from publishing.models import Arrival, Copy, CopyTarget, Delivery, Promotion, Release, Rules, Switch
from publishing.promotions import approve, ask, cancel, carry_out_due, set_rules
from publishing.rollback import roll_back
from publishing.services import NotPromotable, due_deliveries, promote, publish, snapshot_of
from publishing.states import states
from publishing.switches import turn
from publishing.tests.factories import release
from tenants.models import Organisation
from tenants.roles import Role
from tenants.scope import tenant_scope
from tenants.services import admit
from tenants.tests.factories import member, organisation, person
from translations.area import AREA as TRANSLATIONS

pytestmark = pytest.mark.django_db

TEST, LIVE = "https://test.chat.example", "https://chat.example"


@pytest.fixture(autouse=True)
def two_environments(publish_to: Callable[..., None]) -> None:
    publish_to(test=TEST, live=LIVE)


@pytest.fixture
def shop() -> Organisation:
    return organisation(name="Boutique")


@pytest.fixture
def support(shop: Organisation) -> Channel:
    return channel(shop, "Support")


@pytest.fixture
def ana(shop: Organisation) -> User:
    return member(shop, Role.ADMIN, person(name="Ana", language="en"))


@pytest.fixture
def ben(shop: Organisation) -> User:
    return member(shop, Role.ADMIN, person(name="Ben", language="en"))


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def text(response: Any) -> str:
    return html.unescape(response.content.decode())


def address(name: str, shop: Organisation, found: Channel, *more: int) -> str:
    return reverse(f"publishing:{name}", args=[shop.number, found.public_id, *more])


def save(found: Channel, css: str, by: User | None = None, note: str = "") -> Release:
    with tenant_scope(found.tenant_id):
        found.web_settings.custom_css = css
        found.web_settings.save()
        return release(found, by=by, note=note)


def arrived(found: Channel, environment: str = "test") -> None:
    """As if a worker had delivered all that is wanted there."""
    with tenant_scope(found.tenant_id):
        for one in Delivery.objects.filter(channel=found, environment=environment):
            one.confirmed, one.confirmed_revision = one.wanted, one.wanted_revision
            one.visible_at, one.visible_in_ms = timezone.now(), 200
            one.save()


def boxes(page: str) -> list[str]:
    """The names of the checklist's boxes on the page of a review."""
    return re.findall(r'name="(check_\w+)"', page)


def live_of(found: Channel) -> Delivery:
    with tenant_scope(found.tenant_id):
        return Delivery.objects.get(channel=found, environment="live")


# --- history and differences ---


def test_the_history_tells_who_what_and_why_and_pages_by_number(
    shop: Organisation, support: Channel, ana: User, django_assert_max_num_queries: Any
) -> None:
    client = client_of(ana)
    # Of one release there is nothing to compare it with.
    save(support, "b { order: 0 }", ana, note="note 0")
    assert "Compare the two chosen" not in text(client.get(address("history", shop, support)))
    for number in range(1, 30):
        save(support, f"b {{ order: {number} }}", ana, note=f"note {number}")
    assert "Compare the two chosen" in text(client.get(address("history", shop, support)))
    with django_assert_max_num_queries(20):
        page = text(client.get(address("history", shop, support)))
    assert "note 29" in page
    assert "Ana" in page
    assert "Customise CSS and JS" in page
    assert "note 4<" not in page
    older = text(client.get(address("history", shop, support), {"before": "6"}))
    assert "note 4<" in older
    assert "note 5<" not in older
    assert client.get(address("history", shop, support), {"before": "²"}).status_code == 200


def test_two_releases_are_compared_by_line_and_the_draft_with_live(
    shop: Organisation, support: Channel, ana: User
) -> None:
    save(support, "a { top: 0 }\nb { top: 0 }", ana)
    arrived(support)
    with tenant_scope(shop.pk):
        promote(support, by=ana)
    save(support, "a { top: 0 }\nb { top: 1px }", ana)
    client = client_of(ana)
    for query in ({"from": "1", "to": "2"}, {}):
        page = text(client.get(address("compare", shop, support), query))
        assert '<div class="is-before">' in page, query
        assert "b { top: 1px }" in page, query
    assert client.get(address("compare", shop, support), {"from": "1", "to": "99"}).status_code == 404
    assert "Both say the same." in text(client.get(address("compare", shop, support), {"from": "2"}))


# --- going back ---


def test_going_back_is_a_new_release_and_loses_nothing(
    shop: Organisation, support: Channel, ana: User
) -> None:
    save(support, "a { top: 0 }", ana)
    save(support, "a { top: 9px }", ana)
    client = client_of(ana)
    url = address("rollback", shop, support, 1)
    assert "a { top: 0 }" in text(client.get(url))
    assert client.post(url, {"note": "it broke"}).status_code == 302
    with tenant_scope(shop.pk):
        newest = Release.objects.filter(channel=support).order_by("-number")[0]
        assert (newest.number, newest.restored, newest.author_label) == (3, 1, str(ana))
        assert newest.digest == Release.objects.get(channel=support, number=1).digest
        assert "it broke" in newest.note
        assert (
            Release.objects.get(channel=support, number=2).sections["channels_config"]["custom_css"]
            == "a { top: 9px }"
        )
        assert Entry.objects.filter(action="release.rolled_back").count() == 1
    assert client.get(address("rollback", shop, support, 77)).status_code == 404


def test_one_area_goes_back_alone(shop: Organisation, support: Channel, ana: User) -> None:
    first = save(support, "a { top: 0 }", ana)
    save(support, "a { top: 9px }", ana)
    with tenant_scope(shop.pk):
        made = roll_back(support, to=first, by=ana, area="channels_config")
        assert made.areas == ["channels_config"]
        assert made.sections["channels_config"] == first.sections["channels_config"]
        with pytest.raises(KeyError):
            roll_back(support, to=first, by=ana, area="nothing")


def test_going_back_that_another_area_forbids_leaves_the_drafts_as_they_are(
    shop: Organisation, support: Channel, ana: User
) -> None:
    first = save(support, "a { top: 0 }", ana)
    with tenant_scope(shop.pk):
        sign_in = area("auth_config")
        moved = {**sign_in.dump(support), "retention_days": 30}
        save_draft(support, sign_in, lambda: sign_in.load(support, moved), seen=None, by=ana)
        # Written past the check, as an older version may have left it.
        WebSettings.objects.filter(channel=support).update(custom_css="a { top: 0")
        with pytest.raises(NotPublishable):
            roll_back(support, to=first, by=ana, area="auth_config")
        assert sign_in.dump(support)["retention_days"] == 30


def test_going_back_and_an_open_page_tell_each_other_who_was_faster(
    shop: Organisation, support: Channel, ana: User, ben: User
) -> None:
    save(support, "a { top: 0 }", ana)
    save(support, "a { top: 1px }", ana)
    # Ana has the page of the look open; Ben goes back.
    page_of_look = look_address(support, shop)
    typed = form(client_of(ana).get(page_of_look), custom_css="a { top: 5px }")
    back = address("rollback", shop, support, 1)
    shown = form(client_of(ben).get(f"{back}?area=channels_config"))
    assert (
        client_of(ben).post(back, {**shown, "area": "channels_config", "note": "too low"}).status_code == 302
    )
    answer = client_of(ana).post(page_of_look, typed)
    assert answer.status_code == 409
    told = text(answer)
    assert "Ben saved this page" in told
    assert "(Back to release 1 · too low)" in told
    # The other way round: Ben looks at what he would bring back, Ana saves first.
    shown = form(client_of(ben).get(address("rollback", shop, support, 2)))
    save(support, "a { top: 7px }", ana, note="a better one")
    late = client_of(ben).post(address("rollback", shop, support, 2), {**shown, "note": "kept"})
    assert late.status_code == 409
    told = text(late)
    assert "Somebody else saved in the meantime" in told
    assert "a better one" in told
    assert "a { top: 7px }" in told
    assert 'value="kept"' in told
    assert client_of(ben).post(address("rollback", shop, support, 2), form(late)).status_code == 302


# --- going live ---


def test_the_review_shows_the_differences_and_puts_the_very_release_live(
    shop: Organisation, support: Channel, ana: User
) -> None:
    shown = save(support, "a { top: 0 }", ana)
    arrived(support)
    save(support, "a { top: 9px }", ana)
    client = client_of(ana)
    page = text(client.get(address("review", shop, support)))
    assert shown.digest[:12] in page
    assert "a { top: 0 }" in page
    assert client.post(address("review", shop, support), {"release": "1", "note": "go"}).status_code == 302
    assert live_of(support).wanted == 1
    with tenant_scope(shop.pk):
        promotion = Promotion.objects.get()
    assert (promotion.state, promotion.digest, promotion.note) == ("done", shown.digest, "go")


def test_warnings_have_to_be_read_and_problems_hold_a_release_back(
    shop: Organisation, support: Channel, ana: User
) -> None:
    with tenant_scope(shop.pk):
        support.web_settings.domains_restricted = True
        support.web_settings.save()
        release(support, by=ana)
    arrived(support)
    client = client_of(ana)
    refused = client.post(address("review", shop, support), {"release": "1"})
    assert refused.status_code == 422
    assert "Say that you have read them." in text(refused)
    assert (
        client.post(address("review", shop, support), {"release": "1", "warnings_seen": "on"}).status_code
        == 302
    )


def test_with_four_eyes_nobody_approves_their_own(
    shop: Organisation, support: Channel, ana: User, ben: User
) -> None:
    save(support, "a { top: 0 }", ana)
    arrived(support)
    with tenant_scope(shop.pk):
        set_rules(support, live_on_save=False, four_eyes=True, checklist=["Looked at on a phone"], by=ana)
        with pytest.raises(NotPromotable):
            promote(support, by=ana)
        with pytest.raises(NotPromotable):
            ask(support, number=1, by=ana)
        waiting = ask(support, number=1, by=ana, ticked=[0])
        assert waiting.state == "waiting"
        assert not Delivery.objects.filter(environment="live").exists()
        with pytest.raises(NotPromotable):
            ask(support, number=1, by=ben, ticked=[0])
        with pytest.raises(NotPromotable):
            approve(waiting, by=ana)
    assert "waits for approval" in text(client_of(ana).get(address("history", shop, support)))
    assert 'value="approve"' not in text(client_of(ana).get(address("history", shop, support)))
    url = address("decide", shop, support, waiting.pk)
    assert client_of(ben).post(url, {"decision": "approve"}).status_code == 302
    assert live_of(support).wanted == 1
    with tenant_scope(shop.pk):
        assert Promotion.objects.get().approved_by_label == str(ben)
        with pytest.raises(NotPromotable):
            approve(waiting, by=ben)


def test_who_tests_ticks_and_asks_and_an_admin_decides(
    shop: Organisation, support: Channel, ana: User
) -> None:
    tester = member(shop, Role.QA, person(name="Quentin", language="en"))
    save(support, "a { top: 0 }", ana)
    arrived(support)
    review, client = address("review", shop, support), client_of(tester)
    # Where one person is enough, that is an admin; whoever tests may look.
    page = text(client.get(review))
    assert "a { top: 0 }" in page
    assert 'name="note"' not in page
    assert client.post(review, {"release": "1"}).status_code == 403
    with tenant_scope(shop.pk):
        set_rules(support, live_on_save=False, four_eyes=True, checklist=["Seen on a phone"], by=ana)
    assert "Review and ask for approval" in text(client.get(address("history", shop, support)))
    asked = {"release": "1", "note": "looks right"} | dict.fromkeys(boxes(text(client.get(review))), "on")
    assert client.post(review, asked).status_code == 302
    with tenant_scope(shop.pk):
        first = Promotion.objects.get()
    decide = address("decide", shop, support, first.pk)
    assert client.post(decide, {"decision": "approve"}).status_code == 403
    page = text(client_of(ana).get(address("history", shop, support)))
    assert "Quentin asked for it" in page
    assert "Seen on a phone" in page
    # Whoever asked may take it back; an admin approves the next.
    assert client.post(decide, {"decision": "cancel"}).status_code == 302
    assert client.post(review, asked).status_code == 302
    with tenant_scope(shop.pk):
        second = Promotion.objects.latest("pk")
    decide = address("decide", shop, support, second.pk)
    assert client_of(ana).post(decide, {"decision": "approve"}).status_code == 302
    assert live_of(support).wanted == 1


def test_what_was_planned_goes_live_hidden_while_the_switch_is_turned(
    shop: Organisation, support: Channel, ana: User
) -> None:
    from publishing.environments import environments

    save(support, "a { top: 0 }", ana)
    arrived(support)
    with tenant_scope(shop.pk):
        promote(support, by=ana)
    newer = save(support, "a { top: 1px }", ana)
    arrived(support)
    with tenant_scope(shop.pk):
        ask(support, number=2, by=ana, at=timezone.now() + timedelta(days=1))
        switch = turn(support, hidden=True, scripts_off=False, by=ana, reason="prices")
        Promotion.objects.update(at=timezone.now() - timedelta(seconds=1))
    assert carry_out_due() == 1
    delivery = live_of(support)
    assert (delivery.wanted, delivery.wanted_revision) == (2, 1)
    with tenant_scope(shop.pk):
        snapshot = snapshot_of(newer, environments()["live"], shop, switch)
        assert (snapshot.release, snapshot.removed) == (2, True)
        assert Entry.objects.get(action="switch.hidden").remark == "prices"


def test_two_admins_on_the_rules_and_what_was_planned_alone(
    shop: Organisation, support: Channel, ana: User, ben: User
) -> None:
    save(support, "a { top: 0 }", ana)
    arrived(support)
    with tenant_scope(shop.pk):
        planned = ask(support, number=1, by=ana, at=timezone.now() + timedelta(days=1))
    url = address("rules", shop, support)
    stale = form(client_of(ana).get(url))
    fresh = form(client_of(ben).get(url))
    assert (
        client_of(ben).post(url, {**fresh, "four_eyes": "on", "checklist": "Seen\nRead"}).status_code == 302
    )
    answer = client_of(ana).post(url, {**stale, "live_on_save": "on"})
    assert answer.status_code == 409
    assert "with a second person’s approval, after a checklist of 2 points" in text(answer)
    with tenant_scope(shop.pk):
        assert Rules.objects.get().four_eyes
        # Nobody carries out by himself what two have to decide from now on.
        planned.refresh_from_db()
        assert planned.state == "waiting"
        told = str(Entry.objects.filter(action="rules.set").get())
        # Nor does the other person's word stand for a checklist that nobody has gone through.
        with pytest.raises(NotPromotable):
            approve(planned, by=ben)
        Promotion.objects.update(checklist=["Seen", "Read"])
        approve(planned, by=ben)
        planned.refresh_from_db()
        assert planned.state == "scheduled"
    assert told.endswith(
        "sont mises en production\u00a0: par une personne, une fois testées, avec l’approbation d’une deuxième personne, "
        "après une liste de vérification de 2 points"
    )
    # Taken from the page that told of it, it counts.
    assert client_of(ana).post(url, {**form(answer), "four_eyes": "", "checklist": ""}).status_code == 302


def test_publishing_on_save_reaches_live_and_excludes_four_eyes(
    shop: Organisation, support: Channel, ana: User
) -> None:
    client = client_of(ana)
    url = address("rules", shop, support)
    assert client.post(url, {"live_on_save": "on", "four_eyes": "on"}).status_code == 422
    assert client.post(url, {"live_on_save": "on"}).status_code == 302
    save(support, "a { top: 0 }", ana)
    assert live_of(support).wanted == 1
    with tenant_scope(shop.pk):
        assert Rules.objects.get().live_on_save


def test_a_planned_release_goes_live_once_at_its_time(
    shop: Organisation, support: Channel, ana: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(support, "a { top: 0 }", ana)
    arrived(support)
    later = timezone.now() + timedelta(days=1)
    with tenant_scope(shop.pk):
        planned = ask(support, number=1, by=ana, at=later, time_zone="America/Toronto")
    assert carry_out_due() == 0
    page = text(client_of(ana).get(address("history", shop, support)))
    assert "America/Toronto" in page
    with tenant_scope(shop.pk):
        Promotion.objects.update(at=timezone.now() - timedelta(seconds=1))
    assert (carry_out_due(), carry_out_due()) == (1, 0)
    assert live_of(support).wanted == 1
    with tenant_scope(shop.pk):
        assert Promotion.objects.get(pk=planned.pk).state == "done"
        assert Entry.objects.filter(action="release.promoted").count() == 1


def test_a_plan_can_be_called_off_and_one_overtaken_fails_with_a_sentence(
    shop: Organisation, support: Channel, ana: User
) -> None:
    save(support, "a { top: 0 }", ana)
    arrived(support)
    later = timezone.now() + timedelta(days=1)
    with tenant_scope(shop.pk):
        cancel(ask(support, number=1, by=ana, at=later), by=ana)
        ask(support, number=1, by=ana, at=later)
    save(support, "a { top: 1px }", ana)
    arrived(support)
    with tenant_scope(shop.pk):
        promote(support, by=ana, number=2)
        Promotion.objects.filter(state="scheduled").update(at=timezone.now())
    assert carry_out_due() == 1
    with tenant_scope(shop.pk):
        assert sorted(Promotion.objects.values_list("state", flat=True)) == ["cancelled", "failed"]
    assert live_of(support).wanted == 2
    with tenant_scope(shop.pk):
        assert str(promotions.FAILURES[Promotion.objects.get(state="failed").failure])


@pytest.mark.parametrize(
    ("at", "zone", "outcome"),
    [
        ("2031-07-01T09:00", "America/Toronto", "2031-07-01T13:00:00+00:00"),
        # Of an hour that comes twice one has to be chosen, and the page says which it was.
        ("2031-11-02T01:30", "America/Toronto", 422),
        ("2031-11-02T01:30 first", "America/Toronto", "2031-11-02T05:30:00+00:00"),
        ("2031-11-02T01:30 second", "America/Toronto", "2031-11-02T06:30:00+00:00"),
        ("2031-11-02T00:30 second", "America/Toronto", "2031-11-02T04:30:00+00:00"),
        ("2031-11-02T02:30", "America/Toronto", "2031-11-02T07:30:00+00:00"),
        ("2031-03-09T02:30", "America/Toronto", 422),
        ("2020-01-01T09:00", "America/Toronto", 422),
        ("", "America/Toronto", 422),
        ("tomorrow", "America/Toronto", 422),
        ("2031-07-01T09:00", "Mars/Olympus", 422),
    ],
)
def test_a_time_is_one_of_a_time_zone_and_in_the_future(
    shop: Organisation, support: Channel, ana: User, at: str, zone: str, outcome: str | int
) -> None:
    save(support, "a { top: 0 }", ana)
    arrived(support)
    at, _space, turn = at.partition(" ")
    data = {"release": "1", "when": "later", "at": at, "turn": turn, "time_zone": zone, "note": "kept"}
    answer = client_of(ana).post(address("review", shop, support), data)
    if isinstance(outcome, str):
        assert answer.status_code == 302
        with tenant_scope(shop.pk):
            at_utc = Promotion.objects.get().at
            told = str(Entry.objects.get(action="promotion.scheduled"))
        assert at_utc is not None
        assert at_utc.isoformat() == outcome
        offset = "UTC−05:00" if outcome.startswith(("2031-11-02T06", "2031-11-02T07")) else "UTC−04:00"
        assert f"{at[-5:]} ({offset})" in told
        assert f"{at[-5:]} ({offset}) · {zone}" in text(client_of(ana).get(address("history", shop, support)))
    else:
        assert answer.status_code == outcome
        assert 'value="kept"' in text(answer)
        for clock in ("UTC−04:00", "UTC−05:00"):
            assert (f"01:30 ({clock})" in text(answer)) == ("T01:30" in at)


# --- the emergency switch ---


def test_the_switch_hides_live_without_touching_drafts_and_is_taken_back(
    shop: Organisation, support: Channel, ana: User, settings: Any
) -> None:
    first = save(support, "a { top: 0 }", ana)
    arrived(support)
    client = client_of(ana)
    url = address("switch", shop, support)
    client.post(url, {"hidden": "on"})
    with tenant_scope(shop.pk):
        assert not Switch.objects.exists()
        promote(support, by=ana)
    arrived(support, "live")
    save(support, "a { top: 9px }", ana)
    client.post(url, {"hidden": "on", "reason": "wrong price"})
    delivery = live_of(support)
    assert (delivery.wanted, delivery.wanted_revision, delivery.confirmed_revision) == (1, 1, 0)
    assert [one.delivery_id for one in due_deliveries() if one.delivery_id == delivery.pk]
    from publishing.environments import environments

    live = environments()["live"]
    with tenant_scope(shop.pk):
        snapshot = snapshot_of(first, live, shop, Switch.objects.get())
        assert (snapshot.removed, snapshot.revision, snapshot.release) == (True, 1, 1)
        assert WebSettings.objects.get(channel=support).custom_css == "a { top: 9px }"
    arrived(support, "live")
    with tenant_scope(shop.pk):
        assert [one.state for one in states([support])[support.pk]][1] == "hidden"
    assert "wrong price" in text(client.get(address("history", shop, support)))
    client.post(url, {})
    with tenant_scope(shop.pk):
        snapshot = snapshot_of(first, live, shop, Switch.objects.get())
        assert (snapshot.removed, snapshot.revision) == (False, 2)
        assert Entry.objects.filter(action__in=["switch.hidden", "switch.shown"]).count() == 2


def test_the_switch_drops_the_channels_own_code(shop: Organisation, ana: User) -> None:
    from publishing.environments import environments

    found = channel(shop, "Ventes", draft={"custom_js": "alert(1)", "custom_css": "b { top: 0 }"})
    with tenant_scope(shop.pk):
        made = release(found, by=ana)
    arrived(found)
    with tenant_scope(shop.pk):
        promote(found, by=ana)
        switch = turn(found, hidden=False, scripts_off=True, by=ana)
        assert turn(found, hidden=False, scripts_off=True, by=ana).revision == switch.revision == 1
        snapshot = snapshot_of(made, environments()["live"], shop, switch)
    assert "alert(1)" not in str(snapshot.document) + str(snapshot.private)
    assert snapshot.document["customCss"] == "b { top: 0 }"


# --- regions ---


def test_every_region_has_a_delivery_and_a_new_one_catches_up(
    shop: Organisation, support: Channel, ana: User, settings: Any
) -> None:
    save(support, "a { top: 0 }", ana)
    two = [{"name": name, "push_url": f"https://{name}.push.example"} for name in ("ca", "eu")]
    settings.ENVIRONMENTS = [{**settings.ENVIRONMENTS[0], "regions": two}, settings.ENVIRONMENTS[1]]
    assert regions.enrol_all() == 2
    assert regions.enrol_all() == 0
    save(support, "a { top: 1px }", ana)
    with tenant_scope(shop.pk):
        wanted = dict(Delivery.objects.filter(environment="test").values_list("region", "wanted"))
        assert wanted == {"": 1, "ca": 2, "eu": 2}
        Delivery.objects.filter(region="ca").update(confirmed=2, visible_in_ms=100)
        Delivery.objects.filter(region="eu").update(last_error="unreachable", attempts=3)
        state = states([support])[support.pk][0]
        assert (state.state, state.behind) == ("failed", 2)
        assert str(state.error) == "eu\u00a0: L’environnement est injoignable."
        with pytest.raises(NotPromotable):
            promote(support, by=ana)
        long_ago = timezone.now() - timedelta(hours=3)
        Delivery.objects.filter(region="eu").update(due_since=long_ago)
    # More saves: a region that is away is as long away as before.
    save(support, "a { top: 2px }", ana)
    with tenant_scope(shop.pk):
        assert Delivery.objects.get(region="eu").due_since == long_ago
        assert Delivery.objects.get(region="ca").behind_since > long_ago
        Delivery.objects.filter(region="ca").update(confirmed=3)
        Delivery.objects.filter(region="eu").update(confirmed=1, last_error="unreachable", attempts=3)
    client = client_of(ana)
    shown = text(client.get(address("history", shop, support)))
    assert "ca</strong> · release 3" in shown
    assert "eu</strong> · release 1<span" in shown
    assert "2 releases behind for <time" in shown
    assert ">3\u00a0h</time>. The environment cannot be reached." in shown
    assert f'datetime="{long_ago:%Y-%m-%dT%H:%M}' in shown
    assert '<span class="tag">Test · ca</span>' in shown
    assert "Release 3 can go live once every region of test has it. Still missing: eu." in shown
    page = text(client.get(reverse("publications:deliveries", args=[shop.number])))
    rows = page[page.index("<tbody>") :]
    assert rows.index("Test · eu") < rows.index("Test · ca")
    assert f'datetime="{long_ago:%Y-%m-%dT%H:%M}' in page
    assert "Test · eu" in page
    assert "2 releases behind" in page
    assert "The environment cannot be reached." in page


def test_the_deliveries_page_filters_retries_and_draws(
    shop: Organisation, support: Channel, ana: User, django_assert_max_num_queries: Any
) -> None:
    for number in range(3):
        save(channel(shop, f"C{number}"), "a { top: 0 }", ana)
    with tenant_scope(shop.pk):
        Delivery.objects.update(
            last_error="timeout", attempts=2, next_attempt_at=timezone.now() + timedelta(hours=1)
        )
        for days in range(40):
            Arrival.objects.create(
                channel=support,
                environment="test",
                release=1,
                visible_at=timezone.now() - timedelta(days=days),
                visible_in_ms=100 + days,
                attempts=1,
            )
    client = client_of(ana)
    url = reverse("publications:deliveries", args=[shop.number])
    with django_assert_max_num_queries(14):
        page = text(client.get(url, {"state": "failed", "where": "test."}))
    found = text(client.get(url, {"q": "c1"}))
    assert "C1</a>" in found
    assert "C2</a>" not in found
    assert page.count('class="bar"') == 30
    assert "style=" not in page
    assert "C2" in page
    one = Delivery.objects
    with tenant_scope(shop.pk):
        pk = one.order_by("pk")[0].pk
    retry = reverse("publications:retry", args=[shop.number])
    back = client.post(f"{retry}?state=failed&q=C&next=//evil.example", {"delivery": str(pk)})
    assert back.headers["Location"] == f"{url}?q=C&state=failed"
    assert pk in [due.delivery_id for due in due_deliveries()]
    assert "3 deliveries have failed so far" in page
    client.post(retry)
    with tenant_scope(shop.pk):
        assert not Delivery.objects.filter(next_attempt_at__gt=timezone.now()).exists()
        with override("en"):
            told = [str(one) for one in Entry.objects.filter(action__startswith="deliveries.").order_by("pk")]
        assert told == [
            "Ana had the channel “C0” delivered again at once: Test",
            "Ana had 3 deliveries that had failed tried again at once",
        ]
        # Nothing is left to be done: nothing is offered, nothing recorded.
        Delivery.objects.update(confirmed=F("wanted"), last_error="")
    renewed = client.get(url, headers={"HX-Request": "true", "HX-Target": "deliveries"})
    page = text(renewed)
    assert page.startswith('<div id="deliveries"')
    assert 'hx-trigger="every 10s"' in page
    assert "Try all that failed" not in page
    client.post(retry)
    assert "Show all" in text(client.get(url, {"q": "no such channel"}))
    with tenant_scope(shop.pk):
        assert Entry.objects.filter(action__startswith="deliveries.").count() == 2


# --- copies ---


def test_areas_are_copied_to_many_channels_and_undone_in_one_step(
    shop: Organisation, support: Channel, ana: User
) -> None:
    save(support, "a { top: 5px }", ana)
    targets = [channel(shop, f"C{number}") for number in range(3)]
    for one in targets:
        save(one, "b { top: 0 }", ana)
    client = client_of(ana)
    url = reverse("publications:copy", args=[shop.number])
    query: dict[str, Any] = {
        "source": support.public_id,
        "area": ["channels_config"],
        "to": [one.public_id for one in targets],
    }
    page = text(client.get(url, {**query, "step": "preview"}))
    assert "a { top: 5px }" in page
    assert "Copy to 3 channels" in page
    everywhere = text(client.get(url, {**query, "to": "all", "step": "preview"}))
    assert "Copy to 3 channels" in everywhere
    # Settings of a Guide are none of a chat's.
    guide = client.get(url, {**query, "area": "guide", "step": "preview"})
    assert guide.status_code == 422
    assert "Choose at least one area." in text(guide)
    answer = client.post(url, {**query, "step": "start", "note": "same look"})
    assert answer.status_code == 302
    with tenant_scope(shop.pk):
        made = Copy.objects.get()
    assert copying.work(shop.pk, made.pk) == 3
    assert copying.work(shop.pk, made.pk) == 0
    with tenant_scope(shop.pk):
        assert set(CopyTarget.objects.values_list("state", flat=True)) == {"done"}
        assert Release.objects.filter(channel=targets[0]).latest("number").number == 2
    assert "3 of 3 channels" in text(client.get(answer.headers["Location"]))
    save(targets[0], "c { top: 7px }", ana)
    undone = client.post(reverse("publications:copy_undo", args=[shop.number, made.pk]))
    assert undone.status_code == 302
    with tenant_scope(shop.pk):
        undoing = Copy.objects.get(undo_of=made)
    copying.work(shop.pk, undoing.pk)
    with tenant_scope(shop.pk):
        states_of = dict(undoing.targets.values_list("channel__name", "state"))
        assert states_of == {"C0": "skipped", "C1": "done", "C2": "done"}
        newest = Release.objects.filter(channel=targets[1]).latest("number")
        assert newest.sections["channels_config"]["custom_css"] == "b { top: 0 }"
        assert copying.undo(made, by=ana) == undoing
    assert client.post(url, {"step": "start"}).status_code == 422


def test_a_choice_stays_over_searches_and_pages_and_thousands_fit_a_form(
    shop: Organisation, support: Channel, ana: User, django_assert_max_num_queries: Any
) -> None:
    with tenant_scope(shop.pk):
        for number in range(60):
            made = Channel(name=f"Succursale {number:02}", kind="messaging")
            made.save()
            if number == 7:
                seventh = made
    stranger = channel(organisation(name="Ailleurs"), "Ailleurs")
    client = client_of(ana)
    url = reverse("publications:copy", args=[shop.number])
    base: dict[str, Any] = {"source": support.public_id, "area": "ipblocking"}
    first = client.get(url, {**base, "q": "SUCCURSALE 07"})
    assert text(first).count('name="to"') == 1
    # Ticked here, then another search, then the next page: it is still chosen; a stranger's number is nobody's.
    with django_assert_max_num_queries(18):
        second = client.get(
            url,
            {
                **base,
                "shown": f"{seventh.pk}",
                "to": seventh.public_id,
                "kept": f"{stranger.pk}",
                "q": "",
                "page": "2",
            },
        )
    assert f'name="kept" value="{seventh.pk}"' in text(second)
    assert "1 channel of 60 chosen." in text(second)
    assert "26–50 of 60" in text(second)
    # Unticked on the page that shows it.
    kept = {**base, "kept": f"{seventh.pk}", "shown": f"{seventh.pk}"}
    assert "0 channels of 60 chosen." in text(client.get(url, kept))
    everyone = client.get(url, {**base, "pick": "all", "q": "succursale"})
    assert "60 channels of 60 chosen." in text(everyone)
    assert "1 channel of 60 chosen." in text(
        client.get(url, {**base, "kept": f"{seventh.pk}", "view": "chosen"})
    )
    assert "0 channels" in text(client.get(url, {**base, "kept": f"{seventh.pk}", "pick": "none"}))
    ids = re.search(r'name="kept" value="([\d.]+)"', text(everyone))
    assert ids is not None
    preview = text(client.get(url, {**base, "kept": ids[1], "step": "preview", "preview": "2"}))
    assert "11–20 of 60" in preview
    assert "Copy to 60 channels" in preview
    answer = client.post(url, {**base, "kept": ids[1], "step": "start"})
    assert answer.status_code == 302
    with tenant_scope(shop.pk):
        assert CopyTarget.objects.count() == 60
        CopyTarget.objects.filter(channel=seventh).update(state="refused", message="Too large.")
    with django_assert_max_num_queries(16):
        page = text(client.get(answer.headers["Location"]))
    # What was refused comes first, and can be looked at alone.
    assert page.index("Succursale 07") < page.index("Succursale 00")
    alone = text(client.get(answer.headers["Location"], {"state": "refused"}))
    assert "Too large." in alone
    assert "Succursale 00" not in alone


def test_settings_of_a_guide_go_to_other_guides_and_entry_points_stay_theirs(
    shop: Organisation, support: Channel, ana: User
) -> None:
    source = guide(
        shop, "Modèle", entry("Aide", support.public_id), entry("Ventes", support.public_id), rank=7
    )
    known = entry("AIDE")
    target = guide(shop, "Boutique", known)
    other = guide(shop, "Mobile")
    with tenant_scope(shop.pk):
        section = GUIDE.dump(source)
        key = label_key(section["entries"][0]["id"], support.public_id)
        spoken = {"name": "Français", "locale": "fr_CA", "fallback": None, "phrases": {key: "Le soutien"}}
        TRANSLATIONS.load(source, {**TRANSLATIONS.dump(source), "variants": [spoken]})
        before = {one.pk: GUIDE.dump(one) for one in (target, other)}
        for one in (source, target, other):
            publish(one, areas=["guide"], by=ana)
    client = client_of(ana)
    url = reverse("publications:copy", args=[shop.number])
    assert "?of=guide" in text(client.get(url))
    query: dict[str, Any] = {
        "source": source.public_id,
        "area": ["guide", "translations"],
        "to": [target.public_id, other.public_id],
    }
    shown = client.get(url, {**query, "step": "preview"})
    assert shown.status_code == 200
    page = text(shown)
    assert "Copy to 2 Guides" in page
    assert "2 Guides of 2 chosen." in page
    # The entry point is the one it has: what is called alike keeps the id that snippets name.
    assert section["entries"][0]["id"] not in page
    # A chat's settings are none of a Guide's, and a chat is no Guide to copy to.
    assert client.get(url, {**query, "area": "ipblocking", "step": "preview"}).status_code == 422
    assert client.get(url, {**query, "to": support.public_id, "step": "preview"}).status_code == 422

    first = client.post(url, {**query, "of": "guide", "step": "start"})
    assert first.status_code == 302
    with tenant_scope(shop.pk):
        made = Copy.objects.get()
    assert copying.work(shop.pk, made.pk) == 2
    assert "2 of 2 Guides" in text(client.get(first.headers["Location"]))
    with tenant_scope(shop.pk):
        copied = {one.pk: GUIDE.dump(one) for one in (target, other)}
        assert copied[target.pk]["rank"] == 7
        names = [(point["name"], point["channels"]) for point in section["entries"]]
        for taken in copied.values():
            assert [(point["name"], point["channels"]) for point in taken["entries"]] == names
        assert copied[target.pk]["entries"][0]["id"] == known["id"]
        ids = {point["id"] for taken in (section, *copied.values()) for point in taken["entries"]}
        assert len(ids) == 6
        for one in (target, other):
            [variant] = TRANSLATIONS.dump(one)["variants"]
            mine = copied[one.pk]["entries"][0]["id"]
            assert variant["phrases"] == {label_key(mine, support.public_id): "Le soutien"}
        assert Entry.objects.filter(action="draft.guide_copied").count() == 2
    # Once more it changes nothing, nor any id.
    client.post(url, {**query, "step": "start"})
    with tenant_scope(shop.pk):
        again = Copy.objects.latest("pk")
    copying.work(shop.pk, again.pk)
    with tenant_scope(shop.pk):
        assert set(again.targets.values_list("state", flat=True)) == {"unchanged"}
        # Somebody goes on with one of them; the other gets back what it had.
        GUIDE.load(other, {**GUIDE.dump(other), "rank": 9})
        undoing = copying.undo(made, by=ana)
    copying.work(shop.pk, undoing.pk)
    with tenant_scope(shop.pk):
        assert dict(undoing.targets.values_list("channel__name", "state")) == {
            "Boutique": "done",
            "Mobile": "skipped",
        }
        assert GUIDE.dump(target) == before[target.pk]
        assert TRANSLATIONS.dump(target)["variants"] == []
        assert GUIDE.dump(other)["rank"] == 9


def test_a_copy_that_a_channel_cannot_take_is_refused_there_and_changes_nothing(
    shop: Organisation, support: Channel, ana: User
) -> None:
    save(support, "a { top: 5px }", ana)
    sound, unsound = channel(shop, "C0"), channel(shop, "C1")
    for one in (sound, unsound):
        save(one, "b { top: 0 }", ana)
    with tenant_scope(shop.pk):
        # What an earlier version let through, in an area that is not copied at all.
        unknown = {"media_type": "neither one", "description": "", "max_size_mb": None}
        FileRestrictions.objects.update_or_create(channel=unsound, defaults={"allowed_types": [unknown]})
        made = copying.start(support, names=["channels_config"], targets=[unsound, sound], by=ana)
    assert copying.work(shop.pk, made.pk) == 2
    with tenant_scope(shop.pk):
        assert dict(made.targets.values_list("channel__name", "state")) == {"C0": "done", "C1": "refused"}
        refused = made.targets.get(channel=unsound)
        assert refused.message
        assert AREA.dump(unsound)["custom_css"] == "b { top: 0 }"
        assert Release.objects.filter(channel=unsound).count() == 1
        assert not Entry.objects.filter(action="draft.copied", subject=unsound.public_id).exists()
    page = text(client_of(ana).get(reverse("publications:copied", args=[shop.number, made.pk])))
    assert refused.message in page
    # There was nothing to undo in it.
    with tenant_scope(shop.pk):
        undoing = copying.undo(made, by=ana)
        assert [one.channel_id for one in undoing.targets.all()] == [sound.pk]


def test_a_copy_stops_when_its_author_is_no_admin_any_more(
    shop: Organisation, support: Channel, ana: User
) -> None:
    save(support, "a { top: 5px }", ana)
    one = channel(shop, "C0")
    with tenant_scope(shop.pk):
        made = copying.start(support, names=["channels_config"], targets=[one], by=ana)
        admit(ana, role=Role.EDITOR)
    copying.work(shop.pk, made.pk)
    with tenant_scope(shop.pk):
        left = made.targets.get()
        assert (left.state, left.release) == ("skipped", None)
        assert "admin" in left.message
