"""Telling everybody concerned what has happened in a conversation: the customer's sockets and the agents' panes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from gateway import conversations, waiting, wire
from gateway.conversations import Contact, Message, Sent, Thread
from gateway.hub import brand_group, customer_group, desk_group, hub
from gateway.published import Channel


def to_customer(channel: Channel, customer: str, frame: Mapping[str, Any], number: int = 0) -> None:
    """To every socket of the customer."""
    hub.send(customer_group(channel.id, customer), wire.dumps(frame), number)


def to_desk(channel: Channel, event: Mapping[str, Any]) -> None:
    """To every agent of the channel, in the words of gateway.agent_desk."""
    hub.send(desk_group(channel.id), wire.dumps({**event, "channel": channel.id}))


def to_brand(brand: int, event: Mapping[str, Any]) -> None:
    """To every agent desk of the brand."""
    hub.send(brand_group(brand), wire.dumps(event))


async def said(channel: Channel, sent: Sent) -> None:
    """A message was stored: what it began, who took it, then the message itself."""
    customer = sent.message.customer
    if sent.opened:
        to_customer(channel, customer, wire.case_event("CaseCreated", channel, sent.thread, sent.contact))
    if sent.assigned:
        _assigned(channel, customer, sent.thread, sent.contact)
    to_customer(
        channel,
        customer,
        wire.message_created(channel, sent.thread, sent.contact, sent.message),
        sent.message.id,
    )
    to_desk(
        channel,
        {
            "event": "message",
            "conversation": sent.thread.external_id,
            "customer": _customer_name(sent.message),
            "status": sent.contact.status,
            "holder": holder(sent.thread, sent.contact),
            "opened": sent.opened,
            "message": wire.message(channel, sent.message, agent=True),
        },
    )
    if channel.live and (sent.opened or sent.assigned):
        waiting.changed(channel)


async def assigned(channel: Channel, thread: Thread, contact: Contact, previous: str = "") -> None:
    """The conversation changed hands without a message: an agent took it, handed it on, or put it back."""
    _assigned(channel, await conversations.owner(thread), thread, contact, previous)
    if channel.live:
        waiting.changed(channel)


def _assigned(channel: Channel, customer: str, thread: Thread, contact: Contact, previous: str = "") -> None:
    to_customer(
        channel,
        customer,
        wire.case_event(
            "CaseInboxAssigneeChanged",
            channel,
            thread,
            contact,
            inboxAssignee=wire.user(contact.assignee) if contact.assignee else None,
            previousInboxAssignee=wire.user(previous) if previous else None,
        ),
    )
    _status(channel, thread, contact)


def holder(thread: Thread, contact: Contact) -> str:
    """Who has a conversation, in the words of gateway.desk_statements."""
    if contact.status == "closed" or not contact.assignee:
        return ""
    return contact.assignee_id or (f"name:{contact.assignee}" if thread.human else "")


def _status(channel: Channel, thread: Thread, contact: Contact) -> None:
    to_desk(
        channel,
        {
            "event": "status",
            "conversation": thread.external_id,
            "status": contact.status,
            "assignee": contact.assignee,
            "holder": holder(thread, contact),
        },
    )


async def closed(channel: Channel, thread: Thread, contact: Contact, customer: str) -> None:
    """The contact is over."""
    to_customer(channel, customer, wire.case_event("CaseStatusChanged", channel, thread, contact))
    _status(channel, thread, contact)
    if channel.live:
        waiting.changed(channel)


def seen(channel: Channel, thread: Thread, messages: Iterable[Message]) -> None:
    """One side has seen these messages of the other."""
    for message in messages:
        to_customer(channel, message.customer, wire.message_read(channel, thread, message))
        to_desk(
            channel,
            {
                "event": "seen",
                "conversation": thread.external_id,
                "id": str(message.uuid),
                "direction": "inbound" if message.author == "customer" else "outbound",
            },
        )


def typing(
    channel: Channel, customer: str, thread: Thread, *, on: bool, name: str, bot: bool = False
) -> None:
    """An agent writes, or has stopped."""
    to_customer(channel, customer, wire.typing(channel, thread, on=on, name=name, bot=bot))


def remarked(channel: Channel, thread: Thread, contact: Contact, message: Message) -> None:
    """The environment itself has written into a conversation."""
    to_customer(
        channel, message.customer, wire.message_created(channel, thread, contact, message), message.id
    )
    to_desk(
        channel,
        {
            "event": "message",
            "conversation": thread.external_id,
            "customer": _customer_name(message),
            "status": contact.status,
            "holder": holder(thread, contact),
            "opened": False,
            "message": wire.message(channel, message, agent=True),
        },
    )


def _customer_name(message: Message) -> str:
    return f"{message.first_name} {message.last_name}".strip()
