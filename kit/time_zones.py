"""The names of the IANA database's time zones: looked up once, for the standard library walks through all its files each time."""

from __future__ import annotations

from functools import cache
from zoneinfo import available_timezones


@cache
def names() -> frozenset[str]:
    return frozenset(available_timezones())
