"""The reference of commands in a browser: found from the initialisation page, copied from, readable by everybody."""

from __future__ import annotations

from uuid import uuid4

from playwright.sync_api import Browser, expect

from chatadmin.run.plan import ROOT
from tests.browser import sign_in
from tests.console_client import signed_in
from tests.stack import Stack

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"


def test_a_webmaster_finds_a_command_and_takes_it_along(stack: Stack, browser: Browser) -> None:
    session = signed_in(stack.console, stack.password)
    channel = session.create_channel(f"Commandes {uuid4().hex[:8]}")
    session.http.close()
    # axe tries styles that the console's policy refuses.
    context = browser.new_context(
        locale="fr-CA", viewport={"width": 1440, "height": 900}, reduced_motion="reduce", bypass_csp=True
    )
    context.set_default_timeout(30_000)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = context.new_page()
    sign_in(page, stack.console, stack.password)
    page.goto(f"{stack.console}/o/1009/acd/digital/chat/{channel}/init/")
    page.get_by_role("link", name="Toutes les commandes, avec les identifiants de ce canal").click()
    page.get_by_role("navigation", name="Toutes les commandes").get_by_role(
        "link", name="setCustomerName"
    ).click()
    expect(page.locator("#setCustomerName")).to_be_in_viewport()
    page.get_by_role("button", name="Copier l’exemple de setCustomerName").click()
    page.wait_for_function(
        'navigator.clipboard.readText().then(text => text === \'cxone("chat", "setCustomerName", "Zoé Tremblay");\')'
    )
    page.get_by_role("link", name="Ancien extrait").click()
    expect(page.locator("#start")).to_contain_text(f'brandembassy("init", 1009, "{channel}");')
    with page.expect_download() as download:
        page.get_by_role("link", name="Télécharger cxone.d.ts").click()
    assert download.value.suggested_filename == "cxone.d.ts"
    page.go_back()
    for width, dark in ((1440, False), (390, True)):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme="dark" if dark else "light")
        found = page.evaluate(f"{AXE.read_text()}; axe.run(document, {{resultTypes: ['violations']}})")
        assert [fault["id"] for fault in found["violations"]] == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    context.close()
