"""Hours, queue, offline messages, transcripts and the end after a long silence, as clients of the contract meet them."""

from __future__ import annotations

import copy
import json
import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from gateway import hours, transcripts
from gateway import published as serving
from gateway.tests.client import Agent, Visitor
from gateway.tests.environment import HTTP, SIGNING, Channel, Environment, until
from live_chat import rules
from publishing import snapshot
from translations import catalogue

Json = dict[str, Any]


def thread(name: str) -> Json:
    return {"thread": {"idOnExternalPlatform": name}}


def section(**pieces: Any) -> Json:
    """The defaults with other pieces; a mapping is laid over what stands there."""
    made = rules.default_section("America/Toronto")
    for name, value in pieces.items():
        made[name] = {**made[name], **value} if isinstance(value, dict) else value
    assert [one for one in rules.problems(made) if not one.note] == []
    return made


def with_rules(one: Json, **changes: Any) -> Json:
    """What a channel of this section is published with."""
    private = Channel().private
    document: Json = {"settings": {"liveChatAllowTranscript": one["transcript"]["allowed"]}}
    document["settings"]["enablePersistentMenu"] = one["behaviour"]["persistent_menu"]
    return {"kind": "live", "private": {**private, "live_chat": one}, "document": document, **changes}


NEVER: Json = {"hours": {"weekly": {day: [] for day in rules.default_section()["hours"]["weekly"]}}}


# -- hours and availability -------------------------------------------------------------------------------------------


def test_a_channel_is_online_by_its_hours_in_its_json_and_at_the_endpoint(live: Environment) -> None:
    closed = live.publish(**with_rules(section(availability="hours", **NEVER)))
    before = live.channel_json(closed)
    assert before.json()["availability"] == {"status": "offline"}
    assert live.get(f"{closed.path}/availability").json() == {"status": "offline"}
    closed.release, closed.private = 2, with_rules(section(availability="hours"))["private"]
    assert live.push(closed).status_code == 200
    after = live.channel_json(closed, **{"If-None-Match": before.headers["ETag"]})
    assert after.json()["availability"] == {"status": "online"}
    always = live.publish(**with_rules(section(availability="always", **NEVER)))
    assert live.channel_json(always).json()["availability"] == {"status": "online"}
    # A release of before there were hours, and one that cannot be read: nobody is shut out for that.
    for private in (Channel().private, {**Channel().private, "live_chat": {"format": 99}}):
        older = live.publish(private=private, kind="live")
        assert live.channel_json(older).json()["availability"] == {"status": "online"}


def test_an_agent_who_comes_and_leaves_switches_the_channel_without_a_push(live: Environment) -> None:
    channel = live.publish(**with_rules(section(availability="agents")))
    french = {"path": f"{channel.path}?locale=fr"}

    def status(etag: str = "") -> tuple[int, str, str]:
        answer = live.get(french["path"], **({"If-None-Match": etag} if etag else {}))
        said = answer.json()["availability"]["status"] if answer.status_code == 200 else ""
        return answer.status_code, said, answer.headers["ETag"]

    code, said, first = status()
    assert (code, said) == (200, "offline")
    assert status(first)[0] == 304
    with Agent(live, channel):
        until(lambda: status(first)[:2] == (200, "online"), 20)
        _, _, second = status()
        assert second != first
        assert status(second)[0] == 304
        assert live.get(f"{channel.path}/availability").json() == {"status": "online"}
        with Visitor(live, channel) as visitor:
            visitor.say("Bonjour")
            assert visitor.pushed("SetPositionInQueue")["isAnyAgentOnlineForQueue"] is True
    # Nobody is gone who only reloads the page; after a while they are.
    until(lambda: status()[1] == "offline", 30)
    assert status(second)[:2] == (200, "offline")


def test_the_practice_agent_of_the_test_environment_is_always_at_the_desk(env: Environment) -> None:
    assert (
        env.channel_json(env.publish(**with_rules(section(availability="agents")))).json()["availability"][
            "status"
        ]
        == "online"
    )


