"""What happens in conversations, each act one function and one transaction, in SQL.

Functions take the channel being served and the customer's own id (as the socket or token proved it), and raise `Refused`
for what a client may not do; database trouble comes out as psycopg.Error.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from psycopg.rows import class_row, scalar_row
from psycopg.types.json import Jsonb

from gateway import attachments, database, handover, metrics, surveys, wire
from gateway import statements as sql
from gateway.published import Channel

#: Messages in one answer of RecoverThread and LoadMoreMessages.
PAGE = 30
#: Characters of the messages of one page, about: iOS lets go of a socket that brings a frame of more than a megabyte.
_HEAVY = 500_000
#: Conversations in ThreadListFetched and in the agent's list.
THREADS = 100
_MAX_FIELDS = 200
_SCROLL = re.compile(r"m[0-9a-f]{1,15}", re.ASCII)
_THREAD_SCROLL = re.compile(r"t([0-9a-f]{1,14})\.([0-9a-f]{1,15})", re.ASCII)


class Refused(Exception):
    """The conversation does not allow this; the sentence is for the page's developer."""


class Taken(Refused):
    """Another agent has the conversation; `by` is their name."""

    def __init__(self, by: str) -> None:
        super().__init__(f"{by} has this conversation.")
        self.by = by


@dataclass(slots=True)
class Thread:
    id: int
    external_id: str
    customer_id: int
    name: str
    archived: bool
    human: bool
    created_at: datetime
    active_at: datetime


@dataclass(slots=True)
class Contact:
    id: int
    thread: str
    status: str
    assignee: str
    #: The assignee at the agent desk; "" for the practice agent and for a test page's.
    assignee_id: str
    custom_fields: dict[str, str]
    created_at: datetime
    status_at: datetime


@dataclass(slots=True)
class Message:
    id: int
    uuid: uuid.UUID
    external_id: str
    author: str
    author_name: str
    content: dict[str, Any]
    attachments: list[dict[str, Any]]
    created_at: datetime
    seen_at: datetime | None
    contact_id: int
    thread: str
    customer: str
    first_name: str
    last_name: str
    image: str


@dataclass(slots=True)
class Customer:
    id: int
    external_id: str
    first_name: str
    last_name: str
    image: str
    custom_fields: dict[str, str]
    pending_fields: dict[str, dict[str, str]]
    #: What the sign-in's mapping gave: every contact begins with it.
    mapped_fields: dict[str, str]


@dataclass(slots=True)
class Sent:
    """A stored message. `again`: it had been stored before. `opened`: it began a contact. `assigned`: it got an agent."""

    thread: Thread
    contact: Contact
    message: Message
    again: bool = False
    opened: bool = False
    assigned: bool = False


@dataclass(slots=True)
class Recovered:
    thread: Thread
    contact: Contact | None
    earlier: list[Contact]
    messages: list[Message]
    scroll: str
    customer: Customer


@dataclass(frozen=True, slots=True)
class Visitor:
    """Whom a socket speaks for, and what the page says of them."""

    customer: str
    first_name: str = ""
    last_name: str = ""
    image: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """A visitor's message before it is stored."""

    external_id: str
    content: dict[str, Any]
    attachments: list[dict[str, Any]]
    contact_fields: Mapping[str, str]
    customer_fields: Mapping[str, str]
    #: The language in which the visitor read the form, for the proof of a consent.
    locale: str = ""
    #: The page they write from, without its query.
    page: str = ""


_T = TypeVar("_T")


def there(row: _T | None) -> _T:
    """A row that cannot be missing: just written, referred to, or kept from others by the customer's lock."""
    if row is None:
        raise LookupError("a row that must exist does not")
    return row


# -- customers ---------------------------------------------------------------------------------------------------------


async def find_customer(channel: Channel, customer: str) -> Customer | None:
    async with (
        database.connection() as connection,
        connection.cursor(row_factory=class_row(Customer)) as cursor,
    ):
        await cursor.execute(sql.FIND_CUSTOMER, (channel.id, customer))
        return await cursor.fetchone()


