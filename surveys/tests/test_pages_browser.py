"""Builder and option editor in Chromium: by keyboard and by drag; no barrier in any state, at any width."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from channels_config.tests.factories import channel
from chatadmin.run.plan import ROOT
from surveys import services
from surveys.defaults import item
from surveys.models import CustomField, SurveyForm
from surveys.tests import factories
from tenants.models import Organisation
from tenants.roles import Role
from tenants.scope import tenant_scope
from tenants.tests.factories import member, organisation, person

pytestmark = pytest.mark.django_db(transaction=True)

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
LONG = "Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz"
TREE: list[dict[str, Any]] = [
    {"name": "a", "label": "Alpha", "parent": None},
    {"name": "b", "label": "Beta", "parent": "a"},
    {"name": "c", "label": "Gamma", "parent": None},
]


@pytest.fixture(autouse=True, scope="module")
def beside_a_browser() -> Iterator[None]:
    """Playwright's synchronous interface looks to Django like an event loop."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        yield


@pytest.fixture
def shop(db: None) -> Organisation:
    return organisation(name="Boutique")


@pytest.fixture
def alice(shop: Organisation) -> User:
    return member(shop, Role.ADMIN, person("alice@example.com"))


@pytest.fixture
def form(shop: Organisation, alice: User) -> SurveyForm:
    """Three questions and a consent, on one channel."""
    support = channel(shop, "Support")
    with tenant_scope(shop.pk):
        factories.field("email", alice, kind="email", label="Courriel")
        factories.field("order", alice, label="Commande")
        factories.field("subject", alice, kind="tree", label="Sujet", values=TREE)
        factories.field("spare", alice, label=LONG)
        condition = {"match": "all", "when": [{"ident": "subject", "test": "under", "value": "a"}]}
        made = factories.form(
            alice,
            item("subject", required=True),
            item("order", show_if=condition, pattern=r"\d+", pattern_message="Des chiffres."),
            item("email", help="Pour vous répondre."),
            item("consent.1", required=True, text=f"J’accepte. {LONG}"),
        )
        factories.asking(support, made, alice)
        return made


def enter(context: BrowserContext, live_server: LiveServer, user: User) -> None:
    client = Client()
    client.force_login(user)
    name = settings.SESSION_COOKIE_NAME
    context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": live_server.url}])


def questions(page: Page) -> Locator:
    return page.locator(".survey-item strong")


def saved(shop: Organisation) -> list[str]:
    with tenant_scope(shop.pk):
        return [one["ident"] for one in SurveyForm.objects.get().document["items"]]


def test_questions_are_put_in_order_by_keyboard_and_by_drag(
    page: Page,
    browser_context: BrowserContext,
    live_server: LiveServer,
    alice: User,
    shop: Organisation,
    form: SurveyForm,
) -> None:
    enter(browser_context, live_server, alice)
    page.goto(live_server.url + reverse("survey_forms:form", args=[shop.number, form.pk]))
    email = page.locator(".survey-item").nth(2)
    email.get_by_role("button", name=re.compile("^Monter")).focus()
    page.keyboard.press("Alt+ArrowUp")
    expect(questions(page)).to_have_text(["Sujet", "Courriel", "Commande", re.compile("^J’accepte")])
    expect(page.locator("[data-said]")).to_have_text("« Courriel » est maintenant au rang 2 sur 4.")
    # The focus goes along; a button is one step more.
    page.keyboard.press("Enter")
    expect(questions(page)).to_have_text(["Courriel", "Sujet", "Commande", re.compile("^J’accepte")])

    handle = page.locator(".survey-item").nth(2).locator("[data-handle]")
    target = page.locator(".survey-item").nth(0)
    handle.scroll_into_view_if_needed()
    start, end = handle.bounding_box(), target.bounding_box()
    assert start is not None
    assert end is not None
    page.mouse.move(start["x"] + 8, start["y"] + 8)
    page.mouse.down()
    page.mouse.move(start["x"] + 8, end["y"] + 10, steps=4)
    page.mouse.move(start["x"] + 8, end["y"] + 4)
    page.mouse.up()
    expect(questions(page)).to_have_text(["Commande", "Courriel", "Sujet", re.compile("^J’accepte")])
    page.locator(".survey-palette button").filter(has_text=LONG).click()
    expect(questions(page)).to_have_count(5)
    page.keyboard.press("Control+s")
    expect(page.locator(".save-bar[data-state=saved]")).to_be_visible()
    assert saved(shop) == ["order", "email", "subject", "consent.1", "spare"]


