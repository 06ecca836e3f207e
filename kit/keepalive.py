"""Requests to addresses of the operator's own (environments), over connections that stay open: one per thread and place.

A tenth of the processor time of a general client, which for one small request is the larger part of its cost. Whoever asks an
address that somebody typed takes `kit.http` instead.
"""

from __future__ import annotations

import http.client
import json
import os
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal
from urllib.parse import SplitResult, urlsplit

import certifi

#: Seconds until a connection stands, and for each wait after that.
CONNECT_SECONDS = 2.0
ANSWER_SECONDS = 5.0
USER_AGENT = "chatadmin-publisher"

Method = Literal["GET", "HEAD", "POST"]


class Away(Exception):
    """Nobody answered; `code` is "unreachable" or "timeout"."""

    def __init__(self, code: Literal["unreachable", "timeout"]) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; of a header, `header` gives the first value."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    def header(self, name: str, default: str = "") -> str:
        return str(self.headers.get(name, default))

    def json(self) -> Any:
        """The body as JSON. Raises ValueError."""
        return json.loads(self.body)


class _Kept:
    """The open connections of one thread; closed when it ends. A process that was forked off does not use its parent's."""

    def __init__(self) -> None:
        self.process = os.getpid()
        self.by_place: dict[tuple[str, str], http.client.HTTPConnection] = {}

    def __del__(self) -> None:
        for one in self.by_place.values():
            one.close()


class _OfThread(threading.local):
    kept: _Kept | None = None

    def connections(self) -> dict[tuple[str, str], http.client.HTTPConnection]:
        if self.kept is None or self.kept.process != os.getpid():
            self.kept = _Kept()
        return self.kept.by_place


_of_thread = _OfThread()


def request(
    method: Method, url: str, *, body: bytes | None = None, headers: Mapping[str, str] | None = None
) -> Answer:
    """One request, safe to repeat: a connection that the other side had closed meanwhile is made anew, once. Raises Away.

    Redirects are not followed, proxies of the shell are not used.
    """
    parts = urlsplit(url)
    place = (parts.scheme, parts.netloc)
    connections = _of_thread.connections()
    kept = connections.pop(place, None)
    path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    sent = {"User-Agent": USER_AGENT, **(headers or {})}
    if kept is not None:
        try:
            return _asked(kept, connections, place, method, path, body, sent)
        except (ConnectionError, http.client.BadStatusLine):
            """It had been closed while nobody used it."""
        except (OSError, http.client.HTTPException) as error:
            raise Away(_word(error)) from error
    fresh = _connection(parts)
    try:
        fresh.connect()
        fresh.sock.settimeout(ANSWER_SECONDS)
        return _asked(fresh, connections, place, method, path, body, sent)
    except (OSError, http.client.HTTPException) as error:
        raise Away(_word(error)) from error


def _asked(
    connection: http.client.HTTPConnection,
    connections: dict[tuple[str, str], http.client.HTTPConnection],
    place: tuple[str, str],
    method: Method,
    path: str,
    body: bytes | None,
    headers: Mapping[str, str],
) -> Answer:
    done = False
    try:
        connection.request(method, path, body, dict(headers))
        with connection.getresponse() as response:
            answer = Answer(response.status, response.headers, response.read())
            done = not response.will_close
    finally:
        if done:
            connections[place] = connection
        else:
            connection.close()
    return answer


def _word(error: Exception) -> Literal["unreachable", "timeout"]:
    return "timeout" if isinstance(error, TimeoutError) else "unreachable"


def _connection(parts: SplitResult) -> http.client.HTTPConnection:
    host, port = parts.hostname or "", parts.port
    if parts.scheme == "https":
        return http.client.HTTPSConnection(host, port, timeout=CONNECT_SECONDS, context=_tls())
    return http.client.HTTPConnection(host, port, timeout=CONNECT_SECONDS)


@cache
def _tls() -> ssl.SSLContext:
    # SSL_CERT_FILE: an operator's own authority (docs/operating.md).
    return ssl.create_default_context(cafile=os.environ.get("SSL_CERT_FILE") or certifi.where())
