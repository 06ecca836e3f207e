"""Taking in a snapshot: who may send it, whether it is newer, and making it the one that is served."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from gateway import database, metrics, settings
from gateway.logs import logger
from gateway.published import registry
from publishing.snapshot import (
    BATCH_TYPE,
    CONTENT_TYPE,
    MAX_SEALED_BYTES,
    MOST_AT_ONCE,
    Snapshot,
    SnapshotRefused,
    unseal,
)

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
    """Everything that can be wrong with a push has its own answer; a right one is stored, announced and served.

    A batch is answered with 200 and the answer each snapshot would have had alone, in order: {"answers": [{"status", "body"}]}.
    """
    kind = content_type.split(";")[0].strip().lower()
    parts = body.split(b"\n") if kind == BATCH_TYPE else [body]
    if kind not in {CONTENT_TYPE, BATCH_TYPE}:
        answers = [_no(400, "malformed", f"A push comes as {CONTENT_TYPE}.")]
    elif len(body) > MAX_BODY:
        answers = [_no(413, "too_large", f"{MAX_BODY} bytes are the most.")]
    elif len(parts) > MOST_AT_ONCE:
        answers = [_no(413, "too_large", f"{MOST_AT_ONCE} snapshots are the most at once.")]
    else:
        answers = await _take_in(parts)
        if kind == BATCH_TYPE:
            log.info("push.batch", snapshots=len(parts), refused=sum(one.status != 200 for one in answers))
            for one in answers:
                metrics.pushes.labels(one.word).inc()
            return Answer(200, {"answers": [{"status": one.status, "body": one.body} for one in answers]})
    metrics.pushes.labels(answers[0].word).inc()
    return answers[0]


async def _take_in(bodies: Sequence[bytes]) -> list[Answer]:
    # Milliseconds of arithmetic for a large one: not on the loop that serves conversations.
    opened = await asyncio.to_thread(_opened, bodies)
    answers = dict[int, Answer]()
    waves = list[dict[str, int]]()
    for number, one in enumerate(opened):
        if isinstance(one, Answer):
            answers[number] = one
            continue
        # A channel twice in a batch: one after the other, as if they had come one after the other.
        wave = next((wave for wave in waves if one.channel not in wave), None)
        if wave is None:
            waves.append(wave := {})
        wave[one.channel] = number
    for wave in waves:
        numbers = [wave[channel] for channel in sorted(wave)]
        snapshots = [one for number in numbers if isinstance(one := opened[number], Snapshot)]
        found = await _kept(snapshots, [bodies[number] for number in numbers])
        answers |= zip(numbers, found, strict=True)
    return [answers[number] for number in range(len(bodies))]


def _opened(bodies: Sequence[bytes]) -> list[Snapshot | Answer]:
    """Each as a snapshot that is meant for this environment, or why it is none."""
    found = list[Snapshot | Answer]()
    for body in bodies:
        try:
            snapshot = unseal(
                body,
                settings.GATEWAY_PUBLISHER_KEYS,
                settings.GATEWAY_DECRYPTION_KEYS,
                environment=settings.GATEWAY_ENVIRONMENT,
            )
        except SnapshotRefused as refusal:
            log.warning("push.refused", code=refusal.code)
            found.append(_no(_STATUS[refusal.code], refusal.code, refusal.message))
            continue
        if "*" not in settings.GATEWAY_BRANDS and str(snapshot.brand) not in settings.GATEWAY_BRANDS:
            log.warning("push.refused", code="unknown_brand", brand=snapshot.brand)
            found.append(_no(403, "unknown_brand", f"Brand {snapshot.brand} is not served here."))
            continue
        found.append(snapshot)
    return found


async def _kept(snapshots: Sequence[Snapshot], bodies: Sequence[bytes]) -> list[Answer]:
    """Store and serve snapshots of different channels, which come in the order of their ids."""
    with registry.expecting(snapshots):
        try:
            answers = await _store(snapshots, bodies)
        except (psycopg.Error, OSError) as error:
            log.warning("push.not_stored", snapshots=len(snapshots), error=type(error).__name__)
            no = _no(503, "unavailable", "The environment's database does not answer; try again.")
            return [no] * len(snapshots)
        # The other processes hear of it from PostgreSQL; this one need not wait.
        broken = await registry.take(
            [one for one, answer in zip(snapshots, answers, strict=True) if answer.status == 200]
        )
    if broken:
        no = _no(500, "unservable", "The environment could not make a channel of this.")
        answers = [
            no if one.channel in broken else answer for one, answer in zip(snapshots, answers, strict=True)
        ]
    for one, answer in zip(snapshots, answers, strict=True):
        if len(snapshots) == 1 or answer.status != 200:
            log.info("push.answered", channel=one.channel, release=one.release, answer=answer.word)
    return answers


async def _store(snapshots: Sequence[Snapshot], bodies: Sequence[bytes]) -> list[Answer]:
    async with database.connection() as connection, connection.transaction():
        # The conflict takes the rows' locks, those of new channels included: two pushes of one channel stand in line. Everybody
        # takes them in the order of the channels' ids, so two batches do not wait for each other.
        rows = await (
            await connection.execute(
                _UPSERT,
                {
                    "channels": [one.channel for one in snapshots],
                    "brands": [one.brand for one in snapshots],
                    "releases": [one.release for one in snapshots],
                    "revisions": [one.revision for one in snapshots],
                    "digests": [one.digest for one in snapshots],
                    "removed": [one.removed for one in snapshots],
                    "sealed": list(bodies),
                },
            )
        ).fetchall()
        stored = {channel for (channel,) in rows}
        others = [one.channel for one in snapshots if one.channel not in stored]
        current = {}
        if others:
            rows = await (await connection.execute(_CURRENT, (others,))).fetchall()
            current = {channel: row for channel, *row in rows}
        answers = [
            Answer(200, {"status": "stored", "release": one.release})
            if one.channel in stored
            else _compared(one, *current[one.channel])
            for one in snapshots
        ]
        # What is here already may come under other keys: those that hold now open it, so it is kept as it came last.
        again = [number for number, answer in enumerate(answers) if answer.word == "current"]
        if again:
            values = ([snapshots[number].channel for number in again], [bodies[number] for number in again])
            await connection.execute(_SEALED_ANEW, values)
        told = [
            f"{one.channel}={one.release}.{one.revision}"
            for one, answer in zip(snapshots, answers, strict=True)
            if answer.status == 200
        ]
        for begin in range(0, len(told), _TOLD_AT_ONCE):
            notice = f"{settings.GATEWAY_ENVIRONMENT}:{' '.join(told[begin : begin + _TOLD_AT_ONCE])}"
            await connection.execute(_NOTIFY, (notice,))
    return answers


def _compared(
    snapshot: Snapshot, brand: int, release: int, revision: int, digest: str, removed: bool
) -> Answer:
    """The answer for one that was not stored, because of what is there."""
    if brand != snapshot.brand:
        log.warning("push.refused", code="other_brand", channel=snapshot.channel, brand=snapshot.brand)
        return _no(403, "other_brand", "This channel belongs to another brand.")
    here = {"release": release, "revision": revision}
    if (release, revision) > (snapshot.release, snapshot.revision):
        return _no(409, "older", f"Release {release} is here already.", **here)
    if digest != snapshot.digest or removed != snapshot.removed:
        return _no(409, "conflict", f"Release {release} is here with other content.", **here)
    return Answer(200, {"status": "current", "release": release})


#: A notice has room for 8,000 bytes; a channel with its numbers takes at most 75 of them.
_TOLD_AT_ONCE = 100

_UPSERT = """
INSERT INTO gateway_publishedchannel (channel, brand, release, revision, digest, removed, sealed)
SELECT * FROM unnest(
    %(channels)s::text[], %(brands)s::bigint[], %(releases)s::bigint[], %(revisions)s::bigint[], %(digests)s::text[],
    %(removed)s::boolean[], %(sealed)b::bytea[]
)
ON CONFLICT (channel) DO UPDATE
   SET release = EXCLUDED.release, revision = EXCLUDED.revision, digest = EXCLUDED.digest, removed = EXCLUDED.removed,
       sealed = EXCLUDED.sealed, taken_at = now()
 WHERE gateway_publishedchannel.brand = EXCLUDED.brand
   AND (gateway_publishedchannel.release, gateway_publishedchannel.revision) < (EXCLUDED.release, EXCLUDED.revision)
RETURNING channel
"""
#: The rows are locked since the statement above, so they are the very release that was compared.
_SEALED_ANEW = """
UPDATE gateway_publishedchannel SET sealed = came.sealed, taken_at = now()
  FROM unnest(%s::text[], %b::bytea[]) AS came(channel, sealed)
 WHERE gateway_publishedchannel.channel = came.channel
"""
_CURRENT = "SELECT channel, brand, release, revision, digest, removed FROM gateway_publishedchannel WHERE channel = ANY(%s)"
_NOTIFY = "SELECT pg_notify('snapshot', %s)"
