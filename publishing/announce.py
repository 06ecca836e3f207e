"""Telling rooms above what became of a release, inside the transaction in which it became that.

The setting RELEASE_LISTENERS names them: functions of (event, channel_id, release number, data).
"""

from __future__ import annotations

from typing import Any, Literal

from django.conf import settings
from django.utils.module_loading import import_string

Event = Literal["release.created", "release.promoted", "release.visible"]


def announce(event: Event, *, channel_id: int, release: int, **data: Any) -> None:
    """`data` is what the event adds: the environment, and for "release.visible" how long it took (visible_in_ms)."""
    for path in settings.RELEASE_LISTENERS:
        import_string(path)(event, channel_id=channel_id, release=release, data=data)
