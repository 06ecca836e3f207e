"""What differs between two versions of a section, for people: fields by label, text by line, lists by entry.

Works for every area: over what its `describe` says, or else over the section itself with its fields' names made readable.
Values that are secret by name or by look are never shown, whatever an area forgot to hide.
"""

from __future__ import annotations

import difflib
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from django.utils.functional import Promise
from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _

from areas.contract import SECRET_PLACEHOLDER, Area, Secret, Section

#: Lines of a text's difference, entries of a list's, and characters of one value, that are shown.
MOST_LINES = 400
MOST_ENTRIES = 200
MOST_CHARACTERS = 500
#: Fields of one area's difference that are shown.
MOST_CHANGES = 500

#: What two entries of a list are recognised by: the first of these that every entry has, each with another value.
_NAMES = (
    "key",
    "id",
    "ident",
    "locale",
    "mime_type",
    "mimeType",
    "name",
    "address",
    "code",
    "label",
    "value",
)
_SECRET = re.compile(
    r"secret|passw|token|private|credential|cipher|encrypt|api_?key|client_?key|signing_?key", re.IGNORECASE
)
#: Fernet, compact JOSE, PEM: what a forgotten secret looks like.
_LOOKS_SECRET = re.compile(r"gAAAA[\w-]{20}|eyJ[\w-]+\.[\w-]*\.[\w-]+|-----BEGIN [A-Z ]*KEY")
#: A plain address is none, whatever it is called: the token endpoint of a provider.
_ADDRESS = re.compile(r"https?://[^\s?#@]*|")
_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|_+")


@dataclass(frozen=True)
class Line:
    """One line of a text's difference. `gap` stands for lines both versions have."""

    kind: Literal["before", "after", "both", "gap"]
    text: str


@dataclass(frozen=True)
class Change:
    """One field in which two versions differ. `path` are the labels that lead to it, outermost first.

    kind "value": `before` and `after` are said; "text": `lines`; "list": `removed` and `added` entries, of which there are
    `removed_count` and `added_count` in all; "secret": that it differs is all that is told.
    """

    path: tuple[str, ...]
    kind: Literal["value", "text", "list", "secret"]
    before: str = ""
    after: str = ""
    lines: list[Line] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    added: list[str] = field(default_factory=list)
    removed_count: int = 0
    added_count: int = 0

    @property
    def label(self) -> str:
        return " › ".join(self.path)

    @property
    def more(self) -> int:
        """Entries that are not shown."""
        return self.removed_count + self.added_count - len(self.removed) - len(self.added)


def differences(area: Area, before: Section | None, after: Section | None) -> list[Change]:
    """The fields in which two versions of an area's section differ, in the order in which they are described.

    None stands for a release of a time when this installation had no such area.
    """
    if before == after:
        return []
    shown, shown_after = _redacted(area, before), _redacted(area, after)
    found: list[Change] = []
    told_before, told_after = _described(area, shown), _described(area, shown_after)
    if told_before is not None and told_after is not None:
        _walk(told_before, told_after, (), found, raw=False)
    if not found:
        # No description, or what it leaves out has changed.
        _walk(shown or {}, shown_after or {}, (), found, raw=True)
    secret = {one.path[-1] for one in found if one.kind == "secret" and one.path}
    for path in _other_secrets(_secrets(before, shown), _secrets(after, shown_after)):
        if path[-1] not in secret:
            found.append(Change(path, "secret"))
    return found[:MOST_CHANGES]


def described_differences(before: Mapping[Any, Any], after: Mapping[Any, Any]) -> list[Change]:
    """The same for two descriptions (label -> value) of something that is no area's section: a form, a custom field."""
    found: list[Change] = []
    _walk(before, after, (), found, raw=False)
    return found[:MOST_CHANGES]


def _redacted(area: Area, section: Section | None) -> Section | None:
    """Without the secrets. A section that the area cannot read any more is shown as a whole under the general rules."""
    if section is None:
        return None
    try:
        return area.redact(section)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError):
        return section


