"""The form of a Guide: what a person may type, and the sentence when it is wrong.

Entry points are fields with names of their own: `entry` (repeated, in order) holds their keys; `<key>:name`, `<key>:rule` (repeated)
and `<key>:<rule>:effect|how|value`; `<key>:offer` (repeated, all channels, in order) and `<key>:<channel>:on|called|hide`. Buttons named
`do` change their structure without saving, so that all of it works without script.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.formats import number_format
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from areas.contract import Section
from channels_config import colors
from channels_config.area_forms import ColorField, Where, where
from channels_config.domains import read_domains
from guide import look, rules
from guide.section import (
    LONGEST_NAME,
    LONGEST_TEXT,
    MEASURE_LABELS,
    MOST_ENTRIES,
    MOST_RULES,
    POSITION_LABELS,
    SHAPE_LABELS,
    TEXT_LABELS,
    new_entry,
)
from translations.rules import catalogue

WHERE_SENTENCES = {
    Where.ANYWHERE: gettext_lazy("Any page that carries the snippet shows the Guide."),
    Where.LISTED: gettext_lazy("A page from another domain is refused, whatever snippet it carries."),
    Where.NOWHERE: gettext_lazy("No page shows the Guide, as of now."),
}

_KEY = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


class GuideForm(forms.Form):
    """Everything but the entry points, over the section of `guide`."""

    position = forms.ChoiceField(
        label=gettext_lazy("Side"),
        choices=[*POSITION_LABELS.items()],
        widget=forms.RadioSelect,
    )
    shape = forms.ChoiceField(
        label=gettext_lazy("Shape of the button"),
        choices=[*SHAPE_LABELS.items()],
        widget=forms.RadioSelect,
    )
    font = forms.ChoiceField(
        label=gettext_lazy("Font"),
        choices=[(key, label) for key, (label, _stack) in look.FONTS.items()],
        required=False,
    )
    font_size = forms.IntegerField(
        label=gettext_lazy("Size of text, in pixels"),
        min_value=look.SMALLEST_FONT,
        max_value=look.LARGEST_FONT,
        required=False,
    )
    radius = forms.IntegerField(
        label=gettext_lazy("Roundness of corners, in pixels"),
        min_value=0,
        max_value=look.LARGEST_RADIUS,
        required=False,
    )
    rank = forms.IntegerField(
        label=gettext_lazy("Rank"),
        help_text=gettext_lazy(
            "Where two Guides of your organisation fit the same page, the one with the smaller number shows."
        ),
        min_value=1,
        max_value=999,
    )
    where = forms.ChoiceField(
        label=gettext_lazy("Where may the Guide appear?"), choices=Where, widget=forms.RadioSelect
    )
    allowed_domains = forms.CharField(
        label=gettext_lazy("Allowed domains"),
        help_text=gettext_lazy(
            "One for each line: www.example.com; *.example.com for all its sub-domains; example.com:8443 with a port, "
            "example.com:* with any."
        ),
        required=False,
        widget=forms.Textarea(
            attrs={"rows": 4, "spellcheck": "false", "autocapitalize": "off", "class": "form-control"}
        ),
    )
    seen = forms.CharField(widget=forms.HiddenInput, required=False, max_length=64)

    def __init__(
        self, data: Any = None, *, section: Section, may_edit: bool, seen: str, channels: Mapping[str, str]
    ) -> None:
        """`channels`: id -> name of the organisation's channels, in the order of their names."""
        branding, place, texts = section["branding"], section["place"], section["texts"]
        super().__init__(
            data,
            initial={
                **{name: place[name] for name in look.DEFAULT_PLACE},
                **{f"color_{name}": branding[name] for name in look.COLORS},
                **{f"text_{name}": texts[name] for name in rules.TEXTS},
                "font": branding["font"],
                "font_size": branding["font_size"],
                "radius": branding["radius"],
                "rank": section["rank"],
                "where": where(section),
                "allowed_domains": "\n".join(section["allowed_domains"]),
                "seen": seen,
            },
        )
        for name, label in look.COLORS.items():
            self.fields[f"color_{name}"] = ColorField(
                label=cast(Any, label),
                max_length=20,
                required=False,
                widget=forms.TextInput(attrs={"placeholder": _("the channel's own")}),
            )
        for name, (least, most, _usual) in look.MEASURES.items():
            self.fields[name] = forms.IntegerField(
                label=cast(Any, MEASURE_LABELS[name]), min_value=least, max_value=most
            )
        for name in rules.TEXTS:
            self.fields[f"text_{name}"] = forms.CharField(
                label=cast(Any, TEXT_LABELS[name]),
                required=False,
                max_length=LONGEST_TEXT,
                widget=forms.TextInput(attrs={"placeholder": shipped(name)}),
            )
        for name, one in self.fields.items():
            if name != "seen" and not may_edit:
                one.disabled = True
        self.base = section
        self.channels = channels
        posted = isinstance(data, QueryDict) and may_edit
        self.entries = (
            posted_entries(data, channels)
            if posted
            else [Entry.of(one, channels) for one in section["entries"]]
        )

    @property
    def color_fields(self) -> list[tuple[str, forms.BoundField]]:
        return [(name, self[f"color_{name}"]) for name in look.COLORS]

    @property
    def measure_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in look.MEASURES]

    @property
    def text_fields(self) -> list[forms.BoundField]:
        return [self[f"text_{name}"] for name in rules.TEXTS]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        chosen = cleaned.get("where")
        cleaned["domains"] = []
        if chosen != Where.NOWHERE:
            try:
                cleaned["domains"] = read_domains(cleaned.get("allowed_domains", ""))
            except ValidationError as refused:
                self.add_error("allowed_domains", refused)
            else:
                if chosen == Where.LISTED and not cleaned["domains"]:
                    self.add_error(
                        "allowed_domains",
                        ValidationError(
                            gettext_lazy("List at least one domain, or choose “%(nowhere)s”."),
                            params={"nowhere": Where.NOWHERE.label},
                            code="empty",
                        ),
                    )
        for number, entry in enumerate(self.entries, start=1):
            for said in entry.look_at():
                self.add_error(None, _("Entry point %(number)s: %(what)s") % {"number": number, "what": said})
        return cleaned

    def section(self, base: Section) -> Section:
        """The section with what was typed in place of what `base` says; where a field was wrong, `base` stands."""
        cleaned = self.cleaned_data
        branding, place = dict(base["branding"]), dict(base["place"])
        for name in look.COLORS:
            branding[name] = cleaned.get(f"color_{name}", branding[name])
        branding["font"] = cleaned.get("font", branding["font"])
        for name in ("font_size", "radius"):
            branding[name] = cleaned.get(name, branding[name])
        for name in look.DEFAULT_PLACE:
            place[name] = cleaned.get(name, place[name])
        made = {
            **base,
            "rank": cleaned.get("rank", base["rank"]),
            "branding": branding,
            "place": place,
            "texts": {name: cleaned.get(f"text_{name}", base["texts"][name]) for name in rules.TEXTS},
            "entries": [entry.as_section() for entry in self.entries],
        }
        if "allowed_domains" not in self.errors and "domains" in cleaned:
            made["allowed_domains"] = cleaned["domains"]
            made["domains_restricted"] = cleaned.get("where", where(base)) != Where.ANYWHERE
        return made

    def change(self, act: str) -> str:
        """Do what a button named `do` says to the entry points; returns the id of what should have the focus.

        "add"; "remove|up|down:<entry>"; "rule:<entry>"; "unrule:<entry>:<rule>"; "first|last:<entry>:<channel>" (an offer a place up or
        down). Anything else changes nothing.
        """
        word, _colon, rest = act.partition(":")
        key, _colon, inner = rest.partition(":")
        if word == "add" and len(self.entries) < MOST_ENTRIES:
            made = new_entry(
                _("Every page")
                if not self.entries
                else _("Entry point %(number)s") % {"number": len(self.entries) + 1}
            )
            self.entries.append(Entry.of(made, self.channels))
            return f"{made['id']}-name"
        at = next((number for number, one in enumerate(self.entries) if one.id == key), None)
        if at is None:
            return ""
        entry = self.entries[at]
        if word == "remove":
            del self.entries[at]
            return "guide-add"
        if word in {"up", "down"}:
            to = at + (-1 if word == "up" else 1)
            if 0 <= to < len(self.entries):
                self.entries.insert(to, self.entries.pop(at))
            return f"{key}-{word}"
        if word == "rule" and len(entry.rules) < MOST_RULES:
            entry.rules.append(Rule("include", "contains", ""))
            return f"{key}-rule-{len(entry.rules) - 1}"
        if word == "unrule" and inner.isascii() and inner.isdigit() and int(inner) < len(entry.rules):
            del entry.rules[int(inner)]
            return f"{key}-add-rule"
        if word in {"first", "last"}:
            entry.move(inner, -1 if word == "first" else 1)
            return f"{key}-{inner}-{word}"
        return ""


