"""The agents' WebSocket at `/agent`, with a small JSON protocol of its own: a test page's pane, and the console's agent desk.

A **pane** opens one channel with the key of its test page in the address (`?key=…`). A **desk** opens without a query and says
`hello` with a desk key, which names several channels of a brand, or all of them, and lives for minutes: it is renewed with `renew`, and
when it has ended nothing more is sent (publishing.snapshot.agent_key, desk_key). A refused connection is told `{"event": "error", …}`,
and closed with 44xx and the code as its reason.

From the agent, each an object with `do`; `ref` (any text) comes back in the answer. Where a command is about a conversation, a
desk says `channel` beside `conversation`:

    {"do": "hello", "key": KEY, "available": BOOL}    desk, first -> ready, agents
    {"do": "renew", "key": KEY}                       desk -> renewed
    {"do": "status", "available": BOOL}               desk -> done, and `agents` to every desk of the brand
    {"do": "list"}                                    pane -> conversations
    {"do": "list", "view": "mine" | "waiting" | "all" | "closed", "search": TEXT, "only": CHANNEL, "limit": N, "after": PLACE}
                                                      desk -> conversations; from the place of a row on
    {"do": "open", "conversation": ID}                -> conversation. In a pane the visitor's messages count as seen and the
                                                      contact is taken; at a desk nothing changes
    {"do": "seen", "conversation": ID}                desk: what the visitor wrote was read by whoever has the conversation
    {"do": "more", "conversation": ID, "scroll": S}   -> more
    {"do": "take", "conversation": ID, "from": HOLDER}   desk -> done, or error `taken`: `from` is the holder that was seen
    {"do": "transfer", "conversation": ID, "to": AGENT, "note": TEXT}   desk -> done; `to` is empty for back into the queue
    {"do": "note", "conversation": ID, "id": UNIQUE, "text": TEXT}      desk -> done, and `note` to every desk
    {"do": "send", "conversation": ID, "id": UNIQUE, one of
        "text": TEXT | "card": ADAPTIVE CARD | "replies": {"text": TEXT, "choices": [TEXT, …]} |
        "file": {"url": HTTP(S) ADDRESS, "name": TEXT} |
        "uploads": [ADDRESS, …] with "text": TEXT or without}   -> done (and `message` to every agent), or error `taken`
    {"do": "typing", "conversation": ID, "on": BOOL}  -> nothing
    {"do": "close", "conversation": ID}               -> done (and `status`)
    {"do": "heartbeat"}                               -> heartbeat, at a desk with `agents` when that changed

To the agent, each an object with `event`; what is about a conversation has its `channel`:

    ready          {"name", "channel", "live", "release"}; at a desk {"name", "agent", "channels": [{"id", "name", "live"}], "until"}
    channels       {"channels"}                                     desk: those it has, after a release
    renewed        {"until", "channels"}
    agents         {"agents": [{"agent", "name", "available", "channels"}]}
    conversations  {"conversations": [{"id", "name", "customer", "status", "assignee", "archived", "text", "at", "unread"}]}; at a desk
                   {"view", "search", "only", "after", "more": BOOL, "counts": {"mine", "waiting", "all", "unread"}, "conversations": [{"channel",
                   "id", "name", "customer", "status", "holder", "assignee", "since", "locale", "text", "kind", "files", "author", "at",
                   "unread", "place"}]}
    conversation   {"conversation", "status", "messages": [wire messages, newest first], "scroll",
                    "answers": [{"ident", "label", "value", "text"}], "consents": [{"ident", "version", "locale", "text", "given_at"}]},
                   at a desk also {"holder", "assignee", "since", "locale", "page", "person": {…}, "notes": [note, oldest first]}
    more           {"conversation", "messages", "scroll"}
    message        {"conversation", "customer", "status", "holder", "opened": BOOL, "message"}    somebody said something; `opened`: anew
    status         {"conversation", "status", "assignee", "holder"}    taken, handed on, put back, or closed
    note           {"conversation", "note": {"id", "kind", "author", "agent", "target", "text", "at"}}
    typing         {"conversation", "on"}                              the visitor types
    preview        {"conversation", "text"}                            what they have typed so far, where the channel allows it
    seen           {"conversation", "id", "direction"}                 a message was seen by the other side
    resync         {}                                               desk: frames may have been lost, read anew
    done           {"ref"}
    error          {"ref", "code", "message"}
    ask            {}                                               desk: say something, `heartbeat` will do; whoever does not is gone
    heartbeat      {}

ID is the thread's idOnExternalPlatform; messages have the shape of the wire contract (gateway.wire.message). HOLDER is who has the
conversation: an agent's id, "" while it waits for a person, `name:…` for an agent of a test page.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psycopg

from gateway import (
    announce,
    conversations,
    desk_store,
    doors,
    file_links,
    limits,
    metrics,
    practice,
    presence,
    settings,
    surveys,
    wire,
)
from gateway.auth import storable
from gateway.hub import brand_group, desk_group, hub
from gateway.logs import logger
from gateway.published import OWN_ORIGINS, Channel, registry
from gateway.sockets import Socket
from kit import origins
from publishing.snapshot import AgentKey, AgentKeyRefused, open_agent_key

log = logger("gateway.agent_desk")

_MOST_CHOICES = 20
#: Questions for a sign of life that a desk may leave unanswered.
_PATIENCE = 6


class DeskRefused(Exception):
    """A command that cannot be done."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def opened_key(text: str, brand: object, channel: str, *, scope: str | None = None) -> AgentKey:
    """The agent behind a key for this channel of this environment; `scope` "pane" or "desk" takes only such. Raises AgentKeyRefused."""
    key = open_agent_key(text, settings.GATEWAY_PUBLISHER_KEYS)
    if key.environment != settings.GATEWAY_ENVIRONMENT:
        raise AgentKeyRefused("wrong_environment", "This agent link is for the other environment.")
    if not key.covers(brand, channel) or (scope is not None and (scope == "desk") != bool(key.agent)):
        raise AgentKeyRefused("wrong_channel", "This agent link is for another channel.")
    return key


