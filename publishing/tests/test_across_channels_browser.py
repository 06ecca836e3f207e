"""What spans an organisation's channels, in a browser: copies, deliveries, the audit, tokens and webhooks."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import Page, expect

from publishing.tests.barriers import assert_no_barriers
from tests.browser import sign_in
from tests.console_client import Console, signed_in
from tests.stack import Stack, eventually


@pytest.fixture(scope="module")
def console(stack: Stack) -> Iterator[Console]:
    session = signed_in(stack.console, stack.password)
    yield session
    session.http.close()


@pytest.fixture
def admin(stack: Stack, page: Page) -> Page:
    sign_in(page, stack.console, stack.password)
    return page


def css(color: str) -> str:
    """Of several lines, so that it is compared by line."""
    return f"b {{\n  color: {color}\n}}"


def chat(stack: Stack, tail: str) -> str:
    return f"{stack.console}/o/1009/acd/digital/chat/{tail}"


def served(stack: Stack, channel: str) -> str:
    answer = httpx.get(f"{stack.test}/chat/1.0/brand/1009/channel/{channel}", trust_env=False)
    return str(answer.json().get("customCss", "")) if answer.status_code == 200 else ""


def test_a_look_is_copied_to_several_channels_and_taken_back_in_one_step(
    stack: Stack, console: Console, admin: Page
) -> None:
    mark = uuid4().hex[:8]
    source = console.create_channel(f"Modèle {mark}")
    for number in range(26):
        console.create_channel(f"Autre {mark} {number}")
    console.save_css(source, css("gold"))
    targets = [console.create_channel(f"Copie {mark} {number}") for number in range(3)]
    for one in targets:
        console.save_css(one, css("grey"))
    console.save_css(targets[2], css("gold"))

    admin.goto(chat(stack, "copy/"))
    admin.get_by_role("button", name="Voir les différences").click()
    expect(admin.get_by_role("alert").get_by_role("listitem")).to_have_count(3)
    admin.goto(chat(stack, f"{source}/history/"))
    admin.get_by_role("main").get_by_role("link", name="Copier des réglages").click()
    expect(admin.get_by_label("Du canal", exact=True)).to_have_value(source)
    admin.get_by_role("checkbox", name="Personnaliser CSS et JS").check()
    # Enough of them that one has to look for some: what was chosen before stays chosen.
    search = admin.get_by_label("Nom ou identifiant du canal")
    search.fill(f"copie {mark} 2")
    search.press("Enter")
    admin.get_by_role("checkbox", name=f"Copie {mark} 2").check()
    search.fill(targets[1])
    search.press("Enter")
    expect(admin.get_by_role("checkbox", name=f"Copie {mark} 2")).to_have_count(0)
    admin.get_by_role("checkbox", name=f"Copie {mark} 1").check()
    search.fill(f"copie {mark} 0")
    search.press("Enter")
    admin.get_by_role("button", name="Choisir 1 canal trouvé").click()
    expect(admin.get_by_text("3 canaux sur")).to_be_visible()
    expect(admin.get_by_role("checkbox", name="Personnaliser CSS et JS")).to_be_checked()
    admin.get_by_role("button", name="Voir les différences").click()
    preview = admin.locator("#preview")
    expect(preview.locator(".difference").first.locator(".is-after")).to_have_text(re.compile("color: gold"))
    expect(preview.locator(".same")).to_have_text(re.compile(f"Copie {mark} 2 · déjà identique"))
    looked_at = admin.url
    admin.get_by_role("button", name="Copier vers 3 canaux").click()

    expect(admin.get_by_text("3 canaux sur 3")).to_be_visible(timeout=30_000)
    expect(admin.get_by_role("progressbar")).to_have_attribute("value", "3")
    results = admin.locator("#copied tbody tr")
    expect(results.filter(has_text=f"Copie {mark} 0")).to_contain_text("version 3")
    expect(results.filter(has_text=f"Copie {mark} 2")).not_to_contain_text("version")
    eventually(lambda: served(stack, targets[0]) == css("gold"), seconds=30, what="the copy is in test")
    assert_no_barriers(admin, looked_at, admin.url)
    refused = f"{admin.url}?state=unchanged"
    admin.goto(refused)
    expect(results).to_have_count(1)
    admin.goto(refused.partition("?")[0])

    console.save_css(targets[1], css("black"))
    admin.get_by_role("button", name="Annuler cette copie").click()
    expect(admin.get_by_role("heading", name="Annulation d’une copie")).to_be_visible()
    expect(admin.get_by_text("2 canaux sur 2")).to_be_visible(timeout=30_000)
    eventually(lambda: served(stack, targets[0]) == css("grey"), seconds=30, what="the copy is undone")
    expect(results.filter(has_text=f"Copie {mark} 1")).to_contain_text("Quelqu’un l’a modifié après la copie")
    assert served(stack, targets[1]) == css("black")


def test_a_delivery_that_failed_says_why_and_is_tried_again(
    stack: Stack, console: Console, admin: Page
) -> None:
    name = f"Livraison {uuid4().hex[:8]}"
    channel = console.create_channel(name)
    stack.hold("test-env")
    try:
        console.save_css(channel, css("lime"))
        failed = chat(stack, "deliveries/?where=test.&state=failed")
        row = admin.get_by_role("row").filter(has_text=name)

        def said() -> bool:
            admin.goto(failed)
            return row.get_by_text("L’environnement est injoignable.").count() > 0

        eventually(said, seconds=60, every=0.3, what="the page says why")
        assert_no_barriers(admin, failed)
        row.get_by_role("button", name="Réessayer maintenant").click()
        expect(admin.get_by_text("1 livraison est relancée maintenant.")).to_be_visible()
    finally:
        stack.release("test-env")
        stack.wait_until_back("test-env")
    admin.get_by_role("button", name="Relancer maintenant tout ce qui a échoué").click()

    def arrived() -> bool:
        admin.goto(chat(stack, f"deliveries/?where=test.&q={channel}"))
        return row.get_by_text("à jour").count() > 0

    eventually(arrived, seconds=90, every=0.3, what="it is there")
    expect(row).to_contain_text(re.compile(r"après \d[\d,\s]*s|après \d+\smin"))
    assert served(stack, channel) == css("lime")


def test_the_audit_is_filtered_and_what_is_exported_is_what_is_shown(
    stack: Stack, console: Console, admin: Page
) -> None:
    name = f"Journal {uuid4().hex[:8]}"
    channel = console.create_channel(name)
    console.save_css(channel, css("teal"))
    audit = f"{stack.console}/o/1009/audit/"
    admin.goto(audit)
    admin.get_by_label("Identifiant du canal").fill(channel)
    admin.get_by_role("button", name="Filtrer").click()
    rows = admin.locator("table.rows tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text(
        f"Camille Tremblay a enregistré « Personnaliser CSS et JS » du canal « {name} »"
    )
    assert_no_barriers(admin, audit)
    written: dict[str, str] = {}
    for kind in ("CSV", "JSON"):
        with admin.expect_download() as download:
            admin.get_by_role("link", name=kind, exact=True).click()
        written[kind] = Path(download.value.path()).read_text(encoding="utf-8-sig")
    assert len(list(csv.DictReader(io.StringIO(written["CSV"])))) == 2
    entries = json.loads(written["JSON"])
    assert len(entries) == 2
    assert all(channel in json.dumps(one) for one in entries)
    admin.get_by_label("Personne").fill("nobody@example.com")
    admin.get_by_role("button", name="Filtrer").click()
    expect(admin.get_by_text("Aucune entrée ne correspond")).to_be_visible()
    admin.get_by_role("link", name="Tout afficher").click()
    expect(rows.nth(2)).to_be_visible()


def test_keys_are_shown_once_and_a_webhook_s_secret_changes_with_an_overlap(
    stack: Stack, admin: Page
) -> None:
    integrations = f"{stack.console}/o/1009/integrations"
    name = f"Jeton {uuid4().hex[:8]}"
    admin.goto(f"{integrations}/tokens/")
    admin.get_by_role("textbox", name="Nom").fill(name)
    admin.get_by_role("button", name="Créer le jeton").click()
    key = admin.locator(".secret-once code").inner_text()
    assert status(stack, key) == 200
    admin.goto(f"{integrations}/tokens/")
    assert key not in admin.content()
    row = admin.get_by_role("row").filter(has_text=name)
    row.get_by_role("button", name="Révoquer").click()
    admin.get_by_role("dialog").get_by_role("button", name="Révoquer").click()
    expect(row).to_have_count(0)
    assert status(stack, key) == 401

    url = f"https://{uuid4().hex}.invalid/hook"
    admin.goto(f"{integrations}/webhooks/")
    admin.locator("#new-webhook input[name=url]").fill(url)
    admin.get_by_role("button", name="Créer le webhook").click()
    first = admin.locator(".secret-once code").inner_text()
    admin.get_by_role("link", name=url).click()
    expect(admin.locator("#secret")).to_contain_text("Les messages sont signés avec un seul secret.")
    here = admin.url
    admin.get_by_role("button", name="Créer un nouveau secret").click()
    second = admin.locator(".secret-once code").inner_text()
    assert second != first
    expect(admin.locator("#secret")).to_contain_text("Les messages portent deux signatures")
    assert_no_barriers(admin, *(f"{integrations}/{tail}/" for tail in ("tokens", "webhooks")), here)
    admin.goto(here)
    assert first not in admin.content()
    assert second not in admin.content()
    admin.get_by_role("button", name="Mettre fin à l’ancien secret").click()
    expect(admin.locator("#secret")).to_contain_text("Les messages sont signés avec un seul secret.")
    admin.get_by_role("button", name="Supprimer").first.click()
    admin.get_by_role("dialog").get_by_role("button", name="Supprimer").click()
    expect(admin.get_by_role("link", name=url)).to_have_count(0)


def status(stack: Stack, key: str) -> int:
    answer = httpx.get(
        f"{stack.console}/api/v1/organisations/", headers={"Authorization": f"Bearer {key}"}, trust_env=False
    )
    return answer.status_code
