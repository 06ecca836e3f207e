"""How fast passwords may be tried: by account and by address, counted in Redis, in this process while Redis is away.

A key has a level: each attempt adds one, and time lets it sink. From `free` on, every attempt is followed by a wait that
doubles with each further step. An attempt is counted before the password is looked at, so that a hundred at the same time
do not all pass; one that succeeds gives its step back.
"""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from ipaddress import IPv6Address, IPv6Network

import redis
import structlog
from django.conf import settings
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from kit.client_address import Address

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Pace:
    """`free` attempts without a wait; the level sinks by one every `sinks_every` seconds; waits are in seconds."""

    free: int
    sinks_every: float
    first_wait: float
    longest_wait: float


#: A person who mistypes gets five tries; a guesser about one in five minutes.
ACCOUNT = Pace(free=5, sinks_every=300, first_wait=30, longest_wait=900)
#: Behind one address there may be a whole company.
ADDRESS = Pace(free=30, sinks_every=20, first_wait=5, longest_wait=300)

Keys = Mapping[str, Pace]

_TAKE = """
local clock = redis.call('TIME')
local now = tonumber(clock[1]) + tonumber(clock[2]) / 1000000
local wait = 0
for i, key in ipairs(KEYS) do
  wait = math.max(wait, tonumber(redis.call('HGET', key, 'until') or '0') - now)
end
if wait > 0 then return math.ceil(wait) end
for i, key in ipairs(KEYS) do
  local free, sinks_every = tonumber(ARGV[4 * i - 3]), tonumber(ARGV[4 * i - 2])
  local first, longest = tonumber(ARGV[4 * i - 1]), tonumber(ARGV[4 * i])
  local level = tonumber(redis.call('HGET', key, 'level') or '0')
  local at = tonumber(redis.call('HGET', key, 'at') or '0')
  level = math.max(0, level - (now - at) / sinks_every) + 1
  redis.call('HSET', key, 'level', string.format('%.6f', level), 'at', string.format('%.6f', now))
  local step = math.ceil(level) - free
  if step >= 0 then
    local pause = math.min(longest, first * 2 ^ math.min(30, step))
    redis.call('HSET', key, 'until', string.format('%.6f', now + pause))
  end
  redis.call('EXPIRE', key, math.ceil(level * sinks_every + longest))
end
return 0
"""

_GIVE_BACK = """
for i, key in ipairs(KEYS) do
  local level = tonumber(redis.call('HGET', key, 'level') or '0') - 1
  if level <= 0 then
    redis.call('DEL', key)
  else
    redis.call('HSET', key, 'level', string.format('%.6f', level))
    redis.call('HDEL', key, 'until')
  end
end
return 0
"""


class InRedis:
    """Counts shared by all processes. Its methods raise RedisError when Redis is away."""

    def __init__(self, client: redis.Redis, prefix: str = "chatadmin:attempts:") -> None:
        self._client = client
        self._prefix = prefix
        self._take = client.register_script(_TAKE)
        self._give_back = client.register_script(_GIVE_BACK)

    def take(self, keys: Keys) -> int:
        """Count an attempt under every key and return 0; or count nothing and return the seconds still to wait."""
        numbers = [
            number
            for pace in keys.values()
            for number in (pace.free, pace.sinks_every, pace.first_wait, pace.longest_wait)
        ]
        return int(self._take(keys=self._named(keys), args=numbers))

    def give_back(self, keys: Keys) -> None:
        """Undo one `take`: the attempt was a good one."""
        self._give_back(keys=self._named(keys))

    def forget(self, keys: Keys) -> None:
        """Start anew."""
        if keys:
            self._client.delete(*self._named(keys))

    def _named(self, keys: Keys) -> list[str]:
        return [self._prefix + key for key in keys]


@dataclass
class _Level:
    level: float = 0.0
    at: float = 0.0
    until: float = 0.0


class InProcess:
    """The same for one process, in a table of bounded size; the keys longest unused go first."""

    def __init__(self, most: int = 10_000) -> None:
        self._most = most
        self._levels: OrderedDict[str, _Level] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, keys: Keys) -> int:
        with self._lock:
            now = time.monotonic()
            wait = max((self._levels[key].until - now for key in keys if key in self._levels), default=0.0)
            if wait > 0:
                return math.ceil(wait)
            for key, pace in keys.items():
                one = self._levels.setdefault(key, _Level())
                self._levels.move_to_end(key)
                one.level = max(0.0, one.level - (now - one.at) / pace.sinks_every) + 1
                one.at = now
                step = math.ceil(one.level) - pace.free
                if step >= 0:
                    one.until = now + min(pace.longest_wait, pace.first_wait * 2 ** min(30, step))
            while len(self._levels) > self._most:
                self._levels.popitem(last=False)
            return 0

    def give_back(self, keys: Keys) -> None:
        with self._lock:
            for key in keys:
                one = self._levels.get(key)
                if one is None:
                    continue
                one.level -= 1
                one.until = 0.0
                if one.level <= 0:
                    del self._levels[key]

    def forget(self, keys: Keys) -> None:
        with self._lock:
            for key in keys:
                self._levels.pop(key, None)


class Throttle:
    """Redis while it answers, this process's own table while it does not: signing in never fails for want of Redis."""

    def __init__(self, first: InRedis, second: InProcess) -> None:
        self._first = first
        self._second = second

    def take(self, keys: Keys) -> int:
        try:
            return self._first.take(keys)
        except RedisError as error:
            log.warning("sign-in attempts are counted in this process only", why=type(error).__name__)
            return self._second.take(keys)

    def give_back(self, keys: Keys) -> None:
        try:
            self._first.give_back(keys)
        except RedisError as error:
            log.warning("sign-in attempts are counted in this process only", why=type(error).__name__)
        self._second.give_back(keys)

    def forget(self, keys: Keys) -> None:
        try:
            self._first.forget(keys)
        except RedisError as error:
            log.warning("sign-in attempts are counted in this process only", why=type(error).__name__)
        self._second.forget(keys)


@cache
def throttle() -> Throttle:
    """The one of this process; its Redis answers within half a second or counts as away."""
    client = redis.Redis.from_url(
        settings.REDIS_URL, socket_connect_timeout=0.5, socket_timeout=0.5, retry=Retry(NoBackoff(), 0)
    )
    return Throttle(InRedis(client), InProcess())


def address_key(address: Address) -> str:
    """An IPv4 address by itself; of IPv6 the /64, since whoever has one address there has them all."""
    if isinstance(address, IPv6Address):
        return f"address:{IPv6Network((address, 64), strict=False).network_address}/64"
    return f"address:{address}"
