"""The page's commands in Chromium (wire contract 2.2): each does what cxone.d.ts says of it, and none disturbs another chat."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import ConsoleMessage, FrameLocator, Page, Route, expect

from channels_config.command_reference import GROUPS, call
from chatadmin.run.plan import ROOT
from tests.stack import eventually
from widget.tests.conftest import BRAND, Environment, Site, new_channel, snippet

ENGLISH = re.compile("^en")
HEADER = "[data-selector=HEADER]"
RED, GREEN, BLUE = "rgb(200, 0, 0)", "rgb(0, 120, 0)", "rgb(0, 0, 200)"


def channel_of(environment: Environment, **more: Any) -> str:
    """A channel with one conversation per visitor."""
    settings = {"hasMultipleThreadsPerEndUser": False, **more.pop("settings", {})}
    return environment.publish(new_channel(), settings=settings, **more)


def chat(page: Page, place: int = 0) -> FrameLocator:
    return page.frame_locator("iframe").nth(place)


def opened(page: Page, place: int = 0) -> FrameLocator:
    chat(page, place).locator(".cw-launcher").click()
    expect(chat(page, place).get_by_role("dialog")).to_be_visible()
    return chat(page, place)


def write(window: FrameLocator, text: str) -> None:
    window.locator("[data-selector=TEXTAREA]").fill(text)
    window.locator("[data-selector=TEXTAREA]").press("Enter")


def echoed(window: FrameLocator, text: str) -> None:
    """The practice agent has heard this."""
    bubble = window.locator("[data-selector=AGENT_MESSAGE_BUBBLE]").filter(
        has_text=f"Vous avez écrit : {text}"
    )
    expect(bubble).to_be_visible()


def run(page: Page, *calls: str) -> None:
    page.evaluate(";".join(f"cxone({call})" for call in calls))


def until(page: Page, condition: str) -> None:
    page.wait_for_function(condition)


def console_of(page: Page) -> list[str]:
    """What is said on the page's console from now on."""
    lines: list[str] = []

    def heard(message: ConsoleMessage) -> None:
        if message.text.startswith("[chat]"):
            lines.append(f"{message.type}: {message.text}")

    page.on("console", heard)
    return lines


def visitors_words(environment: Environment, channel: str) -> list[str]:
    rows = environment.sql(
        "SELECT m.content->'payload'->>'text' FROM gateway_message m JOIN gateway_thread t ON t.id = m.thread_id"
        " WHERE t.channel = %s AND m.author = 'customer' ORDER BY m.id",
        (channel,),
    )
    return [text for (text,) in rows]


def customer(environment: Environment, channel: str) -> tuple[str, str, str, dict[str, str]]:
    [found] = environment.sql(
        "SELECT external_id, first_name, last_name, custom_fields FROM gateway_customer WHERE channel = %s",
        (channel,),
    )
    return found[0], found[1], found[2], dict(found[3])


def contact_fields(environment: Environment, channel: str) -> dict[str, str]:
    [(found,)] = environment.sql("SELECT custom_fields FROM gateway_contact WHERE channel = %s", (channel,))
    return dict(found)


