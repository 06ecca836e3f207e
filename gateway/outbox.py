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


class Outbox:
    """Frames are queued by `put` and written by a task that lives only while there are any."""

    __slots__ = ("_frames", "_send", "_task", "closed")

    def __init__(self) -> None:
        self._send: Callable[[MutableMapping[str, Any]], Awaitable[None]] | None = None
        self._frames: deque[str | tuple[int, str]] | None = None
        self._task: asyncio.Task[None] | None = None
        self.closed = False

    def open(self, send: Callable[[MutableMapping[str, Any]], Awaitable[None]]) -> None:
        """The socket is accepted: write through this."""
        self._send = send

    def put(self, frame: str) -> None:
        self._put(frame)

    def put_json(self, value: object) -> None:
        self._put(wire.dumps(value))

    def close(self, code: int, reason: str) -> None:
        """Close after what is queued."""
        self._put((code, reason))

    async def flush(self) -> None:
        """Wait until what is queued has been written."""
        if self._task is not None:
            await asyncio.shield(self._task)

    def _put(self, item: str | tuple[int, str]) -> None:
        if self.closed or self._send is None:
            return
        if self._frames is None:
            self._frames = deque()
        if len(self._frames) >= LONGEST:
            self._frames.clear()
            item = (SLOW, "TooSlow")
        self._frames.append(item)
        if not isinstance(item, str):
            self.closed = True
        if self._task is None:
            self._task = asyncio.create_task(self._write(self._send))

    async def _write(self, send: Callable[[MutableMapping[str, Any]], Awaitable[None]]) -> None:
        try:
            while self._frames:
                item = self._frames.popleft()
                if isinstance(item, str):
                    await send({"type": "websocket.send", "text": item})
                else:
                    await send({"type": "websocket.close", "code": item[0], "reason": item[1]})
        except (OSError, RuntimeError):
            # The other end has gone; the server reports it to the socket as a disconnect.
            self.closed = True
        finally:
            self._frames = None
            self._task = None
