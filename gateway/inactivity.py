"""The end of live conversations whose visitor has left: a warning, then the end, after minutes the channel says.

Silence counts from the agent's last message that the visitor left unanswered; nobody who waits for an agent is sent away. Every
process looks; each conversation is taken under its row's lock, so one of them acts, and what is due after a restart is done then.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import psycopg
from psycopg.rows import class_row

from gateway import announce, conversations, database, settings
from gateway import statements as sql
from gateway.logs import logger
from gateway.published import Channel, registry

log = logger("gateway.inactivity")

#: Conversations of one transaction.
_BATCH = 50


@dataclass(slots=True)
class _Due:
    contact: int
    thread_id: int
    thread: str
    locale: str
    ends: bool


async def keep_watch() -> None:
    """For ever."""
    while True:
        await asyncio.sleep(settings.GATEWAY_INACTIVITY_SECONDS)
        for channel in tuple(registry.channels.values()):
            minutes = limits(channel)
            if minutes is None:
                continue
            try:
                await look(channel, *minutes)
            except (psycopg.Error, OSError, TimeoutError) as trouble:
                log.warning("inactivity.failed", channel=channel.id, error=type(trouble).__name__)


def limits(channel: Channel) -> tuple[int, int] | None:
    """(minutes until the warning, until the end), 0 for no warning; None where conversations end by people alone."""
    if not channel.live or channel.rule is None:
        return None
    inactivity = channel.rule.section["inactivity"]
    return (inactivity["warn_minutes"], inactivity["end_minutes"]) if inactivity["end_minutes"] else None


async def look(channel: Channel, warn: int, end: int) -> int:
    """Warn and end what is due on one channel; how many conversations that were."""
    done = 0
    while True:
        told = []
        async with database.connection() as connection, connection.transaction():
            async with connection.cursor(row_factory=class_row(_Due)) as cursor:
                await cursor.execute(
                    sql.INACTIVE, {"channel": channel.id, "warn": warn, "end": end, "limit": _BATCH}
                )
                due = await cursor.fetchall()
            for one in due:
                phrases = channel.phrases(one.locale)
                name = "chatEndedDueToInactivity" if one.ends else "sessionWillExpireLabel"
                words = phrases.get(name) or _WORDS[name]
                told.append((one, await conversations.remark(connection, one.thread_id, one.contact, words)))
                if one.ends:
                    await connection.execute(sql.CLOSE_ONE, (one.contact,))
                else:
                    await connection.execute(sql.WARNED, (one.contact,))
        for one, number in told:
            await _tell(channel, one, number)
        done += len(due)
        if len(due) < _BATCH:
            return done


async def _tell(channel: Channel, due: _Due, number: int) -> None:
    found = await conversations.remarked(channel, due.thread, number)
    if found is None:
        return
    thread, contact, message = found
    announce.remarked(channel, thread, contact, message)
    if due.ends:
        log.info("conversation.ended_by_inactivity", channel=channel.id, contact=due.contact)
        await announce.closed(channel, thread, contact, message.customer)


_WORDS = {
    "chatEndedDueToInactivity": "Conversation ended due to inactivity",
    "sessionWillExpireLabel": "Your session is about to expire",
}