#: Every command: its arguments in JavaScript, in the order in which a page says them; those before None stand before init.
EVERY_COMMAND: tuple[tuple[str, str] | None, ...] = (
    ("setAuthorizationCode", "'code','verifier'"),
    ("setLocale", "'en'"),
    ("hidePreSurvey", ""),
    ("setCustomerId", "'client-8'"),
    ("setCustomerName", "'Zoé Tremblay'"),
    ("setCustomerCustomField", "'tier','or'"),
    ("setContactCustomField", "'topic','Livraison'"),
    ("setCustomField", "'gift',true"),
    ("setCaseCustomField", "'order',42"),
    ("setTranslations", "{customerChat:'Ask us',weAreOnline:'We listen'}"),
    ("setCustomCss", f"'{HEADER}{{background:{GREEN}}}','promo'"),
    ("setWindowWidth", "'420px'"),
    ("enableChatAlwaysOnline", ""),
    ("sendFirstMessageAutomatically", ""),
    ("setFirstAutomatedMessageContent", "'From the shop'"),
    ("hideFirstSentMessage", "false"),
    ("onPushUpdate", "['CaseCreated'],e=>some.push(e.eventType)"),
    ("onAnyPushUpdate", "e=>any.push(e.eventType)"),
    ("setAllowedExternalMessageTypes", "['MESSAGE_SENT']"),
    ("hideQueueCounterAfterAssignment", ""),
    ("showSendButton", ""),
    ("allowGameMode", ""),
    ("automatedSatisfactionSurveyModal", "true"),
    None,
    ("setTranslation", "'replyBoxPlaceholder','Tell us'"),
    ("setWindowHeight", "520"),
    ("getCustomerIdentityId", "id=>ids.push(id)"),
    ("openChatWindow", ""),
    ("sendMessage", "'Said by the page'"),
    ("setFullDisplay", ""),
    ("closeChatWindow", ""),
)


@pytest.mark.parametrize("old", [False, True], ids=["cxone", "brandembassy"])
def test_every_command_of_the_reference_has_its_effect_in_both_styles(
    page: Page, site: Site, gateway_environment: Environment, old: bool
) -> None:
    names = {one[0] for one in EVERY_COMMAND if one}
    assert names == {one.name for group in GROUPS for one in group.commands}
    field = {"isRequired": False, "definition": {"ident": "topic", "label": "Sujet", "type": "text"}}
    form = {"id": "f", "name": "F", "channels": [], "customFields": [field]}
    channel = channel_of(gateway_environment, preContactForm=form)
    said = {one[0]: call(one[0], one[1], old=old) for one in EVERY_COMMAND if one}
    place = EVERY_COMMAND.index(None)
    before = "".join(said[one[0]] for one in EVERY_COMMAND[:place] if one)
    after = "".join(
        said[one[0]]
        for one in EVERY_COMMAND[place:]
        if one and one[0] in {"setTranslation", "setWindowHeight"}
    )
    memory = "window.ids=[];window.some=[];window.any=[];window.posted=[];addEventListener('message',e=>{if(e.data.actionType)posted.push(e.data.message.text)});"
    if old:
        body = f"""<script>window.BrandEmbassy='brandembassy';window.brandembassy=function(){{(brandembassy.q=brandembassy.q||[]).push(arguments)}};
        {memory}{before}brandembassy('init',{BRAND},'{channel}');{after}</script><script async src="{gateway_environment.url}/loader/1/loader.js"></script>"""
    else:
        body = snippet(gateway_environment.url, channel, before=memory + before, after=after)
    lines = console_of(page)
    page.goto(site.page(body))
    launcher = chat(page).locator(".cw-launcher")
    expect(launcher).to_have_text("We listen")
    page.evaluate(said["openChatWindow"])
    window = chat(page).get_by_role("dialog", name="Ask us")
    expect(window).to_be_visible()
    expect(window).to_have_css("width", "420px")
    expect(window).to_have_css("height", "520px")
    expect(window.locator(HEADER)).to_have_css("background-color", GREEN)
    expect(chat(page).locator("form.cw-survey")).to_have_count(0)
    expect(chat(page).locator("html")).to_have_attribute("lang", ENGLISH)
    expect(chat(page).get_by_placeholder("Tell us")).to_be_visible()
    echoed(chat(page), "From the shop")
    page.evaluate(said["sendMessage"])
    echoed(chat(page), "Said by the page")
    mine = chat(page).locator("[data-selector=CUSTOMER_MESSAGE_BUBBLE]")
    expect(mine).to_have_text(["From the shop", "Said by the page"])
    page.evaluate(said["getCustomerIdentityId"])
    assert page.evaluate("ids") == ["client-8"]
    assert customer(gateway_environment, channel) == ("client-8", "Zoé", "Tremblay", {"tier": "or"})
    fields = {"topic": "Livraison", "gift": "true", "order": "42"}
    assert contact_fields(gateway_environment, channel) == fields
    assert page.evaluate("some") == ["CaseCreated"]
    assert {"CaseCreated", "MessageCreated"} <= set(page.evaluate("any"))
    assert page.evaluate("posted") == ["From the shop", "Said by the page"]
    page.evaluate(said["setFullDisplay"])
    expect(window).to_have_css("width", "1280px")
    page.evaluate(said["closeChatWindow"])
    expect(launcher).to_be_visible()
    # What has no use here is said, and nothing else is.
    assert [line.partition("“")[2].partition("”")[0] for line in lines] == [
        "allowGameMode",
        "automatedSatisfactionSurveyModal",
    ]


