"""The pre-contact survey in an environment: a channel's form made ready, and what a visitor is told whose answers do not do."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gateway.logs import logger
from surveys import rules
from translations import rules as phrase_rules

if TYPE_CHECKING:
    from gateway.published import Channel

log = logger("gateway.surveys")

#: What is wrong with an answer, as a phrase of the channel's.
SAID = {
    "required": "validationMandatory",
    "consent": "surveyConsentNeeded",
    "too_long": "surveyAnswerTooLong",
    "email": "validationInvalidEmail",
    "option": "surveyNotAnOption",
    "pattern": "surveyWrongForm",
}
#: Between a question and what is wrong with its answer, where that is not a colon and a space.
COLONS = {"fr": "\u00a0: ", "ja": "：", "zh": "："}


class Refused(Exception):
    """The answers that came with a first message do not do."""

    def __init__(self, wrong: list[rules.Wrong]) -> None:
        super().__init__(", ".join(f"{one.ident}: {one.code}" for one in wrong))
        self.wrong = wrong


def ready(section: object) -> rules.Survey | None:
    """A channel's form, from its section; None when it asks nothing (or cannot be read: nobody is locked out for that)."""
    if not isinstance(section, Mapping) or not section.get("form"):
        return None
    try:
        survey = rules.Survey(section)
    except (LookupError, TypeError, ValueError, AttributeError, rules.BadPattern) as trouble:
        log.warning("survey.unreadable", error=type(trouble).__name__)
        return None
    return survey if survey.asks else None


def with_channel(document: Mapping[str, Any], channel: str) -> dict[str, Any]:
    """The document with the channel's id in its form: a mobile client shows the form only then (contract 1.3)."""
    form = document.get("preContactForm")
    if not isinstance(form, Mapping):
        return dict(document)
    return {**document, "preContactForm": {**form, "channels": [{"id": channel}]}}


def refusal(channel: Channel, locale: str, wrong: list[rules.Wrong]) -> tuple[str, list[dict[str, str]]]:
    """One sentence that names every question, and the same one by one: [{"ident", "label", "code", "message"}]."""
    phrases, spoken = channel.phrases(locale), channel.locale(locale)
    fields = [
        {
            "ident": one.ident,
            "label": label_of(channel, phrases, one.ident)[:120],
            "code": one.code,
            "message": (phrases.get(f"preContactForm.{one.ident}_message") or _message(channel, one.ident))
            if one.code == "pattern"
            else phrase_rules.said(phrases, SAID[one.code], spoken),
        }
        for one in wrong
    ]
    for field in fields:
        field["message"] = field["message"] or phrase_rules.said(phrases, SAID["pattern"], spoken)
    colon = COLONS.get(spoken.partition("_")[0], ": ")
    return " ".join(f"{field['label']}{colon}{field['message']}" for field in fields)[:2000], fields


def _message(channel: Channel, ident: str) -> str:
    item = channel.survey.items.get(ident) if channel.survey is not None else None
    return str(item["pattern_message"]) if item is not None else ""


def label_of(channel: Channel, phrases: Mapping[str, str], ident: str) -> str:
    """What a visitor of this language reads as a question's label."""
    translated = phrases.get(f"customFields.{ident}_label")
    if translated:
        return translated
    return channel.survey.label(ident) if channel.survey is not None else ident


def proof(channel: Channel, locale: str, consent: rules.Consented) -> dict[str, Any]:
    """What is kept of a consent: the words that were read, in their language and version."""
    text = channel.phrases(locale).get(f"customFields.{consent.ident}_label") or consent.text
    return {
        "ident": consent.ident,
        "form": channel.survey.name if channel.survey is not None else "",
        "version": consent.version,
        "locale": locale[:35],
        "text": text,
        "digest": hashlib.sha256(text.encode()).hexdigest(),
        "release": channel.release,
    }


def answers(channel: Channel, values: Mapping[str, str]) -> list[dict[str, str]]:
    """A contact's answers as an agent reads them, consents left out: [{"ident", "label", "value", "text"}]."""
    if channel.survey is None:
        return [
            {"ident": ident, "label": ident, "value": value, "text": value} for ident, value in values.items()
        ]
    return [one for one in channel.survey.display(values) if not one["ident"].startswith(rules.CONSENT)]
