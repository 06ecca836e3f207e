"""From the admin's click to the visitor's answer: the default form, seen before it is saved, asked in test, changed for every channel."""

from __future__ import annotations

import re
from uuid import uuid4

from playwright.sync_api import BrowserContext, Page, expect

from tests.browser import sign_in
from tests.console_client import signed_in
from tests.stack import Stack, eventually


def test_an_admin_chooses_a_form_and_a_visitor_answers_it(
    stack: Stack, page: Page, browser_context: BrowserContext
) -> None:
    console = signed_in(stack.console, stack.password)
    name = uuid4().hex[:8]
    channel = console.create_channel(f"Sondage {name}")
    sign_in(page, stack.console, stack.password)
    chat = f"{stack.console}/o/1009/acd/digital/chat"

    # A form of its own, built with the window beside.
    page.goto(f"{chat}/surveys/fields/new/")
    page.get_by_label("Libellé").fill("Numéro de client")
    page.locator("#field-ident").fill(f"client_{name}")
    page.get_by_role("button", name="Enregistrer").last.click()
    expect(page).to_have_url(re.compile(r"\?saved$"))
    page.goto(f"{chat}/surveys/forms/new/")
    page.locator("#form-name").fill(f"Formulaire {name}")
    page.locator(".survey-palette button", has=page.get_by_text("Numéro de client")).and_(
        page.locator(f"[title=client_{name}]")
    ).click()
    preview = page.frame_locator(".preview-screen iframe")
    expect(preview.get_by_label("Numéro de client")).to_be_visible()
    page.get_by_role("checkbox", name="Obligatoire").check()
    page.locator("#form-intro").fill("Un instant, s’il vous plaît.")
    expect(preview.get_by_text("Un instant")).to_be_visible()
    page.keyboard.press("Control+s")
    expect(page).to_have_url(re.compile(r"/surveys/forms/\d+/\?saved$"))
    form = page.url

    page.goto(f"{chat}/{channel}/pre-contact-survey/")
    page.get_by_text(f"Formulaire {name}", exact=True).click()
    expect(page.frame_locator(".preview-screen iframe").get_by_label("Numéro de client")).to_be_visible()
    page.get_by_role("button", name="Enregistrer").last.click()
    expect(page.get_by_text(re.compile(r"visible en test (depuis|après) \d+,\d"))).to_be_visible()

    visitor = browser_context.new_page()
    visitor.goto(f"{stack.test}/test/1009/{channel}")
    window = visitor.frame_locator("iframe[src*='/frame/1/']")
    window.locator("button[aria-haspopup=dialog]").first.click()
    window.locator(".cw-survey button").click()
    expect(window.locator(".cw-survey-error:visible")).to_have_count(1)
    window.get_by_label("Numéro de client").fill("42")
    window.locator(".cw-survey button").click()
    box = window.locator("[data-selector=TEXTAREA]")
    box.fill("Bonjour")
    box.press("Enter")
    expect(window.locator("[data-selector=AGENT_MESSAGE_BUBBLE]").first).to_be_visible()

    # The form changes once, and the channel follows.
    page.goto(form)
    page.locator("#form-title").fill(f"Titre {name}")
    page.get_by_role("button", name="Enregistrer").last.click()
    expect(page.locator(".save-bar[data-state=saved]")).to_be_visible()
    address = f"{stack.test}/chat/1.0/brand/1009/channel/{channel}"
    eventually(
        lambda: page.request.get(address).json()["preContactRules"]["title"] == f"Titre {name}",
        what="the channel has the changed form",
    )
    console.http.close()
