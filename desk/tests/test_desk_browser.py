"""The agent desk in Chromium: a visitor in the chat window and two agents, from the first word to the closing; at any width."""

from __future__ import annotations

import re
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4

from playwright.sync_api import Browser, FrameLocator, Page, WebSocketRoute, expect

from chatadmin.run.plan import ROOT
from tests.browser import sign_in
from tests.console_client import signed_in
from tests.stack import Stack, eventually

AXE = (ROOT / "node_modules" / "axe-core" / "axe.min.js").read_text()


def new_channel(stack: Stack, mark: str) -> str:
    console = signed_in(stack.console, stack.password)
    with closing(console.http):
        return console.create_channel(f"Poste {mark}")


def second_agent(stack: Stack, name: str) -> str:
    """Another member of the demo organisation who may answer; their password."""
    email = f"{name}@demo.example"
    made = stack.sql(
        "INSERT INTO accounts_user (password, email, name, language, theme, is_active, created_at)"
        " SELECT password, %s, %s, 'fr', 'system', true, now() FROM accounts_user"
        "  WHERE email = 'admin@demo.example' RETURNING id",
        (email, f"Benoît {name}"),
    )
    stack.sql(
        "INSERT INTO tenants_membership (tenant_id, user_id, role, created_at)"
        " SELECT id, %s, 50, now() FROM tenants_organisation WHERE number = 1009",
        (made[0][0],),
    )
    return email


def no_barrier(page: Page) -> None:
    found: Any = page.evaluate(f"{AXE}; axe.run(document, {{resultTypes: ['violations']}})")
    assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found["violations"]] == []


def row(page: Page, text: str) -> Any:
    return page.locator(".desk-row", has_text=text)


def chat(page: Page) -> FrameLocator:
    window = page.frame_locator("iframe[src*='/frame/1/']")
    window.locator("button[aria-haspopup=dialog]").first.click()
    return window


def write(window: FrameLocator, text: str) -> None:
    box = window.locator("[data-selector=TEXTAREA]")
    box.fill(text)
    box.press("Enter")


