"""The agent desk's socket: several agents and channels of a brand, who has what, files, notes, and keys that end."""

from __future__ import annotations

import base64
import json
import time
import uuid
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any

import httpx
import pytest
from redis import Redis

from file_restrictions import rules as file_rules
from gateway.tests.client import Client, Json, Visitor
from gateway.tests.environment import CONSOLE, HTTP, SIGNING, Channel, Environment
from gateway.tests.test_attachments import picture
from publishing import snapshot


def key_of(
    target: Environment,
    brand: int,
    agent: str,
    name: str,
    channels: list[str] | None = None,
    lasts: float = 300,
    **changes: Any,
) -> str:
    fields: dict[str, Any] = {
        "environment": target.name,
        "brand": brand,
        "channels": channels,
        "agent": agent,
        "name": name,
        "expires_at": time.time() + lasts,
        **changes,
    }
    return snapshot.desk_key(fields.pop("signing", SIGNING), **fields)


class Desk(Client):
    """An agent at the desk."""

    def __init__(
        self,
        environment: Environment,
        brand: int,
        agent: str,
        name: str,
        *,
        key: str | None = None,
        origin: str | None = CONSOLE,
        available: bool = True,
        **options: Any,
    ) -> None:
        self.environment = environment
        self.agent = agent
        self.key = key_of(environment, brand, agent, name, **options) if key is None else key
        super().__init__(environment.url.replace("http", "ws") + "/agent", origin=origin)
        self.send({"do": "hello", "key": self.key, "available": available})

    def event(self, name: str, **options: Any) -> Json:
        return self.until(lambda one: one.get("event") == name, **options)

    def about(self, visitor: Visitor, name: str, **command: Any) -> Json:
        """Do something with the visitor's conversation; what it is answered: done, or an error."""
        ref = str(uuid.uuid4())
        place = {"channel": visitor.channel.id, "conversation": visitor.thread}
        self.send({"do": name, "ref": ref, **place, **command})
        return self.until(lambda one: one.get("ref") == ref)

    def opened(self, visitor: Visitor) -> Json:
        self.send({"do": "open", "channel": visitor.channel.id, "conversation": visitor.thread})
        return self.until(
            lambda one: one.get("event") == "conversation" and one["conversation"] == visitor.thread
        )

    def listed(self, view: str, **filters: Any) -> Json:
        self.send({"do": "list", "view": view, **filters})
        return self.until(lambda one: one.get("event") == "conversations" and one["view"] == view)

    def ids(self, view: str, **filters: Any) -> list[str]:
        return [row["id"] for row in self.listed(view, **filters)["conversations"]]

    def there(self, *names: str) -> Json:
        """Wait until exactly these agents are at the desk."""
        return self.until(
            lambda one: (
                one.get("event") == "agents" and sorted(a["name"] for a in one["agents"]) == sorted(names)
            )
        )


PNG = picture()
_brands = iter(range(7001, 8000))


@pytest.fixture
def shop(live: Environment) -> Channel:
    """A channel of a brand of its own, so that no other test's conversations and agents are there."""
    return live.publish(brand=next(_brands))


@pytest.fixture
def visitor(live: Environment, shop: Channel) -> Iterator[Visitor]:
    with Visitor(live, shop, name="Ève") as opened:
        yield opened


@pytest.fixture
def alice(live: Environment, shop: Channel) -> Iterator[Desk]:
    with Desk(live, shop.brand, "1", "Alice") as opened:
        yield opened


@pytest.fixture
def bob(live: Environment, shop: Channel) -> Iterator[Desk]:
    with Desk(live, shop.brand, "2", "Bob") as opened:
        yield opened


