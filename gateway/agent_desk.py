"""The agent's side of a test page: a WebSocket at `/agent?key=…` with a small JSON protocol of its own.

The key (publishing.snapshot.agent_key) names environment, brand, channel and the agent; nothing else of the query counts.
A refused connection is accepted, told `{"event": "error", …}`, and closed with 44xx and the code as its reason.

From the pane, each an object with `do`; `ref` (any text) comes back in the answer:

    {"do": "list"}                                    -> conversations
    {"do": "open", "conversation": ID}                -> conversation; the visitor's messages count as seen, the contact is taken
    {"do": "more", "conversation": ID, "scroll": S}   -> more
    {"do": "send", "conversation": ID, "id": UNIQUE, one of
        "text": TEXT | "card": ADAPTIVE CARD | "replies": {"text": TEXT, "choices": [TEXT, …]} |
        "file": {"url": HTTP(S) ADDRESS, "name": TEXT}}   -> done (and `message` to every pane)
    {"do": "typing", "conversation": ID, "on": BOOL}  -> nothing
    {"do": "close", "conversation": ID}               -> done (and `status`)
    {"do": "heartbeat"}                               -> heartbeat

To the pane, each an object with `event`:

    ready          {"name", "channel", "live", "release"}           first, once the key is taken
    conversations  {"conversations": [{"id", "name", "customer", "status", "assignee", "archived", "text", "at", "unread"}]}
    conversation   {"conversation", "status", "messages": [wire messages, newest first], "scroll",
                    "answers": [{"ident", "label", "value", "text"}], "consents": [{"ident", "version", "locale", "text", "given_at"}]}
    more           {"conversation", "messages", "scroll"}
    message        {"conversation", "customer", "status", "message"}    somebody said something
    status         {"conversation", "status", "assignee"}              taken, or closed
    typing         {"conversation", "on"}                              the visitor types
    preview        {"conversation", "text"}                            what they have typed so far, where the channel allows it
    seen           {"conversation", "id", "direction"}                 a message was seen by the other side
    done           {"ref"}
    error          {"ref", "code", "message"}
    heartbeat      {}

ID is the thread's idOnExternalPlatform; messages have the shape of the wire contract (gateway.wire.message).
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psycopg

from gateway import (
    announce,
    conversations,
    doors,
    limits,
    metrics,
    practice,
    presence,
    settings,
    surveys,
    wire,
)
from gateway.auth import storable
from gateway.hub import desk_group, hub
from gateway.logs import logger
from gateway.published import OWN_ORIGINS, Channel, registry
from gateway.sockets import Socket
from kit import origins
from publishing.snapshot import AgentKey, AgentKeyRefused, open_agent_key

log = logger("gateway.agent_desk")

_MOST_CHOICES = 20


class DeskRefused(Exception):
    """A command that cannot be done."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def opened_key(text: str, brand: object, channel: str) -> AgentKey:
    """The agent behind a key for this channel of this environment. Raises AgentKeyRefused."""
    key = open_agent_key(text, settings.GATEWAY_PUBLISHER_KEYS)
    if key.environment != settings.GATEWAY_ENVIRONMENT:
        raise AgentKeyRefused("wrong_environment", "This agent link is for the other environment.")
    if str(key.brand) != str(brand) or key.channel != channel:
        raise AgentKeyRefused("wrong_channel", "This agent link is for another channel.")
    return key


class AgentDesk(Socket):
    """One agent's pane."""

    def __init__(self) -> None:
        super().__init__()
        self.key: AgentKey | None = None
        self.pane = secrets.token_hex(8)

    async def connected(self) -> None:
        metrics.sockets.labels("agent").inc()
        origin = doors.origin_of(self.scope["headers"])
        if origin is not None and origins.split(origin) not in OWN_ORIGINS:
            self.refuse(
                4403, "origin_not_allowed", "The agent's side opens on the test page and in the console only."
            )
            return
        try:
            text = parse_qs(self.scope["query_string"].decode("latin-1"), max_num_fields=20).get("key", [""])[
                0
            ]
            key = open_agent_key(text, settings.GATEWAY_PUBLISHER_KEYS)
            opened_key(text, key.brand, key.channel)
        except ValueError:
            self.refuse(4400, "malformed", "The query has too many fields.")
            return
        except AgentKeyRefused as refusal:
            self.refuse(4401, refusal.code, refusal.message)
            return
        channel = registry.get(key.brand, key.channel)
        if channel is None:
            self.refuse(4404, "channel_not_found", "The channel is not published here.")
            return
        self.key = key
        await hub.join(desk_group(key.channel), self)
        await presence.here(key.channel, self.pane)
        self.put("ready", name=key.name, channel=channel.name, live=channel.live, release=channel.release)

    def refuse(self, code: int, reason: str, message: str) -> None:
        metrics.refusals.labels(reason).inc()
        self.put("error", code=reason, message=message)
        self.outbox.close(code, reason)

    async def gone(self) -> None:
        metrics.sockets.labels("agent").dec()
        if self.key is not None:
            hub.leave(desk_group(self.key.channel), self)
            await presence.gone(self.key.channel, self.pane)

    def put(self, event: str, **data: Any) -> None:
        self.outbox.put_json({"event": event, **data})

    def deliver(self, frame: str, number: int) -> None:
        self.outbox.put(frame)

    async def resync(self, since: datetime) -> None:
        """Frames may have been lost between processes: the list is sent anew, the pane opens what it shows again."""
        if self.key is not None and (channel := registry.get(self.key.brand, self.key.channel)) is not None:
            try:
                await _list(self, channel, {})
            except (psycopg.Error, OSError):
                return

    async def heard(self, text: str | None) -> None:
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
        if name == "heartbeat":
            if self.key is not None:
                await presence.here(self.key.channel, self.pane)
            self.put("heartbeat")
            return
        act = _ACTS.get(name) if isinstance(name, str) else None
        if act is None or self.key is None:
            raise DeskRefused("malformed", f"{str(name)[:40]!r} is no command.")
        channel = registry.get(self.key.brand, self.key.channel)
        if channel is None:
            self.refuse(4404, "channel_not_found", "The channel is no longer published here.")
            return
        if self.key.exp <= time.time():
            self.refuse(
                4401, "expired", "This agent link has expired; open the test page from the console again."
            )
            return
        await act(self, channel, command)
        if name in {"send", "close"}:
            self.put("done", ref=ref)


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
    external_id = command.get("id")
    if not isinstance(external_id, str) or not external_id or not storable(external_id, limits.LONGEST_ID):
        raise DeskRefused("malformed", "A message has an id of its own.")
    content, files = _content(command)
    sent = await conversations.answer(
        channel,
        _conversation(command),
        author="agent",
        name=_name(desk),
        content=content,
        attachments=files,
        external_id=external_id,
    )
    if not sent.again:
        await announce.said(channel, sent)


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
