"""Which files a channel takes from a visitor: the section's shape, what clients are served, and the verdict on one file.

The section (format 1):

    {"format": 1, "is_attachments_enabled": true, "max_size_mb": 40, "allow_macros": false,
     "allow_archives_with_executables": false,
     "allowed_types": [{"media_type": "image/*", "description": "images", "max_size_mb": null | 1..40}, ...]}

`allowed_types` keeps the admin's order. A megabyte is 1024 x 1024 bytes, as the mobile clients count (wire contract 1.4).
What an allowed type covers:

- a concrete type covers itself, under any of its aliases, and nothing else;
- `image/*` covers the pictures, but no *active document* (SVG, HTML ...) and no program: those must be named;
- `*` covers everything except programs: those must be named.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from . import media_types
from .names import safe_name
from .sniffing import OCTETS, RECOGNISED, Sniffed, sniff
from .uploads import AttachmentBody, BodyRefused, Upload

__all__ = [
    "MEGABYTE",
    "AttachmentBody",
    "BodyRefused",
    "Problem",
    "Upload",
    "Verdict",
    "default_section",
    "is_active",
    "normalised",
    "problems",
    "safe_name",
    "served",
    "verdict",
]

MEGABYTE = 1024 * 1024
MAX_SIZE_MB = 40
MAX_TYPES = 200
MAX_DESCRIPTION = 100
# The categories every client resolves by their first part (wire contract 1.4: iOS knows these four, and no `*`).
_CATEGORIES = (
    ("image/*", "images"),
    ("video/*", "videos"),
    ("audio/*", "audio files"),
    ("text/*", "text files"),
)
# Pictures that can be decoded and encoded anew, and may then be shown in the conversation.
_INLINE = frozenset(
    {"image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp", "image/avif", "image/apng"}
)
# RFC 6839: what a structured suffix promises.
_SUFFIXES = {"+xml": "application/xml", "+json": "application/json", "+zip": "application/zip"}

Section = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a section.

    `path` leads to it (`allowed_types.3.media_type`); `level` is `error` (cannot be saved) or `warning` (said, and saved);
    `value` is what stands there; `suggestions` are media types that may have been meant, best first; `other` is the
    path of the entry it collides with.

    Codes: `wrong_format`, `not_a_switch`, `not_a_whole_number`, `out_of_range`, `not_a_list`, `no_types`, `too_many_types`,
    `not_an_entry`, `empty`, `malformed`, `unknown_category`, `duplicate`, `over_channel_maximum`, `description_too_long`,
    `not_a_text`; as warnings `unknown_type`, `same_type`, `covered`.
    """

    path: str
    code: str
    level: str = "error"
    value: str = ""
    suggestions: tuple[str, ...] = ()
    other: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What happens to one file, and why.

    `media_type` is what the bytes are; it is what the file is stored and served as. `name` is the file's name made safe.
    `claimed` is what name or sender say it is. `rule` is the allowed type that decided (None when none matched), `limit` the
    size in bytes that applied. `verified` is False when the bytes could not confirm the type the admin named. `inline`
    says that it may be shown after re-encoding. `reason` is an English sentence; translate by `code` and `params`.

    Codes: `accepted`; `attachments_off`, `empty`, `too_large`, `too_large_for_type`, `bomb`, `two_formats`, `program`,
    `program_inside`, `unreadable_archive`, `macros`, `not_what_it_says`, `type_not_allowed`.
    """

    accepted: bool
    code: str
    media_type: str
    name: str
    size: int
    reason: str
    claimed: str = ""
    rule: str | None = None
    limit: int = MAX_SIZE_MB * MEGABYTE
    verified: bool = True
    inline: bool = False
    params: Mapping[str, str] = field(default_factory=dict)


_REASONS = {
    "accepted": "The file is accepted.",
    "attachments_off": "This channel takes no attachments.",
    "empty": "The file is empty.",
    "too_large": "The file is larger than {limit} MB.",
    "too_large_for_type": "Files of type {rule} may be at most {limit} MB.",
    "bomb": "The archive would unpack to far more than it seems.",
    "two_formats": "The file is {media_type} and {also} at the same time.",
    "program": "The file is a program: {program}.",
    "program_inside": "The archive holds a program: {program}.",
    "unreadable_archive": "The archive could not be looked into.",
    "macros": "The document holds macros.",
    "not_what_it_says": "The file says it is {claimed}, but it is {media_type}.",
    "type_not_allowed": "Files of type {media_type} are not allowed.",
}


def default_section() -> dict[str, Any]:
    """The section of a new channel: the ten types of CXone's defaults, 40 MB (wire contract 1.4)."""
    return {
        "format": 1,
        "is_attachments_enabled": True,
        "max_size_mb": MAX_SIZE_MB,
        "allowed_types": [
            {"media_type": media_type, "description": description, "max_size_mb": None}
            for media_type, description in media_types.catalogue().defaults
        ],
        "allow_macros": False,
        "allow_archives_with_executables": False,
    }


