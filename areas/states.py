"""Where a channel stands in each environment, as its list and its pages show it.

Publishing is a room above; the settings CONFIG_STATES, CONFIG_LAST_SAVE, CONFIG_SAVES_SINCE and CONFIG_RETIRER name what it offers,
as CONFIG_PUBLISHER does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, cast

from django.conf import settings
from django.utils.functional import Promise
from django.utils.module_loading import import_string

from accounts.models import User
from areas.contract import ChannelLike, Section


@dataclass(frozen=True)
class LastSave:
    """Who changed an area of a channel last, when, and with which word on it: a save, a roll-back, a copy, an import alike."""

    actor_label: str
    at: datetime
    note: str = ""


def last_save(channel: ChannelLike, area: str) -> LastSave | None:
    """The newest; None when the area changed by way of something else (a list of the organisation's)."""
    tell = cast("Callable[[ChannelLike, str], LastSave | None]", import_string(settings.CONFIG_LAST_SAVE))
    return tell(channel, area)


@dataclass(frozen=True)
class Since:
    """What became of an area since a page was opened: the saves, the newest first, and the section as the page had it.

    `section` is None when it cannot be found any more; then `saves` is the newest alone.
    """

    saves: list[LastSave] = field(default_factory=list)
    section: Section | None = None


def saves_since(channel: ChannelLike, area: str, seen: str) -> Since:
    """`seen` is the digest the page carries (areas.saving.seen_digest)."""
    tell = cast("Callable[[ChannelLike, str, str], Since]", import_string(settings.CONFIG_SAVES_SINCE))
    return tell(channel, area, seen)


State = Literal["up_to_date", "pending", "behind", "failed", "never", "hidden"]


@dataclass(frozen=True)
class EnvironmentState:
    """One environment of one channel; hidden: by the emergency switch. `behind` counts releases; `error` is a sentence, empty when there is none."""

    environment: str
    label: str | Promise
    state: State
    visible_in_ms: int | None = None
    behind: int = 0
    error: str | Promise = ""
    next_attempt: datetime | None = None


def states(channels: Iterable[ChannelLike]) -> Mapping[Any, list[EnvironmentState]]:
    """Channel pk -> its state in every environment, in the order a release passes through them; constant queries."""
    tell = cast(
        "Callable[[Iterable[ChannelLike]], Mapping[Any, list[EnvironmentState]]]",
        import_string(settings.CONFIG_STATES),
    )
    return tell(channels)


def retire(channel: ChannelLike, *, by: User) -> None:
    """Take a deleted channel off every environment that has it."""
    import_string(settings.CONFIG_RETIRER)(channel, by=by)
