"""The console's front end in Chromium: shell, dialogs, palette, save bar, code editor; with and without script."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from channels_config.models import Channel
from channels_config.tests.factories import channel
from chatadmin.run.plan import ROOT
from publishing.tests.factories import release
from tenants.models import Organisation
from tenants.roles import Role
from tenants.scope import tenant_scope
from tenants.tests.factories import member, organisation, person

pytestmark = pytest.mark.django_db(transaction=True)

AXE = Path(ROOT / "node_modules/axe-core/axe.min.js")
LONG = "Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz-Kundenbetreuungschat"


@pytest.fixture(autouse=True, scope="module")
def beside_a_browser() -> Iterator[None]:
    """Playwright's synchronous interface looks to Django like an event loop, until the database is emptied after a test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        yield


@pytest.fixture(autouse=True)
def with_the_page_of_parts(settings: Any) -> None:
    settings.ROOT_URLCONF = "console.tests.pages"


@pytest.fixture
def shop(db: None) -> Organisation:
    return organisation(name="Boutique")


@pytest.fixture
def alice(shop: Organisation) -> User:
    return member(shop, Role.ADMIN, person("alice@example.com"))


def enter(context: BrowserContext, live_server: LiveServer, user: User) -> None:
    """Signed in without the sign-in page, which other tests try."""
    client = Client()
    client.force_login(user)
    name = settings.SESSION_COOKIE_NAME
    context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": live_server.url}])


@pytest.fixture
def at_work(page: Page, browser_context: BrowserContext, live_server: LiveServer, alice: User) -> Page:
    enter(browser_context, live_server, alice)
    return page


@pytest.fixture
def chat(live_server: LiveServer, shop: Organisation) -> str:
    return live_server.url + reverse("channels:list", args=[shop.number])


def bar(page: Page) -> Locator:
    return page.locator(".save-bar")


def code(page: Page, which: int = 0) -> Locator:
    return page.locator("code-editor .cm-content").nth(which)


# --- how it looks to everybody ---


@pytest.fixture
def looked_at(browser: Browser, request: pytest.FixtureRequest) -> Iterator[BrowserContext]:
    """A context that lets axe in: its probes are styles the console's policy refuses."""
    width, scheme = request.param
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme=scheme,
        bypass_csp=True,
        reduced_motion="reduce",
    )
    yield context
    context.close()


@pytest.mark.parametrize(
    "looked_at", [(390, "dark"), (1024, "light"), (1440, "dark"), (390, "light")], indirect=True, ids=str
)
def test_no_page_has_a_barrier_or_runs_over_its_edge(
    looked_at: BrowserContext, live_server: LiveServer, alice: User, shop: Organisation
) -> None:
    channels = [channel(shop, name) for name in ("Ventes", LONG, "<script>alert(1)</script>")]
    release(channels[0])
    empty = organisation(name="Neuve")
    member(empty, Role.AUDITOR, alice)

    def look(page: Page) -> None:
        found = page.evaluate(f"{AXE.read_text()}; axe.run(document, {{resultTypes: ['violations']}})")
        faults = [
            (fault["id"], [node["html"][:200] for node in fault["nodes"]]) for fault in found["violations"]
        ]
        assert faults == [], page.url
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, page.url

    page = looked_at.new_page()
    page.goto(f"{live_server.url}/sign-in/")
    page.locator(".sign-in .btn-primary").click()
    expect(page.locator(".field-error")).to_have_count(2)
    look(page)
    enter(looked_at, live_server, alice)
    address = [shop.number, channels[1].public_id]
    for url in (
        reverse("home") + "?choose=1",
        reverse("help", args=[shop.number]),
        reverse("organisation", args=[shop.number]),
        reverse("channels:list", args=[shop.number]),
        reverse("channels:list", args=[shop.number]) + "?q=nothing-of-the-kind",
        reverse("channels:list", args=[empty.number]),
        reverse("organisation", args=[empty.number]),
        reverse("channels:create", args=[shop.number]),
        reverse("channels:create", args=[empty.number]),
        reverse("channels:delete", args=address),
        reverse("channels:duplicate", args=address),
        "/nowhere/",
        "/parts/",
    ):
        page.goto(live_server.url + url)
        look(page)
    for menu in ("apps", "account"):
        page.goto(live_server.url + reverse("channels:list", args=[shop.number]))
        page.locator(f"[popovertarget={menu}]").click()
        look(page)
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    expect(page.locator(".palette-option").first).to_be_visible()
    look(page)


