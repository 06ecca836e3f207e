"""The chat window in Chromium: on somebody's page, against a real environment process."""

from __future__ import annotations

import json
import re
import zlib
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Frame, FrameLocator, Locator, Page, expect

from chatadmin.run.plan import ROOT
from tests.stack import eventually
from widget.tests.conftest import BRAND, Environment, Site, new_channel, snippet

DATA = Path(__file__).parent / "testdata"
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
FILES = {"fileRestrictions": {"isAttachmentsEnabled": True}}
GREETING = "Je suis l’agent d’entraînement"


def in_one_thread(environment: Environment, **document: Any) -> str:
    """A messaging channel with one conversation per visitor."""
    settings = {"hasMultipleThreadsPerEndUser": False, **document.pop("settings", {})}
    return environment.publish(new_channel(), settings=settings, **document)


def chat(page: Page) -> FrameLocator:
    return page.frame_locator("iframe")


def inside(page: Page) -> Frame:
    """The chat's frame, to run script in."""
    frame = page.locator("iframe").element_handle().content_frame()
    assert frame is not None
    frame.wait_for_selector(".cw-corner", state="attached")
    return frame


def box(locator: Locator) -> tuple[float, float, float, float]:
    """x, y, width and height on the page, once nothing in it moves any more."""
    expect(locator).to_be_visible()
    locator.evaluate("element => Promise.all(element.getAnimations().map(one => one.finished))")
    found = locator.bounding_box()
    assert found is not None
    return found["x"], found["y"], found["width"], found["height"]


def open_chat(page: Page) -> FrameLocator:
    chat(page).locator(".cw-launcher").click()
    expect(chat(page).get_by_role("dialog")).to_be_visible()
    return chat(page)


def write(page: Page, text: str) -> None:
    box = chat(page).locator("[data-selector=TEXTAREA]")
    box.fill(text)
    box.press("Enter")


def mine(page: Page) -> Locator:
    return chat(page).locator("[data-selector=CUSTOMER_MESSAGE_BUBBLE]")


def from_agent(page: Page, text: str | re.Pattern[str]) -> Locator:
    return chat(page).locator("[data-selector=AGENT_MESSAGE_BUBBLE]").filter(has_text=text)


def stored(environment: Environment, channel: str) -> list[str]:
    """What visitors have said, as the environment keeps it."""
    rows = environment.sql(
        "SELECT m.content->'payload'->>'text' FROM gateway_message m JOIN gateway_thread t ON t.id = m.thread_id"
        " WHERE t.channel = %s AND m.author = 'customer' ORDER BY m.id",
        (channel,),
    )
    return [text for (text,) in rows]


# -- the conversation --------------------------------------------------------------------------------------------------


def test_a_visitor_and_the_practice_agent_have_a_conversation(
    page: Page, site: Site, gateway_environment: Environment
) -> None:
    channel = in_one_thread(gateway_environment)
    page.goto(site.page(snippet(gateway_environment.url, channel)))
    open_chat(page)
    write(page, "Bonjour <b>vous</b>")
    expect(from_agent(page, GREETING)).to_be_visible()
    expect(from_agent(page, "Vous avez écrit : Bonjour <b>vous</b>")).to_be_visible()
    expect(mine(page)).to_have_text(["Bonjour <b>vous</b>"])
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
    with page.expect_download() as download:
        chat(page).get_by_role("link", name=re.compile("exemple.pdf")).click()
    assert download.value.suggested_filename == "exemple.pdf"
    expect(mine(page)).to_have_text(
        ["Bonjour <b>vous</b>", "choix", "Suivre une commande", "écris", "fichier"]
    )


def test_an_agents_words_arrive_and_are_counted_while_the_window_is_closed(
    page: Page, site: Site, gateway_environment: Environment
) -> None:
    channel = in_one_thread(gateway_environment)
    page.goto(site.page(snippet(gateway_environment.url, channel)))
    open_chat(page)
    write(page, "Bonjour")
    expect(from_agent(page, "Vous avez écrit : Bonjour")).to_be_visible()
    with gateway_environment.agent(channel) as agent:
        agent.do("list")
        conversation = agent.hear("conversations")["conversations"][0]["id"]
        agent.do("typing", conversation=conversation, on=True)
        expect(chat(page).locator(".cw-typing")).to_be_visible()
        agent.say(conversation, text="Une personne, cette fois.")
        expect(from_agent(page, "Une personne, cette fois.")).to_be_visible()
        expect(chat(page).get_by_role("heading", name="Béatrice Côté")).to_be_visible()
        chat(page).get_by_role("button", name="Réduire").click()
        agent.say(conversation, text="Toujours là ?")
        expect(chat(page).locator(".cw-badge")).to_contain_text("1")
        # Another page of the site: nothing has been forgotten.
        page.goto(site.page(snippet(gateway_environment.url, channel), path="/other"))
        expect(chat(page).locator(".cw-badge")).to_contain_text("1")
        open_chat(page)
        expect(from_agent(page, "Toujours là ?")).to_be_visible()
        assert agent.hear("seen")["direction"] == "outbound"
        chat(page).get_by_role("button", name="Réduire").click()
        expect(chat(page).locator(".cw-badge")).to_have_count(0)


def test_earlier_messages_are_loaded_and_the_place_is_kept(
    page: Page, site: Site, gateway_environment: Environment
) -> None:
    channel = in_one_thread(gateway_environment)
    page.goto(site.page(snippet(gateway_environment.url, channel)))
    open_chat(page)
    for number in range(24):
        write(page, f"mot {number}")
    expect(from_agent(page, "Vous avez écrit : mot 23")).to_be_visible()
    page.reload()
    expect(mine(page).last).to_have_text("mot 23")
    assert mine(page).count() < 24
    content = chat(page).locator("[data-selector=CONTENT]")
    content.evaluate("element => { element.scrollTop = 0 }")
    first = mine(page).first
    before = first.bounding_box()
    text = first.inner_text()
    chat(page).get_by_role("button", name="précédents").click()
    expect(mine(page)).to_have_count(24)
    moved = mine(page).filter(has_text=re.compile(f"^{text}$")).bounding_box()
    assert before is not None and moved is not None
    assert abs(before["y"] - moved["y"]) < 60
    expect(mine(page)).to_have_text([f"mot {number}" for number in range(24)])