@pytest.mark.page_errors
def test_who_the_visitor_is_and_what_happens_reach_agent_and_page(
    page: Page, site: Site, gateway_environment: Environment
) -> None:
    channel = channel_of(gateway_environment)
    before = """cxone('chat','setCustomerId','client-7');cxone('chat','setCustomerName','Zoé Tremblay');
    cxone('chat','setContactCustomField','topic','Livraison');cxone('chat','setCaseCustomField','order',42);
    cxone('chat','setCustomField','gift',true);cxone('chat','setCustomerCustomField','tier','or');
    window.ids=[];window.some=[];window.one=[];window.any=[];window.posted=[];
    addEventListener('message',e=>{if(e.data.actionType)posted.push([e.data.actionType,e.data.channelId,e.data.message.text])});
    cxone('chat','getCustomerIdentityId',id=>{ids.push(id);throw new Error('theirs')});
    cxone('chat','onPushUpdate',['MessageCreated','CaseCreated'],e=>some.push(e.eventType));
    cxone('chat','onPushUpdate','CaseCreated',e=>{one.push(e.eventType);throw new Error('theirs')});
    cxone('chat','onAnyPushUpdate',e=>any.push(e.eventType));
    cxone('chat','setAllowedExternalMessageTypes',['MESSAGE_SENT','MESSAGE_RECEIVED']);cxone('chat','sendMessage','De la page');"""
    page.goto(site.page(snippet(gateway_environment.url, channel, before=before)))
    until(page, "window.any.includes('MessageCreated') && window.posted.length > 1")
    window = opened(page)
    echoed(window, "De la page")
    assert page.evaluate("ids") == ["client-7"]
    assert page.evaluate("cxone('chat','getCustomerIdentityId')") == "client-7"
    assert customer(gateway_environment, channel) == ("client-7", "Zoé", "Tremblay", {"tier": "or"})
    assert contact_fields(gateway_environment, channel) == {
        "topic": "Livraison",
        "order": "42",
        "gift": "true",
    }
    assert set(page.evaluate("some")) == {"MessageCreated", "CaseCreated"}
    assert page.evaluate("one") == ["CaseCreated"]
    assert ["MESSAGE_SENT", channel, "De la page"] in page.evaluate("posted")
    assert "MESSAGE_RECEIVED" in [kind for kind, *_ in page.evaluate("posted")]
    # Later words travel at once; an empty list ends what a page is told.
    run(
        page, "'chat','setAllowedExternalMessageTypes',[]", "'chat','setContactCustomField','topic','Facture'"
    )
    run(page, "'chat','setCustomerCustomField','tier','argent'", "'chat','sendMessage','Encore'")
    echoed(window, "Encore")
    eventually(
        lambda: (
            page.wait_for_timeout(50) or contact_fields(gateway_environment, channel)["topic"] == "Facture"
        ),
        what="the contact's field arrived",
    )
    assert customer(gateway_environment, channel)[3] == {"tier": "argent"}
    assert all(text != "Encore" for _, _, text in page.evaluate("posted"))


