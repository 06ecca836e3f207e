"""axe-core in the states of the window that no other test leaves standing: the form untouched, typing, uploads, the queue, offline, sign-in.

The others are looked at where they come about: conversation, card, choices, refused file, menu, list and a channel closed to the page in
test_widget_browser, the form with errors in test_survey_browser, what is left while nobody is there and the transcript in
test_live_chat_browser, the Guide in test_guide_browser.
"""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from playwright.sync_api import FilePayload, Page, Route, WebSocketRoute, expect

from auth_config.section import EMPTY
from auth_config.tests.oidc import SECRET, openid_provider
from surveys.defaults import item
from surveys.section import public as surveyed
from tests.stack import eventually
from widget.tests.conftest import BRAND, Environment, Site, new_channel, snippet
from widget.tests.test_live_chat_browser import CLOSED, live_channel
from widget.tests.test_survey_browser import FIELDS
from widget.tests.test_widget_browser import chat, from_agent, mine, open_chat, violations, write

DARK = {
    "theme": "#1c2533",
    "button": "#1c2533",
    "headerBackground": "#101418",
    "headerFont": "#dddddd",
    "widgetBackground": "#000000",
    "widgetFont": "#eeeeee",
    "text": "#cccccc",
}


@pytest.mark.page_errors
@pytest.mark.parametrize(("locale", "colors", "look"), [("fr", {}, "bar"), ("ar", DARK, "bubble")])
def test_form_typing_uploads_and_unread_words_are_for_everybody(
    page: Page,
    site: Site,
    gateway_environment: Environment,
    locale: str,
    colors: dict[str, str],
    look: str,
) -> None:
    items = [
        item("subject", help="De quoi s’agit-il ?"),
        item("email", autocomplete="email"),
        item("consent.1", text="J’accepte que mes réponses soient conservées.", version=2),
    ]
    asked = {"name": "Formulaire", "title": "", "intro": "", "submit": "", "items": items}
    section = {"format": 1, "form": asked, "fields": FIELDS}
    files = {"isAttachmentsEnabled": True}
    channel = gateway_environment.publish(
        new_channel(),
        private={"surveys": section},
        settings={"hasMultipleThreadsPerEndUser": False, "fileRestrictions": files},
        colors=colors,
        widget={"appearance": look, "position": "left" if locale == "ar" else "right"},
        **surveyed(section),
    )
    before = f"cxone('chat','setLocale','{locale}');"
    head = "<style>:root{color-scheme:dark}body{background:#000}</style>" if colors else ""
    page.goto(site.page(snippet(gateway_environment.url, channel, before=before), head=head))
    window = chat(page)
    launcher = window.locator(".cw-launcher")
    expect(launcher).to_be_visible()
    assert violations(page) == []
    launcher.click()
    form = window.locator("form.cw-survey")
    expect(form).to_be_visible()
    expect(window.locator("html")).to_have_attribute("dir", "rtl" if locale == "ar" else "ltr")
    assert violations(page) == []
    # Once it is there a page may still take it away.
    page.evaluate("cxone('chat','hidePreSurvey')")
    expect(form).to_have_count(0)
    with gateway_environment.agent(channel) as agent:
        write(page, "Bonjour")
        conversation = agent.hear("message")["conversation"]
        # The practice agent has said its part and is quiet once a person speaks.
        expect(from_agent(page, re.compile("Vous avez écrit|You wrote"))).to_be_visible()
        agent.say(conversation, text="Un instant.")
        expect(from_agent(page, "Un instant.")).to_be_visible()
        agent.do("typing", conversation=conversation, on=True)
        expect(window.locator(".cw-typing")).to_be_visible()
        assert violations(page) == []
        # An upload on its way, and one that did not get there.
        held: list[Route] = []
        page.route("**/attachment", lambda route: held.append(route))  # noqa: PLW0108 - it asks what it may hand over
        file: FilePayload = {
            "name": "photo.png",
            "mimeType": "image/png",
            "buffer": b"\x89PNG\r\n\x1a\n" + bytes(64),
        }
        window.locator("input[type=file]").set_input_files(file)
        eventually(lambda: held or page.wait_for_timeout(50), what="the upload is under way")
        expect(window.locator(".cw-file progress")).to_be_visible()
        assert violations(page) == []
        held[0].abort()
        expect(window.locator(".cw-wrong")).to_be_visible()
        assert violations(page) == []
        page.set_viewport_size({"width": 390, "height": 800})
        expect(window.locator(".cw-full")).to_be_visible()
        assert violations(page) == []
        window.locator("[data-selector=HEADER_MINIMIZE_WINDOW]").click()
        agent.say(conversation, text="Me revoici.")
        expect(launcher.locator(".cw-badge")).to_be_visible()
        assert violations(page) == []