@dataclass
class Rule:
    effect: str
    how: str
    value: str
    error: str = ""


@dataclass
class Offer:
    channel: str
    name: str
    on: bool
    label: str = ""
    hide_offline: bool = False


@dataclass
class Entry:
    """One entry point as the page shows it: every channel of the organisation stands in `offers`, those offered first."""

    id: str
    name: str
    rules: list[Rule]
    offers: list[Offer]
    errors: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, entry: Mapping[str, Any], channels: Mapping[str, str]) -> Entry:
        offered = {one["channel"]: one for one in entry["channels"]}
        offers = [
            Offer(
                one["channel"],
                channels.get(one["channel"], one["channel"]),
                True,
                one["label"],
                one["hide_offline"],
            )
            for one in entry["channels"]
        ]
        offers += [Offer(one, name, False) for one, name in channels.items() if one not in offered]
        return cls(
            entry["id"],
            entry["name"],
            [Rule(one["effect"], one["how"], one["value"]) for one in entry["rules"]],
            offers,
        )

    def look_at(self) -> Iterable[str]:
        """What is wrong, each also kept beside its field."""
        if not self.name.strip():
            self.errors["name"] = _("Give the entry point a name.")
            yield self.errors["name"]
        for rule in self.rules:
            if not rule.value.strip():
                rule.error = _("Write the part of the address, or take the rule away.")
                yield rule.error

    def move(self, channel: str, by: int) -> None:
        at = next((number for number, one in enumerate(self.offers) if one.channel == channel), None)
        if at is not None and 0 <= at + by < len(self.offers):
            self.offers.insert(at + by, self.offers.pop(at))

    def as_section(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "name": self.name.strip() or "?",
            "rules": [
                {"effect": one.effect, "how": one.how, "value": one.value.strip()}
                for one in self.rules
                if one.value.strip()
            ],
            "channels": [
                {"channel": one.channel, "label": one.label.strip(), "hide_offline": one.hide_offline}
                for one in self.offers
                if one.on
            ],
        }