class AgentDesk(Socket):
    """One agent's socket: a pane, or a desk."""

    def __init__(self) -> None:
        super().__init__()
        self.key: AgentKey | None = None
        self.pane = secrets.token_hex(8)
        #: Channels whose groups it is in.
        self.joined: set[str] = set()
        self.available = False
        #: When its agent's browser was last heard.
        self.heard_at = time.monotonic()
        #: The agents it was told of last.
        self._told: list[dict[str, Any]] | None = None

    @property
    def is_desk(self) -> bool:
        return self.key is not None and bool(self.key.agent)

    @property
    def agent(self) -> desk_store.Agent:
        return desk_store.Agent(self.key.agent if self.key is not None else "", _name(self))

    async def connected(self) -> None:
        metrics.sockets.labels("agent").inc()
        origin = doors.origin_of(self.scope["headers"])
        if origin is not None and origins.split(origin) not in OWN_ORIGINS:
            # A desk speaks first: what it says is read, or the reason would be lost with the connection.
            self.flooded = True
            self.refuse(
                4403, "origin_not_allowed", "The agent's side opens on the test page and in the console only."
            )
            return
        if not self.scope["query_string"]:
            # A desk: its key comes in the first frame, so that it stands in no log of addresses.
            _unknown.add(self)
            return
        try:
            query = parse_qs(self.scope["query_string"].decode("latin-1"), max_num_fields=20)
        except ValueError:
            self.refuse(4400, "malformed", "The query has too many fields.")
            return
        try:
            key = open_agent_key(query.get("key", [""])[0], settings.GATEWAY_PUBLISHER_KEYS)
            opened_key(query["key"][0], key.brand, (key.channels or ("",))[0], scope="pane")
        except AgentKeyRefused as refusal:
            self.refuse(4401, refusal.code, refusal.message)
            return
        channel = registry.get(key.brand, (key.channels or ("",))[0])
        if channel is None:
            self.refuse(4404, "channel_not_found", "The channel is not published here.")
            return
        self.key = key
        await self._join([channel])
        await presence.here(channel.id, self.pane)
        self.put("ready", name=key.name, channel=channel.name, live=channel.live, release=channel.release)

    def refuse(self, code: int, reason: str, message: str) -> None:
        metrics.refusals.labels(reason).inc()
        self.put("error", code=reason, message=message)
        self.outbox.close(code, reason)

    async def gone(self) -> None:
        metrics.sockets.labels("agent").dec()
        _desks.discard(self)
        _unknown.discard(self)
        if self.key is None:
            return
        for channel in self.joined:
            hub.leave(desk_group(channel), self)
        if not self.is_desk:
            for channel in self.joined:
                await presence.gone(channel, self.pane)
            return
        hub.leave(brand_group(self.key.brand), self)
        await presence.left_desk(self.key.brand, self.pane, tuple(self.joined))
        await tell_agents(self.key.brand)

    def put(self, event: str, **data: Any) -> None:
        self.outbox.put_json({"event": event, **data})

    def deliver(self, frame: str, number: int) -> None:
        if self.key is not None and self.key.exp <= time.time():
            self._expired()
            return
        self.outbox.put(frame)

    def _expired(self) -> None:
        self.refuse(
            4401, "expired", "This agent link has expired; open the test page from the console again."
        )

    async def resync(self, since: datetime) -> None:
        """Frames may have been lost between processes: a pane's list is sent anew, a desk is told to read what it shows."""
        if self.is_desk:
            self.put("resync")
            return
        if (channel := self._pane_channel()) is not None:
            try:
                await _list(self, channel, {})
            except (psycopg.Error, OSError):
                return

    def _pane_channel(self) -> Channel | None:
        if self.key is None or not self.key.channels:
            return None
        return registry.get(self.key.brand, self.key.channels[0])

    async def heard(self, text: str | None) -> None:
        self.heard_at = time.monotonic()
        command: Any = None
        if text is not None and len(text) <= limits.LONGEST_FRAME:
            try:
                command = json.loads(text, parse_constant=_no_constant)
            except (ValueError, RecursionError):
                command = None
        ref = command.get("ref") if isinstance(command, dict) else None
        ref = ref if isinstance(ref, str) and len(ref) <= limits.LONGEST_ID else None
        if not self.bucket.take():
            self.put("error", ref=ref, code="too_many", message="Too many commands at once.")
            return
        try:
            await self.do(command if isinstance(command, dict) else {}, ref)
        except DeskRefused as refusal:
            self.put("error", ref=ref, code=refusal.code, message=refusal.message)
        except conversations.Taken as refusal:
            self.put("error", ref=ref, code="taken", message=str(refusal), by=refusal.by)
        except conversations.Refused as refusal:
            self.put("error", ref=ref, code="not_possible", message=str(refusal))
        except (psycopg.Error, OSError) as trouble:
            log.warning("desk.failed", error=type(trouble).__name__)
            self.put(
                "error",
                ref=ref,
                code="unavailable",
                message="The environment cannot do this right now; try again.",
            )

    async def do(self, command: Mapping[str, Any], ref: str | None) -> None:
        name = command.get("do")
        if self.key is None:
            await self._hello(command)
            return
        if self.key.exp <= time.time() and name != "renew":
            self._expired()
            return
        if self.is_desk:
            await self._do_at_desk(self.key, str(name)[:40], command, ref)
            return
        if name == "heartbeat":
            for one in self.joined:
                await presence.here(one, self.pane)
            self.put("heartbeat")
            return
        act = _ACTS.get(name) if isinstance(name, str) else None
        if act is None:
            raise DeskRefused("malformed", f"{str(name)[:40]!r} is no command.")
        channel = self._pane_channel()
        if channel is None:
            self.refuse(4404, "channel_not_found", "The channel is no longer published here.")
            return
        await act(self, channel, command)
        if name in {"send", "close"}:
            self.put("done", ref=ref)

    # -- the desk ------------------------------------------------------------------------------------------------------

    async def _hello(self, command: Mapping[str, Any]) -> None:
        try:
            key = _desk_key(command)
        except AgentKeyRefused as refusal:
            self.refuse(4401, refusal.code, refusal.message)
            return
        self.key = key
        self.available = command.get("available") is True
        _unknown.discard(self)
        _desks.add(self)
        await hub.join(brand_group(key.brand), self)
        await self._join(self.channels())
        await self._here()
        self.put(
            "ready",
            name=key.name,
            agent=key.agent,
            channels=self._shown_channels(),
            until=key.exp,
            available=self.available,
        )
        await tell_agents(key.brand)

    async def _renew(self, key: AgentKey, command: Mapping[str, Any]) -> None:
        try:
            renewed = _desk_key(command)
        except AgentKeyRefused as refusal:
            raise DeskRefused(refusal.code, refusal.message) from None
        if (renewed.brand, renewed.agent) != (key.brand, key.agent):
            raise DeskRefused("other_agent", "This key is another agent's.")
        self.key = renewed
        for lost in [one for one in self.joined if not renewed.covers(renewed.brand, one)]:
            self.joined.discard(lost)
            hub.leave(desk_group(lost), self)
            await presence.gone(lost, self.pane)
        await self._join(self.channels())
        await self._here()
        self.put("renewed", until=renewed.exp, channels=self._shown_channels())

    def channels(self) -> list[Channel]:
        """The channels published here that the key is for, by name."""
        key = self.key
        if key is None:
            return []
        found = [one for one in registry.channels.values() if key.covers(one.brand, one.id)]
        return sorted(found, key=lambda one: (one.name.casefold(), one.id))

    def _shown_channels(self) -> list[dict[str, Any]]:
        return [{"id": one.id, "name": one.name, "live": one.live} for one in self.channels()]

    async def _join(self, channels: Sequence[Channel]) -> None:
        for one in channels:
            if one.id not in self.joined:
                self.joined.add(one.id)
                await hub.join(desk_group(one.id), self)

    async def switched(self) -> None:
        """A release of one of its channels came, or one was taken off."""
        await self._join(self.channels())
        await self._here()
        self.put("channels", channels=self._shown_channels())

    async def _here(self) -> None:
        if self.key is not None:
            who = presence.AtDesk(self.key.agent, _name(self), self.available, self.key.channels)
            await presence.at_desk(self.key.brand, self.pane, who, tuple(self.joined))

    def told_agents(self, agents: list[dict[str, Any]]) -> None:
        """Say who is there, if that is news."""
        if agents != self._told:
            self._told = agents
            self.put("agents", agents=agents)

    async def _do_at_desk(
        self, key: AgentKey, name: str, command: Mapping[str, Any], ref: str | None
    ) -> None:
        if name == "heartbeat":
            await self._here()
            self.told_agents(await _agents(key.brand))
            self.put("heartbeat")
            return
        if name == "renew":
            await self._renew(key, command)
            return
        if name == "status":
            self.available = command.get("available") is True
            await self._here()
            await tell_agents(key.brand)
            self.put("done", ref=ref)
            return
        if name == "list":
            await _list_at_desk(self, command)
            return
        act = _AT_DESK.get(name) or _ACTS.get(name)
        if act is None:
            raise DeskRefused("malformed", f"{name!r} is no command.")
        given = command.get("channel")
        if not isinstance(given, str) or not key.covers(key.brand, given):
            raise DeskRefused("wrong_channel", "This key does not open that channel.")
        channel = registry.get(key.brand, given)
        if channel is None:
            raise DeskRefused("channel_not_found", "The channel is not published here.")
        await act(self, channel, command)
        if name in {"send", "close", "take", "transfer", "note"}:
            self.put("done", ref=ref)


