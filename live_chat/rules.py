"""What a section of live chat holds, what may be wrong with it, and whether its channel is online. Pure; runs in the environment.

The section:

    {"format": 1,
     "hours": {"time_zone": IANA name,
               "weekly": {"monday": [["09:00", "12:00"], ["13:00", "17:00"]], … "sunday": []},     "24:00" ends a day
               "holidays": [{"name", "date": "2026-12-25", "yearly": bool, "hours": [ranges; none: closed]}],
               "overrides": [{"from": "2026-11-24T12:00", "until": "2026-11-24T15:00", "open": bool, "note"}]},   local times
     "availability": "agents" | "hours" | "always",
     "offline": {"show": "form" | "notice" | "hide", "html": text, "emails": [addresses],
                 "html_by_language": {"fr_CA": text}},            beside "html", which is for every other language; may be missing
     "transcript": {"allowed": bool},
     "inactivity": {"warn_minutes": int, "end_minutes": int},                                      0: never
     "behaviour": {"audio_notification", "typing_preview", "ai_label", "several_threads", "persistent_menu": bool},
     "menu": [{"label", "postback"}]}
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import pairwise
from typing import Any

from kit import time_zones
from live_chat.hours import DAY, DAYS, minutes, spans
from live_chat.hours import Hours as Hours

FORMAT = 1
AVAILABILITIES = ("agents", "hours", "always")
OFFLINE = ("form", "notice", "hide")
FLAGS = ("audio_notification", "typing_preview", "ai_label", "several_threads", "persistent_menu")

MOST_RANGES = 6
MOST_HOLIDAYS = 200
MOST_OVERRIDES = 50
MOST_EMAILS = 10
MOST_ITEMS = 12
MOST_LANGUAGES = 60
MOST_MINUTES = 24 * 60
LONGEST_NAME = 120
LONGEST_HTML = 10_000
LONGEST_LABEL = 80
LONGEST_POSTBACK = 500

#: A locale as the area of translations writes it.
_LOCALE = re.compile(r"[a-z]{2,3}(_[A-Z][a-z]{3})?(_([A-Z]{2}|[0-9]{3}))?", re.ASCII)
_EMAIL = re.compile(r"[^\s@<>,;:\"()\[\]\\]{1,64}@[^\s@<>,;:\"()\[\]\\]+\.[^\s@<>,;:\"()\[\]\\.]{2,63}")


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong at `path`; `code` is a key of `live_chat.sentences.PROBLEMS`. A "note" does not keep from publishing."""

    path: str
    code: str
    values: dict[str, Any] = field(default_factory=dict)
    note: bool = False


def default_section(time_zone: str = "America/Toronto") -> dict[str, Any]:
    """A channel nobody has touched: open round the clock, a form when it is offline all the same."""
    return {
        "format": FORMAT,
        "hours": {
            "time_zone": time_zone,
            "weekly": {day: [["00:00", "24:00"]] for day in DAYS},
            "holidays": [],
            "overrides": [],
        },
        "availability": "always",
        "offline": {"show": "form", "html": "", "emails": []},
        "transcript": {"allowed": False},
        "inactivity": {"warn_minutes": 0, "end_minutes": 0},
        "behaviour": {
            "audio_notification": False,
            "typing_preview": False,
            "ai_label": False,
            "several_threads": True,
            "persistent_menu": False,
        },
        "menu": [],
    }


def is_email(text: object) -> bool:
    return isinstance(text, str) and len(text) <= 254 and _EMAIL.fullmatch(text) is not None


def item_id(item: Mapping[str, Any]) -> str:
    """The id of an item of the persistent menu: the same for the same words, without being kept anywhere."""
    return hashlib.sha256(f"{item['label']}\0{item['postback']}".encode()).hexdigest()[:16]


def label_key(item: Mapping[str, Any]) -> str:
    """The translation key of an item's label."""
    return f"persistentMenu.{item_id(item)}"


def status(hours: Hours, availability: str, instant: datetime, *, agents: bool) -> str:
    """ "online" or "offline": what clients are told (wire contract 3.1, endpoint 2)."""
    if availability == "always":
        return "online"
    if not hours.at(instant).open:
        return "offline"
    return "online" if availability == "hours" or agents else "offline"