def test_several_conversations_are_listed_begun_and_archived(
    page: Page, site: Site, gateway_environment: Environment
) -> None:
    channel = gateway_environment.publish(new_channel())
    page.goto(site.page(snippet(gateway_environment.url, channel)))
    window = open_chat(page)
    write(page, "Première")
    expect(from_agent(page, "Vous avez écrit : Première")).to_be_visible()
    window.get_by_role("button", name="Retour au clavardage").click()
    expect(window.get_by_role("heading", name="Vos clavardages")).to_be_visible()
    window.locator("[data-selector=START_NEW_CHAT]").click()
    expect(mine(page)).to_have_count(0)
    write(page, "Seconde")
    expect(from_agent(page, "Vous avez écrit : Seconde")).to_be_visible()
    window.get_by_role("button", name="Retour au clavardage").click()
    expect(window.locator(".cw-thread")).to_have_count(2)
    page.reload()
    expect(window.locator(".cw-thread")).to_have_count(2)
    window.locator("li").filter(has_text="Première").get_by_role("button").click()
    expect(mine(page)).to_have_text(["Première"])
    window.locator("[data-selector=HEADER_ACTION_MENU_BUTTON]").click()
    window.get_by_role("menuitem", name="Archiver").click()
    expect(window.locator(".cw-thread")).to_have_count(1)
    expect(window.locator(".cw-thread")).to_contain_text("Seconde")


def test_a_live_conversation_waits_in_a_queue_and_is_ended_after_a_question(
    page: Page, site: Site, gateway_environment: Environment
) -> None:
    channel = gateway_environment.publish(new_channel(), live=True)
    with gateway_environment.agent(channel) as agent:
        page.goto(site.page(snippet(gateway_environment.url, channel)))
        window = open_chat(page)
        write(page, "Bonjour")
        expect(from_agent(page, GREETING)).to_be_visible()
        conversation = agent.hear("message")["conversation"]
        agent.say(conversation, text="Me voici.")
        expect(from_agent(page, "Me voici.")).to_be_visible()
        window.locator("[data-selector=HEADER_ACTION_MENU_BUTTON]").click()
        window.get_by_role("menuitem", name="Mettre fin au clavardage").click()
        question = window.get_by_role("alertdialog")
        expect(question).to_be_visible()
        window.locator("[data-selector=SECONDARY_BUTTON]").click()
        expect(question).to_have_count(0)
        expect(window.locator("[data-selector=TEXTAREA]")).to_be_visible()
        window.locator("[data-selector=HEADER_ACTION_MENU_BUTTON]").click()
        window.get_by_role("menuitem", name="Mettre fin au clavardage").click()
        window.locator("[data-selector=PRIMARY_BUTTON]").click()
        expect(window.locator("[data-selector=TEXTAREA]")).to_have_count(0)
        while agent.hear("status")["status"] != "closed":
            continue
        expect(mine(page)).to_have_text(["Bonjour"])
        window.locator("[data-selector=START_NEW_CHAT]").click()
        expect(mine(page)).to_have_count(0)
        write(page, "Encore moi")
        expect(from_agent(page, "Vous avez écrit : Encore moi")).to_be_visible()


# -- the channel's own CSS and JavaScript ------------------------------------------------------------------------------


def test_the_example_of_an_adaptive_card_works_as_pasted(
    page: Page, site: Site, gateway_environment: Environment
) -> None:
    channel = in_one_thread(
        gateway_environment,
        customCss=(DATA / "adaptive-card.css").read_text(encoding="utf-8"),
        customJs=(DATA / "adaptive-card.js").read_text(encoding="utf-8"),
    )
    page.goto(site.page(snippet(gateway_environment.url, channel)))
    window = open_chat(page)
    write(page, "carte")
    button = window.locator(".ac-pushButton").first
    expect(button).to_be_visible()
    expect(button).to_have_css("color", "rgb(250, 172, 75)")
    expect(button).to_have_css("background-color", "rgb(255, 255, 255)")
    expect(button).to_have_css("border-radius", "10px")
    expect(button).to_have_css("padding", "10px")
    said: list[str] = []

    def heard(dialog: Any) -> None:
        said.append(dialog.message)
        dialog.accept()

    page.on("dialog", heard)
    button.click()
    assert said == ["roshan"]
    # After a reload the card is part of the conversation from the start, maybe before the load event.
    page.reload()
    window.locator(".ac-pushButton").first.click()
    assert said == ["roshan", "roshan"]


def test_a_card_without_script_submits_for_the_visitor(
    page: Page, site: Site, gateway_environment: Environment
) -> None:
    channel = in_one_thread(gateway_environment)
    page.goto(site.page(snippet(gateway_environment.url, channel)))
    window = open_chat(page)
    write(page, "carte")
    window.get_by_role("button", name="Confirmer").click()
    expect(from_agent(page, "Vous avez choisi : Confirmer")).to_be_visible()


#: Every coloured ground, with words of every colour, quiet ones, a field and buttons on it.
COLOURED_CARD: dict[str, Any] = {
    "type": "AdaptiveCard",
    "version": "1.5",
    "body": [
        {
            "type": "Container",
            "style": style,
            "items": [
                *(
                    {"type": "TextBlock", "text": f"{style} {color}", "color": color, "isSubtle": quiet}
                    for color in ("Default", "Accent", "Good", "Warning", "Attention")
                    for quiet in (False, True)
                ),
                {"type": "Input.Text", "id": style, "label": f"Votre nom ({style})", "value": "Ana"},
            ],
        }
        for style in ("default", "emphasis", "accent", "good", "warning", "attention")
    ],
    "actions": [
        {"type": "Action.Submit", "title": "Oui", "style": "positive"},
        {"type": "Action.Submit", "title": "Non", "style": "destructive"},
        {"type": "Action.Submit", "title": "Peut-être"},
    ],
}

