"""Two admins on one page, over HTTP and without script, for every area there is and every page of the organisation's own things."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from areas.registry import area, areas
from channels_config.models import Channel
from ipblocking.models import AddressList
from surveys.models import CustomField, SurveyForm
from surveys.tests import factories
from tenants.models import Membership, Organisation
from tenants.roles import Role
from tenants.scope import tenant_scope
from tenants.tests.factories import member, organisation, person
from tests.pages import Fields, form_of
from translations import services as language_services
from translations.models import Variant

pytestmark = pytest.mark.django_db

OPENED = {"description": ["png"], "media_type": ["image/png"], "size": [""]}


@dataclass(frozen=True)
class Case:
    """What each changes on an area's page, what the second reads of it, and where the section says so afterwards."""

    theirs: Fields
    mine: Fields
    #: What stands in the notice of theirs and of mine.
    told: tuple[str, str]
    #: section -> what theirs and mine are in it.
    read: Callable[[dict[str, Any]], tuple[Any, Any]]
    #: What `read` says with theirs, with mine alone, and with both (None: there is nothing to put together).
    their_value: Any
    my_value: Any
    mine_alone: Any
    mergeable: bool = True
    kind: str = "messaging"
    #: Saved before the two open the page.
    before: Fields = field(default_factory=dict)


CASES = {
    "channels_config": Case(
        theirs={"color_button": ["#112233"]},
        mine={"custom_css": ["b { color: red }"], "allowed_domains": ["shop.example"], "where": ["listed"]},
        told=("#112233", "b { color: red }"),
        read=lambda section: (section["colors"]["button"], section["custom_css"]),
        their_value="#112233",
        my_value="b { color: red }",
        mine_alone="#445566",
        before={"color_button": ["#445566"]},
    ),
    "file_restrictions": Case(
        theirs={"media_type": ["image/png", "image/gif"], "description": ["png", "theirs"], "size": ["", ""]},
        mine={"media_type": ["image/png", "image/jpeg"], "description": ["png", "mine"], "size": ["", "2"]},
        told=("image/gif", "image/jpeg"),
        read=lambda section: (
            "image/gif" in [one["media_type"] for one in section["allowed_types"]],
            "image/jpeg" in [one["media_type"] for one in section["allowed_types"]],
        ),
        their_value=True,
        my_value=True,
        mine_alone=False,
        before=OPENED,
    ),
    "ipblocking": Case(
        theirs={"source": ["192.0.2.1\n192.0.2.7"]},
        mine={"source": ["192.0.2.1\n198.51.100.9 # mine"]},
        told=("192.0.2.7", "198.51.100.9"),
        read=lambda section: (
            "192.0.2.7" in section["entries"],
            "198.51.100.9 # mine" in section["entries"],
        ),
        their_value=True,
        my_value=True,
        mine_alone=False,
        before={"source": ["192.0.2.1"]},
    ),
    "auth_config": Case(
        theirs={"mode": ["cookie"]},
        mine={"retention_days": ["77"]},
        told=("Secured cookie", "77"),
        read=lambda section: (section["mode"], section["retention_days"]),
        their_value="cookie",
        my_value=77,
        mine_alone="anonymous",
    ),
    "live_chat": Case(
        theirs={"monday": ["10:00–11:00"]},
        mine={"holiday_date": ["2027-01-04"], "holiday_name": ["Mine"], "holiday_yearly": ["once"], "holiday_hours": [""]},
        told=("10:00", "Mine"),
        read=lambda section: (
            section["hours"]["weekly"]["monday"],
            [one["name"] for one in section["hours"]["holidays"]],
        ),
        their_value=[["10:00", "11:00"]],
        my_value=["Mine"],
        mine_alone=[["09:00", "12:00"]],
        kind="live",
        before={"monday": ["09:00–12:00"]},
    ),
    "guide": Case(
        theirs={"text_title": ["Theirs"]},
        mine={"color_header": ["#123456"], "radius": ["9"]},
        told=("Theirs", "#123456"),
        read=lambda section: (section["texts"]["title"], section["branding"]["header"]),
        their_value="Theirs",
        my_value="#123456",
        mine_alone="",
        kind="guide",
    ),
    "surveys": Case(
        theirs={"survey": ["theirs"]},
        mine={"survey": ["mine"]},
        told=("Theirs", "Mine"),
        read=lambda section: (section["form"]["name"], section["form"]["name"]),
        their_value="Theirs",
        my_value="Mine",
        mine_alone="Mine",
        mergeable=False,
    ),
    "translations": Case(
        theirs={"default_locale": ["de"]},
        mine={"default_locale": ["fr_CA"]},
        told=("de", "fr_CA"),
        read=lambda section: (section["default_locale"], section["default_locale"]),
        their_value="de",
        my_value="fr_CA",
        mine_alone="fr_CA",
        mergeable=False,
    ),
}  # fmt: skip


