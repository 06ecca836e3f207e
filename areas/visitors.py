"""What a visitor of a channel reads, in which language: shown to admins as it will be seen.

The phrases belong to a room beside the others; the setting CONFIG_VISITORS names what it offers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, cast

from django.conf import settings
from django.utils.module_loading import import_string


@dataclass(frozen=True)
class Reader:
    """A visitor with the language they get. `say(phrase id, **values)` is what they read, without markup; empty for no such phrase."""

    locale: str
    right_to_left: bool
    say: Callable[..., str]

    @property
    def tag(self) -> str:
        """The language as HTML names it."""
        return self.locale.replace("_", "-")


class Visitors(Protocol):
    """A channel's visitors, by the draft of its phrases."""

    def languages(self) -> list[tuple[str, str]]:
        """(locale, name in the interface's language) of every language a visitor may get, by name."""

    def reader(self, wanted: str) -> Reader:
        """Who asks for `wanted`: a tag, or a browser's list of them (Accept-Language); empty for nothing in particular."""


def visitors(channel: Any) -> Visitors:
    """Of one channel; inside the organisation's scope."""
    make = cast("Callable[[Any], Visitors]", import_string(settings.CONFIG_VISITORS))
    return make(channel)
