"""A socket's frames on their way out: in order, without making the sender wait for a slow reader."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from gateway import wire

#: Frames a reader may be behind before it is let go; it reconnects and recovers.
LONGEST = 1_000
SLOW = 4500
#: Seconds for the last frames of a socket that is being closed.
_LAST = 5.0

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class Outbox:
    """Frames are queued by `put` and written by a task that lives only while there are any."""

    __slots__ = ("_frames", "_send", "_task", "closing", "interrupt")

    def __init__(self) -> None:
        self._send: Send | None = None
        self._frames: deque[str] | None = None
        self._task: asyncio.Task[None] | None = None
        #: Code and reason, once the socket is to be closed. Nothing is queued after that.
        self.closing: tuple[int, str] | None = None
        #: Ends the socket's wait for its peer (gateway.sockets).
        self.interrupt: Callable[[], object] | None = None

    def open(self, send: Send) -> None:
        """The socket is accepted: write through this."""
        self._send = send

    def put(self, frame: str) -> None:
        if self.closing is not None or self._send is None:
            return
        if self._frames is None:
            self._frames = deque()
        if len(self._frames) >= LONGEST:
            self._frames.clear()
            self.close(SLOW, "TooSlow")
            return
        self._frames.append(frame)
        if self._task is None:
            self._task = asyncio.create_task(self._write(self._send))

    def put_json(self, value: object) -> None:
        self.put(wire.dumps(value))

    def close(self, code: int, reason: str) -> None:
        """Close after what is queued."""
        if self.closing is None:
            self.closing = (code, reason)
            if self.interrupt is not None:
                self.interrupt()

    def drop(self) -> None:
        """The peer has gone: nothing more is written."""
        self._send = None
        self._frames = None

    async def finish(self) -> None:
        """Write what is queued, then the close frame."""
        if self._task is not None:
            await asyncio.wait({self._task}, timeout=_LAST)
        if self._send is not None and self.closing is not None:
            code, reason = self.closing
            await self._send({"type": "websocket.close", "code": code, "reason": reason})
            self._send = None

    async def _write(self, send: Send) -> None:
        try:
            while self._frames:
                await send({"type": "websocket.send", "text": self._frames.popleft()})
        except (OSError, RuntimeError):
            # The other end has gone; the server reports it to the socket as a disconnect.
            self.drop()
        finally:
            self._frames = None
            self._task = None
