"""Two admins on one page, in two browsers: every area and every thing of the organisation's own, the second one told."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser, BrowserContext, Dialog, Locator, Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from areas.registry import area
from channels_config.models import Channel
from chatadmin.run.plan import ROOT
from ipblocking.models import AddressList
from surveys.tests import factories
from tenants.models import Membership, Organisation
from tenants.roles import Role
from tenants.scope import tenant_scope
from tenants.tests.factories import member, organisation, person
from tests.browser import paste
from tests.pages import Fields, form_of
from translations import services as language_services

pytestmark = pytest.mark.django_db(transaction=True)

PASSWORD = "a-long-pass-word-of-the-tests"
AXE = Path(ROOT / "node_modules/axe-core/axe.min.js")


@pytest.fixture(autouse=True, scope="module")
def beside_a_browser() -> Iterator[None]:
    """Playwright's synchronous interface looks to Django like an event loop, until the database is emptied after a test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        yield


@pytest.fixture
def shop(db: None) -> Organisation:
    return organisation(1009, "Boutique")


@pytest.fixture
def alice(shop: Organisation) -> User:
    return member(shop, Role.ADMIN, person("alice@example.com", password=PASSWORD, name="Alice"))


@pytest.fixture
def bob(shop: Organisation) -> Client:
    """The other one, who saves first."""
    return signed_in(member(shop, Role.ADMIN, person("bob@example.com", name="Bob")))


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def enter(context: BrowserContext, live_server: LiveServer, user: User) -> None:
    client = signed_in(user)
    name = settings.SESSION_COOKIE_NAME
    context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": live_server.url}])


@pytest.fixture
def at_work(page: Page, browser_context: BrowserContext, live_server: LiveServer, alice: User) -> Page:
    enter(browser_context, live_server, alice)
    return page


def made(shop: Organisation, client: Client, kind: str, name: str) -> Channel:
    view = "guides" if kind == "guide" else "channels"
    assert (
        client.post(reverse(f"{view}:create", args=[1009]), {"name": name, "kind": kind}).status_code == 302
    )
    with tenant_scope(shop.pk):
        return Channel.every.get(name=name)


def saves(client: Client, url: str, changes: Fields) -> None:
    """Bob opens the page and saves it, changed."""
    fields = form_of(client.get(url).content.decode()) | changes
    assert client.post(url, fields | {"release_note": ["leur note"], "do": ["save"]}).status_code == 302


@dataclass(frozen=True)
class Case:
    """`types` is what Alice does on the page; `typed`: selector -> what stands there then, and must still when she is told."""

    url: str
    theirs: Fields
    types: Callable[[Page], None]
    typed: dict[str, str]
    told: tuple[str, str]
    mergeable: bool = True
    #: Selector -> what stands there when both are put together.
    both: dict[str, str] | None = None


def fill(**values: str) -> Callable[[Page], None]:
    def types(page: Page) -> None:
        for name, text in values.items():
            page.locator(f"#settings [name={name}]").last.fill(text)

    return types