async def test_a_switch_in_memory_changes_the_bytes_of_every_language_and_keeps_the_rest() -> None:
    channel = serving.Channel(
        snapshot.Snapshot(
            environment="test",
            brand=1009,
            organisation="x",
            channel=f"chat_{uuid.uuid4()}",
            name="x",
            kind="live",
            release=1,
            digest="0" * 64,
            issued_at=snapshot.now_text(),
            document={},
            private={"live_chat": section(availability="hours", **NEVER)},
        )
    )
    assert channel.availability == "offline"
    before = {locale: channel.page(locale) for locale in ("", "fr_CA", "de")}
    await channel.turn("online")
    for locale, page in before.items():
        now = channel.page(locale)
        assert now.etags.isdisjoint(page.etags)
        was, is_now = json.loads(page.identity.content), json.loads(now.identity.content)
        assert (was.pop("availability"), is_now.pop("availability")) == (
            {"status": "offline"},
            {"status": "online"},
        )
        assert was == is_now
    assert sorted(channel.pages) == sorted({channel.default_locale, "fr_CA", "de"})
    # The clock sees that the hours say otherwise, and puts it right.
    assert await hours.adjust(channel) is False
    assert channel.availability == "offline"


def test_the_clock_looks_right_after_each_full_minute() -> None:
    assert hours.until_next(120.0) == hours.EVERY
    assert 0 < hours.until_next(179.5) < 0.6
    assert (179.5 + hours.until_next(179.5)) % 60 < 0.1


# -- the menu ---------------------------------------------------------------------------------------------------------


def test_the_persistent_menu_comes_in_the_visitor_s_language_and_only_when_it_is_on(env: Environment) -> None:
    item = {"label": "Track my order", "postback": "order"}
    behaviour = {"persistent_menu": True}
    languages = {
        "format": 1,
        "default_locale": None,
        "variants": [
            {
                "locale": "fr",
                "name": "Français",
                "fallback": None,
                "phrases": {rules.label_key(item): "Suivre ma commande"},
            }
        ],
    }
    given = with_rules(section(behaviour=behaviour, menu=[item]))
    given["private"]["translations"] = languages
    channel = env.publish(**given)
    path = f"{channel.path}/persistent-menu-items"
    assert env.get(path).json() == [
        {"id": rules.item_id(item), "label": "Track my order", "postback": "order"}
    ]
    assert env.get(f"{path}?locale=fr_CA").json()[0]["label"] == "Suivre ma commande"
    off = env.publish(**with_rules(section(menu=[item])))
    assert env.get(f"{off.path}/persistent-menu-items").json() == []


# -- the queue --------------------------------------------------------------------------------------------------------


def test_everybody_who_waits_is_told_their_place_again_when_it_changes(
    env: Environment, live: Environment
) -> None:
    channel = live.publish(kind="live")
    visitors = [Visitor(live, channel) for _ in range(5)]
    try:
        for place, one in enumerate(visitors, start=1):
            one.say("Bonjour")
            assert one.pushed("SetPositionInQueue")["positionInQueue"] == place
        visitors[1].ask("EndContact", thread(visitors[1].thread))
        for place, one in ((2, visitors[2]), (3, visitors[3]), (4, visitors[4])):
            told = one.pushed("SetPositionInQueue")
            assert (told["positionInQueue"], told["isAnyAgentOnlineForQueue"]) == (place, False)
        # The first one's place is what it was, so there is nothing to tell.
        assert not [one for one in visitors[0].quiet() if one.get("eventType") == "SetPositionInQueue"]
        with Agent(live, channel):
            # An agent has come: that is news to everybody.
            told = visitors[0].pushed("SetPositionInQueue", seconds=30)
            assert (told["positionInQueue"], told["isAnyAgentOnlineForQueue"]) == (1, True)
    finally:
        for one in visitors:
            one.close()


def test_a_thousand_who_wait_cost_one_look_and_frames_for_those_who_are_here(live: Environment) -> None:
    channel = live.publish(kind="live")
    live.execute(
        """
        WITH k AS (
            INSERT INTO gateway_customer (channel, external_id)
            SELECT %s, 'c' || n FROM generate_series(1, 1000) n RETURNING id, external_id
        ), t AS (
            INSERT INTO gateway_thread (channel, external_id, customer_id)
            SELECT %s, 'many-' || external_id, id FROM k RETURNING id
        )
        INSERT INTO gateway_contact (thread_id, channel) SELECT id, %s FROM t
        """,
        channel.id,
        channel.id,
        channel.id,
    )
    with Visitor(live, channel) as last:
        last.say("Bonjour")
        assert last.pushed("SetPositionInQueue")["positionInQueue"] == 1001
        live.execute(
            "UPDATE gateway_contact SET status = 'closed' WHERE channel = %s AND id IN"
            " (SELECT id FROM gateway_contact WHERE channel = %s ORDER BY id LIMIT 10)",
            channel.id,
            channel.id,
        )
        with Visitor(live, channel) as other:
            # The next change, anybody's, brings the place of all of them up to date, once.
            other.say("Moi aussi")
            assert other.pushed("SetPositionInQueue", seconds=30)["positionInQueue"] == 992
            assert last.pushed("SetPositionInQueue", seconds=30)["positionInQueue"] == 991
            assert [one for one in last.quiet() if one.get("eventType") == "SetPositionInQueue"] == []