def test_css_replaces_all_or_is_added_by_key(
    page: Page, site: Site, gateway_environment: Environment
) -> None:
    css = f"{HEADER}{{background:{RED};letter-spacing:1px}}"
    channel = channel_of(gateway_environment, customCss=css)
    before = f"cxone('chat','setCustomCss','{HEADER}{{word-spacing:2px}}','first');"
    page.goto(site.page(snippet(gateway_environment.url, channel, before=before)))
    header = opened(page).locator(HEADER)
    expect(header).to_have_css("background-color", RED)
    expect(header).to_have_css("word-spacing", "2px")
    # A key adds: what it does not say stays, what it says wins; the same key again replaces only that.
    run(page, f"'chat','setCustomCss','{HEADER}{{background:{GREEN};text-indent:3px}}','promo'")
    expect(header).to_have_css("background-color", GREEN)
    expect(header).to_have_css("letter-spacing", "1px")
    run(page, f"'chat','setCustomCss','{HEADER}{{background:{BLUE}}}','promo'")
    expect(header).to_have_css("background-color", BLUE)
    expect(header).to_have_css("text-indent", "0px")
    # A sheet that never ends does not swallow the next.
    run(
        page,
        f"'chat','setCustomCss','{HEADER}{{color:red; /* open','first'",
        f"'chat','setCustomCss','{HEADER}{{background:{GREEN}}}','promo'",
    )
    expect(header).to_have_css("background-color", GREEN)
    # An empty text takes a piece away.
    run(page, "'chat','setCustomCss','','promo'")
    expect(header).to_have_css("background-color", RED)
    # Without a key it is all there is, what was added included; null brings the channel's own back.
    run(
        page,
        f"'chat','setCustomCss','{HEADER}{{text-indent:4px}}','promo'",
        f"'chat','setCustomCss','{HEADER}{{background:{BLUE}}}'",
    )
    expect(header).to_have_css("background-color", BLUE)
    expect(header).to_have_css("letter-spacing", "normal")
    expect(header).to_have_css("text-indent", "0px")
    run(page, "'chat','setCustomCss',null")
    expect(header).to_have_css("background-color", RED)
    # Another language loads the channel anew: the page's own stays.
    run(page, f"'chat','setCustomCss','{HEADER}{{background:{GREEN}}}','promo'", "'chat','setLocale','en'")
    expect(chat(page).locator("html")).to_have_attribute("lang", ENGLISH)
    expect(header).to_have_css("background-color", GREEN)


def test_words_size_and_presence_follow_the_page(
    page: Page, site: Site, gateway_environment: Environment
) -> None:
    channel = gateway_environment.publish(new_channel(), live=True)
    before = """cxone('chat','setLocale','en');cxone('chat','setTranslations',{customerChat:'Ask us',weAreOnline:'We listen'});
    cxone('chat','setTranslation','offlineFormDesc','Back on Monday');cxone('chat','enableChatAlwaysOnline');
    cxone('chat','hideQueueCounterAfterAssignment');cxone('chat','showSendButton');"""

    def closed(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, json={**answer.json(), "availability": {"status": "offline"}})

    # Out of hours, whatever the practice agent thinks of it.
    page.route(re.compile(rf"/channel/{channel}\?"), closed)
    page.goto(site.page(snippet(gateway_environment.url, channel, before=before)))
    lines = console_of(page)
    launcher = chat(page).locator(".cw-launcher")
    # Nobody is there, but the page wants to be seen as online; one cannot write for all that.
    expect(launcher).to_have_text("We listen")
    expect(launcher.locator(".cw-dot")).to_be_visible()
    run(page, "'chat','setWindowWidth',500", "'chat','setWindowHeight','30rem'", "'chat','openChatWindow'")
    window = chat(page).get_by_role("dialog", name="Ask us")
    expect(window).to_be_visible()
    expect(window.locator(HEADER)).to_contain_text("We listen")
    expect(window).to_contain_text("Back on Monday")
    expect(window.locator("[data-selector=TEXTAREA]")).to_have_count(0)
    expect(window).to_have_css("width", "500px")
    expect(window).to_have_css("height", "480px")
    # What is no length changes nothing, and is said once.
    run(
        page,
        *["'chat','setWindowWidth','wide'"] * 2,
        "'chat','setWindowHeight','1px;color:red'",
        "'chat','enableChatAlwaysOnline',false",
    )
    expect(window.locator(HEADER)).not_to_contain_text("We listen")
    expect(window).to_have_css("width", "500px")
    assert [line for line in lines if "CSS length" in line] == [
        "warning: [chat] “wide” is not a CSS length.",
        "warning: [chat] “1px;color:red” is not a CSS length.",
    ]
    run(page, "'chat','closeChatWindow'")
    expect(launcher).to_be_visible()
    expect(launcher.locator(".cw-dot")).to_have_count(0)
    run(page, "'chat','setFullDisplay'")
    expect(window).to_have_css("width", "1280px")
    assert len(lines) == 2


