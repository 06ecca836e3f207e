"""Conversations as the agent desk has them: lists over several channels, who holds which, and what agents tell each other."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from psycopg.rows import class_row

from gateway import conversations, database
from gateway import desk_statements as sql
from gateway.conversations import Contact, Refused, Taken, Thread, there
from gateway.published import Channel
from gateway.statements import CLOSE_CONTACT

View = Literal["mine", "waiting", "all", "closed", "any"]
VIEWS: tuple[View, ...] = ("mine", "waiting", "all", "closed")
#: Conversations in one page of a list.
LIMIT = 100
MOST = 300
#: Milliseconds a list may take: a search goes through every word of every conversation.
_PATIENCE = "4000"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(slots=True)
class Row:
    """A conversation in a list. `holder` is explained in desk_statements."""

    channel: str
    external_id: str
    name: str
    status: str
    assignee: str
    holder: str
    status_at: datetime
    locale: str
    customer: str
    customer_name: str
    active_at: datetime
    thread_id: int
    contact_id: int
    last_text: str | None
    author: str | None
    author_name: str | None
    last_at: datetime | None
    files: int | None
    kind: str | None
    unread: int


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page of a list ends: the number its view is ordered by, and the thread, of its last row."""

    order: int
    thread: int

    def __str__(self) -> str:
        return f"{self.order}~{self.thread}"

    @classmethod
    def read(cls, text: str) -> Place | None:
        order, _tilde, thread = text.partition("~")
        if all(one.isascii() and one.isdecimal() and len(one) < 19 for one in (order, thread)):
            return cls(int(order), int(thread))
        return None


def place_of(row: Row, view: View) -> Place:
    """Those who wait are ordered by their arrival, the number of their contact; others by what happened last, in microseconds."""
    order = row.contact_id if view == "waiting" else round((row.active_at - _EPOCH) / _MICROSECOND)
    return Place(order, row.thread_id)


@dataclass(frozen=True, slots=True)
class Counts:
    """How many conversations are mine, wait, are open at all; and in how many of mine something is unread."""

    mine: int
    waiting: int
    all: int
    unread: int


@dataclass(frozen=True, slots=True)
class Note:
    id: int
    kind: str
    author: str
    author_id: str
    target: str
    text: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class About:
    """Whom a conversation is with, and how it stands."""

    contact: int | None
    status: str | None
    assignee: str | None
    holder: str
    custom_fields: dict[str, str] | None
    locale: str | None
    page: str | None
    begun_at: datetime | None
    status_at: datetime | None
    customer: str
    first_name: str
    last_name: str
    image: str
    customer_fields: dict[str, str]
    proven: bool
    known_since: datetime
    conversations: int


@dataclass(frozen=True, slots=True)
class Given:
    """A contact that changed hands: to whom (contact.assignee), from whom, and the note of it."""

    thread: Thread
    contact: Contact
    previous: str
    note: Note | None


@dataclass(frozen=True, slots=True)
class Agent:
    """Who acts at the desk."""

    id: str
    name: str


async def rows(
    channels: Sequence[str],
    agent: str,
    *,
    view: View,
    search: str = "",
    limit: int = LIMIT,
    thread: str | None = None,
    after: Place | None = None,
) -> list[Row]:
    """Conversations of these channels: those that wait by their arrival, others by what happened last; from a place on."""
    waiting = view == "waiting"
    values = {
        "channels": list(channels),
        "agent": agent,
        "view": view,
        "like": f"%{_escaped(search)}%" if search else None,
        "limit": limit,
        "thread": thread,
        "after_contact": after.order if after is not None and waiting else None,
        "after_at": _EPOCH + after.order * _MICROSECOND if after is not None and not waiting else None,
        "after_thread": after.thread if after is not None else None,
    }
    async with database.connection() as connection, connection.transaction():
        await connection.execute("SELECT set_config('statement_timeout', %s, true)", (_PATIENCE,))
        async with connection.cursor(row_factory=class_row(Row)) as cursor:
            await cursor.execute(sql.LIST, values)
            return await cursor.fetchall()


def _escaped(search: str) -> str:
    return search.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


async def counts(channels: Sequence[str], agent: str) -> Counts:
    async with database.connection() as connection:
        found = await (
            await connection.execute(sql.COUNTS, {"channels": list(channels), "agent": agent})
        ).fetchone()
    return Counts(*there(found))


async def about(channel: Channel, thread: str) -> tuple[Thread, About, list[Note]]:
    """Who is in a conversation, and its notes, oldest first. Raises Refused."""
    found = await _found(channel, thread)
    async with database.connection() as connection:
        row = there(await (await connection.execute(sql.ABOUT, (found.id,))).fetchone())
        notes = await (await connection.execute(sql.NOTES, (found.id,))).fetchall()
    return found, About(*row), [Note(*one) for one in reversed(notes)]


async def take(channel: Channel, thread: str, agent: Agent, *, seen: str) -> Given | None:
    """Give the open contact to the agent, if it is still held by whom they saw holding it (`seen`). None: they have it already.

    Raises Taken when somebody was faster, Refused when there is nothing open.
    """
    return await _give(channel, thread, agent, to=agent, holders={seen}, kind="taken", text="")


