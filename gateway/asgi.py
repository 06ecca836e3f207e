"""The environment as one ASGI application: the hot path, then preflights and body limits, then Django and the sockets.

Run it with Granian (`granian --interface asgi gateway.asgi:application`) or uvicorn, one process a core.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
from collections.abc import MutableMapping
from typing import Any

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application
from django.urls import re_path

from gateway import (
    absence,
    addresses,
    agent_desk,
    attachments,
    database,
    doors,
    inactivity,
    intake,
    metrics,
    pages,
    presence,
    providers,
    published,
    retention,
    settings,
    visitor_socket,
    waiting,
    wire,
)
from gateway.agent_desk import AgentDesk
from gateway.hot import Receive, Scope, Send, channel_json
from gateway.hub import hub
from gateway.logs import logger
from gateway.published import registry
from gateway.visitor_socket import VisitorSocket

log = logger("gateway.asgi")

_UPLOAD = 56 * 1024 * 1024
_SMALL = 256 * 1024
_FILE_PATHS = ("/loader/", "/assets/")
_CORS_PATHS = ("/chat/", "/oauth/", "/web-analytics/", "/guide/", "/agent/")

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gateway.settings")
_router = ProtocolTypeRouter(
    {
        "http": get_asgi_application(),
        "websocket": URLRouter(
            [re_path(r"^ws/?$", VisitorSocket.as_asgi()), re_path(r"^agent/?$", AgentDesk.as_asgi())]
        ),
    }
)


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """The entry point servers call."""
    kind = scope["type"]
    if kind == "http":
        if not await channel_json(scope, receive, send):
            await _http(scope, receive, send)
    elif kind == "websocket":
        await _websocket(scope, receive, send)
    elif kind == "lifespan":
        await _lifespan(receive, send)


async def _http(scope: Scope, receive: Receive, send: Send) -> None:
    path: str = scope["path"]
    if scope["method"] in {"GET", "HEAD"} and path.startswith(_FILE_PATHS):
        file = await pages.file_answer(path, scope["headers"])
        if file is not None:
            status, headers, content = file
            await _respond(send, status, headers, b"" if scope["method"] == "HEAD" else content, len(content))
            return
    if path.startswith(_CORS_PATHS):
        origin = doors.header(scope["headers"], b"origin")
        credentials = path.startswith("/oauth/") and _may_send_credentials(origin)
        if scope["method"] == "OPTIONS" and origin is not None:
            requested = doors.header(scope["headers"], b"access-control-request-headers")
            headers = doors.preflight(origin, requested, credentials=credentials)
            await _respond(send, 204, headers, b"")
            return
        send = _with_headers(send, doors.cors(origin, credentials=credentials))
        refusal = addresses.refusal_at(path, scope)
        if refusal is not None:
            # Before 40 MB are read of somebody who is turned away.
            metrics.refusals.labels(refusal.code).inc()
            await _respond(send, refusal.status, _REFUSED, refusal.body())
            return
    if path.endswith("/attachment") and scope["method"] == "POST":
        await _upload(scope, receive, send)
        return
    limit = intake.MAX_BODY if path.startswith("/_push/") else _SMALL
    body = await _read(scope, receive, limit)
    if body is None:
        await _too_large(send, limit)
        return
    await _router(scope, _replay(body, receive), send)


async def _upload(scope: Scope, receive: Receive, send: Send) -> None:
    """A file goes past Django, which would read all of it first, to the view (gateway.attachments)."""
    announced = doors.header(scope["headers"], b"content-length")
    if announced is not None and (not announced.isdigit() or int(announced) > attachments.MOST_BYTES):
        await _too_large(send, attachments.MOST_BYTES)
        return
    body = attachments.Body(receive)
    await _router({**scope, attachments.BODY: body}, body.instead, body.before(send))


async def _too_large(send: Send, limit: int) -> None:
    answer = {"code": "too_large", "message": f"{limit} bytes are the most here."}
    await _respond(send, 413, [(b"content-type", b"application/json")], json.dumps(answer).encode())


def _may_send_credentials(origin: bytes | None) -> bool:
    """With credentials a cookie comes along: only for pages some channel here allows."""
    if origin is None:
        return False
    text = origin.decode("latin-1")
    return any(channel.allows(text) for channel in registry.channels.values())


def _with_headers(send: Send, headers: doors.Headers) -> Send:
    async def sending(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            given = list(message.get("headers", ()))
            if not any(name.lower() == b"cache-control" for name, _ in given):
                # Who is online, a message, a refusal: true now, for this client. What may be kept says so itself.
                given.append((b"cache-control", b"no-store"))
            message["headers"] = [*given, *headers, (b"x-content-type-options", b"nosniff")]
        await send(message)

    return sending


async def _read(scope: Scope, receive: Receive, limit: int) -> bytes | None:
    """The whole body, or None when it is longer."""
    announced = doors.header(scope["headers"], b"content-length")
    if announced is not None and (not announced.isdigit() or int(announced) > limit):
        return None
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return b""
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            return None
        chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks)


def _replay(body: bytes, receive: Receive) -> Receive:
    told = False

    async def replaying() -> MutableMapping[str, Any]:
        nonlocal told
        if told:
            return await receive()
        told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replaying


async def _respond(
    send: Send, status: int, headers: doors.Headers, body: bytes, length: int | None = None
) -> None:
    if status not in {204, 304}:
        size = len(body) if length is None else length
        headers = [*headers, (b"content-length", str(size).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _websocket(scope: Scope, receive: Receive, send: Send) -> None:
    refusal = addresses.refusal_of_socket(scope) if scope["path"].rstrip("/") == "/ws" else None
    if refusal is not None:
        metrics.refusals.labels(refusal.code).inc()
        await receive()
        await send({"type": "websocket.accept"})
        told = wire.dumps(wire.error(None, refusal.error_code, refusal.message))
        await send({"type": "websocket.send", "text": told})
        await send({"type": "websocket.close", "code": 4000 + refusal.status, "reason": refusal.error_code})
        return
    if scope["path"].rstrip("/") in _SOCKETS:
        await _router(scope, receive, send)
        return
    await receive()
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.close", "code": 4404, "reason": "NotFound"})


_REFUSED: doors.Headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
_SOCKETS = frozenset({"/ws", "/agent"})


async def _lifespan(receive: Receive, send: Send) -> None:
    running: list[asyncio.Task[None]] = []
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            await database.open_pool()
            await registry.start()
            await hub.start()
            addresses.hits.start()
            published.on_switch(visitor_socket.recheck)
            published.on_switch(addresses.tidy)
            published.on_switch(waiting.look_soon)
            await waiting.watcher.start()
            running.append(asyncio.create_task(waiting.keep_time()))
            running.append(asyncio.create_task(inactivity.keep_watch()))
            running.append(asyncio.create_task(absence.keep_watch()))
            running.append(asyncio.create_task(agent_desk.keep_asking()))
            published.on_switch(agent_desk.recheck)
            running.append(asyncio.create_task(_close_idle()))
            running.append(asyncio.create_task(attachments.sweep_for_ever()))
            running.append(asyncio.create_task(providers.keep_fresh(visitor_socket.open_sessions)))
            running.append(asyncio.create_task(retention.keep_clean()))
            # What is loaded now stays: a full collection would look through it each time, with every conversation waiting.
            gc.collect()
            gc.freeze()
            log.info("environment.started", channels=len(registry.channels), loaded=registry.loaded)
            await send({"type": "lifespan.startup.complete"})
        elif message["type"] == "lifespan.shutdown":
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
            await waiting.watcher.stop()
            await providers.providers.stop()
            await hub.stop()
            await addresses.hits.stop()
            await registry.stop()
            await presence.stop()
            await database.close_pool()
            await send({"type": "lifespan.shutdown.complete"})
            return


async def _close_idle() -> None:
    while True:
        await asyncio.sleep(settings.GATEWAY_IDLE_SECONDS / 10)
        visitor_socket.close_idle(settings.GATEWAY_IDLE_SECONDS)
        agent_desk.close_unknown(min(settings.GATEWAY_IDLE_SECONDS, 30))