def test_the_theme_changes_at_once_and_stays(at_work: Page, chat: str, alice: User) -> None:
    at_work.goto(chat)
    light = at_work.evaluate("getComputedStyle(document.body).backgroundColor")
    at_work.locator("[popovertarget=themes]").click()
    with at_work.expect_response("**/account/theme/"):
        at_work.locator("#themes button[value=dark]").click()
    expect(at_work.locator("body")).not_to_have_css("background-color", light)
    dark = at_work.evaluate("getComputedStyle(document.body).backgroundColor")
    at_work.reload()
    assert at_work.evaluate("getComputedStyle(document.body).backgroundColor") == dark
    assert at_work.locator("html").get_attribute("data-bs-theme") == "dark"


def test_like_the_device_needs_no_script(browser: Browser, live_server: LiveServer) -> None:
    context = browser.new_context(java_script_enabled=False, color_scheme="dark")
    page = context.new_page()
    page.goto(f"{live_server.url}/sign-in/")
    expect(page.locator("body")).to_have_css("background-color", "rgb(14, 14, 16)")
    context.close()


def test_the_language_is_switched_on_the_page_one_is_on(at_work: Page, chat: str) -> None:
    at_work.goto(f"{chat}?q=x")
    expect(at_work.locator("h1")).to_have_text("Clavardage")
    at_work.locator("[popovertarget=languages]").click()
    at_work.locator("#languages button[value=en]").click()
    expect(at_work.locator("h1")).to_have_text("Chat")
    assert at_work.url == f"{chat}?q=x"


# --- the list, its dialogs, the palette ---


def test_a_channel_is_created_renamed_and_deleted_over_the_list(
    at_work: Page, chat: str, shop: Organisation
) -> None:
    at_work.goto(chat)
    at_work.get_by_role("link", name="Créer un canal").click()
    dialog = at_work.locator("#dialog")
    expect(dialog.locator("[name=name]")).to_be_focused()
    at_work.keyboard.press("Enter")
    expect(dialog.locator(".field-error")).to_have_text("Donnez un nom au canal.")
    at_work.keyboard.type('Ventes "<b>"')
    at_work.keyboard.press("Enter")
    at_work.wait_for_url("**/css-js/")
    expect(at_work.locator("#toasts")).to_contain_text('Le canal «\xa0Ventes "<b>"\xa0» a été créé.')

    at_work.goto(f"{chat}?kind=messaging")
    at_work.get_by_role("button", name='Actions pour «\xa0Ventes "<b>"\xa0»').click()
    at_work.get_by_role("link", name="Renommer…").click()
    expect(dialog.locator("[name=name]")).to_have_value('Ventes "<b>"')
    at_work.keyboard.type("Comptoir")
    at_work.keyboard.press("Enter")
    expect(at_work.locator(".row-name")).to_have_text("Comptoir")
    assert at_work.url == f"{chat}?kind=messaging"

    at_work.get_by_role("button", name="Actions pour").click()
    at_work.get_by_role("link", name="Supprimer…").click()
    remove = dialog.get_by_role("button", name="Supprimer le canal")
    expect(remove).to_be_disabled()
    at_work.keyboard.type("Comptoi")
    expect(remove).to_be_disabled()
    at_work.keyboard.type("r")
    remove.click()
    expect(at_work.get_by_role("heading", name="Votre premier canal de clavardage")).to_be_visible()
    with tenant_scope(shop.pk):
        assert not Channel.objects.exists()


