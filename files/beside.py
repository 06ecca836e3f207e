"""What an organisation keeps beside its channels, in its file: looked at, and what is missing made.

What is there already stays as it is, whatever the file says of it: channels that the file does not describe use it as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from django.core.exceptions import ValidationError
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from areas.belongings import Belonging, Entry, Kept, belongings
from audit.services import acting
from files.formats import sorted_keys

#: Entries of one kind.
MOST = 2000


@dataclass(frozen=True)
class Found:
    """One entry of a file. "same": it is there and says the same; "stays": it is there and says something else."""

    belonging: Belonging
    entry: Entry
    action: Literal["create", "same", "stays"]

    @property
    def name(self) -> str:
        return str(self.entry[self.belonging.key])


def names() -> set[str]:
    """The fields of an organisation's file that hold such things."""
    return {one.name for one in belongings()}


def dump() -> dict[str, Any]:
    """Everything the organisation in force keeps, as its file holds it."""
    return {one.name: sorted_keys(one.dump()) for one in belongings()}


def read(document: Mapping[str, Any]) -> tuple[dict[str, list[Entry]], list[tuple[str, str | Promise]]]:
    """(what a file holds of it, faults of shape by place)."""
    kept: dict[str, list[Entry]] = {}
    faults: list[tuple[str, str | Promise]] = []
    for one in belongings():
        given = document.get(one.name, [])
        if not isinstance(given, list):
            faults.append((one.name, _("A list belongs here.")))
            continue
        if len(given) > MOST:
            faults.append((one.name, _("There are too many entries.")))
            continue
        seen: set[str] = set()
        for number, entry in enumerate(given):
            place = f"{one.name}.{number}"
            if not isinstance(entry, dict):
                faults.append((place, _("An object belongs here.")))
                continue
            key = entry.get(one.key)
            if not isinstance(key, str) or not key.strip():
                faults.append((f"{place}.{one.key}", _("A text belongs here.")))
            elif (identity := one.identity(entry)) in seen:
                faults.append((f"{place}.{one.key}", _("Another entry has this name.")))
            else:
                seen.add(identity)
        if given:
            kept[one.name] = given
    return kept, faults


def check(kept: Kept) -> list[tuple[str, str | Promise]]:
    """What the pages' forms would say, by place. Within the organisation's scope."""
    return [
        (f"{one.name}.{place}", said)
        for one in belongings()
        if one.name in kept
        for place, said in one.check(kept[one.name], kept)
    ]


def look(kept: Kept) -> list[Found]:
    """What becomes of every entry, in the order in which they are made."""
    found: list[Found] = []
    for one in belongings():
        if one.name not in kept:
            continue
        there = {one.identity(entry): entry for entry in one.dump()}
        for entry in kept[one.name]:
            known = there.get(one.identity(entry))
            action: Literal["create", "same", "stays"] = "create"
            if known is not None:
                action = "same" if known == entry else "stays"
            found.append(Found(one, entry, action))
    return found


def make(kept: Kept, *, by: User | None) -> list[Found]:
    """Make what is missing; returns what was looked at. Raises ValidationError, naming what could not be made."""
    found = look(kept)
    with acting(by):
        for one in found:
            if one.action == "create":
                try:
                    one.belonging.make(one.entry)
                except ValidationError as refused:
                    raise ValidationError(
                        [f"{one.belonging.label} “{one.name}”: {said}" for said in refused.messages]
                    ) from refused
    return found


def together(several: Iterable[Kept]) -> tuple[dict[str, list[Entry]], list[tuple[str, str | Promise]]]:
    """Several files' as one; what two of them describe is a fault."""
    made: dict[str, list[Entry]] = {}
    for kept in several:
        for name, entries in kept.items():
            made.setdefault(name, []).extend(entries)
    return read(made)