#: Open desks of this process, and those that have not said yet whose they are.
_desks: set[AgentDesk] = set()
_unknown: set[AgentDesk] = set()


def close_unknown(older_than: float) -> None:
    """Let go of sockets that were opened so many seconds ago and never said hello: anybody can open one."""
    for desk in tuple(_unknown):
        if time.monotonic() - desk.heard_at > older_than:
            desk.refuse(4510, "silent", "The first frame is a hello with a key.")


def recheck(channel: str) -> None:
    """This process serves another release of a channel, or none any more: desks are told, and hear of a new channel."""
    found = registry.channels.get(channel)
    for desk in tuple(_desks):
        if channel in desk.joined or (
            found is not None and desk.key is not None and desk.key.covers(found.brand, channel)
        ):
            task = asyncio.ensure_future(desk.switched())
            _background.add(task)
            task.add_done_callback(_background.discard)


_background: set[asyncio.Future[None]] = set()


async def keep_asking() -> None:
    """For ever: ask every desk for a sign of life. A browser slows down the clocks of a page nobody looks at, not its socket."""
    while True:
        await asyncio.sleep(settings.GATEWAY_DESK_ASK_SECONDS)
        for desk in tuple(_desks):
            if time.monotonic() - desk.heard_at > _PATIENCE * settings.GATEWAY_DESK_ASK_SECONDS:
                # A laptop that was closed says no goodbye, and what is written to it comes back to nobody.
                desk.refuse(4510, "silent", "Nothing was heard of this desk for too long.")
            else:
                desk.put("ask")


