"""Putting two people's changes of the same section together: what each changed since the state both began from.

Pure functions over plain JSON. Fields are merged one by one, lists by entry, texts by line. Where both changed the very same
place in another way, mine stands, and `clash` says so.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

#: Lines of a text, or entries of a list, beyond which no places are compared: then the whole of it is one place.
MOST_PIECES = 5000

#: What entries of a list are recognised by: the first of these that every entry has, each with another value.
_NAMES = ("id", "ident", "media_type", "field", "locale", "channel", "name", "key")

_GONE = object()


@dataclass(frozen=True)
class Merged:
    """`clash`: somewhere both changed the same place, and mine stands there."""

    value: Any
    clash: bool = False


def merge(base: Any, theirs: Any, mine: Any) -> Merged:
    """Their changes and mine since `base`, any JSON. Never raises."""
    if mine == theirs or theirs == base:
        return Merged(mine)
    if mine == base:
        return Merged(theirs)
    values = (base, theirs, mine)
    if all(isinstance(one, Mapping) for one in values):
        return _mappings(base, theirs, mine)
    if all(isinstance(one, list) for one in values):
        key = _recognised_by(base, theirs, mine)
        return _entries(base, theirs, mine, key) if key else _sequences(base, theirs, mine)
    if all(isinstance(one, str) for one in values) and any("\n" in one for one in values):
        merged = _sequences(*(one.split("\n") for one in values))
        return Merged("\n".join(merged.value), merged.clash)
    return Merged(mine, clash=True)


def _mappings(base: Mapping[str, Any], theirs: Mapping[str, Any], mine: Mapping[str, Any]) -> Merged:
    made, clash = {}, False
    for name in dict.fromkeys([*mine, *theirs]):
        merged = _present(base.get(name, _GONE), theirs.get(name, _GONE), mine.get(name, _GONE))
        clash |= merged.clash
        if merged.value is not _GONE:
            made[name] = merged.value
    return Merged(made, clash)


def _present(base: Any, theirs: Any, mine: Any) -> Merged:
    """`merge` where one may lack the thing: what one took away and the other changed stays, as changed."""
    if mine == theirs or theirs == base:
        return Merged(mine)
    if mine == base:
        return Merged(theirs)
    if mine is _GONE or theirs is _GONE:
        return Merged(theirs if mine is _GONE else mine, clash=True)
    return merge({} if base is _GONE and isinstance(mine, Mapping) else base, theirs, mine)


def _recognised_by(*lists: list[Any]) -> Callable[[Any], str] | None:
    entries = [entry for some in lists for entry in some]
    if all(isinstance(entry, str) for entry in entries):
        if all(len(set(some)) == len(some) for some in lists):
            return str
        return None
    if not all(isinstance(entry, Mapping) for entry in entries):
        return None
    for name in _NAMES:
        if all(isinstance(entry.get(name), str) for entry in entries) and all(
            len({entry[name] for entry in some}) == len(some) for some in lists
        ):
            return lambda entry, name=name: str(entry[name])  # type: ignore[misc]
    return None


def _entries(base: list[Any], theirs: list[Any], mine: list[Any], key: Callable[[Any], str]) -> Merged:
    """Entries that are recognised: each merged by itself, in their order, or in mine where only I changed the order."""
    one, two, three = ({key(entry): entry for entry in some} for some in (base, theirs, mine))
    made, clash = {}, False
    for name in dict.fromkeys([*two, *three]):
        merged = _present(one.get(name, _GONE), two.get(name, _GONE), three.get(name, _GONE))
        clash |= merged.clash
        if merged.value is not _GONE:
            made[name] = merged.value
    moved_by_me, moved_by_them = _moved(one, three), _moved(one, two)
    clash |= moved_by_me and moved_by_them and _moved(two, three)
    lead, other = (three, two) if moved_by_me else (two, three)
    order = [name for name in lead if name in made]
    there = set(order)
    previous = ""
    for name in other:
        if name in made and name not in there:
            order.insert(order.index(previous) + 1 if previous in there else _end(order, previous), name)
            there.add(name)
        previous = name if name in there else previous
    return Merged([made[name] for name in order], clash)


def _end(order: list[str], previous: str) -> int:
    """What begins a list goes first; what follows something that is gone goes last."""
    return len(order) if previous else 0


def _moved(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    return [name for name in before if name in after] != [name for name in after if name in before]


def _sequences(base: Sequence[Any], theirs: Sequence[Any], mine: Sequence[Any]) -> Merged:
    """Three texts by line, or lists of entries that nothing tells apart: where only one of us changed anything, that holds."""
    if max(map(len, (base, theirs, mine))) > MOST_PIECES:
        return Merged(list(mine), clash=True)
    made: list[Any] = []
    clash = False
    at = (0, 0, 0)
    for start, size, in_theirs, in_mine in [
        *_common(base, theirs, mine),
        (len(base), 0, len(theirs), len(mine)),
    ]:
        pieces = (base[at[0] : start], theirs[at[1] : in_theirs], mine[at[2] : in_mine])
        was, a, b = (list(piece) for piece in pieces)
        if a in (b, was):
            made += b
        elif b == was:
            made += a
        elif not was:
            # Both added something here: one after the other.
            made += [*a, *b]
        else:
            made += b
            clash = True
        made += base[start : start + size]
        at = (start + size, in_theirs + size, in_mine + size)
    return Merged(made, clash)


def _common(
    base: Sequence[Any], theirs: Sequence[Any], mine: Sequence[Any]
) -> list[tuple[int, int, int, int]]:
    """What all three have: (place in base, length, place in theirs, place in mine), in order."""
    whole, others = [_frozen(one) for one in base], ([_frozen(x) for x in theirs], [_frozen(x) for x in mine])
    first, second = (SequenceMatcher(None, whole, other).get_matching_blocks() for other in others)
    found, i, j = [], 0, 0
    while i < len(first) and j < len(second):
        a, b = first[i], second[j]
        start, end = max(a.a, b.a), min(a.a + a.size, b.a + b.size)
        if start < end:
            found.append((start, end - start, a.b + start - a.a, b.b + start - b.a))
        if a.a + a.size < b.a + b.size:
            i += 1
        else:
            j += 1
    return found


def _frozen(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)
