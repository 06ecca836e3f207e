"""The pre-contact survey in an environment: every rule again on the first message, in the visitor's language, with proof of consents."""

from __future__ import annotations

import hashlib
from typing import Any

from gateway.tests.client import Agent, Visitor
from gateway.tests.environment import Channel, Environment
from surveys.defaults import item
from surveys.section import public

OPEN = {
    "format": 1,
    "domains_restricted": True,
    "allowed_domains": ["localhost:*", "127.0.0.1:*"],
}
SUBJECTS = [
    {"name": "billing", "label": "Facturation", "parent": None},
    {"name": "refund", "label": "Remboursement", "parent": "billing"},
]
FIELDS = [
    {"ident": "email", "label": "Courriel", "kind": "email", "level": "contact", "values": []},
    {"ident": "member", "label": "Membre", "kind": "text", "level": "customer", "values": []},
    {"ident": "order", "label": "Commande", "kind": "text", "level": "contact", "values": []},
    {"ident": "plan", "label": "Forfait", "kind": "text", "level": "contact", "values": []},
    {"ident": "subject", "label": "Sujet", "kind": "tree", "level": "contact", "values": SUBJECTS},
]


def section(*items: dict[str, Any]) -> dict[str, Any]:
    return {
        "format": 1,
        "form": {"name": "Formulaire", "title": "", "intro": "", "submit": "", "items": list(items)},
        "fields": FIELDS,
    }


def asking(env: Environment, *items: dict[str, Any], **changes: Any) -> Channel:
    """A channel that asks these."""
    made = section(*items)
    return env.publish(
        document=public(made),
        private={"channels_config": OPEN, "surveys": made, **changes.pop("private", {})},
        **changes,
    )


def first(visitor: Visitor, **answers: str) -> dict[str, Any]:
    """Send a first message with these answers (`__` in a name stands for a full stop); what it is answered."""
    given = [{"ident": name.replace("__", "."), "value": value} for name, value in answers.items()]
    return visitor.ask("SendMessage", visitor.message("Bonjour", consumerContact={"customFields": given}))


def wrong(answer: dict[str, Any]) -> list[tuple[str, str]]:
    assert answer["error"]["errorCode"] == "SendingMessageFailed", answer
    return [(one["ident"], one["code"]) for one in answer["error"]["fields"]]


def stored(env: Environment, visitor: Visitor) -> dict[str, str]:
    rows = env.execute(
        "SELECT c.custom_fields FROM gateway_contact c JOIN gateway_thread t ON t.id = c.thread_id WHERE t.external_id = %s",
        visitor.thread,
    )
    return dict(rows[0][0])


def test_a_channel_without_a_form_demands_nothing_and_keeps_everything(env: Environment) -> None:
    with Visitor(env, env.publish()) as visitor:
        assert first(visitor, anything="at all")["status"] == "success"
        assert stored(env, visitor) == {"anything": "at all"}


def test_missing_and_bad_answers_are_named_in_the_visitor_s_language(env: Environment) -> None:
    channel = asking(
        env,
        item("email", required=True),
        item("order", required=True, pattern=r"\d{5}", pattern_message="Cinq chiffres."),
        item("subject", required=True),
    )
    with Visitor(env, channel) as visitor:
        answer = first(visitor, order="12", subject="nothing")
        assert wrong(answer) == [("email", "required"), ("order", "pattern"), ("subject", "option")]
        message = answer["error"]["errorMessage"]
        assert "Courriel\u00a0: Ce champ est obligatoire" in message
        assert "Commande\u00a0: Cinq chiffres." in message
        assert not env.execute("SELECT 1 FROM gateway_thread WHERE external_id = %s", visitor.thread)
        assert first(visitor, email="a@example.com", order="12345", subject="refund")["status"] == "success"
        assert stored(env, visitor) == {"email": "a@example.com", "order": "12345", "subject": "refund"}
    with Visitor(env, channel, query={"locale": "de-DE"}) as visitor:
        assert "Courriel: Dieses Feld ist ein Pflichtfeld" in first(visitor)["error"]["errorMessage"]


def test_a_label_is_said_as_it_was_translated(env: Environment) -> None:
    translated = {
        "format": 1,
        "default_locale": None,
        "variants": [
            {
                "name": "Español",
                "locale": "es",
                "fallback": None,
                "phrases": {"customFields.email_label": "Correo"},
            }
        ],
    }
    channel = asking(env, item("email", required=True), private={"translations": translated})
    with Visitor(env, channel, query={"locale": "es-MX"}) as visitor:
        assert first(visitor)["error"]["errorMessage"].startswith("Correo: ")


def test_unknown_fields_and_hidden_questions_are_dropped(env: Environment) -> None:
    condition = {"match": "all", "when": [{"ident": "subject", "test": "under", "value": "billing"}]}
    channel = asking(env, item("subject"), item("order", required=True, show_if=condition))
    with Visitor(env, channel) as visitor:
        assert first(visitor, order="7", unknown="x", plan="gold")["status"] == "success"
        assert stored(env, visitor) == {"plan": "gold"}
    with Visitor(env, channel) as visitor:
        assert wrong(first(visitor, subject="refund")) == [("order", "required")]


