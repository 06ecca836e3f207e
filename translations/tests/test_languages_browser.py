"""The visitor's language in a real browser, and the page where its phrases are written."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Literal
from uuid import uuid4

import pytest
from PIL import Image, ImageChops, ImageOps
from playwright.sync_api import Browser, FrameLocator, Locator, Page, Route, expect

from chatadmin.run.plan import ROOT
from kit import snippet
from tests.browser import sign_in
from tests.console_client import Console, signed_in
from tests.stack import Stack, eventually
from translations import catalogue

AXE = Path(ROOT / "node_modules/axe-core/axe.min.js")


@pytest.fixture(scope="module")
def console(stack: Stack) -> Iterator[Console]:
    session = signed_in(stack.console, stack.password)
    yield session
    session.http.close()


@pytest.fixture(scope="module")
def channel(console: Console) -> str:
    return console.create_channel(f"Langues {uuid4().hex[:8]}")


def shop(stack: Stack, channel: str, page: Page) -> Page:
    """A web page with the channel's snippet on it; no survey before the conversation."""
    code = snippet.inline(1009, channel, stack.test, before=["cxone('chat', 'hidePreSurvey');"])

    def answer(route: Route) -> None:
        route.fulfill(
            content_type="text/html; charset=utf-8",
            body=f"<!doctype html><title>Shop</title><script>{code}</script>",
        )

    page.route("**/shop-page", answer)
    page.goto(f"{stack.test}/shop-page")
    return page


def chat(page: Page) -> FrameLocator:
    return page.frame_locator("iframe[src*='/frame/1/']")


@pytest.mark.parametrize(
    ("language", "locale", "direction"),
    [
        ("fr-CA", "fr_CA", "ltr"),
        ("fr-BE", "fr", "ltr"),
        ("ar-EG", "ar", "rtl"),
        ("pt-BR", "pt_BR", "ltr"),
        ("zh-HK", "zh_TW", "ltr"),
        ("de-CH", "de", "ltr"),
        ("xx", "en_US", "ltr"),
    ],
)
def test_the_window_speaks_the_browser_s_language(
    browser: Browser, stack: Stack, channel: str, language: str, locale: str, direction: str
) -> None:
    context = browser.new_context(
        locale=language, reduced_motion="reduce", viewport={"width": 1000, "height": 800}
    )
    page = shop(stack, channel, context.new_page())
    texts = catalogue.texts(locale)
    launcher = chat(page).locator(".cw-launcher")
    expect(launcher).to_contain_text(texts["weAreOnline"])
    launcher.click()
    box = chat(page).locator("[data-selector=TEXTAREA]")
    expect(box).to_have_attribute("placeholder", texts["replyBoxPlaceholder"])
    html = chat(page).locator("html")
    expect(html).to_have_attribute("dir", direction)
    expect(html).to_have_attribute("lang", locale.replace("_", "-"))
    context.close()


def middle(of: FrameLocator, selector: str) -> float:
    """Where an element's middle is, from the left edge of the window (0) to the right one (1)."""
    window, inner = (
        of.locator("[data-selector=WINDOW]").bounding_box(),
        of.locator(selector).first.bounding_box(),
    )
    assert window is not None and inner is not None
    return (inner["x"] + inner["width"] / 2 - window["x"]) / window["width"]


#: Says nothing, looks alike from both sides, and runs in the direction of the window.
SIGNS = "▬▬▬▬"


def picture(window: FrameLocator) -> Image.Image:
    """The window once all its words are signs, and none of them is seen: only where things stand."""
    expect(window.locator("[data-selector=TEXTAREA]")).to_have_attribute("placeholder", SIGNS)
    frame = window.locator("#be-messenger")
    frame.evaluate("""frame => {
        for (const one of frame.querySelectorAll('*')) {
            const own = [...one.childNodes].some(node => node.nodeType === 3 && /\\S/.test(node.data));
            if (own) one.style.color = 'transparent';
        }
    }""")
    return Image.open(io.BytesIO(frame.screenshot(animations="disabled"))).convert("L")