async def tell_agents(brand: int) -> None:
    """Who is at the brand's desk now, to everybody there: in this process at once, in others with the frame."""
    announce.to_brand(brand, {"event": "agents", "agents": await _agents(brand)})


async def _agents(brand: int) -> list[dict[str, Any]]:
    return [
        {
            "agent": one.agent,
            "name": one.name,
            "available": one.available,
            "channels": None if one.channels is None else list(one.channels),
        }
        for one in await presence.desks(brand)
    ]


def _desk_key(command: Mapping[str, Any]) -> AgentKey:
    text = command.get("key")
    if command.get("do") not in {"hello", "renew"} or not isinstance(text, str):
        raise AgentKeyRefused("malformed", "The first frame is a hello with a key.")
    key = open_agent_key(text, settings.GATEWAY_PUBLISHER_KEYS)
    if key.environment != settings.GATEWAY_ENVIRONMENT:
        raise AgentKeyRefused("wrong_environment", "This key is for the other environment.")
    if not key.agent:
        raise AgentKeyRefused("malformed", "This is the key of a test page, not of the agent desk.")
    return key


# -- commands ----------------------------------------------------------------------------------------------------------


async def _list(desk: AgentDesk, channel: Channel, command: Mapping[str, Any]) -> None:
    rows = await conversations.list_for_agent(channel)
    desk.put(
        "conversations",
        conversations=[
            {
                "id": row.thread.external_id,
                "name": row.thread.name,
                "customer": row.customer_name or row.customer,
                "status": row.status,
                "assignee": row.assignee,
                "archived": row.thread.archived,
                "text": row.last_text[:200],
                "at": wire.milliseconds(row.last_at) if row.last_at is not None else None,
                "unread": row.unread,
            }
            for row in rows
        ],
    )