@pytest.fixture
def shop() -> Organisation:
    return organisation(1009, "Boutique")


@pytest.fixture
def alice(shop: Organisation) -> User:
    return member(shop, Role.ADMIN, person("alice@example.com", name="Alice", language="en"))


@pytest.fixture
def mine(alice: User) -> Client:
    return signed_in(alice)


@pytest.fixture
def theirs(shop: Organisation) -> Client:
    return signed_in(member(shop, Role.ADMIN, person("bob@example.com", name="Bob", language="en")))


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def opened(client: Client, url: str) -> Fields:
    answer = client.get(url)
    assert answer.status_code == 200
    return form_of(answer.content.decode())


def text(answer: Any) -> str:
    return html.unescape(answer.content.decode())


def made_channel(shop: Organisation, client: Client, kind: str = "messaging") -> Channel:
    """As a person makes one: published from the start."""
    view, fields = (
        ("guides", {"name": "Site"}) if kind == "guide" else ("channels", {"name": "Support", "kind": kind})
    )
    assert client.post(reverse(f"{view}:create", args=[1009]), fields).status_code == 302
    with tenant_scope(shop.pk):
        return Channel.every.get(kind=kind)


def value(page: str, name: str) -> str:
    """That of the notice's button."""
    found = re.search(rf'name="{name}" value="([^"]+)"', page)
    assert found is not None, f"no button {name}"
    return found[1]


def holds(shown: Fields, typed: Fields) -> bool:
    """Whether a form still has what was typed; an empty row may follow."""
    return all(shown.get(name, [])[: len(values)] == values for name, values in typed.items())


def test_every_area_is_tried() -> None:
    assert set(CASES) == {one.name for one in areas()}


@pytest.mark.parametrize("name", CASES)
def test_the_second_is_told_who_changed_what_sees_both_keeps_all_and_chooses(
    shop: Organisation, alice: User, mine: Client, theirs: Client, name: str
) -> None:
    case = CASES[name]
    with tenant_scope(shop.pk):
        forms = {
            one.lower(): str(factories.form(alice, name=one).public_id)
            for one in ("Theirs", "Mine", "Before")
        }
    made = made_channel(shop, mine, case.kind)
    url = area(name).edit_url(1009, made.public_id)

    def filled(given: Fields) -> Fields:
        return {key: [forms.get(one, one) for one in values] for key, values in given.items()}

    def section() -> dict[str, Any]:
        with tenant_scope(shop.pk):
            return area(name).dump(made)

    if case.before:
        assert mine.post(url, opened(mine, url) | case.before).status_code == 302

    def meet() -> tuple[Fields, Any]:
        """Both open the page, Bob saves, Alice saves."""
        here = opened(mine, url) | filled(case.mine) | {"release_note": ["my note"]}
        there = opened(theirs, url) | filled(case.theirs) | {"release_note": ["their note"]}
        assert theirs.post(url, there).status_code == 302
        assert case.read(section())[0] == case.their_value
        return here, mine.post(url, here)

    here, answer = meet()
    assert answer.status_code == 409
    page = answer.content.decode()
    notice = re.search(
        r'<section class="section conflict" role="alert" tabindex="-1" autofocus.*?</section>',
        page,
        re.DOTALL,
    )
    assert notice is not None
    said = html.unescape(notice[0])
    assert "Bob saved this page" in said
    assert "<time" in said
    if name != "ipblocking":
        assert "(their note)" in said
    for words in case.told:
        assert words in said
    # Nothing was saved, and all that was typed stands there, the note included.
    assert case.read(section())[0] == case.their_value
    shown = form_of(page)
    assert holds(shown, filled(case.mine))
    assert shown["release_note"] == ["my note"]
    assert shown.get("seen") == here.get("seen")
    assert "data-refused" in page
    # Pressing Save once more overtakes nobody either.
    assert mine.post(url, shown).status_code == 409

    assert ('name="together"' in page) is case.mergeable
    if case.mergeable:
        both = mine.post(url, shown | {"together": [value(page, "together")]})
        assert both.status_code == 200
        assert "Both changes are together now" in text(both)
        assert case.read(section())[0] == case.their_value
        assert mine.post(url, form_of(both.content.decode())).status_code == 302
        assert case.read(section()) == (case.their_value, case.my_value)
        # And once more from the start, to keep mine alone.
        assert mine.post(url, opened(mine, url) | (case.before or filled(without(case)))).status_code == 302
        here, answer = meet()
        assert answer.status_code == 409
        page = answer.content.decode()
        shown = form_of(page)
    assert mine.post(url, shown | {"over": [value(page, "over")]}).status_code == 302
    assert case.read(section()) == (case.mine_alone, case.my_value)