# -- offline messages -------------------------------------------------------------------------------------------------


def outbox(env: Environment, done: list[str] | None = None, **changes: Any) -> Any:
    fields = {"environment": env.name, "done": done or [], "expires_at": time.time() + 30, **changes}
    body = snapshot.outbox_request(fields.pop("signing", SIGNING), **fields)
    return HTTP.post(
        f"{env.url}/_push/v1/outbox", content=body, headers={"Content-Type": snapshot.CONTENT_TYPE}
    )


def left_on(env: Environment, channel: Channel) -> list[Json]:
    """What waits for the console of one channel; other tests may have left something, too."""
    return [one for one in outbox(env).json()["rows"] if one["channel"] == channel.id]


def leave(visitor: Visitor, text: str = "Rappelez-moi") -> Json:
    author = {"idOnExternalPlatform": "ana@example.com", "firstName": "Ana", "lastName": "Roy"}
    content = {"type": "TEXT", "payload": {"text": text}}
    return visitor.ask("SendOfflineMessage", {"messageContent": content, "authorCustomerIdentity": author})


def test_an_offline_message_is_handed_to_the_console_until_it_is_named_as_written_down(
    live: Environment,
) -> None:
    given = section(availability="hours", offline={"emails": ["equipe@example.com"]}, **NEVER)
    channel = live.publish(**with_rules(given))
    with Visitor(live, channel) as visitor:
        assert leave(visitor)["postback"]["eventType"] == "OfflineMessageSent"
        assert "error" in leave(visitor, " ")
    (row,) = left_on(live, channel)
    assert (row["kind"], row["brand"]) == ("offline", channel.brand)
    assert row["data"] == {
        "email": "ana@example.com",
        "first_name": "Ana",
        "last_name": "Roy",
        "text": "Rappelez-moi",
        "emails": ["equipe@example.com"],
    }
    assert datetime.fromisoformat(row["at"]).tzinfo is not None
    # An answer that got lost costs nothing: the same row comes again, under the same id.
    assert left_on(live, channel) == [row]
    outbox(live, [row["id"], "no uuid"])
    assert left_on(live, channel) == []


def test_only_the_console_may_ask_for_what_visitors_left(live: Environment, env: Environment) -> None:
    assert outbox(live, signing=snapshot.new_signing_key()).status_code == 401
    assert outbox(live, environment="test").json()["code"] == "wrong_environment"
    assert outbox(live, expires_at=time.time() - 1).status_code == 401
    assert HTTP.post(f"{live.url}/_push/v1/outbox", content=b"x").status_code == 401
    assert HTTP.get(f"{live.url}/_push/v1/outbox").status_code == 405
    counts = snapshot.counts_request(SIGNING, environment="live", done="", expires_at=time.time() + 30)
    assert HTTP.post(f"{live.url}/_push/v1/outbox", content=counts).status_code == 401


def test_nobody_can_flood_an_organisation_with_offline_messages(live: Environment) -> None:
    channel = live.publish(**with_rules(section()))
    answers = []
    for _ in range(8):
        # Another customer each time: it is the address that counts.
        with Visitor(live, channel) as visitor:
            answers.append("error" in leave(visitor))
    assert answers == [False] * 6 + [True] * 2


# -- transcripts ------------------------------------------------------------------------------------------------------


def ask_for(visitor: Visitor, contact: str, address: str = "ana@example.com") -> Json:
    recipients = [{"idOnExternalPlatform": address}]
    return visitor.ask(
        "SendTranscript", {"consumerContact": {"id": contact}, "consumerRecipients": recipients}
    )