async def _list_at_desk(desk: AgentDesk, command: Mapping[str, Any]) -> None:
    view, search, only, limit, after = (
        command.get(name) for name in ("view", "search", "only", "limit", "after")
    )
    if view not in desk_store.VIEWS:
        raise DeskRefused("malformed", "A list is mine, waiting, all or closed.")
    search = search.strip() if isinstance(search, str) and storable(search, limits.LONGEST_ID) else ""
    place = desk_store.Place.read(after) if isinstance(after, str) else None
    if after and place is None:
        raise DeskRefused("malformed", "A list goes on from the place of one of its rows.")
    limit = limit if isinstance(limit, int) and 0 < limit <= desk_store.MOST else desk_store.LIMIT
    every = [one.id for one in desk.channels()]
    channels = [one for one in every if not only or one == only]
    rows = await desk_store.rows(
        channels, desk.agent.id, view=view, search=search, limit=limit + 1, after=place
    )
    counts = await desk_store.counts(every, desk.agent.id)
    desk.put(
        "conversations",
        view=view,
        search=search,
        only=only if isinstance(only, str) else "",
        after=str(place) if place is not None else "",
        more=len(rows) > limit,
        counts={
            "mine": counts.mine,
            "waiting": counts.waiting,
            "all": counts.all,
            "unread": counts.unread,
        },
        conversations=[
            {
                "channel": row.channel,
                "id": row.external_id,
                "name": row.name,
                "customer": row.customer_name,
                "status": row.status,
                "holder": row.holder if row.status != "closed" else "",
                "assignee": row.assignee,
                "since": wire.milliseconds(row.status_at),
                "locale": row.locale,
                "text": (row.last_text or "")[:200],
                "kind": row.kind or "TEXT",
                "files": row.files or 0,
                "author": row.author or "",
                "at": wire.milliseconds(row.last_at or row.active_at),
                "unread": row.unread,
                "place": str(desk_store.place_of(row, view)),
            }
            for row in rows[:limit]
        ],
    )


