"""What the visitors' and the agents' sockets have in common: being accepted, read one frame at a time, and closed.

Granian does not send a close frame while the application waits for the peer's next frame, so whoever wants a socket
closed says so (`Outbox.close`), and the socket's own loop stops waiting, writes what is queued, and closes.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from channels.consumer import AsyncConsumer

from gateway.limits import Bucket
from gateway.outbox import Outbox

Message = MutableMapping[str, Any]

#: Seconds of silence after which a flooding peer has been heard out, and the most that is spent on it.
_SILENCE = 0.25
_HEARD_OUT = 3.0


class Socket(AsyncConsumer):  # type: ignore[misc]  # channels has no types
    """A Channels consumer with a loop of its own; the hub has this process's one channel of the layer."""

    channel_layer_alias = ""

    def __init__(self) -> None:
        self.bucket = Bucket()
        self.outbox = Outbox()
        #: Whether the peer is known to have sent more than was read.
        self.flooded = False

    async def connected(self) -> None:
        """The socket is accepted: let it in, or close it."""
        raise NotImplementedError

    async def heard(self, text: str | None) -> None:
        """A frame came; None for a binary one."""
        raise NotImplementedError

    async def gone(self) -> None:
        """The socket is no more, whoever closed it."""
        raise NotImplementedError

    async def __call__(
        self,
        scope: MutableMapping[str, Any],
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        self.scope = scope
        if (await receive())["type"] != "websocket.connect":
            return
        try:
            await send({"type": "websocket.accept"})
            self.outbox.open(send)
            await self.connected()
            while self.outbox.closing is None:
                message = await self._next(receive)
                if message is None:
                    break
                if message["type"] != "websocket.receive":
                    self.outbox.drop()
                    return
                await self.heard(message.get("text"))
            if self.flooded and not await self._hear_out(receive):
                self.outbox.drop()
                return
            await self.outbox.finish()
        except (OSError, RuntimeError):
            # The peer went away in the middle; servers differ in what they raise.
            self.outbox.drop()
        finally:
            await self.gone()

    async def _next(self, receive: Callable[[], Awaitable[Message]]) -> Message | None:
        """The peer's next message; None when the socket is to be closed first."""
        waiting = asyncio.ensure_future(receive())
        self.outbox.interrupt = waiting.cancel
        try:
            return await waiting
        except asyncio.CancelledError:
            if self.outbox.closing is None:
                # Not ours: the server is stopping.
                waiting.cancel()
                raise
            return None
        finally:
            self.outbox.interrupt = None

    async def _hear_out(self, receive: Callable[[], Awaitable[Message]]) -> bool:
        """Read and drop what is on its way; False when the peer has left meanwhile.

        A connection that is closed over unread bytes is reset, and with it the reason the peer was to be told.
        """
        until = time.monotonic() + _HEARD_OUT
        while time.monotonic() < until:
            try:
                message = await asyncio.wait_for(receive(), _SILENCE)
            except TimeoutError:
                return True
            if message["type"] != "websocket.receive":
                return False
        return True