def every_page(shop: Organisation, alice: User, bob: Client) -> dict[str, Case]:
    chat, live, guide = (
        made(shop, bob, kind, name)
        for kind, name in (("messaging", "Support"), ("live", "En direct"), ("guide", "Site"))
    )
    with tenant_scope(shop.pk):
        forms = {one: str(factories.form(alice, name=one).public_id) for one in ("Leur", "Mien")}
        contact = factories.form(alice, name="Contact")
        factories.field("city", alice)
        options = [{"name": one, "label": one, "parent": None} for one in ("un", "deux")]
        subject = factories.field("subject", alice, kind="list", label="Sujet", values=options)
        bots = AddressList.objects.create(name="Robots")
        language_services.add_variant(chat, name="Québec", locale="fr_CA", fallback="", by=alice)

    def at(name: str, channel: Channel) -> str:
        return area(name).edit_url(1009, channel.public_id)

    phrases = reverse("translations:phrases", args=[1009, chat.public_id, "fr_CA"])
    boxes = [name for name in form_of(bob.get(phrases).content.decode()) if name.startswith("phrase.")]

    def look(page: Page) -> None:
        paste(page, "custom_css", "b { color: mine }")
        page.locator("#id_color_theme").fill("#123456")

    last_type = "tbody [name=media_type] >> nth=-1"

    def restrict(page: Page) -> None:
        page.locator("#id_add").fill("font/woff2")
        page.locator("[data-add]").click()
        expect(page.locator(last_type)).to_have_value("font/woff2")
        page.locator("#id_add").fill("half-writ")

    def sign_in(page: Page) -> None:
        page.locator("label[for=id_mode_2]").click()
        page.locator("#id_oauth_client_id").fill("mine")
        page.locator("#id_oauth_authorize_endpoint").fill("https://login.example.com/token")
        page.locator("#id_oauth_userinfo_endpoint").fill("https://login.example.com/me")
        page.locator("#id_oauth_client_secret").fill("my-secret-of-the-tests-that-is-long")
        page.locator("#discovery").fill("https://half.example")

    def ask(page: Page) -> None:
        page.locator(f"#settings label:has([value='{forms['Mien']}'])").click()

    def build(page: Page) -> None:
        page.locator("[name=do][value='add:city']").click()
        page.locator("#settings [name='city:help']").evaluate("one => { one.closest('details').open = true }")
        page.locator("#settings [name='city:help']").fill("Mon aide")

    def translate(page: Page) -> None:
        page.locator(f"textarea[name='{boxes[0]}']").fill("Le mien")
        page.locator(f"textarea[name='{boxes[1]}']").fill("Mon même")

    def default(page: Page) -> None:
        page.locator("#id_default_locale").select_option("fr_CA")

    return {
        "look": Case(
            at("channels_config", chat),
            {"color_button": ["#998877"]},
            look,
            {"#id_color_theme": "#123456"},
            ("#998877", "b { color: mine }"),
            both={"#id_color_button": "#998877", "#id_color_theme": "#123456"},
        ),
        "files": Case(
            at("file_restrictions", chat),
            {"max_size_mb": ["7"]},
            restrict,
            {last_type: "font/woff2", "#id_add": "half-writ"},
            ("7", "font/woff2"),
            both={"#id_max_size_mb": "7", last_type: "font/woff2"},
        ),
        "addresses": Case(
            at("ipblocking", chat),
            {"source": ["192.0.2.7"]},
            fill(source="198.51.100.9"),
            {"#id_source": "198.51.100.9"},
            ("192.0.2.7", "198.51.100.9"),
            both={"#id_source": "192.0.2.7\n198.51.100.9"},
        ),
        "list": Case(
            reverse("address_lists:edit", args=[1009, bots.pk]),
            {"source": ["192.0.2.8"]},
            fill(source="198.51.100.8", name="Mes robots"),
            {"#id_source": "198.51.100.8", "#id_name": "Mes robots"},
            ("192.0.2.8", "Mes robots"),
            both={"#id_source": "192.0.2.8\n198.51.100.8", "#id_name": "Mes robots"},
        ),
        "sign-in": Case(
            at("auth_config", chat),
            {"retention_days": ["77"]},
            sign_in,
            {"#id_oauth_client_id": "mine", "#id_oauth_client_secret": "my-secret-of-the-tests-that-is-long", "#discovery": "https://half.example"},
            ("77", "mine"),
            both={"#id_retention_days": "77", "#id_oauth_client_id": "mine", "#id_oauth_client_secret": "my-secret-of-the-tests-that-is-long"},
        ),
        "hours": Case(
            at("live_chat", live),
            {"monday": ["10:00–11:00"]},
            fill(tuesday="08:00–09:00", holiday_name="À moitié", holiday_date="2027-01-04"),
            {"[name=tuesday]": "08:00–09:00", "[name=holiday_name] >> nth=0": "À moitié"},
            ("10:00", "À moitié"),
            both={"[name=monday]": "10:00–11:00", "[name=tuesday]": "08:00–09:00"},
        ),
        "guide": Case(
            at("guide", guide),
            {"text_title": ["Leur titre"]},
            fill(color_header="#123456"),
            {"#id_color_header": "#123456"},
            ("Leur titre", "#123456"),
            both={"#id_text_title": "Leur titre", "#id_color_header": "#123456"},
        ),
        "survey": Case(
            at("surveys", chat), {"survey": [forms["Leur"]]}, ask, {}, ("Leur", "Mien"), mergeable=False
        ),
        "form": Case(
            reverse("survey_forms:form", args=[1009, contact.pk]),
            {"title": ["Leur titre"]},
            build,
            {"[name='city:help']": "Mon aide"},
            ("Leur titre", "Mon aide"),
            both={"#form-title": "Leur titre", "[name='city:help']": "Mon aide"},
        ),
        "field": Case(
            reverse("survey_forms:field", args=[1009, subject.pk]),
            {"0:label": ["Leur un"]},
            fill(label="Mon sujet"),
            {"#field-label": "Mon sujet"},
            ("Leur un", "Mon sujet"),
            both={"#field-label": "Mon sujet", "[name='0:label']": "Leur un"},
        ),
        "default": Case(
            at("translations", chat), {"default_locale": ["de"]}, default, {"#id_default_locale": "fr_CA"}, ("de", "fr_CA"), mergeable=False
        ),
        "phrases": Case(
            phrases,
            {boxes[2]: ["Le leur"], boxes[1]: ["Leur même"]},
            translate,
            {f"textarea[name='{boxes[0]}']": "Le mien", f"textarea[name='{boxes[1]}']": "Mon même", f"textarea[name='{boxes[2]}']": "Le leur"},
            ("Leur même", "Mon même"),
            mergeable=False,
        ),
    }  # fmt: skip