async def _open_at_desk(desk: AgentDesk, channel: Channel, command: Mapping[str, Any]) -> None:
    thread_id = _conversation(command)
    thread, about, notes = await desk_store.about(channel, thread_id)
    messages, scroll = await conversations.newest(channel, thread_id)
    fields = about.custom_fields or {}
    contact = await conversations.open_contact(channel, thread_id)
    desk.put(
        "conversation",
        channel=channel.id,
        conversation=thread_id,
        name=thread.name,
        archived=thread.archived,
        status=about.status or "closed",
        holder=about.holder if about.status != "closed" else "",
        assignee=about.assignee or "",
        since=wire.milliseconds(about.status_at or thread.created_at),
        begun=wire.milliseconds(about.begun_at or thread.created_at),
        locale=about.locale or "",
        page=about.page or "",
        person={
            "id": about.customer,
            "name": f"{about.first_name} {about.last_name}".strip(),
            "image": about.image,
            "proven": about.proven,
            "since": wire.milliseconds(about.known_since),
            "conversations": about.conversations,
            "fields": surveys.answers(channel, about.customer_fields),
        },
        messages=wire.messages(channel, messages, agent=True),
        scroll=scroll,
        answers=surveys.answers(channel, fields),
        consents=[
            {**one, "given_at": wire.seconds(one["given_at"])}
            for one in (await conversations.consents_of(contact) if contact is not None else ())
        ],
        notes=[_note(one) for one in notes],
    )


def _note(note: desk_store.Note) -> dict[str, Any]:
    return {
        "id": note.id,
        "kind": note.kind,
        "author": note.author,
        "agent": note.author_id,
        "target": note.target,
        "text": note.text,
        "at": wire.milliseconds(note.created_at),
    }


def _noted(channel: Channel, thread_id: str, note: desk_store.Note | None) -> None:
    if note is not None:
        announce.to_desk(channel, {"event": "note", "conversation": thread_id, "note": _note(note)})


async def _seen(desk: AgentDesk, channel: Channel, command: Mapping[str, Any]) -> None:
    thread_id = _conversation(command)
    if await desk_store.holder_of(channel, thread_id) != desk.agent.id:
        # Looking into a colleague's conversation, or one that waits, is not reading it for the visitor.
        return
    thread, seen = await conversations.mark_seen(channel, None, thread_id, by_customer=False)
    announce.seen(channel, thread, seen)


async def _take(desk: AgentDesk, channel: Channel, command: Mapping[str, Any]) -> None:
    seen = command.get("from")
    given = await desk_store.take(
        channel, _conversation(command), desk.agent, seen=seen if isinstance(seen, str) else ""
    )
    await changed_hands(channel, given)


async def _transfer(desk: AgentDesk, channel: Channel, command: Mapping[str, Any]) -> None:
    thread_id, text = _conversation(command), _note_text(command.get("note", ""))
    to = command.get("to")
    if not to:
        await changed_hands(channel, await desk_store.put_back(channel, thread_id, desk.agent, text=text))
        return
    brand = channel.brand
    there = [one for one in await presence.desks(brand) if one.agent == to and one.covers(channel.id)]
    if not there:
        raise DeskRefused("not_there", "This agent is not at the desk any more.")
    colleague = desk_store.Agent(there[0].agent, there[0].name)
    given = await desk_store.transfer(channel, thread_id, desk.agent, to=colleague, text=text)
    await changed_hands(channel, given)