def test_a_conversation_waits_is_taken_answered_handed_on_and_closed(
    live: Environment, shop: Channel, visitor: Visitor, alice: Desk, bob: Desk
) -> None:
    assert alice.event("ready")["channels"] == [{"id": shop.id, "name": shop.name, "live": False}]
    alice.there("Alice", "Bob")
    said = visitor.say("Bonjour ?")
    assert alice.event("message")["channel"] == shop.id
    [row] = alice.listed("waiting")["conversations"]
    assert (row["id"], row["customer"], row["holder"], row["unread"]) == (visitor.thread, "Ève", "", 1)
    # Looking at it changes nothing, and the visitor is not told that it was read.
    assert alice.opened(visitor)["holder"] == ""
    assert bob.about(visitor, "take", **{"from": ""})["event"] == "done"
    assert visitor.pushed("CaseInboxAssigneeChanged")["inboxAssignee"]["nickname"] == "Bob"
    told = alice.until(lambda one: one.get("event") == "status")
    assert (told["holder"], told["assignee"], told["status"]) == ("2", "Bob", "open")
    bob.send({"do": "seen", "channel": shop.id, "conversation": visitor.thread})
    assert visitor.pushed("MessageReadChanged")["message"]["id"] == said["id"]
    assert bob.about(visitor, "send", id="a1", text="Bonjour Ève")["event"] == "done"
    assert visitor.answered()["authorUser"]["nickname"] == "Bob"

    assert bob.about(visitor, "transfer", to="1", note="Elle parle anglais.")["event"] == "done"
    handed = visitor.pushed("CaseInboxAssigneeChanged")
    assert handed["inboxAssignee"]["nickname"] == "Alice"
    assert handed["previousInboxAssignee"]["nickname"] == "Bob"
    note = alice.until(lambda one: one.get("event") == "note" and one["note"]["kind"] == "transferred")[
        "note"
    ]
    assert (note["author"], note["target"], note["text"]) == ("Bob", "Alice", "Elle parle anglais.")
    assert alice.ids("mine") == [visitor.thread]
    assert bob.ids("mine") == []

    assert alice.about(visitor, "close")["event"] == "done"
    assert visitor.pushed("CaseStatusChanged")["case"]["status"] == "closed"
    assert alice.ids("all") == []
    assert alice.ids("closed") == [visitor.thread]
    opened = bob.opened(visitor)
    assert [one["kind"] for one in opened["notes"]] == ["taken", "transferred", "closed"]
    assert (opened["person"]["name"], opened["person"]["conversations"]) == ("Ève", 1)


def test_of_two_who_take_the_same_conversation_one_wins_and_the_other_is_told(
    visitor: Visitor, alice: Desk, bob: Desk
) -> None:
    visitor.say("moi !")
    for desk in (alice, bob):
        place = {"channel": visitor.channel.id, "conversation": visitor.thread}
        desk.send({"do": "take", "from": "", "ref": "race", **place})
    answers = [one.until(lambda frame: frame.get("ref") == "race") for one in (alice, bob)]
    assert sorted(one["event"] for one in answers) == ["done", "error"]
    [refused] = [one for one in answers if one["event"] == "error"]
    winner = alice if answers[0]["event"] == "done" else bob
    assert refused["code"] == "taken"
    assert refused["by"] == ("Alice" if winner is alice else "Bob")
    assert winner.ids("mine") == [visitor.thread]


def test_the_first_answer_takes_and_nobody_writes_into_a_colleague_s_conversation(
    visitor: Visitor, alice: Desk, bob: Desk
) -> None:
    visitor.say("x")
    assert alice.about(visitor, "send", id="1", text="à moi")["event"] == "done"
    for name, more in (
        ("send", {"id": "2", "text": "et moi ?"}),
        ("close", {}),
        ("transfer", {"to": ""}),
        ("take", {"from": ""}),
    ):
        refused = bob.about(visitor, name, **more)
        assert (refused["event"], refused["code"], refused["by"]) == ("error", "taken", "Alice")
    # Taking over is said on purpose: by naming who has it.
    assert bob.about(visitor, "take", **{"from": "1"})["event"] == "done"
    assert bob.about(visitor, "send", id="3", text="bonjour")["event"] == "done"
    assert visitor.answered()["messageContent"]["payload"]["text"] == "à moi"


