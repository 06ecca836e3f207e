"""How many requests a token may make: counted in Redis for all processes, in this one while Redis is away.

The generic cell rate algorithm: one number a key, the time up to which requests are paid for.
"""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from functools import cache
from typing import Any

import redis
import structlog
from django.conf import settings
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

log = structlog.get_logger(__name__)

_TAKE = """
local clock = redis.call('TIME')
local now = tonumber(clock[1]) + tonumber(clock[2]) / 1000000
local every, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local paid = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now)
local ahead = paid + every - now
if ahead > every * burst then return {0, string.format('%.6f', ahead - every * burst)} end
redis.call('SET', KEYS[1], string.format('%.6f', paid + every), 'EX', math.ceil(ahead) + 1)
return {1, string.format('%.6f', ahead)}
"""


@dataclass(frozen=True)
class Taken:
    """`remaining` requests may follow at once; a refused one may come again after `wait` seconds."""

    allowed: bool
    remaining: int
    wait: int


class Limiter:
    """`burst` requests at once, one more every `every` seconds."""

    def __init__(
        self, client: redis.Redis, *, burst: int, every: float, prefix: str = "chatadmin:api:"
    ) -> None:
        self.burst = burst
        self.every = every
        self._script = client.register_script(_TAKE)
        self._prefix = prefix
        self._here: OrderedDict[str, float] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, key: str) -> Taken:
        """Count one request under this key. Never raises."""
        try:
            answer: Any = self._script(keys=[self._prefix + key], args=[self.every, self.burst])
            allowed, seconds = bool(answer[0]), float(answer[1])
        except RedisError as error:
            log.warning("requests are counted in this process only", why=type(error).__name__)
            allowed, seconds = self._take_here(key)
        if not allowed:
            return Taken(False, 0, max(1, math.ceil(seconds)))
        return Taken(True, max(0, int((self.every * self.burst - seconds) / self.every + 1e-6)), 0)

    def _take_here(self, key: str) -> tuple[bool, float]:
        with self._lock:
            now = time.monotonic()
            paid = max(self._here.get(key, 0.0), now)
            ahead = paid + self.every - now
            if ahead > self.every * self.burst:
                return False, ahead - self.every * self.burst
            self._here[key] = paid + self.every
            self._here.move_to_end(key)
            while len(self._here) > 10_000:
                self._here.popitem(last=False)
            return True, ahead


@cache
def limiter(per_minute: int) -> Limiter:
    """The one of this process for so many requests a minute; half of them may come at once."""
    client = redis.Redis.from_url(
        settings.REDIS_URL, socket_connect_timeout=0.5, socket_timeout=0.5, retry=Retry(NoBackoff(), 0)
    )
    return Limiter(client, burst=max(1, per_minute // 2), every=60 / per_minute)