#: Contrast of each text and field of a card with what lies behind it, half transparent grounds laid over each other (WCAG 2.2).
CONTRASTS = """() => {
  const parse = text => {
    const [r, g, b, a = 1] = text.match(/[\\d.]+(e-\\d+)?/g).map(Number);
    return text.startsWith("rgb") ? [r / 255, g / 255, b / 255, a] : [r, g, b, a];
  };
  const over = (top, below) => [0, 1, 2].map(i => top[i] * top[3] + below[i] * (1 - top[3])).concat(1);
  const ground = element => {
    if (!element) return [1, 1, 1, 1];
    const own = parse(getComputedStyle(element).backgroundColor.replace("transparent", "rgba(0, 0, 0, 0)"));
    return own[3] === 1 ? own : over(own, ground(element.parentElement));
  };
  const luminance = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  return [...document.querySelectorAll(".cw-card :is(.ac-textBlock, .ac-textRun, .ac-input, .ac-pushButton, label)")].map(one => {
    const below = ground(one);
    const [low, high] = [luminance(below), luminance(over(parse(getComputedStyle(one).color), below))].sort((a, b) => a - b);
    return [one.innerText || one.value, Math.round(100 * (high + 0.05) / (low + 0.05)) / 100];
  });
}"""


def unreadable_on_cards(frame: Frame) -> list[tuple[str, float]]:
    found = frame.evaluate(CONTRASTS)
    # Ten texts and a field on each ground, three buttons.
    assert len(found) >= 6 * 11 + 3
    return [(text, contrast) for text, contrast in found if contrast < 4.5]


DARK_BUBBLES = "[data-selector=CONTENT]{background:#15171c} [data-selector=AGENT_MESSAGE_BUBBLE]{background:#2b2f38;color:#e8eaee}"


@pytest.mark.parametrize("css", ["", DARK_BUBBLES], ids=["light", "dark"])
def test_a_card_s_coloured_parts_can_be_read_on_the_channel_s_ground(
    page: Page, site: Site, gateway_environment: Environment, css: str
) -> None:
    channel = in_one_thread(gateway_environment, customCss=css)
    page.goto(site.page(snippet(gateway_environment.url, channel)))
    window = open_chat(page)
    with gateway_environment.agent(channel) as agent:
        write(page, "bonjour")
        conversation = agent.hear("message")["conversation"]
        agent.say(conversation, card=COLOURED_CARD)
        expect(window.get_by_text("attention Attention").first).to_be_visible()
    assert unreadable_on_cards(inside(page)) == []


HOSTILE_TEXT = '/* </script><script>window.broken = 1</script> <!-- --> ]]> \u2028 */ window.ran = "</script>" + "<!--<script>";'


def test_script_of_any_text_runs_once_before_load_and_stays_script(
    page: Page, site: Site, gateway_environment: Environment
) -> None:
    script = (
        HOSTILE_TEXT
        + "window.before = document.readyState; window.drawn = !!document.querySelector('.cw-launcher');"
        + "window.loads = 0; addEventListener('load', () => { window.loads++ }); window.times = (window.times || 0) + 1;"
    )
    channel = in_one_thread(gateway_environment, customJs=script)
    page.goto(site.page(snippet(gateway_environment.url, channel)))
    frame = inside(page)
    frame.wait_for_function("window.loads === 1")
    state = frame.evaluate(
        "({ ran, before, drawn, times, broken: window.broken, text: document.body.innerText })"
    )
    assert state.pop("text") == "Nous sommes en ligne"
    assert state == {
        "ran": "</script><!--<script>",
        "before": "loading",
        "drawn": True,
        "times": 1,
        **({} if "broken" not in state else {"broken": None}),
    }


@pytest.mark.page_errors
def test_a_script_that_fails_and_a_sheet_with_a_brace_too_many_do_not_stop_the_chat(
    page: Page, site: Site, gateway_environment: Environment
) -> None:
    css = ".x{color:red}} [data-selector=SEND_BUTTON]{color:red} [data-selector=HEADER]{background:rgb(1, 2, 3)} .cw-window{border:0"
    channel = in_one_thread(gateway_environment, customJs="nonsense(", customCss=css)
    page.goto(site.page(snippet(gateway_environment.url, channel)))
    open_chat(page)
    expect(chat(page).locator("[data-selector=HEADER]")).to_have_css("background-color", "rgb(1, 2, 3)")
    write(page, "Bonjour")
    expect(from_agent(page, "Vous avez écrit : Bonjour")).to_be_visible()


