"""« Disponibilité » in a browser: hours written and tried, rows by keyboard, and a message left that reaches the console."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import Page, expect

from chatadmin.run.plan import ROOT
from tests.browser import sign_in
from tests.console_client import Console, signed_in
from tests.stack import Stack, eventually

VISIBLE = re.compile(r"visible en test (depuis|après) \d+,\d")


@pytest.fixture(scope="module")
def console(stack: Stack) -> Iterator[Console]:
    session = signed_in(stack.console, stack.password)
    yield session
    session.http.close()


def violations(page: Page) -> list[str]:
    page.evaluate((ROOT / "node_modules" / "axe-core" / "axe.min.js").read_text())
    found = page.evaluate(
        "axe.run(document, {resultTypes: ['violations']})"
        ".then((done) => done.violations.map((one) => one.id + ' ' + one.nodes.map((node) => node.html).join()))"
    )
    return list(found)


def test_hours_are_written_tried_and_met_and_an_offline_message_arrives(
    stack: Stack, page: Page, console: Console
) -> None:
    channel = console.create_channel(f"En direct {uuid4().hex[:8]}", kind="live")
    at = f"{stack.console}/o/1009/acd/digital/chat/{channel}/live-chat/"
    sign_in(page, stack.console, stack.password)
    page.goto(at)
    expect(page.locator(".hours-now .chip")).to_have_text("Ouvert")
    for day in ("Lundi", "Mardi", "Mercredi", "Jeudi", "Vendredi", "Samedi", "Dimanche"):
        page.get_by_label(day, exact=True).fill("")
    page.get_by_label("Lundi", exact=True).fill("9-12, 13-17")
    # Tried before it is saved.
    page.get_by_label("Date et heure").fill("2026-11-23T12:30")
    page.get_by_role("button", name="Essayer").click()
    expect(page.locator("#verdict")).to_contain_text("fermé")
    expect(page.locator("#verdict")).to_contain_text("pas encore enregistrées")
    expect(page.locator("#verdict")).to_contain_text("lundi 23 novembre, 13:00")
    page.get_by_label("Selon les heures seulement").check()
    # Closed now, whatever day it is: an exception over the next years.
    exceptions = page.locator("section[aria-labelledby=overrides] tbody tr")
    exceptions.first.get_by_label("Du").fill("2020-01-01T00:00")
    exceptions.first.get_by_label("Au").fill("2090-01-01T00:00")
    exceptions.first.get_by_label("Note").fill("Essai")
    page.get_by_role("button", name="Ajouter une exception").press("Enter")
    expect(exceptions).to_have_count(2)
    expect(exceptions.nth(1).get_by_label("Du")).to_be_focused()
    exceptions.nth(1).get_by_role("button", name="Retirer la ligne").press("Enter")
    expect(exceptions).to_have_count(1)
    page.get_by_label("Envoyer les messages à").fill("equipe@example.com")
    assert violations(page) == []
    page.keyboard.press("Control+s")
    expect(page.locator(".save-bar")).to_contain_text(VISIBLE)
    expect(page.get_by_label("Lundi", exact=True)).to_have_value("09:00–12:00, 13:00–17:00")
    page.reload()
    expect(page.locator(".hours-now")).to_contain_text("Essai")
    base = f"{stack.test}/chat/1.0/brand/1009/channel/{channel}"
    assert httpx.get(f"{base}/availability", trust_env=False).json() == {"status": "offline"}
    # A visitor of the test page leaves a message; it reaches the console by itself.
    page.goto(f"{stack.test}/test/1009/{channel}")
    window = page.frame_locator("iframe[src*='/frame/']")
    window.locator(".cw-launcher").click()
    window.get_by_label("Courriel").fill("ana@example.com")
    window.get_by_label("Votre message").fill("Rappelez-moi <b>demain</b>")
    window.locator("form.cw-later button").click()
    expect(window.get_by_role("heading", name="Votre message a bien été envoyé.")).to_be_visible()

    def arrived() -> bool:
        page.goto(f"{at}messages/")
        return page.get_by_text("Rappelez-moi <b>demain</b>").count() == 1

    eventually(arrived, seconds=40, what="the message is listed")
    assert violations(page) == []
    expect(page.get_by_role("button", name="Marquer comme traité")).to_be_hidden()
    page.get_by_label("Choisir tous les messages de la page").check()
    expect(page.get_by_label("Choisir le message de ana@example.com")).to_be_checked()
    expect(page.get_by_text("Choisis : 1")).to_be_visible()
    page.get_by_label("Choisir tous les messages de la page").uncheck()
    expect(page.get_by_role("button", name="Marquer comme traité")).to_be_hidden()
    page.get_by_label("Choisir le message de ana@example.com").check()
    expect(page.get_by_label("Choisir tous les messages de la page")).to_be_checked()
    page.get_by_role("button", name="Supprimer").click()
    expect(page.get_by_role("dialog", name="Supprimer les messages choisis")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Marquer comme traité").click()
    expect(page.get_by_text("Aucun message ne correspond.")).to_be_visible()
    # The e-mail went by the worker: without a server it is a file.
    eventually(
        lambda: (
            "equipe@example.com"
            in "".join(one.read_text() for one in Path(os.environ["EMAIL_FILE_PATH"]).glob("*.log"))
        ),
        seconds=40,
        what="the e-mail is written",
    )
