"""Whether an agent has a channel's pane open, in any process: one sorted set in Redis, of sockets and when they lapse."""

from __future__ import annotations

import time

from redis.asyncio import Redis
from redis.exceptions import RedisError

from gateway import settings

#: Seconds a pane counts after its last sign of life.
LIFE = 45

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


async def stop() -> None:
    global _redis
    if _redis is not None:
        client, _redis = _redis, None
        await client.aclose()
