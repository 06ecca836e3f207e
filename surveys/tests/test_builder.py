"""The builder without a script: every button is a submit, nothing typed is lost, what is wrong is said at its place."""

from __future__ import annotations

import re
from typing import Any, cast

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation

from accounts.models import User
from audit.models import Entry
from channels_config.models import Channel
from channels_config.tests.factories import channel
from publishing.models import Release
from surveys import services
from surveys.area import AREA
from surveys.defaults import default_form, item
from surveys.models import ChannelSurvey, ConsentText, CustomField, SurveyForm
from surveys.tasks import sweep
from surveys.tests import factories
from tenants.models import Organisation
from tenants.roles import Role
from tenants.scope import tenant_scope
from tenants.tests.factories import member, organisation, person

pytestmark = pytest.mark.django_db

HOSTILE = "</textarea><script>alert(1)</script>{{ 7*7 }}\";'--"


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
def fields(shop: Organisation, alice: User) -> None:
    with tenant_scope(shop.pk):
        factories.field("email", alice, kind="email", label="E-mail")
        factories.field("subject", alice, kind="list", label="Subject")
        factories.field("order", alice, label="Order")


def new(shop: Organisation) -> str:
    return reverse("survey_forms:form_new", args=[shop.number])


def posted(*idents: str, **more: Any) -> dict[str, Any]:
    """What the builder posts with these questions."""
    return {"name": "Form", "title": "", "intro": "", "submit": "", "item": list(idents), **more}


def order(page: str) -> list[str]:
    return re.findall(r'name="item" value="([^"]+)"', page)


@pytest.mark.usefixtures("fields")
def test_questions_are_added_moved_and_removed_by_submit_buttons(admin: Client, shop: Organisation) -> None:
    url = new(shop)
    page = admin.post(url, posted(do="add:email", intro=HOSTILE)).content.decode()
    assert order(page) == ["email"]
    assert "<script>alert(1)" not in page
    assert "&lt;/textarea&gt;&lt;script&gt;alert(1)" in page
    page = admin.post(url, posted("email", "subject", "order", do="up:order")).content.decode()
    assert order(page) == ["email", "order", "subject"]
    assert "“Order” is now number 2 of 3." in page
    page = admin.post(url, posted("email", "order", "subject", do="down:email")).content.decode()
    assert order(page) == ["order", "email", "subject"]
    assert order(admin.post(url, posted("email", "order", do="remove:email")).content.decode()) == ["order"]
    assert order(admin.post(url, posted("email", do="consent")).content.decode()) == ["email", "consent.1"]
    with tenant_scope(shop.pk):
        assert not SurveyForm.objects.exists()


@pytest.mark.usefixtures("fields")
def test_the_navigation_marks_this_page_and_no_other(admin: Client, shop: Organisation) -> None:
    page = admin.get(reverse("survey_forms:form_new", args=[shop.number])).content.decode()
    navigation = page[page.index('id="sidenav"') : page.index("</nav>", page.index('id="sidenav"'))]
    assert re.findall(r'aria-current="\w+">([^<]+)<', navigation) == ["Forms"]


@pytest.mark.usefixtures("fields")
def test_a_form_is_saved_as_it_was_built(admin: Client, shop: Organisation) -> None:
    data = posted(
        "subject",
        "order",
        "consent.1",
        do="save",
        **{
            "order:required": "on",
            "order:pattern": r"\d{5}",
            "order:pattern_message": "Five digits.",
            "order:max_length": "5",
            "order:autocomplete": "off",
            "order:when": ["0"],
            "order:match": "all",
            "order:0:ident": "subject",
            "order:0:test": "is",
            "order:0:value": "billing",
            "consent.1:text": "I agree.",
            "consent.1:required": "on",
            "consent.1:version": "1",
        },
    )
    assert admin.post(new(shop), data).status_code == 302
    with tenant_scope(shop.pk):
        items = SurveyForm.objects.get().document["items"]
        assert items[1] == item(
            "order",
            required=True,
            pattern=r"\d{5}",
            pattern_message="Five digits.",
            max_length=5,
            autocomplete="off",
            show_if={"match": "all", "when": [{"ident": "subject", "test": "is", "value": "billing"}]},
        )
        assert ConsentText.objects.get().text == "I agree."


@pytest.mark.usefixtures("fields")
def test_what_is_wrong_is_said_at_its_place_and_nothing_is_lost(admin: Client, shop: Organisation) -> None:
    data = posted(
        "order",
        "subject",
        do="save",
        name="",
        **{
            "order:pattern": "(a",
            "order:max_length": "many",
            "subject:default": "nothing",
            "order:help": "Kept",
        },
    )
    answer = admin.post(new(shop), data)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "Give the form a name." in page
    assert "The bracket at character 1 is never closed." in page
    assert "A whole number from 1 to 1,024 belongs here." in page
    assert 'value="Kept"' in page
    data |= {"name": "Form", "order:pattern": "", "order:max_length": ""}
    assert "none of the field’s options" in admin.post(new(shop), data).content.decode()


