"""The visitor's WebSocket (contract 3.4): letting it in, reading its frames, writing its answers.

What the events do is in `gateway.events`. A refused client is accepted first, told why in an error frame, then closed with
a 44xx code whose reason is the error's code: a handshake that fails tells a browser nothing.
"""

from __future__ import annotations

import json
import time
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs

import psycopg

from gateway import (
    addresses,
    auth,
    conversations,
    doors,
    events,
    limits,
    metrics,
    sessions,
    tokens,
    transport,
    wire,
)
from gateway.hub import customer_group, hub
from gateway.logs import logger
from gateway.published import Channel, registry
from gateway.sockets import Socket

log = logger("gateway.socket")

IDLE = 4510
_UNREADABLE = "InconsistentData"


class VisitorSocket(Socket):
    """One visitor's socket. Frames are handled one after the other, so their answers keep their order."""

    def __init__(self) -> None:
        super().__init__()
        self.channel_id = ""
        self.brand: str = ""
        self.origin: str | None = None
        self.address = ""
        self.locale = ""
        #: The customer, once proved; None before AuthorizeCustomer in the older flow.
        self.visitor: conversations.Visitor | None = None
        self.mode = ""
        #: The session it goes on, and that session's epoch; "" in anonymous mode.
        self.session = ""
        self.epoch = 0
        #: The conversation last written in, as it was then.
        self.known: tuple[conversations.Thread, conversations.Contact] | None = None
        self.number = 0
        #: Messages brought by the last resync: their late frames are not sent a second time.
        self._brought: frozenset[int] = frozenset()
        self.heard_at = time.monotonic()
        self._group: str | None = None

    # -- coming in -----------------------------------------------------------------------------------------------------

    async def connected(self) -> None:
        metrics.sockets.labels("visitor").inc()
        sockets.add(self)
        try:
            query = parse_qs(self.scope["query_string"].decode("latin-1"), max_num_fields=100)
        except ValueError:
            self.refuse(4400, _UNREADABLE, "The query has too many fields.")
            return
        self.brand = query.get("brandId", [""])[0]
        self.channel_id = query.get("channelId", [""])[0]
        self.locale = query.get("locale", [""])[0][:35] or _first_language(self.scope["headers"])
        self.origin = doors.origin_of(self.scope["headers"])
        self.address = addresses.address_of(self.scope)
        channel = self.admitted()
        if channel is None:
            return
        unsecured = transport.refusal(channel, self.scope)
        if unsecured is not None:
            self.refuse(4000 + unsecured.status, unsecured.error_code, unsecured.message)
            return
        token = query.get("transactionToken", [""])[0]
        if token:
            try:
                opened = tokens.check("transaction", token, brand=channel.brand, channel=channel.id)
            except tokens.TokenRefused as refusal:
                self.refuse(4401, "CustomerAuthorizationFailed", f"The transaction token is {refusal}.")
                return
            try:
                holds = await auth.token_holds(channel, opened)
                session = await sessions.get(channel, opened.session) if holds and opened.session else None
            except (psycopg.Error, OSError):
                # No answer is not a yes: the client tries again.
                self.outbox.close(4503, "Unavailable")
                return
            if not holds:
                self.refuse(4401, "CustomerAuthorizationFailed", "The channel asks for another sign-in now.")
                return
            await self.authorize(auth.Identity(opened.customer), opened.mode, session)
            await self.look_again(opened)
        elif not auth.allows_legacy(channel):
            self.refuse(
                4401,
                "CustomerAuthorizationFailed",
                "This channel opens with a transactionToken of /oauth/token only.",
            )

    def admitted(self) -> Channel | None:
        """The channel, while it is published and the page may use it; otherwise the socket is told and closed."""
        channel = registry.get(self.brand, self.channel_id)
        if channel is None:
            refusal: doors.Refusal | None = doors.CHANNEL_NOT_FOUND
        else:
            refusal = addresses.refusal_of(channel, self.address) or doors.origin_refusal(
                channel, self.origin
            )
        if refusal is None and channel is not None and not self._signed_in_still(channel):
            self.refuse(4401, "CustomerAuthorizationFailed", "The channel asks for another sign-in now.")
            return None
        if refusal is None:
            return channel
        self.refuse(4000 + refusal.status, refusal.error_code, refusal.message)
        return None

    async def look_again(self, token: tokens.Token) -> None:
        """What was switched or ended before the socket could hear of it."""
        channel = self.admitted()
        if channel is None or not token.session:
            return
        try:
            alive = await sessions.is_alive(channel, token.session, token.customer)
        except (psycopg.Error, OSError):
            self.outbox.close(4503, "Unavailable")
            return
        if not alive:
            self.refuse(4401, "CustomerAuthorizationFailed", "The session was ended; sign in again.")

    def _signed_in_still(self, channel: Channel) -> bool:
        """Whether the sign-in the socket goes on is still the channel's, and nobody signed everybody out since."""
        if not self.mode:
            return True
        epoch = auth.epoch_of(channel) if self.session else self.epoch
        return self.mode == auth.mode_name(channel) and epoch == self.epoch

    def refuse(self, code: int, error_code: str, message: str) -> None:
        if self.outbox.closing is None:
            metrics.refusals.labels(error_code).inc()
        self.outbox.put_json(wire.error(None, error_code, message))
        self.outbox.close(code, error_code)

    async def authorize(
        self, identity: auth.Identity, mode: str, session: sessions.Session | None = None
    ) -> None:
        """From here on the socket speaks for this customer, and hears what is said in their conversations."""
        if self._group is not None:
            hub.leave(self._group, self)
        self.visitor = conversations.Visitor(
            identity.customer, identity.first_name, identity.last_name, identity.image
        )
        self.mode = mode
        self.session = session.id if session is not None else ""
        self.epoch = session.epoch if session is not None else 0
        if session is not None and not identity.first_name:
            self.visitor = conversations.Visitor(identity.customer, session.first_name, session.last_name)
        self.known = None
        self._group = customer_group(self.channel_id, identity.customer)
        await hub.join(self._group, self)

    async def gone(self) -> None:
        if self._group is not None:
            hub.leave(self._group, self)
        metrics.sockets.labels("visitor").dec()
        sockets.discard(self)

    # -- frames --------------------------------------------------------------------------------------------------------

    async def heard(self, text: str | None) -> None:
        self.heard_at = time.monotonic()
        if not self.bucket.take():
            if self.bucket.refused > limits.PATIENCE:
                self.flooded = True
                self.refuse(
                    4429,
                    "TooManyRequests",
                    "This socket kept sending much faster than 100 frames in 5 seconds.",
                )
            else:
                self.outbox.put_json(
                    wire.error(
                        _event_id(text),
                        "TooManyRequests",
                        "More than 100 frames in 5 seconds.",
                    )
                )
            return
        if text is None:
            self.complain(None, "Frames are text: JSON.")
            return
        if len(text) > limits.LONGEST_FRAME:
            self.complain(None, f"A frame has at most {limits.LONGEST_FRAME} characters.")
            return
        try:
            frame = json.loads(text)
        except (ValueError, RecursionError):
            self.complain(None, "The frame is not JSON.")
            return
        if not isinstance(frame, dict):
            self.complain(None, "The frame is not a JSON object.")
            return
        if frame.get("action") == "heartbeat":
            # A silent socket, too, is let go when its address is blocked by the end of an exception.
            if self.admitted() is not None:
                self.outbox.put(wire.PONG)
            return
        channel = self.admitted()
        if channel is not None:
            await self.handle(channel, frame)

    async def handle(self, channel: Channel, frame: dict[str, Any]) -> None:
        started = time.perf_counter()
        event_id = frame.get("eventId")
        event_id = event_id if isinstance(event_id, str) and len(event_id) <= limits.LONGEST_ID else None
        try:
            event = events.read(self, channel, frame, event_id)
        except events.EventRefused as refusal:
            self.error(event_id, refusal)
            return
        try:
            await events.HANDLERS[event.type].act(event)
        except events.EventRefused as refusal:
            self.error(event_id, refusal)
        except conversations.Refused as refusal:
            self.error(event_id, events.EventRefused(events.HANDLERS[event.type].failure, str(refusal)))
        except (psycopg.Error, OSError) as trouble:
            log.warning("event.failed", event_type=event.type, error=type(trouble).__name__)
            message = "The environment cannot do this right now; try again."
            self.error(event_id, events.EventRefused(events.HANDLERS[event.type].failure, message))
        except Exception:  # the outermost edge: a mistake of ours costs an event, not the conversation
            log.exception("event.crashed", event_type=event.type)
            self.error(
                event_id,
                events.EventRefused(events.HANDLERS[event.type].failure, "The event was not handled."),
            )
        metrics.events.labels(event.type).observe(time.perf_counter() - started)

    def complain(self, event_id: str | None, message: str) -> None:
        self.error(event_id, events.EventRefused(_UNREADABLE, message))

    def error(self, event_id: str | None, refusal: events.EventRefused) -> None:
        metrics.refusals.labels(refusal.code).inc()
        self.outbox.put_json(wire.error(event_id, refusal.code, refusal.message, **refusal.more))

    # -- what the hub brings -------------------------------------------------------------------------------------------

    def deliver(self, frame: str, number: int) -> None:
        if frame.startswith(sessions.END):
            # Not for the client: its session was ended somewhere.
            if frame.removeprefix(sessions.END) in {"*", self.session}:
                self.refuse(4401, "CustomerAuthorizationFailed", "The session was ended; sign in again.")
            return
        if number in self._brought:
            return
        if number > self.number:
            self.number = number
        self.outbox.put(frame)

    async def resync(self, since: datetime) -> None:
        """Frames may have been lost between processes: send what was said since the last one heard of."""
        channel = registry.get(self.brand, self.channel_id)
        if channel is None or self.visitor is None:
            return
        try:
            if self.session and not await sessions.is_alive(channel, self.session, self.visitor.customer):
                # That it was ended is among what was lost.
                self.refuse(4401, "CustomerAuthorizationFailed", "The session was ended; sign in again.")
                return
            missed = await conversations.messages_since(channel, self.visitor.customer, self.number, since)
        except (psycopg.Error, OSError):
            return
        # What came by itself while the database was asked is not news any more.
        missed = [one for one in missed if one[2].id > self.number]
        for thread, contact, message in missed:
            self.deliver(wire.dumps(wire.message_created(channel, thread, contact, message)), message.id)
        self._brought = frozenset(message.id for _, _, message in missed)