def test_a_visitor_and_two_agents_from_the_first_word_to_the_closing(
    stack: Stack, browser: Browser, page: Page, tmp_path: Path
) -> None:
    mark = uuid4().hex[:8]
    channel = new_channel(stack, mark)
    desk = f"{stack.console}/o/1009/acd/digital/chat/desk"
    address = f"{desk}/?environment=test&only={channel}&view=waiting"

    # The library: a card, refused at its line first, drawn beside while it is written; a canned answer.
    sign_in(page, stack.console, stack.password)
    page.goto(f"{desk}/cards/new/")
    page.locator("#id_name").fill(f"Carte {mark}")
    expect(page.locator("adaptive-card").get_by_role("button", name="Le matin")).to_be_visible()
    page.get_by_role("button", name="Créer la carte").click()
    expect(page.get_by_role("heading", level=1, name=f"Carte {mark}")).to_be_visible()
    page.goto(f"{desk}/answers/new/")
    page.locator("#id_shortcut").fill(f"heures-{mark}")
    page.locator("#id_text_fr").fill("Bonjour {name}, ouvert de 9 h à 17 h.")
    page.get_by_role("button", name="Enregistrer").last.click()
    expect(page.get_by_text(f"/heures-{mark}")).to_be_visible()

    # Alice is at the desk; a visitor writes and appears among those who wait.
    page.goto(address)
    expect(page.locator("[data-line=online]")).to_have_count(1)
    expect(page.get_by_text("Personne n’attend. Bravo.")).to_be_visible()
    visitor = browser.new_context(locale="fr-CA", reduced_motion="reduce", accept_downloads=True).new_page()
    visitor.goto(f"{stack.test}/test/1009/{channel}")
    window = chat(visitor)
    write(window, f"Où est ma commande {mark} ?")
    waiting = page.locator(".desk-row").first
    waiting.click()
    expect(page.locator(".desk-message:not(.is-mine)", has_text=f"commande {mark} ?")).to_be_visible()

    # Bob sees the same, in English, and is told once Alice has it.
    bob_context = browser.new_context(
        locale="en-CA", reduced_motion="reduce", viewport={"width": 1280, "height": 800}
    )
    bob_context.set_default_timeout(30_000)
    bob = bob_context.new_page()
    sign_in(bob, stack.console, stack.password, email=second_agent(stack, mark))
    bob.goto(address)
    bob.locator(".desk-row").first.click()
    expect(bob.get_by_role("button", name="Prendre", exact=True)).to_be_visible()
    page.keyboard.press("t")
    expect(page.get_by_text("Camille Tremblay a pris la conversation")).to_be_visible()
    expect(bob.locator(".desk-hint", has_text="Camille Tremblay s’occupe")).to_be_visible()
    expect(bob.get_by_label("Votre message")).to_be_disabled()

    # A draft survives a reload; a slash calls the canned answer; typing is seen.
    box = page.get_by_label("Votre message")
    box.fill("Un instant")
    page.reload()
    expect(box).to_have_value("Un instant")
    box.fill("")
    box.press_sequentially(f"/heures-{mark}")
    expect(page.get_by_role("option", name=re.compile(f"heures-{mark}"))).to_be_visible()
    box.press("Enter")
    expect(box).to_have_value(re.compile("ouvert de 9 h à 17 h"))
    expect(window.get_by_text(re.compile("écrit|saisit|rédige", re.I)).first).to_be_visible()
    box.press("Control+Enter")
    expect(
        window.locator("[data-selector=AGENT_MESSAGE_BUBBLE]", has_text="ouvert de 9 h à 17 h")
    ).to_be_visible()
    expect(page.locator(".desk-message.is-mine", has_text="ouvert de 9 h")).to_have_count(1)

    # A card from the library, answered by its button; files both ways.
    page.get_by_role("button", name="Envoyer une carte").click()
    page.get_by_role("dialog").get_by_role("button", name=f"Carte {mark}").click()
    expect(page.get_by_role("dialog").get_by_role("button", name="Le matin")).to_be_visible()
    page.get_by_role("button", name="Envoyer la carte").click()
    window.locator("button.ac-pushButton", has_text="Le matin").click()
    expect(page.locator(".desk-message:not(.is-mine)", has_text="Le matin")).to_be_visible()
    # A question with choices, kept, and asked again by choosing it.
    page.get_by_role("button", name="Réponses rapides").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Conserver pour réutilisation").click()
    expect(dialog.get_by_role("alert")).to_contain_text("Écrivez une question")
    dialog.get_by_label("Question").fill(f"Quel jour, {mark} ?")
    dialog.get_by_label("Choix, un par ligne").fill("Lundi\nMardi")
    dialog.get_by_role("button", name="Conserver pour réutilisation").click()
    expect(dialog.get_by_role("status")).to_contain_text("tous les agents")
    dialog.get_by_role("button", name="Annuler").click()
    page.get_by_role("button", name="Réponses rapides").click()
    dialog.get_by_label("Réponses rapides conservées").select_option(f"Quel jour, {mark} ? (Lundi, Mardi)")
    expect(dialog.get_by_label("Choix, un par ligne")).to_have_value("Lundi\nMardi")
    expect(dialog.get_by_role("button", name="Supprimer des réponses conservées")).to_be_visible()
    dialog.get_by_role("button", name="Envoyer").click()
    window.get_by_role("button", name="Mardi").click()
    expect(page.locator(".desk-message:not(.is-mine)", has_text="Mardi")).to_be_visible()
    picture = tmp_path / "plan.png"
    page.screenshot(path=picture)
    page.locator(".desk-compose input[type=file]").set_input_files(picture)
    expect(page.locator(".desk-uploads li", has_text="plan.png")).to_be_visible()
    page.locator(".desk-send").click()
    expect(page.locator(".desk-message.is-mine .desk-file img")).to_be_visible()
    expect(
        window.locator("[data-selector=AGENT_MESSAGE_BUBBLE] img, .cw-file img, img[src*='/files/']").first
    ).to_be_visible()
    window.locator("input[type=file]").set_input_files(picture)
    expect(page.locator(".desk-message:not(.is-mine) .desk-file", has_text="plan.png")).to_be_visible()

    # An internal note, then handed on to Bob, who closes it.
    page.get_by_role("button", name="Note", exact=True).click()
    page.get_by_label("Note interne").fill("Client fidèle")
    page.get_by_role("button", name="Enregistrer la note").click()
    expect(bob.get_by_text("Client fidèle")).to_be_visible()
    page.locator("[data-act=transfer]").click()
    page.get_by_role("dialog").get_by_text(f"Benoît {mark}").click()
    page.get_by_label(re.compile("Note pour la personne")).fill("Il attend depuis hier.")
    page.get_by_role("dialog").get_by_role("button", name="Transférer").click()
    expect(bob.get_by_text("Il attend depuis hier.")).to_be_visible()
    answer = bob.get_by_label("Votre message")
    answer.fill("Je m’en occupe.")
    answer.press("Enter")
    expect(window.locator("[data-selector=AGENT_MESSAGE_BUBBLE]", has_text="Je m’en occupe.")).to_be_visible()
    expect(
        page.locator(".desk-hint", has_text=f"Benoît {mark} s’occupe de cette conversation.")
    ).to_be_visible()
    bob.locator("[data-act=close]").click()
    expect(bob.get_by_text(f"Benoît {mark} a fermé la conversation")).to_be_visible()
    bob.locator(".desk-views button", has_text="Fermées").click()
    expect(bob.locator(".desk-row")).to_have_count(1)
    for context in (visitor.context, bob_context):
        context.close()


