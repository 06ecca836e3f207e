"""The media types this product knows: names, extensions, aliases and what each can do to whoever opens it.

The list lies in `data/media_types.json`, compiled from the IANA registry's names and Python's `mimetypes`. Media type
names are case-insensitive (RFC 6838, section 4.2); everything here speaks lower case.
"""

from __future__ import annotations

import difflib
import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

# RFC 6838, section 4.2: at most 127 characters each, beginning with a letter or digit.
_NAME = r"[a-z0-9][a-z0-9!#$&^_.+-]{0,126}"
_TYPE = re.compile(rf"{_NAME}/{_NAME}", re.ASCII)
_RANGE = re.compile(rf"(?:{_NAME})/\*", re.ASCII)
# RFC 6838, section 4.2.7, and RFC 8081: the top-level types that exist.
TOP_LEVEL = ("application", "audio", "font", "image", "message", "model", "multipart", "text", "video")


@dataclass(frozen=True, slots=True)
class MediaType:
    """One known media type.

    `traits` holds `program` (the system runs it when opened), `active` (a document that runs scripts where it is
    shown), `macros` (may carry macros by its very name), `archive` (holds other files), `text` (plain text whose
    dialect only the file name tells).
    """

    name: str
    extensions: tuple[str, ...]
    label: str
    aliases: tuple[str, ...] = ()
    traits: frozenset[str] = frozenset()
    common: bool = False


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The list, indexed both ways."""

    types: dict[str, MediaType]
    aliases: dict[str, str]
    extensions: dict[str, str]
    defaults: tuple[tuple[str, str], ...]


@cache
def catalogue() -> Catalogue:
    """The list as shipped, read once."""
    data = json.loads((Path(__file__).parent / "data" / "media_types.json").read_text(encoding="utf-8"))
    types = {
        row["media_type"]: MediaType(
            name=row["media_type"],
            extensions=tuple(row["extensions"]),
            label=row["label"],
            aliases=tuple(row.get("aliases", ())),
            traits=frozenset(row.get("traits", ())),
            common=row.get("common", False),
        )
        for row in data["types"]
    }
    return Catalogue(
        types=types,
        aliases={alias: one.name for one in types.values() for alias in one.aliases},
        extensions={extension: one.name for one in types.values() for extension in one.extensions},
        defaults=tuple((row["media_type"], row["description"]) for row in data["defaults"]),
    )


def canonical(media_type: str) -> str:
    """`media_type` without parameters, in lower case, an alias replaced by the name this product uses.

    A text that is no media type comes back stripped and lowered, never as an error.
    """
    bare = media_type.split(";", 1)[0].strip().lower()
    return catalogue().aliases.get(bare, bare)


def of_extension(name: str) -> str | None:
    """The media type that the last extension of the file name `name` stands for, or None."""
    extension = extension_of(name)
    return catalogue().extensions.get(extension) if extension else None


def extension_of(name: str) -> str:
    """The last extension of `name` in lower case, without the dot; '' when there is none (`.profile` has none)."""
    stem, dot, extension = name.rpartition(".")
    return extension.lower() if dot and stem and "/" not in extension else ""


def has_trait(media_type: str, trait: str) -> bool:
    """Whether the (canonical) `media_type` is known to have `trait`; see `MediaType`."""
    known = catalogue().types.get(media_type)
    return known is not None and trait in known.traits


def is_type(text: str) -> bool:
    """Whether `text` is a well-formed, concrete media type in lower case."""
    return _TYPE.fullmatch(text) is not None


def is_range(text: str) -> bool:
    """Whether `text` is `x/*` for a top-level type that exists, or `*`."""
    return text == "*" or (_RANGE.fullmatch(text) is not None and text[:-2] in TOP_LEVEL)


def is_known(text: str) -> bool:
    """Whether `text` is in the list, under its own name or an alias."""
    return canonical(text) in catalogue().types


def pick_list() -> list[dict[str, object]]:
    """The rows an admin picks from: `{"media_type", "extensions", "label", "common"}`, the common ones first, then by name."""
    rows = sorted(catalogue().types.values(), key=lambda one: (not one.common, one.name))
    return [
        {"media_type": one.name, "extensions": list(one.extensions), "label": one.label, "common": one.common}
        for one in rows
    ]


def suggestions(text: str, limit: int = 3) -> tuple[str, ...]:
    """What a person who typed `text` may have meant, best first; media types or ranges, at most `limit`.

    An extension (`.pdf`, `pdf`) gives its type; a known subtype under another top-level type gives the types that have
    it, common ones first (`audio / mp4` gives `video/mp4`); otherwise names within a small edit distance, common ones
    preferred (`image/bmo` gives `image/bmp`).
    """
    known = catalogue()
    typed = re.sub(r"\s+", "", text.strip().lower()).split(";", 1)[0].replace("\\", "/")
    if typed in ("", "*"):
        return ()
    found: list[str] = []
    if typed in ("*/*", "*.*", "all", "any"):
        return ("*",)
    bare = typed.removeprefix("*").removeprefix(".")
    if bare in known.extensions:
        found.append(known.extensions[bare])
    main, _, sub = typed.partition("/")
    if sub in known.extensions:
        # The subtype is really an extension: what the field calls a file of that extension comes first.
        found.append(known.extensions[sub])
    if typed in known.types or typed in known.aliases:
        found.append(known.aliases.get(typed, typed))
    if sub in ("", "*"):
        found += [
            f"{name}/*" for name in difflib.get_close_matches(main.rstrip("s"), TOP_LEVEL, n=1, cutoff=0.7)
        ]
    if sub and sub != "*":
        same = [one for one in known.types.values() if one.name.partition("/")[2] == sub]
        found += [one.name for one in sorted(same, key=lambda one: (not one.common, one.name))]
        scored = sorted(
            (
                # A type one letter away that everybody uses beats an exotic one at the same distance.
                -difflib.SequenceMatcher(None, typed, one.name).ratio() - (0.02 if one.common else 0),
                one.name,
            )
            for one in known.types.values()
            if abs(len(one.name) - len(typed)) <= 4
        )
        found += [name for score, name in scored if score <= -0.85]
    return tuple(name for name in dict.fromkeys(found) if name != text)[:limit]
