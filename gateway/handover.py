"""What visitors leave for the organisation: offline messages, and transcripts to be sent; kept until the console has them.

The console asks (`POST /_push/v1/outbox`, signed) and names what it has written down; only then is it let go of.
"""

from __future__ import annotations

import time
import uuid
from collections import deque
from collections.abc import Mapping
from typing import Any

from psycopg.types.json import Jsonb

from gateway import database, wire
from gateway.published import Channel

#: Rows of one answer, and about how many bytes they may come to.
BATCH = 50
_HEAVY = 2_000_000
#: What one address may leave within so many seconds.
_MOST, _WITHIN = 6, 600.0
#: Addresses remembered; when there are more, the ones quiet longest are forgotten.
_ADDRESSES = 20_000


async def keep(connection: database.Connection, channel: Channel, kind: str, data: Mapping[str, Any]) -> None:
    """Put something into the outbox, in the caller's transaction. `kind`: "offline" or "transcript"."""
    await connection.execute(_KEEP, (uuid.uuid4(), channel.brand, channel.id, kind, Jsonb(data)))


async def hand_over(done: list[str]) -> dict[str, Any]:
    """Let go of `done`, and answer {"rows": [{"id", "kind", "brand", "channel", "at", "data"}]}, the oldest first."""
    known = [one for one in done if _is_uuid(one)]
    async with database.connection() as connection:
        if known:
            await connection.execute(_LET_GO, (known,))
        rows = await (await connection.execute(_NEXT, (BATCH,))).fetchall()
    answer, weight = list[dict[str, Any]](), 0
    for number, brand, channel, kind, data, at, size in rows:
        weight += size
        if answer and weight > _HEAVY:
            break
        answer.append(
            {
                "id": str(number),
                "kind": kind,
                "brand": brand,
                "channel": channel,
                "at": wire.milliseconds(at),
                "data": data,
            }
        )
    return {"rows": answer}


def _is_uuid(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True


class Throttle:
    """How much one address may ask of a process: every e-mail costs somebody's attention."""

    def __init__(self, most: int = _MOST, within: float = _WITHIN) -> None:
        self._most, self._within = most, within
        self._seen: dict[tuple[str, str], deque[float]] = {}

    def take(self, channel: str, address: str) -> bool:
        """Whether the address may once more."""
        now = time.monotonic()
        name = (channel, address)
        times = self._seen.pop(name, deque[float]())
        while times and now - times[0] > self._within:
            times.popleft()
        # Put back last: the first are those quiet longest.
        self._seen[name] = times
        if len(self._seen) > _ADDRESSES:
            del self._seen[next(iter(self._seen))]
        if len(times) >= self._most:
            return False
        times.append(now)
        return True


throttle = Throttle()

_KEEP = "INSERT INTO gateway_outgoing (uuid, brand, channel, kind, data) VALUES (%s, %s, %s, %s, %s)"
_LET_GO = "DELETE FROM gateway_outgoing WHERE uuid = ANY(%s::uuid[])"
_NEXT = """
SELECT uuid, brand, channel, kind, data, created_at, pg_column_size(data) FROM gateway_outgoing ORDER BY id LIMIT %s
"""
