"""What an organisation keeps beside its channels (custom fields, forms, lists of addresses, cards): named by the rooms that keep it.

A room calls `register` from its app's `ready`; files take everything along without knowing any room.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise

from kit.documents import canonical

Entry = dict[str, Any]
#: Of each belonging, by its name, the entries.
Kept = Mapping[str, list[Entry]]


@dataclass(frozen=True)
class Belonging:
    """One kind of thing. All hooks are called within the organisation's scope; an entry is plain JSON without ids."""

    #: The field of an organisation's file, e.g. "custom_fields".
    name: str
    #: What one of them is called: "Custom field".
    label: str | Promise
    #: The field of an entry by which it is recognised, whatever its capitals: a text.
    key: str
    #: Everything there is, sorted by the key.
    dump: Callable[[], list[Entry]]
    #: (entries of a file, each an object with its key once; the file's other belongings) -> (place such as "3.label", sentence).
    #: Given any JSON in the other fields; never raises.
    check: Callable[[list[Entry], Kept], list[tuple[str, str | Promise]]]
    #: Makes an entry that has passed `check` and whose key is free, and records it under `audit.services.actor()`.
    #: Raises ValidationError.
    make: Callable[[Entry], None]
    #: What an entry names has a lower one: fields come before the forms that ask for them.
    order: int = 100
    #: Whether several entries may have the same key: then only an entry that is alike in everything is the same.
    whole: bool = False

    def identity(self, entry: Entry) -> str:
        """What tells an entry from another one."""
        return canonical(entry).decode() if self.whole else str(entry[self.key]).lower()


_known: dict[str, Belonging] = {}


def register(one: Belonging) -> None:
    _known[one.name] = one


def belongings() -> list[Belonging]:
    """All kinds, each after what it names."""
    return sorted(_known.values(), key=lambda one: (one.order, one.name))
