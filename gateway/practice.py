"""The practice agent of a test environment: greets, repeats, and on a word shows everything an agent can send.

It keeps quiet in a conversation as soon as a person has written there.
"""

from __future__ import annotations

import asyncio
import unicodedata
import uuid
from dataclasses import dataclass
from typing import Any

import psycopg

from gateway import announce, conversations, settings
from gateway.conversations import Sent
from gateway.logs import logger
from gateway.published import Channel

log = logger("gateway.practice")

#: Seconds the typing dots are shown.
TYPING = 1.5


@dataclass(frozen=True, slots=True)
class Words:
    """What it says in one language."""

    name: str
    greeting: str
    help: str
    echo: str
    chosen: str
    typed: str
    file: str
    file_name: str
    choices_text: str
    choices: tuple[str, ...]
    card_title: str
    card_text: str
    card_button: str
    card_second: str


FRENCH = Words(
    name="Agent d’entraînement",
    greeting="Bonjour\u00a0! Je suis l’agent d’entraînement\u00a0: je réponds à tout, et à «\u00a0aide\u00a0» par la liste de mes mots.",
    help=(
        "Mes mots\u00a0:\n• carte\u00a0: une carte adaptative\n• choix\u00a0: des réponses rapides\n• fichier\u00a0: un fichier\n"
        "• écris\u00a0: je tape avant de répondre\n• aide\u00a0: cette liste\nTout le reste, je le répète."
    ),
    echo="Vous avez écrit\u00a0: {text}",
    chosen="Vous avez choisi\u00a0: {text}",
    typed="Voilà\u00a0: j’ai pris le temps de taper cette réponse.",
    file="Voici un fichier.",
    file_name="exemple.pdf",
    choices_text="Que préférez-vous\u00a0?",
    choices=("Suivre une commande", "Parler à une personne", "Rien, merci"),
    card_title="Votre rendez-vous",
    card_text="Mardi à 14\u00a0h, au comptoir. Cela vous convient-il\u00a0?",
    card_button="Confirmer",
    card_second="Choisir un autre moment",
)
ENGLISH = Words(
    name="Practice agent",
    greeting="Hello! I am the practice agent: I answer anything, and “help” with the list of my words.",
    help=(
        "My words:\n• card: an Adaptive Card\n• choices: quick replies\n• file: a file\n"
        "• typing: I type before I answer\n• help: this list\nAnything else I repeat."
    ),
    echo="You wrote: {text}",
    chosen="You chose: {text}",
    typed="There: I took my time typing this answer.",
    file="Here is a file.",
    file_name="example.pdf",
    choices_text="What would you like?",
    choices=("Track an order", "Talk to a person", "Nothing, thank you"),
    card_title="Your appointment",
    card_text="Tuesday at 2 p.m., at the counter. Does that suit you?",
    card_button="Confirm",
    card_second="Choose another time",
)


def words_for(locale: str) -> Words:
    """French unless the visitor's locale is another language."""
    language = locale.replace("_", "-").split("-")[0].lower()
    return FRENCH if language in {"", "fr"} else ENGLISH


def vocabulary(words: Words) -> tuple[str, ...]:
    """The words it knows, for a page to offer."""
    return (
        ("carte", "choix", "fichier", "écris", "aide")
        if words is FRENCH
        else ("card", "choices", "file", "typing", "help")
    )


def react(channel: Channel, sent: Sent, *, locale: str) -> None:
    """Answer a visitor's message by and by; only in a test environment."""
    if settings.GATEWAY_ENVIRONMENT != "test" or sent.thread.human:
        return
    task = asyncio.create_task(_react(channel, sent, words_for(locale or channel.default_locale)))
    _answering.add(task)
    task.add_done_callback(_answering.discard)


async def _react(channel: Channel, sent: Sent, words: Words) -> None:
    # One after the other in a conversation: an answer does not overtake the one before it.
    lock = _locks.setdefault(sent.thread.id, _Turn())
    lock.waiting += 1
    try:
        async with lock.lock:
            thread, seen = await conversations.mark_seen(
                channel, None, sent.thread.external_id, by_customer=False
            )
            announce.seen(channel, thread, seen)
            if thread.human:
                return
            if sent.opened:
                await _say(channel, sent, words, _text(words.greeting))
            await _answer(channel, sent, words)
    except conversations.Refused:
        # A person took over, or the live conversation ended.
        return
    except (psycopg.Error, OSError) as trouble:
        log.warning("practice.silent", error=type(trouble).__name__)
    finally:
        lock.waiting -= 1
        if not lock.waiting:
            _locks.pop(sent.thread.id, None)