async def _know(connection: database.Connection, channel: Channel, visitor: Visitor) -> Customer:
    """The customer's row, made or brought up to date, and locked: what one customer does at once stands in line."""
    async with connection.cursor(row_factory=class_row(Customer)) as cursor:
        await cursor.execute(
            sql.KNOW_CUSTOMER,
            {
                "channel": channel.id,
                "external_id": visitor.customer,
                "first_name": visitor.first_name,
                "last_name": visitor.last_name,
                "image": visitor.image,
            },
        )
        return there(await cursor.fetchone())


async def set_customer_fields(channel: Channel, visitor: Visitor, values: Mapping[str, str]) -> None:
    """Remember answers about the customer."""
    async with database.connection() as connection, connection.transaction():
        customer = await _know(connection, channel, visitor)
        await _merge_customer_fields(connection, customer, kept(channel, values))


async def _merge_customer_fields(
    connection: database.Connection, customer: Customer, values: Mapping[str, str]
) -> None:
    merged = _merged(customer.custom_fields, values)
    if merged != customer.custom_fields:
        await connection.execute(sql.SET_CUSTOMER_FIELDS, (Jsonb(merged), customer.id))
        customer.custom_fields = merged


async def set_contact_fields(
    channel: Channel, visitor: Visitor, thread: str | None, values: Mapping[str, str]
) -> None:
    """Remember answers about the conversation; before its first message they wait with the customer."""
    async with database.connection() as connection, connection.transaction():
        customer = await _know(connection, channel, visitor)
        contact = await _open_contact(connection, channel, customer, thread)
        values = kept(channel, values)
        if contact is not None:
            await connection.execute(
                sql.SET_CONTACT_FIELDS, (Jsonb(_merged(contact.custom_fields, values)), contact.id)
            )
            return
        key = thread or ""
        waiting = {**customer.pending_fields, key: _merged(customer.pending_fields.get(key, {}), values)}
        if len(waiting) > THREADS:
            raise Refused("Too many conversations have answers and no message.")
        await connection.execute(sql.SET_PENDING_FIELDS, (Jsonb(waiting), customer.id))


def kept(channel: Channel, values: Mapping[str, str]) -> Mapping[str, str]:
    """What of values set outside a form has a field to go into; all of it where the channel asks no form."""
    return values if channel.survey is None else channel.survey.keep(values)


def _merged(old: Mapping[str, str], new: Mapping[str, str]) -> dict[str, str]:
    merged = {**old, **new}
    if len(merged) > _MAX_FIELDS:
        raise Refused(f"More than {_MAX_FIELDS} custom fields.")
    return merged


# -- threads and contacts ----------------------------------------------------------------------------------------------


async def threads_of(
    channel: Channel, customer: str, *, limit: int = THREADS, scroll: str = ""
) -> tuple[list[tuple[Thread, bool]], str]:
    """The customer's conversations, most recent first, each with whether another message may be added; and the scroll token
    of those before them, "" when there are none. Raises Refused for a token that is none."""
    moment, number = _open_thread_scroll(scroll) if scroll else (None, 0)
    values = {
        "channel": channel.id,
        "customer": customer,
        "moment": moment,
        "number": number,
        "limit": limit + 1,
    }
    async with database.connection() as connection:
        rows = await (await connection.execute(sql.THREADS_OF, values)).fetchall()
    page = [(Thread(*row[:-1]), not row[4] and not (channel.live and row[-1])) for row in rows[:limit]]
    if len(rows) <= limit or not page:
        return page, ""
    last = page[-1][0]
    microseconds = (last.active_at - _EPOCH) // timedelta(microseconds=1)
    return page, f"t{microseconds:x}.{last.id:x}"


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _open_thread_scroll(scroll: str) -> tuple[datetime, int]:
    found = _THREAD_SCROLL.fullmatch(scroll)
    if found is None:
        raise Refused("This is no scroll token of a list of conversations.")
    return _EPOCH + timedelta(microseconds=int(found[1], 16)), int(found[2], 16)


