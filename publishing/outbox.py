"""Asking an environment for what visitors left there for the organisation: offline messages, transcripts to be sent."""

from __future__ import annotations

import time
from typing import Any

import structlog
from django.conf import settings

from kit import keepalive
from publishing.environments import environments
from publishing.snapshot import CONTENT_TYPE, outbox_request

log = structlog.get_logger(__name__)

#: Seconds for which a request is good: clocks of two machines may differ by minutes.
_GOOD_FOR = 600
_OK = 200


def fetch(place: str, done: list[str]) -> list[Any]:
    """[{"id", "kind": "offline" | "transcript", "brand", "channel", "at", "data"}], the oldest first; none when it is away.

    `done` are the ids that have been written down (of the batch before): the environment lets go of them. The others are handed out
    again, so an answer that got lost costs nothing.
    """
    environment, _, region = place.partition("/")
    one = next(one for one in environments()[environment].places if one.name == region)
    body = outbox_request(
        settings.PUBLISHING_SIGNING_KEY,
        environment=environment,
        done=done,
        expires_at=time.time() + _GOOD_FOR,
    )
    try:
        answer = keepalive.request(
            "POST", f"{one.push_url}/_push/v1/outbox", body=body, headers={"Content-Type": CONTENT_TYPE}
        )
        if answer.status != _OK:
            # What visitors left stays where it is: keys that do not fit, clocks that differ.
            log.warning(
                "outbox refused",
                place=place,
                status=answer.status,
                answer=answer.body[:200].decode(errors="replace"),
            )
        found = answer.json() if answer.status == _OK else None
    except (keepalive.Away, ValueError):
        return []
    rows = found.get("rows") if isinstance(found, dict) else None
    return rows if isinstance(rows, list) else []