async def transfer(channel: Channel, thread: str, agent: Agent, *, to: Agent, text: str) -> Given | None:
    """Hand one's own contact, or one that waits, to a colleague. Raises Taken, Refused."""
    return await _give(channel, thread, agent, to=to, holders={agent.id, ""}, kind="transferred", text=text)


async def put_back(channel: Channel, thread: str, agent: Agent, *, text: str) -> Given | None:
    """Put one's own contact back into the queue, at the place of its arrival. Raises Taken, Refused."""
    return await _give(channel, thread, agent, to=Agent("", ""), holders={agent.id}, kind="queued", text=text)


async def _give(
    channel: Channel, thread: str, agent: Agent, *, to: Agent, holders: set[str], kind: str, text: str
) -> Given | None:
    found = await _found(channel, thread)
    async with database.connection() as connection, connection.transaction():
        row = await (await connection.execute(sql.LOCK_OPEN, (found.id,))).fetchone()
        if row is None:
            raise Refused("The conversation has ended.")
        number, holder, previous = row
        if to.id and holder == to.id:
            return None
        if holder not in holders:
            raise Taken(previous)
        async with connection.cursor(row_factory=class_row(Contact)) as cursor:
            await cursor.execute(
                sql.GIVE, {"id": number, "agent": to.id, "name": to.name, "thread": found.external_id}
            )
            contact = there(await cursor.fetchone())
        # From now on a person answers: the practice agent keeps quiet.
        await connection.execute(sql.HUMAN, (found.id,))
        note = await _add(connection, found, agent, kind=kind, target=to.name, text=text)
    return Given(found, contact, previous, note)


async def holders(channels: Sequence[str]) -> list[tuple[str, str]]:
    """(channel, agent's id) of those who have conversations."""
    async with database.connection() as connection:
        return [
            (str(channel), str(agent))
            for channel, agent in await (await connection.execute(sql.HOLDERS, (list(channels),))).fetchall()
        ]


async def left_alone(channel: Channel, agent: str, *, limit: int) -> list[Given]:
    """Put what an agent who is gone has left alone back into the queue, at the places of their arrival: at most `limit` at once."""
    given = []
    async with database.connection() as connection, connection.transaction():
        values = {"channel": channel.id, "agent": agent, "live": channel.live, "limit": limit}
        for number, thread, name in await (await connection.execute(sql.LEFT_ALONE, values)).fetchall():
            found = await _found(channel, thread)
            async with connection.cursor(row_factory=class_row(Contact)) as cursor:
                await cursor.execute(sql.GIVE, {"id": number, "agent": "", "name": "", "thread": thread})
                contact = there(await cursor.fetchone())
            note = await _add(connection, found, Agent(agent, name), kind="left", text="")
            given.append(Given(found, contact, name, note))
    return given


async def close(channel: Channel, thread: str, agent: Agent) -> tuple[Given, str] | None:
    """Close one's own contact, or one that waits; with its customer's own id. None when it is closed. Raises Taken, Refused."""
    found = await _found(channel, thread)
    async with database.connection() as connection, connection.transaction():
        row = await (await connection.execute(sql.LOCK_OPEN, (found.id,))).fetchone()
        if row is None:
            return None
        if row[1] not in {agent.id, ""}:
            raise Taken(row[2])
        async with connection.cursor(row_factory=class_row(Contact)) as cursor:
            await cursor.execute(
                CLOSE_CONTACT, {"thread": found.external_id, "thread_id": found.id, "contact": None}
            )
            contact = there(await cursor.fetchone())
        note = await _add(connection, found, agent, kind="closed", text="")
    return Given(found, contact, row[2], note), await conversations.owner(found)


async def add_note(
    channel: Channel, thread: str, agent: Agent, *, text: str, kind: str = "note", external_id: str = ""
) -> Note | None:
    """Keep a note; None when it was kept before. Raises Refused."""
    found = await _found(channel, thread)
    async with database.connection() as connection:
        return await _add(connection, found, agent, kind=kind, text=text, external_id=external_id)


async def _add(
    connection: database.Connection,
    thread: Thread,
    agent: Agent,
    *,
    kind: str,
    text: str,
    target: str = "",
    external_id: str = "",
) -> Note | None:
    values: dict[str, Any] = {
        "thread_id": thread.id,
        "external_id": external_id or str(uuid.uuid4()),
        "kind": kind,
        "author": agent.name,
        "author_id": agent.id,
        "target": target,
        "text": text,
    }
    row = await (await connection.execute(sql.ADD_NOTE, values)).fetchone()
    return None if row is None else Note(*row)


async def holder_of(channel: Channel, thread: str) -> str:
    """Who holds the open contact; "" when it waits, or none is open. Raises Refused."""
    _thread, about_it, _notes = await about(channel, thread)
    return about_it.holder if about_it.status != "closed" else ""


async def _found(channel: Channel, thread: str) -> Thread:
    found = await conversations.find_thread(channel, None, thread)
    if found is None:
        raise Refused("There is no such conversation.")
    return found