def opens(page: Page, live_server: LiveServer, url: str) -> None:
    """Open a page; its script is at work once the save bar says so."""
    page.goto(live_server.url + url)
    expect(page.locator("#settings .save-bar")).to_have_attribute("data-state", "clean")


def without_barriers(page: Page, part: str) -> None:
    """The part that is new; whole pages are looked at by the tests of their rooms."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text())
    found = page.evaluate("part => axe.run(part, {resultTypes: ['violations']})", part)
    faults = [(fault["id"], [node["html"][:200] for node in fault["nodes"]]) for fault in found["violations"]]
    assert faults == [], page.url
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, page.url


def alone(context: BrowserContext) -> None:
    """Without what pages ask for by themselves, which is tried elsewhere: nothing is under way when the test ends."""
    context.route("**/preview/frame/**", lambda route: route.fulfill(body="", content_type="text/html"))
    context.route(re.compile(r"/(saved|states|progress)/$"), lambda route: route.fulfill(status=204))
    context.route(re.compile(r"/preview/$"), lambda route: route.abort())


def note(page: Page) -> Locator:
    """The note for the history; a field's page has none."""
    return page.locator("#settings .save-note input")


def test_the_second_sees_both_versions_keeps_what_was_typed_and_puts_both_together(
    at_work: Page,
    browser_context: BrowserContext,
    live_server: LiveServer,
    shop: Organisation,
    alice: User,
    bob: Client,
) -> None:
    page = at_work
    alone(browser_context)
    for name, case in every_page(shop, alice, bob).items():
        opens(page, live_server, case.url)
        case.types(page)
        note(page).fill("ma note")
        saves(bob, case.url, case.theirs)
        page.keyboard.press("Control+s")
        notice = page.locator(".conflict")
        # A screen reader hears it at once (alert), and the keyboard goes on from it.
        expect(notice).to_be_focused()
        expect(notice).to_be_in_viewport()
        expect(notice).to_have_attribute("role", "alert")
        for words in ("Bob a enregistré", *case.told):
            expect(notice, name).to_contain_text(words)
        for selector, text in case.typed.items():
            expect(page.locator(selector), name).to_have_value(text)
        expect(note(page), name).to_have_value("ma note")
        expect(page.locator("#settings .save-bar"), name).to_have_attribute("data-state", "dirty")
        if name == "look":
            assert page.evaluate("document.querySelector('code-editor').value") == "b { color: mine }"
        without_barriers(page, ".conflict")
        if case.both is not None:
            notice.get_by_role("button", name="Réunir les deux").click()
            last = notice.get_by_role("button", name="Enregistrer les deux")
            expect(last).to_be_visible()
            expect(notice).to_be_focused()
            for selector, text in case.both.items():
                expect(page.locator(selector), name).to_have_value(text)
            expect(note(page), name).to_have_value("ma note")
        else:
            last = notice.locator("button.btn-primary")
        last.click()
        expect(notice, name).to_have_count(0)
        expect(page.locator("#settings .save-bar"), name).to_have_attribute("data-state", "saved")


