"""Telling rooms above what became of releases, inside the transaction in which they became that.

The setting RELEASE_LISTENERS names them: functions of (event, what is told of each release).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from django.conf import settings
from django.utils.module_loading import import_string

Event = Literal["release.created", "release.promoted", "release.visible"]


@dataclass(frozen=True, slots=True)
class Told:
    """One release. `data` is what the event adds: the environment, and for "release.visible" how long it took (visible_in_ms)."""

    channel_id: int
    release: int
    data: Mapping[str, Any] = field(default_factory=dict)


def announce(event: Event, *, channel_id: int, release: int, **data: Any) -> None:
    announce_many(event, [Told(channel_id, release, data)])


def announce_many(event: Event, told: Sequence[Told]) -> None:
    """Releases of one organisation, in one go."""
    for path in settings.RELEASE_LISTENERS:
        import_string(path)(event, told)