@pytest.mark.page_errors
@pytest.mark.parametrize("locale", ["fr", "ar"])
def test_a_queue_is_counted_until_somebody_comes_and_a_lost_line_is_told(
    page: Page, site: Site, gateway_environment: Environment, locale: str
) -> None:
    """The practice agent always comes at once: what the line brings of it is kept back for a while."""
    lines: list[WebSocketRoute] = []
    kept: list[str | bytes] = []
    cases: list[str] = []

    def keep_back(line: WebSocketRoute) -> None:
        lines.append(line)
        if len(lines) > 1:
            # The environment is away: nothing answers.
            return
        server = line.connect_to_server()

        def arrived(message: str | bytes) -> None:
            event = json.loads(message)
            kind = event.get("eventType") if isinstance(event, dict) else None
            if kind == "CaseCreated":
                cases.append(event["data"]["case"]["id"])
            data = event["data"] if kind else {}
            of_an_agent = data.get("message", {}).get("direction") == "outbound"
            if kind == "CaseInboxAssigneeChanged" or of_an_agent:
                kept.append(message)
            else:
                line.send(message)

        server.on_message(arrived)

    page.route_web_socket(re.compile("/ws"), keep_back)
    channel = live_channel(gateway_environment)
    before = f"cxone('chat','setLocale','{locale}');cxone('chat','hideQueueCounterAfterAssignment');"
    page.goto(site.page(snippet(gateway_environment.url, channel, before=before)))
    window = open_chat(page)
    write(page, "Bonjour")
    expect(mine(page)).to_have_text(["Bonjour"])
    eventually(lambda: (cases and kept) or page.wait_for_timeout(50), what="the conversation has begun")
    bar = window.locator("[data-selector=ACTIVITY_BAR]")
    said = set()
    for position, anybody in ((0, True), (4, True), (4, False)):
        data = {
            "consumerContact": {"id": cases[0]},
            "routingQueue": {"id": "q"},
            "positionInQueue": position,
            "isAnyAgentOnlineForQueue": anybody,
        }
        lines[0].send(json.dumps({"eventId": str(position), "eventType": "SetPositionInQueue", "data": data}))
        if (position, anybody) == (4, True):
            expect(bar).to_contain_text("3")
        else:
            expect(bar).not_to_contain_text(re.compile(r"\d"))
        expect(bar).not_to_have_text("")
        said.add(bar.inner_text())
        assert violations(page) == []
    assert len(said) == 3
    # Somebody has it: no word of a queue any more.
    for message in kept:
        lines[0].send(message)
    expect(from_agent(page, re.compile(".")).first).to_be_visible()
    expect(bar).to_have_text("")
    lines[0].close(code=1011, reason="away")
    expect(window.locator(".cw-spinner")).to_be_visible()
    assert violations(page) == []


@pytest.mark.page_errors
def test_nobody_there_from_right_to_left_and_a_sign_in_that_fails(
    page: Page, site: Site, gateway_environment: Environment
) -> None:
    channel = live_channel(gateway_environment, **CLOSED)
    page.goto(site.page(snippet(gateway_environment.url, channel, before="cxone('chat','setLocale','ar');")))
    window = chat(page)
    expect(window.locator(".cw-launcher")).to_be_visible()
    assert violations(page) == []
    window.locator(".cw-launcher").click()
    window.locator("form.cw-later button").click()
    expect(window.locator(".cw-later-error:visible").first).to_be_visible()
    assert violations(page) == []

    # The older style: the code and its verifier go along, the provider does not know it, and the visitor is told.
    oauth: dict[str, Any] = {
        **{key: value for key, value in EMPTY["oauth"].items() if "secret" not in key},
        **{"client_id": "chat", "secrets": [SECRET], "redirect_uri": site.url + "/"},
    }
    with openid_provider(site.url + "/") as issuer:
        oauth |= {"authorize_endpoint": f"{issuer}/token", "userinfo_endpoint": f"{issuer}/me"}
        channel = gateway_environment.publish(
            new_channel(),
            private={"auth_config": {**EMPTY, "mode": "oauth", "oauth": oauth, "jwt": {}}},
            isAuthorizationEnabled=True,
            settings={"hasMultipleThreadsPerEndUser": False, "features": {"securedSessions": True}},
        )
        body = f"""<script>window.BrandEmbassy='brandembassy';window.brandembassy=function(){{(brandembassy.q=brandembassy.q||[]).push(arguments)}};
        brandembassy('setAuthorizationCode','a code','its verifier');brandembassy('init',{BRAND},'{channel}');</script>
        <script async src="{gateway_environment.url}/loader/1/loader.js"></script>"""
        with page.expect_request(lambda one: one.method == "POST" and "/oauth/token" in one.url) as sent:
            page.goto(site.page(body, path="/older"))
            open_chat(page)
        said = json.loads(sent.value.post_data or "{}")["thirdParty"]
        assert (said["authorization_code"], said["code_verifier"]) == ("a code", "its verifier")
        expect(window.locator(".cw-failed")).to_be_visible()
        assert violations(page) == []