@pytest.mark.usefixtures("fields")
@pytest.mark.parametrize(
    ("conditions", "sentence"),
    [
        ({"order": ("subject", "answered", ""), "subject": ("order", "answered", "")}, "wait for each other"),
        ({"order": ("subject", "is", "nothing")}, "can never be true"),
        ({"order": ("email", "answered", "")}, "not in this form"),
        ({"order": ("subject", "is", "")}, "Say with which answer"),
    ],
)
def test_conditions_that_cannot_be_are_refused(
    admin: Client, shop: Organisation, conditions: dict[str, tuple[str, str, str]], sentence: str
) -> None:
    data = posted("subject", "order", do="save")
    for ident, (about, test, value) in conditions.items():
        data |= {
            f"{ident}:when": ["0"],
            f"{ident}:0:ident": about,
            f"{ident}:0:test": test,
            f"{ident}:0:value": value,
        }
    answer = admin.post(new(shop), data)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()


def test_changed_words_of_a_consent_are_a_new_version(shop: Organisation, alice: User) -> None:
    with tenant_scope(shop.pk):
        form = factories.form(alice, item("consent.1", text="First words."))
        assert form.document["items"][0]["version"] == 1
        for words, version in (("First words.", 1), ("Other words.", 2), ("First words.", 3)):
            document = {**form.document, "items": [item("consent.1", text=words)]}
            form = services.save_form(form, name=form.name, document=document, seen=None, by=alice)
            assert form.document["items"][0]["version"] == version
        assert list(ConsentText.objects.order_by("version").values_list("text", flat=True)) == [
            "First words.",
            "Other words.",
            "First words.",
        ]


def test_who_was_overtaken_sees_both_versions_and_may_insist(
    admin: Client, shop: Organisation, alice: User
) -> None:
    with tenant_scope(shop.pk):
        form = factories.form(alice)
        seen = services.form_seen(form)
        services.save_form(form, name="Theirs", document=form.document, seen=None, by=alice)
    url = reverse("survey_forms:form", args=[shop.number, form.pk])
    data = posted("email", do="save", seen=seen, name="Mine")
    answer = admin.post(url, data)
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "Theirs" in page
    assert 'value="Mine"' in page
    over = re.search(r'name="over" value="([0-9a-f]{64})"', page)
    assert over is not None
    assert admin.post(url, data | {"over": over[1]}).status_code == 302
    with tenant_scope(shop.pk):
        assert SurveyForm.objects.get().name == "Mine"


def test_two_forms_of_one_name_are_refused(admin: Client, shop: Organisation, alice: User) -> None:
    with tenant_scope(shop.pk):
        factories.form(alice, name="Form")
    answer = admin.post(new(shop), posted("email", do="save", name="FORM"))
    assert answer.status_code == 422
    assert "a form of this name already" in answer.content.decode()


def test_a_form_a_channel_asks_is_not_deleted(admin: Client, shop: Organisation, alice: User) -> None:
    from channels_config.tests.factories import channel

    support = channel(shop, "Support")
    with tenant_scope(shop.pk):
        form = factories.form(alice)
        factories.asking(support, form, alice)
    url = reverse("survey_forms:form_delete", args=[shop.number, form.pk])
    assert "Support" in admin.post(url, follow=True).content.decode()
    with tenant_scope(shop.pk):
        assert SurveyForm.objects.exists()
        services.ask_on(support, None, seen=None, by=alice)
    admin.post(url)
    with tenant_scope(shop.pk):
        assert not SurveyForm.objects.exists()
        # The words of consents are kept: proofs refer to them.
        assert CustomField.objects.exists()


def test_a_broken_half_of_a_pattern_is_no_reason_for_the_preview_to_go(
    admin: Client, shop: Organisation, alice: User
) -> None:
    with tenant_scope(shop.pk):
        factories.field("order", alice)
    url = reverse("survey_forms:preview", args=[shop.number])
    answer = admin.post(url, posted("order", **{"order:pattern": "(a", "order:help": "Help"}))
    assert answer.json()["document"]["preContactRules"]["items"] == [
        {"ident": "order", "required": False, "help": "Help"}
    ]


