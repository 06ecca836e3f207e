"""The Guide in Chromium: button and menu, the page's commands, rules for the address, who wins among styles, several locales."""

from __future__ import annotations

import re
import uuid
from typing import Any
from urllib.request import urlopen

import pytest
from playwright.sync_api import FrameLocator, Locator, Page, expect

from chatadmin.run.plan import ROOT
from guide import look
from live_chat.rules import default_section
from live_chat.section import public
from publishing import snapshot
from tests.stack import eventually
from translations import catalogue
from widget.tests.conftest import BRAND, Environment, Site, new_channel, push
from widget.tests.test_live_chat_browser import CLOSED
from widget.tests.test_widget_browser import COLOURED_CARD, unreadable_on_cards

AXE = (ROOT / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
HEADER = "[data-selector=HEADER]"


def brand_of_its_own() -> int:
    """A Guide is its brand's: tests do not see each other's."""
    return uuid.uuid4().int % 2_000_000_000 + 2


def entry(*offered: str, said: list[dict[str, str]] | None = None, **labels: str) -> dict[str, Any]:
    return {
        "id": str(uuid.uuid4()),
        "rules": said or [],
        "channels": [
            {"channel": one, "label": labels.get(f"n{number}", ""), "hide_offline": False}
            for number, one in enumerate(offered)
        ],
    }


def rule(how: str, value: str, effect: str = "include") -> dict[str, str]:
    return {"effect": effect, "how": how, "value": value}


def published(
    environment: Environment,
    brand: int,
    *entries: dict[str, Any],
    domains: list[str] | None = None,
    texts: dict[str, str] | None = None,
    place: dict[str, Any] | None = None,
    release: int = 1,
    guide: str = "",
    removed: bool = False,
    rank: int = 100,
    **branding: Any,
) -> str:
    """Push a Guide as the console does; returns its id."""
    guide = guide or f"guide_{uuid.uuid4()}"
    document = {
        "entries": list(entries),
        "look": {
            **look.DEFAULT_PLACE,
            **(place or {}),
            **{name: look.value_of(branding, name) for name in look.NO_BRANDING},
        },
        "css": look.css(branding),
        "texts": texts or {},
    }
    private = {
        "guide": {"rank": rank, "domains_restricted": domains is not None, "allowed_domains": domains or []},
        "translations": {"format": 1, "default_locale": None, "variants": []},
    }
    push(
        environment,
        snapshot.Snapshot(
            environment="test",
            brand=brand,
            organisation="Demo",
            channel=guide,
            name="Guide",
            kind="guide",
            release=release,
            digest=snapshot.digest({"document": document, "private": private}),
            issued_at=snapshot.now_text(),
            removed=removed,
            document=document,
            private=private,
        ),
    )
    if not removed:
        with urlopen(f"{environment.url}/guide/1/{brand}/{guide}", timeout=10) as answer:
            assert answer.headers["X-Release"] == str(release)
    return guide


def snippet(
    environment: Environment, brand: int, init: str = "", *, before: str = "", after: str = ""
) -> str:
    argument = f", {init}" if init else ""
    return f"""<script>(function(n,u){{window.CXoneDfo=n;window[n]=window[n]||function(){{(window[n].q=window[n].q||[]).push(arguments)}};window[n].u=u;
var e=document.createElement("script");e.type="module";e.src=u+"?"+Math.round(Date.now()/1e3/3600);document.head.appendChild(e)}})
('cxone','{environment.url}/loader/1/loader.js');
cxone('init','{brand}');{before}
cxone('guide','init'{argument});{after}</script>"""


def menu(page: Page) -> FrameLocator:
    return page.frame_locator("#cxone-guide-container iframe")


def chat(page: Page) -> FrameLocator:
    """The chat window that is open."""
    return page.frame_locator("body > iframe").first


def violations(page: Page, part: str) -> list[str]:
    frame = next(one for one in page.frames if part in one.url and one.parent_frame is not None)
    if not frame.evaluate("!!window.axe"):
        frame.evaluate(AXE)
    # The page around gives the document its landmarks.
    found = frame.evaluate(
        "axe.run(document, {resultTypes: ['violations'], rules: {'landmark-one-main': {enabled: false},"
        " 'page-has-heading-one': {enabled: false}, region: {enabled: false}, 'meta-viewport': {enabled: false}}})"
    )
    return [
        f"{one['id']}: {one['help']} ({[node['target'] for node in one['nodes']]})"
        for one in found["violations"]
    ]


def computed(locator: Any, name: str) -> str:
    return str(locator.evaluate("(element, name) => getComputedStyle(element).getPropertyValue(name)", name))


@pytest.mark.page_errors
def test_several_channels_show_a_menu_and_closing_a_chat_returns_to_it(
    page: Page, site: Site, gateway_environment: Environment
) -> None:
    environment, brand = gateway_environment, brand_of_its_own()
    settings = {"hasMultipleThreadsPerEndUser": False}
    css = (
        f"{HEADER} {{ background: rgb(200, 0, 0) !important; border-bottom: 3px solid rgb(0, 0, 200) }}"
        "[data-selector=SEND_BUTTON] { background: rgb(0, 120, 0) }"
    )
    first = environment.publish(new_channel(), brand=brand, customCss=css, settings=settings)
    second = environment.publish(new_channel(), brand=brand, settings=settings)
    published(
        environment,
        brand,
        entry(first, second, n0="Ventes", n1="Soutien"),
        header="#112233",
        header_text="#ffffff",
        font="serif",
        place={"shape": "words"},
    )
    page.goto(site.page(snippet(environment, brand)))
    button = menu(page).locator("[data-selector=GUIDE_CHANNEL_BUTTON]")
    expect(button).to_have_text("Nous joindre")
    assert violations(page, "/frame/1/") == []
    expect(page.locator("body > iframe")).to_have_count(0)
    button.press("Enter")
    panel = menu(page).locator("[data-selector=GUIDE_FRAME_CONTENT]")
    expect(panel).to_have_accessible_name("Comment pouvons-nous vous aider\u00a0?")
    expect(menu(page).locator("[data-selector=BEGIN_CHAT] strong")).to_have_text(["Ventes", "Soutien"])
    expect(menu(page).locator("[data-selector=GUIDE_CHANNEL_BUTTON_1] button")).to_be_focused()
    expect(menu(page).locator("[data-selector=GUIDE_CHANNEL_BUTTON_2]")).to_contain_text(
        "Disponible maintenant"
    )
    assert (
        computed(menu(page).locator("[data-selector=PORTAL_HEADER]"), "background-color") == "rgb(17, 34, 51)"
    )
    assert violations(page, "/frame/1/") == []
    page.keyboard.press("Escape")
    expect(button).to_be_focused()
    button.click()
    menu(page).locator("[data-selector=GUIDE_CHANNEL_BUTTON_1] button").click()

    window = chat(page)
    expect(window.get_by_role("dialog")).to_be_visible()
    expect(window.locator(".cw-launcher")).to_have_count(0)
    expect(menu(page).locator("#cxone-guide-container > *")).to_have_count(0)
    # The Guide wins where it sets something, over !important as well; elsewhere the channel's own holds.
    header = window.locator(HEADER)
    assert computed(header, "background-color") == "rgb(17, 34, 51)"
    assert computed(header, "color") == "rgb(255, 255, 255)"
    assert computed(header, "border-bottom-color") == "rgb(0, 0, 200)"
    assert computed(window.locator("[data-selector=SEND_BUTTON]"), "background-color") == "rgb(0, 120, 0)"
    assert "Charter" in computed(window.locator("body"), "font-family")
    assert violations(page, first) == []
    window.locator("[data-selector=TEXTAREA]").fill("bonjour")
    window.locator("[data-selector=TEXTAREA]").press("Enter")
    expect(window.locator("[data-selector=AGENT_MESSAGE_BUBBLE]").first).to_be_visible()
    window.locator("[data-selector=HEADER_MINIMIZE_WINDOW]").click()
    expect(menu(page).locator("[data-selector=GUIDE_CHANNEL_BUTTON_1] button")).to_be_focused()
    # What is said meanwhile is counted, in the menu and on the button.
    with environment.agent(first, brand=brand) as agent:
        agent.do("list")
        conversation = agent.hear("conversations")["conversations"][0]["id"]
        agent.say(conversation, text="Encore là\u00a0?")
        expect(menu(page).locator("[data-selector=GUIDE_CHANNEL_BUTTON_1] .cg-badge")).to_have_text(
            re.compile("[1-9]")
        )
    menu(page).locator(".cg-close").click()
    expect(button.locator(".cg-badge")).to_be_visible()


def test_the_address_decides_what_is_offered_and_an_open_conversation_stays(
    page: Page, site: Site, gateway_environment: Environment
) -> None:
    environment, brand = gateway_environment, brand_of_its_own()
    settings = {"hasMultipleThreadsPerEndUser": False}
    sales = environment.publish(new_channel(), brand=brand, settings=settings)
    support = environment.publish(new_channel(), brand=brand, settings=settings)
    named = entry(sales, support, said=[rule("equals", "/never")])
    published(
        environment,
        brand,
        entry(sales, said=[rule("glob", "/shop/**"), rule("contains", "checkout", "exclude")], n0="Ventes"),
        entry(support, said=[rule("starts", "/help")], n0="Soutien"),
        named,
    )
    body = snippet(environment, brand)
    for path in ("/shop/shoes", "/other"):
        site.page(body, path=path)
    container = page.locator("#cxone-guide-container")
    page.goto(site.url + "/shop/shoes")
    button = menu(page).locator("[data-selector=GUIDE_CHANNEL_BUTTON]")
    expect(button).to_be_visible()
    # One channel opens at once.
    button.click()
    window = chat(page)
    expect(window.get_by_role("dialog")).to_be_visible()
    window.locator("[data-selector=TEXTAREA]").fill("bonjour")
    window.locator("[data-selector=TEXTAREA]").press("Enter")
    expect(window.locator("[data-selector=AGENT_MESSAGE_BUBBLE]").first).to_be_visible()
    # Elsewhere, without a new page: the open window stays, and can be come back to.
    page.evaluate("history.pushState(null, '', '/other')")
    expect(window.locator("[data-selector=CUSTOMER_MESSAGE_BUBBLE]")).to_have_text("bonjour")
    window.locator("[data-selector=HEADER_MINIMIZE_WINDOW]").click()
    expect(button).to_be_visible()
    page.evaluate("history.pushState(null, '', '/help/1')")
    button.click()
    expect(menu(page).locator("[data-selector=BEGIN_CHAT] strong")).to_have_text(["Soutien", "Ventes"])
    page.go_back()
    expect(menu(page).locator("[data-selector=BEGIN_CHAT]")).to_have_count(0)
    # A page that no entry point is for, without a conversation: nothing.
    page.evaluate("localStorage.clear(); sessionStorage.clear()")
    page.goto(site.url + "/other")
    page.wait_for_function("window.cxone.live")
    page.evaluate("cxone('guide', 'openMenu')")
    expect(container).to_have_count(0)
    # Named, it shows whatever the address.
    page.evaluate("([id]) => cxone('guide', 'init', id)", [named["id"]])
    expect(menu(page).locator("[data-selector=BEGIN_CHAT]")).to_have_count(2)


@pytest.mark.page_errors
def test_commands_before_and_after_init_do_what_they_say(
    page: Page, site: Site, gateway_environment: Environment
) -> None:
    environment, brand = gateway_environment, brand_of_its_own()
    settings = {"hasMultipleThreadsPerEndUser": False}
    first = environment.publish(new_channel(), brand=brand, settings=settings)
    second = environment.publish(new_channel(), brand=brand, settings=settings)
    published(environment, brand, entry(first, second))
    lines: list[str] = []
    page.on(
        "console", lambda message: lines.append(message.text) if message.text.startswith("[guide]") else None
    )
    before = (
        "cxone('guide','setCustomFields',[{ident:'order',value:'A1'}]);cxone('guide','setButtonSize','80px');"
        "cxone('guide','setOffsetY',40);cxone('chat','setCustomerName','Zoé');cxone('guide','openmenu');"
    )
    page.goto(site.page(snippet(environment, brand, "{locale:'ar'}", before=before)))
    button = menu(page).locator("[data-selector=GUIDE_CHANNEL_BUTTON]")
    expect(button).to_have_accessible_name(catalogue.guide("ar")["button"])
    assert computed(button, "height") == "80px"
    assert computed(page.locator("#cxone-guide-container iframe"), "bottom") == "40px"
    page.evaluate(
        "cxone('guide','setDesiredGuideWidth','500px');cxone('guide','setDesiredGuideHeight',600);"
        "cxone('guide','setFontSize','20px');cxone('guide','openMenu');cxone('guide','setCustomFields',{gift:true,many:3});"
        "cxone('guide','setCustomCss','[data-selector=PORTAL_TITLE]{color:rgb(1,2,3);text-indent:1px}', 'a')"
    )
    title = menu(page).locator("[data-selector=PORTAL_TITLE]")
    expect(title).to_have_css("color", "rgb(1, 2, 3)")
    # Another key adds to it, without a key it is all there is, and what is no length changes nothing.
    page.evaluate("cxone('guide','setCustomCss','[data-selector=PORTAL_TITLE]{color:rgb(3,2,1)}', 'b')")
    expect(title).to_have_css("color", "rgb(3, 2, 1)")
    expect(title).to_have_css("text-indent", "1px")
    page.evaluate("cxone('guide','setCustomCss', null, 'b')")
    expect(title).to_have_css("color", "rgb(1, 2, 3)")
    page.evaluate(
        "cxone('guide','setCustomCss','[data-selector=PORTAL_TITLE]{text-indent:2px}');"
        "for(const wrong of ['setDesiredGuideWidth','setDesiredGuideHeight','setFontSize'])cxone('guide',wrong,'wide');"
        "for(const wrong of ['setButtonSize','setOffsetY'])cxone('guide',wrong,'high')"
    )
    expect(title).to_have_css("text-indent", "2px")
    expect(title).not_to_have_css("color", "rgb(1, 2, 3)")
    wrong = ["[guide] “wide” is not a CSS length.", "[guide] “high” is not a number of pixels."]
    expect(menu(page).locator("body")).to_have_css("font-size", "20px")
    expect(menu(page).locator("html")).to_have_attribute("dir", "rtl")
    assert violations(page, "/frame/1/") == []
    frame = page.locator("#cxone-guide-container iframe")
    expect(frame).to_have_css("width", "540px")
    expect(frame).to_have_css("height", "640px")
    menu(page).locator("[data-selector=GUIDE_CHANNEL_BUTTON_2] button").click()
    window = chat(page)
    window.locator("[data-selector=TEXTAREA]").fill("مرحبا")
    window.locator("[data-selector=TEXTAREA]").press("Enter")
    expect(window.locator("[data-selector=AGENT_MESSAGE_BUBBLE]").first).to_be_visible()
    [(name,)] = environment.sql("SELECT first_name FROM gateway_customer WHERE channel = %s", (second,))
    [(fields,)] = environment.sql("SELECT custom_fields FROM gateway_contact WHERE channel = %s", (second,))
    assert (name, fields) == ("Zoé", {"order": "A1", "gift": "true", "many": "3"})
    unknown = "[guide] Unknown command “openmenu”: it was ignored. Did you mean “openMenu”?"
    assert lines == [unknown, *wrong]
    window.locator("[data-selector=HEADER_MINIMIZE_WINDOW]").click()
    # The whole page: the menu at once, and the chats after it.
    menu(page).locator(".cg-close").click()
    page.evaluate("cxone('guide','setFullDisplay')")
    expect(title).to_be_visible()
    expect(frame).to_have_css("width", "1280px")
    menu(page).locator("[data-selector=GUIDE_CHANNEL_BUTTON_1] button").click()
    first_window = page.frame_locator(f"iframe[src*='{first}']")
    expect(first_window.get_by_role("dialog")).to_have_css("width", "1280px")
    first_window.locator("[data-selector=HEADER_MINIMIZE_WINDOW]").click()
    # A phone: the menu takes the screen.
    page.set_viewport_size({"width": 390, "height": 800})
    expect(frame).to_have_css("width", "390px")
    expect(menu(page).locator(".cg-full")).to_have_count(1)
    assert violations(page, "/frame/1/") == []
    # A page of another domain is told why there is nothing.
    published(environment, brand, entry(first), domains=["shop.example"], guide=f"guide_{uuid.uuid4()}")


def test_who_wins_among_colours_styles_of_channel_page_and_guide(
    page: Page, site: Site, gateway_environment: Environment
) -> None:
    """Weakest first: the window's own, the channel's colours, its CSS, the page's; then the Guide where it sets something."""
    environment, brand = gateway_environment, brand_of_its_own()
    red, green, blue, guides = "rgb(200, 0, 0)", "rgb(0, 120, 0)", "rgb(0, 0, 200)", "rgb(17, 34, 51)"
    settings = {"hasMultipleThreadsPerEndUser": False}
    colors = {"headerBackground": "#c80000", "button": "#c80000"}
    css = f"{HEADER}{{background:{green}}}"
    styled = environment.publish(new_channel(), brand=brand, settings=settings, colors=colors, customCss=css)
    plain = environment.publish(new_channel(), brand=brand, settings=settings, colors=colors)
    pages = (
        f"cxone('chat:{styled}','setCustomCss','html body {HEADER}{{background:{blue} !important;padding-top:33px}}"
        f"[data-selector=SEND_BUTTON]{{background:{blue}}}','page');"
    )
    # Without a Guide: colours, then CSS, then the page.
    init = "".join(f"cxone('chat','init',{brand},'{one}');" for one in (styled, plain))
    page.goto(site.page(snippet(environment, brand).replace("cxone('guide','init');", init)))

    def header(channel: str) -> Locator:
        return page.frame_locator(f"iframe[src*='{channel}']").locator(HEADER)

    page.evaluate(";".join(f"cxone('chat:{one}','openChatWindow')" for one in (styled, plain)))
    expect(header(plain)).to_have_css("background-color", red)
    expect(header(styled)).to_have_css("background-color", green)
    page.evaluate(pages)
    expect(header(styled)).to_have_css("background-color", blue)

    # Under a Guide its branding wins over all of them, `!important` included; what it leaves open stays as it was.
    published(environment, brand, entry(styled, plain), header="#112233", header_text="#ffffff")
    published(
        environment,
        brand,
        entry(plain, said=[rule("starts", "/shop")]),
        texts={"button": "Boutique"},
        place={"shape": "words"},
        rank=1,
        header="#445566",
    )
    page.evaluate("localStorage.clear(); sessionStorage.clear()")
    page.goto(site.page(snippet(environment, brand, before=pages), path="/guided"))
    menu(page).locator("[data-selector=GUIDE_CHANNEL_BUTTON]").click()
    title = menu(page).locator("[data-selector=PORTAL_HEADER]")
    expect(title).to_have_css("background-color", guides)
    # In the Guide's own menu the page comes after the branding.
    page.evaluate(f"cxone('guide','setCustomCss','[data-selector=PORTAL_HEADER]{{background:{blue}}}')")
    expect(title).to_have_css("background-color", blue)
    page.evaluate("cxone('guide','setCustomCss',null)")
    expect(title).to_have_css("background-color", guides)
    menu(page).locator("[data-selector=GUIDE_CHANNEL_BUTTON_1] button").click()
    expect(header(styled)).to_have_css("background-color", guides)
    expect(header(styled)).to_have_css("padding-top", "33px")
    send = page.frame_locator(f"iframe[src*='{styled}']").locator("[data-selector=SEND_BUTTON]")
    expect(send).to_have_css("background-color", blue)
    # Of two Guides the one of the lower rank is asked first.
    page.goto(site.page(snippet(environment, brand), path="/shop/1"))
    expect(menu(page).locator("[data-selector=GUIDE_CHANNEL_BUTTON]")).to_have_text("Boutique")
    menu(page).locator("[data-selector=GUIDE_CHANNEL_BUTTON]").click()
    expect(header(plain)).to_have_css("background-color", "rgb(68, 85, 102)")


def test_offers_come_and_go_with_their_channels_on_a_page_left_open(
    page: Page, site: Site, gateway_environment: Environment
) -> None:
    environment, brand = gateway_environment, brand_of_its_own()

    def live(channel: str, **pieces: Any) -> str:
        section = {**default_section(), **pieces}
        return environment.publish(
            channel, brand=brand, live=True, private={"live_chat": section}, **public(section)
        )

    closed = {**CLOSED, "hours": {**default_section()["hours"], **CLOSED["hours"]}}
    hiding, staying = live(new_channel(), **closed), live(new_channel(), **closed)
    shop = entry(hiding, said=[rule("starts", "/shop")], n0="Ventes")
    shop["channels"][0]["hide_offline"] = True
    dark: dict[str, Any] = {
        "header": "#000000",
        "background": "#101418",
        "text": "#dddddd",
        "accent": "#9fb8ff",
    }
    help_ = entry(staying, hiding, said=[rule("starts", "/help")])
    published(environment, brand, shop, help_, place={"position": "left"}, **dark)
    for path in ("/shop", "/help"):
        site.page(snippet(environment, brand), path=path)
    with page.expect_response(re.compile(f"{hiding}/availability")):
        page.goto(site.url + "/shop")
    button = menu(page).locator("[data-selector=GUIDE_CHANNEL_BUTTON]")
    expect(button).to_have_count(0)

    def comes_back_to_the_tab(found: str) -> None:
        def looked() -> bool:
            page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
            page.wait_for_timeout(50)
            return bool(page.evaluate(found))

        eventually(looked, what=found)

    live(hiding)
    comes_back_to_the_tab("document.querySelector('#cxone-guide-container iframe') !== null")
    expect(button).to_be_visible()
    live(hiding, **closed)
    comes_back_to_the_tab("document.elementFromPoint(50, innerHeight - 50).tagName !== 'IFRAME'")
    expect(button).to_have_count(0)
    # Where offers stay, they say that nobody is there, and can be left a message for.
    page.goto(site.url + "/help")
    button.click()
    panel = menu(page).locator("[data-selector=PORTAL_BODY]")
    expect(panel.locator(".cg-intro")).to_have_text(catalogue.guide("fr_CA")["none"])
    expect(panel.locator(".cg-state")).to_have_text([catalogue.guide("fr_CA")["offline"]] * 2)
    assert violations(page, "/frame/1/") == []
    menu(page).locator("[data-selector=GUIDE_CHANNEL_BUTTON_1] button").click()
    window = page.frame_locator(f"iframe[src*='{staying}']")
    form = window.locator("form.cw-later")
    expect(form).to_be_visible()
    # Nobody said a colour for these.
    expect(window.locator(HEADER)).to_have_css("color", "rgb(255, 255, 255)")
    expect(form.get_by_role("textbox").first).to_have_css("background-color", "rgb(16, 20, 24)")
    form.get_by_role("button").click()
    expect(form.locator(".cw-later-error:visible").first).to_be_visible()
    assert violations(page, staying) == []
    # A conversation on the dark ground: bubbles, names, times, what one types.
    live(staying)
    eventually(
        lambda: (
            page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
            or page.wait_for_timeout(50)
            or window.locator("[data-selector=TEXTAREA]").count()
        ),
        what="somebody is there",
    )
    window.locator("[data-selector=TEXTAREA]").fill("choix")
    window.locator("[data-selector=TEXTAREA]").press("Enter")
    expect(window.locator(".cw-chip").first).to_be_visible()
    assert violations(page, staying) == []
    # A card's coloured grounds are dark ones of their colour.
    with environment.agent(staying, brand=brand) as agent:
        window.locator("[data-selector=TEXTAREA]").fill("encore")
        window.locator("[data-selector=TEXTAREA]").press("Enter")
        agent.say(agent.hear("message")["conversation"], card=COLOURED_CARD)
        expect(window.get_by_text("attention Attention").first).to_be_visible()
    frame = next(one for one in page.frames if staying in one.url)
    assert unreadable_on_cards(frame) == []


def test_one_page_with_several_widgets_speaks_several_languages(
    page: Page, site: Site, gateway_environment: Environment
) -> None:
    environment, brand = gateway_environment, brand_of_its_own()
    settings = {"hasMultipleThreadsPerEndUser": False}
    offered = environment.publish(new_channel(), brand=brand, settings=settings)
    alone = environment.publish(
        new_channel(), settings=settings, widget={"appearance": "bar", "position": "left"}
    )
    german = environment.publish(
        new_channel(), settings=settings, widget={"appearance": "bar", "position": "left"}
    )
    published(environment, brand, entry(offered), place={"shape": "words"})
    page.goto(
        site.page(
            snippet(
                environment,
                brand,
                "{locale:'en'}",
                after=(
                    f"cxone('chat:{alone}','setLocale','es');cxone('chat:{german}','setLocale','de');"
                    f"cxone('chat','init',{BRAND},'{alone}');cxone('chat','init',{BRAND},'{german}');"
                ),
            )
        )
    )
    expect(menu(page).locator("[data-selector=GUIDE_CHANNEL_BUTTON]")).to_have_text("Contact us")

    def frame(channel: str) -> FrameLocator:
        return page.frame_locator(f"iframe[src*='{channel}']")

    expect(frame(alone).locator("html")).to_have_attribute("lang", re.compile("^es"))
    expect(frame(german).locator("html")).to_have_attribute("lang", re.compile("^de"))
    expect(frame(alone).locator(".cw-launcher")).to_be_visible()
    expect(frame(german).locator(".cw-launcher")).to_be_visible()
    menu(page).locator("[data-selector=GUIDE_CHANNEL_BUTTON]").click()
    expect(frame(offered).get_by_role("dialog")).to_be_visible()
    # Chats the page has begun itself keep their launchers beside the Guide.
    expect(frame(alone).locator(".cw-launcher")).to_be_visible()
    frame(alone).locator(".cw-launcher").click()
    expect(frame(alone).get_by_role("dialog")).to_be_visible()


def test_a_chat_the_page_began_itself_becomes_the_guides(
    page: Page, site: Site, gateway_environment: Environment
) -> None:
    """Its launcher goes; without a Guide a page with the chat alone is as it was."""
    environment, brand = gateway_environment, brand_of_its_own()
    settings = {"hasMultipleThreadsPerEndUser": False}
    offered = environment.publish(new_channel(), brand=brand, settings=settings)
    published(environment, brand, entry(offered), header="#112233")
    init = f"cxone('chat','init',{brand},'{offered}');"
    page.goto(site.page(snippet(environment, brand, before=init)))
    button = menu(page).locator("[data-selector=GUIDE_CHANNEL_BUTTON]")
    expect(button).to_be_visible()
    expect(page.locator("body > iframe")).to_have_count(1)
    expect(chat(page).locator("#be-chat-container")).to_have_count(1)
    expect(chat(page).locator(".cw-launcher")).to_have_count(0)
    button.click()
    expect(chat(page).locator(HEADER)).to_have_css("background-color", "rgb(17, 34, 51)")


@pytest.mark.page_errors
def test_a_guide_that_is_taken_off_or_not_allowed_says_so_and_shows_nothing(
    page: Page, site: Site, gateway_environment: Environment
) -> None:
    environment, brand = gateway_environment, brand_of_its_own()
    offered = environment.publish(new_channel(), brand=brand)
    guide = published(environment, brand, entry(offered), domains=["shop.example"])
    lines: list[str] = []
    page.on("console", lambda message: lines.append(message.text))
    address = site.page(snippet(environment, brand))
    page.goto(address)
    eventually(
        lambda: page.evaluate("1") and any("may not show this Guide" in line for line in lines),
        what="the reason is on the console",
    )
    expect(page.locator("iframe")).to_have_count(0)
    published(environment, brand, entry(offered), release=2, guide=guide)
    page.reload()
    expect(menu(page).locator("[data-selector=GUIDE_CHANNEL_BUTTON]")).to_be_visible()
    published(environment, brand, release=3, guide=guide, removed=True)
    page.reload()
    eventually(
        lambda: page.evaluate("1") and any("There is no such Guide" in line for line in lines),
        what="that it is gone is on the console",
    )
    expect(page.locator("iframe")).to_have_count(0)
