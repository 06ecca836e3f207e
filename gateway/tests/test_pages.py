"""What browsers are given: the loader and its chunks, the chat window's frame, the test page."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, FrameLocator, Page, expect

from gateway.files import Folder
from gateway.tests.client import Visitor, agent_key
from gateway.tests.environment import CONSOLE, HTTP, ROOT, Channel, Environment

BUILT = ROOT / "static" / "widget"


@pytest.fixture(scope="module")
def channel(env: Environment) -> Channel:
    return env.publish()


def policy(text: str) -> dict[str, list[str]]:
    parts = [part.split() for part in text.split(";")]
    return {part[0]: part[1:] for part in parts}


# -- files -------------------------------------------------------------------------------------------------------------


def test_the_loader_is_for_any_page_and_asked_for_again_soon(env: Environment) -> None:
    answer = env.get("/loader/1/loader.js?437654", **{"Accept-Encoding": "br"})
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert answer.headers["Content-Encoding"] == "br"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Cache-Control"] == "public, max-age=60"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.text == (BUILT / "loader.js").read_text()
    again = env.get("/loader/1/loader.js", **{"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_a_chunk_never_changes_and_is_kept(env: Environment) -> None:
    host = json.loads((BUILT / "manifest.json").read_text())["host"]
    answer = env.get(f"/loader/1/{host}", origin=None, **{"Accept-Encoding": "identity"})
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.content == (BUILT / host).read_bytes()
    assert HTTP.head(f"{env.url}/loader/1/{host}").headers["Content-Length"]


@pytest.mark.parametrize(
    "name",
    ["nothing.js", "manifest.json", "frame.html", "..%2f..%2fmanage.py", "%2e%2e/x.js", ".js", "a/b.js", ""],
)
def test_nothing_else_is_served_from_there(env: Environment, name: str) -> None:
    assert env.get(f"/loader/1/{name}").status_code == 404


async def test_a_rebuild_shows_and_an_old_chunk_stays_for_pages_that_ask(tmp_path: Path) -> None:
    (tmp_path / "a-00000000.js").write_text("old")
    (tmp_path / "b.css").write_text("1")
    folder = Folder(tmp_path, cache=b"no-cache")
    first = await folder.get("a-00000000.js")
    assert first is not None
    assert first.plain == b"old"
    (tmp_path / "a-00000000.js").unlink()
    folder._looked.clear()
    folder._looked["a-00000000.js"] = 0.0
    assert await folder.get("a-00000000.js") is first
    assert await folder.get("c.js") is None
    known = await folder.get("b.css")
    assert known is not None
    assert known.cache == b"no-cache"


async def test_before_the_build_there_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from gateway import pages

    monkeypatch.setattr(pages, "WIDGET", Folder(tmp_path, cache=b""))
    answer = await pages.file_answer("/loader/1/loader.js", [])
    assert answer is not None
    assert answer[0] == 503
    assert b"not been built" in answer[2]


# -- the frame ---------------------------------------------------------------------------------------------------------


def frame(env: Environment, channel: Channel) -> tuple[Any, dict[str, list[str]]]:
    answer = env.get(f"/frame/1/{channel.brand}/{channel.id}")
    assert answer.status_code == 200
    return answer, policy(answer.headers["Content-Security-Policy"])


def test_the_frame_is_sandboxed_and_closed(env: Environment, channel: Channel) -> None:
    answer, directives = frame(env, channel)
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert f'src="{env.url}/loader/1/frame-' in answer.text
    assert "{{" not in answer.text
    assert "allow-same-origin" not in directives["sandbox"]
    assert {"allow-scripts", "allow-modals", "allow-forms", "allow-popups"} <= set(directives["sandbox"])
    assert directives["default-src"] == ["'none'"]
    assert directives["script-src"] == [f"{env.url}/loader/1/", "'unsafe-inline'"]
    assert directives["connect-src"] == ["'none'"]
    assert directives["img-src"] == [env.url, "https:", "data:", "blob:"]


def test_only_allowed_pages_may_frame_it(env: Environment) -> None:
    section = {
        "domains_restricted": True,
        "allowed_domains": ["*.example.com:8443", "https://shop.tld", "[::1]:*", "x y"],
    }
    _, directives = frame(env, env.publish(private={"channels_config": section}))
    assert directives["frame-ancestors"] == [
        "'self'",
        env.url,
        CONSOLE,
        "http://*.example.com:8443",
        "https://*.example.com:8443",
        "https://shop.tld",
    ]
    _, directives = frame(env, env.publish(private={"channels_config": {"domains_restricted": True}}))
    assert directives["frame-ancestors"] == ["'self'", env.url, CONSOLE]
    _, directives = frame(env, env.publish(private={"channels_config": {"domains_restricted": False}}))
    assert directives["frame-ancestors"] == ["'self'", env.url, CONSOLE, "http:", "https:"]


def test_a_channels_own_policy_widens_what_its_script_needs_and_no_more(env: Environment) -> None:
    configured = {
        "connect-src": ["https://api.example.com", "https://a; script-src *", "x\r\ny: z", 7],
        "script-src": ["https://cdn.example.com"],
        "frame-ancestors": ["*"],
        "sandbox": ["allow-same-origin"],
        "img-src": "x",
    }
    document = {
        "webSecurityConfiguration": {"contentSecurityPolicy": configured},
        "customJsFiles": ["https://static.example.com/a.js", 7],
    }
    _, directives = frame(env, env.publish(document=document))
    assert directives["connect-src"] == ["https://api.example.com"]
    assert directives["script-src"][1:] == [
        "'unsafe-inline'",
        "https://static.example.com/a.js",
        "https://cdn.example.com",
    ]
    assert "*" not in directives["frame-ancestors"]
    assert "allow-same-origin" not in directives["sandbox"]


def test_the_frame_of_no_channel_is_a_404(env: Environment, channel: Channel) -> None:
    assert env.get(f"/frame/1/2020/{channel.id}").status_code == 404
    assert env.get("/frame/1/1009/chat_0").status_code == 404


# -- the test page -----------------------------------------------------------------------------------------------------


def test_the_test_page_carries_the_snippet_under_a_strict_policy(env: Environment, channel: Channel) -> None:
    answer = env.get(f"/test/{channel.brand}/{channel.id}")
    assert answer.status_code == 200
    directives = policy(answer.headers["Content-Security-Policy"])
    [nonce] = re.findall(r'<script nonce="([^"]+)">', answer.text)
    assert f"'nonce-{nonce}'" in directives["script-src"]
    assert "'unsafe-inline'" not in str(directives)
    assert directives["default-src"] == ["'none'"]
    assert directives["frame-ancestors"] == ["'self'", CONSOLE]
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"
    assert f'("cxone", "{env.url}/loader/1/loader.js")' in answer.text
    assert f'cxone("chat", "init", 1009, "{channel.id}");' in answer.text
    assert 'class="agent"' not in answer.text
    assert nonce not in env.get(f"/test/{channel.brand}/{channel.id}").text


def test_the_page_is_french_first(env: Environment, channel: Channel) -> None:
    path = f"/test/{channel.brand}/{channel.id}"
    assert '<html lang="fr">' in env.get(path).text
    assert "Côté visiteur" in env.get(path + "?lang=xx").text
    assert (
        "Visitor&#x27;s side" in env.get(path + "?lang=en").text
        or "Visitor's side" in env.get(path + "?lang=en").text
    )


def test_with_a_key_the_agent_is_beside_the_visitor(env: Environment, channel: Channel) -> None:
    path = f"/test/{channel.brand}/{channel.id}"
    answer = env.get(path + "?key=" + agent_key(env, channel, name="<b>Zoé</b>"))
    assert 'class="agent"' in answer.text
    assert "&lt;b&gt;Zoé&lt;/b&gt;" in answer.text
    for key, sentence in (("x", "n’est pas valide"), (agent_key(env, channel, expires_at=1), "a expiré")):
        refused = env.get(f"{path}?key={key}")
        assert refused.status_code == 403
        assert sentence in refused.text
    other = env.publish()
    assert "autre canal" in env.get(f"{path}?key={agent_key(env, other)}").text


def test_the_live_environment_shows_it_with_a_key_only(live: Environment) -> None:
    channel = live.publish()
    path = f"/test/{channel.brand}/{channel.id}"
    assert live.get(path).status_code == 403
    answer = live.get(path + "?key=" + agent_key(live, channel))
    assert answer.status_code == 200
    assert "agent d’entraînement" not in answer.text


def test_the_page_of_no_channel_says_so(env: Environment) -> None:
    answer = env.get("/test/1009/chat_0")
    assert answer.status_code == 404
    assert "pas publié" in answer.text


@pytest.mark.parametrize(
    "name", ["</script><script>alert(1)</script>", '";alert(1);"', "<img src=x onerror=alert(1)>"]
)
def test_a_channels_name_is_text_on_the_page(env: Environment, name: str) -> None:
    channel = env.publish(name=name)
    text = env.get(f"/test/{channel.brand}/{channel.id}?locale=</script>{name}").text
    assert name not in text
    assert text.count("<script") == 4


def test_a_channels_name_is_no_template(env: Environment) -> None:
    channel = env.publish(name="{{ 7|add:7 }}{% now 'Y' %}")
    assert "{{ 7|add:7 }}{% now &#x27;Y&#x27; %}" in env.get(f"/test/{channel.brand}/{channel.id}").text


# -- in a browser ------------------------------------------------------------------------------------------------------


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of a visitor of Québec; nothing may go wrong on it."""
    context = browser.new_context(locale="fr-CA", viewport={"width": 1440, "height": 900})
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    yield page
    context.close()
    assert wrong == []


