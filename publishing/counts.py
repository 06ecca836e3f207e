"""Asking an environment for what it has counted: the one thing that comes back from there."""

from __future__ import annotations

import time
from typing import Any

import structlog
from django.conf import settings

from kit import keepalive
from publishing.environments import environments
from publishing.snapshot import CONTENT_TYPE, counts_request

log = structlog.get_logger(__name__)

#: Seconds for which a request is good: clocks of two machines may differ by minutes.
_GOOD_FOR = 600
_OK = 200


def places() -> list[str]:
    """Where something is counted: "test", or "test/<region>" for each region of an environment."""
    return [
        f"{one.name}/{place.name}" if place.name else one.name
        for one in environments().values()
        for place in one.places
    ]


def fetch(place: str, done: str) -> dict[str, Any] | None:
    """{"batch": id, "rows": [[brand, channel, shared list, "block" | "allow", network, count, last seen]]}; None when it is away.

    `done` is the id of the batch that has been written down; the environment forgets it.
    """
    environment, _, region = place.partition("/")
    one = next(one for one in environments()[environment].places if one.name == region)
    body = counts_request(
        settings.PUBLISHING_SIGNING_KEY,
        environment=environment,
        done=done,
        expires_at=time.time() + _GOOD_FOR,
    )
    try:
        answer = keepalive.request(
            "POST", f"{one.push_url}/_push/v1/counts", body=body, headers={"Content-Type": CONTENT_TYPE}
        )
        if answer.status != _OK:
            # Nobody sees that nothing is counted any more: keys that do not fit, clocks that differ.
            log.warning(
                "counts refused",
                place=place,
                status=answer.status,
                answer=answer.body[:200].decode(errors="replace"),
            )
        found = answer.json() if answer.status == _OK else None
    except (keepalive.Away, ValueError):
        return None
    return found if isinstance(found, dict) and isinstance(found.get("rows"), list) else None