def test_a_tree_is_arranged_by_keyboard(
    page: Page,
    browser_context: BrowserContext,
    live_server: LiveServer,
    alice: User,
    shop: Organisation,
    form: SurveyForm,
) -> None:
    enter(browser_context, live_server, alice)
    with tenant_scope(shop.pk):
        field = CustomField.objects.get(ident="subject")
    page.goto(live_server.url + reverse("survey_forms:field", args=[shop.number, field.pk]))
    labels = page.locator(".survey-option input[name$=':label']")
    labels.nth(2).focus()
    page.keyboard.press("Alt+ArrowRight")
    expect(page.locator(".survey-option").nth(2)).to_have_class(re.compile("is-level-1"))
    labels.nth(2).press("Alt+ArrowUp")
    expect(labels.nth(1)).to_have_value("Gamma")
    expect(labels.nth(1)).to_be_focused()
    page.keyboard.press("Control+s")
    expect(page).to_have_url(re.compile(r"\?saved$"))
    with tenant_scope(shop.pk):
        assert [(one["name"], one["parent"]) for one in CustomField.objects.get(ident="subject").values] == [
            ("a", None),
            ("c", "a"),
            ("b", "a"),
        ]


@pytest.mark.parametrize(("width", "scheme", "language"), [(390, "dark", "fr"), (1440, "light", "en")])
def test_no_page_has_a_barrier_or_runs_over_its_edge(
    browser: Browser,
    live_server: LiveServer,
    alice: User,
    shop: Organisation,
    form: SurveyForm,
    width: int,
    scheme: Any,
    language: str,
) -> None:
    # axe's probes are styles the console's policy refuses.
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme=scheme,
        bypass_csp=True,
        reduced_motion="reduce",
    )
    alice.language = language
    alice.save()
    empty = organisation(name="Neuve")
    member(empty, Role.ADMIN, alice)
    page = context.new_page()

    def look(state: str) -> None:
        found = page.evaluate(f"{AXE.read_text()}; axe.run(document, {{resultTypes: ['violations']}})")
        faults = [(one["id"], [node["html"][:200] for node in one["nodes"]]) for one in found["violations"]]
        assert faults == [], state
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, state
        if shots := os.environ.get("SURVEY_SHOTS"):
            page.screenshot(path=f"{shots}/{language}-{width}-{state}.png", full_page=True)

    def address(name: str, *more: Any) -> str:
        return live_server.url + reverse(name, args=[shop.number, *more])

    enter(context, live_server, alice)
    with tenant_scope(shop.pk):
        tree = CustomField.objects.get(ident="subject")
        support = form.channels.get().channel.public_id
        seen = services.form_seen(form)
    for state, url in (
        ("forms", address("survey_forms:forms")),
        ("fields", address("survey_forms:fields")),
        ("field", address("survey_forms:field", tree.pk)),
        ("field-new", address("survey_forms:field_new")),
        ("channel", address("surveys:edit", support)),
        ("no-forms", live_server.url + reverse("survey_forms:forms", args=[empty.number])),
        ("no-fields", live_server.url + reverse("survey_forms:fields", args=[empty.number])),
        ("form-new", address("survey_forms:form_new")),
    ):
        page.goto(url)
        look(state)

    page.goto(address("survey_forms:form", form.pk))
    for details in page.locator(".survey-item > details").all():
        details.evaluate("element => { element.open = true }")
    look("builder")
    page.locator("#order-pattern").fill("(a")
    page.locator("#form-name").fill("")
    page.keyboard.press("Control+s")
    expect(page.locator(".error-summary")).to_be_visible()
    look("builder-errors")
    page.goto(address("survey_forms:form", form.pk))
    with tenant_scope(shop.pk):
        services.save_form(form, name="Autre nom", document=form.document, seen=seen, by=alice)
    page.locator("#form-title").fill("Bonjour")
    page.keyboard.press("Control+s")
    expect(page.locator(".conflict")).to_be_visible()
    look("builder-conflict")
    page.goto(address("survey_forms:field_new"))
    page.locator("#field-kind").select_option("tree")
    expect(page.locator("#field-options")).to_be_visible()
    page.keyboard.press("Control+s")
    expect(page.locator(".error-summary")).to_be_visible()
    look("field-errors")
    context.close()
