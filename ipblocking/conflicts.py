"""Two people on one list of addresses: how theirs and mine differ, and both put together line by line."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.utils.translation import gettext as _

from areas.conflicts import Conflict, beside
from areas.differences import Change, described_differences
from areas.states import LastSave
from ipblocking.models import AddressList


@dataclass(frozen=True)
class State:
    """A list as a page shows it: its text, its name where it is a shared one, the shared lists (ids) where it is a channel's."""

    source: str = ""
    name: str = ""
    lists: tuple[int, ...] = ()

    def carried(self) -> str:
        """As the page carries it, to say later from which state it was changed."""
        return json.dumps([self.source, self.name, list(self.lists)], ensure_ascii=False)


def opened(post: Mapping[str, Any]) -> State | None:
    """What the page showed when it was opened; None for a form that does not say."""
    try:
        match json.loads(str(post.get("base", ""))):
            case [str(source), str(name), list(lists)] if all(type(one) is int for one in lists):
                return State(source, name, tuple(lists))
    except (ValueError, RecursionError):
        pass
    return None


def told(
    current: AddressList, theirs: State, mine: State, base: State | None, names: Mapping[int, str]
) -> Conflict:
    """What stands there now beside what was typed; `names` are those of the shared lists. Its digest is the version to save over."""

    def differ(before: dict[str, Any], after: dict[str, Any]) -> list[Change]:
        return described_differences(_described(before, names), _described(after, names))

    found = beside(
        theirs=_plain(theirs),
        mine=_plain(mine),
        base=None if base is None else _plain(base),
        saves=[LastSave(current.saved_by_label, current.saved_at)]
        if current.saved_by_label and current.saved_at
        else [],
        differ=differ,
    )
    # Lines stand for themselves: whatever two people did to a list, it can be put together.
    return replace(found, digest=str(current.version), clash=False)


def together(base: State, theirs: State, mine: State) -> State:
    """Their list with the lines I took away taken away, and those I added at its end; so the lists, and the name if I changed it."""
    source = theirs.source
    if mine.source != base.source:
        was, is_mine, there = (one.source.split("\n") for one in (base, mine, theirs))
        gone, old = set(was) - set(is_mine), {*was, *there}
        lines = [line for line in there if line not in gone]
        added = [line for line in is_mine if line not in old]
        while added and lines and not lines[-1].strip():
            lines.pop()
        source = "\n".join([*lines, *added])
    lists = (set(theirs.lists) - (set(base.lists) - set(mine.lists))) | (set(mine.lists) - set(base.lists))
    name = theirs.name if mine.name == base.name else mine.name
    return State(source, name, tuple(sorted(lists)))


def came_in(current: AddressList, theirs: State, base: State, names: Mapping[int, str]) -> Conflict:
    """What the page says above a box that holds both: what they changed since it was opened."""
    return replace(told(current, base, theirs, None, names), merged=True)


def _plain(state: State) -> dict[str, Any]:
    return {"source": state.source, "name": state.name, "lists": list(state.lists)}


def _described(state: Mapping[str, Any], names: Mapping[int, str]) -> dict[str, Any]:
    return {
        _("Name"): state["name"],
        _("Addresses"): [line for line in _lines(state["source"]) if line],
        _("Shared lists"): [names.get(one, f"#{one}") for one in sorted(state["lists"])],
    }


def _lines(source: str) -> Iterable[str]:
    return (line.strip() for line in source.split("\n"))
