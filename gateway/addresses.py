"""The address door: whose address a request comes from, whether a channel lets it in, and how often each rule was met.

A channel without rules pays one look at an attribute. Counting is an entry in a dictionary; a task carries what has come together
to Redis once a second, where it waits, by day, for the console to ask for it (docs/architecture.md, "Counts"). Addresses of visitors
are neither logged nor kept: a counter's name is the rule, as the admin wrote it.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import hashlib
import json
import secrets
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qs

from redis.asyncio import Redis
from redis.exceptions import RedisError

from gateway import metrics, settings
from gateway.doors import IP_BLOCKED, Refusal
from gateway.logs import logger
from gateway.published import Channel, registry
from kit.client_address import client_address

log = logger("gateway.addresses")

#: Seconds between two writes to Redis.
_EVERY = 1.0
#: Rules counted between two of them; a longer list of rules met in one second is counted in part.
_MOST = 20_000
_REDIS_ERRORS = (RedisError, OSError, asyncio.TimeoutError)

_TRUSTED = settings.TRUSTED_PROXIES
_NO_PROXIES = not _TRUSTED.networks and not _TRUSTED.unix


def address_of(scope: Mapping[str, Any]) -> str:
    """The client's address as text: the right-most hop that is no proxy of ours; empty when it cannot be told."""
    client = scope.get("client")
    peer: str | None = client[0] if client else None
    if _NO_PROXIES:
        return peer or ""
    return _behind(peer, tuple(value for name, value in scope["headers"] if name == b"x-forwarded-for"))


@lru_cache(maxsize=4096)
def _behind(peer: str | None, forwarded: tuple[bytes, ...]) -> str:
    found = client_address(peer, [one.decode("latin-1") for one in forwarded], _TRUSTED)
    return "" if found is None else str(found)


def refusal(channel: Channel, scope: Mapping[str, Any]) -> Refusal | None:
    """None when the request's address may come in."""
    if channel.addresses is None:
        return None
    return refusal_of(channel, address_of(scope))


def refusal_of(channel: Channel, address: str) -> Refusal | None:
    """The same for an address that is known already."""
    rules = channel.addresses
    if rules is None:
        return None
    decision = rules.blocked(address, time.time())
    if decision.rule is not None:
        hits.count((channel.brand, channel.id, decision.source, decision.code, decision.rule))
    if not decision.blocked:
        return None
    if decision.code == "invalid":
        _warn_once()
    return IP_BLOCKED


def refusal_at(path: str, scope: Mapping[str, Any]) -> Refusal | None:
    """For an address below a channel's, before its body is read; None for any other path."""
    parts = path.split("/", 7)
    if len(parts) < 7 or parts[3] != "brand" or parts[5] != "channel":
        return None
    channel = registry.get(parts[4], parts[6])
    return None if channel is None else refusal(channel, scope)


def refusal_of_socket(scope: Mapping[str, Any]) -> Refusal | None:
    """For a socket that has not been accepted: a storm of them is to cost little."""
    try:
        query = parse_qs(scope["query_string"].decode("latin-1"), max_num_fields=100)
    except ValueError:
        return None
    channel = registry.get(query.get("brandId", [""])[0], query.get("channelId", [""])[0])
    return None if channel is None else refusal(channel, scope)


@lru_cache(maxsize=1)
def _warn_once() -> None:
    log.warning(
        "addresses.unknown", hint="set TRUSTED_PROXIES: a rule holds here and no client has an address"
    )


def tidy(channel_id: str) -> None:
    """A release was switched: what a long list weighed while it was read goes back to the system.

    glibc keeps freed blocks of several megabytes for each thread that ever had one, ten times what the compiled list weighs.
    """
    channel = registry.channels.get(channel_id)
    if channel is not None and channel.addresses is not None and len(channel.addresses) > _LONG:
        loop = asyncio.get_running_loop()
        loop.call_later(1.0, lambda: loop.run_in_executor(None, _trim))


#: Entries from which a list is long.
_LONG = 10_000


def _trim() -> None:
    # Other C libraries (musl) have no such function, and no such habit.
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


#: brand, channel, shared list (or empty), block or allow, network.
Key = tuple[int, str, str, str, str]