async def find_thread(channel: Channel, customer: str | None, thread: str) -> Thread | None:
    """A conversation by its own id; with `customer`, only if it is theirs."""
    async with database.connection() as connection:
        return await _thread(connection, channel, customer, thread)


async def _thread(
    connection: database.Connection, channel: Channel, customer: str | None, thread: str
) -> Thread | None:
    async with connection.cursor(row_factory=class_row(Thread)) as cursor:
        await cursor.execute(sql.FIND_THREAD, {"channel": channel.id, "thread": thread, "customer": customer})
        return await cursor.fetchone()


async def _owned(connection: database.Connection, channel: Channel, customer: str, thread: str) -> Thread:
    found = await _thread(connection, channel, customer, thread)
    if found is None:
        # Somebody else's and nobody's sound the same.
        raise Refused("There is no such conversation.")
    return found


async def rename(channel: Channel, customer: str, thread: str, name: str) -> Thread:
    async with database.connection() as connection, connection.transaction():
        found = await _owned(connection, channel, customer, thread)
        await connection.execute(sql.RENAME, (name, found.id))
    return replace(found, name=name)


async def archive(channel: Channel, customer: str, thread: str) -> Thread:
    async with database.connection() as connection, connection.transaction():
        found = await _owned(connection, channel, customer, thread)
        await connection.execute(sql.ARCHIVE, (found.id,))
    return replace(found, archived=True)


async def open_contact(channel: Channel, thread: str) -> Contact | None:
    """The contact of a conversation that is not closed."""
    async with (
        database.connection() as connection,
        connection.cursor(row_factory=class_row(Contact)) as cursor,
    ):
        await cursor.execute(sql.OPEN_CONTACT, {"channel": channel.id, "thread": thread, "customer": None})
        return await cursor.fetchone()


async def _open_contact(
    connection: database.Connection, channel: Channel, customer: Customer, thread: str | None
) -> Contact | None:
    async with connection.cursor(row_factory=class_row(Contact)) as cursor:
        await cursor.execute(
            sql.OPEN_CONTACT, {"channel": channel.id, "thread": thread, "customer": customer.external_id}
        )
        return await cursor.fetchone()


async def close_contact(
    channel: Channel, customer: str | None, thread: str, contact: str | None = None
) -> tuple[Thread, Contact] | None:
    """Close the open contact of a conversation; None when there is none. Raises Refused for a conversation not theirs.

    `contact` is the one that was meant: where it is an earlier one of the conversation, what came after it stays open.
    """
    async with database.connection() as connection, connection.transaction():
        found = await _thread(connection, channel, customer, thread)
        if found is None:
            raise Refused("There is no such conversation.")
        async with connection.cursor(row_factory=class_row(Contact)) as cursor:
            await cursor.execute(
                sql.CLOSE_CONTACT,
                {"thread": found.external_id, "thread_id": found.id, "contact": contact},
            )
            closed = await cursor.fetchone()
    return None if closed is None else (found, closed)


async def assign(channel: Channel, thread: str, name: str) -> tuple[Thread, Contact] | None:
    """Give the open contact to an agent, unless one has it; None when nothing changed."""
    async with database.connection() as connection, connection.transaction():
        found = await _thread(connection, channel, None, thread)
        if found is None:
            return None
        async with connection.cursor(row_factory=class_row(Contact)) as cursor:
            await cursor.execute(
                sql.ASSIGN,
                {
                    "name": name,
                    "agent": "",
                    "thread": found.external_id,
                    "thread_id": found.id,
                    "human": True,
                },
            )
            contact = await cursor.fetchone()
    return None if contact is None else (found, contact)


# -- messages ----------------------------------------------------------------------------------------------------------


