"""Taking in a snapshot: who may send it, whether it is newer, and making it the one that is served."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import psycopg

from gateway import database, metrics, settings
from gateway.conversations import there
from gateway.logs import logger
from gateway.published import registry
from publishing.snapshot import CONTENT_TYPE, MAX_SEALED_BYTES, Snapshot, SnapshotRefused, unseal

log = logger("gateway.intake")

MAX_BODY = MAX_SEALED_BYTES

_STATUS = {"bad_signature": 401, "wrong_environment": 403, "malformed": 400, "too_large": 413}


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and JSON body of the push interface."""

    status: int
    body: dict[str, Any]

    @property
    def word(self) -> str:
        return str(self.body.get("code") or self.body.get("status"))


def _no(status: int, code: str, message: str, **more: Any) -> Answer:
    return Answer(status, {"code": code, "message": message, **more})


async def take_in(content_type: str, body: bytes) -> Answer:
    """Everything that can be wrong with a push has its own answer; a right one is stored, announced and served."""
    answer = await _take_in(content_type, body)
    metrics.pushes.labels(answer.word).inc()
    return answer


async def _take_in(content_type: str, body: bytes) -> Answer:
    if content_type.split(";")[0].strip().lower() != CONTENT_TYPE:
        return _no(400, "malformed", f"A push comes as {CONTENT_TYPE}.")
    if len(body) > MAX_BODY:
        return _no(413, "too_large", f"{MAX_BODY} bytes are the most.")
    try:
        # Milliseconds of arithmetic for a large one: not on the loop that serves conversations.
        snapshot = await asyncio.to_thread(
            unseal,
            body,
            settings.GATEWAY_PUBLISHER_KEYS,
            settings.GATEWAY_DECRYPTION_KEYS,
            environment=settings.GATEWAY_ENVIRONMENT,
        )
    except SnapshotRefused as refusal:
        log.warning("push.refused", code=refusal.code)
        return _no(_STATUS[refusal.code], refusal.code, refusal.message)
    if "*" not in settings.GATEWAY_BRANDS and str(snapshot.brand) not in settings.GATEWAY_BRANDS:
        log.warning("push.refused", code="unknown_brand", brand=snapshot.brand)
        return _no(403, "unknown_brand", f"Brand {snapshot.brand} is not served here.")
    try:
        answer = await _store(snapshot, body)
    except (psycopg.Error, OSError) as error:
        log.warning("push.not_stored", channel=snapshot.channel, error=type(error).__name__)
        return _no(503, "unavailable", "The environment's database does not answer; try again.")
    if answer.status == 200:
        # The other processes hear of it from PostgreSQL; this one need not wait.
        await registry.take(snapshot)
    log.info("push.answered", channel=snapshot.channel, release=snapshot.release, answer=answer.word)
    return answer


async def _store(snapshot: Snapshot, sealed: bytes) -> Answer:
    async with database.connection() as connection, connection.transaction():
        # The conflict takes the row's lock, a new channel's included: two pushes of one channel stand in line.
        stored = await (
            await connection.execute(
                _UPSERT,
                {
                    "channel": snapshot.channel,
                    "brand": snapshot.brand,
                    "release": snapshot.release,
                    "revision": snapshot.revision,
                    "digest": snapshot.digest,
                    "removed": snapshot.removed,
                    "sealed": sealed,
                },
            )
        ).fetchone()
        if stored is not None:
            await connection.execute(_NOTIFY, (f"{settings.GATEWAY_ENVIRONMENT}:{snapshot.channel}",))
            return Answer(200, {"status": "stored", "release": snapshot.release})
        row = there(await (await connection.execute(_CURRENT, (snapshot.channel,))).fetchone())
    brand, release, revision, digest, removed = row
    if brand != snapshot.brand:
        log.warning("push.refused", code="other_brand", channel=snapshot.channel, brand=snapshot.brand)
        return _no(403, "other_brand", "This channel belongs to another brand.")
    if (release, revision) > (snapshot.release, snapshot.revision):
        return _no(409, "older", f"Release {release} is here already.", release=release)
    if digest != snapshot.digest or removed != snapshot.removed:
        return _no(409, "conflict", f"Release {release} is here with other content.", release=release)
    return Answer(200, {"status": "current", "release": release})


_UPSERT = """
INSERT INTO gateway_publishedchannel (channel, brand, release, revision, digest, removed, sealed)
VALUES (%(channel)s, %(brand)s, %(release)s, %(revision)s, %(digest)s, %(removed)s, %(sealed)s)
ON CONFLICT (channel) DO UPDATE
   SET release = EXCLUDED.release, revision = EXCLUDED.revision, digest = EXCLUDED.digest, removed = EXCLUDED.removed,
       sealed = EXCLUDED.sealed, taken_at = now()
 WHERE gateway_publishedchannel.brand = EXCLUDED.brand
   AND (gateway_publishedchannel.release, gateway_publishedchannel.revision) < (EXCLUDED.release, EXCLUDED.revision)
RETURNING release
"""
_CURRENT = "SELECT brand, release, revision, digest, removed FROM gateway_publishedchannel WHERE channel = %s"
_NOTIFY = "SELECT pg_notify('snapshot', %s)"