def chat(page: Page) -> FrameLocator:
    return page.frame_locator("iframe[src*='/frame/1/']")


def test_visitor_and_agent_side_by_side(env: Environment, page: Page) -> None:
    channel = env.publish()
    page.goto(
        f"{env.url}/test/{channel.brand}/{channel.id}?key={agent_key(env, channel, name='Zoé Tremblay')}"
    )
    expect(page.locator("#line-text")).to_have_text("Connecté")
    chat(page).get_by_role("button").first.click()
    box = chat(page).locator("textarea")
    box.fill("Bonjour")
    box.press("Enter")
    expect(chat(page).locator("body")).to_contain_text("Vous avez écrit : Bonjour")
    row = page.locator("#conversations button")
    expect(row).to_contain_text("Vous avez écrit : Bonjour")
    row.click()
    expect(page.locator("#messages li")).to_have_count(3)
    page.locator("#text").fill("Ici Zoé")
    page.locator("#text").press("Enter")
    expect(chat(page).locator("body")).to_contain_text("Ici Zoé")
    expect(page.locator("#messages li").last).to_contain_text("Ici Zoé")
    page.locator("[data-kind=card]").click()
    page.get_by_role("button", name="Envoyer", exact=True).click()
    expect(chat(page).get_by_role("button", name="Confirmer")).to_be_visible()
    page.locator("#card").fill("{")
    page.get_by_role("button", name="Envoyer", exact=True).click()
    expect(page.locator("#problem")).to_contain_text("Ce n’est pas du JSON")
    page.locator("[data-kind=replies]").click()
    page.get_by_role("button", name="Envoyer", exact=True).click()
    expect(chat(page).get_by_role("button", name="Suivre une commande")).to_be_visible()
    chat(page).get_by_role("button", name="Suivre une commande").click()
    expect(page.locator("#messages li").last).to_contain_text("Suivre une commande")
    page.get_by_role("button", name="Fermer la conversation").click()
    expect(page.locator("#talk-status")).to_have_text("Fermée")


def test_the_page_reconnects_its_agent(env: Environment, page: Page) -> None:
    """A reload keeps the conversation list, and what a visitor elsewhere says arrives."""
    channel = env.publish()
    page.goto(f"{env.url}/test/{channel.brand}/{channel.id}?lang=en&key={agent_key(env, channel)}")
    expect(page.locator("#line-text")).to_have_text("Connected")
    expect(page.locator("#none")).to_be_visible()
    with Visitor(env, channel, name="Ève") as visitor:
        visitor.say("from elsewhere")
        expect(page.locator("#conversations button")).to_contain_text("Ève")
    page.reload()
    expect(page.locator("#conversations button")).to_contain_text("Ève")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_wider_than_a_phone(env: Environment, page: Page, scheme: Any) -> None:
    channel = env.publish(name="Kundenzufriedenheitsbefragungsunterhaltung" * 2)
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(f"{env.url}/test/{channel.brand}/{channel.id}?key={agent_key(env, channel)}")
    expect(page.locator("#line-text")).to_be_attached()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.get_by_role("button", name="Agent", exact=False).first.click()
    expect(page.locator(".agent")).to_be_visible()
    expect(page.locator("#visitor")).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
