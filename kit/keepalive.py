"""Requests to addresses of the operator's own (environments), over connections that stay open.

At two thirds of the general client's processor time, and a save pays for three such requests. Whoever asks an address that
somebody typed takes `kit.http` instead.
"""

from __future__ import annotations

import json
import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import certifi
import urllib3
from urllib3.exceptions import HTTPError, NewConnectionError, ProtocolError, TimeoutError

#: Seconds until a connection stands, and for each wait after that.
CONNECT_SECONDS = 2.0
ANSWER_SECONDS = 5.0
USER_AGENT = "chatadmin-publisher"
#: Open connections a process keeps to one place: more than a worker has threads.
MOST_KEPT = 16

Method = Literal["GET", "HEAD", "POST"]


class Away(Exception):
    """Nobody answered; `code` is "unreachable" or "timeout"."""

    def __init__(self, code: Literal["unreachable", "timeout"]) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; of a header, `header` gives the value."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def header(self, name: str, default: str = "") -> str:
        return self.headers.get(name, default)

    def json(self) -> Any:
        """The body as JSON. Raises ValueError."""
        return json.loads(self.body)


def request(
    method: Method,
    url: str,
    *,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    answer_seconds: float = ANSWER_SECONDS,
) -> Answer:
    """One request, safe to repeat: a connection that the other side had closed meanwhile is made anew, once. Raises Away.

    Redirects are not followed, proxies of the shell are not used. `answer_seconds` bounds each wait for what comes back.
    """
    try:
        try:
            return _asked(method, url, body, headers or {}, answer_seconds)
        except ProtocolError as error:
            if not any(isinstance(cause, ConnectionError) for cause in error.args):
                raise
            return _asked(method, url, body, headers or {}, answer_seconds)
    except NewConnectionError as error:
        raise Away("unreachable") from error
    except HTTPError as error:
        raise Away("timeout" if isinstance(error, TimeoutError) else "unreachable") from error


def _asked(
    method: Method, url: str, body: bytes | None, headers: Mapping[str, str], answer_seconds: float
) -> Answer:
    answer = _pools(os.getpid()).request(
        method,
        url,
        body=body,
        headers={"User-Agent": USER_AGENT, **headers},
        timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=answer_seconds),
        retries=False,
        redirect=False,
    )
    return Answer(answer.status, answer.headers, answer.data)


@cache
def _pools(process: int) -> urllib3.PoolManager:
    """A process that was forked off does not use its parent's connections."""
    # SSL_CERT_FILE: an operator's own authority (docs/operating.md).
    tls = ssl.create_default_context(cafile=os.environ.get("SSL_CERT_FILE") or certifi.where())
    return urllib3.PoolManager(num_pools=32, maxsize=MOST_KEPT, ssl_context=tls)
