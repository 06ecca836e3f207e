"""The form of the page: fields over the section, and three lists whose rows are added and removed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from areas.contract import Section
from kit import time_zones
from kit.html import clean_block
from live_chat import rules
from live_chat.hours import DAYS, read_typed, written
from live_chat.section import AVAILABILITY_WORDS, FLAG_WORDS, OFFLINE_WORDS, by_language
from live_chat.sentences import PROBLEMS, WEEKDAYS, language_words, problem_sentence


@dataclass
class Row:
    """One line of a list as it was typed: names of its columns -> text, and what is wrong with each."""

    values: dict[str, str]
    errors: dict[str, str] = field(default_factory=dict)

    def empty(self, *ignored: str) -> bool:
        return not any(value.strip() for name, value in self.values.items() if name not in ignored)


HOLIDAY = ("date", "name", "yearly", "hours")
OVERRIDE = ("from", "until", "open", "note")
ITEM = ("label", "postback")
TEXT = ("language", "html")

#: What stands in a row nobody has written in.
_BLANK = {"yearly": "once", "open": "closed"}
#: Characters of a column that are read; one more than fits, so that it is said.
_LONGEST = {"html": rules.LONGEST_HTML + 1}


def _minutes(label: Any, help_text: Any) -> forms.IntegerField:
    return forms.IntegerField(
        label=label,
        help_text=help_text,
        min_value=0,
        max_value=rules.MOST_MINUTES,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )


def _switch(label: Any, help_text: Any = "") -> forms.BooleanField:
    return forms.BooleanField(label=label, help_text=help_text, required=False)


class LiveChatForm(forms.Form):
    """`holidays`, `overrides`, `items` and `texts` are rows; the last of each is empty, to be written in."""

    availability = forms.ChoiceField(
        label=_("The chat is online"), choices=list(AVAILABILITY_WORDS.items()), widget=forms.RadioSelect
    )
    time_zone = forms.ChoiceField(
        label=_("Time zone"), help_text=_("All times on this page are on the clock of this zone.")
    )
    show = forms.ChoiceField(
        label=_("Visitors who come while the chat is offline"),
        choices=list(OFFLINE_WORDS.items()),
        widget=forms.RadioSelect,
    )
    html = forms.CharField(
        label=_("Text above the form"),
        help_text=_(
            "Simple HTML: paragraphs, lists, links, bold. Visitors of every language read it that has no text of its own below. "
            "Empty, they read the phrase “offlineFormDesc” of their language."
        ),
        required=False,
        max_length=rules.LONGEST_HTML,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 4, "class": "form-control"}),
    )
    emails = forms.CharField(
        label=_("Send messages to"),
        help_text=_(
            "One e-mail address per line, at most 10. Every message is listed on this channel's page, too."
        ),
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 3, "class": "form-control", "spellcheck": "false"}),
    )
    transcript = _switch(
        _("Visitors may have the conversation sent to them"),
        _("The menu of the window offers it. At most three an hour to one visitor."),
    )
    warn_minutes = _minutes(_("Warn after (minutes)"), _("0: no warning."))
    end_minutes = _minutes(_("End after (minutes)"), _("0: never."))
    audio_notification = _switch(
        FLAG_WORDS["audio_notification"], _("Visitors can turn it on and off in the window's menu.")
    )
    typing_preview = _switch(
        FLAG_WORDS["typing_preview"], _("Before it is sent. Tell your visitors where the law asks for it.")
    )
    ai_label = _switch(FLAG_WORDS["ai_label"], _("A small label “AI” stands beside the name of a bot."))
    several_threads = _switch(
        FLAG_WORDS["several_threads"], _("Off, a customer goes on with the same conversation each time.")
    )
    persistent_menu = _switch(
        FLAG_WORDS["persistent_menu"], _("A button beside the message box opens the items below.")
    )
    seen = forms.CharField(widget=forms.HiddenInput, required=False, max_length=64)

    def __init__(
        self,
        data: Any = None,
        *,
        section: Section,
        kind: str,
        may_edit: bool,
        seen: str = "",
        languages: Sequence[tuple[str, str]] = (),
    ) -> None:
        """`languages`: (locale, name) of those a visitor may get."""
        super().__init__(data, initial={**_initial(section), "seen": seen})
        self.section_before, self.kind = section, kind
        zones = sorted(time_zones.names() | {section["hours"]["time_zone"]})
        self.fields["time_zone"].choices = [(one, one.replace("_", " ")) for one in zones]  # type: ignore[attr-defined]
        for day in DAYS:
            self.fields[day] = forms.CharField(
                label=capfirst(str(WEEKDAYS[day])),
                required=False,
                max_length=200,
                initial=written(section["hours"]["weekly"][day]),
                widget=forms.TextInput(attrs={"placeholder": _("closed"), "autocomplete": "off"}),
            )
        # What the page of this kind of channel does not ask is left as it was.
        absent = (
            ("show", "html", "emails", "warn_minutes", "end_minutes")
            if kind == "messaging"
            else ("several_threads",)
        )
        for name in absent:
            del self.fields[name]
        if not may_edit:
            for one in self.fields.values():
                one.disabled = True
        self.holidays = _rows(data, "holiday", HOLIDAY, _holidays(section))
        self.overrides = _rows(data, "override", OVERRIDE, _overrides(section))
        self.items = _rows(data, "item", ITEM, [dict(one) for one in section["menu"]])
        self.texts = _rows(data, "text", TEXT, _texts(section))
        self.languages = _choices(languages, self.texts)
        self.made: Section = section

    @property
    def days(self) -> list[forms.BoundField]:
        return [self[day] for day in DAYS]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        self.made = self._section(cleaned)
        rows = (*self.holidays, *self.overrides, *self.items, *self.texts)
        wrong_rows = any(row.errors for row in rows)
        for problem in rules.problems(self.made):
            if problem.note:
                continue
            wrong_rows |= self._place(problem)
        if wrong_rows:
            self.add_error(None, _("Correct what is marked in the lists."))
        return cleaned

    def _place(self, problem: rules.Problem) -> bool:
        """Put a problem where it belongs; tell whether that was a row."""
        parts = problem.path.split(".")
        sentence = problem_sentence(problem)
        for prefix, rows in (
            (["hours", "holidays"], self.holidays),
            (["hours", "overrides"], self.overrides),
            (["menu"], self.items),
        ):
            if parts[: len(prefix)] == prefix and len(parts) > len(prefix):
                inside = [row for row in rows if not row.empty("yearly", "open")]
                number, name = int(parts[len(prefix)]), parts[-1]
                if number < len(inside):
                    inside[number].errors.setdefault(name, sentence)
                    return True
        if parts[:2] == ["offline", "html_by_language"]:
            for row in self.texts:
                if row.values["language"] == parts[-1] or row.values["language"][:40] == problem.values.get(
                    "value"
                ):
                    row.errors.setdefault("language" if problem.code == "language" else "html", sentence)
                    return True
        name = "emails" if parts[:2] == ["offline", "emails"] else parts[-1]
        if name in self.fields and name not in self.errors:
            self.add_error(name, sentence)
        elif name not in self.fields:
            self.add_error(None, sentence)
        return False

    def _section(self, cleaned: dict[str, Any]) -> Section:
        before = self.section_before
        weekly = {day: self._day(day, cleaned) for day in DAYS}
        holidays = []
        for row in self.holidays:
            if not row.empty("yearly"):
                one = row.values
                holidays.append(
                    {
                        "name": one["name"].strip(),
                        "date": one["date"].strip(),
                        "yearly": one["yearly"] == "yearly",
                        "hours": self._typed(row, "hours"),
                    }
                )
        overrides = [
            {
                "from": _moment(row.values["from"]),
                "until": _moment(row.values["until"]),
                "open": row.values["open"] == "open",
                "note": row.values["note"].strip(),
            }
            for row in self.overrides
            if not row.empty("open")
        ]
        offline = dict(before["offline"])
        inactivity = dict(before["inactivity"])
        if self.kind != "messaging":
            offline = {
                "show": cleaned.get("show", offline["show"]),
                "html": clean_block(cleaned.get("html", "").replace("\r\n", "\n")),
                "emails": [one.strip() for one in cleaned.get("emails", "").splitlines() if one.strip()],
            }
            if texts := self._by_language():
                offline["html_by_language"] = texts
            inactivity = {
                name: cleaned.get(name, inactivity[name]) for name in ("warn_minutes", "end_minutes")
            }
        return {
            "format": rules.FORMAT,
            "hours": {
                "time_zone": cleaned.get("time_zone", before["hours"]["time_zone"]),
                "weekly": weekly,
                "holidays": holidays,
                "overrides": overrides,
            },
            "availability": cleaned.get("availability", before["availability"]),
            "offline": offline,
            "transcript": {"allowed": bool(cleaned.get("transcript"))},
            "inactivity": inactivity,
            "behaviour": {
                name: bool(cleaned.get(name)) if name in self.fields else before["behaviour"][name]
                for name in rules.FLAGS
            },
            "menu": [
                {name: row.values[name].strip() for name in ITEM} for row in self.items if not row.empty()
            ],
        }

    def _by_language(self) -> dict[str, str]:
        texts: dict[str, str] = {}
        for row in self.texts:
            language, html = row.values["language"].strip(), row.values["html"].replace("\r\n", "\n")
            if not language and html.strip():
                row.errors["language"] = str(PROBLEMS["language_missing"])
            elif language in texts:
                row.errors["language"] = str(PROBLEMS["language_twice"])
            elif language:
                texts[language] = clean_block(html)
        return texts

    def _day(self, day: str, cleaned: Mapping[str, Any]) -> list[list[str]]:
        try:
            return read_typed(cleaned.get(day, ""))
        except ValueError:
            self.add_error(day, str(PROBLEMS["range"]))
            return []

    def _typed(self, row: Row, name: str) -> list[list[str]]:
        try:
            return read_typed(row.values[name])
        except ValueError:
            row.errors[name] = str(PROBLEMS["range"])
            return []


def _initial(section: Section) -> dict[str, Any]:
    offline = section["offline"]
    return {
        "availability": section["availability"],
        "time_zone": section["hours"]["time_zone"],
        "show": offline["show"],
        "html": offline["html"],
        "emails": "\n".join(offline["emails"]),
        "transcript": section["transcript"]["allowed"],
        **section["inactivity"],
        **section["behaviour"],
    }


def _holidays(section: Section) -> list[dict[str, str]]:
    return [
        {
            "date": one["date"],
            "name": one["name"],
            "yearly": "yearly" if one["yearly"] else "once",
            "hours": written(one["hours"]),
        }
        for one in section["hours"]["holidays"]
    ]


def _overrides(section: Section) -> list[dict[str, str]]:
    return [
        {
            "from": one["from"],
            "until": one["until"],
            "open": "open" if one["open"] else "closed",
            "note": one["note"],
        }
        for one in section["hours"]["overrides"]
    ]


def _texts(section: Section) -> list[dict[str, str]]:
    return [{"language": locale, "html": html} for locale, html in sorted(by_language(section).items())]


def _choices(languages: Sequence[tuple[str, str]], rows: list[Row]) -> list[tuple[str, str]]:
    """What the languages of texts are chosen from. One that the channel does not have any more keeps its text."""
    offered = {locale: f"{name} ({locale})" for locale, name in languages}
    for row in rows:
        if (locale := row.values["language"]) and locale not in offered:
            offered[locale] = gettext("%(language)s: no language of this channel") % {
                "language": language_words(locale)
            }
    return [("", gettext("Choose a language")), *offered.items()]


def _rows(data: Any, prefix: str, names: tuple[str, ...], stored: list[dict[str, str]]) -> list[Row]:
    """The list as a browser posts it, a value a row for each column, in the order of the page; or as it is stored."""
    if data is not None:
        lists = [data.getlist(f"{prefix}_{name}")[:300] for name in names]
        count = max((len(one) for one in lists), default=0)
        made = [
            Row(
                {
                    name: (values[number] if number < len(values) else "")[: _LONGEST.get(name, 1000)]
                    for name, values in zip(names, lists, strict=True)
                }
            )
            for number in range(count)
        ]
        rows = [row for row in made if not row.empty("yearly", "open")]
    else:
        rows = [Row(one) for one in stored]
    return [*rows, Row({name: _BLANK.get(name, "") for name in names})]


def _moment(text: str) -> str:
    """A date with a time as a browser or a person writes it."""
    return text.strip().replace(" ", "T")[:16]
