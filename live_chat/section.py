"""Draft of a channel's live chat <-> its section; what is wrong with a section, and its piece of the channel JSON.

The section's shape and meaning are in `live_chat.rules`, which the environment reads as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from areas.contract import Line, Problem, Section, Sections
from channels_config.models import Channel
from kit.html import clean_block
from live_chat import rules
from live_chat.hours import DAYS, written
from live_chat.models import LiveChat
from live_chat.sentences import WEEKDAYS, language_words, problem_sentence
from tenants.prepared import Prepared

AREA_NAME = "live_chat"
PIECES = ("hours", "availability", "offline", "transcript", "inactivity", "behaviour", "menu")

AVAILABILITY_WORDS = {
    "agents": _("When open and an agent is at the desk"),
    "hours": _("By the hours alone"),
    "always": _("Always"),
}
OFFLINE_WORDS = {
    "form": _("Show the offline form"),
    "notice": _("Say so, without a form"),
    "hide": _("Hide the chat"),
}
FLAG_WORDS = {
    "audio_notification": _("Sound at a new message"),
    "typing_preview": _("Agents see what the visitor is typing"),
    "ai_label": _("Mark messages written by a machine"),
    "several_threads": _("Several conversations per customer"),
    "persistent_menu": _("Persistent menu"),
}


def dump(channel: Channel) -> Section:
    """The section of the channel's draft; a channel without one has the defaults, in its organisation's time zone."""
    draft = _drafts.first(channel.pk)
    if draft is None:
        return rules.default_section(channel.tenant.time_zone)
    return {"format": rules.FORMAT, **{name: getattr(draft, name) for name in PIECES}}


_drafts = Prepared(lambda channel: LiveChat.objects.filter(channel=channel).order_by("pk")[:1], int)


def load(channel: Channel, section: Section) -> None:
    """Write a section into the draft; the inverse of `dump`."""
    values = {name: section[name] for name in PIECES}
    if not LiveChat.objects.filter(channel=channel).update(**values):
        LiveChat.objects.create(channel=channel, **values)


def check(section: Any, sections: Sections) -> list[Problem]:
    """Everything wrong with a section from anywhere; only errors keep it from being published."""
    found = [
        Problem(AREA_NAME, one.path, problem_sentence(one), blocking=not one.note)
        for one in rules.problems(section)
    ]
    if not any(one.blocking for one in found):
        texts = {"offline.html": section["offline"]["html"]} | {
            f"offline.html_by_language.{locale}": text for locale, text in by_language(section).items()
        }
        found += [
            Problem(AREA_NAME, path, gettext("This HTML cannot be read reliably."))
            for path, html in texts.items()
            if clean_block(clean_block(html)) != clean_block(html)
        ]
    return found


def by_language(section: Section) -> dict[str, str]:
    """Texts above the offline form, by locale; a section of before there were any has none."""
    found: dict[str, str] = section["offline"].get("html_by_language", {})
    return found


def public(section: Section) -> dict[str, Any]:
    """Its piece of the channel JSON (wire contract 1.1, "Basics"); hours and addresses stay with the environment.

    Texts for one language travel beside the one for all; an environment serves each visitor theirs as `html`, and no others.
    """
    offline, behaviour = section["offline"], section["behaviour"]
    html = clean_block(offline["html"])
    texts = {locale: clean_block(text) for locale, text in by_language(section).items()}
    return {
        "settings": {
            "liveChatShowOfflineForm": offline["show"] == "form",
            "liveChatHiddenOnOffline": offline["show"] == "hide",
            "liveChatOfflineForm": {
                "isEnabled": offline["show"] == "form",
                "isCustom": bool(html.strip()),
                "html": html,
                **({"htmlByLanguage": texts} if texts else {}),
            },
            "liveChatAllowTranscript": section["transcript"]["allowed"],
            "liveChatAllowAudioNotification": behaviour["audio_notification"],
            "enableChatTypingPreview": behaviour["typing_preview"],
            "enableAiLabel": behaviour["ai_label"],
            "hasMultipleThreadsPerEndUser": behaviour["several_threads"],
            "enablePersistentMenu": behaviour["persistent_menu"] and bool(section["menu"]),
        }
    }


def phrases(section: Section) -> dict[str, str]:
    """The items of the menu, each offered for translation."""
    return {rules.label_key(item): item["label"] for item in section["menu"]}


def describe(section: Section) -> Mapping[Any, Any]:
    """The section in a reader's words."""
    hours, offline, inactivity = section["hours"], section["offline"], section["inactivity"]
    return {
        _("Online"): AVAILABILITY_WORDS[section["availability"]],
        _("Time zone"): hours["time_zone"],
        _("Opening hours"): {WEEKDAYS[day]: day_words(hours["weekly"][day]) for day in DAYS},
        _("Holidays"): [holiday_words(one) for one in hours["holidays"]],
        _("Temporary exceptions"): [override_words(one) for one in hours["overrides"]],
        _("When offline"): OFFLINE_WORDS[offline["show"]],
        _("Text above the offline form"): offline["html"],
        _("Text above the offline form, by language"): {
            language_words(locale): text for locale, text in sorted(by_language(section).items())
        },
        _("Offline messages go to"): list(offline["emails"]),
        _("Transcript by e-mail"): section["transcript"]["allowed"],
        _("Warning after (minutes)"): inactivity["warn_minutes"],
        _("End after (minutes)"): inactivity["end_minutes"],
        **{FLAG_WORDS[name]: section["behaviour"][name] for name in rules.FLAGS},
        _("Items of the menu"): [f"{one['label']} → {one['postback']}" for one in section["menu"]],
    }


