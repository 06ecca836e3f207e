"""The hot path: `GET /chat/1.0/brand/{b}/channel/{c}` from memory, as a bare ASGI function in front of everything else.

An answer is decided by the path, the locale and three request headers; finished answers are remembered by these, so that
a request costs two look-ups and two sends.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qs

from gateway import addresses, doors, metrics
from gateway.published import Channel, Page, registry, shelf

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Answer = tuple[dict[str, Any], dict[str, Any], int]

#: Browsers ask again each time (the ETag makes that cheap), a shared cache in front may keep an answer for a second;
#: it is a push that makes the next one, so a cache that is purged by pushes may keep it longer.
_CACHE = b"public, max-age=0, s-maxage=1, must-revalidate"
#: Where addresses are blocked no shared cache may answer: it would not look at who asks. A browser asks again with its ETag.
_CACHE_BY_ADDRESS = b"private, no-cache"
#: Finished answers kept per page. Origins are the visitor's to choose, so there must be an end.
_MEMO = 512

#: A browser's list of languages is longer than one tag, and nobody reads hundreds of them.
_LONGEST_LOCALE = 200

_hot = metrics.hot
_channels = registry.by_path


async def channel_json(scope: Scope, receive: Receive, send: Send) -> bool:
    """Answer if the path is a published channel's and the method GET or HEAD; tell whether it was answered."""
    channel: Channel | None = _channels.get(scope["path"])
    if channel is None:
        return False
    method = scope["method"]
    if method != "GET" and method != "HEAD":
        return False
    if channel.addresses is not None:
        # Before the memory of answers, which knows nothing of addresses.
        refusal = addresses.refusal(channel, scope)
        if refusal is not None:
            await _turn_away(channel, refusal, scope, send)
            return True
    query = scope["query_string"]
    page = channel.pages[channel.default_locale] if not query else _page(channel, query)
    headers = dict(scope["headers"])
    key = (headers.get(b"origin"), headers.get(b"accept-encoding"), headers.get(b"if-none-match"), method)
    answer: Answer | None = page.memo.get(key)
    if answer is None:
        if not page.ready(headers.get(b"accept-encoding", b"")):
            # Half a megabyte in a language nobody asked for before would hold up every open conversation.
            await asyncio.to_thread(page.best, headers[b"accept-encoding"])
        answer = _make(channel, page, headers, method)
        shelf.remember(page, key, answer, _MEMO)
    start, body, status = answer
    await send(start)
    await send(body)
    if status == 200:
        _hot.full += 1
    elif status == 304:
        _hot.not_modified += 1
    else:
        _hot.refused += 1
    return True


async def _turn_away(channel: Channel, refusal: doors.Refusal, scope: Scope, send: Send) -> None:
    """The release is told all the same: whoever waits for a publication to be visible may come from a blocked address."""
    headers = [
        *doors.cors(doors.header(scope["headers"], b"origin")),
        (b"x-content-type-options", b"nosniff"),
        (b"content-type", b"application/json"),
        (b"cache-control", b"no-store"),
        *_release(channel),
    ]
    start, body, _ = _answer(refusal.status, headers, refusal.body(), scope["method"])
    await send(start)
    await send(body)
    _hot.refused += 1
    metrics.refusals.labels(refusal.code).inc()


def _release(channel: Channel) -> doors.Headers:
    told = [(b"x-release", str(channel.release).encode())]
    if channel.revision:
        told.append((b"x-revision", str(channel.revision).encode()))
    return told


def _page(channel: Channel, query: bytes) -> Page:
    if b"locale=" not in query:
        return channel.pages[channel.default_locale]
    values = parse_qs(query.decode("latin-1"), max_num_fields=50) if query.count(b"&") < 50 else {}
    return channel.page(values.get("locale", [""])[0][:_LONGEST_LOCALE])


def _make(channel: Channel, page: Page, headers: dict[bytes, bytes], method: str) -> Answer:
    # Everything below reads the very values the answer is remembered by: of a header sent twice, the last.
    origin = headers.get(b"origin")
    common = [*doors.cors(origin), (b"x-content-type-options", b"nosniff")]
    refusal = doors.origin_refusal(channel, None if origin is None else origin.decode("latin-1"))
    if refusal is not None:
        return _answer(
            refusal.status,
            [*common, (b"content-type", b"application/json"), (b"cache-control", b"no-store")],
            refusal.body(),
            method,
        )
    body = page.best(headers.get(b"accept-encoding", b""))
    common += [
        (b"etag", body.etag),
        (b"cache-control", _CACHE if channel.addresses is None else _CACHE_BY_ADDRESS),
        *_release(channel),
    ]
    # One header for both: the fewer there are, the less the server has to write.
    common[0] = (b"vary", b"Origin, Accept-Encoding")
    if _matches(headers.get(b"if-none-match", b""), page):
        return _answer(304, common, b"", method)
    common.append((b"content-type", b"application/json"))
    if body.encoding is not None:
        common.append((b"content-encoding", body.encoding))
    return _answer(200, common, body.content, method)


def _answer(status: int, headers: doors.Headers, content: bytes, method: str) -> Answer:
    if status != 304:
        headers = [*headers, (b"content-length", str(len(content)).encode())]
    start = {"type": "http.response.start", "status": status, "headers": headers}
    return start, {"type": "http.response.body", "body": b"" if method == "HEAD" else content}, status


def _matches(header: bytes, page: Page) -> bool:
    """If-None-Match compares weakly (RFC 9110, 13.1.2)."""
    if not header:
        return False
    if header.strip() == b"*":
        return True
    return any(tag.strip().removeprefix(b"W/") in page.etags for tag in header.split(b","))