def test_a_first_message_is_sent_by_itself_and_shown_only_if_the_page_says_so(
    page: Page, site: Site, gateway_environment: Environment
) -> None:
    channel = channel_of(gateway_environment)
    before = "cxone('chat','setFirstAutomatedMessageContent','Visiteur de la boutique');cxone('chat','sendFirstMessageAutomatically');"
    page.goto(site.page(snippet(gateway_environment.url, channel, before=before)))
    window = opened(page)
    mine = window.locator("[data-selector=CUSTOMER_MESSAGE_BUBBLE]")
    echoed(window, "Visiteur de la boutique")
    expect(mine).to_have_count(0)
    # The next page finds a conversation that has begun: nothing is said again, and what was hidden stays so.
    page.reload()
    echoed(window, "Visiteur de la boutique")
    write(window, "Bonjour")
    echoed(window, "Bonjour")
    expect(mine).to_have_text(["Bonjour"])
    assert visitors_words(gateway_environment, channel) == ["Visiteur de la boutique", "Bonjour"]
    run(page, "'chat','hideFirstSentMessage',false")
    expect(mine).to_have_text(["Visiteur de la boutique", "Bonjour"])
    run(page, "'chat','hideFirstSentMessage'")
    expect(mine).to_have_text(["Bonjour"])

    # Words alone ask for nothing, and false takes the wish back.
    quiet = channel_of(gateway_environment)
    before = "cxone('chat','sendFirstMessageAutomatically','Non');cxone('chat','sendFirstMessageAutomatically',false);cxone('chat','setFirstAutomatedMessageContent','Rien');"
    page.goto(site.page(snippet(gateway_environment.url, quiet, before=before), path="/quiet"))
    write(opened(page), "Seul")
    echoed(chat(page), "Seul")
    assert visitors_words(gateway_environment, quiet) == ["Seul"]