def test_the_list_follows_what_is_typed_and_the_address_follows_the_list(
    at_work: Page, chat: str, shop: Organisation
) -> None:
    for name in ("Ventes", "Québec"):
        channel(shop, name)
    at_work.goto(chat)
    at_work.locator("[name=q]").press_sequentially("quebec")
    expect(at_work.locator(".row-name")).to_have_text(["Québec"])
    assert at_work.url == f"{chat}?q=quebec"
    at_work.locator("[name=q]").fill("")
    expect(at_work.locator(".row-name")).to_have_text(["Québec", "Ventes"])
    assert at_work.url == chat


def test_the_palette_goes_where_its_words_lead(at_work: Page, chat: str, shop: Organisation) -> None:
    sales = channel(shop, "Ventes")
    channel(shop, "Accueil")
    at_work.goto(chat)
    at_work.keyboard.press("Control+k")
    at_work.keyboard.type("ventes css")
    expect(at_work.locator(".palette-option")).to_have_count(1)
    expect(at_work.locator(".palette-option")).to_have_attribute("aria-selected", "true")
    at_work.keyboard.press("Enter")
    at_work.wait_for_url(f"**/{sales.public_id}/css-js/")


def test_the_id_is_copied_and_said_to_be(at_work: Page, chat: str, shop: Organisation) -> None:
    sales = channel(shop, "Ventes")
    at_work.goto(chat)
    at_work.locator(".row-name").click()
    at_work.get_by_role("button", name="Copier l’identifiant du canal").first.click()
    expect(at_work.get_by_role("button", name="Copié").first).to_be_visible()
    assert at_work.evaluate("navigator.clipboard.readText()") == sales.public_id


def test_without_script_everything_is_reached_by_links_and_forms(
    browser: Browser, live_server: LiveServer, alice: User, chat: str, shop: Organisation
) -> None:
    context = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 800})
    enter(context, live_server, alice)
    page = context.new_page()
    page.goto(chat)
    page.get_by_role("link", name="Créer un canal").click()
    page.locator("[name=name]").fill("Ventes")
    page.get_by_role("button", name="Créer le canal").click()
    page.wait_for_url("**/css-js/")
    page.locator(".nav-toggle").click()
    page.get_by_role("navigation", name="Navigation").get_by_role("link", name="Clavardage").click()
    page.get_by_role("button", name="Actions pour").click()
    page.get_by_role("link", name="Supprimer…").click()
    page.locator("[name=name]").fill("Ventes")
    page.get_by_role("button", name="Supprimer le canal").click()
    expect(page.locator(".row-name")).to_have_count(0)
    page.goto(f"{live_server.url}/parts/")
    expect(bar(page)).to_be_visible()
    expect(page.locator("textarea")).to_have_count(2)
    page.locator("#id_name").fill("")
    page.get_by_role("button", name="Enregistrer").click()
    expect(page.locator(".error-summary a")).to_have_attribute("href", "#id_name")
    context.close()


def test_a_session_that_ended_leads_to_the_sign_in_page(
    at_work: Page, browser_context: BrowserContext, chat: str, shop: Organisation
) -> None:
    channel(shop)
    at_work.goto(chat)
    browser_context.clear_cookies()
    at_work.locator("[name=q]").press_sequentially("s")
    at_work.wait_for_url("**/sign-in/?next=**")


# --- saving ---


@pytest.fixture
def parts(page: Page, live_server: LiveServer) -> Page:
    page.goto(f"{live_server.url}/parts/")
    expect(bar(page)).to_have_attribute("data-state", "clean")
    return page