def day_words(ranges: list[list[str]]) -> str:
    return written(ranges) or gettext("closed")


def holiday_words(one: Mapping[str, Any]) -> str:
    every = gettext(", every year") if one["yearly"] else ""
    return f"{one['date']}{every} · {one['name']} · {day_words(one['hours'])}"


def override_words(one: Mapping[str, Any]) -> str:
    state = gettext("open") if one["open"] else gettext("closed")
    note = f" · {one['note']}" if one["note"] else ""
    return f"{one['from'].replace('T', ' ')} → {one['until'].replace('T', ' ')} · {state}{note}"


def from_channel_json(document: Mapping[str, Any], section: Section) -> tuple[Section, list[Line]]:
    """Take over what a channel JSON says of offline form, transcript and behaviour; hours are no part of it."""
    settings = document.get("settings")
    if not isinstance(settings, Mapping):
        return section, []
    behaviour, transcript, offline = (
        dict(section["behaviour"]),
        dict(section["transcript"]),
        dict(section["offline"]),
    )
    lines: list[Line] = []

    def flag(name: str) -> bool | None:
        value = settings.get(name)
        if name in settings and not isinstance(value, bool):
            lines.append(Line("unknown", f"settings.{name}", _("true or false belongs here.")))
        elif isinstance(value, bool):
            lines.append(Line("taken", f"settings.{name}"))
            return value
        return None

    for key, name in (
        ("liveChatAllowAudioNotification", "audio_notification"),
        ("enableChatTypingPreview", "typing_preview"),
        ("enableAiLabel", "ai_label"),
        ("hasMultipleThreadsPerEndUser", "several_threads"),
        ("enablePersistentMenu", "persistent_menu"),
    ):
        if (given := flag(key)) is not None:
            behaviour[name] = given
    if (allowed := flag("liveChatAllowTranscript")) is not None:
        transcript["allowed"] = allowed
    shown, hidden = flag("liveChatShowOfflineForm"), flag("liveChatHiddenOnOffline")
    if hidden:
        offline["show"] = "hide"
    elif shown is not None:
        offline["show"] = "form" if shown else "notice"
    form = settings.get("liveChatOfflineForm")
    if isinstance(form, Mapping) and isinstance(form.get("html"), str):
        html = form["html"] if form.get("isCustom") is True else ""
        # What is taken over is said to everybody.
        offline.pop("html_by_language", None)
        offline["html"] = clean_block(html)[: rules.LONGEST_HTML].replace("\0", "")
        lines.append(
            Line("taken", "settings.liveChatOfflineForm.html")
            if offline["html"] == form["html"]
            else Line(
                "changed",
                "settings.liveChatOfflineForm.html",
                _("Only simple formatting is taken over; the form itself is ours."),
            )
        )
    made = {**section, "behaviour": behaviour, "transcript": transcript, "offline": offline}
    return made, lines