def test_a_form_is_given_to_many_channels_on_its_own_page(
    admin: Client, shop: Organisation, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, third = (channel(shop, name) for name in ("Un", "Deux", "Trois"))
    chat_of_another = channel(organisation(name="Ailleurs"), "Leurs")
    with tenant_scope(shop.pk):
        mine, other = factories.form(alice, name="Mine"), factories.form(alice, name="Other")
        factories.asking(second, other, alice)
    page = reverse("survey_forms:form", args=[shop.number, mine.pk])
    url = reverse("survey_forms:form_channels", args=[shop.number, mine.pk])
    text = admin.get(page).content.decode()
    assert "asks “Other”" in text
    assert "Leurs" not in text

    def post(*to: Channel, shown: dict[Channel, str], **more: Any) -> HttpResponse:
        data = {
            "to": [one.public_id for one in to],
            "shown": [one.public_id for one in shown],
            "was": list(shown.values()),
        }
        return cast("HttpResponse", admin.post(url, data, **more))

    def asked() -> list[str]:
        with tenant_scope(shop.pk):
            forms = [AREA.dump(one)["form"] for one in (first, second, third)]
        return [one["name"] if one else "" for one in forms]

    before = {first: "", second: str(other.public_id), third: "", chat_of_another: ""}
    assert post(first, second, chat_of_another, shown=before).status_code == 302
    assert asked() == ["Mine", "Mine", ""]
    with tenant_scope(shop.pk):
        assert Release.objects.filter(channel__in=[first, second]).count() == 3
        assert Entry.objects.filter(action="draft.saved", subject=first.public_id).exists()
    with tenant_scope(chat_of_another.tenant_id):
        assert not ChannelSurvey.objects.exists()

    # What the page did not show as it is now is somebody else's doing, and is left alone.
    htmx = {"HTTP_HX_REQUEST": "true"}
    answer = post(third, shown={second: str(other.public_id), third: ""}, **htmx)
    text = answer.content.decode()
    assert asked() == ["Mine", "Mine", "Mine"]
    assert "The channels were saved." in text
    answer = post(shown={first: str(mine.public_id), third: ""}, **htmx)
    assert asked() == ["", "Mine", "Mine"]
    answer = post(first, shown={first: str(other.public_id), second: "!"}, **htmx)
    assert "“Un” was changed by somebody else meanwhile" in answer.content.decode()
    assert asked() == ["", "Mine", "Mine"]

    monkeypatch.setattr(services, "MOST_TO_END", 1)
    now = {first: "", second: str(mine.public_id), third: str(mine.public_id)}
    assert post(first, shown=now, **htmx).status_code == 422
    assert asked() == ["", "Mine", "Mine"]
    # Of many, those a request does not take are left to a worker.
    assert post(second, shown={second: now[second], third: now[third]}, **htmx).status_code == 200
    assert asked() == ["", "Mine", ""]
    monkeypatch.setattr(services, "AT_ONCE", 1)
    fourth = channel(shop, "Quatre")
    answer = post(first, third, fourth, shown={first: "", third: "", fourth: ""}, **htmx)
    assert "2 of 4 channels have the newest state" in answer.content.decode()
    sweep()
    with tenant_scope(shop.pk):
        assert AREA.dump(first)["form"] == AREA.dump(fourth)["form"]
    assert asked() == ["Mine", "Mine", "Mine"]
    assert post(first, shown={}, **htmx).status_code == 200
    reader = Client()
    reader.force_login(member(shop, Role.AUDITOR, person("rita@example.com")))
    assert reader.post(url).status_code == 403
    assert "form-channels" in reader.get(page).content.decode()


def test_lists_ask_as_often_for_three_forms_as_for_one(
    admin: Client, shop: Organisation, alice: User
) -> None:
    urls = [reverse(f"survey_forms:{name}", args=[shop.number]) for name in ("forms", "fields")]
    with tenant_scope(shop.pk):
        factories.form(alice, name="Un")
    counted = []
    for names in ((), ("Deux", "Trois")):
        for name in names:
            with tenant_scope(shop.pk):
                factories.asking(channel(shop, name), factories.form(alice, name=name), alice)
                factories.field(name, alice)
        for url in urls:
            admin.get(url)
            with CaptureQueriesContext(connection) as taken:
                admin.get(url)
            counted.append(len(taken))
    assert counted[:2] == counted[2:]


def test_a_default_form_is_offered_until_its_kind_has_one_in_any_language(
    admin: Client, shop: Organisation, alice: User
) -> None:
    support, live = channel(shop, "Support"), channel(shop, "Direct", kind="live")

    def offered(found: Channel) -> bool:
        page = admin.get(reverse("surveys:edit", args=[shop.number, found.public_id])).content.decode()
        return 'value="default"' in page

    with tenant_scope(shop.pk):
        factories.form(alice, name="Mine")
    assert offered(support)
    with tenant_scope(shop.pk), translation.override("fr"):
        made = default_form("messaging", by=alice)
    assert made.name == "Formulaire par défaut, messagerie"
    assert not offered(support)
    assert offered(live)
    with tenant_scope(shop.pk):
        assert default_form("messaging", by=alice) == made


@pytest.mark.parametrize("kind", ["messaging", "live"])
def test_each_kind_has_a_default_form(shop: Organisation, alice: User, kind: str) -> None:
    with tenant_scope(shop.pk):
        made = default_form(kind, by=alice)
        assert default_form(kind, by=alice) == made
        assert [one["ident"] for one in made.document["items"]][:2] == ["name", "email"]