def test_the_channels_script_reaches_neither_page_nor_cookies_nor_storage(
    page: Page, site: Site, gateway_environment: Environment
) -> None:
    script = """
    window.seen = {};
    const attempt = (name, act) => { try { seen[name] = String(act()) } catch (error) { seen[name] = error.name } };
    attempt('page', () => top.document.title);
    attempt('pageCommand', () => top.cxone('chat', 'sendMessage', 'x'));
    attempt('parent', () => parent.document.title);
    attempt('top', () => { top.location = 'https://example.com/'; return 'went' });
    attempt('cookie', () => { document.cookie = 'a=1'; return 'set ' + document.cookie });
    attempt('local', () => localStorage.length);
    attempt('session', () => sessionStorage.length);
    attempt('indexed', () => indexedDB.open('x'));
    attempt('caches', () => caches.open('x'));
    attempt('frame', () => frameElement && frameElement.id);
    attempt('origin', () => self.origin);
    """
    channel = in_one_thread(gateway_environment, customJs=script)
    page.context.add_cookies([{"name": "shop", "value": "secret", "url": site.url}])
    page.goto(site.page(snippet(gateway_environment.url, channel)))
    seen = inside(page).evaluate("window.seen")
    assert seen.pop("origin") == "null"
    assert seen.pop("frame") == "null"
    closed = ("page", "pageCommand", "cookie", "local", "session")
    assert {name: seen[name] for name in closed} == dict.fromkeys(closed, "SecurityError")
    # Its parent is a stand-in that takes commands.
    assert seen["parent"] == "TypeError"
    assert seen["top"] in {"SecurityError", "went"}
    assert seen["indexed"] != "[object IDBOpenDBRequest]" or inside(page).evaluate(
        "new Promise(done => { const open = indexedDB.open('x'); open.onerror = () => done(true); open.onsuccess = () => done(false) })"
    )
    assert page.url.startswith(site.url)
    assert page.title() == "Shop"


def test_what_the_frame_says_is_bounded_by_the_page(
    page: Page, site: Site, gateway_environment: Environment
) -> None:
    # A hostile script takes the port's prototype and asks for the whole screen, closed, and for other commands.
    script = """
    const post = MessagePort.prototype.postMessage;
    MessagePort.prototype.postMessage = function (message) {
      if (!window.port) { window.port = this; post.call(this, {type: 'size', open: false, width: 9e9, height: 9e9, title: 1});
        post.call(this, {type: 'command', args: ['chat', 'setCustomerId', 'somebody']});
        post.call(this, {type: 'command', args: ['chat', '__proto__']}); post.call(this, {type: 'send', text: {}}); post.call(this, null); }
      return post.apply(this, arguments);
    };
    cxone('chat', 'setWindowWidth', '500px');
    """
    channel = in_one_thread(gateway_environment, customJs=script)
    page.goto(site.page(snippet(gateway_environment.url, channel)))
    inside(page).wait_for_function("window.port")
    expect(page.locator("iframe")).to_be_visible()
    page.wait_for_timeout(300)
    # Of the frame's box no more than a launcher can be seen and clicked.
    assert page.evaluate("document.elementFromPoint(innerWidth - 490, innerHeight - 5).tagName") != "IFRAME"
    assert page.evaluate("document.elementFromPoint(innerWidth - 5, innerHeight - 210).tagName") != "IFRAME"
    customers = page.evaluate(
        "Object.entries(localStorage).filter(([key]) => key.endsWith(':customer')).map(([, id]) => id)"
    )
    assert "somebody" not in customers


# -- on the page -------------------------------------------------------------------------------------------------------


def test_the_chat_works_on_a_page_with_a_strict_policy(
    page: Page, site: Site, gateway_environment: Environment
) -> None:
    own = gateway_environment.url
    policy = (
        f"default-src 'none'; script-src 'nonce-abc' {own}/loader/; connect-src {own} {own.replace('http', 'ws')}; frame-src {own};"
        " style-src 'none'; base-uri 'none'; require-trusted-types-for 'script'"
    )
    channel = in_one_thread(gateway_environment)
    body = snippet(own, channel, nonce="abc").replace("e.src=", "e.nonce='abc';e.src=")
    # The snippet's own assignment of an address needs a policy under trusted types; the chat's code needs none.
    body = body.replace(
        "e.src=u+", "e.src=trustedTypes.createPolicy('shop',{createScriptURL:x=>x}).createScriptURL(u+"
    ).replace("/3600);", "/3600));", 1)
    page.goto(site.page(body, headers={"Content-Security-Policy": policy}))
    open_chat(page)
    write(page, "carte")
    expect(chat(page).locator(".ac-pushButton").first).to_be_visible()


def test_nothing_is_asked_of_third_parties_and_no_cookie_is_set(
    page: Page, site: Site, gateway_environment: Environment
) -> None:
    asked: set[str] = set()
    page.on("request", lambda request: asked.add(request.url.split("/")[2]))
    channel = in_one_thread(gateway_environment)
    page.goto(site.page(snippet(gateway_environment.url, channel)))
    open_chat(page)
    write(page, "carte")
    expect(chat(page).locator(".ac-pushButton").first).to_be_visible()
    assert asked == {site.url.removeprefix("http://"), gateway_environment.url.removeprefix("http://")}
    assert page.context.cookies() == []


def test_the_page_does_not_move_and_its_rules_for_iframes_do_not_count(
    page: Page, site: Site, gateway_environment: Environment
) -> None:
    channel = in_one_thread(gateway_environment)
    head = "<style>iframe { position: static; width: 100% !important; height: 300px !important; border: 9px solid; max-width: 10px; opacity: .1 }</style>"
    watch = "<script>window.shift=0;new PerformanceObserver(list=>{for(const e of list.getEntries())window.shift+=e.value}).observe({type:'layout-shift',buffered:true})</script>"
    body = "<p>" + "Words. " * 900 + "</p>"
    page.goto(site.page(watch + body + snippet(gateway_environment.url, channel), head=head))
    expect(chat(page).locator(".cw-launcher")).to_be_visible()
    page.wait_for_timeout(200)
    assert page.evaluate("window.shift") == 0
    # What lies beside the launcher is the page's to click.
    assert page.evaluate("document.elementFromPoint(innerWidth - 60, innerHeight - 300).tagName") == "P"
    open_chat(page)
    expect(page.locator("iframe")).to_have_css("position", "fixed")
    assert box(page.locator("iframe"))[2] == 24 * 16 + 40
    page.wait_for_timeout(200)
    assert page.evaluate("window.shift") == 0
    # And so is what lies beside the window.
    assert page.evaluate("document.elementFromPoint(300, 300).tagName") == "P"


