"""Draft of which files a channel takes <-> its section; what is wrong with a section, and its piece of the channel JSON.

The section's shape and meaning are in `file_restrictions.rules`, which the environment reads as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from areas.contract import Line, Problem, Section, Sections
from channels_config.models import Channel
from file_restrictions import media_types, rules
from file_restrictions.models import FileRestrictions
from file_restrictions.sentences import problem_sentence
from tenants.prepared import Prepared

AREA_NAME = "file_restrictions"
FIELDS = (
    "is_attachments_enabled",
    "max_size_mb",
    "allowed_types",
    "allow_macros",
    "allow_archives_with_executables",
)
_ENTRY = {"media_type", "description", "max_size_mb"}


def dump(channel: Channel) -> Section:
    """The section of the channel's draft; a channel without one has the defaults."""
    draft = _drafts.first(channel.pk)
    if draft is None:
        return rules.default_section()
    return {
        "format": 1,
        **{name: getattr(draft, name) for name in FIELDS if name != "allowed_types"},
        "allowed_types": [
            {name: entry.get(name) for name in sorted(_ENTRY)} for entry in draft.allowed_types
        ],
    }


_drafts = Prepared(lambda channel: FileRestrictions.objects.filter(channel=channel).order_by("pk")[:1], int)


def load(channel: Channel, section: Section) -> None:
    """Write a section into the draft; the inverse of `dump`."""
    normal = rules.normalised(section)
    values = {name: normal[name] for name in FIELDS}
    if not FileRestrictions.objects.filter(channel=channel).update(**values):
        FileRestrictions.objects.create(channel=channel, **values)


def check(section: Any, sections: Sections) -> list[Problem]:
    """Everything wrong with a section from anywhere; only errors keep it from being published."""
    if not isinstance(section, dict):
        return [Problem(AREA_NAME, "", gettext("This is not an object."))]
    known = {"format", *FIELDS}
    found = [
        Problem(AREA_NAME, str(name), gettext("There is no such field."))
        for name in section
        if name not in known
    ]
    found += [
        Problem(AREA_NAME, name, gettext("This field is missing.")) for name in sorted(known - set(section))
    ]
    if found:
        return found
    entries = section["allowed_types"]
    for number, entry in enumerate(entries if isinstance(entries, list) else ()):
        for name in sorted(set(entry) - _ENTRY if isinstance(entry, dict) else ()):
            found.append(
                Problem(AREA_NAME, f"allowed_types.{number}.{name}", gettext("There is no such field."))
            )
    return found + [
        Problem(AREA_NAME, one.path, problem_sentence(one), blocking=one.level == "error")
        for one in rules.problems(section)
    ]


def public(section: Section) -> dict[str, Any]:
    """`settings.fileRestrictions` of the channel JSON (wire contract 1.4)."""
    return {"settings": {"fileRestrictions": rules.served(section)}}


def phrases(section: Section) -> dict[str, str]:
    """The descriptions in the pop-up of a refused file, each offered for translation."""
    return {
        f"fileTypes.{entry['media_type']}": entry["description"]
        for entry in section["allowed_types"]
        if any(character.isalpha() for character in entry["description"].removeprefix("."))
        and not entry["description"].startswith(".")
    }


def describe(section: Section) -> Mapping[Any, Any]:
    """The section in a reader's words."""
    return {
        _("Allow attachments"): section["is_attachments_enabled"],
        _("Maximum size (MB)"): section["max_size_mb"],
        _("Allowed types"): [entry_words(entry) for entry in section["allowed_types"]],
        _("Documents with macros"): section["allow_macros"],
        _("Archives that hold programs"): section["allow_archives_with_executables"],
    }


def entry_words(entry: Mapping[str, Any]) -> str:
    """One allowed type on one line: "image/* (images), 5 MB"."""
    words = str(entry["media_type"])
    if entry["description"]:
        words += f" ({entry['description']})"
    if entry["max_size_mb"] is not None:
        words += gettext(", %(size)s MB") % {"size": entry["max_size_mb"]}
    return words


def from_channel_json(document: Mapping[str, Any], section: Section) -> tuple[Section, list[Line]]:
    """Take over `settings.fileRestrictions` of a channel JSON: what cannot be an entry here is left out and said."""
    settings = document.get("settings")
    given = settings.get("fileRestrictions") if isinstance(settings, Mapping) else None
    if not isinstance(given, Mapping):
        return section, []
    path = "settings.fileRestrictions"
    made, lines = dict(section), []
    enabled = given.get("isAttachmentsEnabled")
    if isinstance(enabled, bool):
        made["is_attachments_enabled"] = enabled
        lines.append(Line("taken", f"{path}.isAttachmentsEnabled"))
    size = str(given.get("allowedFileSize", "")).strip()
    if size.isascii() and size.isdecimal() and len(size) < 10:
        made["max_size_mb"] = min(max(int(size), 1), rules.MAX_SIZE_MB)
        fits = made["max_size_mb"] == int(size)
        lines.append(
            Line(
                "taken" if fits else "changed",
                f"{path}.allowedFileSize",
                "" if fits else _("Between 1 and 40 MB."),
            )
        )
    elif "allowedFileSize" in given:
        lines.append(Line("unknown", f"{path}.allowedFileSize", _("Whole megabytes only, such as 5.")))
    listed = given.get("allowedFileTypes")
    if isinstance(listed, list):
        made["allowed_types"] = _taken_types(listed, f"{path}.allowedFileTypes", lines)
    return made, lines


def _taken_types(listed: list[Any], path: str, lines: list[Line]) -> list[dict[str, Any]]:
    made: dict[str, dict[str, Any]] = {}
    for number, entry in enumerate(listed):
        place = f"{path}.{number}"
        name = entry.get("mimeType") if isinstance(entry, Mapping) else None
        media_type = name.strip().lower() if isinstance(name, str) else ""
        if media_type == "*/*":
            media_type = "*"
        if (
            not (media_types.is_type(media_type) or media_types.is_range(media_type))
            or len(made) >= rules.MAX_TYPES
        ):
            lines.append(Line("unknown", place, _("This is no media type; it was left out.")))
            continue
        if media_type in made:
            lines.append(Line("changed", place, _("The type stands in the list already; it was left out.")))
            continue
        description = entry.get("description")
        words = description.strip()[: rules.MAX_DESCRIPTION] if isinstance(description, str) else ""
        one = {"media_type": media_type, "description": words, "max_size_mb": None}
        # A kind of type that nobody has heard of cannot be published here.
        if any(
            problem.level == "error" and problem.path.startswith("allowed_types.0")
            for problem in rules.problems({**rules.default_section(), "allowed_types": [one]})
        ):
            lines.append(Line("unknown", place, _("This is no media type; it was left out.")))
            continue
        made[media_type] = one
        lines.append(Line("taken", place))
    return list(made.values())