def test_chats_of_one_page_do_not_disturb_each_other(
    page: Page, site: Site, gateway_environment: Environment
) -> None:
    form = {"id": "f", "name": "F", "channels": [], "customFields": []}
    first = channel_of(
        gateway_environment, widget={"appearance": "bubble", "position": "left"}, preContactForm=form
    )
    second = channel_of(gateway_environment, widget={"appearance": "bubble", "position": "right"})
    third = channel_of(gateway_environment)
    # Before any init: to the first chat; by name: to that one, whenever it comes.
    before = f"""window.heard=[];cxone('chat:{second}','setLocale','de');cxone('chat','setLocale','en');
    cxone('chat:{second}','setTranslation','replyBoxPlaceholder','Zweiter');
    cxone('chat:{second}','onPushUpdate',['MessageCreated'],e=>heard.push('second'));cxone('chat:nobody','setLocale','ar');"""
    after = f"""cxone('chat','setTranslation','replyBoxPlaceholder','First');cxone('chat','onAnyPushUpdate',e=>heard.push('first'));
    cxone('chat','init',{BRAND},'{second}');cxone('chat','setCustomCss','{HEADER}{{background:{BLUE}}}','look');
    cxone('chat:{first}','setCustomCss','{HEADER}{{background:{GREEN}}}','look');"""
    page.goto(site.page(snippet(gateway_environment.url, first, before=before, after=after)))
    expect(page.locator("iframe")).to_have_count(2)
    one, two = opened(page, 0), opened(page, 1)
    for window, language, words, color in ((one, "en", "First", GREEN), (two, "de", "Zweiter", BLUE)):
        expect(window.locator("html")).to_have_attribute("lang", re.compile(f"^{language}"))
        expect(window.get_by_placeholder(words)).to_be_visible()
        expect(window.locator(HEADER)).to_have_css("background-color", color)
    run(
        page,
        f"'chat:{first}','sendMessage','Nur im ersten'",
        f"'chat:{first}','setContactCustomField','only','first'",
    )
    echoed(one, "Nur im ersten")
    expect(two.locator("[data-selector=CUSTOMER_MESSAGE_BUBBLE]")).to_have_count(0)
    assert set(page.evaluate("heard")) == {"first"}
    assert visitors_words(gateway_environment, second) == []
    # Somebody else in one chat is nobody else in the other.
    ids = f"[cxone('chat:{first}','getCustomerIdentityId'),cxone('chat:{second}','getCustomerIdentityId')]"
    was = page.evaluate(ids)
    run(page, f"'chat:{second}','setCustomerId','somebody'")
    assert page.evaluate(ids) == [was[0], "somebody"]
    expect(one.locator("[data-selector=CUSTOMER_MESSAGE_BUBBLE]")).to_have_text(["Nur im ersten"])
    # init again makes a chat the one commands go to, and starts nothing twice; a third one comes late and is as new.
    run(page, f"'chat','init',{BRAND},'{first}'", "'chat','setTranslation','replyBoxPlaceholder','Again'")
    expect(one.get_by_placeholder("Again")).to_be_visible()
    expect(two.get_by_placeholder("Zweiter")).to_be_visible()
    run(page, f"'chat:{third}','setLocale','en'", f"'chat','init',{BRAND},'{third}'")
    expect(page.locator("iframe")).to_have_count(3)
    expect(chat(page, 2).locator("html")).to_have_attribute("lang", ENGLISH)
    expect(two.locator("html")).to_have_attribute("lang", re.compile("^de"))


def test_the_older_style_knows_the_same_commands_and_what_is_unknown_is_said_once(
    page: Page, site: Site, gateway_environment: Environment
) -> None:
    lines = console_of(page)
    channel = channel_of(gateway_environment)
    body = f"""<script>window.BrandEmbassy='brandembassy';window.brandembassy=function(){{(brandembassy.q=brandembassy.q||[]).push(arguments)}};
    brandembassy('setLocale','en');brandembassy('init',{BRAND},'{channel}');brandembassy('setCustomField','order','7');
    brandembassy('setTranslation','replyBoxPlaceholder','Tell us');brandembassy('setWindowWidth','420px');
    brandembassy('dance');brandembassy('dance',1);brandembassy('setlocale','de');brandembassy('allowGameMode');
    brandembassy('automatedSatisfactionSurveyModal',true);brandembassy('chat','hidePreSurvey');brandembassy('constructor');
    brandembassy('setContactCustomField');brandembassy('onAnyPushUpdate','not a function');brandembassy('setCustomerId','');
    brandembassy({{}});brandembassy();brandembassy('sendMessage','Anciennement');</script>
    <script async src="{gateway_environment.url}/loader/1/loader.js"></script>"""
    page.goto(site.page(body))
    window = opened(page)
    echoed(window, "Anciennement")
    expect(window.get_by_placeholder("Tell us")).to_be_visible()
    expect(window.get_by_role("dialog")).to_have_css("width", "420px")
    expect(window.locator("html")).to_have_attribute("lang", ENGLISH)
    assert contact_fields(gateway_environment, channel) == {"order": "7"}
    unknown = [line.partition("Unknown command ")[2] for line in lines if "Unknown command" in line]
    assert unknown == [
        "“dance”: it was ignored.",
        "“setlocale”: it was ignored. Did you mean “setLocale”?",
        "“chat”: it was ignored.",
        "“constructor”: it was ignored.",
        "“”: it was ignored.",
    ]
    assert len([line for line in lines if "has no effect" in line]) == 2
    assert len(lines) == len(unknown) + 2 + 3
    assert all(line.startswith("warning: ") for line in lines)