async def changed_hands(channel: Channel, given: desk_store.Given | None) -> None:
    """Tell the visitor and all agents who has a conversation now; None: nothing has changed."""
    if given is not None:
        _noted(channel, given.thread.external_id, given.note)
        await announce.assigned(channel, given.thread, given.contact, given.previous)


async def _add_note(desk: AgentDesk, channel: Channel, command: Mapping[str, Any]) -> None:
    thread_id, text = _conversation(command), _said(command.get("text"))
    note = await desk_store.add_note(channel, thread_id, desk.agent, text=text, external_id=_own_id(command))
    _noted(channel, thread_id, note)


def _note_text(text: object) -> str:
    if not isinstance(text, str) or not storable(text, limits.LONGEST_TEXT):
        raise DeskRefused("malformed", f"A note has at most {limits.LONGEST_TEXT} characters.")
    return text.strip()


async def _close_at_desk(desk: AgentDesk, channel: Channel, command: Mapping[str, Any]) -> None:
    closed = await desk_store.close(channel, _conversation(command), desk.agent)
    if closed is not None:
        given, customer = closed
        _noted(channel, given.thread.external_id, given.note)
        await announce.closed(channel, given.thread, given.contact, customer)


async def _open(desk: AgentDesk, channel: Channel, command: Mapping[str, Any]) -> None:
    thread_id = _conversation(command)
    thread, seen = await conversations.mark_seen(channel, None, thread_id, by_customer=False)
    announce.seen(channel, thread, seen)
    taken = await conversations.assign(channel, thread_id, _name(desk))
    if taken is not None:
        await announce.assigned(channel, *taken)
    messages, scroll = await conversations.newest(channel, thread_id)
    contact = await conversations.open_contact(channel, thread_id)
    desk.put(
        "conversation",
        conversation=thread_id,
        status=contact.status if contact is not None else "closed",
        messages=wire.messages(channel, messages, agent=True),
        scroll=scroll,
        fields=wire.fields(contact.custom_fields if contact is not None else {}),
        answers=surveys.answers(channel, contact.custom_fields if contact is not None else {}),
        consents=[
            {**one, "given_at": wire.seconds(one["given_at"])}
            for one in (await conversations.consents_of(contact) if contact is not None else ())
        ],
    )


async def _more(desk: AgentDesk, channel: Channel, command: Mapping[str, Any]) -> None:
    thread_id = _conversation(command)
    messages, scroll = await conversations.more(channel, None, thread_id, str(command.get("scroll", "")))
    desk.put(
        "more", conversation=thread_id, messages=wire.messages(channel, messages, agent=True), scroll=scroll
    )


async def _send(desk: AgentDesk, channel: Channel, command: Mapping[str, Any]) -> None:
    external_id = _own_id(command)
    content, files = _content(command)
    sent = await conversations.answer(
        channel,
        _conversation(command),
        author="agent",
        name=_name(desk),
        content=content,
        attachments=files,
        uploads=_uploads(command) if desk.is_desk else (),
        external_id=external_id,
        agent=desk.agent.id,
    )
    if not sent.again:
        await announce.said(channel, sent)


def _own_id(command: Mapping[str, Any]) -> str:
    external_id = command.get("id")
    if not isinstance(external_id, str) or not external_id or not storable(external_id, limits.LONGEST_ID):
        raise DeskRefused("malformed", "A message has an id of its own.")
    return external_id


def _uploads(command: Mapping[str, Any]) -> list[dict[str, str]]:
    given = command.get("uploads", [])
    if not isinstance(given, list) or len(given) > limits.MOST_ATTACHMENTS:
        raise DeskRefused("malformed", f"At most {limits.MOST_ATTACHMENTS} files go with a message.")
    if not all(isinstance(one, str) and file_links.token_of(one) for one in given):
        raise DeskRefused("malformed", "An upload is named by the address it was given.")
    return [{"url": one} for one in given]


