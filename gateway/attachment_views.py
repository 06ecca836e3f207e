"""The doors of visitors' files: the upload (contract, endpoint 4), and the address a file is opened at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast
from urllib.parse import quote

import psycopg
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from file_restrictions import rules
from gateway import (
    addresses,
    agent_desk,
    attachments,
    auth,
    doors,
    file_links,
    metrics,
    pictures,
    settings,
    tokens,
)
from gateway.logs import logger
from gateway.published import OWN_ORIGINS, Channel, registry
from kit import origins
from kit.client_address import client_address
from publishing.snapshot import AgentKeyRefused

log = logger("gateway.attachment_views")

#: Why a file was refused, beside the contract's body: for our own chat window, which says it in the visitor's language.
REASON = "X-Refusal"
_CSP = "default-src 'none'; sandbox; frame-ancestors 'none'"
_NOT_THERE = doors.Refusal(
    404,
    "file_not_found",
    "FileNotFound",
    "There is no such file, or this link has expired: open the conversation again.",
)


_NO_KEY = doors.Refusal(
    401, "bad_key", "AgentKeyRefused", "The agent's key does not open this channel, or has ended."
)


async def upload(request: HttpRequest, channel: Channel) -> HttpResponse:
    """Take a visitor's file; refused by the channel's rules, it is a 200 with the contract's body."""
    return await _take_in(request, channel, _address(cast(ASGIRequest, request).scope))


async def agent_upload(request: HttpRequest, brand: str, channel: str) -> HttpResponse:
    """Take an agent's file, by the rules visitors have: the key of the agent desk is the Bearer token."""
    if request.method != "POST":
        return HttpResponse(status=405, headers={"Allow": "POST"})
    found = registry.get(brand, channel)
    if found is None:
        return _refuse(doors.CHANNEL_NOT_FOUND)
    origin = request.headers.get("Origin")
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    try:
        if scheme.lower() != "bearer" or (origin is not None and origins.split(origin) not in OWN_ORIGINS):
            return _refuse(_NO_KEY)
        key = agent_desk.opened_key(text.strip(), found.brand, found.id, scope="desk")
    except AgentKeyRefused:
        return _refuse(_NO_KEY)
    return await _take_in(request, found, f"agent {key.brand} {key.agent}")


async def _take_in(request: HttpRequest, channel: Channel, sender: str) -> HttpResponse:
    scope = cast(ASGIRequest, request).scope
    body: attachments.Body = scope[attachments.BODY]
    try:
        kept = await attachments.take_in(channel, body, sender)
    except attachments.Refused as refused:
        metrics.files.labels(refused.code).inc()
        response = JsonResponse(attachments.refusal_body(channel))
        response[REASON] = refused.code
        return response
    except attachments.Turned as turned:
        return _refuse(turned.refusal)
    except rules.BodyRefused as refused:
        return _refuse(doors.Refusal(400, "bad_request", "InconsistentData", str(refused)))
    except attachments.Gone:
        return HttpResponse(status=400)
    return JsonResponse({"fileUrl": kept.url})


async def file(request: HttpRequest, token: str, name: str = "") -> HttpResponseBase:
    """A file, for the customer in whose conversation it is and the channel's agents; without a name, its picture drawn anew."""
    if request.method not in {"GET", "HEAD"}:
        return HttpResponse(status=405, headers={"Allow": "GET, HEAD"})
    try:
        found = await attachments.find(token)
        channel = registry.channels.get(found.channel) if found is not None else None
        if found is None or channel is None or not await _may_open(request, token, channel, found):
            return _refuse(_NOT_THERE)
        if not file_links.opens(request.GET.get("t", ""), token, (file_links.agents(found.channel),)) and (
            turned_away := addresses.refusal(channel, cast(ASGIRequest, request).scope)
        ):
            # An agent is no visitor: they see what was sent before its sender was blocked.
            return _refuse(turned_away)
        picture = not name
        if picture and not found.preview:
            return _refuse(_NOT_THERE)
        size, pieces = await attachments.content(found.preview if picture else found.stored)
    except (psycopg.Error, OSError) as trouble:
        log.warning("file.not_opened", error=type(trouble).__name__)
        return _refuse(attachments.UNAVAILABLE)
    response = StreamingHttpResponse(
        pieces, content_type=pictures.MEDIA_TYPE if picture else _harmless(found.media_type)
    )
    response["Content-Length"] = str(size)
    response["Content-Disposition"] = "inline" if picture else disposition(found.name)
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = _CSP
    response["Cache-Control"] = "private, max-age=900, immutable"
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex"
    # The picture stands in a sandboxed frame, whose origin is nobody's.
    response["Cross-Origin-Resource-Policy"] = "cross-origin" if picture else "same-site"
    return response


def disposition(name: str) -> str:
    """`Content-Disposition: attachment` with the file's name (RFC 6266): plain for old clients, whole for the others."""
    plain = "".join(char if " " <= char <= "~" and char not in '"\\%;' else "_" for char in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _harmless(media_type: str) -> str:
    """What runs where it is shown is called nothing in particular."""
    return "application/octet-stream" if rules.is_active(media_type) else media_type


async def _may_open(request: HttpRequest, token: str, channel: Channel, found: attachments.Stored) -> bool:
    viewers: Sequence[str] = (
        file_links.customer(found.channel, found.customer),
        file_links.agents(found.channel),
    )
    if file_links.opens(request.GET.get("t", ""), token, viewers):
        return True
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        return False
    text = text.strip()
    for purpose in ("transaction", "access"):
        try:
            opened = tokens.check(purpose, text, brand=channel.brand, channel=channel.id)
        except tokens.TokenRefused:
            continue
        # As at endpoint 7: whoever signed out, or signed in in another way, opens nothing any more.
        return opened.customer == found.customer and await auth.token_holds(channel, opened)
    try:
        agent_desk.opened_key(text, channel.brand, channel.id)
    except AgentKeyRefused:
        return False
    return True


def _address(scope: Any) -> str:
    """Whose upload it is, for the allowance: an IPv6 network of 64 bits counts as one."""
    peer = scope.get("client")
    forwarded = [value.decode("latin-1") for key, value in scope["headers"] if key == b"x-forwarded-for"]
    found = client_address(peer[0] if peer else None, forwarded, settings.TRUSTED_PROXIES)
    if found is None:
        return "?"
    return str(found) if found.version == 4 else str(int(found) >> 64)


def _refuse(refusal: doors.Refusal) -> HttpResponse:
    metrics.refusals.labels(refusal.code).inc()
    response = HttpResponse(refusal.body(), status=refusal.status, content_type="application/json")
    response["Cache-Control"] = "no-store"
    if refusal.status in {429, 503}:
        response["Retry-After"] = "5"
    return response