def without(case: Case) -> Fields:
    """Back to how a new channel is, for cases that need nothing before."""
    return {"mode": ["anonymous"], "text_title": [""]} if case.their_value else {}


# -- Things of the organisation's own ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Thing:
    """A page of something that is no channel's: how it is made, and what each changes in it."""

    make: Callable[[User], str]
    theirs: Fields
    mine: Fields
    told: tuple[str, str]
    #: Whether theirs and mine stand in what is saved.
    read: Callable[[], tuple[bool, bool]]


def a_form(by: User) -> str:
    factories.field("city", by)
    return reverse("survey_forms:form", args=[1009, factories.form(by, name="Contact").pk])


def a_field(by: User) -> str:
    options = [{"name": one, "label": one.upper(), "parent": None} for one in ("a", "b")]
    made = factories.field("subject", by, kind="list", label="Subject", values=options)
    return reverse("survey_forms:field", args=[1009, made.pk])


def a_list(by: User) -> str:
    return reverse("address_lists:edit", args=[1009, AddressList.objects.create(name="Bots").pk])


def options_of() -> list[str]:
    return [one["label"] for one in CustomField.objects.get(ident="subject").values]


THINGS = {
    "form": Thing(
        make=a_form,
        theirs={"title": ["Their title"]},
        mine={"item": ["email", "city"], "city:help": ["Where you live"]},
        told=("Their title", "Where you live"),
        read=lambda: (
            SurveyForm.objects.get().document["title"] == "Their title",
            "city" in [one["ident"] for one in SurveyForm.objects.get().document["items"]],
        ),
    ),
    "field": Thing(
        make=a_field,
        theirs={"row": ["0", "1", "2"], "2:label": ["Theirs"], "2:name": ["theirs"], "2:depth": ["0"]},
        mine={"label": ["My subject"], "0:label": ["My option"]},
        told=("Theirs", "My option"),
        read=lambda: ("Theirs" in options_of(), "My option" in options_of()),
    ),
    "list": Thing(
        make=a_list,
        theirs={"source": ["192.0.2.7"]},
        mine={"source": ["198.51.100.9"], "name": ["My bots"]},
        told=("192.0.2.7", "198.51.100.9"),
        read=lambda: ("192.0.2.7" in AddressList.shared.get().kept, "198.51.100.9" in AddressList.shared.get().kept),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", THINGS)
def test_so_it_is_with_what_belongs_to_the_organisation(
    shop: Organisation, alice: User, mine: Client, theirs: Client, name: str
) -> None:
    thing = THINGS[name]
    with tenant_scope(shop.pk):
        url = thing.make(alice)

    def saved() -> tuple[bool, bool]:
        with tenant_scope(shop.pk):
            return thing.read()

    here, there = opened(mine, url) | thing.mine, opened(theirs, url) | thing.theirs
    assert theirs.post(url, there | {"do": ["save"]}).status_code == 302
    answer = mine.post(url, here | {"do": ["save"]})
    assert answer.status_code == 409
    page = answer.content.decode()
    said = text(answer)
    assert "Bob saved this page" in said
    for words in thing.told:
        assert words in said[said.index("Somebody else saved") :]
    assert saved() == (True, False)
    shown = form_of(page)
    assert holds(shown, thing.mine)
    both = mine.post(url, shown | {"together": [value(page, "together")]})
    assert "Both changes are together now" in text(both)
    assert saved() == (True, False)
    assert mine.post(url, form_of(both.content.decode()) | {"do": ["save"]}).status_code == 302
    assert saved() == (True, True)
    # Mine alone, over what stands there since.
    assert mine.post(url, shown | {"over": [value(page, "over")]}).status_code == 409
    page = mine.post(url, shown).content.decode()
    assert mine.post(url, shown | {"over": [value(page, "over")]}).status_code == 302
    assert saved() == (False, True)


def test_two_people_on_the_phrases_of_a_language_and_on_its_name(
    shop: Organisation, alice: User, mine: Client, theirs: Client
) -> None:
    made = made_channel(shop, mine)
    with tenant_scope(shop.pk):
        language_services.add_variant(made, name="Québec", locale="fr_CA", fallback="", by=alice)
    url = reverse("translations:phrases", args=[1009, made.public_id, "fr_CA"])
    boxes = [name for name in opened(mine, url) if name.startswith("phrase.")]

    def phrases() -> dict[str, str]:
        with tenant_scope(shop.pk):
            return dict(Variant.objects.get().phrases)

    here = opened(mine, url) | {boxes[0]: ["Mine"], boxes[1]: ["My same"]}
    there = opened(theirs, url) | {boxes[2]: ["Theirs"], boxes[1]: ["Their same"]}
    assert theirs.post(url, there).status_code == 302
    answer = mine.post(url, here)
    assert answer.status_code == 409
    assert "Bob saved this language" in text(answer)
    assert "Their same" in text(answer)
    shown = form_of(answer.content.decode())
    assert [shown[box] for box in boxes[:3]] == [["Mine"], ["My same"], ["Theirs"]]
    assert mine.post(url, shown).status_code == 302
    assert sorted(phrases().values()) == ["Mine", "My same", "Theirs"]

    # Somebody else's phrases are in nobody's way who chooses the default; a language's name and fallback are told, and kept.
    default = area("translations").edit_url(1009, made.public_id)
    chosen = opened(mine, default) | {"default_locale": ["fr_CA"]}
    assert theirs.post(url, opened(theirs, url) | {boxes[3]: ["More"]}).status_code == 302
    assert mine.post(default, chosen).status_code == 302
    change = reverse("translations:change", args=[1009, made.public_id, "fr_CA"])
    fields = {"name": "Québec", "fallback": "", "was_name": "Québec", "was_fallback": ""}
    assert theirs.post(change, fields | {"fallback": "de"}).status_code == 302
    told = mine.post(change, fields | {"name": "Canada"})
    assert told.status_code == 409
    assert "Bob changed this language" in text(told)
    assert 'name="name" value="Canada"' in text(told)
    assert re.search(r'<option value="de" selected', text(told))
    again = {"name": "Canada", "fallback": "de", "was_name": "Québec", "was_fallback": "de"}
    assert mine.post(change, again).status_code == 302
    with tenant_scope(shop.pk):
        assert Variant.objects.values_list("name", "fallback").get() == ("Canada", "de")


def test_two_people_name_a_channel_and_the_second_is_told(
    shop: Organisation, mine: Client, theirs: Client
) -> None:
    made = made_channel(shop, mine)
    url = reverse("channels:rename", args=[1009, made.public_id])
    assert 'name="was" value="Support"' in text(mine.get(url))
    assert theirs.post(url, {"name": "Theirs", "was": "Support"}).status_code == 302
    told = mine.post(url, {"name": "Mine", "was": "Support"}, headers={"HX-Request": "true"})
    assert told.status_code == 409
    assert "Bob named this channel “Theirs”" in text(told)
    assert 'name="name" value="Mine"' in text(told)
    assert value(text(told), "was") == "Theirs"
    assert mine.post(url, {"name": "Mine", "was": "Theirs"}).status_code == 302
    with tenant_scope(shop.pk):
        assert Channel.every.get().name == "Mine"


def test_an_entry_somebody_else_removed_is_said_to_be_gone(
    shop: Organisation, mine: Client, theirs: Client
) -> None:
    made = made_channel(shop, mine)
    url = area("ipblocking").edit_url(1009, made.public_id)
    assert mine.post(url, opened(mine, url) | {"source": ["192.0.2.1\n192.0.2.2"]}).status_code == 302
    entry = {"entry": value(text(mine.get(url)), "entry")}
    remove = reverse("ipblocking:remove", args=[1009, made.public_id])
    assert "removed it meanwhile" not in text(theirs.post(remove, entry, follow=True))
    assert "removed it meanwhile" in text(mine.post(remove, entry, follow=True))
    with tenant_scope(shop.pk):
        assert AddressList.objects.get().size == 1


def test_a_shared_list_somebody_else_took_into_use_is_not_put_down_unnoticed(
    shop: Organisation, mine: Client, theirs: Client
) -> None:
    made = made_channel(shop, mine)
    with tenant_scope(shop.pk):
        bots = AddressList.objects.create(name="Bots")
    url = area("ipblocking").edit_url(1009, made.public_id)
    here = opened(mine, url) | {"source": ["192.0.2.1"]}
    assert theirs.post(url, opened(theirs, url) | {"lists": [str(bots.pk)]}).status_code == 302
    answer = mine.post(url, here)
    assert answer.status_code == 409
    said = text(answer)
    assert "undoes what only they changed: Shared lists" in said
    both = mine.post(url, form_of(answer.content.decode()) | {"together": ["1"]}).content.decode()
    assert mine.post(url, form_of(both)).status_code == 302
    with tenant_scope(shop.pk):
        assert area("ipblocking").dump(made)["entries"] == ["192.0.2.1"]
        assert [one["name"] for one in area("ipblocking").dump(made)["lists"]] == ["Bots"]


# -- No longer there, no longer allowed, no longer signed in ----------------------------------------------------------


def test_what_was_typed_is_shown_to_be_copied_when_the_channel_or_the_role_is_gone(
    shop: Organisation, alice: User, mine: Client, theirs: Client
) -> None:
    made = made_channel(shop, mine)
    url = area("channels_config").edit_url(1009, made.public_id)
    here = opened(mine, url) | {"custom_css": ["b { color: <kept> }"], "oauth_client_secret": ["never back"]}
    with tenant_scope(shop.pk):
        Membership.objects.filter(user=alice).update(role=Role.AUDITOR)
    refused = mine.post(url, here)
    assert refused.status_code == 403
    assert "b { color: &lt;kept&gt; }" in refused.content.decode()
    assert "never back" not in text(refused)
    assert here["seen"][0] not in text(refused)
    # A script has its form still: it is told, and nothing is repeated.
    assert "<kept>" not in text(mine.post(url, here, headers={"HX-Request": "true"}))
    with tenant_scope(shop.pk):
        Membership.objects.filter(user=alice).update(role=Role.ADMIN)
    delete = reverse("channels:delete", args=[1009, made.public_id])
    assert theirs.post(delete, {"name": "Support"}).status_code == 302
    gone = mine.post(url, here)
    assert gone.status_code == 404
    assert "b { color: &lt;kept&gt; }" in gone.content.decode()
    # Nobody else's page shows what another site sends here.
    forged = Client(enforce_csrf_checks=True)
    forged.force_login(alice)
    assert "<kept>" not in text(forged.post(url, here))
    assert "<kept>" not in text(forged.post("/nowhere/", here))


def test_what_was_typed_outlives_the_session_and_signing_in_again(shop: Organisation) -> None:
    password = "a-long-pass-word-of-the-tests"
    alice = member(shop, Role.ADMIN, person("a@example.com", password=password, name="Alice", language="en"))
    mine = signed_in(alice)
    made = made_channel(shop, mine)
    url = area("channels_config").edit_url(1009, made.public_id)
    here = opened(mine, url) | {"custom_css": ["b { color: red }\n"], "release_note": ["a note"]}
    mine.logout()
    # A script is sent to the sign-in page as ever, and holds on to its form; so is a form with nothing in it.
    for fields, headers in (
        (here, {"HX-Request": "true"}),
        ({"seen": ["1"]}, {}),
        (here, {"Sec-Fetch-Mode": "cors"}),
    ):
        assert mine.post(url, fields, headers=headers).status_code == 302
    asked = mine.post(url, here)
    assert asked.status_code == 401
    assert "ce que vous avez saisi est conservé" in text(asked)
    sign_in = {"next": url, "kept": value(asked.content.decode(), "kept"), "email": "a@example.com"}
    wrong = mine.post(reverse("accounts:sign_in"), sign_in | {"password": "wrong"})
    assert wrong.status_code == 422
    assert value(wrong.content.decode(), "kept") == sign_in["kept"]
    there = mine.post(reverse("accounts:sign_in"), sign_in | {"password": password})
    assert there.status_code == 200
    assert "What you typed is still here" in text(there)
    page = there.content.decode().replace('<form method="post" action="/o/', '<form id="kept" action="/o/')
    again = form_of(page, "kept")
    again.pop("csrfmiddlewaretoken")
    assert again == {name: texts for name, texts in here.items() if name != "csrfmiddlewaretoken"}
    assert mine.post(url, again).status_code == 302
    with tenant_scope(shop.pk):
        assert area("channels_config").dump(made)["custom_css"] == "b { color: red }\n"
    forged = Client().post(reverse("accounts:sign_in"), sign_in | {"password": password, "kept": "x:y:z"})
    assert forged.status_code == 302