class Hits:
    """Counters of this process, on their way to Redis."""

    def __init__(self) -> None:
        self._counts: dict[Key, list[int]] = {}
        self._task: asyncio.Task[None] | None = None
        self._redis: Redis | None = None

    def count(self, key: Key) -> None:
        if not settings.ADDRESS_RETENTION_DAYS:
            return
        found = self._counts.get(key)
        now = int(time.time())
        if found is not None:
            found[0] += 1
            found[1] = now
        elif len(self._counts) < _MOST:
            self._counts[key] = [1, now]
        else:
            metrics.uncounted_hits.inc()

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        with contextlib.suppress(*_REDIS_ERRORS):
            await self.flush()
        if self._redis is not None:
            client, self._redis = self._redis, None
            await client.aclose()

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(_EVERY)
            try:
                await self.flush()
            except _REDIS_ERRORS as error:
                log.warning("addresses.not_counted_yet", error=type(error).__name__)

    async def flush(self) -> None:
        """Carry what has come together to Redis, in one go; what Redis does not take waits for the next time."""
        if not self._counts:
            return
        taken, self._counts = self._counts, {}
        day = datetime.now(UTC).date()
        counts, last = _key("count", f"{day}"), _key("last", f"{day}")
        kept = timedelta(days=settings.ADDRESS_RETENTION_DAYS)
        try:
            async with self._client().pipeline(transaction=True) as pipe:
                for key, (count, at) in taken.items():
                    field = json.dumps(key, ensure_ascii=False)
                    pipe.hincrby(counts, field, count)
                    pipe.hset(last, field, at)
                pipe.expire(counts, kept)
                pipe.expire(last, kept)
                await asyncio.wait_for(pipe.execute(), 5)
        except _REDIS_ERRORS:
            for key, (count, at) in taken.items():
                found = self._counts.setdefault(key, [0, at])
                found[0] += count
            raise

    async def hand_over(self, done: str) -> dict[str, Any]:
        """What was counted since the last batch, of all processes: {"batch": id, "rows": [[*key, count, last seen]]}.

        `done` is the id of the batch the console has written down: it is let go. Until then the same batch is handed out again, so
        that an answer that got lost costs no count. Raises RedisError, OSError.
        """
        await self.flush()
        client = self._client()
        waiting = await client.get(_key("batch"))
        if waiting is not None:
            found: dict[str, Any] = json.loads(waiting)
            if found["batch"] != done:
                return found
        today = datetime.now(UTC).date()
        days = [f"{today - timedelta(days=back)}" for back in range(settings.ADDRESS_RETENTION_DAYS + 1)]
        keys = [_key(kind, day) for day in days for kind in ("count", "last")]
        async with client.pipeline(transaction=True) as pipe:
            for key in keys:
                pipe.hgetall(key)
            pipe.delete(*keys, _key("batch"))
            answers: list[Any] = (await pipe.execute())[:-1]
        rows: dict[bytes, list[int]] = {}
        for counts, last in zip(answers[::2], answers[1::2], strict=True):
            for field, count in counts.items():
                row = rows.setdefault(field, [0, 0])
                row[0] += int(count)
                row[1] = max(row[1], int(last.get(field, 0)))
        batch = {
            "batch": secrets.token_hex(16) if rows else "",
            "rows": [[*json.loads(field), *row] for field, row in rows.items()],
        }
        if rows:
            await client.set(
                _key("batch"), json.dumps(batch), ex=timedelta(days=settings.ADDRESS_RETENTION_DAYS or 1)
            )
        return batch

    def _client(self) -> Redis:
        if self._redis is None:
            self._redis = Redis.from_url(settings.REDIS_URL, socket_timeout=5, socket_connect_timeout=2)
        return self._redis


#: Installations may share a Redis; all processes of one environment have one public address.
_PLACE = hashlib.sha256(settings.GATEWAY_PUBLIC_URL.encode()).hexdigest()[:16]


def _key(*parts: str) -> str:
    return ":".join(("gateway", settings.GATEWAY_ENVIRONMENT, _PLACE, "addresses", *parts))


hits = Hits()
