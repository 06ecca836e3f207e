"""How long conversations are kept, and one customer's data: as a file, or erased.

Every process looks now and then; PostgreSQL's advisory lock lets one at a time work, in small transactions.
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any

import psycopg

from gateway import attachments, auth, database, sessions, settings, wire
from gateway.logs import logger
from gateway.published import Channel, registry

log = logger("gateway.retention")

_BATCH = 200
_LOCK = 0x72657465


async def keep_clean() -> None:
    """For ever: erase what is kept no longer."""
    while True:
        await asyncio.sleep(settings.GATEWAY_RETENTION_SECONDS)
        try:
            await clean()
        except (psycopg.Error, OSError, TimeoutError) as trouble:
            log.warning("retention.failed", error=type(trouble).__name__)


async def clean() -> int:
    """Erase once what is kept no longer; how many conversations that were."""
    erased = 0
    async with database.connection() as connection:
        got = await (await connection.execute("SELECT pg_try_advisory_lock(%s)", (_LOCK,))).fetchone()
        if got is None or not got[0]:
            return 0
        try:
            for channel in tuple(registry.channels.values()):
                days = auth.section(channel).get("retention_days", 0)
                if isinstance(days, int) and days > 0:
                    erased += await _clean_channel(connection, channel, days)
            await connection.execute(_OLD_TICKETS)
            await connection.execute(_OLD_TRANSCRIPTS)
            await connection.execute(_OLD_SESSIONS)
        finally:
            await connection.execute("SELECT pg_advisory_unlock(%s)", (_LOCK,))
    return erased


async def _clean_channel(connection: database.Connection, channel: Channel, days: int) -> int:
    erased = 0
    while True:
        async with connection.transaction():
            rows = await (await connection.execute(_OLD_THREADS, (channel.id, days, _BATCH))).fetchall()
            await _erase_threads(connection, [row[0] for row in rows])
        erased += len(rows)
        if len(rows) < _BATCH:
            break
    async with connection.transaction():
        await connection.execute(_EMPTY_CUSTOMERS, (channel.id, days))
        await connection.execute(_OLD_OFFLINE, (channel.id, days))
    if erased:
        log.info("retention.erased", channel=channel.id, conversations=erased, days=days)
    return erased


async def _erase_threads(connection: database.Connection, threads: list[int]) -> None:
    if threads:
        for statement in _ERASE_THREADS:
            await connection.execute(statement, (threads,))


async def erase_customer(channel: Channel, customer: str) -> int | None:
    """Everything there is of a customer, gone, files included; how many conversations that were, None for somebody unknown.

    What was left in the offline form under the customer's id as e-mail address goes as well.
    """
    await sessions.end(channel, customer)
    async with database.connection() as connection, connection.transaction():
        row = await (await connection.execute(_LOCK_CUSTOMER, (channel.id, customer))).fetchone()
        if row is None:
            return None
        rows = await (await connection.execute(_THREADS, row)).fetchall()
        await connection.execute(_ERASE_OUTGOING, (channel.id, customer, row[0]))
        await _erase_threads(connection, [one[0] for one in rows])
        await connection.execute("DELETE FROM gateway_session WHERE customer_id = %s", row)
        await connection.execute("DELETE FROM gateway_customer WHERE id = %s", row)
        await connection.execute(_ERASE_OFFLINE, (channel.id, customer))
    try:
        await attachments.sweep(most=10_000)
    except (psycopg.Error, OSError) as trouble:
        # They open to nobody any more; the environment's own sweeping comes back for them.
        log.warning("files.not_swept", error=type(trouble).__name__)
    log.info("customer.erased", channel=channel.id, conversations=len(rows))
    return len(rows)


async def export_customer(channel: Channel, customer: str) -> dict[str, Any] | None:
    """Everything there is of a customer; None for somebody unknown."""
    async with database.connection() as connection:
        row = await (await connection.execute(_CUSTOMER, (channel.id, customer))).fetchone()
        if row is None:
            return None
        number, first, last, image, custom, pending, mapped, created = row
        found = await (await connection.execute(_SESSIONS, (number,))).fetchall()
        threads = await (await connection.execute(_EXPORT_THREADS, (number,))).fetchall()
        left = await (await connection.execute(_EXPORT_OFFLINE, (channel.id, customer))).fetchall()
        conversations = []
        for thread, external_id, name, archived, begun in threads:
            contacts = await (await connection.execute(_EXPORT_CONTACTS, (thread,))).fetchall()
            messages = await (await connection.execute(_EXPORT_MESSAGES, (thread,))).fetchall()
            notes = await (await connection.execute(_EXPORT_NOTES, (thread,))).fetchall()
            conversations.append(
                {
                    "id": external_id,
                    "name": name,
                    "archived": archived,
                    "created_at": wire.milliseconds(begun),
                    "contacts": [
                        {"status": status, "custom_fields": fields, "created_at": wire.milliseconds(at)}
                        for status, fields, at in contacts
                    ],
                    "messages": [
                        {
                            "author": author,
                            "author_name": author_name,
                            "content": content,
                            "attachments": attachments,
                            "created_at": wire.milliseconds(at),
                        }
                        for author, author_name, content, attachments, at in messages
                    ],
                    "notes": [
                        {"author": author, "text": text, "created_at": wire.milliseconds(at)}
                        for author, text, at in notes
                    ],
                }
            )
    return {
        "customer": {
            "id": customer,
            "first_name": first,
            "last_name": last,
            "image": image,
            "custom_fields": custom,
            "pending_fields": pending,
            "mapped_fields": mapped,
            "created_at": wire.milliseconds(created),
        },
        "sessions": [
            {"mode": mode, "created_at": wire.milliseconds(begun), "ended_at": _moment(over)}
            for mode, begun, over in found
        ],
        "conversations": conversations,
        "offline_messages": [
            {"first_name": first, "last_name": last, "text": text, "created_at": wire.milliseconds(at)}
            for first, last, text, at in left
        ],
    }


def _moment(at: datetime | None) -> str | None:
    return None if at is None else wire.milliseconds(at)


_OLD_THREADS = """
SELECT id FROM gateway_thread
 WHERE channel = %s AND active_at < now() - make_interval(days => %s)
 ORDER BY active_at LIMIT %s FOR UPDATE SKIP LOCKED