def test_on_a_phone_in_the_dark_with_or_without_script_theirs_can_be_taken(
    browser: Browser, live_server: LiveServer, shop: Organisation, alice: User, bob: Client
) -> None:
    alice.language = "en"
    alice.save(update_fields=["language"])
    cases = every_page(shop, alice, bob)
    expect.set_options(timeout=30_000)
    for scripted, names in (
        (True, ("sign-in", "hours", "field")),
        (False, ("addresses", "guide", "survey", "phrases")),
    ):
        context = browser.new_context(
            viewport={"width": 390, "height": 800},
            color_scheme="dark",
            reduced_motion="reduce",
            java_script_enabled=scripted,
        )
        context.set_default_timeout(30_000)
        alone(context)
        enter(context, live_server, alice)
        page = context.new_page()
        for name in names:
            case = cases[name]
            page.goto(live_server.url + case.url)
            if scripted:
                expect(page.locator("#settings .save-bar")).to_have_attribute("data-state", "clean")
            case.types(page)
            saves(bob, case.url, case.theirs)
            page.locator("#settings .save-bar [type=submit]").click()
            notice = page.locator(".conflict")
            expect(notice, name).to_be_focused()
            expect(notice, name).to_contain_text(re.compile("Bob saved this (page|language)"))
            for selector, text in case.typed.items():
                expect(page.locator(selector), name).to_have_value(text)
            if scripted:
                without_barriers(page, ".conflict")
            notice.get_by_role("link", name="Take theirs").click()
            expect(notice, name).to_have_count(0)
            expect(page.locator("#settings"), name).to_be_visible()
        page.goto("about:blank")
        context.close()


def test_a_session_that_ended_a_lost_role_and_a_deleted_channel_leave_what_was_typed(
    at_work: Page,
    browser_context: BrowserContext,
    live_server: LiveServer,
    shop: Organisation,
    alice: User,
    bob: Client,
) -> None:
    page = at_work
    alone(browser_context)
    chat = made(shop, bob, "messaging", "Support")
    opens(page, live_server, area("ipblocking").edit_url(1009, chat.public_id))
    box, refusal, bar = page.locator("#id_source"), page.locator(".save-refused"), page.locator(".save-bar")

    # The session ends; in another tab she signs in anew, which gives the console another token, too.
    box.fill("192.0.2.1")
    [session] = [
        one["value"] for one in browser_context.cookies() if one["name"] == settings.SESSION_COOKIE_NAME
    ]
    Session.objects.get(session_key=session).delete()
    page.keyboard.press("Control+s")
    expect(refusal).to_be_focused()
    expect(refusal).to_contain_text("Votre session est terminée")
    expect(box).to_have_value("192.0.2.1")
    without_barriers(page, ".save-refused")
    with page.expect_popup() as opened:
        refusal.get_by_role("link", name="Se connecter").click()
    tab = opened.value
    tab.locator("[name=email]").fill("alice@example.com")
    tab.locator("[name=password]").fill(PASSWORD)
    tab.locator(".sign-in .btn-primary").click()
    expect(tab.locator("#id_source")).to_have_value("")
    tab.close()
    page.bring_to_front()
    page.evaluate("dispatchEvent(new Event('focus'))")
    expect(refusal).to_contain_text("de nouveau ouverte")
    page.keyboard.press("Control+s")
    expect(bar).to_have_attribute("data-state", "saved")
    expect(refusal).to_have_count(0)

    # Signed in anew elsewhere without a word here: the form is sent once more with the new token.
    box.fill("192.0.2.2")
    browser_context.add_cookies(
        [{"name": settings.CSRF_COOKIE_NAME, "value": "x" * 32, "url": live_server.url}]
    )
    page.keyboard.press("Control+s")
    expect(bar).to_have_attribute("data-state", "saved")
    with tenant_scope(shop.pk):
        assert AddressList.objects.get().kept == ["192.0.2.2"]

    with tenant_scope(shop.pk):
        Membership.objects.filter(user=alice).update(role=Role.AUDITOR)
    box.fill("192.0.2.3")
    page.keyboard.press("Control+s")
    expect(refusal).to_be_focused()
    expect(refusal).to_contain_text("votre rôle ne le permet pas")
    with tenant_scope(shop.pk):
        Membership.objects.filter(user=alice).update(role=Role.ADMIN)
    delete = reverse("channels:delete", args=[1009, chat.public_id])
    assert bob.post(delete, {"name": "Support"}).status_code == 302
    page.keyboard.press("Control+s")
    expect(refusal).to_contain_text("a été supprimé")
    expect(refusal).to_have_count(1)
    expect(box).to_have_value("192.0.2.3")
    expect(bar).to_have_attribute("data-state", "dirty")
    # Leaving asks.
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", stay)
    page.goto("about:blank")
    assert asked == ["beforeunload"]