def test_on_a_phone_the_open_window_takes_the_screen(
    page: Page, site: Site, gateway_environment: Environment
) -> None:
    channel = in_one_thread(gateway_environment, widget={"appearance": "bubble", "position": "left"})
    page.set_viewport_size({"width": 390, "height": 780})
    page.goto(site.page(snippet(gateway_environment.url, channel)))
    expect(page.locator("iframe")).to_be_visible()
    assert box(chat(page).locator(".cw-launcher")) == (20, 700, 60, 60)
    assert page.evaluate("document.elementFromPoint(110, 740).tagName") != "IFRAME"
    open_chat(page)
    expect(chat(page).locator(".cw-full")).to_be_visible()
    assert box(page.locator("iframe")) == (0, 0, 390, 780)
    page.set_viewport_size({"width": 1000, "height": 780})
    expect(chat(page).locator(".cw-full")).to_have_count(0)


def test_a_dark_page_shows_through_around_the_launcher(
    page: Page, site: Site, gateway_environment: Environment
) -> None:
    channel = in_one_thread(gateway_environment)
    head = "<style>:root{color-scheme:dark;background:rgb(20,24,30)}</style>"
    page.goto(site.page(snippet(gateway_environment.url, channel), head=head))
    x, y, _width, _height = box(chat(page).locator(".cw-launcher"))
    corner = page.screenshot(clip={"x": x, "y": y, "width": 1, "height": 1})
    assert _pixel(corner) == (20, 24, 30)


def _pixel(png: bytes) -> tuple[int, int, int]:
    """The colour of a picture of one pixel."""
    at, packed = 8, b""
    while at < len(png):
        length = int.from_bytes(png[at : at + 4], "big")
        if png[at + 4 : at + 8] == b"IDAT":
            packed += png[at + 8 : at + 8 + length]
        at += length + 12
    raw = zlib.decompress(packed)
    return raw[1], raw[2], raw[3]


def test_two_chats_stand_side_by_side_and_loading_twice_changes_nothing(
    page: Page, site: Site, gateway_environment: Environment
) -> None:
    first = in_one_thread(gateway_environment, widget={"appearance": "bubble", "position": "right"})
    second = in_one_thread(gateway_environment, widget={"appearance": "bubble", "position": "right"})
    body = snippet(gateway_environment.url, first) + snippet(
        gateway_environment.url, first, after=f"cxone('chat','init',{BRAND},'{second}');"
    )
    page.goto(site.page(body))
    expect(page.locator("iframe")).to_have_count(2)
    launchers = [page.frame_locator("iframe").nth(place).locator(".cw-launcher") for place in range(2)]

    def apart() -> bool:
        page.wait_for_timeout(50)
        (left, _, width, _), (right, _, _, _) = sorted(map(box, launchers))
        return left + width <= right

    eventually(apart, what="the launchers stand side by side")


def test_the_older_snippet_works_with_a_classic_script(
    page: Page, site: Site, gateway_environment: Environment
) -> None:
    channel = in_one_thread(gateway_environment)
    body = f"""<script>window.BrandEmbassy='brandembassy';window.brandembassy=function(){{(brandembassy.q=brandembassy.q||[]).push(arguments)}};
    brandembassy('init',{BRAND},'{channel}');brandembassy('setCustomField','order','7');</script>
    <script async src="{gateway_environment.url}/loader/1/loader.js"></script>"""
    page.goto(site.page(body))
    open_chat(page)
    write(page, "Bonjour")
    expect(from_agent(page, "Vous avez écrit : Bonjour")).to_be_visible()
    assert _contact_fields(gateway_environment, channel) == {"order": "7"}


def _contact_fields(environment: Environment, channel: str) -> dict[str, str]:
    [(found,)] = environment.sql("SELECT custom_fields FROM gateway_contact WHERE channel = %s", (channel,))
    return dict(found)


@pytest.mark.page_errors
def test_what_is_wrong_is_said_in_the_console_and_the_page_goes_on(
    page: Page, site: Site, gateway_environment: Environment, tmp_path: Path
) -> None:
    lines: list[str] = []
    page.on("console", lambda message: lines.append(f"{message.type}: {message.text}"))
    thrown: list[str] = []
    page.on("pageerror", lambda error: thrown.append(str(error)))

    def said(pattern: str) -> bool:
        return any(re.search(pattern, line) for line in lines)

    own = gateway_environment.url
    foreign = gateway_environment.publish(new_channel(), domains=["https://shop.example"])
    page.goto(site.page(snippet(own, foreign)))
    eventually(
        lambda: page.wait_for_timeout(50) or said(rf"error: \[chat\].*{site.url}.*allowed domains"),
        what="the origin is named",
    )
    expect(page.locator("iframe")).to_have_count(0)

    page.goto(site.page(snippet(own, new_channel()), path="/unknown"))
    eventually(
        lambda: page.wait_for_timeout(50) or said(r"error: \[chat\] There is no channel chat_"),
        what="the channel is named",
    )

    channel = in_one_thread(gateway_environment)
    commands = "cxone('nonsense');cxone('nonsense');cxone('chat','dance');cxone('chat','dance',1);cxone('chat','setAuthorizationCode','x');cxone();cxone('chat');"
    page.goto(site.page(snippet(own, channel, after=commands), path="/commands"))
    open_chat(page)
    assert sum("nonsense" in line for line in lines) == 1
    assert sum("dance" in line for line in lines) == 1
    assert said(r"error: \[chat\] setAuthorizationCode must come before init")

    file = tmp_path / "page.html"
    file.write_text(f"<!doctype html><title>File</title>{snippet(own, channel)}", encoding="utf-8")
    page.goto(file.as_uri())
    eventually(
        lambda: page.wait_for_timeout(50) or said(r"error: \[chat\] This page has no web address of its own"),
        what="a local file is refused",
    )
    expect(page.locator("iframe")).to_have_count(0)
    assert thrown == []


