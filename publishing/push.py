"""Talking to an environment: the signed push, and reading back what visitors are served."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import httpx

from publishing.environments import Environment
from publishing.snapshot import CONTENT_TYPE

#: Seconds. A push is one request on a private network; an environment that needs longer is treated as away.
TIMEOUT = httpx.Timeout(5.0, connect=2.0)


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


@cache
def client() -> httpx.Client:
    """One pooled client per process; environments are the operator's own addresses, so proxies of the shell are not used."""
    return httpx.Client(timeout=TIMEOUT, trust_env=False, headers={"User-Agent": "chatadmin-publisher"})


def push(environment: Environment, sealed: bytes) -> None:
    """Hand a sealed snapshot to an environment. Raises PushFailed; `older` counts as done (it has newer)."""
    try:
        answer = client().post(
            f"{environment.push_url}/_push/v1/snapshots",
            content=sealed,
            headers={"Content-Type": CONTENT_TYPE},
        )
    except httpx.HTTPError as error:
        raise PushFailed(_away(error)) from error
    if answer.status_code == httpx.codes.OK:
        return
    code = _code(answer)
    if code == "older":
        return
    raise PushFailed(code)


def visible_release(environment: Environment, brand: int, channel: str) -> Seen:
    """Which release of a channel the environment's public URL shows. Raises PushFailed."""
    try:
        answer = client().head(
            environment.public_url + environment.channel_url(brand, channel),
            headers={"Cache-Control": "no-cache"},
        )
    except httpx.HTTPError as error:
        raise PushFailed(_away(error)) from error
    if answer.status_code == httpx.codes.NOT_FOUND:
        return Seen(number=0, removed=True)
    try:
        return Seen(
            number=int(answer.headers.get("X-Release", "0")),
            removed=False,
            revision=int(answer.headers.get("X-Revision", "0")),
        )
    except ValueError:
        return Seen(number=0, removed=False)


def _code(answer: httpx.Response) -> str:
    try:
        body = answer.json()
    except ValueError:
        return f"http_{answer.status_code}"
    code = body.get("code") if isinstance(body, dict) else None
    return code if isinstance(code, str) else f"http_{answer.status_code}"


def _away(error: httpx.HTTPError) -> str:
    return "timeout" if isinstance(error, httpx.TimeoutException) else "unreachable"