def test_the_channels_script_commands_its_own_chat_only(
    page: Page, site: Site, gateway_environment: Environment
) -> None:
    lines = console_of(page)
    script = f"""parent.cxone('chat','setTranslation','replyBoxPlaceholder','Par ici');brandembassy('setWindowWidth',410);
    parent.cxone('chat','setCustomCss','{HEADER}{{background:{GREEN}}}','script');window.pushed=[];
    parent.cxone('chat','onPushUpdate',['MessageCreated'],e=>pushed.push(e.eventType));
    cxone('chat','setCustomerId','somebody');cxone('chat','dance');cxone('guide','init');cxone('chat','setCustomField',document);
    parent.brandembassy('openChatWindow');"""
    other = channel_of(gateway_environment)
    channel = channel_of(gateway_environment, customJs=script)
    page.goto(
        site.page(snippet(gateway_environment.url, channel, after=f"cxone('chat','init',{BRAND},'{other}');"))
    )
    window = chat(page, 0)
    expect(window.get_by_placeholder("Par ici")).to_be_visible()
    expect(window.get_by_role("dialog")).to_have_css("width", "410px")
    expect(window.locator(HEADER)).to_have_css("background-color", GREEN)
    write(window, "Bonjour")
    echoed(window, "Bonjour")
    frame = page.locator("iframe").first.element_handle().content_frame()
    assert frame is not None
    frame.wait_for_function("window.pushed.includes('MessageCreated')")
    assert customer(gateway_environment, channel)[0] != "somebody"
    expect(opened(page, 1).get_by_placeholder("Par ici")).to_have_count(0)
    assert sorted(line.partition("[chat] ")[2] for line in lines) == [
        "This command's arguments cannot leave the chat window.",
        "Unknown command “dance”: it was ignored.",
        "Unknown command “guide” in the chat window: it was ignored.",
        "“setCustomerId” is a command of the page, not of the chat window: it was ignored.",
    ]


@pytest.mark.page_errors
def test_the_code_of_commands_is_fetched_by_pages_that_use_them_and_missed_by_none(
    page: Page, site: Site, gateway_environment: Environment
) -> None:
    channel = channel_of(gateway_environment)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(site.page(snippet(gateway_environment.url, channel)))
    opened(page)
    assert not [url for url in asked if "/commands-" in url]
    run(page, "'chat','setTranslation','replyBoxPlaceholder','Plus tard'")
    expect(chat(page).get_by_placeholder("Plus tard")).to_be_visible()
    assert len([url for url in asked if "/commands-" in url]) == 1
    types = page.request.get(f"{gateway_environment.url}/loader/1/cxone.d.ts")
    assert types.headers["content-type"] == "text/plain; charset=utf-8"
    assert types.text() == (ROOT / "widget" / "cxone.d.ts").read_text(encoding="utf-8")
    # Where that code does not arrive there is still a chat.
    lines = console_of(page)
    page.route(re.compile("/commands-"), lambda route: route.abort())
    without = channel_of(gateway_environment)
    after = "cxone('chat','setTranslation','replyBoxPlaceholder','Jamais');"
    page.goto(
        site.page(snippet(gateway_environment.url, without, before=after, after=after), path="/without")
    )
    expect(opened(page).locator("[data-selector=TEXTAREA]")).to_be_visible()
    expect(chat(page).get_by_placeholder("Jamais")).to_have_count(0)
    assert [line.partition(":")[0] for line in lines if "page's commands could not be loaded" in line] == [
        "error"
    ]
