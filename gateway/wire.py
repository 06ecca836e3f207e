"""The shapes of the wire contract (3.4): frames to clients, and the objects in them. Pure."""

from __future__ import annotations

import json
import uuid
import zlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from gateway import file_links

if TYPE_CHECKING:
    from gateway.conversations import Contact, Message, Thread
    from gateway.published import Channel

Json = dict[str, Any]

PONG = '"pong"'


def dumps(value: object) -> str:
    """A frame's text. ASCII only: a lone surrogate in a client's own event id must not break the socket."""
    return json.dumps(value, separators=(",", ":"))


def seconds(moment: datetime) -> str:
    """`createdAt`: without a fraction, which the iOS parser does not take."""
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def milliseconds(moment: datetime) -> str:
    """`createdAtWithMilliseconds`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")


def acknowledgement(event_id: str) -> Json:
    return {"eventId": event_id, "createdAt": seconds(datetime.now(UTC)), "status": "success"}


def answer(event_id: str, event_type: str, data: Mapping[str, Any], **top: Any) -> Json:
    """`top` goes beside `status`, as `authorizationStatus` does."""
    return {**acknowledgement(event_id), **top, "postback": {"eventType": event_type, "data": data}}


def error(event_id: str | None, code: str, message: str, **more: Any) -> Json:
    """An error without an event it answers gets an id of its own, for clients read that key unguarded."""
    return {
        "eventId": event_id or str(uuid.uuid4()),
        "createdAt": seconds(datetime.now(UTC)),
        "error": {"errorCode": code, "errorMessage": message, "transactionId": str(uuid.uuid4()), **more},
    }


def push(event_type: str, data: Mapping[str, Any], *, subject: str = "Case") -> Json:
    now = datetime.now(UTC)
    return {
        "eventId": str(uuid.uuid4()),
        "eventObject": subject,
        "eventType": event_type,
        "createdAt": seconds(now),
        "createdAtWithMilliseconds": milliseconds(now),
        "data": data,
        "context": [],
    }


def place(channel: Channel) -> Json:
    """Where it happens: in every push's data."""
    return {
        "brand": {"id": channel.brand},
        "channel": {
            "id": channel.id,
            "name": channel.name,
            "idOnExternalPlatform": channel.id.removeprefix("chat_"),
        },
    }


def thread_id(channel: Channel, external_id: str) -> str:
    return f"{channel.id}_{external_id}"


def thread(channel: Channel, row: Thread, *, can_add: bool | None = None) -> Json:
    return {
        "id": thread_id(channel, row.external_id),
        "idOnExternalPlatform": row.external_id,
        "threadName": row.name,
        "channelId": channel.id,
        "canAddMoreMessages": not row.archived if can_add is None else can_add,
        "createdAt": seconds(row.created_at),
        "updatedAt": seconds(row.active_at),
    }


def case(channel: Channel, row: Contact) -> Json:
    """The contract's contact, alias case."""
    person = user(row.assignee) if row.assignee else None
    return {
        "id": str(row.id),
        "threadId": thread_id(channel, row.thread),
        "threadIdOnExternalPlatform": row.thread,
        "status": row.status,
        "statusUpdatedAt": seconds(row.status_at),
        "createdAt": seconds(row.created_at),
        "createdAtWithMilliseconds": milliseconds(row.created_at),
        "ownerAssignee": person,
        "inboxAssignee": person,
        "customFields": fields(row.custom_fields),
    }


def user(name: str, *, bot: bool = False) -> Json:
    """An agent as clients show one. The id is a 32-bit number for the mobile clients, made from the name."""
    first, _, last = name.partition(" ")
    return {
        "id": zlib.crc32(name.encode()) & 0x7FFFFFFF,
        "inContactId": "",
        "emailAddress": None,
        "loginUsername": name,
        "firstName": first,
        "surname": last,
        "nickname": name,
        "publicDisplayName": name,
        "imageUrl": "",
        "publicImageUrl": "",
        "isBotUser": bot,
        "isSurveyUser": False,
    }