# -- What may be wrong ------------------------------------------------------------------------------------------------

_SHAPE: dict[str, Any] = {
    "format": int,
    "hours": {"time_zone": str, "weekly": dict.fromkeys(DAYS, list), "holidays": list, "overrides": list},
    "availability": str,
    "offline": {"show": str, "html": str, "emails": list, "html_by_language": dict},
    "transcript": {"allowed": bool},
    "inactivity": {"warn_minutes": int, "end_minutes": int},
    "behaviour": dict.fromkeys(FLAGS, bool),
    "menu": list,
}
#: Came later: releases of before do not have it.
_OPTIONAL = frozenset({"offline.html_by_language"})
_HOLIDAY = {"name": str, "date": str, "yearly": bool, "hours": list}
_OVERRIDE = {"from": str, "until": str, "open": bool, "note": str}
_ITEM = {"label": str, "postback": str}


def problems(section: Any) -> list[Problem]:
    """Everything wrong with any JSON at all; the shape first. Never raises."""
    found = _misshapen(section, _SHAPE, "")
    if found:
        return found
    hours = section["hours"]
    for path, entries, shape, most in (
        ("hours.holidays", hours["holidays"], _HOLIDAY, MOST_HOLIDAYS),
        ("hours.overrides", hours["overrides"], _OVERRIDE, MOST_OVERRIDES),
        ("menu", section["menu"], _ITEM, MOST_ITEMS),
    ):
        if len(entries) > most:
            return [Problem(path, "too_many", {"most": most})]
        for number, entry in enumerate(entries):
            found += _misshapen(entry, shape, f"{path}.{number}")
    if found:
        return found
    if section["format"] != FORMAT:
        found.append(Problem("format", "format"))
    if hours["time_zone"] not in time_zones.names():
        found.append(Problem("hours.time_zone", "time_zone", {"value": hours["time_zone"][:60]}))
    for day in DAYS:
        found += _ranges(hours["weekly"][day], f"hours.weekly.{day}")
    found += _holidays(hours["holidays"]) + _overrides(hours["overrides"])
    for name, choices in (("availability", AVAILABILITIES), ("offline.show", OFFLINE)):
        value = section["availability"] if name == "availability" else section["offline"]["show"]
        if value not in choices:
            found.append(Problem(name, "choice"))
    found += _offline(section["offline"]) + _inactivity(section["inactivity"]) + _menu(section["menu"])
    if not found and section["availability"] != "always" and not _ever_open(hours):
        found.append(Problem("hours.weekly", "never_open", note=True))
    return found


def _misshapen(value: Any, shape: Any, path: str) -> list[Problem]:
    """Where something of another kind stands than the section has there."""
    if isinstance(shape, dict):
        if not isinstance(value, dict):
            return [Problem(path, "object")]
        dot = f"{path}." if path else ""
        found = [Problem(f"{dot}{name}", "unknown") for name in value if name not in shape]
        for name, inner in shape.items():
            if name not in value:
                if f"{dot}{name}" not in _OPTIONAL:
                    found.append(Problem(f"{dot}{name}", "missing"))
            else:
                found += _misshapen(value[name], inner, f"{dot}{name}")
        return found
    right = isinstance(value, shape) and (shape is not int or not isinstance(value, bool))
    if right and shape is str and not _storable(value):
        return [Problem(path, "characters")]
    return [] if right else [Problem(path, "object" if shape is dict else shape.__name__)]


def _storable(text: str) -> bool:
    if "\0" in text:
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _ranges(ranges: list[Any], path: str) -> list[Problem]:
    if len(ranges) > MOST_RANGES:
        return [Problem(path, "too_many", {"most": MOST_RANGES})]
    for one in ranges:
        ends = [minutes(end) for end in one] if isinstance(one, list) and len(one) == 2 else [None]
        if None in ends or ends[0] == DAY:
            return [Problem(path, "range")]
    inside = spans(ranges)
    if any(one[1] > next_one[0] for one, next_one in pairwise(inside)):
        return [Problem(path, "overlap")]
    return []


