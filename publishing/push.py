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


class PushFailed(Exception):
    """The environment did not take the release or does not show it; trying again may help.

    `code` is one of publishing.sentences.ERRORS, or another machine-readable word of the environment's.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Seen:
    """What the public URL shows: the release's number (0: none) and revision, or that the channel is gone."""

    number: int
    removed: bool
    revision: int = 0


def push(environment: Environment, sealed: bytes) -> None:
    """Hand a sealed snapshot to an environment. Raises PushFailed; `older` counts as done (it has newer)."""
    answer = _post(environment, sealed, CONTENT_TYPE)
    code = "" if answer.status == _OK else _code(answer)
    if code not in _DONE:
        raise PushFailed(code)


def push_many(environment: Environment, sealed: Sequence[bytes]) -> list[str]:
    """Hand many snapshots over in one request; per snapshot the code of why it was not taken, empty for one that is there.

    Raises PushFailed when that is true of all of them: the environment is away, or broken. One that knows no batches gets them
    one by one.
    """
    answer = _post(environment, b"\n".join(sealed), BATCH_TYPE)
    if answer.status in _KNOWS_NO_BATCHES:
        return [_pushed_alone(environment, one) for one in sealed]
    if answer.status != _OK:
        raise PushFailed(_code(answer))
    try:
        told = answer.json()["answers"]
        codes = [_verdict(one["status"], one["body"]) for one in told]
    except (ValueError, KeyError, TypeError):
        raise PushFailed("malformed_answer") from None
    if len(codes) != len(sealed):
        raise PushFailed("malformed_answer")
    return ["" if code in _DONE else code for code in codes]


def _pushed_alone(environment: Environment, sealed: bytes) -> str:
    try:
        push(environment, sealed)
    except PushFailed as failure:
        return failure.code
    return ""


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


#: Codes of a push that needs no other: taken, or the environment has a newer release.
_DONE = frozenset({"", "older"})


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


def _code(answer: keepalive.Answer) -> str:
    try:
        body = answer.json()
    except ValueError:
        body = None
    return _verdict(answer.status, body)


def _verdict(status: int, body: Any) -> str:
    if status == _OK:
        return ""
    code = body.get("code") if isinstance(body, dict) else None
    return code if isinstance(code, str) and code else f"http_{int(status)}"