def unlike(one: Image.Image, other: Image.Image) -> float:
    """The part of the area that differs clearly once both are blurred to squares of eight pixels: no letter counts, every place does."""
    small = (one.width // 8, one.height // 8)
    difference = ImageChops.difference(
        one.resize(small, Image.Resampling.BOX), other.resize(small, Image.Resampling.BOX)
    )
    return sum(difference.histogram()[24:]) / (small[0] * small[1])


def test_the_language_changes_in_mid_conversation_and_arabic_mirrors_the_window(
    stack: Stack, channel: str, page: Page
) -> None:
    shop(stack, channel, page)
    window = chat(page)
    window.locator(".cw-launcher").click()
    box = window.locator("[data-selector=TEXTAREA]")
    box.fill("Bonjour à tous")
    box.press("Enter")
    mine = window.locator("[data-selector=CUSTOMER_MESSAGE_BUBBLE]")
    expect(mine).to_have_text("Bonjour à tous")
    box.fill("un brouillon")
    places = (
        "[data-selector=HEADER_MINIMIZE_WINDOW]",
        "[data-selector=CUSTOMER_MESSAGE_BUBBLE]",
        "[data-selector=SEND_BUTTON]",
        "[data-selector=HEADER] .cw-avatar",
    )
    before = {one: middle(window, one) for one in places}
    assert before["[data-selector=SEND_BUTTON]"] > 0.5

    page.evaluate("cxone('chat', 'setTranslation', 'send', 'Allez')")
    page.evaluate("cxone('chat', 'setLocale', 'ar-EG')")
    expect(box).to_have_attribute("placeholder", catalogue.texts("ar")["replyBoxPlaceholder"])
    expect(window.locator("html")).to_have_attribute("dir", "rtl")
    # Nothing of the conversation is lost, the draft included; what the page set stays.
    expect(mine).to_have_text("Bonjour à tous")
    expect(box).to_have_value("un brouillon")
    expect(window.locator("[data-selector=SEND_BUTTON]")).to_have_attribute("aria-label", "Allez")
    for selector, place in before.items():
        assert abs(middle(window, selector) - (1 - place)) < 0.12, selector
    page.screenshot(path=ROOT / "test-results" / "arabic.png")

    page.evaluate("cxone('chat', 'setTranslations', {queue: 1, waitingForAgent: 'Patience'})")
    page.evaluate("cxone('chat', 'setLocale', 'ja'); cxone('chat', 'setLocale', 'pt-BR')")
    expect(box).to_have_attribute("placeholder", catalogue.texts("pt_BR")["replyBoxPlaceholder"])
    expect(window.locator("html")).to_have_attribute("dir", "ltr")

    # The whole picture: with the same signs for every word, the Arabic window is the mirror image of the other.
    words = json.dumps(dict.fromkeys(catalogue.phrases(), SIGNS))
    page.evaluate(f"cxone('chat', 'setTranslations', {words})")
    box.fill("")
    other = picture(window)
    page.evaluate("cxone('chat', 'setLocale', 'ar-EG')")
    expect(window.locator("html")).to_have_attribute("dir", "rtl")
    arabic = picture(window)
    assert other.size == arabic.size
    assert unlike(ImageOps.mirror(other), arabic) < 0.02
    # Which tells: unmirrored it is another picture.
    assert unlike(other, arabic) > 0.03

    box.fill("un brouillon")
    box.press("Enter")
    expect(mine.last).to_have_text("un brouillon")


def test_phrases_are_edited_checked_saved_and_read_by_the_visitor(
    stack: Stack, console: Console, browser: Browser, page: Page
) -> None:
    channel = console.create_channel(f"Phrases {uuid4().hex[:8]}")
    base = f"{stack.console}/o/1009/acd/digital/chat/{channel}/translations/"
    sign_in(page, stack.console, stack.password)
    page.goto(base)
    page.get_by_role("link", name="Ajouter une langue").click()
    dialog = page.locator("#dialog")
    dialog.get_by_label("Nom").fill("Québec")
    dialog.get_by_label("Langue", exact=True).select_option("fr")
    dialog.get_by_label("Pays").select_option("CA")
    dialog.get_by_role("button", name="Ajouter la langue").click()
    page.wait_for_url("**/language/fr_CA/")

    preview = page.frame_locator(".preview-screen iframe")
    expect(preview.locator("[data-selector=TEXTAREA]")).to_be_visible()
    hint = page.locator('[name="phrase.replyBoxPlaceholder"]')
    hint.fill("Dites-nous tout")
    expect(preview.locator("[data-selector=TEXTAREA]")).to_have_attribute("placeholder", "Dites-nous tout")
    expect(page.locator('[data-count="changed"]')).to_have_text("1")
    expect(page.locator('[data-phrase]:has([name="phrase.replyBoxPlaceholder"]) [data-length]')).to_have_text(
        "15"
    )

    typing = page.locator('[name="phrase.agentIsTyping"]')
    typing.fill("On écrit")
    page.keyboard.press("Control+s")
    expect(page.locator(".error-summary")).to_contain_text("{name} manque.")
    expect(page.locator(".error-summary")).to_be_in_viewport()
    expect(typing).to_have_value("On écrit")
    expect(hint).to_have_value("Dites-nous tout")
    page.locator('[data-phrase]:has([name="phrase.agentIsTyping"]) [data-reset]').click()
    expect(typing).to_have_value("")
    page.keyboard.press("Control+s")
    expect(page.locator(".save-bar")).to_contain_text("visible en test")

    page.get_by_label("Rechercher une phrase").fill("dites tout")
    expect(page.locator("[data-phrase]:visible")).to_have_count(1)
    page.get_by_label("Rechercher une phrase").fill("")
    page.locator("label[for=show-changed]").click()
    expect(page.locator("[data-phrase]:visible")).to_have_count(1)

    visitor = browser.new_context(locale="fr-CA", reduced_motion="reduce")
    shop(stack, channel, visitor_page := visitor.new_page())
    chat(visitor_page).locator(".cw-launcher").click()
    box = chat(visitor_page).locator("[data-selector=TEXTAREA]")
    expect(box).to_have_attribute("placeholder", "Dites-nous tout")
    visitor.close()

    page.get_by_role("button", name="Réinitialiser tout").click()
    page.locator("#dialog, .confirm, dialog[open]").get_by_role("button", name="Réinitialiser tout").click()
    expect(page.locator(".undo-reset")).to_be_visible()
    page.get_by_role("button", name="Annuler la réinitialisation").click()
    expect(page.locator('[name="phrase.replyBoxPlaceholder"]')).to_have_value("Dites-nous tout")


@pytest.mark.parametrize("width", [390, 1440])
def test_missing_phrases_show_alone_and_the_palette_leads_to_one(
    stack: Stack, console: Console, page: Page, width: int
) -> None:
    channel = console.create_channel(f"Palette {uuid4().hex[:8]}")
    base = f"{stack.console}/o/1009/acd/digital/chat/{channel}/translations/"
    page.set_viewport_size({"width": width, "height": 800})
    sign_in(page, stack.console, stack.password)
    page.goto(base)
    page.get_by_role("link", name="Ajouter une langue").click()
    dialog = page.locator("#dialog")
    dialog.get_by_label("Nom").fill("Kiswahili")
    dialog.get_by_label("Langue", exact=True).select_option("sw")
    dialog.get_by_role("button", name="Ajouter la langue").click()
    page.wait_for_url("**/language/sw/")

    missing = page.locator('[data-count="missing"]')
    everything = int(missing.inner_text())
    assert 100 < everything <= page.locator("[data-phrase]").count()
    one, other = page.locator('[name="phrase.agentIsTyping"]'), page.locator('[name="phrase.send"]')
    word, another = uuid4().hex, uuid4().hex
    one.fill(f"{{name}} {word}")
    other.fill(another)
    expect(missing).to_have_text(str(everything - 2))
    page.locator("label[for=show-missing]").click()
    expect(page.locator("[data-phrase]:visible")).to_have_count(everything - 2)
    expect(other).to_be_hidden()
    page.keyboard.press("Control+s")
    expect(page.locator(".save-bar")).to_contain_text("visible en test")

    def led_to(text: str, box: Locator) -> None:
        page.keyboard.press("Control+k")
        page.locator("#palette input").fill(text)
        expect(page.locator("#palette [role=option]")).to_have_count(1)
        page.keyboard.press("Enter")
        expect(box).to_be_focused()
        expect(page.locator("#palette")).to_be_hidden()
        # The phrase's name is seen as well: nothing that stays at the top of the page lies over it.
        head = page.locator("[data-phrase]").filter(has=box).locator(".phrase-head")
        expect(head).to_be_in_viewport(ratio=1)
        covered = "head => { const r = head.getBoundingClientRect(); return !head.contains(document.elementFromPoint(r.x + 4, r.y + 4)); }"
        eventually(lambda: not head.evaluate(covered) or page.wait_for_timeout(50), what="the name is seen")

    page.goto(base)
    led_to(word, one)
    led_to(another, other)
    page.mouse.wheel(0, -5000)
    led_to(another, other)


def test_a_file_is_judged_with_a_progress_bar_then_applied(
    stack: Stack, console: Console, page: Page
) -> None:
    channel = console.create_channel(f"Fichier {uuid4().hex[:8]}")
    sign_in(page, stack.console, stack.password)
    page.goto(f"{stack.console}/o/1009/acd/digital/chat/{channel}/translations/import/")
    lines = [f"{locale},{one},Texte" for locale in ("de", "fr_CA", "sw") for one in catalogue.phrases()]
    content = "locale,id,text\nfr_CA,send,Allez\n" + "\n".join(lines * 8)
    page.locator("input[type=file]").set_input_files(
        {"name": "lignes.csv", "mimeType": "text/csv", "buffer": content.encode()}
    )
    page.get_by_role("button", name="Examiner les lignes").click()
    expect(page.get_by_role("button", name="Appliquer")).to_be_visible(timeout=30_000)
    page.get_by_role("button", name="Appliquer").click()
    expect(page.locator(".toasts, .toast").first).to_contain_text("importées")
    expect(page.locator("tbody th a")).to_have_count(3)


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1440, "light")])
def test_the_pages_have_no_barrier_and_stay_within_their_edges(
    browser: Browser,
    stack: Stack,
    console: Console,
    channel: str,
    width: int,
    scheme: Literal["dark", "light"],
) -> None:
    # axe's probes are styles the console's policy refuses.
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme=scheme,
        bypass_csp=True,
        reduced_motion="reduce",
    )
    page = context.new_page()
    sign_in(page, stack.console, stack.password)
    base = f"{stack.console}/o/1009/acd/digital/chat/{channel}/translations/"
    for locale, name in (("ar", "Arabe"), ("sw", "Swahili")):
        page.goto(f"{base}add/")
        page.locator("main [name=name]").fill(name)
        page.locator("main [name=language]").select_option(locale)
        page.locator("main button[type=submit]").click()
        page.wait_for_load_state()
    for path in (
        "",
        "add/",
        "test/?accept=xx,fr-CA",
        "import/",
        "language/ar/",
        "language/sw/",
        "language/sw/delete/",
    ):
        page.goto(base + path)
        found = page.evaluate(
            f"{AXE.read_text()}; axe.run({{exclude: ['widget-preview iframe']}}, {{resultTypes: ['violations'], iframes: false}})"
        )
        faults = [(one["id"], [node["html"][:200] for node in one["nodes"]]) for one in found["violations"]]
        assert faults == [], page.url
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, page.url
    context.close()
