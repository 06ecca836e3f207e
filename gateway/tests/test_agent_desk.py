"""The agent's side: keys, the list, answering, typing, closing."""

from __future__ import annotations

import time
import uuid
from dataclasses import replace
from typing import Any

import pytest

from gateway import practice
from gateway.tests.client import Agent, Visitor, agent_key
from gateway.tests.environment import CONSOLE, Channel, Environment
from publishing import snapshot


@pytest.fixture(scope="module")
def channel(live: Environment) -> Channel:
    return live.publish()


def test_a_key_opens_the_pane(live: Environment, channel: Channel) -> None:
    with Agent(live, channel) as agent:
        ready = agent.event("ready")
        assert ready == {
            "event": "ready",
            "name": "Zoé Tremblay",
            "channel": channel.name,
            "live": False,
            "release": 1,
        }


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"expires_at": time.time() - 1}, "expired"),
        ({"environment": "test"}, "wrong_environment"),
        ({"signing": snapshot.new_signing_key()}, "bad_signature"),
    ],
)
def test_a_key_that_is_not_for_here_is_told_and_closed(
    live: Environment, channel: Channel, changes: dict[str, Any], code: str
) -> None:
    with Agent(live, channel, key=agent_key(live, channel, **changes)) as agent:
        assert agent.closing() == (4401, code)
        assert agent.heard[0]["event"] == "error"
        assert agent.heard[0]["message"]


@pytest.mark.parametrize("key", ["", "x", "a.b.c", "é", "x" * 6000])
def test_a_made_up_key_is_told_and_closed(live: Environment, channel: Channel, key: str) -> None:
    with Agent(live, channel, key=key) as agent:
        assert agent.closing()[0] == 4401


def test_a_key_of_another_brand_or_of_no_channel_opens_nothing(live: Environment, channel: Channel) -> None:
    for other in (replace(channel, brand=2020), Channel()):
        with Agent(live, other) as agent:
            assert agent.closing() == (4404, "channel_not_found")


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost:3000"])
def test_a_page_of_somebody_else_cannot_use_the_key(live: Environment, channel: Channel, origin: str) -> None:
    with Agent(live, channel, origin=origin) as agent:
        assert agent.closing() == (4403, "origin_not_allowed")


def test_the_test_page_and_the_console_may_use_it(live: Environment, channel: Channel) -> None:
    for origin in (live.url, CONSOLE):
        with Agent(live, channel, origin=origin) as agent:
            agent.event("ready")


def test_an_agent_sees_its_own_channel_only(live: Environment, channel: Channel) -> None:
    other = live.publish()
    with Visitor(live, other) as visitor, Agent(live, channel) as agent:
        agent.event("ready")
        visitor.say("pas pour vous")
        agent.do("list")
        assert visitor.thread not in str(agent.event("conversations"))
        for name in ("open", "close", "more"):
            agent.do(name, conversation=visitor.thread, ref=name, scroll="m1")
            refusal = agent.event("error")
            assert (refusal["ref"], refusal["code"]) == (name, "not_possible")
        agent.do("send", conversation=visitor.thread, id="1", text="hacked")
        assert agent.event("error")["code"] == "not_possible"
        agent.do("typing", conversation=visitor.thread, on=True)
        assert agent.quiet() == []
        assert not [one for one in visitor.quiet() if one.get("eventType") != "CaseCreated"]


def test_a_conversation_from_the_list_to_its_end(live: Environment) -> None:
    channel = live.publish()
    with Visitor(live, channel, name="Ève") as visitor, Agent(live, channel) as agent:
        agent.event("ready")
        said = visitor.say("Bonjour ?")
        told = agent.event("message")
        assert (told["conversation"], told["customer"], told["status"]) == (visitor.thread, "Ève", "new")
        assert told["message"]["id"] == said["id"]
        agent.do("list")
        [row] = agent.event("conversations")["conversations"]
        assert (row["id"], row["customer"], row["status"], row["unread"]) == (visitor.thread, "Ève", "new", 1)
        assert row["text"] == "Bonjour ?"
        agent.do("open", conversation=visitor.thread)
        opened = agent.event("conversation")
        assert [one["id"] for one in opened["messages"]] == [said["id"]]
        assert opened["status"] == "open"
        assert visitor.pushed("CaseInboxAssigneeChanged")["inboxAssignee"]["firstName"] == "Zoé"
        agent.do("typing", conversation=visitor.thread, on=True)
        typing = visitor.pushed("SenderTypingStarted")
        assert (typing["direction"], typing["thread"]["idOnExternalPlatform"]) == ("outbound", visitor.thread)
        agent.do("typing", conversation=visitor.thread, on=False)
        visitor.pushed("SenderTypingEnded")
        agent.say(visitor.thread, text="Bonjour Ève !")
        answer = visitor.answered()
        assert answer["messageContent"]["payload"]["text"] == "Bonjour Ève !"
        assert (answer["direction"], answer["isMadeByUser"]) == ("outbound", True)
        assert answer["authorUser"]["nickname"] == "Zoé Tremblay"
        assert 0 < answer["authorUser"]["id"] < 2**31
        assert answer["authorUser"]["isBotUser"] is False
        assert answer["hasAdditionalMessageContent"] is False
        agent.do("close", conversation=visitor.thread, ref="c")
        assert agent.event("done")["ref"] == "c"
        assert visitor.pushed("CaseStatusChanged")["case"]["status"] == "closed"