async def _answer(channel: Channel, sent: Sent, words: Words) -> None:
    content = sent.message.content
    text: str = content["payload"]["text"].strip()
    word = _plain(text)
    if content.get("postback"):
        await _say(channel, sent, words, _text(words.chosen.format(text=text or content["postback"])))
    elif word in {"carte", "card"}:
        await _say(channel, sent, words, card(words))
    elif word in {"choix", "choices", "choice"}:
        await _say(channel, sent, words, quick_replies(words.choices_text, words.choices))
    elif word in {"fichier", "file"}:
        await _say(channel, sent, words, _text(words.file), [sample_file(words)])
    elif word in {"ecris", "typing", "type"}:
        customer = sent.message.customer
        announce.typing(channel, customer, sent.thread, on=True, name=words.name, bot=True)
        await asyncio.sleep(TYPING)
        announce.typing(channel, customer, sent.thread, on=False, name=words.name, bot=True)
        await _say(channel, sent, words, _text(words.typed))
    elif word in {"aide", "help"}:
        await _say(channel, sent, words, _text(words.help))
    else:
        await _say(channel, sent, words, _text(words.echo.format(text=text)))


async def _say(
    channel: Channel,
    sent: Sent,
    words: Words,
    content: dict[str, Any],
    files: list[dict[str, Any]] | None = None,
) -> None:
    answer = await conversations.answer(
        channel,
        sent.thread.external_id,
        author="practice",
        name=words.name,
        content=content,
        attachments=files or [],
    )
    await announce.said(channel, answer)


def _text(text: str) -> dict[str, Any]:
    return {"type": "TEXT", "payload": {"text": text}}


def card(words: Words) -> dict[str, Any]:
    """An Adaptive Card with something to read and something to press."""
    return {
        "type": "ADAPTIVE_CARD",
        "fallbackText": f"{words.card_title} : {words.card_text}"
        if words is FRENCH
        else f"{words.card_title}: {words.card_text}",
        "payload": {
            "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
            "type": "AdaptiveCard",
            "version": "1.5",
            "body": [
                {
                    "type": "TextBlock",
                    "text": words.card_title,
                    "weight": "Bolder",
                    "size": "Medium",
                    "wrap": True,
                },
                {"type": "TextBlock", "text": words.card_text, "wrap": True},
            ],
            "actions": [
                {"type": "Action.Submit", "title": words.card_button, "data": {"choice": "confirm"}},
                {"type": "Action.Submit", "title": words.card_second, "data": {"choice": "other"}},
            ],
        },
    }


def quick_replies(text: str, choices: tuple[str, ...]) -> dict[str, Any]:
    """Replies to press, as the mobile clients read them."""
    return {
        "type": "QUICK_REPLIES",
        "fallbackText": text,
        "payload": {
            "text": {"content": text},
            "actions": [
                {"type": "REPLY_BUTTON", "text": choice, "postback": choice, "description": choice}
                for choice in choices
            ],
        },
    }


def sample_file(words: Words) -> dict[str, Any]:
    """The attachment: a PDF this environment serves itself."""
    language = "fr" if words is FRENCH else "en"
    return {
        "id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"practice/{language}")),
        "url": f"{settings.GATEWAY_PUBLIC_URL}/practice/{language}/{words.file_name}",
        "friendlyName": words.file_name,
        "fileName": words.file_name,
        "mimeType": "application/pdf",
        "fileSize": len(sample_pdf(language)),
    }


def sample_pdf(language: str) -> bytes:
    """A page with a line on it, in PDF 1.4 by hand: nothing to install, nothing to keep."""
    line = "Un fichier de l'agent d'entrainement." if language == "fr" else "A file from the practice agent."
    stream = f"BT /F1 24 Tf 72 720 Td ({line}) Tj ET".encode("ascii")
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        b" /Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
    ]
    out = bytearray(b"%PDF-1.4\n")
    places = []
    for number, content in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)


def _plain(text: str) -> str:
    """Lower case, without accents, quotation marks and what ends a sentence."""
    decomposed = unicodedata.normalize("NFD", text.casefold())
    letters = "".join(char for char in decomposed if not unicodedata.combining(char))
    return letters.strip(" «»\"'“”.!?\u00a0\u202f")


class _Turn:
    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.waiting = 0


_locks: dict[int, _Turn] = {}
_answering: set[asyncio.Task[None]] = set()
