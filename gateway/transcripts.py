"""A conversation as an e-mail to its visitor: what was said, in their language, plain and as HTML; asked for within limits."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time, get_timezone_name

from gateway import database, handover
from gateway import statements as sql
from gateway.published import Channel

#: Messages of a transcript: the newest, when there are more.
MOST = 1_000
#: Characters of its text.
LONGEST = 300_000
#: Transcripts an hour to one customer, and to one address whoever asks.
_CUSTOMER, _ADDRESS = 3, 5

#: Subject, first sentence, the visitor, and an agent without a name; by locale or by language, as the catalogue has them.
WORDS: dict[str, tuple[str, str, str, str]] = {
    "ar": ("محادثتك مع {name}", "إليك المحادثة التي طلبتها.", "أنت", "الوكيل"),
    "bg": ("Вашият разговор с {name}", "Ето разговора, който поискахте.", "Вие", "Агент"),
    "da": ("Din samtale med {name}", "Her er den samtale, du bad om.", "Dig", "Medarbejder"),
    "de": ("Ihre Unterhaltung mit {name}", "Hier ist die gewünschte Unterhaltung.", "Sie", "Agent"),
    "el": ("Η συνομιλία σας με {name}", "Ορίστε η συνομιλία που ζητήσατε.", "Εσείς", "Εκπρόσωπος"),
    "en": ("Your conversation with {name}", "Here is the conversation you asked for.", "You", "Agent"),
    "es": ("Su conversación con {name}", "Esta es la conversación que ha pedido.", "Usted", "Agente"),
    "fr": (
        "Votre conversation avec {name}",
        "Voici la conversation que vous avez demandée.",
        "Vous",
        "Agent",
    ),
    "he": ("השיחה שלך עם {name}", "הנה השיחה שביקשת.", "את/ה", "נציג"),
    "hr": ("Vaš razgovor s {name}", "Ovo je razgovor koji ste zatražili.", "Vi", "Agent"),
    "id": ("Percakapan Anda dengan {name}", "Berikut percakapan yang Anda minta.", "Anda", "Agen"),
    "it": ("La sua conversazione con {name}", "Ecco la conversazione richiesta.", "Lei", "Agente"),
    "ja": ("{name} との会話", "ご依頼の会話をお送りします。", "お客様", "担当者"),
    "ko": ("{name}과(와)의 대화", "요청하신 대화 내용입니다.", "고객님", "상담원"),
    "nb": ("Samtalen din med {name}", "Her er samtalen du ba om.", "Du", "Medarbeider"),
    "nl": ("Uw gesprek met {name}", "Hier is het gesprek waarom u vroeg.", "U", "Medewerker"),
    "pl": ("Rozmowa z {name}", "Oto rozmowa, o którą poproszono.", "Klient", "Konsultant"),
    "pt": ("A sua conversa com {name}", "Aqui está a conversa que pediu.", "Você", "Agente"),
    "pt_BR": ("Sua conversa com {name}", "Aqui está a conversa que você pediu.", "Você", "Agente"),
    "ro": (
        "Conversația dumneavoastră cu {name}",
        "Iată conversația pe care ați cerut-o.",
        "Dumneavoastră",
        "Agent",
    ),
    "ru": ("Ваш разговор с {name}", "Вот разговор, который вы запросили.", "Вы", "Оператор"),
    "sv": ("Ditt samtal med {name}", "Här är samtalet som du bad om.", "Du", "Medarbetare"),
    "th": ("การสนทนาของคุณกับ {name}", "นี่คือการสนทนาที่คุณขอ", "คุณ", "เจ้าหน้าที่"),
    "tr": ("{name} ile görüşmeniz", "İstediğiniz görüşme aşağıdadır.", "Siz", "Temsilci"),
    "zh": ("您与 {name} 的对话", "以下是您索取的对话记录。", "您", "客服"),
    "zh_TW": ("您與 {name} 的對話", "以下是您索取的對話記錄。", "您", "客服"),
}
_RIGHT_TO_LEFT = {"ar", "he"}
_COLOR = re.compile(r"#[0-9a-fA-F]{6}")


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
            _Said(
                at.astimezone(zone),
                author == "customer",
                # What the environment remarks is said by nobody in particular.
                channel.name if author == "system" else name,
                words(content, files),
            )
            for author, name, content, files, at in reversed(rows)
        ]
        await handover.keep(
            connection,
            channel,
            "transcript",
            {"to": address, **written(channel.name, said, channel.locale(locale), _accent(channel))},
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


def _accent(channel: Channel) -> str:
    """The colour of the window's header; nothing else of the organisation's looks gets into an e-mail."""
    colors = channel.document.get("colors")
    color = colors.get("headerBackground") if isinstance(colors, dict) else None
    return color if isinstance(color, str) and _COLOR.fullmatch(color) else "#4338ca"


def written(name: str, said: list[_Said], locale: str, accent: str = "#4338ca") -> dict[str, str]:
    """{"subject", "text", "html"} of the e-mail, in the visitor's language as far as it is one of those here, else in English.

    `locale` is one of the channel's, `accent` a colour as #rrggbb. What can be styled in every mail program is styled: tables,
    styles on the elements, no pictures.
    """
    locale = locale.replace("-", "_")
    key = next((one for one in (locale, locale.partition("_")[0].lower()) if one in WORDS), "en")
    subject, lead, you, agent = WORDS[key]
    subject = subject.replace("{name}", name)
    times = _babel(locale if key != "en" or locale.startswith("en") else "en")
    kept, length = list[_Said](), 0
    for one in reversed(said):
        length += len(one.text)
        if length > LONGEST:
            break
        kept.insert(0, one)
    zone = str(get_timezone_name(kept[-1].at if kept else said[-1].at, locale=times))
    start, end = ("right", "left") if key in _RIGHT_TO_LEFT else ("left", "right")
    lines, rows, day, before = [lead, ""], list[str](), "", ""
    for one in kept:
        who = you if one.mine else one.who or agent
        moment = str(format_time(one.at, "short", locale=times))
        today = str(format_date(one.at, "full", locale=times))
        if today != day:
            day, before = today, ""
            lines += [f"— {today} —", ""]
            rows.append(f'<p style="{_DAY}">{html.escape(today)}</p>')
        lines += [f"{who} · {moment}", one.text, ""]
        # Whoever goes on speaking is named once.
        name_line = (
            ""
            if who == before
            else f'<strong style="color:#1c1e24"><bdi>{html.escape(who)}</bdi></strong> · '
        )
        before = who
        side, paper = (end, "#eef0fb") if one.mine else (start, "#f3f4f6")
        rows.append(
            f'<div style="margin:0 0 14px;text-align:{side}">'
            f'<div style="margin:0 0 3px;font-size:12px;color:#5d616d">{name_line}{html.escape(moment)}</div>'
            f'<div style="display:inline-block;max-width:85%;padding:9px 13px;border-radius:12px;background:{paper};'
            f'text-align:{start};overflow-wrap:anywhere">{html.escape(one.text).replace(chr(10), "<br>")}</div></div>'
        )
    lines.append(zone)
    body = (
        f'<!doctype html><html lang="{html.escape(locale.replace("_", "-"))}" dir="{"rtl" if start == "right" else "ltr"}">'
        '<head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f'<meta name="color-scheme" content="light"><title>{html.escape(subject)}</title></head>'
        f'<body style="margin:0;background:#f3f4f6;{_TYPE}">'
        '<table role="presentation" width="100%" cellpadding="0" cellspacing="0"><tr><td align="center" style="padding:24px 12px">'
        '<table role="presentation" width="600" cellpadding="0" cellspacing="0" style="width:100%;max-width:600px;'
        f'background:#ffffff;border-top:4px solid {accent};border-radius:12px;{_TYPE}">'
        f'<tr><td style="padding:22px 26px 4px;text-align:{start}"><h1 style="margin:0 0 6px;font-size:19px;line-height:1.3">'
        f'{html.escape(subject)}</h1><p style="margin:0;color:#5d616d">{html.escape(lead)}</p></td></tr>'
        f'<tr><td style="padding:8px 26px 12px">{"".join(rows)}</td></tr>'
        f'<tr><td style="padding:12px 26px 20px;border-top:1px solid #e3e5ea;font-size:12px;color:#5d616d;text-align:{start}">'
        f"{html.escape(zone)}</td></tr></table></td></tr></table></body></html>"
    )
    return {"subject": subject, "text": "\n".join(lines), "html": body}


_TYPE = "font-family:system-ui,-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;font-size:15px;line-height:1.5;color:#1c1e24"
_DAY = "margin:16px 0 14px;text-align:center;font-size:12px;color:#5d616d"


def _babel(locale: str) -> Locale:
    try:
        return Locale.parse(locale)
    except (UnknownLocaleError, ValueError):
        return Locale.parse("en")
