"""« Customise CSS and JS » in a browser: the real widget beside the form, and saving without losing one's place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import Browser, FrameLocator, Page, expect

from tests.browser import paste as write
from tests.browser import sign_in
from tests.console_client import Console, signed_in
from tests.stack import Stack, eventually

VISIBLE = re.compile(r"visible en test (depuis|après) \d+,\d")


@pytest.fixture(scope="module")
def console(stack: Stack) -> Iterator[Console]:
    session = signed_in(stack.console, stack.password)
    yield session
    session.http.close()


@pytest.fixture
def channel(console: Console) -> str:
    return console.create_channel(f"Aspect {uuid4().hex[:8]}")


def address(stack: Stack, channel: str) -> str:
    return f"{stack.console}/o/1009/acd/digital/chat/{channel}/css-js/"


@pytest.fixture
def area(stack: Stack, page: Page, channel: str) -> Page:
    """The page of a new channel, its preview drawn."""
    sign_in(page, stack.console, stack.password)
    page.goto(address(stack, channel))
    expect(preview(page).locator("[data-selector=HEADER]")).to_be_visible()
    return page


def preview(page: Page) -> FrameLocator:
    return page.frame_locator(".preview-screen iframe")


def editor(page: Page, name: str) -> str:
    return str(page.evaluate(f"document.querySelector('code-editor:has([name={name}])').value"))


def served_css(stack: Stack, channel: str) -> str:
    answer = httpx.get(f"{stack.test}/chat/1.0/brand/1009/channel/{channel}", trust_env=False)
    return str(answer.json().get("customCss", ""))


def test_what_is_typed_shows_in_the_real_window_before_it_is_saved(
    stack: Stack, area: Page, channel: str
) -> None:
    header = preview(area).locator("[data-selector=HEADER]")
    write(area, "custom_css", "[data-selector=HEADER] { border-bottom: 7px solid rgb(1, 2, 3) }")
    expect(header).to_have_css("border-bottom-width", "7px")
    area.locator("#id_color_headerBackground").fill("#123456")
    expect(header).to_have_css("background-color", "rgb(18, 52, 86)")
    expect(area.locator("[data-contrast=headerFont]")).to_be_visible()
    assert served_css(stack, channel) == ""


def test_the_preview_has_an_origin_of_its_own(area: Page) -> None:
    frame = next(one for one in area.frames if "/preview/frame/" in one.url)
    assert frame.evaluate("self.origin") == "null"


def test_an_error_is_said_at_its_place_and_the_corrected_text_is_visible_a_moment_later(
    stack: Stack, area: Page, channel: str
) -> None:
    write(area, "custom_js", "let x = 1;\nlet y = ;")
    area.keyboard.press("Control+s")
    expect(area.locator(".error-summary")).to_contain_text("Ligne 2, colonne 9")
    write(area, "custom_js", "let x = 1;\nlet y = 1;")
    write(area, "custom_css", "b { color: red }")
    area.keyboard.press("Control+s")
    expect(area.get_by_text(VISIBLE)).to_be_visible()
    expect(area.locator(".error-summary")).to_have_count(0)
    assert served_css(stack, channel) == "b { color: red }"


def test_after_a_save_one_types_on_and_cancel_goes_back_to_what_was_saved(area: Page) -> None:
    write(area, "custom_css", "b { color: red }")
    area.keyboard.press("Control+s")
    expect(area.get_by_text(VISIBLE)).to_be_visible()
    area.keyboard.type("/* on */")
    assert editor(area, "custom_css") == "b { color: red }/* on */"
    area.get_by_role("button", name="Annuler").first.click()
    eventually(
        lambda: editor(area, "custom_css") == "b { color: red }" or area.wait_for_timeout(50),
        what="the editor shows what was saved",
    )


def test_who_was_overtaken_sees_both_versions_and_may_insist(
    stack: Stack, area: Page, console: Console, channel: str
) -> None:
    console.save_css(channel, "b { color: theirs }")
    write(area, "custom_css", "b { color: mine }")
    area.keyboard.press("Control+s")
    conflict = area.locator(".conflict")
    expect(conflict).to_be_in_viewport()
    expect(conflict).to_contain_text("b { color: theirs }")
    expect(conflict).to_contain_text("b { color: mine }")
    assert editor(area, "custom_css") == "b { color: mine }"
    conflict.get_by_role("button", name="Enregistrer quand même ma version").click()
    expect(area.get_by_text(VISIBLE)).to_be_visible()
    expect(conflict).to_have_count(0)
    assert served_css(stack, channel) == "b { color: mine }"


def test_device_language_and_window_of_the_preview_are_chosen_beside_it(area: Page) -> None:
    area.locator("label[for=preview-en]").click()
    expect(preview(area).get_by_text("Hi, where is my order?")).to_be_visible()
    area.locator("label[for=preview-phone]").click()
    expect(area.locator(".preview-screen")).to_have_css("width", re.compile(r"37\d(\.\d+)?px"))
    area.locator("label[for=preview-closed]").click()
    expect(preview(area).locator("[data-selector=HEADER]")).to_have_count(0)


def test_without_script_the_form_saves_as_any_form(stack: Stack, browser: Browser, channel: str) -> None:
    context = browser.new_context(java_script_enabled=False, locale="fr-CA")
    page = context.new_page()
    try:
        sign_in(page, stack.console, stack.password)
        page.goto(address(stack, channel))
        page.locator("textarea[name=custom_css]").fill("b { color: plain }")
        page.locator("#settings button[type=submit]").last.click()
        expect(page).to_have_url(re.compile(r"\?saved$"))
        expect(page.locator("textarea[name=custom_css]")).to_have_value("b { color: plain }")
    finally:
        context.close()
