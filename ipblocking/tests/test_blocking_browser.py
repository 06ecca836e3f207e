"""An admin blocks a visitor who is chatting: what both of them see, in French."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from chatadmin.run.plan import ROOT
from tests.browser import sign_in
from tests.console_client import signed_in
from tests.stack import Stack, eventually
from tests.test_story import open_chat, write

AXE = Path(ROOT / "node_modules/axe-core/axe.min.js")
TYPED = "# mars\n1.2.3.*\n127.0.0.0/8 # essai\n192.0.2.7"


@pytest.mark.page_errors
def test_a_visitor_who_is_blocked_sees_why_and_the_admin_sees_whom_it_met(
    stack: Stack, page: Page, browser_context: BrowserContext
) -> None:
    console = signed_in(stack.console, stack.password)
    channel = console.create_channel("Blocage")
    console.http.close()
    visitor = browser_context.new_page()
    address = f"{stack.test}/test/1009/{channel}?lang=fr&locale=fr-CA"
    eventually(lambda: visitor.request.get(address).status == 200, seconds=30, what="the channel is there")
    visitor.goto(address)
    chat = open_chat(visitor)
    write(chat, "Bonjour")
    expect(chat.locator("[data-selector=AGENT_MESSAGE_BUBBLE]").first).to_be_visible()

    sign_in(page, stack.console, stack.password)
    page.goto(f"{stack.console}/o/1009/acd/digital/chat/{channel}/addresses/")
    box = page.get_by_label("Adresses bloquées, une par ligne")
    box.fill(TYPED)
    page.get_by_role("button", name="Enregistrer", exact=True).click()
    # It would shut out the admin as well: asked first, and nothing typed is lost.
    expect(page.get_by_role("alert")).to_contain_text(
        "127.0.0.0/8 vous bloque : votre propre adresse est 127.0.0.1."
    )
    expect(box).to_have_value(TYPED)
    page.get_by_role("button", name="Enregistrer quand même").click()
    expect(page.get_by_text(re.compile(r"visible en test (depuis|après) \d+,\d"))).to_be_visible()

    # The open conversation ends, and says why; so does the next page view.
    expect(chat.get_by_text("L’adresse IP est bloquée")).to_be_visible()
    visitor.reload()
    answer = visitor.request.get(f"{stack.test}/chat/1.0/brand/1009/channel/{channel}")
    assert answer.status == 403
    assert answer.json()["errorCode"] == "ip_blocked"

    # The bad line is still there and leads to itself.
    expect(page.get_by_text("Une ligne n’est pas comprise")).to_be_visible()
    page.get_by_role("button", name="Ligne 2", exact=True).click()
    assert box.evaluate("area => area.value.slice(area.selectionStart, area.selectionEnd)") == "1.2.3.*"
    expect(page.locator(".address-gutter")).to_contain_text("4")

    page.get_by_label("Adresse", exact=True).fill("::ffff:127.0.0.1")
    page.get_by_role("button", name="Essayer").click()
    expect(page.locator("#verdict")).to_contain_text("127.0.0.1 est bloquée. L’entrée 127.0.0.0/8 décide.")

    # Counters come by themselves.
    row = page.locator("#entry-table tr").filter(has_text="127.0.0.0/8")
    search = page.get_by_label("Rechercher une adresse, un réseau ou un motif")
    search.fill("127.0.0.1")
    expect(page.locator("#entry-table tbody tr")).to_have_count(1)

    def met() -> bool:
        page.reload()
        return int(row.locator("td[data-label='Refus et passages']").inner_text()) > 0

    eventually(met, seconds=60, every=1, what="the hits have arrived")

    found = page.evaluate(f"{AXE.read_text()}; axe.run(document, {{resultTypes: ['violations']}})")
    assert [one["id"] for one in found["violations"]] == []

    row.get_by_role("button", name="Retirer 127.0.0.0/8").click()
    page.get_by_role("dialog").get_by_role("button").last.click()
    expect(box).to_have_value("# mars\n1.2.3.*\n192.0.2.7")
    eventually(
        lambda: visitor.request.get(f"{stack.test}/chat/1.0/brand/1009/channel/{channel}").status == 200,
        what="the visitor may come in again",
    )
    visitor.reload()
    expect(chat.get_by_text("Vous avez écrit : Bonjour")).to_be_visible()