def test_what_is_put_back_waits_again_with_its_note(visitor: Visitor, alice: Desk, bob: Desk) -> None:
    visitor.say("x")
    alice.about(visitor, "take", **{"from": ""})
    assert alice.about(visitor, "transfer", to="", note="trop difficile")["event"] == "done"
    visitor.pushed("CaseInboxAssigneeChanged")
    assert visitor.pushed("CaseInboxAssigneeChanged")["inboxAssignee"] is None
    listed = bob.listed("waiting")
    assert [row["id"] for row in listed["conversations"]] == [visitor.thread]
    assert listed["counts"] == {"mine": 0, "waiting": 1, "all": 1, "unread": 0}
    assert bob.opened(visitor)["notes"][-1]["text"] == "trop difficile"
    assert bob.about(visitor, "transfer", to="99")["code"] == "not_there"


def test_a_note_is_for_agents_and_sent_twice_is_one(visitor: Visitor, alice: Desk, bob: Desk) -> None:
    visitor.say("x")
    visitor.quiet()
    for _ in range(2):
        assert alice.about(visitor, "note", id="n1", text="client fâché")["event"] == "done"
    assert bob.event("note")["note"]["text"] == "client fâché"
    assert [one["text"] for one in bob.opened(visitor)["notes"]] == ["client fâché"]
    assert "fâché" not in json.dumps(visitor.quiet(), ensure_ascii=False)
    assert alice.about(visitor, "note", id="n2", text=" ")["code"] == "malformed"


def test_an_answer_sent_again_after_a_broken_line_is_one(
    live: Environment, shop: Channel, visitor: Visitor, alice: Desk
) -> None:
    visitor.say("x")
    alice.about(visitor, "send", id="same", text="une fois")
    alice.close()
    with Desk(live, shop.brand, "1", "Alice") as again:
        assert again.about(visitor, "send", id="same", text="une fois")["event"] == "done"
        texts = [one["messageContent"]["payload"]["text"] for one in again.opened(visitor)["messages"]]
        assert texts == ["une fois", "x"]


def test_lists_are_found_filtered_and_counted(live: Environment, shop: Channel, alice: Desk) -> None:
    other = live.publish(brand=shop.brand, name="Autre canal")
    alice.until(lambda one: one.get("event") == "channels" and len(one["channels"]) == 2)
    with Visitor(live, shop, name="Ève") as eve, Visitor(live, other, name="Marc 100%") as marc:
        eve.say("ma commande est en retard")
        marc.say("bonjour")
        assert alice.ids("waiting") == [eve.thread, marc.thread]
        assert alice.ids("all") == [marc.thread, eve.thread]
        assert alice.ids("all", only=other.id) == [marc.thread]
        for search, found in (
            ("retard", [eve.thread]),
            ("marc", [marc.thread]),
            ("0%", [marc.thread]),
            ("zzz", []),
        ):
            assert alice.ids("all", search=search) == found
        # Page by page, each from where the last one ended, whatever the order.
        for view, order in (("all", [marc.thread, eve.thread]), ("waiting", [eve.thread, marc.thread])):
            page = alice.listed(view, limit=1)
            assert [one["id"] for one in page["conversations"]] == order[:1]
            assert page["more"] is True
            rest = alice.listed(view, limit=1, after=page["conversations"][0]["place"])
            assert [one["id"] for one in rest["conversations"]] == order[1:]
            assert (rest["more"], rest["after"]) == (False, page["conversations"][0]["place"])
            assert alice.ids(view, after=rest["conversations"][0]["place"]) == []
        # It hears of both channels, the one that came later included.
        marc.say("encore")
        assert alice.until(
            lambda one: (
                one.get("event") == "message"
                and one["channel"] == other.id
                and one["conversation"] == marc.thread
            )
        )
        alice.send({"do": "list", "view": "mine' OR true"})
        assert alice.event("error")["code"] == "malformed"


def test_another_brand_s_agent_sees_and_does_nothing(
    live: Environment, visitor: Visitor, alice: Desk
) -> None:
    visitor.say("pas pour vous")
    with Desk(live, next(_brands), "3", "Eve") as eve:
        assert eve.event("ready")["channels"] == []
        assert eve.there("Eve")
        assert eve.listed("all")["conversations"] == []
        for name in ("open", "take", "close", "send", "note", "transfer", "seen", "more", "typing"):
            assert eve.about(visitor, name, id="1", text="x", to="")["code"] == "channel_not_found"
        visitor.say("toujours pas")
        assert eve.quiet() == []
    alice.there("Alice")