def test_a_value_has_1024_characters_at_most(env: Environment) -> None:
    channel = asking(env, item("order"))
    with Visitor(env, channel) as visitor:
        assert wrong(first(visitor, order="x" * 1025)) == [("order", "too_long")]
        assert first(visitor, order="x" * 1024, plan="x" * 1025)["status"] == "success"
        assert list(stored(env, visitor)) == ["order"]


def test_answers_the_page_set_before_the_first_message_count(env: Environment) -> None:
    channel = asking(env, item("email", required=True), item("member", required=True))
    with Visitor(env, channel) as visitor:
        fields = [{"ident": "email", "value": "a@example.com"}, {"ident": "nobody", "value": "x"}]
        thread = {"idOnExternalPlatform": visitor.thread}
        visitor.ask("SetConsumerContactCustomFields", {"thread": thread, "customFields": fields})
        visitor.ask("SetConsumerCustomFields", {"customFields": [{"ident": "member", "value": "42"}]})
        assert first(visitor)["status"] == "success"
        assert stored(env, visitor) == {"email": "a@example.com", "member": "42"}


def test_what_is_known_of_the_customer_stands_in_where_the_form_may_skip_it(env: Environment) -> None:
    channel = asking(env, item("email", required=True, skip_known=True))
    with Visitor(env, channel) as visitor:
        visitor.ask(
            "SetConsumerCustomFields", {"customFields": [{"ident": "email", "value": "known@example.com"}]}
        )
        assert first(visitor)["status"] == "success"
        assert stored(env, visitor) == {"email": "known@example.com"}


def test_only_the_first_message_of_a_conversation_is_asked(env: Environment) -> None:
    channel = asking(env, item("email", required=True))
    with Visitor(env, channel) as visitor:
        assert first(visitor, email="a@example.com")["status"] == "success"
        visitor.say("Et encore")
        contact = visitor.data("RecoverThread", {"thread": {"idOnExternalPlatform": visitor.thread}})[
            "contact"
        ]
        visitor.ask(
            "EndContact",
            {"thread": {"idOnExternalPlatform": visitor.thread}, "contact": {"id": contact["id"]}},
        )
        visitor.say("Une autre fois")
        visitor.thread = f"{visitor.thread}-2"
        visitor.ask("ArchiveThread", {"thread": {"idOnExternalPlatform": visitor.thread.removesuffix("-2")}})
        assert wrong(first(visitor)) == [("email", "required")]


def test_a_consent_is_proved_by_the_words_that_were_read(env: Environment) -> None:
    words = "J’accepte que mes données soient traitées."
    channel = asking(env, item("consent.1", required=True, text=words, version=3))
    with Visitor(env, channel) as visitor:
        assert wrong(first(visitor)) == [("consent.1", "consent")]
        assert wrong(first(visitor, consent__1="v2")) == [("consent.1", "consent")]
        assert first(visitor, consent__1="v3")["status"] == "success"
        rows = env.execute(
            "SELECT n.ident, n.version, n.text, n.digest, n.form, n.locale FROM gateway_consent n "
            "JOIN gateway_contact c ON c.id = n.contact_id JOIN gateway_thread t ON t.id = c.thread_id "
            "WHERE t.external_id = %s",
            visitor.thread,
        )
        digest = hashlib.sha256(words.encode()).hexdigest()
        assert rows == [("consent.1", 3, words, digest, "Formulaire", "fr")]


def test_the_agent_reads_the_answers_in_words(env: Environment) -> None:
    channel = asking(env, item("subject"), item("consent.1", text="J’accepte.", required=True))
    with Visitor(env, channel) as visitor, Agent(env, channel) as agent:
        assert first(visitor, subject="refund", consent__1="v1")["status"] == "success"
        agent.do("open", conversation=visitor.thread)
        event = agent.event("conversation")
        assert event["answers"] == [
            {"ident": "subject", "label": "Sujet", "value": "refund", "text": "Facturation › Remboursement"}
        ]
        assert [(one["version"], one["text"]) for one in event["consents"]] == [(1, "J’accepte.")]


def test_the_channel_json_says_the_form_as_the_contract_does(env: Environment) -> None:
    condition = {"match": "all", "when": [{"ident": "subject", "test": "answered", "value": ""}]}
    channel = asking(
        env, item("subject"), item("email", required=True, show_if=condition, autocomplete="email")
    )
    document = env.channel_json(channel).json()
    form = document["preContactForm"]
    assert form["channels"] == [{"id": channel.id}]
    subject, email = form["customFields"]
    # A client that knows no conditions asks this always; it must not insist.
    assert email["isRequired"] is False
    assert email["definition"]["type"] == "email"
    assert email["definition"]["autocompleteAttribute"] == "email"
    assert subject["definition"]["values"][1]["parentId"] == "billing"
    assert document["translations"]["customFields.email_label"] == ""
    assert [one["ident"] for one in document["endUserCustomFields"]] == ["member"]
    assert document["preContactRules"]["items"][1]["required"] is True


def test_a_form_that_cannot_be_read_locks_nobody_out(env: Environment) -> None:
    broken = {"format": 1, "form": {"items": [{"ident": "x"}]}, "fields": "none"}
    channel = env.publish(private={"channels_config": OPEN, "surveys": broken})
    with Visitor(env, channel) as visitor:
        assert first(visitor)["status"] == "success"