async def say(
    channel: Channel,
    visitor: Visitor,
    thread: str,
    draft: Draft,
    *,
    known: tuple[Thread, Contact] | None = None,
) -> Sent:
    """Store a visitor's message once, however often it is sent. Raises Refused.

    `known` is the conversation as the socket last saw it: while its contact is open, one statement does.
    """
    if known is not None and not (draft.contact_fields or draft.customer_fields or draft.attachments):
        sent = await _say_again_in(visitor, known, draft)
        if sent is not None:
            return sent
    async with database.connection() as connection, connection.transaction():
        customer = await _know(connection, channel, visitor)
        if draft.customer_fields:
            await _merge_customer_fields(connection, customer, kept(channel, draft.customer_fields))
        found = await _thread_to_write_in(connection, channel, customer, thread)
        earlier = await _message_by_external_id(connection, found.id, draft.external_id)
        contact = await _open_contact(connection, channel, customer, thread)
        if earlier is not None:
            contact = contact or await _contact(connection, found, earlier.contact_id)
            return Sent(found, contact, earlier, again=True)
        if found.archived:
            raise Refused("This conversation is archived.")
        if draft.attachments:
            draft = replace(draft, attachments=await _claimed(connection, channel, found, draft.attachments))
        opened = contact is None
        if contact is None:
            contact = await _begin_contact(
                connection,
                channel,
                customer,
                found,
                draft.contact_fields,
                asked=True,
                locale=draft.locale,
                page=draft.page,
            )
        elif draft.contact_fields:
            values = _merged(contact.custom_fields, kept(channel, draft.contact_fields))
            if values != contact.custom_fields:
                await connection.execute(sql.SET_CONTACT_FIELDS, (Jsonb(values), contact.id))
                contact.custom_fields = values
        stored = there(
            await _insert(connection, found.id, contact.id, draft.external_id, "customer", "", draft)
        )
    metrics.messages.labels("customer").inc()
    message = _made(visitor, found, contact, draft, *stored)
    found.active_at = message.created_at
    return Sent(found, contact, message, opened=opened)