def test_a_key_of_some_channels_opens_no_other_of_its_brand(live: Environment, shop: Channel) -> None:
    other = live.publish(brand=shop.brand)
    with Visitor(live, other) as visitor, Desk(live, shop.brand, "4", "Dan", channels=[shop.id]) as dan:
        visitor.say("x")
        assert [one["id"] for one in dan.event("ready")["channels"]] == [shop.id]
        assert dan.about(visitor, "open")["code"] == "wrong_channel"
        assert dan.listed("all")["conversations"] == []
        assert [one for one in dan.quiet() if one.get("event") not in {"agents"}] == []
        # A colleague for this channel is not to be had either.
        with Desk(live, shop.brand, "1", "Alice") as alice:
            assert alice.about(visitor, "transfer", to="4")["code"] == "not_there"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"lasts": -1}, "expired"),
        ({"environment": "test"}, "wrong_environment"),
        ({"signing": snapshot.new_signing_key()}, "bad_signature"),
    ],
)
def test_a_key_that_is_not_for_here_is_told_and_closed(
    live: Environment, shop: Channel, changes: dict[str, Any], code: str
) -> None:
    with Desk(live, shop.brand, "1", "Alice", key=key_of(live, shop.brand, "1", "Alice", **changes)) as desk:
        assert desk.closing() == (4401, code)


def test_keys_of_desk_and_test_page_do_not_stand_for_each_other(live: Environment, shop: Channel) -> None:
    page = snapshot.agent_key(
        SIGNING,
        environment="live",
        brand=shop.brand,
        channel=shop.id,
        name="Alice",
        expires_at=time.time() + 60,
    )
    with Desk(live, shop.brand, "1", "Alice", key=page) as desk:
        assert desk.closing() == (4401, "malformed")
    of_desk = key_of(live, shop.brand, "1", "Alice", channels=[shop.id])
    with Client(f"{live.url.replace('http', 'ws')}/agent?key={of_desk}", origin=None) as pane:
        assert pane.closing() == (4401, "wrong_channel")
    answer = HTTP.get(f"{live.url}/test/{shop.brand}/{shop.id}?key={of_desk}")
    assert answer.status_code == 403


def test_a_page_of_somebody_else_cannot_use_the_key(live: Environment, shop: Channel) -> None:
    with Desk(live, shop.brand, "1", "Alice", origin="https://evil.example") as desk:
        assert desk.closing() == (4403, "origin_not_allowed")


@pytest.mark.parametrize(
    "frame", ["{", "[]", '{"do":"list","view":"all"}', '{"do":"hello"}', '{"do":"hello","key":7}']
)
def test_the_first_frame_is_a_hello_with_a_key(live: Environment, frame: str) -> None:
    with Client(live.url.replace("http", "ws") + "/agent", origin=CONSOLE) as desk:
        desk.send(frame)
        assert desk.closing() == (4401, "malformed")


def test_a_renewed_key_goes_on_and_an_ended_one_hears_nothing_more(
    live: Environment, shop: Channel, visitor: Visitor
) -> None:
    with (
        Desk(live, shop.brand, "1", "Alice", lasts=2) as renewed,
        Desk(live, shop.brand, "2", "Bob", lasts=2) as ended,
    ):
        renewed.event("ready")
        until = ended.event("ready")["until"]
        renewed.send({"do": "renew", "key": key_of(live, shop.brand, "2", "Bob")})
        assert renewed.event("error")["code"] == "other_agent"
        renewed.send({"do": "renew", "key": key_of(live, shop.brand, "1", "Alice")})
        assert renewed.event("renewed")["until"] > until
        while time.time() <= until:
            time.sleep(0.05)
        visitor.say("après la fin")
        assert ended.closing() == (4401, "expired")
        assert "après" not in json.dumps(ended.heard, ensure_ascii=False)
        assert renewed.event("message")["message"]["messageContent"]["payload"]["text"] == "après la fin"


