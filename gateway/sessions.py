"""Customers' sessions: begun by a sign-in or a cookie, opened by a secret of which only a hash is kept, ended from anywhere.

A secret reads `<session id>.<random>`. One that is renewed at each use (third-party sign-ins) still opens for a minute after,
for the answer that got lost on its way; used later than that, it was stolen or copied, and the session ends.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from gateway import database, settings
from gateway import session_statements as sql
from gateway.hub import customer_group, hub
from kit.secrets import Keyring, derived_key

if TYPE_CHECKING:
    from gateway.auth import Identity
    from gateway.published import Channel

#: Seconds for which the secret before the present one still opens.
GRACE = 60
#: A frame for sockets, not for clients: "\x00end:<session id>", or of every session of the customer with "*".
END = "\x00end:"

#: The provider's tokens rest under these keys: the operator's, the newest first, and always the one made of the process's secret.
KEYRING = Keyring(
    [
        *settings.GATEWAY_FIELD_ENCRYPTION_KEYS,
        derived_key(settings.SECRET_KEY, f"gateway {settings.GATEWAY_ENVIRONMENT} provider tokens"),
    ]
)


@dataclass(slots=True)
class Session:
    """A session and whose it is. `provider` is the ciphertext of the provider's tokens, "" where there are none."""

    id: str
    customer_id: int
    customer: str
    first_name: str
    last_name: str
    mode: str
    epoch: int
    expires_at: datetime | None
    secret_hash: str
    former_hash: str
    former_holds: bool
    provider: str
    refresh_due: bool
    provider_holds: bool


def new_customer_id() -> str:
    return str(uuid.uuid4())


