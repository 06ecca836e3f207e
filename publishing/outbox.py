"""Asking an environment for what visitors left there for the organisation: offline messages, transcripts to be sent."""

from __future__ import annotations

import time
from typing import Any

from django.conf import settings

from kit import keepalive
from publishing.environments import environments
from publishing.snapshot import CONTENT_TYPE, outbox_request

#: Seconds for which a request is good.
_GOOD_FOR = 60
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
        found = answer.json() if answer.status == _OK else None
    except (keepalive.Away, ValueError):
        return []
    rows = found.get("rows") if isinstance(found, dict) else None
    return rows if isinstance(rows, list) else []
