"""Ready-made sets of types that an admin adds with one press."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from file_restrictions import media_types

_OOXML = "application/vnd.openxmlformats-officedocument."
_ODF = "application/vnd.oasis.opendocument."


@dataclass(frozen=True)
class Preset:
    """A set of types, and what it is called."""

    label: str | Promise
    types: tuple[str, ...]


PRESETS: dict[str, Preset] = {
    "images": Preset(_("Pictures"), ("image/*",)),
    "documents": Preset(
        _("Office documents"),
        (
            "application/pdf",
            "application/msword",
            _OOXML + "wordprocessingml.document",
            "application/vnd.ms-excel",
            _OOXML + "spreadsheetml.sheet",
            "application/vnd.ms-powerpoint",
            _OOXML + "presentationml.presentation",
            _ODF + "text",
            _ODF + "spreadsheet",
            _ODF + "presentation",
        ),
    ),
    "text": Preset(_("Text and data"), ("text/plain", "text/csv", "application/rtf", "application/json")),
    "media": Preset(_("Sound and film"), ("audio/*", "video/*")),
    "everything": Preset(_("Everything but programs"), ("*",)),
}
_RANGES = {
    "image/*": "images",
    "video/*": "videos",
    "audio/*": "audio files",
    "text/*": "text files",
    "*": "",
}


def usual_description(media_type: str) -> str:
    """What stands in the list beside a type when nobody has written anything better: its extension."""
    if media_type in _RANGES:
        return _RANGES[media_type]
    known = media_types.catalogue().types.get(media_types.canonical(media_type))
    return f".{known.extensions[0]}" if known is not None and known.extensions else ""


def entry(media_type: str) -> dict[str, Any]:
    """A new entry of the list."""
    return {"media_type": media_type, "description": usual_description(media_type), "max_size_mb": None}


def with_preset(entries: Sequence[Mapping[str, Any]], preset: Preset) -> list[dict[str, Any]]:
    """The list with the preset's types that are not in it yet at its end."""
    have = {str(one["media_type"]).strip().lower() for one in entries}
    return [*map(dict, entries), *(entry(one) for one in preset.types if one not in have)]


def understood(typed: str) -> tuple[str | None, tuple[str, ...]]:
    """The media type that `typed` means beyond doubt (a type, a range, an extension), or None; and near misses."""
    text = typed.strip().lower()
    if media_types.is_range(text) or media_types.is_known(text):
        return text, ()
    if text in ("*/*", "*.*"):
        return "*", ()
    bare = text.removeprefix("*").removeprefix(".")
    found = media_types.catalogue().extensions.get(bare)
    if found is not None and "/" not in text:
        return found, ()
    return None, media_types.suggestions(text)