def test_a_visitor_is_the_same_on_the_next_page_and_somebody_new_without_storage(
    browser_context: BrowserContext, page: Page, site: Site, gateway_environment: Environment
) -> None:
    channel = in_one_thread(gateway_environment)
    page.goto(site.page(snippet(gateway_environment.url, channel)))
    open_chat(page)
    write(page, "Bonjour")
    expect(from_agent(page, "Vous avez écrit : Bonjour")).to_be_visible()
    page.goto(site.page(snippet(gateway_environment.url, channel), path="/next"))
    # It was open, so it is open again.
    expect(mine(page)).to_have_text(["Bonjour"])
    denied = browser_context.new_page()
    denied.add_init_script(
        "for (const name of ['localStorage', 'sessionStorage']) Object.defineProperty(window, name, {get() { throw new DOMException('denied', 'SecurityError') }})"
    )
    denied.goto(site.page(snippet(gateway_environment.url, channel)))
    open_chat(denied)
    write(denied, "Sans mémoire")
    expect(from_agent(denied, "Vous avez écrit : Sans mémoire")).to_be_visible()
    expect(mine(denied)).to_have_text(["Sans mémoire"])
    denied.close()


def test_two_tabs_show_one_conversation_and_say_nothing_twice(
    browser_context: BrowserContext, page: Page, site: Site, gateway_environment: Environment
) -> None:
    channel = in_one_thread(gateway_environment)
    address = site.page(snippet(gateway_environment.url, channel))
    other = browser_context.new_page()
    for tab in (page, other):
        tab.goto(address)
        open_chat(tab)
    write(page, "d’ici")
    expect(from_agent(other, "Vous avez écrit : d’ici")).to_be_visible()
    write(other, "de là")
    for tab in (page, other):
        expect(from_agent(tab, "Vous avez écrit : de là")).to_be_visible()
        expect(mine(tab)).to_have_text(["d’ici", "de là"])
    assert stored(gateway_environment, channel) == ["d’ici", "de là"]
    other.close()


# -- the line ----------------------------------------------------------------------------------------------------------


def test_no_message_is_lost_or_doubled_when_the_environment_dies_and_comes_back(
    page: Page, site: Site, gateway_environment: Environment
) -> None:
    channel = in_one_thread(gateway_environment)
    page.goto(site.page(snippet(gateway_environment.url, channel)))
    open_chat(page)
    write(page, "avant")
    expect(from_agent(page, "Vous avez écrit : avant")).to_be_visible()
    gateway_environment.stop()
    expect(chat(page).get_by_role("status").filter(has_text="Tentative de connexion")).to_be_visible()
    for number in range(3):
        write(page, f"pendant {number}")
    expect(mine(page)).to_have_count(4)
    expect(chat(page).locator(".cw-sending")).to_have_count(3)
    gateway_environment.start()
    expect(from_agent(page, "Vous avez écrit : pendant 2")).to_be_visible(timeout=40_000)
    wanted = ["avant", "pendant 0", "pendant 1", "pendant 2"]
    expect(mine(page)).to_have_text(wanted)
    expect(chat(page).locator(".cw-sending")).to_have_count(0)
    assert stored(gateway_environment, channel) == wanted


def test_an_answer_that_was_lost_on_the_way_does_not_double_the_message(
    page: Page, site: Site, gateway_environment: Environment
) -> None:
    channel = in_one_thread(gateway_environment)
    lines = 0

    def intercept(route: Any) -> None:
        nonlocal lines
        lines += 1
        first = lines == 1
        server = route.connect_to_server()
        swallow = False

        def from_page(text: str | bytes) -> None:
            nonlocal swallow
            swallow = swallow or (first and '"SendMessage"' in str(text))
            server.send(text)

        def from_server(text: str | bytes) -> None:
            if not swallow:
                route.send(text)
            else:
                # It is stored over there, and the answer is lost with the line.
                route.close(code=4900)

        route.on_message(from_page)
        server.on_message(from_server)

    page.route_web_socket(re.compile("/ws"), intercept)
    page.goto(site.page(snippet(gateway_environment.url, channel)))
    open_chat(page)
    write(page, "une fois")
    expect(from_agent(page, "Vous avez écrit : une fois")).to_be_visible()
    write(page, "et encore")
    expect(from_agent(page, "Vous avez écrit : et encore")).to_be_visible()
    assert lines == 2
    expect(mine(page)).to_have_text(["une fois", "et encore"])
    assert stored(gateway_environment, channel) == ["une fois", "et encore"]


def test_what_was_written_survives_leaving_the_page_before_it_was_sent(
    page: Page, site: Site, gateway_environment: Environment
) -> None:
    channel = in_one_thread(gateway_environment)
    address = site.page(snippet(gateway_environment.url, channel))
    page.goto(address)
    open_chat(page)
    write(page, "avant")
    expect(from_agent(page, "Vous avez écrit : avant")).to_be_visible()
    page.context.set_offline(True)
    gateway_environment.stop()
    write(page, "en chemin")
    chat(page).locator("[data-selector=TEXTAREA]").fill("un brouillon")
    kept = "JSON.stringify([{...sessionStorage}, {...localStorage}])"
    eventually(
        lambda: (
            all(text in page.evaluate(kept) for text in ("en chemin", "un brouillon"))
            or page.wait_for_timeout(50)
        ),
        what="the page has kept both",
    )
    page.context.set_offline(False)
    gateway_environment.start()
    page.goto(address)
    expect(from_agent(page, "Vous avez écrit : en chemin")).to_be_visible(timeout=20_000)
    expect(mine(page)).to_have_text(["avant", "en chemin"])
    expect(chat(page).locator("[data-selector=TEXTAREA]")).to_have_value("un brouillon")


