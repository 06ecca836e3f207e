"""Who hears of what: frames go to the sockets of this process at once, to those of other processes through Redis.

A process has one channel of the channel layer and one subscription per group somebody here belongs to. Redis may lose a
frame (it keeps none): numbered heartbeats tell when that was possible, and then every open socket reads from the database
what it missed. Without Redis at all, one process still serves its conversations.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import secrets
import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from channels.layers import get_channel_layer
from redis.exceptions import RedisError

from gateway import metrics
from gateway.logs import logger

log = logger("gateway.hub")

#: Seconds between heartbeats. The layer waits a whole second before it listens again on a broken connection, so no
#: silence is too short to swallow one.
_BEAT = 0.5
#: Every process of the environment.
_NODES = "nodes"
#: Seconds without one's own heartbeat after which frames may have been lost.
_SILENCE = 10.0
#: Seconds more than the silence to look back: what was written just before it.
_MARGIN = 5.0
#: Frames waiting for Redis; more are lost to other processes (and found again by their resync).
_BACKLOG = 10_000
_REDIS_ERRORS = (RedisError, OSError, asyncio.TimeoutError)


class Member(Protocol):
    """A socket that belongs to groups."""

    def deliver(self, frame: str, number: int) -> None:
        """Send a frame, in order, without waiting. `number` is a message's, 0 for anything else."""

    async def resync(self, since: datetime) -> None:
        """Read what may have been missed since a moment."""


def customer_group(channel: str, customer: str) -> str:
    """Every socket of one customer of one channel."""
    # Group names have an alphabet of their own; a customer's id has none.
    return f"customer.{channel}.{hashlib.sha256(customer.encode()).hexdigest()[:32]}"


def desk_group(channel: str) -> str:
    """Every agent pane of a channel."""
    return f"desk.{channel}"


def brand_group(brand: int) -> str:
    """Every agent desk of a brand."""
    return f"desks.{brand}"


class Hub:
    """One per process."""

    def __init__(self) -> None:
        self.node = secrets.token_hex(8)
        self._groups: dict[str, set[Member]] = {}
        self._subscribed: set[str] = set()
        self._lock = asyncio.Lock()
        self._backlog: asyncio.Queue[tuple[str, dict[str, Any]]] = asyncio.Queue(_BACKLOG)
        self._tasks: list[asyncio.Task[None]] = []
        self._channel: str | None = None
        self._beats_sent = 0
        self._beat_heard = 0
        self._heard_at = time.monotonic()
        self._lost = False
        #: Frames of this process did not reach the others: they are to be told.
        self._owed = False

    async def start(self) -> None:
        self._tasks = [asyncio.create_task(work()) for work in (self._publish, self._receive, self._beat)]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with contextlib.suppress(*_REDIS_ERRORS):
            await get_channel_layer().flush()

    async def join(self, group: str, member: Member) -> None:
        """From now on the member gets the group's frames. Waits for Redis a moment, not for ever."""
        self._groups.setdefault(group, set()).add(member)
        if group not in self._subscribed:
            await self._subscribe(group)

    def leave(self, group: str, member: Member) -> None:
        members = self._groups.get(group)
        if members is None:
            return
        members.discard(member)
        if not members:
            del self._groups[group]
            self._spawn(self._unsubscribe(group))

    def send(self, group: str, frame: str, number: int = 0) -> None:
        """A frame for every member of a group, here and elsewhere."""
        self._deliver(group, frame, number)
        try:
            self._backlog.put_nowait(
                (
                    group,
                    {"type": "frame", "node": self.node, "group": group, "frame": frame, "number": number},
                )
            )
        except asyncio.QueueFull:
            self._owed = True
            self._lose()

    def here(self, group: str) -> bool:
        """Whether a member of the group is in this process."""
        return group in self._groups

    def deliver_here(self, group: str, frame: str) -> None:
        """A frame for the members of a group in this process only."""
        self._deliver(group, frame, 0)

    def members(self) -> Iterable[Member]:
        return {member for members in self._groups.values() for member in members}

    def _deliver(self, group: str, frame: str, number: int) -> None:
        for member in tuple(self._groups.get(group, ())):
            member.deliver(frame, number)

    def _spawn(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        _background.add(task)
        task.add_done_callback(_background.discard)

    async def _subscribe(self, group: str) -> None:
        async with self._lock:
            if self._channel is None or group in self._subscribed or group not in self._groups:
                return
            try:
                await asyncio.wait_for(get_channel_layer().group_add(group, self._channel), 1)
            except _REDIS_ERRORS:
                self._lose()
            else:
                self._subscribed.add(group)

    async def _unsubscribe(self, group: str) -> None:
        async with self._lock:
            if self._channel is None or group not in self._subscribed or group in self._groups:
                return
            self._subscribed.discard(group)
            try:
                await asyncio.wait_for(get_channel_layer().group_discard(group, self._channel), 1)
            except _REDIS_ERRORS:
                self._lose()

    def _lose(self) -> None:
        metrics.fanout_failures.inc()
        if not self._lost:
            log.warning("hub.redis_away")
        self._lost = True

    async def _publish(self) -> None:
        while True:
            group, message = await self._backlog.get()
            try:
                await asyncio.wait_for(get_channel_layer().group_send(group, message), 2)
            except _REDIS_ERRORS:
                self._owed = True
                self._lose()
                # What waited behind it is as late: the others will read it from the database.
                while not self._backlog.empty():
                    self._backlog.get_nowait()

    async def _receive(self) -> None:
        while True:
            try:
                layer = get_channel_layer()
                if self._channel is None:
                    channel = await layer.new_channel()
                    await layer.group_add(_NODES, channel)
                    self._channel = channel
                    for group in tuple(self._groups):
                        await self._subscribe(group)
                message = await layer.receive(self._channel)
            except _REDIS_ERRORS:
                self._lose()
                await asyncio.sleep(1)
                continue
            if message["node"] == self.node:
                if message["type"] == "beat":
                    await self._hear(message["number"])
            elif message["type"] == "frame":
                self._deliver(message["group"], message["frame"], message["number"])
            elif message["type"] == "resync":
                self._spawn(self._resync(datetime.fromisoformat(message["since"])))

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(_BEAT)
            if self._channel is None:
                continue
            self._beats_sent += 1
            beat = {"type": "beat", "node": self.node, "number": self._beats_sent}
            try:
                await asyncio.wait_for(get_channel_layer().send(self._channel, beat), 2)
            except _REDIS_ERRORS:
                self._lose()
            if time.monotonic() - self._heard_at > _SILENCE:
                self._lose()

    async def _hear(self, number: int) -> None:
        gap = number != self._beat_heard + 1
        since = datetime.now(UTC) - timedelta(seconds=time.monotonic() - self._heard_at + _MARGIN)
        self._beat_heard = number
        self._heard_at = time.monotonic()
        if not gap and not self._lost:
            return
        self._lost = False
        log.info("hub.resync", gap=gap)
        # Subscriptions made while Redis was away.
        for group in tuple(self._groups):
            await self._subscribe(group)
        self._spawn(self._resync(since))
        if self._owed:
            note = {"type": "resync", "node": self.node, "since": since.isoformat()}
            with contextlib.suppress(asyncio.QueueFull):
                self._backlog.put_nowait((_NODES, note))
                self._owed = False

    async def _resync(self, since: datetime) -> None:
        metrics.resyncs.inc()
        for member in tuple(self.members()):
            await member.resync(since)


_background: set[asyncio.Future[Any]] = set()

hub = Hub()
