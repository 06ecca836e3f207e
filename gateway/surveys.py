"""The pre-contact survey in an environment: a channel's form made ready, and what a visitor is told whose answers do not do."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gateway.logs import logger
from surveys import rules

if TYPE_CHECKING:
    from gateway.published import Channel

log = logger("gateway.surveys")

#: What is wrong with an answer, in the visitor's language, where the channel's own phrases do not say it.
WORDS: dict[str, dict[str, str]] = {
    "en": {
        "required": "please answer this.",
        "consent": "please agree to go on.",
        "too_long": "this answer is too long.",
        "email": "this is not an e-mail address.",
        "option": "please choose one of the options.",
        "pattern": "this answer does not have the right form.",
    },
    "fr": {
        "required": "veuillez répondre.",
        "consent": "veuillez accepter pour continuer.",
        "too_long": "cette réponse est trop longue.",
        "email": "ce n’est pas une adresse de courriel.",
        "option": "veuillez choisir l’une des options.",
        "pattern": "cette réponse n’a pas la bonne forme.",
    },
    "es": {
        "required": "responda, por favor.",
        "consent": "acepte para continuar, por favor.",
        "too_long": "esta respuesta es demasiado larga.",
        "email": "no es una dirección de correo electrónico.",
        "option": "elija una de las opciones, por favor.",
        "pattern": "esta respuesta no tiene la forma correcta.",
    },
    "de": {
        "required": "bitte beantworten.",
        "consent": "bitte zustimmen, um fortzufahren.",
        "too_long": "diese Antwort ist zu lang.",
        "email": "das ist keine E-Mail-Adresse.",
        "option": "bitte eine der Möglichkeiten wählen.",
        "pattern": "diese Antwort hat nicht die richtige Form.",
    },
    "it": {
        "required": "rispondere, per favore.",
        "consent": "accettare per continuare.",
        "too_long": "questa risposta è troppo lunga.",
        "email": "non è un indirizzo e-mail.",
        "option": "scegliere una delle opzioni.",
        "pattern": "questa risposta non ha la forma giusta.",
    },
    "pt": {
        "required": "responda, por favor.",
        "consent": "aceite para continuar.",
        "too_long": "esta resposta é longa demais.",
        "email": "isto não é um endereço de e-mail.",
        "option": "escolha uma das opções.",
        "pattern": "esta resposta não tem a forma correta.",
    },
    "nl": {
        "required": "vul dit in.",
        "consent": "ga akkoord om door te gaan.",
        "too_long": "dit antwoord is te lang.",
        "email": "dit is geen e-mailadres.",
        "option": "kies een van de mogelijkheden.",
        "pattern": "dit antwoord heeft niet de juiste vorm.",
    },
    "ar": {
        "required": "يرجى الإجابة.",
        "consent": "يرجى الموافقة للمتابعة.",
        "too_long": "هذه الإجابة طويلة جدًا.",
        "email": "هذا ليس عنوان بريد إلكتروني.",
        "option": "يرجى اختيار أحد الخيارات.",
        "pattern": "صيغة هذه الإجابة غير صحيحة.",
    },
    "he": {
        "required": "נא להשיב.",
        "consent": "יש להסכים כדי להמשיך.",
        "too_long": "התשובה ארוכה מדי.",
        "email": "זו אינה כתובת דוא״ל.",
        "option": "נא לבחור אחת מהאפשרויות.",
        "pattern": "התשובה אינה בצורה הנכונה.",
    },
    "ja": {
        "required": "入力してください。",
        "consent": "続けるには同意してください。",
        "too_long": "回答が長すぎます。",
        "email": "メールアドレスではありません。",
        "option": "選択肢から選んでください。",
        "pattern": "回答の形式が正しくありません。",
    },
    "zh": {
        "required": "请填写此项。",
        "consent": "请同意后继续。",
        "too_long": "回答过长。",
        "email": "这不是电子邮件地址。",
        "option": "请选择其中一项。",
        "pattern": "回答的格式不正确。",
    },
}


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
    phrases = channel.phrases(locale)
    language = (locale or channel.default_locale).replace("-", "_").split("_")[0].lower()
    words = WORDS.get(language, WORDS["en"])
    fields = [
        {
            "ident": one.ident,
            "label": label_of(channel, phrases, one.ident)[:120],
            "code": one.code,
            "message": (phrases.get(f"preContactForm.{one.ident}_message") or _message(channel, one.ident))
            if one.code == "pattern"
            else words[one.code],
        }
        for one in wrong
    ]
    for field in fields:
        field["message"] = field["message"] or words["pattern"]
    colon = "\u00a0: " if language == "fr" else ": "
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