@pytest.mark.parametrize("secured", [True, False])
def test_both_kinds_of_session_connect(
    page: Page, site: Site, gateway_environment: Environment, secured: bool
) -> None:
    channel = in_one_thread(
        gateway_environment,
        settings={"features": {"securedSessions": secured}},
        isUnsecuredConnectionAllowed=True,
    )
    sockets: list[str] = []
    page.on("websocket", lambda socket: sockets.append(socket.url))
    page.goto(site.page(snippet(gateway_environment.url, channel)))
    open_chat(page)
    write(page, "Bonjour")
    expect(from_agent(page, "Vous avez écrit : Bonjour")).to_be_visible()
    assert ("transactionToken=" in sockets[0]) == secured
    assert ("customerId=" in sockets[0]) == (not secured)


@pytest.mark.page_errors
def test_a_visitor_whose_channel_is_closed_to_the_page_is_told(
    page: Page, site: Site, gateway_environment: Environment
) -> None:
    channel = in_one_thread(gateway_environment)
    page.goto(site.page(snippet(gateway_environment.url, channel)))
    open_chat(page)
    write(page, "Bonjour")
    expect(from_agent(page, "Vous avez écrit : Bonjour")).to_be_visible()
    gateway_environment.publish(
        channel, domains=["https://shop.example"], settings={"hasMultipleThreadsPerEndUser": False}
    )
    expect(chat(page).locator(".cw-failed")).to_be_visible()
    expect(chat(page).locator("[data-selector=TEXTAREA]")).to_be_disabled()
    expect(mine(page)).to_have_text(["Bonjour"])


# -- commands ----------------------------------------------------------------------------------------------------------


def test_another_customer_sees_nothing_of_the_one_before(
    page: Page, site: Site, gateway_environment: Environment
) -> None:
    channel = in_one_thread(gateway_environment)
    page.goto(
        site.page(snippet(gateway_environment.url, channel, after="cxone('chat','setCustomerId','alice');"))
    )
    open_chat(page)
    write(page, "C’est Alice")
    expect(from_agent(page, "Vous avez écrit : C’est Alice")).to_be_visible()
    page.evaluate("cxone('chat','setCustomerId','bob')")
    expect(mine(page)).to_have_count(0)
    write(page, "C’est Bob")
    expect(from_agent(page, "Vous avez écrit : C’est Bob")).to_be_visible()
    expect(mine(page)).to_have_text(["C’est Bob"])
    owners = gateway_environment.sql(
        "SELECT c.external_id, m.content->'payload'->>'text' FROM gateway_message m JOIN gateway_thread t ON t.id = m.thread_id"
        " JOIN gateway_customer c ON c.id = t.customer_id WHERE t.channel = %s AND m.author = 'customer' ORDER BY m.id",
        (channel,),
    )
    assert owners == [("alice", "C’est Alice"), ("bob", "C’est Bob")]


def test_the_first_message_can_be_sent_by_itself(
    page: Page, site: Site, gateway_environment: Environment
) -> None:
    channel = in_one_thread(gateway_environment)
    after = "cxone('chat','sendFirstMessageAutomatically','Je voudrais parler à quelqu’un');cxone('chat','hideFirstSentMessage',false);"
    page.goto(site.page(snippet(gateway_environment.url, channel, after=after)))
    open_chat(page)
    expect(from_agent(page, "Vous avez écrit : Je voudrais parler")).to_be_visible()
    page.reload()
    expect(mine(page)).to_have_text(["Je voudrais parler à quelqu’un"])


# -- for everybody -----------------------------------------------------------------------------------------------------


def test_everything_can_be_done_by_keyboard(page: Page, site: Site, gateway_environment: Environment) -> None:
    channel = gateway_environment.publish(new_channel(), settings={"liveChatAllowAudioNotification": True})
    page.goto(site.page('<a href="#">Avant</a>' + snippet(gateway_environment.url, channel)))
    expect(chat(page).locator(".cw-launcher")).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(chat(page).locator(".cw-launcher")).to_be_focused()
    page.keyboard.press("Enter")
    expect(chat(page).locator("[data-selector=TEXTAREA]")).to_be_focused()
    page.keyboard.type("Par le clavier")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("deux lignes")
    page.keyboard.press("Enter")
    expect(mine(page)).to_have_text(["Par le clavier\ndeux lignes"])
    expect(chat(page).locator("[data-selector=TEXTAREA]")).to_be_focused()
    menu = chat(page).locator("[data-selector=HEADER_ACTION_MENU_BUTTON]")
    menu.press("Enter")
    items = chat(page).get_by_role("menuitem")
    expect(items.first).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(items.nth(1)).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(items.first).to_be_focused()
    page.keyboard.press("Escape")
    expect(items).to_have_count(0)
    expect(menu).to_be_focused()
    expect(chat(page).get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(chat(page).get_by_role("dialog")).to_have_count(0)
    expect(chat(page).locator(".cw-launcher")).to_be_focused()


def violations(page: Page) -> list[str]:
    """What axe-core finds in the chat's document, one line a rule."""
    frame = inside(page)
    if not frame.evaluate("!!window.axe"):
        frame.evaluate(AXE.read_text(encoding="utf-8"))
    # The page around gives the document its landmarks, and may zoom it.
    # What fades in is looked at once it is there; turning wheels go on for ever.
    frame.evaluate(
        "Promise.allSettled(document.getAnimations().filter(one => one.effect.getComputedTiming().endTime < Infinity)"
        ".map(one => one.finished))"
    )
    found = frame.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{one['id']}: {one['help']} ({', '.join(str(node['target']) for node in one['nodes'])})"
        for one in found["violations"]
    ]