def closed_conversations(stack: Stack, channel: str, count: int) -> None:
    """As many conversations that are over, each minute one, the newest with the highest number."""
    stack.env_sql(
        "test",
        "WITH k AS (INSERT INTO gateway_customer (channel, external_id, first_name)"
        "             SELECT %s, 'k' || n, 'Client ' || n FROM generate_series(1, %s) n RETURNING id, external_id),"
        " t AS (INSERT INTO gateway_thread (channel, external_id, customer_id, active_at)"
        "        SELECT %s, external_id, id, now() - interval '1 day' + substr(external_id, 2)::int * interval '1 minute'"
        "          FROM k RETURNING id)"
        " INSERT INTO gateway_contact (thread_id, channel, status) SELECT id, %s, 'closed' FROM t",
        (channel, count, channel, channel),
    )


def test_a_broken_line_loses_nothing_and_a_conversation_whose_agent_has_left_is_not_lost_to_the_others(
    stack: Stack, browser: Browser, page: Page
) -> None:
    mark = uuid4().hex[:8]
    channel = new_channel(stack, mark)
    closed_conversations(stack, channel, 130)
    desk = f"{stack.console}/o/1009/acd/digital/chat/desk/?environment=test&only={channel}"
    sign_in(page, stack.console, stack.password)
    line: dict[str, Any] = {"down": False, "open": []}

    def relay(socket: WebSocketRoute) -> None:
        if line["down"]:
            socket.close()
            return
        socket.connect_to_server()
        line["open"].append(socket)

    page.route_web_socket(re.compile("/agent$"), relay)

    # More conversations than one page holds: the list goes on, with the pointer and with the keyboard.
    page.goto(f"{desk}&view=closed")
    rows = page.locator(".desk-row")
    expect(rows).to_have_count(100)
    expect(rows.first).to_contain_text("Client 130")
    rows.last.scroll_into_view_if_needed()
    expect(rows).to_have_count(130)
    expect(rows.last).to_contain_text("Client 1")
    expect(page.get_by_role("button", name="Afficher plus")).to_have_count(0)
    page.locator("#desk-search").fill("Client 7")
    expect(rows).to_have_count(11)

    visitor = browser.new_context(locale="fr-CA", reduced_motion="reduce").new_page()
    visitor.set_default_timeout(30_000)
    visitor.goto(f"{stack.test}/test/1009/{channel}")
    window = chat(visitor)
    write(window, f"premier {mark}")
    page.goto(f"{desk}&view=all")
    rows.first.click()
    page.get_by_label("Votre message").fill("Je regarde.")
    page.get_by_label("Votre message").press("Enter")
    answers = window.locator("[data-selector=AGENT_MESSAGE_BUBBLE]")
    expect(answers.filter(has_text="Je regarde.")).to_have_count(1)

    # The line breaks. It is said, what is written waits, and what the visitor says meanwhile comes once it is back.
    line["down"] = True
    for socket in line["open"]:
        socket.close()
    expect(page.get_by_text("Connexion perdue")).to_have_count(2)
    page.get_by_label("Votre message").fill("Votre colis est à Laval.")
    page.get_by_label("Votre message").press("Enter")
    expect(page.locator(".desk-message.is-pending", has_text="Laval")).to_contain_text("Envoi…")
    write(window, f"pendant la panne {mark}")
    expect(page.locator(".desk-message", has_text="pendant la panne")).to_have_count(0)
    line["down"] = False
    expect(page.locator("[data-line=online]")).to_have_count(1)
    expect(page.locator(".desk-message:not(.is-mine)", has_text=f"pendant la panne {mark}")).to_have_count(1)
    expect(answers.filter(has_text="Laval")).to_have_count(1)
    expect(page.locator(".desk-message.is-mine", has_text="Laval")).to_have_count(1)
    expect(page.locator(".desk-message.is-pending")).to_have_count(0)

    # Bob takes nothing over from somebody who is there by one key; once she has gone, he does.
    bob_context = browser.new_context(locale="fr-CA", reduced_motion="reduce")
    bob_context.set_default_timeout(30_000)
    bob = bob_context.new_page()
    sign_in(bob, stack.console, stack.password, email=second_agent(stack, mark))
    bob.clock.install()
    bob.goto(f"{desk}&view=all")
    bob.locator(".desk-row").click()
    expect(bob.get_by_role("button", name="Prendre la relève")).to_be_visible()
    bob.keyboard.press("t")
    question = bob.get_by_role("dialog", name="Prendre la relève de Camille Tremblay")
    expect(question.get_by_role("button", name="Prendre la relève")).to_be_focused()
    bob.keyboard.press("Escape")
    expect(question).to_have_count(0)
    page.goto("about:blank")

    def left() -> bool:
        # Not before some seconds have gone by: whoever loads the page anew has not left.
        bob.clock.fast_forward(8_000)
        return bob.locator(".desk-row", has_text="hors ligne\u00a0: Camille Tremblay").count() == 1

    eventually(left, what="she counts as gone")
    expect(bob.locator(".desk-hint")).to_contain_text("n’est plus au poste")
    bob.keyboard.press("t")
    expect(bob.get_by_text(f"Benoît {mark} a pris la conversation")).to_be_visible()
    expect(bob.get_by_label("Votre message")).to_be_enabled()
    for context in (visitor.context, bob_context):
        context.close()