"""
_ERASE_THREADS = (
    "DELETE FROM gateway_consent WHERE contact_id IN (SELECT id FROM gateway_contact WHERE thread_id = ANY(%s))",
    "DELETE FROM gateway_transcript WHERE contact_id IN (SELECT id FROM gateway_contact WHERE thread_id = ANY(%s))",
    "DELETE FROM gateway_note WHERE thread_id = ANY(%s)",
    "DELETE FROM gateway_message WHERE thread_id = ANY(%s)",
    "DELETE FROM gateway_contact WHERE thread_id = ANY(%s)",
    "DELETE FROM gateway_thread WHERE id = ANY(%s)",
)
# Who has nothing left, and is not signed in.
_EMPTY_CUSTOMERS = """
DELETE FROM gateway_customer k
 WHERE k.channel = %s AND k.created_at < now() - make_interval(days => %s)
   AND NOT EXISTS (SELECT FROM gateway_thread t WHERE t.customer_id = k.id)
   AND NOT EXISTS (SELECT FROM gateway_session s WHERE s.customer_id = k.id)
"""
_OLD_OFFLINE = (
    "DELETE FROM gateway_offlinemessage WHERE channel = %s AND created_at < now() - make_interval(days => %s)"
)
_EXPORT_OFFLINE = """
SELECT first_name, last_name, text, created_at FROM gateway_offlinemessage
 WHERE channel = %s AND lower(email) = lower(%s) ORDER BY id
"""
# What the console has not fetched yet.
_ERASE_OUTGOING = """
DELETE FROM gateway_outgoing WHERE channel = %s AND (
    kind = 'offline' AND lower(data->>'email') = lower(%s)
    OR kind = 'transcript' AND data->>'to' IN (SELECT address FROM gateway_transcript WHERE customer_id = %s))
"""
_ERASE_OFFLINE = "DELETE FROM gateway_offlinemessage WHERE channel = %s AND lower(email) = lower(%s)"
# Codes live minutes, signed tokens an hour: a week is past any of them.
_OLD_TICKETS = "DELETE FROM gateway_usedticket WHERE used_at < now() - interval '7 days'"
# The limits of gateway.transcripts look back an hour.
_OLD_TRANSCRIPTS = "DELETE FROM gateway_transcript WHERE asked_at < now() - interval '1 day'"
_OLD_SESSIONS = """
DELETE FROM gateway_session
 WHERE ended_at < now() - interval '1 day' OR expires_at < now() - interval '1 day'
"""
_LOCK_CUSTOMER = "SELECT id FROM gateway_customer WHERE channel = %s AND external_id = %s FOR UPDATE"
_THREADS = "SELECT id FROM gateway_thread WHERE customer_id = %s FOR UPDATE"
_CUSTOMER = """
SELECT id, first_name, last_name, image, custom_fields, pending_fields, mapped_fields, created_at
  FROM gateway_customer WHERE channel = %s AND external_id = %s
"""
_SESSIONS = (
    "SELECT mode, created_at, ended_at FROM gateway_session WHERE customer_id = %s ORDER BY created_at"
)
_EXPORT_THREADS = """
SELECT id, external_id, name, archived, created_at FROM gateway_thread WHERE customer_id = %s ORDER BY id
"""
_EXPORT_CONTACTS = (
    "SELECT status, custom_fields, created_at FROM gateway_contact WHERE thread_id = %s ORDER BY id"
)
_EXPORT_NOTES = (
    "SELECT author, text, created_at FROM gateway_note WHERE thread_id = %s AND text <> '' ORDER BY id"
)
_EXPORT_MESSAGES = """
SELECT author, author_name, content, attachments, created_at FROM gateway_message WHERE thread_id = %s ORDER BY id
"""
