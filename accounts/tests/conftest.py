"""Fixtures of the accounts room."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis
from django.conf import settings

from accounts.throttle import throttle


@pytest.fixture(autouse=True)
def no_attempts_yet() -> Iterator[None]:
    """Attempts are counted per address, and every test's client has the same one."""
    throttle.cache_clear()
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        for key in client.scan_iter("chatadmin:attempts:*"):
            client.delete(key)
    yield
    throttle.cache_clear()
