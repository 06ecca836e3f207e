"""Which agents are there, in any process: in Redis, with when they lapse.

A sorted set for each channel holds the sockets whose agent would answer there; a hash for each brand says who sits at its agent
desk, those who are away included; a sorted set says when each agent was last there.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

from redis.asyncio import Redis
from redis.exceptions import RedisError

from gateway import settings

#: Seconds a pane counts after its last sign of life.
LIFE = 45
#: Seconds for which it is known when an agent was last at the desk.
_REMEMBERED = 7 * 86_400

_redis: Redis | None = None


def _client() -> Redis:
    global _redis
    if _redis is None:
        _redis = Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2)
    return _redis


def _key(channel: str) -> str:
    return f"gateway:{settings.GATEWAY_ENVIRONMENT}:agents:{channel}"


async def here(channel: str, pane: str) -> None:
    """The pane is open. Redis being away makes it invisible, no more."""
    try:
        async with _client().pipeline(transaction=False) as pipe:
            pipe.zadd(_key(channel), {pane: time.time() + LIFE})
            pipe.expire(_key(channel), LIFE)
            await pipe.execute()
    except (RedisError, OSError):
        return


async def gone(channel: str, pane: str) -> None:
    try:
        await _client().zrem(_key(channel), pane)
    except (RedisError, OSError):
        return


async def anybody(channel: str) -> bool:
    """Whether somebody would answer; in the test environment the practice agent always does."""
    if settings.GATEWAY_ENVIRONMENT == "test":
        return True
    try:
        return bool(await _client().zcount(_key(channel), time.time(), "+inf"))
    except (RedisError, OSError):
        return False


@dataclass(frozen=True, slots=True)
class AtDesk:
    """Somebody at the agent desk. `channels` is None for all of the brand."""

    agent: str
    name: str
    available: bool
    channels: tuple[str, ...] | None

    def covers(self, channel: str) -> bool:
        return self.channels is None or channel in self.channels


def _desk(brand: int) -> str:
    return f"gateway:{settings.GATEWAY_ENVIRONMENT}:desk:{brand}"


def _last_there(brand: int) -> str:
    return f"gateway:{settings.GATEWAY_ENVIRONMENT}:last-there:{brand}"


async def at_desk(brand: int, pane: str, who: AtDesk, channels: Sequence[str]) -> None:
    """The desk is open, and its agent available on these channels or away. Redis being away makes them invisible, no more."""
    until = time.time() + LIFE
    try:
        async with _client().pipeline(transaction=False) as pipe:
            pipe.hset(_desk(brand), pane, json.dumps({**asdict(who), "until": until}))
            pipe.expire(_desk(brand), LIFE)
            pipe.zadd(_last_there(brand), {who.agent: until - LIFE})
            pipe.expire(_last_there(brand), _REMEMBERED)
            for channel in channels:
                if who.available:
                    pipe.zadd(_key(channel), {pane: until})
                    pipe.expire(_key(channel), LIFE)
                else:
                    pipe.zrem(_key(channel), pane)
            await pipe.execute()
    except (RedisError, OSError):
        return


async def left_desk(brand: int, pane: str, channels: Sequence[str]) -> None:
    try:
        async with _client().pipeline(transaction=False) as pipe:
            pipe.hdel(_desk(brand), pane)
            for channel in channels:
                pipe.zrem(_key(channel), pane)
            await pipe.execute()
    except (RedisError, OSError):
        return


async def desks(brand: int) -> list[AtDesk]:
    """Who sits at the brand's agent desk, once each, by name; available where one of their windows says so."""
    try:
        found = await _client().hgetall(_desk(brand))
    except (RedisError, OSError):
        return []
    agents: dict[str, AtDesk] = {}
    lapsed = []
    for pane, text in found.items():
        kept = json.loads(text)
        if kept.pop("until") <= time.time():
            lapsed.append(str(pane, "ascii") if isinstance(pane, bytes) else pane)
            continue
        channels = kept.pop("channels")
        one = AtDesk(**kept, channels=None if channels is None else tuple(channels))
        if one.agent not in agents or one.available:
            agents[one.agent] = one
    for pane in lapsed:
        await left_desk(brand, pane, ())
    return sorted(agents.values(), key=lambda one: (one.name.casefold(), one.agent))


async def absent(brand: int, agents: Iterable[str], seconds: float) -> set[str]:
    """Those of these agents who have not been at the brand's desk for so long.

    Of whom nothing is known (Redis may have forgotten) one begins to count now. While Redis is away, nobody is absent.
    """
    asked, now = sorted(agents), time.time()
    if not asked:
        return set()
    try:
        async with _client().pipeline(transaction=False) as pipe:
            pipe.zadd(_last_there(brand), dict.fromkeys(asked, now), nx=True)
            pipe.expire(_last_there(brand), _REMEMBERED)
            pipe.zmscore(_last_there(brand), asked)
            scores = (await pipe.execute())[-1]
    except (RedisError, OSError):
        return set()
    return {
        agent for agent, last in zip(asked, scores, strict=True) if last is not None and last <= now - seconds
    }


async def stop() -> None:
    global _redis
    if _redis is not None:
        client, _redis = _redis, None
        await client.aclose()