def _secrets(section: Any, shown: Any, path: tuple[str, ...] = ()) -> dict[tuple[str, ...], Any]:
    """Where the area put its placeholder, and what stands there."""
    if shown == SECRET_PLACEHOLDER:
        return {path: section}
    if section is shown:
        return {}
    found: dict[tuple[str, ...], Any] = {}
    if isinstance(section, Mapping) and isinstance(shown, Mapping):
        for name in section:
            found |= _secrets(section[name], shown.get(name), (*path, _readable(str(name))))
    elif isinstance(section, list) and isinstance(shown, list) and len(section) == len(shown):
        for number, (one, other) in enumerate(zip(section, shown, strict=True), 1):
            found |= _secrets(one, other, (*path, str(number)))
    return found


def _other_secrets(
    before: Mapping[tuple[str, ...], Any], after: Mapping[tuple[str, ...], Any]
) -> list[tuple[str, ...]]:
    return [path for path in dict.fromkeys([*before, *after]) if path and before.get(path) != after.get(path)]


def text_lines(before: str, after: str) -> list[Line]:
    """The lines that differ, with two of context around them."""
    made: list[Line] = []
    # No characters are compared within lines: on a minified sheet that would take minutes.
    texts = [text.split("\n") if text else [] for text in (before, after)]
    compared = difflib.unified_diff(texts[0], texts[1], n=2, lineterm="")
    for number, line in enumerate(compared):
        if number < 2:
            continue
        if line.startswith("@@"):
            if made:
                made.append(Line("gap", "⋯"))
            continue
        kind: Literal["before", "after", "both"] = "both"
        if line[0] != " ":
            kind = "before" if line[0] == "-" else "after"
        made.append(Line(kind, _short(line[1:])))
        if len(made) >= MOST_LINES:
            made.append(Line("gap", "⋯"))
            break
    return made


def _described(area: Area, section: Section | None) -> Mapping[Any, Any] | None:
    """In the area's words; None when it has none, or cannot read a section of another time: its own fields have to do then."""
    if area.describe is None:
        return None
    if section is None:
        return {}
    try:
        return area.describe(section)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError):
        return None


def _walk(before: Any, after: Any, path: tuple[str, ...], found: list[Change], *, raw: bool) -> None:
    if len(found) >= MOST_CHANGES or _equal(before, after):
        return
    if isinstance(before, Secret) or isinstance(after, Secret) or _hidden(path, before, after):
        found.append(Change(path, "secret"))
    elif _is_group(before) and _is_group(after):
        _walk_group(before or {}, after or {}, path, found, raw=raw)
    elif isinstance(before, list | tuple | None) and isinstance(after, list | tuple | None):
        _walk_list(list(before or ()), list(after or ()), path, found, raw=raw)
    elif isinstance(before, str) and isinstance(after, str) and _is_text(before, after):
        found.append(Change(path, "text", lines=text_lines(before, after)))
    else:
        found.append(Change(path, "value", before=said(before), after=said(after)))


def _walk_group(
    before: Mapping[Any, Any],
    after: Mapping[Any, Any],
    path: tuple[str, ...],
    found: list[Change],
    *,
    raw: bool,
) -> None:
    for name in [*before, *(name for name in after if name not in before)]:
        if raw and name == "format" and not path:
            continue
        label = _readable(str(name)) if raw else str(name)
        _walk(before.get(name), after.get(name), (*path, label), found, raw=raw)