def normalised(section: Section) -> dict[str, Any]:
    """`section` with media types in lower case, texts stripped, missing keys as the defaults have them.

    Repairs notation only: what it does not understand stays for `problems` to name.
    """
    out = {**default_section(), **section}
    if isinstance(out["allowed_types"], list):
        out["allowed_types"] = [_normalised_entry(entry) for entry in out["allowed_types"]]
    return out


def _normalised_entry(entry: Any) -> Any:
    if not isinstance(entry, Mapping):
        return entry
    out = {"media_type": "", "description": "", "max_size_mb": None, **entry}
    for key in ("media_type", "description"):
        if isinstance(out[key], str):
            out[key] = out[key].strip()
    if isinstance(out["media_type"], str):
        out["media_type"] = out["media_type"].lower()
    return out


# --- problems --------------------------------------------------------------------------------------------------------


def problems(section: Section) -> list[Problem]:
    """Everything wrong with `section`, in its order; an empty list means that it can be published."""
    return list(_problems(section))


def _problems(section: Section) -> Iterator[Problem]:
    if section.get("format") != 1:
        yield Problem("format", "wrong_format", value=str(section.get("format")))
    for key in ("is_attachments_enabled", "allow_macros", "allow_archives_with_executables"):
        if not isinstance(section.get(key), bool):
            yield Problem(key, "not_a_switch", value=str(section.get(key)))
    yield from _size_problems(
        "max_size_mb", section.get("max_size_mb"), ceiling=MAX_SIZE_MB, code="out_of_range"
    )
    entries = section.get("allowed_types")
    if not isinstance(entries, list):
        yield Problem("allowed_types", "not_a_list", value=str(entries)[:100])
        return
    if not entries and section.get("is_attachments_enabled") is True:
        yield Problem("allowed_types", "no_types")
    if len(entries) > MAX_TYPES:
        yield Problem("allowed_types", "too_many_types", value=str(len(entries)))
        return
    maximum = section.get("max_size_mb")
    ceiling = maximum if isinstance(maximum, int) and 1 <= maximum <= MAX_SIZE_MB else MAX_SIZE_MB
    written: dict[str, int] = {}
    meaning: dict[str, int] = {}
    for index, entry in enumerate(entries):
        path = f"allowed_types.{index}"
        if not isinstance(entry, Mapping):
            yield Problem(path, "not_an_entry", value=str(entry)[:100])
            continue
        yield from _entry_problems(path, entry, ceiling)
        media_type = entry.get("media_type")
        if not isinstance(media_type, str) or not (
            media_types.is_type(media_type) or media_types.is_range(media_type)
        ):
            continue
        same = media_types.canonical(media_type)
        if media_type in written:
            # Served twice, it crashes the iOS client (wire contract, traps).
            yield Problem(
                f"{path}.media_type",
                "duplicate",
                value=media_type,
                other=f"allowed_types.{written[media_type]}",
            )
        elif same in meaning:
            other = f"allowed_types.{meaning[same]}"
            yield Problem(f"{path}.media_type", "same_type", level="warning", value=media_type, other=other)
        written.setdefault(media_type, index)
        meaning.setdefault(same, index)
    for media_type, index in written.items():
        wider = _wider(media_types.canonical(media_type), written)
        # With a size of its own the entry says something that the wider one does not.
        if wider is not None and entries[index].get("max_size_mb") is None:
            other = f"allowed_types.{written[wider]}"
            yield Problem(
                f"allowed_types.{index}.media_type", "covered", level="warning", value=media_type, other=other
            )