def test_what_an_agent_who_is_gone_left_alone_waits_again_for_everybody(
    live: Environment, shop: Channel, alice: Desk, bob: Desk
) -> None:
    chat = live.publish(brand=shop.brand, kind="live")
    redis = Redis.from_url(live.redis)
    with (
        closing(redis),
        Visitor(live, chat, name="Ève") as eve,
        Visitor(live, shop) as answered,
        Visitor(live, shop) as asking,
    ):
        for visitor in (eve, answered, asking):
            visitor.say("Bonjour")
            assert bob.about(visitor, "send", id=f"a{visitor.thread}", text="Un instant")["event"] == "done"
        asking.say("Encore une question")
        # The channel that came is a sign of life of his desk; none follows it.
        bob.until(lambda one: one.get("event") == "channels" and len(one["channels"]) == 2)
        # Bob's laptop is closed: nothing is heard of him, and nothing said either.
        redis.zadd(f"gateway:live:last-there:{shop.brand}", {"2": time.time() - 3600})
        left = [
            alice.until(lambda one: one.get("event") == "note" and one["note"]["kind"] == "left")
            for _ in range(2)
        ]
        assert {one["conversation"] for one in left} == {eve.thread, asking.thread}
        assert {one["note"]["author"] for one in left} == {"Bob"}
        for visitor in (eve, asking):
            assert visitor.pushed("CaseInboxAssigneeChanged")["inboxAssignee"]["nickname"] == "Bob"
            back = visitor.pushed("CaseInboxAssigneeChanged")
            assert (back["inboxAssignee"], back["previousInboxAssignee"]["nickname"]) == (None, "Bob")
        # In the queue of those who wait live she is told her place; what was answered already stays with Bob.
        assert eve.pushed("SetPositionInQueue")["positionInQueue"] == 1
        assert alice.ids("waiting") == [eve.thread, asking.thread]
        assert bob.ids("mine") == [answered.thread]
        assert alice.about(eve, "take", **{"from": ""})["event"] == "done"
        # A sign of life, and he counts as there.
        bob.send({"do": "heartbeat"})
        bob.event("heartbeat")
        assert (redis.zscore(f"gateway:live:last-there:{shop.brand}", "2") or 0) > time.time() - 60


def test_who_is_there_and_who_is_away_is_seen_by_colleagues(
    live: Environment, shop: Channel, alice: Desk
) -> None:
    alice.there("Alice")
    with Desk(live, shop.brand, "2", "Bob", available=False):
        told = alice.there("Alice", "Bob")
        assert {one["name"]: one["available"] for one in told["agents"]} == {"Alice": True, "Bob": False}
    alice.there("Alice")
    alice.send({"do": "status", "available": False, "ref": "away"})
    assert alice.until(lambda one: one.get("event") == "agents" and not one["agents"][0]["available"])
    assert alice.event("done")["ref"] == "away"


def test_a_typing_visitor_and_what_they_have_typed_are_seen_with_their_channel(
    live: Environment, shop: Channel, visitor: Visitor, alice: Desk
) -> None:
    visitor.say("x")
    visitor.ask("SenderTypingStarted", {"thread": {"idOnExternalPlatform": visitor.thread}})
    typing = alice.event("typing")
    assert (typing["channel"], typing["conversation"], typing["on"]) == (shop.id, visitor.thread, True)
    alice.about(visitor, "take", **{"from": ""})
    alice.send({"do": "typing", "channel": shop.id, "conversation": visitor.thread, "on": True})
    assert visitor.pushed("SenderTypingStarted")["user"]["nickname"] == "Alice"


def send_file(
    environment: Environment,
    channel: Channel,
    key: str,
    content: bytes = PNG,
    name: str = "a.png",
    **headers: str,
) -> httpx.Response:
    return HTTP.post(
        f"{environment.url}/agent/1.0/brand/{channel.brand}/channel/{channel.id}/attachment",
        json={"content": base64.b64encode(content).decode(), "fileName": name, "mimeType": "image/png"},
        headers={"Authorization": f"Bearer {key}", "Origin": CONSOLE, **headers},
    )