def test_the_desk_has_no_barrier_and_works_on_a_phone(stack: Stack, browser: Browser) -> None:
    mark = uuid4().hex[:8]
    channel = new_channel(stack, mark)
    context = browser.new_context(
        locale="fr-CA",
        reduced_motion="reduce",
        viewport={"width": 1440, "height": 900},
        # axe tries styles that the console's policy refuses.
        bypass_csp=True,
    )
    context.set_default_timeout(30_000)
    visitor = context.new_page()
    visitor.goto(f"{stack.test}/test/1009/{channel}")
    write(chat(visitor), f"bonjour {mark}")
    page = context.new_page()
    sign_in(page, stack.console, stack.password)
    desk = f"{stack.console}/o/1009/acd/digital/chat/desk"
    page.goto(f"{desk}/?environment=test&only={channel}&view=all")
    page.locator(".desk-row").first.click()
    expect(page.locator(".desk-message", has_text=f"bonjour {mark}").first).to_be_visible()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        no_barrier(page)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Raccourcis clavier")).to_be_visible()
    no_barrier(page)
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    for shown, name in (("Réponses rapides", "Réponses rapides"), ("Envoyer une carte", "Envoyer une carte")):
        page.get_by_role("button", name=shown).click()
        expect(page.get_by_role("dialog", name=name)).to_be_visible()
        no_barrier(page)
        page.keyboard.press("Escape")
    page.get_by_role("button", name="Fermer les détails").click()

    page.set_viewport_size({"width": 390, "height": 844})
    expect(page.locator(".desk-list")).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    no_barrier(page)
    page.locator(".desk-talk-head").get_by_role("button", name="Conversations").click()
    expect(page.locator(".desk-row").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    no_barrier(page)
    for path in ("cards/", "cards/new/", "answers/new/", "agents/", "name/"):
        page.goto(f"{desk}/{path}")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        no_barrier(page)
    context.close()
