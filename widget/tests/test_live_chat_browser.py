"""A live chat in the real window, against a real environment: the offline form, the queue, the transcript, the end, the menu."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page, expect

from live_chat import rules
from live_chat.section import public
from tests.stack import eventually
from widget.tests.conftest import Environment, Site, new_channel, snippet
from widget.tests.test_survey_browser import chat, violations, write


def live_channel(environment: Environment, channel: str = "", **pieces: Any) -> str:
    section = rules.default_section()
    for name, value in pieces.items():
        section[name] = {**section[name], **value} if isinstance(value, dict) else value
    assert [one for one in rules.problems(section) if not one.note] == []
    return environment.publish(
        channel or new_channel(), live=True, private={"live_chat": section}, **public(section)
    )


CLOSED: dict[str, Any] = {
    "availability": "hours",
    "hours": {"weekly": {day: [] for day in rules.default_section()["hours"]["weekly"]}},
}


def test_whoever_finds_nobody_leaves_a_message_in_their_own_language(
    page: Page, site: Site, gateway_environment: Environment
) -> None:
    html = (
        "<h3>Fermé</h3><p>Nous rouvrons <strong>lundi</strong>. <a href='https://example.com/faq'>FAQ</a></p>"
    )
    texts = {"fr": html, "en_US": "<p>Back on Monday.</p>"}
    offline = {"html": "<p>→ 📅</p>", "html_by_language": texts}
    channel = live_channel(gateway_environment, offline=offline, **CLOSED)
    page.goto(site.page(snippet(gateway_environment.url, channel)))
    window = chat(page)
    expect(window.locator(".cw-launcher")).to_contain_text("Nous sommes hors ligne")
    window.locator(".cw-launcher").click()
    form = window.locator("form.cw-later")
    expect(form).to_be_visible()
    # The organisation's text, with its link, and no box for a conversation nobody would read.
    expect(form.locator("strong")).to_have_text("lundi")
    expect(form.get_by_role("link", name="FAQ")).to_have_attribute("href", "https://example.com/faq")
    expect(window.locator("[data-selector=TEXTAREA]")).to_have_count(0)
    assert violations(page) == []
    form.get_by_role("button").click()
    expect(form.get_by_label("Courriel")).to_be_focused()
    expect(form.locator(".cw-later-error").filter(has_text="Ce champ est obligatoire")).to_have_count(2)
    assert violations(page) == []
    form.get_by_label("Courriel").fill("ana@")
    form.get_by_label("Votre message").fill("Rappelez-moi\ndemain")
    form.get_by_role("button").click()
    expect(
        form.locator(".cw-later-error").filter(has_text="adresse courriel n’est pas valide")
    ).to_be_visible()
    # Closed and opened again, nothing typed is lost.
    window.get_by_role("button", name="Réduire").click()
    window.locator(".cw-launcher").click()
    expect(form.get_by_label("Votre message")).to_have_value("Rappelez-moi\ndemain")
    form.get_by_label("Courriel").fill("ana@example.com")
    form.get_by_label("Votre nom").fill("Ana Roy")
    form.get_by_role("button").click()
    expect(window.get_by_role("heading", name="Votre message a bien été envoyé.")).to_be_focused()
    assert violations(page) == []
    kept = gateway_environment.sql(
        "SELECT email, first_name, last_name, text FROM gateway_offlinemessage WHERE channel = %s", (channel,)
    )
    assert kept == [("ana@example.com", "Ana", "Roy", "Rappelez-moi\ndemain")]
    # Another language has another text, and one without a text of its own the one for all.
    for locale, text in (("en", "Back on Monday."), ("de", "→ 📅")):
        before = f"cxone('chat','setLocale','{locale}');"
        page.goto(site.page(snippet(gateway_environment.url, channel, before=before)))
        expect(form.locator(".cw-later-text")).to_have_text(text)


def test_a_visitor_waits_in_line_is_answered_has_the_transcript_sent_and_ends(
    page: Page, site: Site, gateway_environment: Environment
) -> None:
    channel = live_channel(
        gateway_environment,
        transcript={"allowed": True},
        behaviour={"persistent_menu": True, "ai_label": True, "typing_preview": True},
        menu=[{"label": "Suivre ma commande", "postback": "order"}],
    )
    with gateway_environment.agent(channel) as agent:
        page.goto(site.page(snippet(gateway_environment.url, channel)))
        window = chat(page)
        window.locator(".cw-launcher").click()
        write(page, "Bonjour")
        conversation = agent.hear("message")["conversation"]
        # The practice agent is the first to answer, and a machine.
        expect(window.locator(".cw-author .cw-ai")).to_have_text("IA")
        agent.say(conversation, text="Que puis-je faire pour vous ?")
        expect(window.get_by_text("Que puis-je faire pour vous ?")).to_be_visible()
        # A person's message carries no such label.
        expect(window.locator(".cw-author", has_text="Béatrice Côté").locator(".cw-ai")).to_have_count(0)
        window.locator("[data-selector=TEXTAREA]").fill("Ma commande")
        while agent.hear("preview")["text"] != "Ma commande":
            """The box was emptied when the first message went."""
        window.locator("[data-selector=TEXTAREA]").fill("")
        # The menu: by keyboard, as a message with its postback.
        window.locator("[data-selector=REPLY_BOX] button[aria-haspopup=menu]").press("Enter")
        item = window.get_by_role("menuitem", name="Suivre ma commande")
        expect(item).to_be_focused()
        assert violations(page) == []
        item.press("Enter")
        expect(window.locator(".cw-mine").get_by_text("Suivre ma commande")).to_be_visible()
        eventually(
            lambda: (
                gateway_environment.sql(
                    "SELECT m.content ->> 'postback' FROM gateway_message m JOIN gateway_contact c ON c.id = m.contact_id"
                    " WHERE c.channel = %s AND m.content ->> 'postback' IS NOT NULL",
                    (channel,),
                )
                == [("order",)]
            ),
            what="the postback is stored",
        )
        # The transcript: asked for in the window, told once it is on its way.
        window.locator("[data-selector=HEADER_ACTION_MENU_BUTTON]").click()
        window.get_by_role("menuitem", name="Envoyer la transcription").click()
        panel = window.get_by_role("dialog", name="Envoyer la transcription")
        expect(panel.get_by_label("Courriel")).to_be_focused()
        panel.get_by_label("Courriel").fill("nobody")
        panel.get_by_role("button", name="Envoyer la transcription").click()
        expect(panel.get_by_text("adresse courriel n’est pas valide")).to_be_visible()
        assert violations(page) == []
        panel.get_by_label("Courriel").fill("ana@example.com")
        panel.get_by_role("button", name="Envoyer la transcription").click()
        expect(panel.get_by_text("Transcription envoyée.")).to_be_visible()
        panel.get_by_role("button", name="Fermer").click()
        expect(panel).to_have_count(0)
        (sent,) = gateway_environment.sql("SELECT data FROM gateway_outgoing WHERE channel = %s", (channel,))
        assert sent[0]["to"] == "ana@example.com"
        assert "Que puis-je faire pour vous ?" in sent[0]["text"]
        # The visitor ends it; Escape takes the question back first.
        window.locator("[data-selector=HEADER_ACTION_MENU_BUTTON]").click()
        window.locator("[role=menuitem]").last.click()
        question = window.get_by_role("alertdialog")
        expect(question.locator("button").first).to_be_focused()
        assert violations(page) == []
        page.keyboard.press("Escape")
        expect(question).to_have_count(0)
        window.locator("[data-selector=HEADER_ACTION_MENU_BUTTON]").click()
        window.locator("[role=menuitem]").last.click()
        question.locator("button").first.click()
        expect(window.locator("[data-selector=START_NEW_CHAT]")).to_be_visible()
        while agent.hear("status")["status"] != "closed":
            """Taken first, closed then."""


def test_a_page_that_is_left_open_follows_the_channel(
    page: Page, site: Site, gateway_environment: Environment
) -> None:
    hides: dict[str, Any] = {"offline": {"show": "hide"}}
    channel = live_channel(gateway_environment, **hides)
    page.goto(site.page(snippet(gateway_environment.url, channel)))
    window = chat(page)
    launcher = window.locator(".cw-launcher")
    expect(launcher.locator(".cw-dot")).to_be_visible()

    def comes_back_to_the_tab(shown: str) -> None:
        """The page looks again once a minute, and when somebody comes back to it."""

        def looked() -> bool:
            page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
            page.wait_for_timeout(50)
            return shown == (launcher.inner_text() if launcher.count() else "")

        eventually(looked, what=f"the launcher says {shown!r}")

    corner = "document.elementFromPoint(innerWidth - 60, innerHeight - 45).tagName"
    live_channel(gateway_environment, channel, **hides, **CLOSED)
    comes_back_to_the_tab("")
    # What is hidden takes no click from the page either.
    page.wait_for_function(f"{corner} !== 'IFRAME'")
    live_channel(gateway_environment, channel, **hides)
    comes_back_to_the_tab("Nous sommes en ligne")
    page.wait_for_function(f"{corner} === 'IFRAME'")
    # Whoever has begun a conversation keeps the way to it.
    launcher.click()
    write(page, "Bonjour")
    # Both of the practice agent's messages: one that came later would be counted on the launcher.
    expect(window.get_by_text("Vous avez écrit")).to_be_visible()
    window.get_by_role("button", name="Réduire").click()
    live_channel(gateway_environment, channel, **hides, **CLOSED)
    comes_back_to_the_tab("Nous sommes hors ligne")
    expect(launcher.locator(".cw-dot")).to_have_count(0)
