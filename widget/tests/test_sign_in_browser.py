"""Customers who sign in, in real browsers: one history on two devices, cookies blocked, a code too late."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from auth_config.section import EMPTY
from auth_config.tests.oidc import SECRET, openid_provider
from tests.stack import eventually
from widget.tests.conftest import Environment, Site, new_channel, snippet
from widget.tests.test_widget_browser import chat, mine, open_chat, write


def section(mode: str, **changes: Any) -> dict[str, Any]:
    """The private section as an environment gets it."""
    made = {**EMPTY, "mode": mode, **changes}
    made.setdefault("jwt", {})
    return {"auth_config": made}


def test_one_customer_on_two_devices_has_one_history_and_a_code_works_once(
    browser: Browser, page: Page, site: Site, gateway_environment: Environment
) -> None:
    channel = new_channel()
    callback = site.url + "/"
    code = "cxone('chat','setAuthorizationCode',new URLSearchParams(location.search).get('code'));"
    site.page(snippet(gateway_environment.url, channel, before=code))
    with openid_provider(callback) as issuer:
        oauth = {
            **{key: value for key, value in EMPTY["oauth"].items() if "secret" not in key},
            "authorize_endpoint": f"{issuer}/token",
            "userinfo_endpoint": f"{issuer}/me",
            "client_id": "chat",
            "secrets": [SECRET],
            "redirect_uri": callback,
        }
        mapping = {**EMPTY["mapping"], "enabled": True, "customer_id": "sub", "first_name": "given_name"}
        mapping["fields"] = [{"field": "city", "path": "address.locality", "transform": "none"}]
        gateway_environment.publish(
            channel,
            private=section("oauth", oauth=oauth, mapping=mapping),
            isAuthorizationEnabled=True,
            isUnsecuredConnectionAllowed=True,
            settings={"hasMultipleThreadsPerEndUser": True},
        )

        def sign_in(device: Page, name: str) -> None:
            query = {
                "client_id": "chat",
                "response_type": "code",
                "redirect_uri": callback,
                "scope": "openid profile",
                "state": "s",
            }
            device.goto(f"{issuer}/auth?{urlencode(query)}")
            device.locator("input[name=login]").fill(name)
            device.locator("input[name=password]").fill("any")
            device.locator("button[type=submit]").click()
            device.get_by_role("button", name="Continue").click()
            device.wait_for_url(f"{callback}?**")

        def other_device() -> tuple[BrowserContext, Page]:
            context = browser.new_context(locale="fr-CA")
            context.set_default_timeout(30_000)
            return context, context.new_page()

        sign_in(page, "zoe")
        open_chat(page)
        write(page, "bonjour")
        expect(chat(page).locator("[data-selector=AGENT_MESSAGE_BUBBLE]").first).to_be_visible()
        # Twenty-one conversations of earlier days.
        gateway_environment.sql(
            "INSERT INTO gateway_thread (channel, external_id, customer_id, name, active_at)"
            " SELECT channel, 'earlier-' || n, id, 'Commande ' || n, now() - n * interval '1 day'"
            " FROM gateway_customer, generate_series(1, 21) n WHERE channel = %s RETURNING 1",
            (channel,),
        )
        gateway_environment.sql(
            "WITH c AS (INSERT INTO gateway_contact (channel, thread_id) SELECT channel, id FROM gateway_thread WHERE channel = %s"
            " AND external_id = 'earlier-21' RETURNING id, thread_id)"
            " INSERT INTO gateway_message (uuid, thread_id, contact_id, external_id, author, content)"
            ' SELECT gen_random_uuid(), thread_id, id, \'x\', \'customer\', \'{"type": "TEXT", "payload": {"text": "de naguère"}}\' FROM c'
            " RETURNING 1",
            (channel,),
        )
        rows = gateway_environment.sql(
            "SELECT k.external_id, k.custom_fields, c.custom_fields FROM gateway_customer k JOIN gateway_thread t"
            " ON t.customer_id = k.id JOIN gateway_contact c ON c.thread_id = t.id WHERE k.channel = %s AND t.external_id NOT LIKE 'earlier-%%'",
            (channel,),
        )
        assert rows == [("zoe", {"city": "Québec"}, {"city": "Québec"})]
        # The same page again: its code is spent, the tab goes on all the same.
        page.reload()
        expect(chat(page).locator(".cw-list li").or_(mine(page)).first).to_be_visible()

        context, second = other_device()
        sign_in(second, "zoe")
        open_chat(second)
        expect(chat(second).locator(".cw-list li")).to_have_count(20)
        chat(second).locator(".cw-older").click()
        expect(chat(second).locator(".cw-list li")).to_have_count(22)
        expect(chat(second).locator(".cw-older")).to_have_count(0)
        # The oldest of them is open, and is so again when the page comes again, though the list begins with twenty others.
        chat(second).get_by_text("Commande 21").click()
        expect(mine(second)).to_contain_text("de naguère")
        second.reload()
        expect(mine(second)).to_contain_text("de naguère")
        expect(chat(second).locator(".cw-list")).to_have_count(0)
        # Somebody who copied the address has a spent code, and another customer has another history.
        copied = second.url
        context.close()
        context, third = other_device()
        third.goto(copied)
        chat(third).locator(".cw-launcher").click()
        expect(chat(third).locator(".cw-window")).to_contain_text("autorisation a échoué")
        sign_in(third, "max")
        # The window of this tab was open, and is again.
        expect(chat(third).get_by_role("dialog")).to_be_visible()
        expect(chat(third).locator("[data-selector=TEXTAREA]")).to_be_enabled()
        expect(chat(third).locator(".cw-list li")).to_have_count(0)
        context.close()


@contextmanager
def silent_provider() -> Iterator[tuple[str, list[socket.socket]]]:
    """A provider that takes calls and says nothing, with the lines that wait; closing one is the provider's failing."""
    lines: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def take() -> None:
            while True:
                try:
                    lines.append(server.accept()[0])
                except OSError:
                    return

        thread = threading.Thread(target=take, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}", lines
        finally:
            server.shutdown(socket.SHUT_RDWR)
            for line in lines:
                line.close()
            thread.join()


