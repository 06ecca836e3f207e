"""What is wrong with a section, and what a verdict on the hours means, in a person's words."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from django.utils import formats
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from live_chat.hours import DAYS, Verdict
from live_chat.rules import Problem

PROBLEMS: dict[str, Promise] = {
    "object": _("An object belongs here."),
    "unknown": _("There is no such field."),
    "missing": _("This field is missing."),
    "characters": _("There are characters in it that cannot be kept."),
    "int": _("A whole number belongs here."),
    "str": _("A text belongs here."),
    "bool": _("true or false belongs here."),
    "list": _("A list belongs here."),
    "format": _("This format is not known here."),
    "time_zone": _("“%(value)s” is not a time zone of the IANA database."),
    "range": _("Hours are written as 09:00–12:00, 13:00–17:00; the day ends at 24:00."),
    "overlap": _("Two ranges overlap."),
    "too_many": _("At most %(most)s fit here."),
    "too_long": _("At most %(most)s characters fit here."),
    "date": _("This is not a date, such as 2026-12-25."),
    "twice": _("This day is in the list already."),
    "moment": _("This is not a date with a time, such as 2026-12-25 09:00."),
    "backwards": _("It ends before it begins."),
    "empty": _("Write something here."),
    "choice": _("This is none of the choices."),
    "email": _("“%(value)s” is not an e-mail address."),
    "email_twice": _("“%(value)s” is in the list already."),
    "minutes": _("Between 0 and %(most)s minutes."),
    "warns_of_nothing": _("The warning announces an end: say after how many minutes it comes."),
    "warns_too_late": _("The warning has to come before the end."),
    "language": _("“%(value)s” is not a language, such as fr_CA."),
    "language_twice": _("This language is in the list already."),
    "language_missing": _("Choose the language of this text."),
    "item_twice": _("This item is in the menu already."),
    "never_open": _("There are no opening hours at all: the channel is offline for ever."),
}

WEEKDAYS: dict[str, Promise] = dict(
    zip(
        DAYS,
        (
            _("Monday"),
            _("Tuesday"),
            _("Wednesday"),
            _("Thursday"),
            _("Friday"),
            _("Saturday"),
            _("Sunday"),
        ),
        strict=True,
    )
)


def problem_sentence(problem: Problem) -> str:
    return str(PROBLEMS[problem.code]) % problem.values


def moment_words(instant: datetime, zone: ZoneInfo) -> str:
    """ "Monday 30 November, 09:00" in the reader's language and the channel's time zone."""
    local = instant.astimezone(zone)
    day = WEEKDAYS[DAYS[local.weekday()]]
    return gettext("%(weekday)s %(date)s, %(time)s") % {
        "weekday": day,
        "date": formats.date_format(local, gettext("j F")),
        "time": f"{local:%H:%M}",
    }


def why_words(verdict: Verdict) -> str:
    """What decided: "the usual hours", "the holiday “Noël”", "an exception"."""
    if verdict.why == "holiday":
        return gettext("because of the holiday “%(name)s”") % {"name": verdict.name}
    if verdict.why == "override":
        if verdict.name:
            return gettext("because of the exception “%(name)s”") % {"name": verdict.name}
        return gettext("because of an exception")
    return gettext("by the weekly hours")


def until_words(verdict: Verdict, zone: ZoneInfo) -> str:
    """When that changes, or that it does not."""
    if verdict.until is None:
        return gettext("Nothing changes that.")
    moment = moment_words(verdict.until, zone)
    if verdict.open:
        return gettext("Closes %(moment)s.") % {"moment": moment}
    return gettext("Opens again %(moment)s.") % {"moment": moment}


def language_words(locale: str) -> str:
    """A locale by its name in the interface's language and its code, which tells it from others of that name: "Français (fr)"."""
    try:
        name = Locale.parse(locale).get_display_name((get_language() or "en").replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        name = None
    return f"{name[:1].upper()}{name[1:]} ({locale})" if name else locale
