"""The chat in Chromium: on somebody's page, against a real environment process."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Frame, FrameLocator, Page, expect

from tests.stack import eventually
from widget.tests.conftest import BRAND, Environment, Site, new_channel, snippet

DATA = Path(__file__).parent / "testdata"
ONE_THREAD = {"hasMultipleThreadsPerEndUser": False}
GREETING = "Je suis l’agent d’entraînement"


def chat(page: Page) -> FrameLocator:
    return page.frame_locator("iframe")


def inside(page: Page) -> Frame:
    """The chat's frame, to run script in."""
    return eventually(lambda: next((frame for frame in page.frames if frame.parent_frame), None), what="there is a frame")


def open_chat(page: Page) -> FrameLocator:
    chat(page).locator(".cw-launcher").click()
    expect(chat(page).get_by_role("dialog")).to_be_visible()
    return chat(page)


def write(page: Page, text: str) -> None:
    box = chat(page).locator("[data-selector=TEXTAREA]")
    box.fill(text)
    box.press("Enter")


def mine(page: Page) -> list[str]:
    return chat(page).locator("[data-selector=CUSTOMER_MESSAGE_BUBBLE]").all_inner_texts()


def from_agent(page: Page, text: str | re.Pattern[str]):
    return chat(page).locator("[data-selector=AGENT_MESSAGE_BUBBLE]").filter(has_text=text)


def in_one_thread(environment: Environment, **document: object) -> str:
    settings = {**ONE_THREAD, **document.pop("settings", {})}  # type: ignore[dict-item]
    return environment.publish(new_channel(), settings=settings, **document)


def test_a_visitor_and_the_practice_agent_have_a_conversation(
    page: Page, site: Site, gateway_environment: Environment
) -> None:
    channel = in_one_thread(gateway_environment)
    page.goto(site.page(snippet(gateway_environment.url, channel)))
    open_chat(page)
    write(page, "Bonjour <b>vous</b>")
    expect(from_agent(page, GREETING)).to_be_visible()
    expect(from_agent(page, "Vous avez écrit : Bonjour <b>vous</b>")).to_be_visible()
    assert mine(page) == ["Bonjour <b>vous</b>"]
    expect(chat(page).locator(".cw-ticks.cw-seen")).to_be_visible()
    write(page, "choix")
    chat(page).get_by_role("button", name="Suivre une commande").click()
    expect(from_agent(page, "Vous avez choisi : Suivre une commande")).to_be_visible()
    expect(chat(page).locator(".cw-chip")).to_have_count(0)
    write(page, "écris")
    expect(chat(page).locator(".cw-typing")).to_be_visible()
    expect(from_agent(page, "Voilà")).to_be_visible()
    expect(chat(page).locator(".cw-typing")).to_have_count(0)
    write(page, "fichier")
    expect(chat(page).get_by_role("link", name=re.compile("exemple.pdf"))).to_be_visible()
    assert len(mine(page)) == 4 + 1