def test_a_transcript_goes_to_the_visitor_in_their_language_and_only_of_their_own_conversation(
    live: Environment,
) -> None:
    channel = live.publish(**with_rules(section(transcript={"allowed": True}), name="Boutique & Cie"))
    with Visitor(live, channel) as ana, Visitor(live, channel) as bob, Agent(live, channel) as agent:
        ana.say("Où est ma <b>commande</b> ?")
        contact = ana.pushed("CaseCreated")["case"]["id"]
        agent.say(ana.thread, text="Elle arrive demain.")
        ana.answered()
        assert ask_for(bob, contact)["error"]["errorCode"] == "SendingTranscriptFailed"
        assert ask_for(ana, "1; drop")["error"]["errorCode"] == "SendingTranscriptFailed"
        assert ask_for(ana, contact, "nobody")["error"]["errorCode"] == "SendingTranscriptFailed"
        two = [{"idOnExternalPlatform": "a@example.com"}, {"idOnExternalPlatform": "b@example.com"}]
        both = {"consumerContact": {"id": contact}, "consumerRecipients": two}
        assert ana.refusal("SendTranscript", both) == "SendingTranscriptFailed"
        assert ask_for(ana, contact)["postback"]["eventType"] == "TranscriptSent"
    (row,) = left_on(live, channel)
    mail = row["data"]
    assert (row["kind"], mail["to"]) == ("transcript", "ana@example.com")
    assert mail["subject"] == "Votre conversation avec Boutique & Cie"
    assert "Vous · " in mail["text"]
    assert "Où est ma <b>commande</b> ?\n" in mail["text"]
    assert mail["text"].index("commande") < mail["text"].index("Elle arrive demain.")
    assert "Zoé Tremblay" in mail["text"]
    assert 'lang="fr"' in mail["html"]
    assert "&lt;b&gt;commande" in mail["html"]
    assert "<b>" not in mail["html"]
    assert "Boutique &amp; Cie" in mail["html"]


def test_transcripts_are_limited_and_need_the_channel_s_leave(live: Environment) -> None:
    channel = live.publish(**with_rules(section(transcript={"allowed": True})))
    with Visitor(live, channel) as visitor:
        visitor.say("x")
        contact = visitor.pushed("CaseCreated")["case"]["id"]
        address = f"{uuid.uuid4().hex}@example.com"
        answers = ["error" in ask_for(visitor, contact, address) for _ in range(4)]
        assert answers == [False, False, False, True]
    silent = live.publish(**with_rules(section()))
    with Visitor(live, silent) as visitor:
        visitor.say("x")
        contact = visitor.pushed("CaseCreated")["case"]["id"]
        assert ask_for(visitor, contact)["error"]["errorCode"] == "SendingTranscriptFailed"


def test_a_transcript_says_files_and_cards_and_keeps_its_measure() -> None:
    card = {"type": "ADAPTIVE_CARD", "payload": {"type": "AdaptiveCard"}, "fallbackText": "Choisissez"}
    assert transcripts.words(card, []) == "Choisissez"
    file = {"friendlyName": "facture.pdf"}
    assert transcripts.words({"type": "TEXT", "payload": {"text": ""}}, [file]) == "[facture.pdf]"
    assert transcripts.words({"type": "X"}, [{}]) == ""
    at = datetime(2026, 11, 24, 12, tzinfo=UTC)
    long = [
        transcripts._Said(at + timedelta(seconds=n), n % 2 == 0, "Zoé", f"{n} " + "x" * 9_000)
        for n in range(60)
    ]
    mail = transcripts.written("Aide", long, "ar_EG")
    assert len(mail["text"]) < transcripts.LONGEST + 20_000
    assert 'dir="rtl"' in mail["html"]
    # The newest stay.
    assert "59 x" in mail["text"]
    assert "\n0 x" not in mail["text"]


def test_a_transcript_is_written_in_every_language_of_the_catalogue_with_its_dates() -> None:
    evening = datetime(2026, 11, 24, 23, 50, tzinfo=ZoneInfo("America/Toronto"))
    said = [
        transcripts._Said(evening, True, "", "Bonsoir"),
        transcripts._Said(evening + timedelta(minutes=15), False, "Zoé", "Bonsoir <Ana>"),
        transcripts._Said(evening + timedelta(minutes=16), False, "Zoé", "Je regarde"),
    ]
    mail = transcripts.written("Aide", said, "fr_CA", "#0a6b5d")
    # A new day is said once, who goes on speaking is named once; the hours are those of the channel, with their name.
    assert mail["text"].splitlines() == [
        "Voici la conversation que vous avez demandée.",
        "",
        "— mardi 24 novembre 2026 —",
        "",
        "Vous · 23 h 50",
        "Bonsoir",
        "",
        "— mercredi 25 novembre 2026 —",
        "",
        "Zoé · 00 h 05",
        "Bonsoir <Ana>",
        "",
        "Zoé · 00 h 06",
        "Je regarde",
        "",
        "heure normale de l’Est",
    ]
    assert mail["html"].count("Zoé") == 1
    assert "4px solid #0a6b5d" in mail["html"]
    assert "Bonsoir &lt;Ana&gt;" in mail["html"]
    english = transcripts.written("Aide", said, "en_US")
    for locale in catalogue.LOCALES:
        mail = transcripts.written("Aide", said, locale)
        assert (mail["subject"] == english["subject"]) == locale.startswith("en"), locale
        assert "Aide" in mail["subject"]
    # A language nobody has words for: English, its dates as well.
    assert transcripts.written("Aide", said, "xx")["text"] == english["text"]


