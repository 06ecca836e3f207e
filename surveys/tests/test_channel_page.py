"""The page of a channel: choosing its form, overtaken, read only; and what a saved form does to the channels that ask it."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from channels_config.models import Channel
from channels_config.tests.factories import channel
from publishing.models import Release
from surveys import services
from surveys.area import AREA
from surveys.defaults import item
from surveys.models import ChannelSurvey, CustomField, SurveyForm
from surveys.section import empty
from surveys.tests import factories
from tenants.models import Organisation
from tenants.roles import Role
from tenants.scope import tenant_scope
from tenants.tests.factories import member, organisation, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> Organisation:
    return organisation(name="Boutique")


@pytest.fixture
def alice(shop: Organisation) -> User:
    return member(shop, Role.ADMIN, person(language="en", name="Alice"))


@pytest.fixture
def admin(alice: User) -> Client:
    client = Client()
    client.force_login(alice)
    return client


@pytest.fixture
def support(shop: Organisation) -> Channel:
    return channel(shop, "Support")


def address(found: Channel, shop: Organisation) -> str:
    return reverse("surveys:edit", args=[shop.number, found.public_id])


def seen(page: str) -> str:
    match = re.search(r'name="seen" value="([0-9a-f]{64})"', page)
    assert match is not None
    return match[1]


def test_a_channel_asks_nothing_at_first(admin: Client, shop: Organisation, support: Channel) -> None:
    page = admin.get(address(support, shop)).content.decode()
    assert "The default form" in page
    with tenant_scope(shop.pk):
        assert AREA.dump(support) == empty()


@pytest.mark.parametrize(
    ("kind", "asked"), [("messaging", ["name", "email"]), ("live", ["name", "email", "subject"])]
)
def test_the_default_form_is_seen_before_anybody_made_it(
    admin: Client, shop: Organisation, kind: str, asked: list[str]
) -> None:
    found = channel(shop, "Shown", kind=kind)
    url = reverse("surveys:preview", args=[shop.number, found.public_id])
    document = admin.post(url, {"survey": "default"}).json()["document"]
    questions = document["preContactForm"]["customFields"]
    assert [one["definition"]["ident"] for one in questions] == asked
    with tenant_scope(shop.pk):
        assert not SurveyForm.objects.exists()
        assert not CustomField.objects.exists()


def test_the_default_form_is_made_and_asked_at_one_click(
    admin: Client, shop: Organisation, support: Channel
) -> None:
    url = address(support, shop)
    answer = admin.post(url, {"survey": "default", "seen": seen(admin.get(url).content.decode())})
    assert answer.status_code == 302
    with tenant_scope(shop.pk):
        section = AREA.dump(support)
        assert [one["ident"] for one in section["form"]["items"]] == ["name", "email"]
        assert AREA.check(section, {}) == []
        assert Release.objects.get().sections["surveys"] == section


def test_who_was_overtaken_is_told_and_may_insist(
    admin: Client, shop: Organisation, support: Channel, alice: User
) -> None:
    url = address(support, shop)
    before = seen(admin.get(url).content.decode())
    with tenant_scope(shop.pk):
        theirs = factories.form(alice, name="Theirs")
        mine = factories.form(alice, name="Mine")
        factories.asking(support, theirs, alice)
    answer = admin.post(url, {"survey": str(mine.public_id), "seen": before})
    assert answer.status_code == 409
    page = answer.content.decode()
    assert re.search(r"<td[^>]*>Theirs</td>\s*<td[^>]*>Mine</td>", page)
    over = re.search(r'name="over" value="([0-9a-f]{64})"', page)
    assert over is not None
    assert (
        admin.post(url, {"survey": str(mine.public_id), "seen": before, "over": over[1]}).status_code == 302
    )
    with tenant_scope(shop.pk):
        assert AREA.dump(support)["form"]["name"] == "Mine"


def test_saving_a_form_publishes_every_channel_that_asks_it_and_no_other(
    shop: Organisation, support: Channel, alice: User
) -> None:
    other = channel(shop, "Ventes")
    with tenant_scope(shop.pk):
        form = factories.form(alice)
        factories.asking(support, form, alice)
        factories.field("note", alice)
        changed = {**form.document, "items": [*form.document["items"], item("note")]}
        services.save_form(form, name=form.name, document=changed, seen=None, by=alice)
        assert services.roll_out(most=10) == 0
        assert [one["ident"] for one in AREA.dump(support)["form"]["items"]] == ["email", "note"]
        assert Release.objects.filter(channel=support).count() == 2
        assert not Release.objects.filter(channel=other).exists()


def test_more_channels_than_a_request_takes_are_brought_along_by_the_sweep(
    shop: Organisation, alice: User
) -> None:
    channels = [channel(shop, f"Canal {number}") for number in range(4)]
    with tenant_scope(shop.pk):
        form = factories.form(alice)
        for one in channels:
            factories.asking(one, form, alice)
        services.save_form(
            form, name=form.name, document={**form.document, "title": "New"}, seen=None, by=alice
        )
        assert services.roll_out(most=1) == 3
        form.refresh_from_db()
        assert (services.progress(form).done, services.progress(form).total) == (1, 4)
        assert services.progress(form).running
        assert services.roll_out(most=10) == 0
        assert not services.progress(form).running


def test_going_back_to_an_earlier_release_leaves_the_form_and_other_channels_alone(
    shop: Organisation, support: Channel, alice: User
) -> None:
    other = channel(shop, "Ventes")
    with tenant_scope(shop.pk):
        form = factories.form(alice)
        for one in (support, other):
            factories.asking(one, form, alice)
        earlier = AREA.dump(support)
        services.save_form(
            form, name=form.name, document={**form.document, "title": "New"}, seen=None, by=alice
        )
        services.roll_out(most=10)
        newest = AREA.dump(other)
        AREA.load(support, earlier)
        assert AREA.dump(support) == earlier
        assert ChannelSurvey.objects.get(channel=support).detached
        services.roll_out(most=10)
        assert AREA.dump(support) == earlier
        assert AREA.dump(other) == newest


def test_a_section_from_elsewhere_brings_its_form_and_fields(
    shop: Organisation, support: Channel, alice: User
) -> None:
    with tenant_scope(shop.pk):
        factories.asking(support, factories.form(alice), alice)
        section = AREA.dump(support)
    elsewhere = organisation(2020, "Ailleurs")
    theirs = channel(elsewhere, "Support")
    with tenant_scope(elsewhere.pk):
        AREA.load(theirs, section)
        assert AREA.dump(theirs) == section
        assert SurveyForm.objects.get().name == "Formulaire"
        assert not ChannelSurvey.objects.get().detached


def test_a_reader_looks_and_cannot_change(shop: Organisation, support: Channel) -> None:
    client = Client()
    client.force_login(member(shop, Role.AUDITOR, person("reader@example.com")))
    url = address(support, shop)
    assert client.get(url).status_code == 200
    assert client.post(url, {"survey": "default"}).status_code == 403


def test_with_htmx_a_save_answers_the_form_alone(
    admin: Client, shop: Organisation, support: Channel, alice: User
) -> None:
    with tenant_scope(shop.pk):
        form = factories.form(alice, name="Mine")
    url = address(support, shop)
    data = {"survey": str(form.public_id), "seen": seen(admin.get(url).content.decode())}
    answer = admin.post(url, data, headers={"HX-Request": "true", "HX-Target": "settings"})
    assert answer.status_code == 200
    page = answer.content.decode()
    assert page.lstrip().startswith("<form")
    assert 'data-state="saved"' in page
    assert "saved" in answer.headers["HX-Trigger"]