async def _typing(desk: AgentDesk, channel: Channel, command: Mapping[str, Any]) -> None:
    thread = await conversations.find_thread(channel, None, _conversation(command))
    if thread is not None:
        customer = await conversations.owner(thread)
        announce.typing(channel, customer, thread, on=command.get("on") is True, name=_name(desk))


async def _close(desk: AgentDesk, channel: Channel, command: Mapping[str, Any]) -> None:
    closed = await conversations.close_contact(channel, None, _conversation(command))
    if closed is not None:
        await announce.closed(channel, *closed, await conversations.owner(closed[0]))


def _name(desk: AgentDesk) -> str:
    return desk.key.name[: limits.LONGEST_ID] if desk.key is not None and desk.key.name.strip() else "Agent"


def _conversation(command: Mapping[str, Any]) -> str:
    given = command.get("conversation")
    if not isinstance(given, str) or not given or not storable(given, limits.LONGEST_ID):
        raise DeskRefused("malformed", "Which conversation?")
    return given


def _content(command: Mapping[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    if command.get("uploads") and not command.get("text"):
        return {"type": "TEXT", "payload": {"text": ""}}, []
    if "text" in command:
        return {"type": "TEXT", "payload": {"text": _said(command["text"])}}, []
    if "card" in command:
        card = command["card"]
        if not isinstance(card, dict) or card.get("type") != "AdaptiveCard":
            raise DeskRefused("malformed", 'An Adaptive Card is an object with "type": "AdaptiveCard".')
        if "\\u0000" in json.dumps(card) or not storable(
            json.dumps(card, ensure_ascii=False), limits.LONGEST_FRAME
        ):
            raise DeskRefused("malformed", "The card holds what is no Unicode text.")
        return {"type": "ADAPTIVE_CARD", "payload": card, "fallbackText": _card_text(card)}, []
    if "replies" in command:
        replies = command["replies"]
        choices = replies.get("choices") if isinstance(replies, dict) else None
        if not isinstance(choices, list) or not 0 < len(choices) <= _MOST_CHOICES:
            raise DeskRefused("malformed", f"Quick replies are 1 to {_MOST_CHOICES} choices.")
        return practice.quick_replies(
            _said(replies.get("text")), tuple(_said(choice) for choice in choices)
        ), []
    if "file" in command:
        file = command["file"]
        url = file.get("url") if isinstance(file, dict) else None
        if not isinstance(url, str) or not _web_address(url):
            raise DeskRefused("malformed", "A file is linked by an http or https address.")
        name = _said(file.get("name") or urlsplit(url).path.rsplit("/", 1)[-1] or url)[: limits.LONGEST_ID]
        attachment = {"id": secrets.token_hex(8), "url": url, "friendlyName": name, "fileName": name}
        return {"type": "TEXT", "payload": {"text": ""}, "fallbackText": name}, [attachment]
    raise DeskRefused("malformed", "A message is text, card, replies or file.")


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _said(text: object) -> str:
    if not isinstance(text, str) or not text.strip() or not storable(text, limits.LONGEST_TEXT):
        raise DeskRefused("malformed", f"A text has 1 to {limits.LONGEST_TEXT} characters.")
    return text


def _card_text(card: Mapping[str, Any]) -> str:
    """The card's first line, for clients that show no cards."""
    body = card.get("body")
    for element in body if isinstance(body, list) else ():
        text = element.get("text") if isinstance(element, dict) else None
        if isinstance(text, str) and text.strip():
            return text[:200]
    return "Adaptive Card"


def _web_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and storable(url, 2000)


_ACTS: dict[str, Callable[[AgentDesk, Channel, Mapping[str, Any]], Awaitable[None]]] = {
    "list": _list,
    "open": _open,
    "more": _more,
    "send": _send,
    "typing": _typing,
    "close": _close,
}
#: What a desk does beside or instead of a pane.
_AT_DESK: dict[str, Callable[[AgentDesk, Channel, Mapping[str, Any]], Awaitable[None]]] = {
    "open": _open_at_desk,
    "seen": _seen,
    "take": _take,
    "transfer": _transfer,
    "note": _add_note,
    "close": _close_at_desk,
}
