"""A conversation as an e-mail to its visitor: what was said, in their language, plain and as HTML; asked for within limits."""

from __future__ import annotations

import html
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from gateway import database, handover
from gateway import statements as sql
from gateway.published import Channel

#: Messages of a transcript: the newest, when there are more.
MOST = 1_000
#: Characters of its text.
LONGEST = 300_000
#: Transcripts an hour to one customer, and to one address whoever asks.
_CUSTOMER, _ADDRESS = 3, 5

WORDS: dict[str, tuple[str, str, str, str]] = {
    "en": ("Your conversation with {name}", "Here is the conversation you asked for.", "You", "Agent"),
    "fr": (
        "Votre conversation avec {name}",
        "Voici la conversation que vous avez demandée.",
        "Vous",
        "Agent",
    ),
    "es": ("Su conversación con {name}", "Esta es la conversación que ha pedido.", "Usted", "Agente"),
    "de": ("Ihre Unterhaltung mit {name}", "Hier ist die gewünschte Unterhaltung.", "Sie", "Agent"),
    "it": ("La sua conversazione con {name}", "Ecco la conversazione richiesta.", "Lei", "Agente"),
    "pt": ("A sua conversa com {name}", "Aqui está a conversa que pediu.", "Você", "Agente"),
    "nl": ("Uw gesprek met {name}", "Hier is het gesprek waarom u vroeg.", "U", "Medewerker"),
    "ar": ("محادثتك مع {name}", "إليك المحادثة التي طلبتها.", "أنت", "الوكيل"),
    "he": ("השיחה שלך עם {name}", "הנה השיחה שביקשת.", "את/ה", "נציג"),
    "ja": ("{name} との会話", "ご依頼の会話をお送りします。", "お客様", "担当者"),
    "zh": ("您与 {name} 的对话", "以下是您索取的对话记录。", "您", "客服"),
}
_RIGHT_TO_LEFT = {"ar", "he"}


class Refused(Exception):
    """No transcript; the sentence says why."""


@dataclass(frozen=True, slots=True)
class _Said:
    at: datetime
    mine: bool
    who: str
    text: str


async def ask(channel: Channel, customer: str, contact: str | None, address: str, locale: str) -> None:
    """Have one conversation of the customer's sent to an address. Raises Refused.

    Without `contact` it is the newest. Whether it has gone is for the organisation to see; here it is on its way.
    """
    if channel.settings["liveChatAllowTranscript"] is not True:
        raise Refused("This channel sends no transcripts.")
    number = (
        int(contact) if contact and contact.isascii() and contact.isdecimal() and len(contact) < 19 else None
    )
    if contact and number is None:
        raise Refused("There is no such conversation.")
    async with database.connection() as connection, connection.transaction():
        row = await (
            await connection.execute(
                sql.CONTACT_OF_CUSTOMER, {"channel": channel.id, "customer": customer, "contact": number}
            )
        ).fetchone()
        if row is None:
            raise Refused("There is no such conversation.")
        contact_id, customer_id, zone = row[0], row[1], _zone(channel)
        asked = await (
            await connection.execute(sql.ASKED_FOR, {"customer": customer_id, "address": address.lower()})
        ).fetchone()
        if asked is not None and (asked[0] >= _CUSTOMER or asked[1] >= _ADDRESS):
            raise Refused("Too many transcripts were asked for; try again in an hour.")
        rows = await (await connection.execute(sql.SAID, (contact_id, MOST))).fetchall()
        if not rows:
            raise Refused("Nothing has been said yet.")
        await connection.execute(sql.ASK_FOR, (contact_id, customer_id, address.lower()))
        said = [
            _Said(at.astimezone(zone), author == "customer", name, words(content, files))
            for author, name, content, files, at in reversed(rows)
        ]
        await handover.keep(
            connection, channel, "transcript", {"to": address, **written(channel.name, said, locale)}
        )


def _zone(channel: Channel) -> ZoneInfo:
    return channel.rule.hours.zone if channel.rule is not None else ZoneInfo("UTC")


def words(content: dict[str, Any], files: list[dict[str, Any]]) -> str:
    """What a message says, as text: of cards and the like what stands in for them, of files their names."""
    payload = content.get("payload")
    text = payload.get("text") if isinstance(payload, dict) else None
    if not isinstance(text, str) or not text:
        text = content.get("fallbackText")
    parts = [text] if isinstance(text, str) and text.strip() else []
    named = set(parts)
    for one in files:
        name = one.get("friendlyName") or one.get("fileName") or ""
        if isinstance(name, str) and name and name not in named:
            parts.append(f"[{name}]")
    return "\n".join(parts)


def written(name: str, said: list[_Said], locale: str) -> dict[str, str]:
    """{"subject", "text", "html"} of the e-mail, in the visitor's language as far as it is one of those here, else in English."""
    language = locale.replace("-", "_").split("_")[0].split(",")[0].lower()
    language = language if language in WORDS else "en"
    subject, lead, you, agent = WORDS[language]
    subject = subject.replace("{name}", name)
    zone = said[-1].at.tzname() or "UTC"
    lines, rows, length = [lead, ""], list[str](), 0
    for one in reversed(said):
        who = you if one.mine else one.who or agent
        length += len(one.text)
        if length > LONGEST:
            break
        moment = f"{one.at:%Y-%m-%d %H:%M}"
        rows.insert(
            0,
            f'<p style="margin:0 0 12px"><strong>{html.escape(who)}</strong> '
            f'<span style="color:#666">{moment}</span><br>{html.escape(one.text).replace(chr(10), "<br>")}</p>',
        )
        lines[2:2] = [f"{who} · {moment}", one.text, ""]
    direction = "rtl" if language in _RIGHT_TO_LEFT else "ltr"
    lines.append(zone)
    body = (
        f'<!doctype html><html lang="{language}" dir="{direction}"><head><meta charset="utf-8">'
        f"<title>{html.escape(subject)}</title></head>"
        '<body style="font-family:sans-serif;font-size:14px;line-height:1.5;color:#111;max-width:640px">'
        f'<h1 style="font-size:18px">{html.escape(subject)}</h1><p>{html.escape(lead)}</p>'
        f'{"".join(rows)}<p style="color:#666">{html.escape(zone)}</p></body></html>'
    )
    return {"subject": subject, "text": "\n".join(lines), "html": body}