def identity(channel: Channel, external_id: str, first_name: str, last_name: str, image: str) -> Json:
    """A customer as clients know themselves."""
    return {
        "id": f"{channel.id}_{external_id}",
        "idOnExternalPlatform": external_id,
        "firstName": first_name,
        "lastName": last_name,
        "nickname": "",
        "fullName": f"{first_name} {last_name}".strip(),
        "image": image,
    }


def fields(values: Mapping[str, str]) -> list[Json]:
    return [{"ident": ident, "value": value} for ident, value in values.items()]


def message(channel: Channel, row: Message, *, agent: bool = False) -> Json:
    """A message as its customer, or (`agent`) the channel's agents, are shown it: addresses of files are for them alone."""
    inbound = row.author == "customer"
    seen = seconds(row.seen_at) if row.seen_at is not None else None
    content = row.content
    return {
        "id": str(row.uuid),
        "idOnExternalPlatform": row.external_id,
        "threadId": thread_id(channel, row.thread),
        "threadIdOnExternalPlatform": row.thread,
        "contactNumber": str(row.contact_id),
        "direction": "inbound" if inbound else "outbound",
        "isMadeByUser": not inbound,
        "createdAt": seconds(row.created_at),
        "createdAtWithMilliseconds": milliseconds(row.created_at),
        "messageContent": {
            "fallbackText": content.get("payload", {}).get("text", "")
            if content.get("type") == "TEXT"
            else "",
            "parameters": {},
            **content,
        },
        "attachments": file_links.shown(
            row.attachments,
            file_links.agents(channel.id) if agent else file_links.customer(channel.id, row.customer),
        ),
        "authorUser": None if inbound else user(row.author_name, bot=row.author == "practice"),
        "authorEndUserIdentity": identity(channel, row.customer, row.first_name, row.last_name, row.image)
        if inbound
        else None,
        # Without this very key a client asks for the message again, over HTTP.
        "hasAdditionalMessageContent": False,
        "customerStatistics": {"seenAt": None if inbound else seen},
        "userStatistics": {"seenAt": seen if inbound else None, "readAt": seen if inbound else None},
        "isRead": seen is not None,
    }


def messages(channel: Channel, rows: Iterable[Message], *, agent: bool = False) -> list[Json]:
    return [message(channel, row, agent=agent) for row in rows]


def message_created(channel: Channel, thread_row: Thread, contact: Contact, row: Message) -> Json:
    return push(
        "MessageCreated",
        {
            **place(channel),
            "thread": thread(channel, thread_row),
            "case": case(channel, contact),
            "message": message(channel, row),
        },
        subject="Message",
    )


def message_read(channel: Channel, thread_row: Thread, row: Message) -> Json:
    return push(
        "MessageReadChanged",
        {**place(channel), "thread": thread(channel, thread_row), "message": message(channel, row)},
        subject="Message",
    )


def case_event(event_type: str, channel: Channel, thread_row: Thread, contact: Contact, **more: Any) -> Json:
    """CaseCreated, CaseStatusChanged, CaseInboxAssigneeChanged."""
    return push(
        event_type,
        {
            **place(channel),
            "thread": thread(channel, thread_row),
            "case": case(channel, contact),
            **more,
        },
    )


def typing(channel: Channel, thread_row: Thread, *, on: bool, name: str, bot: bool) -> Json:
    """An agent's typing; outbound is what tells clients it is not the visitor's own."""
    return push(
        "SenderTypingStarted" if on else "SenderTypingEnded",
        {
            **place(channel),
            "thread": thread(channel, thread_row),
            "user": user(name, bot=bot),
            "direction": "outbound",
        },
        subject="SenderTyping",
    )


def queue_position(channel: Channel, contact_id: int, position: int, *, agent_online: bool) -> Json:
    return push(
        "SetPositionInQueue",
        {
            **place(channel),
            "consumerContact": {"id": str(contact_id)},
            "routingQueue": {"id": channel.id},
            "positionInQueue": position,
            "isAnyAgentOnlineForQueue": agent_online,
        },
        subject="ConsumerContact",
    )