#: The visitors' sockets of this process.
sockets: set[VisitorSocket] = set()


def open_sessions() -> dict[str, str]:
    """Session -> channel, of the sockets that go on one."""
    return {one.session: one.channel_id for one in tuple(sockets) if one.session}


def recheck(channel_id: str) -> None:
    """A release was switched: sockets whose page may no longer use the channel are closed, told why."""
    for socket in tuple(sockets):
        if socket.channel_id == channel_id and socket.outbox.closing is None:
            socket.admitted()


def close_idle(older_than: float) -> None:
    """Let go of sockets that have said nothing for so many seconds; a client beats its heart every 15."""
    deadline = time.monotonic() - older_than
    for socket in tuple(sockets):
        if socket.heard_at < deadline:
            socket.outbox.close(IDLE, "Idle")


def _first_language(headers: doors.RawHeaders) -> str:
    """The browser's language, when the page says none."""
    accepted = doors.header(headers, b"accept-language") or b""
    return accepted.split(b",")[0].split(b";")[0].strip().decode("latin-1")[:35]


def _event_id(text: object) -> str | None:
    """The event id of a frame that is refused unread: only looked for in small ones."""
    if not isinstance(text, str) or len(text) > 4096:
        return None
    try:
        frame = json.loads(text)
    except (ValueError, RecursionError):
        return None
    event_id = frame.get("eventId") if isinstance(frame, dict) else None
    return event_id if isinstance(event_id, str) and len(event_id) <= limits.LONGEST_ID else None