@pytest.fixture
def with_files(live: Environment) -> Channel:
    channel = Channel(brand=next(_brands))
    made = file_rules.default_section()
    channel.private = {**channel.private, "file_restrictions": made}
    channel.document = {"settings": {"fileRestrictions": file_rules.served(made)}}
    assert live.push(channel).status_code == 200
    return channel


def test_an_agent_s_file_reaches_the_visitor_and_nobody_else(live: Environment, with_files: Channel) -> None:
    with Visitor(live, with_files) as visitor, Desk(live, with_files.brand, "1", "Alice") as alice:
        visitor.say("x")
        answer = send_file(live, with_files, alice.key)
        assert answer.headers["Access-Control-Allow-Origin"] == CONSOLE
        url = answer.json()["fileUrl"]
        # Before it is sent it opens to nobody.
        assert HTTP.get(url).status_code == 404
        assert alice.about(visitor, "send", id="f1", uploads=[url])["event"] == "done"
        message = visitor.answered()
        [file] = message["attachments"]
        assert HTTP.get(file["url"]).content == PNG
        [shown] = alice.opened(visitor)["messages"][0]["attachments"]
        assert HTTP.get(shown["previewUrl"]).headers["Content-Type"] == "image/webp"
        # Somebody else's conversation cannot have it, nor an address that is none of ours.
        with Visitor(live, with_files) as other:
            other.say("y")
            assert alice.about(other, "send", id="f2", uploads=[url])["code"] == "not_possible"
            assert (
                alice.about(other, "send", id="f3", uploads=["https://example.com/x"])["code"] == "malformed"
            )


def test_an_upload_needs_a_desk_key_for_that_very_channel(
    live: Environment, with_files: Channel, shop: Channel
) -> None:
    key = key_of(live, with_files.brand, "1", "Alice")
    assert "fileUrl" in send_file(live, with_files, key).json()
    for wrong in (
        "x",
        key_of(live, shop.brand, "1", "Alice"),
        key_of(live, with_files.brand, "1", "A", lasts=-1),
    ):
        assert send_file(live, with_files, wrong).status_code == 401
    assert send_file(live, with_files, key, Origin="https://evil.example").status_code == 401
    assert send_file(live, replace(with_files, id=Channel().id), key).status_code == 404
    refused = send_file(live, with_files, key, b"MZ\x90\x00" + b"\x00" * 100, "a.png")
    assert refused.status_code == 200
    assert refused.headers["X-Refusal"]
    assert "fileUrl" not in refused.json()


def test_the_page_and_language_of_a_visitor_are_shown_without_the_query(
    live: Environment, shop: Channel, alice: Desk
) -> None:
    with Visitor(live, shop) as visitor:
        data = visitor.message("x")
        answer = visitor.ask("SendMessage", data, visit={"page": "https://shop.example/a?token=secret#x"})
        assert answer["status"] == "success"
        opened = alice.opened(visitor)
        assert (opened["page"], opened["locale"]) == ("https://shop.example/a", "fr")
    with Visitor(live, shop) as visitor:
        visitor.ask("SendMessage", visitor.message("x"), visit={"page": "javascript:alert(1)"})
        assert alice.opened(visitor)["page"] == "http://localhost:3000"


def test_agents_of_two_processes_are_at_one_desk(env: Environment, second: Environment) -> None:
    channel = env.publish(brand=next(_brands))
    with (
        Desk(env, channel.brand, "1", "Alice") as alice,
        Desk(second, channel.brand, "2", "Bob") as bob,
        Visitor(env, channel) as visitor,
    ):
        alice.there("Alice", "Bob")
        bob.event("ready")
        visitor.say("bonjour")
        bob.event("message")
        assert bob.about(visitor, "take", **{"from": ""})["event"] == "done"
        told = alice.until(lambda one: one.get("event") == "status" and one["holder"] == "2")
        assert told["assignee"] == "Bob"