def hashed(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def new_secret(session: str) -> str:
    return f"{session.replace('-', '')}.{secrets.token_urlsafe(32)}"


def session_of(secret: str) -> str:
    """The session's id in a secret; "" when it is none."""
    head, dot, tail = secret.partition(".")
    if not dot or len(secret) > 200 or not tail:
        return ""
    try:
        return str(uuid.UUID(hex=head)) if len(head) == 32 else ""
    except ValueError:
        return ""


async def is_proven(channel: Channel, customer: str) -> bool:
    """Whether somebody signed in under this id on this channel."""
    async with database.connection() as connection:
        row = await (await connection.execute(sql.IS_PROVEN, (channel.id, customer))).fetchone()
    return row is not None and bool(row[0])


async def use_ticket(fingerprint: str) -> bool:
    """Whether a code or token comes for the first time; from now on it does not."""
    async with database.connection() as connection:
        row = await (await connection.execute(sql.USE_TICKET, (fingerprint,))).fetchone()
    return row is not None


async def give_ticket_back(fingerprint: str) -> None:
    """Nobody heard of it: the provider could not be asked."""
    async with database.connection() as connection:
        await connection.execute(sql.GIVE_TICKET_BACK, (fingerprint,))


async def begin(
    channel: Channel,
    identity: Identity,
    *,
    mode: str,
    seconds: int | None,
    former: str = "",
    provider: str = "",
    provider_seconds: int | None = None,
    session_id: str = "",
) -> tuple[Session, str]:
    """A session of a customer whom the mode vouches for, and its secret.

    An unproven customer who happens to go by the same id is set aside first. `former` is the anonymous customer this browser
    was before: its conversations become this customer's.
    """
    from gateway.auth import epoch_of

    session_id = session_id or str(uuid.uuid4())
    secret = new_secret(session_id)
    async with database.connection() as connection, connection.transaction():
        await connection.execute(
            sql.SET_ASIDE, {"channel": channel.id, "customer": identity.customer, "other": new_customer_id()}
        )
        row = await (
            await connection.execute(
                sql.PROVE_CUSTOMER,
                {
                    "channel": channel.id,
                    "customer": identity.customer,
                    "first_name": identity.first_name,
                    "last_name": identity.last_name,
                    "fields": Jsonb(dict(identity.fields)),
                },
            )
        ).fetchone()
        assert row is not None  # noqa: S101 - an upsert returns its row
        customer_id = row[0]
        if former:
            await _merge(connection, channel, former, customer_id)
        await connection.execute(
            sql.BEGIN,
            {
                "id": session_id,
                "channel": channel.id,
                "customer_id": customer_id,
                "mode": mode,
                "epoch": epoch_of(channel),
                "seconds": seconds,
                "hash": hashed(secret),
                "provider": provider,
                "provider_seconds": provider_seconds,
            },
        )
        session = await _get(connection, channel, session_id)
    assert session is not None  # noqa: S101 - just written
    return session, secret


async def _merge(connection: database.Connection, channel: Channel, former: str, customer_id: int) -> None:
    """Hand an anonymous customer's conversations over; answers given then count where the customer has none."""
    found = await (await connection.execute(sql.LOCK_FORMER, (channel.id, former, customer_id))).fetchone()
    if found is None:
        return
    former_id, custom_fields, pending_fields = found
    await connection.execute(sql.MOVE_THREADS, (customer_id, former_id))
    await connection.execute(
        sql.TAKE_FIELDS, {"id": customer_id, "fields": Jsonb(custom_fields), "pending": Jsonb(pending_fields)}
    )
    await connection.execute(sql.FORGET_CUSTOMER, (former_id,))


async def _get(connection: database.Connection, channel: Channel, session_id: str) -> Session | None:
    async with connection.cursor(row_factory=class_row(Session)) as cursor:
        await cursor.execute(sql.GET, {"id": session_id, "channel": channel.id, "grace": GRACE})
        return await cursor.fetchone()


async def get(channel: Channel, session_id: str) -> Session | None:
    """A session of the channel that is not over, in the channel's present epoch."""
    from gateway.auth import epoch_of

    async with database.connection() as connection:
        found = await _get(connection, channel, session_id)
    return found if found is not None and found.epoch == epoch_of(channel) else None


async def open_session(channel: Channel, secret: str, *, mode: str) -> Session | None:
    """The session a secret opens; None for one that opens nothing (any more)."""
    session_id = session_of(secret)
    found = await get(channel, session_id) if session_id else None
    if found is None or found.mode != mode:
        return None
    given = hashed(secret)
    if hmac.compare_digest(given, found.secret_hash):
        return found
    if hmac.compare_digest(given, found.former_hash):
        if found.former_holds:
            return found
        await end(channel, found.customer, session_id)
    return None


async def renew_secret(session: Session, used: str) -> str:
    """Another secret in place of the one just used."""
    secret = new_secret(session.id)
    async with database.connection() as connection:
        await connection.execute(
            sql.RENEW, {"id": session.id, "hash": hashed(secret), "former": hashed(used)}
        )
    return secret


async def prolong(session_id: str, seconds: int | None) -> None:
    """From now on, so many seconds more; None for no end."""
    async with database.connection() as connection:
        await connection.execute(sql.PROLONG, {"id": session_id, "seconds": seconds})


async def is_alive(channel: Channel, session_id: str, customer: str) -> bool:
    found = await get(channel, session_id)
    return found is not None and found.customer == customer


async def end(channel: Channel, customer: str, session_id: str = "*") -> None:
    """End one session, or all of a customer; their sockets close, in every process."""
    async with database.connection() as connection:
        await connection.execute(
            sql.END,
            {"channel": channel.id, "customer": customer, "id": None if session_id == "*" else session_id},
        )
    hub.send(customer_group(channel.id, customer), f"{END}{session_id}")


# -- the provider's tokens ---------------------------------------------------------------------------------------------


def seal_tokens(session_id: str, values: Mapping[str, str]) -> str:
    """The provider's tokens as the database keeps them."""
    import json

    return KEYRING.encrypt(json.dumps(dict(values)), place=session_id)


def open_tokens(session: Session) -> dict[str, Any]:
    """{"access", "refresh"}; empty where nothing is kept. Raises kit.secrets.Unreadable."""
    import json

    return dict(json.loads(KEYRING.decrypt(session.provider, place=session.id))) if session.provider else {}


async def claim_refresh(session_id: str) -> bool:
    """Whether this process is to refresh the provider's tokens now: one at a time, for half a minute."""
    async with database.connection() as connection:
        return (await (await connection.execute(sql.CLAIM_REFRESH, (session_id,))).fetchone()) is not None


async def keep_tokens(session_id: str, provider: str, seconds: int) -> None:
    """New tokens of the provider, which live so many seconds; at 90 % they are due again."""
    async with database.connection() as connection:
        await connection.execute(
            sql.KEEP_TOKENS, {"id": session_id, "provider": provider, "seconds": seconds}
        )


async def claim_userinfo(session_id: str, *, opened: bool) -> bool:
    """Whether UserInfo is to be asked now: for each new conversation, and at most once a minute for a message."""
    async with database.connection() as connection:
        row = await (
            await connection.execute(sql.CLAIM_USERINFO, {"id": session_id, "opened": opened})
        ).fetchone()
    return row is not None


async def take_values(session: Session, identity: Identity) -> None:
    """What UserInfo says now, into the customer and the contacts that are open."""
    async with database.connection() as connection, connection.transaction():
        await connection.execute(
            sql.TAKE_VALUES,
            {
                "id": session.customer_id,
                "first_name": identity.first_name,
                "last_name": identity.last_name,
                "fields": Jsonb(dict(identity.fields)),
            },
        )
        await connection.execute(
            sql.TAKE_CONTACT_VALUES, {"id": session.customer_id, "fields": Jsonb(dict(identity.fields))}
        )


async def due(ids: list[str]) -> list[str]:
    """Of these sessions, the ones whose provider tokens are to be refreshed."""
    async with database.connection() as connection:
        rows = await (await connection.execute(sql.DUE, (ids,))).fetchall()
    return [row[0] for row in rows]
