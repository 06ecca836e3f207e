"""« Restrictions de fichier » in a browser: the list by mouse and keyboard, the tester, and what a visitor then meets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from chatadmin.run.plan import ROOT
from tests.browser import sign_in
from tests.console_client import Console, signed_in
from tests.stack import Stack, eventually

VISIBLE = re.compile(r"visible en test (depuis|après) \d+,\d")
PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"
)


@pytest.fixture(scope="module")
def console(stack: Stack) -> Iterator[Console]:
    session = signed_in(stack.console, stack.password)
    yield session
    session.http.close()


@pytest.fixture
def channel(console: Console) -> str:
    return console.create_channel(f"Fichiers {uuid4().hex[:8]}")


def address(stack: Stack, channel: str) -> str:
    return f"{stack.console}/o/1009/acd/digital/chat/{channel}/files/"


def types(page: Page) -> list[str]:
    found: list[str] = page.locator("tbody input[name=media_type]").evaluate_all(
        "all => all.map((one) => one.value)"
    )
    return found


def row(page: Page, media_type: str) -> Locator:
    return page.locator(f'tbody tr:has(input[name=media_type][value="{media_type}"])')


def served(stack: Stack, channel: str) -> dict[str, object]:
    answer = httpx.get(f"{stack.test}/chat/1.0/brand/1009/channel/{channel}", trust_env=False)
    found: dict[str, object] = answer.json()["settings"]["fileRestrictions"]
    return found


def violations(page: Page) -> list[str]:
    page.evaluate((ROOT / "node_modules" / "axe-core" / "axe.min.js").read_text())
    found = page.evaluate(
        "axe.run(document, {resultTypes: ['violations']}).then((done) => done.violations.map((one) => one.id))"
    )
    return list(found)


def test_the_list_is_made_by_hand_tried_with_files_and_met_by_visitors(
    stack: Stack, page: Page, channel: str
) -> None:
    sign_in(page, stack.console, stack.password)
    page.goto(address(stack, channel))
    before = types(page)
    assert len(before) == 10
    assert violations(page) == []

    # Order: a button, the keyboard, the mouse.
    row(page, "application/msword").get_by_role("button", name="Monter").click()
    assert types(page)[:2] == ["application/msword", "application/pdf"]
    expect(page.locator("[data-says]")).to_contain_text("au rang 1 sur 10")
    page.locator("tbody input[name=description]").nth(9).focus()
    page.keyboard.press("Alt+ArrowUp")
    assert types(page)[8] == "audio/*"
    handle = row(page, "application/pdf").locator("[data-drag]")
    handle.scroll_into_view_if_needed()
    start, end = handle.bounding_box(), row(page, "application/msword").bounding_box()
    assert start is not None
    assert end is not None
    page.mouse.move(start["x"] + 5, start["y"] + 5)
    page.mouse.down()
    page.mouse.move(end["x"] + 30, end["y"] + 12, steps=5)
    page.mouse.move(end["x"] + 30, end["y"] + 2, steps=3)
    page.mouse.up()
    assert types(page)[:2] == ["application/pdf", "application/msword"]

    # Adding: a near miss, then one from the pick list by its extension.
    box = page.locator("#id_add")
    box.fill("image/bmo")
    box.press("Escape")
    box.press("Enter")
    page.get_by_role("button", name="image/bmp").click()
    expect(row_value(page, 10)).to_have_value("image/bmp")
    box.fill(".zip")
    expect(page.get_by_role("option").first).to_contain_text("application/zip")
    box.press("ArrowDown")
    box.press("Enter")
    expect(row_value(page, 11)).to_have_value("application/zip")
    box.fill("image/bmp")
    box.press("Escape")
    box.press("Enter")
    expect(page.locator("[data-add-says]")).to_contain_text("figure déjà dans la liste")
    box.fill("")
    page.locator("tbody tr").nth(10).get_by_role("button", name="Retirer").click()
    assert "image/bmp" not in types(page)

    # Tried by what is on the page, before it is saved.
    page.locator("#id_max_size_mb").fill("3")
    verdict = page.locator("#verdict")
    page.locator("#id_file").set_input_files({"name": "photo.png", "mimeType": "image/png", "buffer": PNG})
    expect(verdict.locator("[data-verdict=accepted]")).to_be_visible()
    expect(verdict).to_contain_text("ce n’est pas encore enregistré")
    page.evaluate(
        """() => {
            const data = new DataTransfer();
            data.items.add(new File(['<!doctype html><html><body>x</body></html>'], 'photo.png', {type: 'image/png'}));
            document.querySelector('[data-drop]').dispatchEvent(new DragEvent('drop', {bubbles: true, cancelable: true, dataTransfer: data}));
        }"""
    )
    expect(verdict.locator("[data-verdict=not_what_it_says]")).to_be_visible()
    expect(verdict).to_contain_text("Le contenu de ce fichier ne correspond pas à son nom.")
    expect(verdict).to_contain_text(re.compile(r"3\sMo"))
    assert violations(page) == []

    # Cancel puts the list back as well.
    page.get_by_role("button", name="Annuler").first.click()
    eventually(lambda: types(page) == before or page.wait_for_timeout(50), what="the list is as it was")
    page.locator("#id_max_size_mb").fill("3")
    row(page, "video/*").get_by_role("button", name="Retirer").click()
    page.keyboard.press("Control+s")
    expect(page.get_by_text(VISIBLE)).to_be_visible()
    rules = served(stack, channel)
    assert rules["allowedFileSize"] == "3"
    assert rules["isAttachmentsEnabled"] is True
    assert "video/*" not in str(rules)

    # Off hides the rest.
    page.locator("#id_is_attachments_enabled").uncheck()
    expect(page.locator("#types")).to_be_hidden()
    expect(page.locator("#id_max_size_mb")).to_be_hidden()
    assert violations(page) == []


def row_value(page: Page, number: int) -> Locator:
    return page.locator("tbody input[name=media_type]").nth(number)


def test_a_preset_is_added_and_the_defaults_come_back(stack: Stack, page: Page, channel: str) -> None:
    sign_in(page, stack.console, stack.password)
    page.goto(address(stack, channel))
    page.get_by_role("button", name="Texte et données").click()
    expect(page.locator("tbody tr")).to_have_count(14)
    page.keyboard.press("Control+s")
    expect(page.get_by_text(VISIBLE)).to_be_visible()
    page.get_by_role("button", name="Revenir aux valeurs par défaut").click()
    expect(page.locator("tbody tr")).to_have_count(10)
    page.get_by_role("button", name="Annuler").first.click()
    expect(page.locator("tbody tr")).to_have_count(14)


def test_without_script_a_file_is_tried_and_the_list_changed(
    stack: Stack, browser: Browser, channel: str
) -> None:
    context = browser.new_context(java_script_enabled=False, locale="fr-CA")
    page = context.new_page()
    try:
        sign_in(page, stack.console, stack.password)
        page.goto(address(stack, channel))
        page.locator("#id_file").set_input_files(
            {"name": "a.exe", "mimeType": "image/png", "buffer": b"MZ" + b"\0" * 300}
        )
        page.get_by_role("button", name="Essayer").click()
        expect(page.locator("[data-verdict=program]")).to_be_visible()
        page.get_by_role("button", name="Monter").nth(1).click()
        expect(row_value(page, 0)).to_have_value("application/msword")
        page.get_by_role("button", name="Enregistrer", exact=True).click()
        expect(page).to_have_url(re.compile(r"\?saved$"))
        expect(row_value(page, 0)).to_have_value("application/msword")
    finally:
        context.close()