def _entry_problems(path: str, entry: Section, ceiling: int) -> Iterator[Problem]:
    media_type, description = entry.get("media_type"), entry.get("description", "")
    where = f"{path}.media_type"
    if not isinstance(media_type, str):
        yield Problem(where, "not_a_text", value=str(media_type)[:100])
    elif not media_type:
        yield Problem(where, "empty")
    elif media_types.is_range(media_type):
        pass
    elif not media_types.is_type(media_type):
        yield Problem(
            where, "malformed", value=media_type[:100], suggestions=media_types.suggestions(media_type[:255])
        )
    elif media_type.partition("/")[0] not in media_types.TOP_LEVEL and not media_types.is_known(media_type):
        yield Problem(
            where, "unknown_category", value=media_type[:100], suggestions=media_types.suggestions(media_type)
        )
    elif not media_types.is_known(media_type):
        yield Problem(where, "unknown_type", "warning", media_type[:100], media_types.suggestions(media_type))
    if not isinstance(description, str):
        yield Problem(f"{path}.description", "not_a_text", value=str(description)[:100])
    elif len(description) > MAX_DESCRIPTION:
        yield Problem(f"{path}.description", "description_too_long", value=description[:MAX_DESCRIPTION])
    if entry.get("max_size_mb") is not None:
        yield from _size_problems(
            f"{path}.max_size_mb", entry["max_size_mb"], ceiling=ceiling, code="over_channel_maximum"
        )


def _size_problems(path: str, value: Any, *, ceiling: int, code: str) -> Iterator[Problem]:
    if not _is_whole(value):
        yield Problem(path, "not_a_whole_number", value=str(value)[:40])
    elif value < 1:
        yield Problem(path, "out_of_range", value=str(value)[:40])
    elif value > ceiling:
        yield Problem(path, code if value <= MAX_SIZE_MB else "out_of_range", value=str(value)[:40])


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _wider(media_type: str, written: Mapping[str, int]) -> str | None:
    """The range among `written` that already covers `media_type`, or None."""
    for wide in (media_type.partition("/")[0] + "/*", "*"):
        if wide in written and wide != media_type and _covers(wide, media_type):
            return wide
    return None


def _covers(rule: str, media_type: str) -> bool:
    """Whether the allowed type `rule` covers the canonical `media_type`; see the module's sentence."""
    if media_types.canonical(rule) == media_type:
        return True
    if media_types.has_trait(media_type, "program"):
        return False
    if rule == "*":
        return True
    return (
        rule.endswith("/*")
        and media_type.startswith(rule[:-1])
        and not media_types.has_trait(media_type, "active")
    )


# --- what clients are served -----------------------------------------------------------------------------------------


def served(section: Section) -> dict[str, Any]:
    """The contract's `fileRestrictions`, also the body of a refused upload (wire contract 1.4, endpoint 4).

    `allowedFileSize` is a text holding an integer; every `mimeType` is unique. `*`, `*/*`, `application/*` and the other
    ranges that mobile clients do not resolve are served as the categories they do resolve and the concrete types, in the
    place where the admin put them.
    """
    rows: dict[str, str] = {}
    for entry in section["allowed_types"]:
        media_type, description = entry["media_type"], entry["description"]
        if media_type in ("*", "*/*"):
            for category, words in _CATEGORIES:
                rows.setdefault(category, words)
            rows |= {name: words for name, words in _concrete("", section).items() if name not in rows}
        elif media_type.endswith("/*") and media_type not in dict(_CATEGORIES):
            rows |= {
                name: words for name, words in _concrete(media_type[:-1], section).items() if name not in rows
            }
        else:
            rows.setdefault(media_type, description)
    return {
        "allowedFileSize": str(section["max_size_mb"]),
        "allowedFileTypes": [{"mimeType": name, "description": words} for name, words in rows.items()],
        "isAttachmentsEnabled": section["is_attachments_enabled"],
    }


def _concrete(prefix: str, section: Section) -> dict[str, str]:
    """The known types under `prefix` that a range covers and no category serves, described by their extensions."""
    out = {}
    for one in media_types.catalogue().types.values():
        in_category = f"{one.name.partition('/')[0]}/*" in dict(_CATEGORIES) and "active" not in one.traits
        if not one.name.startswith(prefix) or not one.extensions or in_category:
            continue
        if "program" in one.traits or ("macros" in one.traits and not section["allow_macros"]):
            continue
        if prefix and "active" in one.traits:
            continue
        out[one.name] = ", ".join(f".{extension}" for extension in one.extensions[:3])
    return out


# --- the verdict -----------------------------------------------------------------------------------------------------


