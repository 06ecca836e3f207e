"""Whether each channel is online now: its opening hours, and whether an agent is there; its JSON is switched in memory, at the minute.

Every process looks for itself, every two seconds and right after each full minute; nothing has to be pushed for it. A page that is
switched has another ETag, and shared caches keep the channel JSON for a second at most (gateway.hot).
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from gateway import presence, settings
from gateway.logs import logger
from live_chat import rules
from live_chat.rules import Hours

if TYPE_CHECKING:
    from gateway.published import Channel

log = logger("gateway.hours")

#: Seconds between two looks.
EVERY = 2.0
#: An agent who reloads the page of the desk is gone for a moment: only one who stays away so many seconds has left.
GRACE = 6.0


@dataclass(frozen=True, slots=True)
class Rule:
    """When a channel is online, and what else of its section an environment acts on."""

    hours: Hours
    availability: str
    section: Mapping[str, Any]

    @property
    def needs_agents(self) -> bool:
        return self.availability == "agents"

    def status(self, *, agents: bool) -> str:
        return rules.status(self.hours, self.availability, datetime.now(UTC), agents=agents)


def ready(section: object) -> Rule | None:
    """A channel's rule, from its section; None for releases from before there was one, and for what cannot be read: always online."""
    if section is None:
        return None
    found = rules.problems(section)
    if not isinstance(section, Mapping) or any(not one.note for one in found):
        log.warning("hours.unreadable", problem=found[0].path if found else "")
        return None
    return Rule(Hours(section["hours"]), section["availability"], section)


class Agents:
    """Whether somebody is there, by channel, as this process saw it last."""

    def __init__(self) -> None:
        #: In the test environment the practice agent always is.
        self._there: dict[str, bool] = {}
        self._missed: dict[str, float] = {}

    def there(self, channel: str) -> bool:
        return self._there.get(channel, settings.GATEWAY_ENVIRONMENT == "test")

    async def look(self, channel: str) -> bool:
        """Ask, and remember; tell whether the answer is another than before, or the first."""
        before = self._there.get(channel)
        found = await presence.anybody(channel)
        if found:
            self._missed.pop(channel, None)
        elif before:
            missed = self._missed.setdefault(channel, time.monotonic())
            if time.monotonic() - missed < GRACE:
                return False
            del self._missed[channel]
        self._there[channel] = found
        return before != found

    def forget(self, known: Mapping[str, object]) -> None:
        """Channels that are served no longer."""
        for channel in [one for one in self._there if one not in known]:
            self._there.pop(channel, None)
            self._missed.pop(channel, None)


agents = Agents()


def initial(rule: Rule | None, channel: str) -> str:
    """The status a release begins with, until the first look."""
    return "online" if rule is None else rule.status(agents=agents.there(channel))


async def adjust(channel: Channel) -> bool:
    """Look at one channel, and switch its JSON if its status is another now. Tells whether its agents came or left."""
    moved = False
    if channel.rule is not None and channel.rule.needs_agents:
        moved = await agents.look(channel.id)
    status = initial(channel.rule, channel.id)
    if status != channel.availability:
        await channel.turn(status)
        log.info("channel.turned", channel=channel.id, status=status)
    return moved


def until_next(now: float) -> float:
    """Seconds to sleep: two, or less when the minute is full before."""
    return min(EVERY, 60 - now % 60 + 0.005)