def posted_entries(data: QueryDict, channels: Mapping[str, str]) -> list[Entry]:
    """The entry points as they were typed. What no page of ours sends is left out or shortened."""
    found: list[Entry] = []
    for key in list(dict.fromkeys(data.getlist("entry")))[:MOST_ENTRIES]:
        if not _KEY.fullmatch(key):
            continue
        typed_rules = []
        for number in data.getlist(f"{key}:rule")[:MOST_RULES]:
            effect, how = data.get(f"{key}:{number}:effect", ""), data.get(f"{key}:{number}:how", "")
            typed_rules.append(
                Rule(
                    effect if effect in rules.EFFECTS else "include",
                    how if how in rules.HOW else "contains",
                    _line(data.get(f"{key}:{number}:value", ""), rules.LONGEST_VALUE),
                )
            )
        offers = [
            Offer(
                channel,
                channels[channel],
                f"{key}:{channel}:on" in data,
                _line(data.get(f"{key}:{channel}:called", ""), LONGEST_NAME),
                f"{key}:{channel}:hide" in data,
            )
            for channel in dict.fromkeys(data.getlist(f"{key}:offer"))
            if channel in channels
        ]
        there = {one.channel for one in offers}
        offers += [Offer(one, name, False) for one, name in channels.items() if one not in there]
        found.append(Entry(key, _line(data.get(f"{key}:name", ""), LONGEST_NAME), typed_rules, offers))
    return found


def _line(text: str, most: int) -> str:
    return " ".join(re.sub("[\x00-\x1f\x7f\ud800-\udfff]", " ", text).split())[:most]


def shipped(name: str) -> str:
    """What stands where nothing was written, in the language of the page."""
    return rules.words({}, {}, PREVIEWED[previewed()])[name]


#: The languages a page of the console shows a Guide in: the preview's name for each, and the one its visitor speaks.
PREVIEWED = {"fr": "fr_CA", "en": catalogue.ENGLISH}


def previewed() -> str:
    """Which of `PREVIEWED` is the reader's."""
    return "fr" if (get_language() or "").startswith("fr") else "en"


def contrast_notes(section: Section) -> dict[str, str]:
    """Colour name -> sentence, for each ink that cannot be read well on its ground."""
    found: dict[str, str] = {}
    branding = section["branding"]
    for ink, ground in look.PAIRS:
        if not (branding[ink] and branding[ground]):
            continue
        ratio = colors.contrast(branding[ink], branding[ground])
        if ratio < colors.AA:
            found[ink] = _(
                "The contrast with “%(ground)s” is %(ratio)s : 1; text needs 4.5 : 1 (WCAG AA)."
            ) % {"ground": look.COLORS[ground], "ratio": _decimal(ratio)}
    return found


def _decimal(ratio: float) -> str:
    return number_format(int(ratio * 10) / 10, 1)


class TesterForm(forms.Form):
    url = forms.CharField(
        label=gettext_lazy("Address of a page"),
        max_length=rules.LONGEST_URL,
        widget=forms.TextInput(
            attrs={
                "placeholder": "https://www.example.com/…",
                "spellcheck": "false",
                "autocapitalize": "off",
                "inputmode": "url",
            }
        ),
        required=False,
    )
