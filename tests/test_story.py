"""The main story, as an admin and QA live it: paste CSS and JS, save, see it in the test environment a moment later."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import BrowserContext, Dialog, FrameLocator, Page, expect

from tests.browser import paste, sign_in
from tests.stack import Stack, eventually
from widget.tests.serve import serving

DATA = Path(__file__).parent / "data"
CHANNEL = "chat_0950394d-a403-4fe6-91d5-34e934771662"


def test_an_admin_pastes_css_and_js_and_qa_sees_both_in_the_test_environment(
    stack: Stack, page: Page, browser_context: BrowserContext
) -> None:
    sign_in(page, stack.console, stack.password)
    page.get_by_role("button", name=re.compile("ACD")).click()
    page.get_by_role("link", name=re.compile("ACD")).first.click()
    page.get_by_role("link", name="Clavardage", exact=True).first.click()
    # Other tests have made channels as well: more than a page of them.
    page.get_by_placeholder("Nom ou identifiant").fill("Clavardage du site")
    row = page.get_by_role("row").filter(has=page.get_by_role("link", name="Clavardage du site"))
    row.get_by_role("link", name="Personnaliser CSS et JS").click()

    paste(page, "custom_css", (DATA / "card.css").read_text())
    paste(page, "custom_js", (DATA / "card.js").read_text())
    page.get_by_role("button", name="Enregistrer", exact=True).click()
    expect(page.get_by_text(re.compile(r"visible en test (depuis|après) \d+,\d"))).to_be_visible()

    page.get_by_role("link", name="Initialisation et test").click()
    with page.expect_popup() as opened:
        page.get_by_role("link", name="Ouvrir la page de test").click()
    test_page = opened.value
    chat = open_chat(test_page)
    write(chat, "carte")
    button = chat.locator("button.ac-pushButton").first
    expect(button).to_be_visible()
    expect(button).to_have_css("color", "rgb(250, 172, 75)")
    expect(button).to_have_css("background-color", "rgb(255, 255, 255)")
    expect(button).to_have_css("border-radius", "10px")

    said: list[str] = []

    def heard(dialog: Dialog) -> None:
        said.append(dialog.message)
        dialog.accept()

    test_page.on("dialog", heard)
    button.click()
    eventually(lambda: said or test_page.wait_for_timeout(50), what="the alert is shown")
    assert said == ["roshan"]


def test_qa_answers_as_an_agent_beside_the_visitor(stack: Stack, page: Page) -> None:
    sign_in(page, stack.console, stack.password)
    page.goto(f"{stack.console}/o/1009/acd/digital/chat/{CHANNEL}/init/")
    with page.expect_popup() as opened:
        page.get_by_role("link", name="Ouvrir la page de test").click()
    test_page = opened.value
    chat = open_chat(test_page)
    write(chat, "Bonjour, quelqu'un est là ?")
    test_page.locator("#conversations button").filter(has_text="quelqu'un").click()
    answer = test_page.locator("#talk textarea").first
    answer.fill("Oui, je suis là.")
    answer.press("Enter")
    expect(chat.get_by_text("Oui, je suis là.")).to_be_visible()


def test_the_live_environment_serves_what_qa_saw_once_it_is_put_live(stack: Stack, page: Page) -> None:
    sign_in(page, stack.console, stack.password)
    address = f"{stack.console}/o/1009/acd/digital/chat/{CHANNEL}"
    page.goto(f"{address}/css-js/")
    paste(page, "custom_css", "/* seen by QA */")
    page.get_by_role("button", name="Enregistrer", exact=True).click()
    expect(page.get_by_text(re.compile("visible en test"))).to_be_visible()
    assert "seen by QA" not in channel_json(stack, page, "live")["customCss"]
    assert channel_json(stack, page, "test")["customCss"] == "/* seen by QA */"

    page.goto(f"{address}/init/")
    page.get_by_role("button", name="Mettre en production").click()
    page.get_by_role("dialog").get_by_role("button", name="Mettre en production").click()
    eventually(
        lambda: channel_json(stack, page, "live")["customCss"] == "/* seen by QA */", what="live serves it"
    )


def test_the_snippet_works_on_a_page_as_strict_as_the_policy_beside_it(
    stack: Stack, page: Page, browser_context: BrowserContext
) -> None:
    sign_in(page, stack.console, stack.password)
    page.goto(f"{stack.console}/o/1009/acd/digital/chat/{CHANNEL}/init/")
    snippet = page.locator("#snippet code").text_content() or ""
    policy = page.locator("#policy code").text_content() or ""
    assert "unsafe" not in policy

    strict = browser_context.new_page()
    refused: list[str] = []
    strict.on("console", lambda message: refused.append(message.text) if message.type == "error" else None)
    body = f"<!doctype html><title>Boutique</title><h1>Boutique</h1>{snippet}".encode()
    headers = {"Content-Security-Policy": f"default-src 'none'; {policy}"}
    with serving(lambda path: ("text/html; charset=utf-8", body, headers) if path == "/" else None) as shop:
        strict.goto(f"{shop}/")
        chat = open_chat(strict)
        write(chat, "aide")
        expect(chat.locator("[data-selector=AGENT_MESSAGE_BUBBLE]").first).to_be_visible()
    assert [one for one in refused if "favicon" not in one] == []


def open_chat(page: Page) -> FrameLocator:
    """Open the chat window of a page and give the frame that holds it."""
    chat = page.frame_locator("iframe[src*='/frame/1/']")
    chat.locator("button[aria-haspopup=dialog]").first.click()
    expect(chat.locator("[data-selector=TEXTAREA]")).to_be_visible()
    return chat


def write(chat: FrameLocator, text: str) -> None:
    box = chat.locator("[data-selector=TEXTAREA]")
    box.fill(text)
    box.press("Enter")


def channel_json(stack: Stack, page: Page, environment: str) -> dict[str, str]:
    answer = page.request.get(f"{stack.env_url(environment)}/chat/1.0/brand/1009/channel/{CHANNEL}")
    document: dict[str, str] = answer.json()
    return document
