"""The form of a channel's file restrictions: three switches, a size, and a list of types that can be ordered."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from areas.contract import Section
from file_restrictions import rules
from file_restrictions.presets import PRESETS, entry, understood, with_preset
from file_restrictions.sentences import PROBLEMS, problem_sentence


@dataclass
class Row:
    """One line of the list as it was typed, with what is to be said about it."""

    media_type: str
    description: str = ""
    size: str = ""
    errors: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    suggestions: tuple[str, ...] = ()
    #: Which of the three are wrong: "media_type", "description", "size".
    wrong: set[str] = field(default_factory=set)


def rows_of(section: Section) -> list[Row]:
    return [
        Row(
            one["media_type"],
            one["description"],
            "" if one["max_size_mb"] is None else str(one["max_size_mb"]),
        )
        for one in section["allowed_types"]
    ]


class FileRestrictionsForm(forms.Form):
    """Fields over the section. `rows` holds the list, problems included; `add_errors` what is wrong with the box that adds."""

    is_attachments_enabled = forms.BooleanField(
        label=_("Allow attachments"),
        help_text=_(
            "Visitors can send files in the conversation. Off, the button is not shown and every upload is refused."
        ),
        required=False,
    )
    max_size_mb = forms.CharField(
        label=_("Maximum size (MB)"),
        help_text=_(
            "Whole megabytes, at most 40. A megabyte is 1,024 × 1,024 bytes; a file of exactly that size passes."
        ),
        max_length=20,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        error_messages={"required": _("Whole megabytes only, such as 5.")},
    )
    allow_macros = forms.BooleanField(
        label=_("Let documents with macros through"),
        help_text=_("Macros are found by what is in the document, whatever it is called."),
        required=False,
    )
    allow_archives_with_executables = forms.BooleanField(
        label=_("Let archives with programs, and archives that cannot be looked into, through"),
        help_text=_("Programs inside ZIP, 7z, RAR and other archives are found several levels deep."),
        required=False,
    )
    seen = forms.CharField(widget=forms.HiddenInput, required=False, max_length=64)

    def __init__(self, data: Any = None, *, section: Section, may_edit: bool, seen: str = "") -> None:
        super().__init__(
            data,
            initial={name: section[name] for name in section if name != "allowed_types"} | {"seen": seen},
        )
        self.add_errors: list[str] = []
        self.add_suggestions: tuple[str, ...] = ()
        self.add_text = ""
        self._shown = section
        self.rows = rows_of(section) if data is None else _typed_rows(data)
        if not may_edit:
            for one in self.fields.values():
                one.disabled = True
        if data is None:
            self._note(section)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        section = self._section(cleaned)
        for row, made in zip(self.rows, section["allowed_types"], strict=True):
            if isinstance(made["max_size_mb"], str):
                row.errors.append(str(PROBLEMS["not_a_whole_number"]))
                row.wrong.add("size")
        self._note(section)
        if any(row.errors for row in self.rows):
            count = sum(bool(row.errors) for row in self.rows)
            self.add_error(None, _("Correct the marked types in the list (%(count)s).") % {"count": count})
        return cleaned

    def _note(self, section: Section) -> None:
        """Put every problem of the section where it belongs: field, row, or the whole."""
        for problem in rules.problems(section):
            place, _dot, rest = problem.path.partition(".")
            if place == "allowed_types" and rest:
                number, _dot, name = rest.partition(".")
                row = self.rows[int(number)]
                if name == "max_size_mb" and problem.code == "not_a_whole_number":
                    continue
                sentence = str(PROBLEMS[problem.code]) % {"value": problem.value}
                (row.errors if problem.level == "error" else row.notes).append(sentence)
                if problem.level == "error":
                    row.wrong.add({"max_size_mb": "size", "description": name}.get(name, "media_type"))
                row.suggestions = row.suggestions or problem.suggestions
            elif self.is_bound and place in self.fields:
                if place not in self.errors:
                    self.add_error(place, problem_sentence(problem))
            elif self.is_bound:
                self.add_error(None, problem_sentence(problem))

    def section(self) -> Section:
        """What was typed, as a valid form says it."""
        return rules.normalised(self._section(self.cleaned_data))

    def _section(self, cleaned: dict[str, Any]) -> Section:
        return rules.normalised(
            {
                "format": 1,
                "is_attachments_enabled": bool(cleaned.get("is_attachments_enabled")),
                "max_size_mb": _whole(str(cleaned.get("max_size_mb", ""))),
                "allow_macros": bool(cleaned.get("allow_macros")),
                "allow_archives_with_executables": bool(cleaned.get("allow_archives_with_executables")),
                "allowed_types": [
                    {
                        "media_type": row.media_type,
                        "description": row.description,
                        "max_size_mb": _whole(row.size) if row.size.strip() else None,
                    }
                    for row in self.rows
                ],
            }
        )

    def closest(self, base: Section) -> Section:
        """The section as typed where it can be read, else as `base` has it: for a comparison, or a test of a file."""
        made = self._section(getattr(self, "cleaned_data", {}))
        return base if any(one.level == "error" for one in rules.problems(made)) else made

    def act(self, what: str) -> Section | None:
        """What a button of the list makes of it: rows moved, removed, added; or None, when the box that adds is not understood.

        The section may be one that cannot be saved yet: it is shown again, not stored.
        """
        name, _dash, value = what.partition(":")
        entries = self.raw()
        if name in {"up", "down", "remove"} and value.isdecimal() and int(value) < len(entries):
            place = int(value)
            one = entries.pop(place)
            if name != "remove":
                entries.insert(max(place - 1, 0) if name == "up" else place + 1, one)
        elif name == "preset" and value in PRESETS:
            entries = with_preset(entries, PRESETS[value])
        elif name == "take":
            row, _colon, media_type = value.partition(":")
            if row.isdecimal() and int(row) < len(entries):
                entries[int(row)]["media_type"] = media_type
        elif name == "add":
            self.add_text = value or str(self.data.get("add", ""))
            found, self.add_suggestions = understood(self.add_text)
            if found is None:
                return None
            if found not in {one["media_type"].strip().lower() for one in entries}:
                entries.append(entry(found))
                self.add_text = ""
            else:
                self.add_errors = [str(PROBLEMS["duplicate"]) % {"value": found}]
                return None
        return {"allowed_types": entries}

    def raw(self) -> list[dict[str, Any]]:
        """The list as typed, sizes as text."""
        return [
            {"media_type": row.media_type, "description": row.description, "max_size_mb": row.size or None}
            for row in self.rows
        ]

    def show(self, entries: list[dict[str, Any]]) -> None:
        """Show this list in place of what was posted."""
        self.rows = [
            Row(one["media_type"], one["description"], str(one["max_size_mb"] or "")) for one in entries
        ]


def _typed_rows(data: Any) -> list[Row]:
    """The list as a browser posts it: three values a row, in the order of the page."""
    lists = [data.getlist(name)[: rules.MAX_TYPES + 1] for name in ("media_type", "description", "size")]
    count = len(lists[0])
    lists = [one + [""] * (count - len(one)) for one in lists]
    return [
        Row(kind.strip()[:300], words.strip()[:1000], size.strip()[:40])
        for kind, words, size in zip(*(one[:count] for one in lists), strict=True)
    ]


def _whole(text: str) -> int | str:
    """A whole number, or the text that is none."""
    bare = text.strip()
    return int(bare) if bare.isascii() and bare.isdecimal() and len(bare) < 10 else bare or "?"