def test_the_save_bar_comes_with_the_first_change_and_goes_with_the_last(parts: Page) -> None:
    expect(bar(parts)).to_be_hidden()
    parts.locator("#id_name").fill("Shop 2")
    expect(bar(parts)).to_be_visible()
    expect(bar(parts)).to_contain_text("Modifications non enregistrées")
    parts.locator("#id_name").fill("Shop")
    expect(bar(parts)).to_be_hidden()
    parts.locator("[type=color]").fill("#112233")
    expect(parts.locator("[name=color]")).to_have_value("#112233")
    expect(bar(parts)).to_be_visible()


def test_cancel_puts_everything_back_the_editors_too(parts: Page) -> None:
    code(parts).click()
    parts.keyboard.press("Control+Home")
    parts.keyboard.type("/* x */")
    parts.locator("[name=color]").fill("#000000")
    bar(parts).get_by_role("button", name="Annuler").click()
    expect(bar(parts)).to_be_hidden()
    assert parts.evaluate("document.querySelector('code-editor').value") == ".a {\n  color: red;\n}\n"
    assert parts.locator("[type=color]").input_value() == "#faac4b"


def test_ctrl_s_saves_without_leaving_and_the_bar_says_when_it_is_visible(parts: Page) -> None:
    code(parts).click()
    parts.keyboard.press("Control+Home")
    parts.keyboard.type("/* x */")
    parts.keyboard.press("Control+s")
    expect(bar(parts)).to_have_attribute("data-state", "saved")
    expect(bar(parts)).to_contain_text("Enregistré · visible en test après 0,4\xa0s")
    expect(bar(parts).get_by_role("button", name="Enregistrer")).to_be_hidden()
    # Typing goes on where it was, and what was typed before saving can still be undone.
    parts.keyboard.type("y")
    assert str(parts.evaluate("document.querySelector('code-editor').value")).startswith("/* x */y.a")
    expect(bar(parts)).to_have_attribute("data-state", "dirty")
    parts.keyboard.press("Control+z")
    parts.keyboard.press("Control+z")
    assert str(parts.evaluate("document.querySelector('code-editor').value")).startswith(".a")


def test_leaving_with_unsaved_changes_asks_and_saving_does_not(parts: Page, live_server: LiveServer) -> None:
    asked: list[str] = []

    def answer(dialog: Any) -> None:
        asked.append(dialog.type)
        dialog.accept()

    parts.on("dialog", answer)
    parts.locator("#id_name").fill("Other")
    parts.goto(f"{live_server.url}/sign-in/")
    assert asked == ["beforeunload"]
    parts.goto(f"{live_server.url}/parts/")
    parts.locator("#id_name").fill("Other")
    parts.keyboard.press("Control+s")
    expect(bar(parts)).to_have_attribute("data-state", "saved")
    parts.goto(f"{live_server.url}/sign-in/")
    assert asked == ["beforeunload"]


def test_a_refused_form_says_why_at_the_top_and_in_place(parts: Page) -> None:
    parts.locator("#id_name").fill("")
    parts.keyboard.press("Control+s")
    summary = parts.locator(".error-summary")
    expect(summary).to_contain_text("Name\xa0: Give a name.")
    expect(bar(parts)).to_contain_text("Non enregistré")
    summary.get_by_role("link").click()
    expect(parts.locator("#id_name")).to_be_focused()
    assert parts.locator("#id_name").get_attribute("aria-describedby") == "id_name_error id_name_help"


def test_a_dangerous_act_asks_and_no_means_no(parts: Page) -> None:
    parts.get_by_role("button", name="Empty", exact=True).click()
    ask = parts.locator("#confirm")
    expect(ask).to_contain_text("Everything goes.")
    ask.get_by_role("button", name="Annuler").click()
    expect(ask).to_be_hidden()
    expect(parts.locator("#id_name")).to_have_value("Shop")
    parts.get_by_role("button", name="Empty", exact=True).click()
    ask.get_by_role("button", name="Empty it").click()
    expect(parts.locator(".error-summary")).to_contain_text("Give a name.")