def _walk_list(
    before: list[Any], after: list[Any], path: tuple[str, ...], found: list[Change], *, raw: bool
) -> None:
    name = _recognised_by(before, after)
    if name is not None:
        one, other = ({str(entry[name]): entry for entry in entries} for entries in (before, after))
        changed = [key for key in one if key in other and not _equal(one[key], other[key])]
        gone = [said(one[key]) for key in one if key not in other]
        new = [said(other[key]) for key in other if key not in one]
        _append_list(path, gone, new, found)
        for key in changed:
            _walk(one[key], other[key], (*path, key), found, raw=raw)
        if not gone and not new and not changed:
            found.append(_reordered(path))
        return
    counted, other_counted = Counter(map(_frozen, before)), Counter(map(_frozen, after))
    gone = [said(entry) for entry in _surplus(before, counted - other_counted)]
    new = [said(entry) for entry in _surplus(after, other_counted - counted)]
    if gone or new:
        _append_list(path, gone, new, found)
    else:
        found.append(_reordered(path))


def _append_list(path: tuple[str, ...], gone: list[str], new: list[str], found: list[Change]) -> None:
    if gone or new:
        found.append(
            Change(
                path,
                "list",
                removed=gone[:MOST_ENTRIES],
                added=new[:MOST_ENTRIES],
                removed_count=len(gone),
                added_count=len(new),
            )
        )


def _reordered(path: tuple[str, ...]) -> Change:
    return Change(path, "value", before=gettext("the same entries"), after=gettext("in another order"))


def _surplus(entries: list[Any], counted: Counter[str]) -> Iterable[Any]:
    left = Counter(counted)
    for entry in entries:
        frozen = _frozen(entry)
        if left[frozen] > 0:
            left[frozen] -= 1
            yield entry


def _recognised_by(before: list[Any], after: list[Any]) -> str | None:
    entries = [*before, *after]
    if not entries or not all(isinstance(entry, Mapping) for entry in entries):
        return None
    for name in _NAMES:
        if all(isinstance(entry.get(name), str | int) for entry in entries) and all(
            len({entry[name] for entry in some}) == len(some) for some in (before, after)
        ):
            return name
    return None


def said(value: Any) -> str:
    """A value in words, for a reader: never a secret, never longer than a line or two."""
    if isinstance(value, Secret):
        return "••••••"
    if value is None or value == "" or value == [] or value == {}:
        return gettext("nothing")
    if value is True:
        return pgettext("a yes or no", "on")
    if value is False:
        return pgettext("a yes or no", "off")
    if isinstance(value, str | Promise):
        text = str(value)
        return "••••••" if text == SECRET_PLACEHOLDER or _LOOKS_SECRET.search(text) else _short(text)
    if isinstance(value, Mapping):
        parts = [
            "{}: {}".format(_readable(str(name)), "••••••" if _SECRET.search(str(name)) else said(part))
            for name, part in value.items()
            if part not in (None, "", [], {})
        ]
        return _short(" · ".join(parts))
    if isinstance(value, list | tuple):
        return _short(", ".join(said(part) for part in value))
    return str(value)


def _hidden(path: tuple[str, ...], *values: Any) -> bool:
    leaf = not any(isinstance(value, Mapping | list) for value in values)
    if (
        leaf
        and path
        and _SECRET.search(path[-1].replace(" ", "_"))
        and any(isinstance(one, str) and not _ADDRESS.fullmatch(one) for one in values)
    ):
        return True
    return any(isinstance(one, str) and _LOOKS_SECRET.search(one) for one in values)


def _equal(before: Any, after: Any) -> bool:
    """Alike, or both empty: an area that a release did not have yet says no more than one that was never filled in."""
    if _is_empty(before) and _is_empty(after):
        return True
    return type(before) is type(after) and bool(before == after)


def _is_empty(value: Any) -> bool:
    return value is None or value == "" or value == [] or value == {} or value == Secret()


def _is_group(value: Any) -> bool:
    return value is None or isinstance(value, Mapping)


def _is_text(before: str, after: str) -> bool:
    return any("\n" in text or len(text) > 120 for text in (before, after))


def _frozen(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str)


def _readable(name: str) -> str:
    words = " ".join(part for part in _WORDS.split(name) if part)
    return words[:1].upper() + words[1:]


def _short(text: str) -> str:
    return text if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS]}…"


#: How an area is called whose code this installation no longer has.
GONE = _("An area that is gone")