def _holidays(entries: list[dict[str, Any]]) -> list[Problem]:
    found, seen = [], set()
    for number, one in enumerate(entries):
        path = f"hours.holidays.{number}"
        on = _date(one["date"])
        if on is None:
            found.append(Problem(f"{path}.date", "date"))
        else:
            key = (one["yearly"], (on.month, on.day) if one["yearly"] else on)
            if key in seen:
                found.append(Problem(f"{path}.date", "twice"))
            seen.add(key)
        found += _text(one["name"], f"{path}.name", LONGEST_NAME) + _ranges(one["hours"], f"{path}.hours")
    return found


def _overrides(entries: list[dict[str, Any]]) -> list[Problem]:
    found = []
    for number, one in enumerate(entries):
        path = f"hours.overrides.{number}"
        start, end = _moment(one["from"]), _moment(one["until"])
        if start is None:
            found.append(Problem(f"{path}.from", "moment"))
        if end is None:
            found.append(Problem(f"{path}.until", "moment"))
        if start is not None and end is not None and end <= start:
            found.append(Problem(f"{path}.until", "backwards"))
        found += _text(one["note"], f"{path}.note", LONGEST_NAME, empty=True)
    return found


def _offline(offline: Mapping[str, Any]) -> list[Problem]:
    found = []
    if len(offline["html"]) > LONGEST_HTML:
        found.append(Problem("offline.html", "too_long", {"most": LONGEST_HTML}))
    texts = offline.get("html_by_language", {})
    if len(texts) > MOST_LANGUAGES:
        found.append(Problem("offline.html_by_language", "too_many", {"most": MOST_LANGUAGES}))
        texts = {}
    for locale, text in texts.items():
        if not isinstance(locale, str) or not _LOCALE.fullmatch(locale):
            # Not at a path of its own: whatever it is, it has to be said.
            value = ascii(locale)[1:-1][:40] if isinstance(locale, str) else ""
            found.append(Problem("offline.html_by_language", "language", {"value": value}))
            continue
        path = f"offline.html_by_language.{locale}"
        found += _misshapen(text, str, path) or _text(text, path, LONGEST_HTML)
    if len(offline["emails"]) > MOST_EMAILS:
        return [*found, Problem("offline.emails", "too_many", {"most": MOST_EMAILS})]
    seen = set()
    for number, address in enumerate(offline["emails"]):
        path = f"offline.emails.{number}"
        if not is_email(address):
            found.append(Problem(path, "email", {"value": str(address)[:120]}))
        elif address.lower() in seen:
            found.append(Problem(path, "email_twice", {"value": address}))
        else:
            seen.add(address.lower())
    return found


def _inactivity(inactivity: Mapping[str, Any]) -> list[Problem]:
    warn, end = inactivity["warn_minutes"], inactivity["end_minutes"]
    found = [
        Problem(f"inactivity.{name}", "minutes", {"most": MOST_MINUTES})
        for name in ("warn_minutes", "end_minutes")
        if not 0 <= inactivity[name] <= MOST_MINUTES
    ]
    if not found and warn and not end:
        found.append(Problem("inactivity.end_minutes", "warns_of_nothing"))
    elif not found and warn and warn >= end:
        found.append(Problem("inactivity.warn_minutes", "warns_too_late"))
    return found


def _menu(items: list[dict[str, Any]]) -> list[Problem]:
    found, seen = [], set()
    for number, one in enumerate(items):
        found += _text(one["label"], f"menu.{number}.label", LONGEST_LABEL)
        found += _text(one["postback"], f"menu.{number}.postback", LONGEST_POSTBACK)
        if item_id(one) in seen:
            found.append(Problem(f"menu.{number}.label", "item_twice"))
        seen.add(item_id(one))
    return found


def _text(text: str, path: str, most: int, *, empty: bool = False) -> list[Problem]:
    if len(text) > most:
        return [Problem(path, "too_long", {"most": most})]
    return [Problem(path, "empty")] if not text.strip() and not empty else []


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if re.fullmatch(r"[12]\d{3}-\d\d-\d\d", text) else None
    except ValueError:
        return None


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if re.fullmatch(r"[12]\d{3}-\d\d-\d\dT\d\d:\d\d", text) else None
    except ValueError:
        return None


def _ever_open(hours: Mapping[str, Any]) -> bool:
    return any(hours["weekly"].values()) or any(one["hours"] for one in hours["holidays"])