def test_cards_replies_and_files_arrive(live: Environment, channel: Channel) -> None:
    card = practice.card(practice.FRENCH)["payload"]
    with Visitor(live, channel) as visitor, Agent(live, channel) as agent:
        visitor.say("x")
        agent.say(visitor.thread, card=card)
        content = visitor.answered()["messageContent"]
        assert (content["type"], content["payload"]) == ("ADAPTIVE_CARD", card)
        assert content["fallbackText"] == "Votre rendez-vous"
        agent.say(visitor.thread, replies={"text": "Lequel ?", "choices": ["Un", "Deux"]})
        content = visitor.answered()["messageContent"]
        assert content["type"] == "QUICK_REPLIES"
        assert content["payload"]["text"] == {"content": "Lequel ?"}
        assert [one["text"] for one in content["payload"]["actions"]] == ["Un", "Deux"]
        agent.say(visitor.thread, file={"url": "https://www.example.com/a.pdf", "name": "Contrat"})
        [file] = visitor.answered()["attachments"]
        assert (file["url"], file["friendlyName"]) == ("https://www.example.com/a.pdf", "Contrat")


def test_an_answer_sent_twice_is_one(live: Environment, channel: Channel) -> None:
    with Visitor(live, channel) as visitor, Agent(live, channel) as agent:
        visitor.say("x")
        for _ in range(2):
            agent.do("send", conversation=visitor.thread, id="same", text="une fois", ref="r")
            agent.event("done")
        visitor.answered()
        assert not [one for one in visitor.quiet() if one.get("eventType") == "MessageCreated"]


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"text": ""},
        {"text": 7},
        {"text": "a\x00"},
        {"text": "\ud800"},
        {"text": "x" * 10_001},
        {"card": {}},
        {"card": "x"},
        {"card": {"type": "AdaptiveCard", "body": [{"text": "a\x00"}]}},
        {"card": {"type": "AdaptiveCard", "body": [{"text": "\ud800"}]}},
        {"replies": {"text": "x", "choices": []}},
        {"replies": {"text": "x", "choices": ["a"] * 21}},
        {"replies": {"text": "x", "choices": [7]}},
        {"replies": {"choices": ["a"]}},
        {"file": {"url": "javascript:alert(1)"}},
        {"file": {"url": "https://"}},
        {"file": {"url": "http://[x"}},
        {"file": {}},
    ],
)
def test_an_answer_that_is_none_is_refused(
    live: Environment, channel: Channel, content: dict[str, Any]
) -> None:
    with Visitor(live, channel) as visitor, Agent(live, channel) as agent:
        visitor.say("x")
        agent.do("send", conversation=visitor.thread, id="1", ref="r", **content)
        refusal = agent.event("error")
        assert (refusal["ref"], refusal["code"]) == ("r", "malformed")
        assert refusal["message"]


@pytest.mark.parametrize(
    "frame",
    [
        "{",
        "[]",
        "7",
        '{"do":"dance"}',
        '{"do":["list"]}',
        b"\x00",
        '{"do":"open"}',
        "x" * 200_000,
        '{"do":"send","x":NaN}',
    ],
)
def test_a_command_that_is_none_gets_an_error_and_the_pane_lives(
    live: Environment, channel: Channel, frame: str | bytes
) -> None:
    with Agent(live, channel) as agent:
        agent.event("ready")
        agent.send(frame)
        assert agent.event("error")["code"] == "malformed"
        agent.do("heartbeat")
        agent.event("heartbeat")


def test_earlier_messages_come_in_pages(live: Environment, channel: Channel) -> None:
    with Visitor(live, channel) as visitor, Agent(live, channel) as agent:
        said = [visitor.say(str(number))["id"] for number in range(45)]
        agent.do("open", conversation=visitor.thread)
        opened = agent.event("conversation")
        agent.do("more", conversation=visitor.thread, scroll=opened["scroll"])
        more = agent.event("more")
        assert [one["id"] for one in opened["messages"] + more["messages"]] == said[::-1]
        assert more["scroll"] == ""


def test_an_answer_after_the_end_goes_on_in_messaging_and_not_in_live_chat(
    live: Environment, channel: Channel
) -> None:
    for target, possible in ((channel, True), (live.publish(kind="live"), False)):
        with Visitor(live, target) as visitor, Agent(live, target) as agent:
            visitor.say("x")
            visitor.ask("EndContact", {"thread": {"idOnExternalPlatform": visitor.thread}})
            agent.do("send", conversation=visitor.thread, id=str(uuid.uuid4()), ref="r", text="encore ?")
            if possible:
                agent.event("done")
                visitor.pushed("CaseStatusChanged")
                assert visitor.answered()["messageContent"]["payload"]["text"] == "encore ?"
            else:
                assert agent.event("error")["code"] == "not_possible"


def test_a_removed_channel_closes_the_pane_at_its_next_command(live: Environment) -> None:
    channel = live.publish()
    with Agent(live, channel) as agent:
        agent.event("ready")
        live.push(replace(channel, release=2), removed=True)
        agent.do("list")
        assert agent.closing() == (4404, "channel_not_found")
