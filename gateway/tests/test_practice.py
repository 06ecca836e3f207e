"""The practice agent: what it answers, in whose language, and when it keeps quiet."""

from __future__ import annotations

import pytest

from gateway import practice
from gateway.tests.client import Agent, Json, Visitor
from gateway.tests.environment import HTTP, Channel, Environment


@pytest.fixture(scope="module")
def channel(env: Environment) -> Channel:
    return env.publish()


def begin(visitor: Visitor) -> None:
    """The first exchange: a greeting and an echo."""
    visitor.say("Bonjour")
    visitor.answered()
    visitor.answered()


def text_of(message: Json) -> str:
    return str(message["messageContent"]["payload"]["text"])


def test_it_greets_and_repeats(env: Environment, channel: Channel) -> None:
    with Visitor(env, channel) as visitor:
        said = visitor.say("Bonjour, ça va ?")
        assert visitor.pushed("MessageReadChanged")["message"]["id"] == said["id"]
        assert text_of(visitor.answered()) == practice.FRENCH.greeting
        echo = visitor.answered()
        assert text_of(echo) == "Vous avez écrit\u00a0: Bonjour, ça va ?"
        assert echo["authorUser"]["isBotUser"] is True
        visitor.say("encore")
        assert text_of(visitor.answered()) == "Vous avez écrit\u00a0: encore"


@pytest.mark.parametrize("word", ["carte", "Carte", "« carte »", " CARTE. ", "card"])
def test_a_card_has_a_button_and_its_press_is_answered(env: Environment, channel: Channel, word: str) -> None:
    with Visitor(env, channel) as visitor:
        begin(visitor)
        visitor.say(word)
        content = visitor.answered()["messageContent"]
        assert content["type"] == "ADAPTIVE_CARD"
        assert content["payload"]["type"] == "AdaptiveCard"
        assert content["fallbackText"]
        assert content["payload"]["actions"][0]["type"] == "Action.Submit"
        pressed = visitor.message(
            "x",
            messageContent={
                "type": "TEXT",
                "payload": {"text": "Confirmer"},
                "postback": '{"choice":"confirm"}',
            },
        )
        visitor.ask("SendMessage", pressed)
        assert text_of(visitor.answered()) == "Vous avez choisi\u00a0: Confirmer"


def test_choices_are_quick_replies(env: Environment, channel: Channel) -> None:
    with Visitor(env, channel) as visitor:
        begin(visitor)
        visitor.say("choix")
        content = visitor.answered()["messageContent"]
        assert content["type"] == "QUICK_REPLIES"
        assert {one["type"] for one in content["payload"]["actions"]} == {"REPLY_BUTTON"}


def test_a_file_is_served_as_a_download(env: Environment, channel: Channel) -> None:
    with Visitor(env, channel) as visitor:
        begin(visitor)
        visitor.say("fichier")
        [file] = visitor.answered()["attachments"]
    answer = HTTP.get(file["url"])
    assert answer.status_code == 200
    assert answer.content.startswith(b"%PDF-1.4")
    assert len(answer.content) == file["fileSize"]
    assert answer.headers["Content-Disposition"] == 'attachment; filename="exemple.pdf"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert env.get("/practice/fr/other.pdf").status_code == 404
    assert env.get("/practice/de/exemple.pdf").status_code == 404


def test_it_types_before_it_answers(env: Environment, channel: Channel) -> None:
    with Visitor(env, channel) as visitor:
        begin(visitor)
        visitor.say("écris")
        assert visitor.pushed("SenderTypingStarted")["direction"] == "outbound"
        visitor.pushed("SenderTypingEnded")
        assert text_of(visitor.answered()) == practice.FRENCH.typed


def test_it_helps(env: Environment, channel: Channel) -> None:
    with Visitor(env, channel) as visitor:
        begin(visitor)
        visitor.say("aide")
        help_text = text_of(visitor.answered())
        assert all(word in help_text for word in practice.vocabulary(practice.FRENCH))


def test_it_speaks_the_visitors_language(env: Environment, channel: Channel) -> None:
    with Visitor(env, channel, query={"locale": "en-US"}) as visitor:
        visitor.say("Hello")
        assert text_of(visitor.answered()) == practice.ENGLISH.greeting


def test_it_keeps_the_order_of_quick_questions(env: Environment, channel: Channel) -> None:
    with Visitor(env, channel) as visitor:
        begin(visitor)
        for number in range(8):
            visitor.say(str(number))
        answers = [text_of(visitor.answered()) for _ in range(8)]
        assert answers == [f"Vous avez écrit\u00a0: {number}" for number in range(8)]


def test_it_keeps_quiet_once_a_person_has_written(env: Environment, channel: Channel) -> None:
    with Visitor(env, channel) as visitor, Agent(env, channel) as agent:
        begin(visitor)
        agent.do("open", conversation=visitor.thread)
        taken = visitor.until(
            lambda one: (
                one.get("eventType") == "CaseInboxAssigneeChanged"
                and one["data"]["inboxAssignee"]["nickname"] == "Zoé Tremblay"
            )
        )
        assert taken["data"]["case"]["status"] == "open"
        # Only looking is not writing.
        visitor.say("vous êtes une personne ?")
        visitor.answered()
        agent.say(visitor.thread, text="Oui, me voici")
        visitor.answered()
        visitor.say("tant mieux")
        assert not [one for one in visitor.quiet(0.6) if one.get("eventType") == "MessageCreated"]


def test_there_is_none_in_the_live_environment(live: Environment) -> None:
    with Visitor(live, live.publish()) as visitor:
        visitor.say("Bonjour")
        assert [one["eventType"] for one in visitor.quiet(0.6)] == ["CaseCreated"]
    assert live.get("/practice/fr/exemple.pdf").status_code == 404