def verdict(section: Section, name: str, declared_type: str, size: int, file: BinaryIO | bytes) -> Verdict:
    """Whether the channel takes this file.

    `name` and `declared_type` are the sender's words; `size` is in bytes; `file` holds the whole content, seekable (its
    position is not kept). The content decides; name and declared type can only make the verdict stricter, or name what the
    bytes leave open. Never raises on what a stranger can send.
    """
    shown = safe_name(name)
    claimed = media_types.of_extension(shown) or media_types.canonical(declared_type)
    limit = section["max_size_mb"] * MEGABYTE

    def refuse(
        code: str, media_type: str = "", *, rule: str | None = None, at: int = limit, **params: str
    ) -> Verdict:
        params = {
            "limit": str(at // MEGABYTE),
            "media_type": media_type,
            "claimed": claimed,
            "rule": rule or "",
            **params,
        }
        reason = _REASONS[code].format(**params)
        return Verdict(False, code, media_type, shown, size, reason, claimed, rule, at, params=params)

    if not section["is_attachments_enabled"]:
        return refuse("attachments_off")
    if size == 0:
        return refuse("empty")
    if size > limit:
        return refuse("too_large")
    found = sniff(io.BytesIO(file) if isinstance(file, bytes) else file, size, shown)
    kind = found.media_type
    rule, media_type, verified = _match(section, found, claimed, media_types.canonical(declared_type))
    if found.bomb:
        return refuse("bomb", kind)
    if found.also:
        return refuse("two_formats", kind, also=", ".join(found.also))
    if found.program is not None and not found.inside:
        # Its bytes make it a program, or its name does: the system goes by the name.
        runs_as = kind if media_types.has_trait(kind, "program") else media_types.of_extension(shown) or kind
        if not _named(section, runs_as):
            return refuse("program", kind, program=found.program)
    if found.macros and not section["allow_macros"]:
        return refuse("macros", kind)
    if rule is None:
        lies = claimed not in ("", kind) and any(
            _covers(_type(entry), claimed) for entry in section["allowed_types"]
        )
        return refuse("not_what_it_says" if lies else "type_not_allowed", kind)
    if not section["allow_archives_with_executables"] and not media_types.has_trait(kind, "program"):
        if found.inside and found.program is not None:
            return refuse("program_inside", kind, program=found.program)
        if not found.readable:
            return refuse("unreadable_archive", kind)
    if rule["max_size_mb"] is not None and size > rule["max_size_mb"] * MEGABYTE:
        return refuse(
            "too_large_for_type", media_type, rule=rule["media_type"], at=rule["max_size_mb"] * MEGABYTE
        )
    if rule["max_size_mb"] is not None:
        limit = rule["max_size_mb"] * MEGABYTE
    return Verdict(
        accepted=True,
        code="accepted",
        media_type=media_type,
        name=_with_extension(shown, media_type),
        size=size,
        reason=_REASONS["accepted"],
        claimed=claimed,
        rule=rule["media_type"],
        limit=limit,
        verified=verified,
        inline=media_type in _INLINE,
        params={"media_type": media_type, "rule": rule["media_type"]},
    )


def is_active(media_type: str) -> bool:
    """Whether a browser would run something in a file of this type, or the system the file itself."""
    return media_types.has_trait(media_type, "active") or media_types.has_trait(media_type, "program")


def _type(entry: Section) -> str:
    media_type = entry["media_type"]
    return "*" if media_type == "*/*" else str(media_type)


def _named(section: Section, kind: str) -> bool:
    """Whether the admin named exactly this type."""
    return any(media_types.canonical(entry["media_type"]) == kind for entry in section["allowed_types"])


def _match(section: Section, found: Sniffed, claimed: str, declared: str) -> tuple[Section | None, str, bool]:
    """The allowed type that decides, the media type the file counts as, and whether the bytes confirm it.

    The most precise allowed type wins. Bytes that prove nothing (`found.sure` is False), or prove only the container that a
    claimed `+xml`, `+json` or `+zip` type promises, count as a type that the admin named and the sender claims, provided that
    it is none of those this product recognises by content.
    """
    for wanted in (claimed, declared):
        vague = not found.sure or _SUFFIXES.get("+" + wanted.rpartition("+")[2]) == found.media_type
        if vague and wanted and wanted not in RECOGNISED and not media_types.has_trait(wanted, "program"):
            for entry in section["allowed_types"]:
                if media_types.canonical(entry["media_type"]) == wanted:
                    return entry, wanted, wanted == found.media_type
    covering = [entry for entry in section["allowed_types"] if _covers(_type(entry), found.media_type)]
    best = min(covering, key=lambda entry: (_type(entry).endswith("*"), _type(entry) == "*"), default=None)
    return best, found.media_type, found.sure or found.media_type != OCTETS


def _with_extension(name: str, media_type: str) -> str:
    """`name` with the type's usual extension when it has none at all."""
    known = media_types.catalogue().types.get(media_type)
    if media_types.extension_of(name) or known is None or not known.extensions:
        return name
    return safe_name(f"{name}.{known.extensions[0]}")