@pytest.mark.page_errors
@pytest.mark.parametrize(
    ("locale", "colors"),
    [
        ("fr", {}),
        (
            "en",
            {
                "theme": "#ffe000",
                "button": "#777777",
                "headerBackground": "#0a5",
                "headerFont": "#0b6",
                "widgetBackground": "#123",
            },
        ),
        ("ar", {}),
    ],
)
def test_axe_finds_nothing_in_any_state(
    page: Page, site: Site, gateway_environment: Environment, locale: str, colors: dict[str, str]
) -> None:
    channel = new_channel()
    gateway_environment.publish(
        channel, colors=colors, settings={"liveChatAllowAudioNotification": True, **FILES}
    )
    page.goto(
        site.page(snippet(gateway_environment.url, channel, before=f"cxone('chat','setLocale','{locale}');"))
    )
    window = chat(page)
    expect(window.locator(".cw-launcher")).to_be_visible()
    assert violations(page) == []
    open_chat(page)
    assert window.locator("html").get_attribute("dir") == ("rtl" if locale == "ar" else "ltr")
    assert violations(page) == []
    write(page, "https://example.com/ carte")
    write(page, "carte")
    expect(window.locator(".ac-pushButton").first).to_be_visible()
    write(page, "choix")
    expect(window.locator(".cw-chip").first).to_be_visible()
    assert violations(page) == []
    write(page, "fichier")
    expect(window.locator("a.cw-file")).to_be_visible()
    window.locator("input[type=file]").set_input_files(
        {"name": "x.exe", "mimeType": "application/x-msdownload", "buffer": b"MZ"}
    )
    expect(window.locator(".cw-refusal")).to_be_visible()
    assert violations(page) == []
    page.keyboard.press("Escape")
    window.locator("[data-selector=HEADER_ACTION_MENU_BUTTON]").click()
    assert violations(page) == []
    page.keyboard.press("Escape")
    window.locator("[data-selector=HEADER] .cw-flip").click()
    expect(window.locator(".cw-thread")).to_be_visible()
    assert violations(page) == []
    window.locator("li button").click()
    gateway_environment.publish(channel, domains=["https://shop.example"], colors=colors)
    expect(window.locator(".cw-failed")).to_be_visible()
    assert violations(page) == []


def test_axe_finds_nothing_in_a_live_conversation(
    page: Page, site: Site, gateway_environment: Environment
) -> None:
    channel = gateway_environment.publish(new_channel(), live=True)
    page.goto(site.page(snippet(gateway_environment.url, channel)))
    window = open_chat(page)
    write(page, "Bonjour")
    expect(from_agent(page, "Vous avez écrit : Bonjour")).to_be_visible()
    window.locator("[data-selector=HEADER_ACTION_MENU_BUTTON]").click()
    window.get_by_role("menuitem").last.click()
    expect(window.get_by_role("alertdialog")).to_be_visible()
    assert violations(page) == []
    window.locator("[data-selector=PRIMARY_BUTTON]").click()
    expect(window.locator("[data-selector=START_NEW_CHAT]")).to_be_visible()
    assert violations(page) == []


# -- the preview -------------------------------------------------------------------------------------------------------


def _preview(site: Site, config: dict[str, Any], width: str = "900px") -> str:
    return site.page(
        f'<div id="preview" style="width:{width};height:700px"></div><script type="module">'
        "import { mount } from '/static/widget/preview.js';"
        f"window.config = {json.dumps(config)};"
        "window.preview = mount(document.getElementById('preview'), {frameUrl: '/preview/frame/', config, locale: 'fr', theme: 'light'});"
        "</script>"
    )


PREVIEW = {
    "widget": {"appearance": "bar", "position": "right"},
    "settings": {"hasMultipleThreadsPerEndUser": False},
}


def test_the_preview_shows_a_draft_and_follows_it_without_a_reload(page: Page, site: Site) -> None:
    page.goto(
        _preview(site, {**PREVIEW, "customCss": (DATA / "adaptive-card.css").read_text(encoding="utf-8")})
    )
    window = chat(page)
    expect(window.locator(".ac-pushButton")).to_have_css("color", "rgb(250, 172, 75)")
    expect(from_agent(page, "Je suis Camille")).to_be_visible()
    inside(page).evaluate("window.kept = 1")
    page.evaluate(
        "preview.update({...config, customCss: '.ac-pushButton{color:rgb(1, 2, 3)}', colors: {headerBackground: '#102030', headerFont: '#ffffff'},"
        " widget: {appearance: 'bubble', position: 'left'}, translations: {replyBoxPlaceholder: 'Allez-y'}})"
    )
    expect(window.locator(".ac-pushButton")).to_have_css("color", "rgb(1, 2, 3)")
    expect(window.locator("[data-selector=HEADER]")).to_have_css("background-color", "rgb(16, 32, 48)")
    expect(window.get_by_placeholder("Allez-y")).to_be_visible()
    write(page, "Un essai")
    expect(from_agent(page, "Bien reçu : « Un essai »")).to_be_visible()
    page.evaluate("preview.close()")
    expect(window.locator(".cw-bubble")).to_be_visible()
    around_x, around_y, _, around_height = box(page.locator("#preview"))
    x, y, _, height = box(window.locator(".cw-bubble"))
    assert (x, y + height) == (around_x + 20, around_y + around_height - 20)
    page.evaluate("preview.open()")
    expect(window.get_by_role("dialog")).to_be_visible()
    assert inside(page).evaluate("window.kept") == 1
    # Changed script is the one thing that needs the window anew.
    page.evaluate("preview.update({...config, customJs: 'document.documentElement.dataset.mine = 1'})")
    # Not by `evaluate`: the frame goes while it is asked.
    expect(chat(page).locator("html")).to_have_attribute("data-mine", "1")
    expect(window.get_by_role("dialog")).to_be_visible()
    assert inside(page).evaluate("window.kept") is None
    page.evaluate("preview.destroy()")
    expect(page.locator("iframe")).to_have_count(0)


def test_a_narrow_preview_is_a_phone(page: Page, site: Site) -> None:
    page.goto(_preview(site, PREVIEW, width="360px"))
    expect(chat(page).locator(".cw-full")).to_be_visible()
    assert box(page.locator("iframe"))[2:] == (360, 700)
