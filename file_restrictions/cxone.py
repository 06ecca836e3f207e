"""What of a CXone channel JSON belongs to this area: `settings.fileRestrictions` (wire contract 1.4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from areas.contract import Line, Section
from file_restrictions import section as sections

_AT = "settings.fileRestrictions"


def from_channel_json(document: Mapping[str, Any], section: Section) -> tuple[Section, list[Line]]:
    """The section with what the JSON says, each part for itself: what `check` refuses stays as it was."""
    settings = document.get("settings")
    given = settings.get("fileRestrictions") if isinstance(settings, Mapping) else None
    if not isinstance(given, Mapping):
        return section, []
    made, lines = dict(section), []
    size = given.get("allowedFileSize")
    number = (
        int(size) if isinstance(size, str) and size.isascii() and size.isdigit() and len(size) < 5 else size
    )
    for field, name, value in (
        ("isAttachmentsEnabled", "is_attachments_enabled", given.get("isAttachmentsEnabled")),
        ("allowedFileSize", "max_size_mb", number),
        ("allowedFileTypes", "allowed_types", _types(given.get("allowedFileTypes"), section)),
    ):
        if field not in given:
            continue
        wanted = {**made, name: value}
        if any(problem.blocking for problem in sections.check(wanted, {})):
            lines.append(
                Line("unknown", f"{_AT}.{field}", _("This cannot be kept here; what was there before stays."))
            )
            continue
        made = wanted
        lines.append(Line("taken", f"{_AT}.{field}"))
    return made, lines


def _types(given: Any, section: Section) -> Any:
    """The list as this area keeps it: each media type once, what CXone does not know taken from a plain entry."""
    if not isinstance(given, list) or not all(isinstance(one, Mapping) for one in given):
        return given
    plain = {name: None for entry in section["allowed_types"][:1] for name in entry}
    found = {
        one.get("mimeType"): {
            **plain,
            "media_type": one.get("mimeType"),
            "description": one.get("description") or "",
        }
        for one in given
        if isinstance(one.get("mimeType"), str) and "/" in one["mimeType"]
    }
    return list(found.values())