async def _claimed(
    connection: database.Connection, channel: Channel, thread: Thread, given: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    files = await attachments.claim(connection, channel, thread.id, given)
    if files is None:
        raise Refused("An attachment is no file that was uploaded here for this conversation.")
    return files


async def _say_again_in(visitor: Visitor, known: tuple[Thread, Contact], draft: Draft) -> Sent | None:
    thread, contact = known
    message_id = uuid.uuid4()
    async with database.connection() as connection:
        row = await (
            await connection.execute(
                sql.SAY_IN_OPEN_CONTACT,
                {
                    "uuid": message_id,
                    "contact_id": contact.id,
                    "thread_id": thread.id,
                    "external_id": draft.external_id,
                    "content": Jsonb(draft.content),
                    "attachments": Jsonb(draft.attachments),
                },
            )
        ).fetchone()
    if row is None:
        return None
    number, created_at, status, assignee = row
    metrics.messages.labels("customer").inc()
    contact = replace(contact, status=status, assignee=assignee)
    thread = replace(thread, active_at=created_at)
    return Sent(thread, contact, _made(visitor, thread, contact, draft, message_id, number, created_at))


def _made(
    visitor: Visitor,
    thread: Thread,
    contact: Contact,
    draft: Draft,
    message_id: uuid.UUID,
    number: int,
    created_at: datetime,
) -> Message:
    return Message(
        id=number,
        uuid=message_id,
        external_id=draft.external_id,
        author="customer",
        author_name="",
        content=draft.content,
        attachments=draft.attachments,
        created_at=created_at,
        seen_at=None,
        contact_id=contact.id,
        thread=thread.external_id,
        customer=visitor.customer,
        first_name=visitor.first_name,
        last_name=visitor.last_name,
        image=visitor.image,
    )


async def _thread_to_write_in(
    connection: database.Connection, channel: Channel, customer: Customer, thread: str
) -> Thread:
    found = await _thread(connection, channel, customer.external_id, thread)
    if found is not None:
        return found
    if not channel.live and not channel.several_threads:
        rows = await (await connection.execute(sql.ACTIVE_THREADS, (customer.id,))).fetchone()
        if rows is not None and rows[0]:
            raise Refused("This channel keeps one conversation per customer: recover it and go on there.")
    async with connection.cursor(row_factory=class_row(Thread)) as cursor:
        await cursor.execute(sql.BEGIN_THREAD, (channel.id, thread, customer.id))
        begun = await cursor.fetchone()
    if begun is None:
        # The id is taken, by a customer who is not this one.
        raise Refused("There is no such conversation.")
    return begun


async def _begin_contact(
    connection: database.Connection,
    channel: Channel,
    customer: Customer,
    thread: Thread,
    given: Mapping[str, str],
    *,
    asked: bool = False,
    locale: str = "",
    page: str = "",
) -> Contact:
    """Open a contact. `asked`: a visitor begins it, so the form's answers are judged, unless the conversation had a contact before."""
    first = True
    if channel.live or (asked and channel.survey is not None):
        earlier = await (await connection.execute(sql.ANY_CONTACT, (thread.id,))).fetchone()
        first = earlier is None
        if channel.live and not first:
            raise Refused("This conversation has ended; begin another.")
    pending = dict(customer.pending_fields)
    values = _merged(
        {**pending.pop("", {}), **pending.pop(thread.external_id, {})},
        given,
    )
    consents: list[dict[str, Any]] = []
    if channel.survey is not None:
        if asked and first:
            verdict = channel.survey.judge(values, customer.custom_fields)
            if verdict.wrong:
                raise surveys.Refused(verdict.wrong)
            values = verdict.values
            consents = [surveys.proof(channel, locale, one) for one in verdict.consents]
            await _merge_customer_fields(connection, customer, channel.survey.of_customer(values))
        else:
            values = dict(kept(channel, values))
    if pending != customer.pending_fields:
        await connection.execute(sql.SET_PENDING_FIELDS, (Jsonb(pending), customer.id))
    async with connection.cursor(row_factory=class_row(Contact)) as cursor:
        await cursor.execute(
            sql.BEGIN_CONTACT,
            {
                "thread_id": thread.id,
                "thread": thread.external_id,
                "channel": channel.id,
                # Whoever vouches for the customer is believed before the page is.
                "custom_fields": Jsonb({**values, **customer.mapped_fields}),
                "locale": locale[:35],
                "page": page[:2000],
            },
        )
        contact = there(await cursor.fetchone())
    for consent in consents:
        await connection.execute(sql.ADD_CONSENT, {"contact": contact.id, **consent})
    return contact


async def consents_of(contact: Contact) -> list[dict[str, Any]]:
    """The consents given with a contact: [{"ident", "version", "locale", "text", "given_at"}]."""
    async with database.connection() as connection:
        rows = await (await connection.execute(sql.CONSENTS, (contact.id,))).fetchall()
    names = ("ident", "version", "locale", "text", "given_at")
    return [dict(zip(names, row, strict=True)) for row in rows]


async def _contact(connection: database.Connection, thread: Thread, contact_id: int) -> Contact:
    async with connection.cursor(row_factory=class_row(Contact)) as cursor:
        await cursor.execute(sql.CONTACT, {"thread": thread.external_id, "id": contact_id})
        return there(await cursor.fetchone())


async def _insert(
    connection: database.Connection,
    thread_id: int,
    contact_id: int,
    external_id: str,
    author: str,
    author_name: str,
    draft: Draft,
) -> tuple[uuid.UUID, int, datetime] | None:
    message_id = uuid.uuid4()
    row = await (
        await connection.execute(
            sql.INSERT_MESSAGE,
            {
                "uuid": message_id,
                "thread_id": thread_id,
                "contact_id": contact_id,
                "external_id": external_id,
                "author": author,
                "author_name": author_name,
                "content": Jsonb(draft.content),
                "attachments": Jsonb(draft.attachments),
                "human": author == "agent",
            },
        )
    ).fetchone()
    return None if row is None else (message_id, row[0], row[1])


async def answer(
    channel: Channel,
    thread: str,
    *,
    author: str,
    name: str,
    content: dict[str, Any],
    attachments: Sequence[dict[str, Any]] = (),
    uploads: Sequence[Mapping[str, Any]] = (),
    external_id: str | None = None,
    agent: str = "",
) -> Sent:
    """Store a message of the agent's ("agent") or the practice agent's ("practice") side. Raises Refused, Taken.

    Whoever answers first gets the contact. On a messaging channel an answer after the closing begins a new contact. `agent` is who
    writes at the agent desk: into a colleague's conversation nobody does. `uploads` are files that were sent here before.
    """
    draft = Draft(external_id or str(uuid.uuid4()), content, list(attachments), {}, {})
    async with database.connection() as connection, connection.transaction():
        found = await _thread(connection, channel, None, thread)
        if found is None:
            raise Refused("There is no such conversation.")
        customer = await _customer_of(connection, found)
        if author == "practice" and found.human:
            raise Refused("A person answers here.")
        earlier = await _message_by_external_id(connection, found.id, draft.external_id)
        if earlier is not None:
            return Sent(found, await _contact(connection, found, earlier.contact_id), earlier, again=True)
        if uploads:
            files = await _claimed(connection, channel, found, uploads)
            draft = replace(draft, attachments=[*draft.attachments, *files])
        contact = await _open_contact(connection, channel, customer, thread)
        opened = contact is None
        if contact is None:
            contact = await _begin_contact(connection, channel, customer, found, {})
        async with connection.cursor(row_factory=class_row(Contact)) as cursor:
            await cursor.execute(
                sql.ASSIGN,
                {
                    "name": name,
                    "agent": agent,
                    "thread": thread,
                    "thread_id": found.id,
                    "human": author == "agent",
                },
            )
            taken = await cursor.fetchone()
        contact = taken or contact
        if agent and contact.assignee_id != agent:
            raise Taken(contact.assignee)
        stored = there(
            await _insert(connection, found.id, contact.id, draft.external_id, author, name, draft)
        )
    metrics.messages.labels(author).inc()
    message_id, number, created_at = stored
    message = Message(
        id=number,
        uuid=message_id,
        external_id=draft.external_id,
        author=author,
        author_name=name,
        content=content,
        attachments=draft.attachments,
        created_at=created_at,
        seen_at=None,
        contact_id=contact.id,
        thread=thread,
        customer=customer.external_id,
        first_name=customer.first_name,
        last_name=customer.last_name,
        image=customer.image,
    )
    found.active_at = created_at
    found.human = found.human or author == "agent"
    return Sent(found, contact, message, opened=opened, assigned=taken is not None)


async def _customer_of(connection: database.Connection, thread: Thread) -> Customer:
    async with connection.cursor(row_factory=class_row(Customer)) as cursor:
        await cursor.execute(sql.LOCK_CUSTOMER, (thread.customer_id,))
        return there(await cursor.fetchone())


async def owner(thread: Thread) -> str:
    """The own id of the customer whose conversation this is."""
    async with database.connection() as connection, connection.cursor(row_factory=scalar_row) as cursor:
        await cursor.execute(sql.OWNER, (thread.customer_id,))
        return str(await cursor.fetchone())


async def _message_by_external_id(
    connection: database.Connection, thread_id: int, external_id: str
) -> Message | None:
    async with connection.cursor(row_factory=class_row(Message)) as cursor:
        await cursor.execute(sql.MESSAGE_BY_EXTERNAL_ID, (thread_id, external_id))
        return await cursor.fetchone()


async def find_message(channel: str, customer: str, wanted: uuid.UUID) -> Message | None:
    """A message by its id, if it is in one of the customer's conversations."""
    async with (
        database.connection() as connection,
        connection.cursor(row_factory=class_row(Message)) as cursor,
    ):
        await cursor.execute(sql.MESSAGE_BY_UUID, (wanted, channel, customer))
        return await cursor.fetchone()


async def messages_since(
    channel: Channel, customer: str, number: int, moment: datetime
) -> list[tuple[Thread, Contact, Message]]:
    """What was said in the customer's conversations after a message number and since a moment, oldest first.

    For a socket that may have missed some.
    """
    async with database.connection() as connection:
        async with connection.cursor(row_factory=class_row(Message)) as cursor:
            await cursor.execute(sql.MESSAGES_SINCE, (channel.id, customer, number, moment, 200))
            missed = await cursor.fetchall()
        found: list[tuple[Thread, Contact, Message]] = []
        for message in missed:
            thread = await _thread(connection, channel, customer, message.thread)
            if thread is not None:
                found.append((thread, await _contact(connection, thread, message.contact_id), message))
    return found


async def recover(
    channel: Channel, customer: str, thread: str | None, *, open_only: bool = False
) -> Recovered:
    """A conversation with its newest messages (newest first). Raises Refused when there is none.

    Without `thread`, the one last active. With `open_only` (live chat) its contact must not be closed.
    """
    known = await find_customer(channel, customer)
    if known is None:
        raise Refused("There is no conversation to recover.")
    async with database.connection() as connection:
        if thread is None:
            async with connection.cursor(row_factory=class_row(Thread)) as cursor:
                await cursor.execute(sql.LAST_THREAD, {"customer_id": known.id, "open_only": open_only})
                found = await cursor.fetchone()
        else:
            found = await _thread(connection, channel, customer, thread)
        if found is None:
            raise Refused("There is no conversation to recover.")
        contacts = await _contacts(connection, found)
        current = contacts[0] if contacts else None
        if open_only and (current is None or current.status == "closed"):
            raise Refused("The conversation has ended.")
        messages, scroll = await _page(connection, found.id, None)
    return Recovered(found, current, contacts[1:], messages, scroll, known)


async def _contacts(connection: database.Connection, thread: Thread) -> list[Contact]:
    async with connection.cursor(row_factory=class_row(Contact)) as cursor:
        await cursor.execute(
            sql.CONTACTS, {"thread": thread.external_id, "thread_id": thread.id, "limit": PAGE}
        )
        return await cursor.fetchall()


async def newest(channel: Channel, thread: str) -> tuple[list[Message], str]:
    """The newest page of a conversation (newest first), and the scroll token of the page before it."""
    async with database.connection() as connection:
        found = await _thread(connection, channel, None, thread)
        if found is None:
            raise Refused("There is no such conversation.")
        return await _page(connection, found.id, None)


async def more(channel: Channel, customer: str | None, thread: str, scroll: str) -> tuple[list[Message], str]:
    """The page before a scroll token (newest first), and the token of the page before that; "" at the beginning."""
    number = _open_scroll(scroll)
    async with database.connection() as connection:
        found = await _thread(connection, channel, customer, thread)
        if found is None:
            raise Refused("There is no such conversation.")
        return await _page(connection, found.id, number)


async def _page(
    connection: database.Connection, thread_id: int, before: int | None
) -> tuple[list[Message], str]:
    async with connection.cursor(row_factory=class_row(Message)) as cursor:
        await cursor.execute(sql.PAGE, {"thread_id": thread_id, "before": before, "limit": PAGE + 1})
        rows = await cursor.fetchall()
    page = rows[: _fitting(rows[:PAGE])]
    # A page that happens to end at the first message has nothing before it: no token for an empty page.
    return page, f"m{page[-1].id:x}" if len(rows) > len(page) else ""


def _fitting(rows: Sequence[Message]) -> int:
    """How many of these messages go into one frame; the first in any case."""
    weight = 0
    for number, row in enumerate(rows):
        # A text is in it twice: once as what stands in for it.
        weight += 2 * len(wire.dumps(row.content)) + 2 * len(wire.dumps(row.attachments)) + 1_500
        if number and weight > _HEAVY:
            return number
    return len(rows)


def _open_scroll(scroll: str) -> int:
    if not _SCROLL.fullmatch(scroll):
        raise Refused("This is no scroll token of this conversation.")
    return int(scroll[1:], 16)


async def last_message(
    channel: Channel, customer: str, thread: str
) -> tuple[Thread, Message | None, Contact | None]:
    """What a list of conversations shows of one. Raises Refused."""
    async with database.connection() as connection:
        found = await _owned(connection, channel, customer, thread)
        async with connection.cursor(row_factory=class_row(Message)) as cursor:
            await cursor.execute(sql.PAGE, {"thread_id": found.id, "before": None, "limit": 1})
            message = await cursor.fetchone()
        contacts = await _contacts(connection, found)
    return found, message, contacts[0] if contacts else None


async def mark_seen(
    channel: Channel, customer: str | None, thread: str, *, by_customer: bool
) -> tuple[Thread, list[Message]]:
    """Note that one side has seen what the other wrote; the newly seen messages, oldest first. Raises Refused."""
    async with database.connection() as connection, connection.transaction():
        found = await _thread(connection, channel, customer, thread)
        if found is None:
            raise Refused("There is no such conversation.")
        async with connection.cursor(row_factory=class_row(Message)) as cursor:
            await cursor.execute(sql.MARK_SEEN, {"thread_id": found.id, "by_customer": by_customer})
            return found, await cursor.fetchall()


async def leave_offline_message(
    channel: Channel, *, email: str, first_name: str, last_name: str, text: str
) -> None:
    """Keep what a visitor left while nobody was there, and have it reach the organisation."""
    emails = channel.rule.section["offline"]["emails"] if channel.rule is not None else []
    async with database.connection() as connection, connection.transaction():
        await connection.execute(sql.OFFLINE, (channel.id, email, first_name, last_name, text))
        await handover.keep(
            connection,
            channel,
            "offline",
            {
                "email": email,
                "first_name": first_name,
                "last_name": last_name,
                "text": text,
                "emails": list(emails),
            },
        )


async def remark(connection: database.Connection, thread_id: int, contact_id: int, text: str) -> int:
    """Write a remark of the environment's own into a conversation, in the caller's transaction; its number."""
    draft = Draft(str(uuid.uuid4()), {"type": "TEXT", "payload": {"text": text}}, [], {}, {})
    return there(await _insert(connection, thread_id, contact_id, draft.external_id, "system", "", draft))[1]


async def remarked(channel: Channel, thread: str, number: int) -> tuple[Thread, Contact, Message] | None:
    """A remark with its conversation as it stands; None when that was erased meanwhile."""
    async with database.connection() as connection:
        found = await _thread(connection, channel, None, thread)
        async with connection.cursor(row_factory=class_row(Message)) as cursor:
            await cursor.execute(sql.MESSAGE, (number,))
            message = await cursor.fetchone()
        if found is None or message is None:
            return None
        return found, await _contact(connection, found, message.contact_id), message


@dataclass(slots=True)
class Listed:
    """A conversation in the agent's list."""

    thread: Thread
    status: str
    assignee: str
    customer: str
    customer_name: str
    last_text: str
    last_at: datetime | None
    unread: int


async def list_for_agent(channel: Channel) -> list[Listed]:
    """The channel's conversations, last active first."""
    async with database.connection() as connection:
        rows = await (await connection.execute(sql.LIST_FOR_AGENT, (channel.id, THREADS))).fetchall()
    return [Listed(Thread(*row[:8]), *row[8:]) for row in rows]