# -- the end after a long silence -------------------------------------------------------------------------------------


def age(env: Environment, contact: str, minutes: int) -> None:
    """As if what was said so far had been said earlier."""
    env.execute(
        "UPDATE gateway_message SET created_at = created_at - make_interval(mins => %s) WHERE contact_id = %s",
        minutes,
        int(contact),
    )


def test_a_silent_visitor_is_warned_once_and_then_the_conversation_ends(live: Environment) -> None:
    given = section(inactivity={"warn_minutes": 5, "end_minutes": 10})
    channel = live.publish(**with_rules(given))
    other = Environment("live", live.database, public_url=live.url)
    other.start()
    try:
        with Visitor(live, channel) as visitor, Agent(live, channel) as agent:
            visitor.say("Bonjour")
            contact = visitor.pushed("CaseCreated")["case"]["id"]
            # Whoever waits for an agent is not sent away, however long it takes.
            age(live, contact, 60)
            agent.say(visitor.thread, text="Que puis-je faire ?")
            assert visitor.answered()["messageContent"]["payload"]["text"] == "Que puis-je faire ?"
            age(live, contact, 6)
            warning = visitor.answered(seconds=30)
            assert warning["messageContent"]["payload"]["text"] == "Votre session va bientôt expirer"
            assert warning["authorUser"]["isBotUser"] is False
            agent.event("message")
            # They answer, so the clock begins anew; the agent's next words as well.
            visitor.say("Une question")
            agent.say(visitor.thread, text="Oui ?")
            visitor.answered()
            age(live, contact, 11)
            end = visitor.answered(seconds=30)
            assert end["messageContent"]["payload"]["text"] == "Conversation terminée pour cause d’inactivité"
            assert visitor.pushed("CaseStatusChanged", seconds=30)["case"]["status"] == "closed"
            assert agent.until(lambda one: one.get("status") == "closed" and one["event"] == "status")
            assert visitor.refusal("SendMessage", visitor.message("encore")) == "SendingMessageFailed"
        said = live.execute(
            "SELECT count(*) FROM gateway_message WHERE contact_id = %s AND author = 'system'", int(contact)
        )
        assert said == [(2,)]
    finally:
        other.stop()


def test_without_minutes_and_on_messaging_channels_nothing_ends_by_itself(live: Environment) -> None:
    ends = section(inactivity={"warn_minutes": 0, "end_minutes": 1})
    marker = live.publish(**with_rules(ends))
    quiet = [
        live.publish(**with_rules(section())),
        live.publish(**with_rules(ends, kind="messaging")),
    ]
    contacts = {}
    for channel in (*quiet, marker):
        with Visitor(live, channel) as visitor, Agent(live, channel) as agent:
            visitor.say("Bonjour")
            contacts[channel.id] = visitor.pushed("CaseCreated")["case"]["id"]
            agent.say(visitor.thread, text="Oui ?")
    for channel in (*quiet, marker):
        age(live, contacts[channel.id], 100)

    def status(channel: Channel) -> str:
        return str(
            live.execute("SELECT status FROM gateway_contact WHERE id = %s", int(contacts[channel.id]))[0][0]
        )

    until(lambda: status(marker) == "closed", 15)
    assert [status(channel) for channel in quiet] == ["open", "open"]


@pytest.mark.parametrize(
    "broken", [7, [], {"format": 1}, {**copy.deepcopy(rules.default_section()), "menu": 1}]
)
def test_a_section_that_cannot_be_read_gives_no_rule(broken: Any) -> None:
    assert hours.ready(broken) is None
    assert hours.initial(None, "x") == "online"


def test_the_throttle_forgets_addresses_that_are_quiet() -> None:
    from gateway.handover import Throttle  # noqa: PLC0415

    throttle = Throttle(most=1, within=0)
    assert throttle.take("c", "1.2.3.4")
    assert throttle.take("c", "1.2.3.4")
    strict = Throttle(most=1, within=60)
    assert [strict.take("c", "1.2.3.4"), strict.take("c", "1.2.3.4"), strict.take("c", "1.2.3.5")] == [
        True,
        False,
        True,
    ]