@pytest.mark.page_errors
def test_an_answer_that_fails_is_said_and_changes_nothing(parts: Page) -> None:
    parts.route("**/parts/", lambda route: route.fulfill(status=500, body="no"))
    parts.locator("#id_name").fill("Other")
    parts.keyboard.press("Control+s")
    expect(parts.locator(".toast")).to_contain_text("Une erreur s’est produite de notre côté.")
    expect(parts.locator("#id_name")).to_have_value("Other")
    expect(bar(parts)).to_have_attribute("data-state", "dirty")


# --- the code editor ---


def test_what_the_server_found_is_shown_at_its_line_until_the_text_changes(parts: Page) -> None:
    code(parts).click()
    parts.keyboard.press("Control+End")
    parts.keyboard.type(".broken {}")
    parts.keyboard.press("Control+s")
    editor = parts.locator("code-editor").first
    marker = editor.locator(".cm-lint-marker-error")
    expect(marker).to_have_count(1)
    line = editor.locator(".cm-lineNumbers .cm-gutterElement", has_text=re.compile("^2$"))
    assert abs(marker.bounding_box()["y"] - line.bounding_box()["y"]) < 12  # type: ignore[index]
    expect(editor).to_contain_text("1 remarque")
    editor.get_by_role("button", name="1 remarque").click()
    expect(editor.locator(".status")).to_contain_text("Ligne 2, colonne")
    parts.keyboard.type(" ")
    expect(marker).to_have_count(0)


def test_a_syntax_error_shows_while_typing(parts: Page) -> None:
    editor = parts.locator("code-editor").nth(1)
    code(parts, 1).click()
    parts.keyboard.press("Control+End")
    parts.keyboard.insert_text("function (")
    expect(editor.locator(".cm-lint-marker-error")).to_have_count(1)
    expect(editor).to_contain_text("remarque")


def test_names_of_the_chat_window_are_offered(parts: Page) -> None:
    code(parts).click()
    parts.keyboard.press("Control+End")
    parts.keyboard.type("[data")
    offered = parts.locator("code-editor .cm-tooltip-autocomplete li")
    expect(offered.first).to_have_text('[data-selector="HEADER"]')
    # CodeMirror takes no Enter in the first moment after the list came up.
    parts.wait_for_timeout(150)
    parts.keyboard.press("Enter")
    assert str(parts.evaluate("document.querySelector('code-editor').value")).endswith(
        '[data-selector="HEADER"]'
    )


def test_the_keyboard_gets_out_of_the_editor(parts: Page) -> None:
    code(parts).click()
    parts.keyboard.press("Control+End")
    parts.keyboard.press("Tab")
    assert str(parts.evaluate("document.querySelector('code-editor').value")).endswith("\n  ")
    parts.keyboard.press("Escape")
    parts.keyboard.press("Tab")
    expect(code(parts)).not_to_be_focused()


def test_the_editor_has_its_label_s_name_and_the_label_leads_into_it(parts: Page) -> None:
    expect(parts.get_by_role("textbox", name="CSS")).to_have_attribute("aria-multiline", "true")
    parts.locator("label[for=id_css]").click()
    expect(code(parts)).to_be_focused()


def test_the_size_is_counted_in_bytes_against_the_limit(parts: Page) -> None:
    editor = parts.locator("code-editor").first
    parts.evaluate("document.querySelector('code-editor').value = 'é'.repeat(1025)")
    expect(editor.locator(".over")).to_have_text("2\xa0Ko sur 2\xa0Ko")
    parts.evaluate("document.querySelector('code-editor').value = 'é'.repeat(10)")
    expect(editor.locator(".over")).to_have_count(0)


def test_what_is_replaced_from_outside_can_be_undone(parts: Page) -> None:
    parts.evaluate("document.querySelector('code-editor').value = 'b {}'")
    expect(bar(parts)).to_be_visible()
    code(parts).click()
    parts.keyboard.press("Control+z")
    expect(bar(parts)).to_be_hidden()
