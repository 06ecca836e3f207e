"""Talking to an environment: the signed push, and reading back what visitors are served."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kit import keepalive
from publishing.environments import Environment
from publishing.snapshot import BATCH_TYPE, CONTENT_TYPE

_OK, _NOT_FOUND = 200, 404
#: What an environment answers that knows single snapshots only: one of the version before.
_KNOWS_NO_BATCHES = frozenset({400, 415})


#: A release's number and revision.
Numbers = tuple[int, int]

#: The code of a snapshot that the environment did not take because it has a newer one.
OLDER = "older"


class PushFailed(Exception):
    """The environment did not take the release or does not show it; trying again may help.

    `code` is one of publishing.sentences.ERRORS, or another machine-readable word of the environment's; `there` is the release and
    revision that stand in the way.
    """

    def __init__(self, code: str, there: Numbers | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.there = there


@dataclass(frozen=True)
class Seen:
    """What the public URL shows: the release's number (0: none) and revision, or that the channel is gone."""

    number: int
    removed: bool
    revision: int = 0


@dataclass(frozen=True, slots=True)
class Reply:
    """What an environment answered to one snapshot: `code` says why it was not taken, and is empty for one that is there."""

    code: str
    there: Numbers | None = None


def push(environment: Environment, sealed: bytes) -> None:
    """Hand a sealed snapshot to an environment. Raises PushFailed, also where it has a newer one (OLDER)."""
    reply = _reply(_post(environment, sealed, CONTENT_TYPE))
    if reply.code:
        raise PushFailed(reply.code, reply.there)


def push_many(environment: Environment, sealed: Sequence[bytes]) -> list[Reply]:
    """Hand many snapshots over in one request; what was answered to each.

    Raises PushFailed when that is true of all of them: the environment is away, or broken. One that knows no batches gets them
    one by one.
    """
    answer = _post(environment, b"\n".join(sealed), BATCH_TYPE)
    if answer.status in _KNOWS_NO_BATCHES:
        return [_pushed_alone(environment, one) for one in sealed]
    if answer.status != _OK:
        raise PushFailed(_reply(answer).code)
    try:
        replies = [_verdict(one["status"], one["body"]) for one in answer.json()["answers"]]
    except (ValueError, KeyError, TypeError):
        raise PushFailed("malformed_answer") from None
    if len(replies) != len(sealed):
        raise PushFailed("malformed_answer")
    return replies


def _pushed_alone(environment: Environment, sealed: bytes) -> Reply:
    try:
        push(environment, sealed)
    except PushFailed as failure:
        return Reply(failure.code, failure.there)
    return Reply("")


def visible_release(environment: Environment, brand: int, channel: str) -> Seen:
    """Which release of a channel the environment's public URL shows. Raises PushFailed."""
    try:
        answer = keepalive.request(
            "HEAD",
            environment.public_url + environment.channel_url(brand, channel),
            headers={"Cache-Control": "no-cache"},
        )
    except keepalive.Away as away:
        raise PushFailed(away.code) from away
    if answer.status == _NOT_FOUND:
        return Seen(number=0, removed=True)
    try:
        return Seen(
            number=int(answer.header("X-Release", "0")),
            removed=False,
            revision=int(answer.header("X-Revision", "0")),
        )
    except ValueError:
        return Seen(number=0, removed=False)


def _post(environment: Environment, body: bytes, content_type: str) -> keepalive.Answer:
    try:
        return keepalive.request(
            "POST",
            f"{environment.push_url}/_push/v1/snapshots",
            body=body,
            headers={"Content-Type": content_type},
        )
    except keepalive.Away as away:
        raise PushFailed(away.code) from away


def _reply(answer: keepalive.Answer) -> Reply:
    try:
        body = answer.json()
    except ValueError:
        body = None
    return _verdict(answer.status, body)


def _verdict(status: int, body: Any) -> Reply:
    if status == _OK:
        return Reply("")
    said = body if isinstance(body, dict) else {}
    code, release, revision = said.get("code"), said.get("release"), said.get("revision", 0)
    there = (release, revision) if isinstance(release, int) and isinstance(revision, int) else None
    return Reply(code if isinstance(code, str) and code else f"http_{int(status)}", there)
