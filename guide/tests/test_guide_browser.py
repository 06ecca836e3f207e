"""A Guide's page in Chromium: entry points by button, keyboard and pointer, the tester, the live preview, saving, and what is served then."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import FrameLocator, Page, expect

from chatadmin.run.plan import ROOT
from tests.browser import sign_in
from tests.stack import Stack

AXE = (ROOT / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
GUIDE = "guide_3f6d2b84-7a15-4c39-9e0d-2b8c5a1f1009"


def violations(page: Page) -> list[str]:
    page.evaluate(AXE)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [f"{one['id']}: {[node['target'] for node in one['nodes']]}" for one in found["violations"]]


def preview(page: Page) -> FrameLocator:
    return page.frame_locator(".preview-screen iframe").first


def names(page: Page) -> list[str]:
    return [one.input_value() for one in page.locator("#settings .survey-item input[name$=':name']").all()]


@pytest.mark.page_errors
def test_a_guide_is_built_tried_saved_and_served(page: Page, stack: Stack) -> None:
    sign_in(page, stack.console, stack.password)
    page.goto(f"{stack.console}/o/1009/acd/digital/guide/")
    page.get_by_role("link", name="Créer un Guide").click()
    page.locator("#dialog input[name=name]").fill("Essai <b>")
    page.locator("#dialog button[type=submit]").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Essai <b>")
    offers = preview(page).locator("[data-selector=BEGIN_CHAT]")
    # The demonstration's two channels, whatever else there is.
    expect(offers.nth(1)).to_be_visible()
    assert violations(page) == []

    # Entry points: a second one, with a rule, above the first; by the keyboard.
    page.locator("#guide-add").click()
    second = page.locator("#settings .survey-item").nth(1)
    second.locator("input[name$=':name']").fill("Boutique")
    second.get_by_role("button", name="Ajouter une règle").click()
    value = page.locator("#settings input[name$=':0:value']")
    expect(value).to_have_count(1)
    value.fill("/boutique/**")
    page.locator("#settings select[name$=':0:how']").select_option("glob")
    second.get_by_role("checkbox", name="Clavardage en direct").check()
    second.get_by_label("Ce que les visiteurs lisent au lieu de «\u00a0Clavardage en direct\u00a0»").fill(
        "Ventes"
    )
    page.locator("#settings input[name=url]").fill("https://exemple.test/boutique/1")
    page.get_by_role("button", name="Essayer cette adresse").click()
    verdict = page.locator("#verdict")
    expect(verdict).to_contain_text("« Toutes les pages » s’affiche.")
    second.locator("input[name$=':name']").press("Alt+ArrowUp")
    assert names(page) == ["Boutique", "Toutes les pages"]
    page.get_by_role("button", name="Essayer cette adresse").click()
    expect(verdict).to_contain_text("« Boutique » s’affiche.")
    expect(verdict).to_contain_text("/boutique/**")

    # Branding is seen while it is typed, and a contrast that is too weak is told.
    page.get_by_label("En-tête", exact=True).fill("#0a5c36")
    expect(preview(page).locator("[data-selector=PORTAL_HEADER]")).to_have_css(
        "background-color", "rgb(10, 92, 54)"
    )
    page.get_by_label("Texte de l’en-tête", exact=True).fill("#0a6c36")
    expect(page.locator("[data-contrast=header_text]")).to_contain_text("4,5")
    page.get_by_label("Texte de l’en-tête", exact=True).fill("")
    page.get_by_label("Titre du menu").fill("Une question\u00a0?")
    expect(preview(page).locator("[data-selector=PORTAL_TITLE]")).to_have_text("Une question\u00a0?")
    # A chat opens in the preview as well, in the Guide's colours, and closing it leads back.
    preview(page).locator("[data-selector=BEGIN_CHAT]").first.click()
    chat = page.locator(".preview-screen iframe").nth(1).content_frame
    expect(chat.locator("[data-selector=HEADER]")).to_have_css("background-color", "rgb(10, 92, 54)")
    chat.locator("[data-selector=HEADER_MINIMIZE_WINDOW]").click()
    expect(preview(page).locator("[data-selector=PORTAL_TITLE]")).to_be_visible()
    page.locator("#settings .save-bar button[type=submit]").click()
    expect(page.locator(".save-bar-says.is-good")).to_contain_text("visible")
    assert names(page) == ["Boutique", "Toutes les pages"]

    # What was saved is what a visitor of the test page gets; the demonstration's Guide, of the same rank, is another.
    guide = re.search(r"guide_[0-9a-f-]{36}", page.url)
    assert guide is not None
    served = page.request.get(f"{stack.test}/guide/1/1009/{guide[0]}?locale=fr").json()["guides"][0]
    assert served["entries"][0]["channels"][0]["label"] == "Ventes"
    assert served["words"]["title"] == "Une question\u00a0?"
    # On a phone.
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert violations(page) == []

    # The test page of the demonstration: addresses below it are pages of the Guide.
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto(f"{stack.console}/o/1009/acd/digital/chat/{GUIDE}/init/")
    address = page.get_by_role("link", name="Ouvrir la page de test").get_attribute("href")
    assert address is not None
    page.goto(address)
    assert violations(page) == []
    expect(page.locator("#cxone-guide-container iframe")).to_be_visible()
    page.locator("#page").fill("fr/paiement/1")
    page.locator("#go button").click()
    expect(page.locator("#here")).to_have_text("/fr/paiement/1")