def test_whoever_waits_for_a_silent_provider_reads_so_tries_again_and_keeps_what_they_wrote(
    page: Page, site: Site, gateway_environment: Environment
) -> None:
    channel = new_channel()
    code = "cxone('chat','setAuthorizationCode','a-code');"
    with silent_provider() as (away, lines):
        oauth = {
            **{key: value for key, value in EMPTY["oauth"].items() if "secret" not in key},
            "authorize_endpoint": f"{away}/token",
            "userinfo_endpoint": f"{away}/me",
            "client_id": "chat",
            "secrets": [SECRET],
            "redirect_uri": site.url + "/",
        }
        gateway_environment.publish(
            channel, private=section("oauth", oauth=oauth), isAuthorizationEnabled=True
        )
        page.goto(site.page(snippet(gateway_environment.url, channel, before=code)))
        window = chat(page)
        window.locator(".cw-launcher").click()
        bar = window.locator("[data-selector=ACTIVITY_BAR]")
        # The provider still holds the line, and would for a while.
        expect(bar).to_contain_text(
            "Une erreur de réseau s’est produite. Veuillez réessayer.", timeout=15_000
        )
        assert len(lines) == 1
        window.locator("[data-selector=TEXTAREA]").fill("bonjour")
        window.get_by_role("button", name="Envoyer").click()
        expect(window.get_by_text("Envoi en cours")).to_be_visible()
        bar.get_by_role("button", name="Réessayer").click()
        expect(bar).to_contain_text("Préparation de la session")
        # Nobody asks a second time under one code while the first question is open.
        assert len(lines) == 1
        lines[0].close()
        eventually(lambda: len(lines) > 1, what="the code is tried again by itself")
        # The same page without a sign-in: what a former setting named is asked of nobody.
        gateway_environment.publish(channel, private=section("anonymous", oauth=oauth))
        asked = len(lines)
        page.reload()
        expect(mine(page)).to_contain_text("bonjour")
        expect(window.get_by_text("Envoi en cours")).to_have_count(0)
        expect(bar.get_by_role("button")).to_have_count(0)
        assert len(lines) == asked


@pytest.mark.parametrize("blocked", [False, True], ids=["partitioned", "blocked"])
def test_a_browser_is_recognised_with_and_without_third_party_cookies(
    page: Page, site: Site, gateway_environment: Environment, blocked: bool
) -> None:
    channel = new_channel()
    gateway_environment.publish(channel, private=section("cookie"), isSecuredCookieEnabled=True)
    if blocked:

        def strip(route: Route) -> None:
            answer = route.fetch()
            page.context.clear_cookies()
            headers = {name: value for name, value in answer.headers.items() if name != "set-cookie"}
            route.fulfill(response=answer, headers=headers)

        page.route("**/oauth/token?**", strip)
    address = site.page(snippet(gateway_environment.url, channel))
    page.goto(address)
    open_chat(page)
    write(page, "bonjour")
    expect(mine(page)).to_have_count(1)
    expect(chat(page).locator("[data-selector=AGENT_MESSAGE_BUBBLE]").first).to_be_visible()
    cookies = [
        one for one in page.context.cookies(gateway_environment.url) if "cx_digital_wi" in one.get("name", "")
    ]
    kept = page.evaluate("Object.keys(localStorage).some(key => key.endsWith('identityToken'))")
    assert (bool(cookies), kept) == (not blocked, blocked)
    # Another tab's memory is gone with it; the browser is the same.
    page.evaluate("sessionStorage.clear()")
    page.reload()
    open_chat(page)
    expect(mine(page).or_(chat(page).locator(".cw-list li")).first).to_be_visible()
    assert gateway_environment.sql(
        "SELECT count(DISTINCT customer_id) FROM gateway_thread WHERE channel = %s", (channel,)
    ) == [(1,)]


def test_a_code_after_init_is_a_clear_error_in_the_console(
    page: Page, site: Site, gateway_environment: Environment
) -> None:
    channel = new_channel()
    gateway_environment.publish(channel)
    with page.expect_console_message(lambda one: "before init" in one.text) as said:
        page.goto(
            site.page(
                snippet(
                    gateway_environment.url, channel, after="cxone('chat','setAuthorizationCode','late');"
                )
            )
        )
    assert said.value.type == "error"
