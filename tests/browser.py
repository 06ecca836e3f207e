"""A real Chromium for tests, by Playwright's synchronous interface.

While that interface is open it counts as a running event loop, which asyncio tests cannot share. So it is open for one
test module at a time: asyncio tests and browser tests live in different modules and get on.
"""

from __future__ import annotations

import os
import shutil
from collections import deque
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from chatadmin.run.plan import ROOT

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
]  # fmt: skip


def executable() -> str | None:
    """The Chromium to use: `CHROMIUM`, one on the path, or None for the one Playwright installed."""
    return os.environ.get("CHROMIUM") or next((found for found in map(shutil.which, NAMES) if found), None)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=executable(), args=FLAGS)
        yield started
        started.close()


@pytest.fixture
def browser_context(browser: Browser) -> Iterator[BrowserContext]:
    """A fresh profile: no cookies, no storage; a Canadian French visitor on a laptop."""
    context = browser.new_context(
        locale="fr-CA", viewport={"width": 1280, "height": 800}, reduced_motion="reduce"
    )
    context.set_default_timeout(30_000)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    yield context
    context.close()


@pytest.fixture
def page(browser_context: BrowserContext, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page; a failed test leaves its screenshot in test-results/ and prints what the page said last. A script error or a refusal by a CSP fails the test.

    A test that means to cause such errors says so with `@pytest.mark.page_errors`.
    """
    opened = browser_context.new_page()
    errors: list[str] = []
    said: deque[str] = deque(maxlen=40)
    opened.on("pageerror", lambda error: errors.append(str(error)))

    def heard(message: ConsoleMessage) -> None:
        said.append(f"{message.type}: {message.text}")
        if "Content Security Policy" in message.text:
            errors.append(f"{message.text} ({message.location})")

    opened.on("console", heard)
    opened.on(
        "requestfailed", lambda request: said.append(f"{request.method} {request.url}: {request.failure}")
    )
    opened.on("websocket", lambda line: said.append(f"socket {line.url}"))
    expect.set_options(timeout=30_000)
    before = request.session.testsfailed
    yield opened
    if request.session.testsfailed > before:
        folder = ROOT / "test-results"
        folder.mkdir(exist_ok=True)
        print("the page said:", *said, *(f"frame {one.url}" for one in opened.frames), sep="\n  ")
        opened.screenshot(path=folder / f"{_safe(request.node.name)}.png", full_page=True)
    elif errors and not request.node.get_closest_marker("page_errors"):
        pytest.fail("the page had errors:\n" + "\n".join(errors))


def _safe(name: str) -> str:
    return Path("".join(c if c.isalnum() or c in "-_" else "_" for c in name)).name[:120]


def sign_in(page: Page, console: str, password: str, *, email: str = "admin@demo.example") -> None:
    """Through the sign-in page, as a person does; returns on the page that follows."""
    page.goto(f"{console}/")
    page.locator("input[name=username], input[name=email]").first.fill(email)
    page.locator("input[name=password]").fill(password)
    page.locator("form:has(input[name=password]) button[type=submit]").click()
    expect(page.locator("input[name=password]")).to_have_count(0)


def paste(page: Page, field: str, text: str) -> None:
    """Replace the text of a code editor, as a person does: click, select all, paste."""
    editor = page.locator(f"code-editor:has(textarea[name={field}]) .cm-content")
    editor.click()
    page.keyboard.press("Control+a")
    page.evaluate("text => navigator.clipboard.writeText(text)", text)
    page.keyboard.press("Control+v")
