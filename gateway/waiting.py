"""The queue of those who wait for an agent: who stands where, told to each of them whenever that changes.

A change is told to the processes, not to the visitors: each process reads the queue for itself and writes to its own sockets, what
it has not told them already. Changes that come close together are one; of a long queue more than once a second is not worth it.
"""

from __future__ import annotations

import asyncio
import time
from datetime import datetime
from typing import TYPE_CHECKING

import psycopg

from gateway import database, hours, presence, wire
from gateway import statements as sql
from gateway.hub import customer_group, hub
from gateway.logs import logger
from gateway.published import Channel, registry

if TYPE_CHECKING:
    from gateway.visitor_socket import VisitorSocket

log = logger("gateway.waiting")

#: The group every process's watcher is in.
GROUP = "waiting"
#: Seconds in which changes are taken together.
_TOGETHER = 0.05
#: From so many waiting on, a queue is told at most once in `_PACE` seconds.
_LONG = 100
_PACE = 1.0
#: Waiting visitors of one channel who are told where they stand; those behind hear of it as they come forward.
MOST = 5_000
#: Seconds after which everybody is told again, for a frame that got lost.
_AGAIN = 30.0


class Watcher:
    """One per process; a member of the hub's group, so that it hears of changes anywhere."""

    def __init__(self) -> None:
        self._changed = asyncio.Event()
        self._dirty: set[str] = set()
        #: Channel -> contact -> what it was told last.
        self._told: dict[str, dict[int, tuple[int, bool]]] = {}
        self._at: dict[str, float] = {}
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        await hub.join(GROUP, self)
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        hub.leave(GROUP, self)

    # -- a member of the hub -------------------------------------------------------------------------------------------

    def deliver(self, frame: str, number: int) -> None:
        self._dirty.add(frame)
        self._changed.set()

    async def resync(self, since: datetime) -> None:
        """Changes may have been missed: every queue is looked at."""
        for channel in registry.channels.values():
            if channel.live:
                self.deliver(channel.id, 0)

    # -- work ----------------------------------------------------------------------------------------------------------

    @property
    def watched(self) -> tuple[str, ...]:
        """Channels with somebody waiting, as far as this process knows."""
        return tuple(self._told)

    async def _run(self) -> None:
        while True:
            # Now and then without being told: a frame may have got lost on its way.
            try:
                await asyncio.wait_for(self._changed.wait(), _AGAIN)
            except TimeoutError:
                self._dirty.update(self._told)
            await asyncio.sleep(_TOGETHER)
            self._changed.clear()
            late = set()
            taken, self._dirty = self._dirty, set()
            for name in taken:
                channel = registry.channels.get(name)
                if channel is None:
                    self._told.pop(name, None)
                elif (
                    len(self._told.get(name, ())) >= _LONG
                    and time.monotonic() - self._at.get(name, 0) < _PACE
                ):
                    late.add(name)
                else:
                    try:
                        await self.announce(channel)
                    except (psycopg.Error, OSError, TimeoutError) as trouble:
                        log.warning("queue.not_told", channel=name, error=type(trouble).__name__)
                        late.add(name)
            if late:
                self._dirty |= late
                asyncio.get_running_loop().call_later(_PACE / 2, self._changed.set)

    async def announce(self, channel: Channel) -> int:
        """Tell this process's visitors on the channel what is new to them; how many frames that took."""
        async with database.connection() as connection:
            rows = await (await connection.execute(sql.QUEUE, (channel.id, MOST))).fetchall()
        self._at[channel.id] = time.monotonic()
        if not rows:
            self._told.pop(channel.id, None)
            return 0
        online = await presence.anybody(channel.id)
        before, told = self._told.get(channel.id, {}), dict[int, tuple[int, bool]]()
        sent = 0
        for position, (contact, customer) in enumerate(rows, start=1):
            word = (position, online)
            told[contact] = word
            if before.get(contact) == word:
                continue
            group = customer_group(channel.id, customer)
            if hub.here(group):
                frame = wire.queue_position(channel, contact, position, agent_online=online)
                hub.deliver_here(group, wire.dumps(frame))
                sent += 1
            if position % 200 == 0:
                # A thousand frames at once would hold up every other conversation.
                await asyncio.sleep(0)
        self._told[channel.id] = told
        return sent


watcher = Watcher()


def changed(channel: Channel) -> None:
    """Somebody came, was taken, or left."""
    hub.send(GROUP, channel.id)


async def tell(channel: Channel, socket: VisitorSocket) -> None:
    """Where its customer stands, to this socket alone: it has just come (back)."""
    if socket.visitor is None:
        return
    async with database.connection() as connection:
        row = await (
            await connection.execute(
                sql.PLACE_IN_QUEUE, {"channel": channel.id, "customer": socket.visitor.customer}
            )
        ).fetchone()
    if row is not None:
        online = await presence.anybody(channel.id)
        socket.outbox.put_json(wire.queue_position(channel, row[0], row[1], agent_online=online))


async def keep_time() -> None:
    """For ever: switch channels whose hours or agents say so, and tell those who wait when an agent comes or leaves."""
    while True:
        await asyncio.sleep(hours.until_next(time.time()))
        for channel in tuple(registry.channels.values()):
            await _look(channel)
        hours.agents.forget(registry.channels)


async def _look(channel: Channel) -> None:
    rule = channel.rule
    waited_for = channel.live and channel.id in watcher.watched
    if (rule is None or rule.availability == "always") and not waited_for:
        return
    try:
        moved = await hours.adjust(channel)
        if waited_for and (rule is None or not rule.needs_agents):
            moved = await hours.agents.look(channel.id)
    except Exception:
        # One channel's trouble must not keep the others from being switched.
        log.exception("hours.failed", channel=channel.id)
        return
    if moved and waited_for:
        # Those who have been told so already are not told again.
        watcher.deliver(channel.id, 0)


def look_soon(name: str) -> None:
    """A release was switched: its status is not to wait for the next look."""
    channel = registry.channels.get(name)
    if channel is not None and channel.rule is not None:
        task = asyncio.ensure_future(_look(channel))
        _looking.add(task)
        task.add_done_callback(_looking.discard)


_looking: set[asyncio.Future[None]] = set()
