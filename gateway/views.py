"""The environment's HTTP endpoints beside the hot path: contract 3.1, the push intake, health and metrics."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, cast

import psycopg
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from redis.exceptions import RedisError

from auth_config import rules
from gateway import (
    addresses,
    attachment_views,
    attachments,
    auth,
    conversations,
    doors,
    handover,
    identity_cookie,
    intake,
    metrics,
    retention,
    sessions,
    settings,
    tokens,
    wire,
)
from gateway.logs import logger
from gateway.published import Channel, registry
from live_chat import rules as live_chat_rules
from publishing.snapshot import SnapshotRefused, open_counts_request, open_outbox_request

log = logger("gateway.views")

View = Callable[..., Coroutine[Any, Any, HttpResponse]]


def methods(*allowed: str) -> Callable[[View], View]:
    """Let these methods through; any other is answered with 405. A database that does not answer is a 503 in the contract's shape."""

    def decorate(view: View) -> View:
        @wraps(view)
        async def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.method not in allowed:
                return HttpResponseNotAllowed(allowed)
            try:
                return await view(request, *args, **kwargs)
            except (psycopg.Error, OSError) as trouble:
                log.warning("request.failed", view=view.__name__, error=type(trouble).__name__)
                return unavailable()

        return checked

    return decorate


def refuse(refusal: doors.Refusal) -> HttpResponse:
    """A refusal in both of the contract's shapes."""
    metrics.refusals.labels(refusal.code).inc()
    return HttpResponse(refusal.body(), status=refusal.status, content_type="application/json")


def unavailable() -> HttpResponse:
    response = refuse(attachments.UNAVAILABLE)
    response["Retry-After"] = "5"
    return response


def channel_or_refusal(request: HttpRequest, brand: object, channel_id: str | None) -> Channel | HttpResponse:
    """The channel, if this page, from this address, may use it."""
    channel = registry.get(brand, channel_id)
    if channel is None:
        return refuse(doors.CHANNEL_NOT_FOUND)
    refusal = addresses.refusal(channel, cast(ASGIRequest, request).scope) or doors.origin_refusal(
        channel, request.headers.get("Origin")
    )
    return channel if refusal is None else refuse(refusal)


@methods("GET", "HEAD")
async def channel_json(request: HttpRequest, brand: str, channel: str) -> HttpResponse:
    """What the hot path did not answer: no such channel, or not of this brand."""
    return refuse(doors.CHANNEL_NOT_FOUND)


@methods("GET", "HEAD")
async def availability(request: HttpRequest, brand: str, channel: str) -> HttpResponse:
    found = channel_or_refusal(request, brand, channel)
    if isinstance(found, HttpResponse):
        return found
    return JsonResponse({"status": found.availability})


@methods("GET", "HEAD")
async def persistent_menu_items(request: HttpRequest, brand: str, channel: str) -> HttpResponse:
    found = channel_or_refusal(request, brand, channel)
    if isinstance(found, HttpResponse):
        return found
    section = found.rule.section if found.rule is not None else None
    if section is None or found.settings["enablePersistentMenu"] is not True:
        return JsonResponse([], safe=False)
    wanted = request.GET.get("locale", "")[:200]
    phrases = found.phrases(wanted)
    items = [
        {
            "id": live_chat_rules.item_id(item),
            "label": phrases.get(live_chat_rules.label_key(item)) or item["label"],
            "postback": item["postback"],
        }
        for item in section["menu"]
    ]
    return JsonResponse(items, safe=False)


@methods("POST")
async def attachment(request: HttpRequest, brand: str, channel: str) -> HttpResponse:
    """Endpoint 4: a visitor's file."""
    found = channel_or_refusal(request, brand, channel)
    if isinstance(found, HttpResponse):
        return found
    return await attachment_views.upload(request, found)


@methods("GET")
async def message(request: HttpRequest, brand: str, message_id: str) -> HttpResponse:
    """Endpoint 7: one whole message, for the customer whose conversation it is in."""
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    try:
        token = _any_token(text.strip() if scheme.lower() == "bearer" else "", brand)
    except tokens.TokenRefused:
        return refuse(
            doors.Refusal(
                401, "unauthorized", "CustomerAuthorizationFailed", "This needs a valid Bearer token."
            )
        )
    found = channel_or_refusal(request, brand, token.channel)
    if isinstance(found, HttpResponse):
        return found
    if not await auth.token_holds(found, token):
        return refuse(SIGNED_OUT)
    try:
        wanted = uuid.UUID(message_id)
    except ValueError:
        row = None
    else:
        row = await conversations.find_message(found.id, token.customer, wanted)
    if row is None:
        return refuse(doors.Refusal(404, "message_not_found", "MessageNotFound", "There is no such message."))
    return JsonResponse(wire.message(found, row))


def _any_token(text: str, brand_number: str) -> tokens.Token:
    brand = int(brand_number) if brand_number.isdecimal() and len(brand_number) < 20 else 0
    try:
        return tokens.check("transaction", text, brand=brand)
    except tokens.TokenRefused:
        return tokens.check("access", text, brand=brand)


@methods("POST")
async def token(request: HttpRequest) -> HttpResponse:
    """Endpoint 5: a transaction token."""
    found = channel_or_refusal(request, request.GET.get("brandId"), request.GET.get("channelId"))
    if isinstance(found, HttpResponse):
        return found
    try:
        body = json.loads(request.body or b"{}")
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        return refuse(doors.Refusal(400, "bad_request", "InconsistentData", "The body is not a JSON object."))
    given = identity_cookie.read(request, found)
    probe = request.GET.get("cookieProbe", "")
    fallback = request.GET.get("storageFallback") == "1"
    if probe == "set":
        return identity_cookie.probe(found)
    if probe == "check" and not identity_cookie.arrived(request, found):
        return refuse(NO_COOKIE)
    try:
        grant = await auth.identify(found, auth.Request(body, given, _bearer(request), fallback))
    except auth.AuthorizationRefused as refusal:
        status = 503 if refusal.later else 401
        return refuse(doors.Refusal(status, "unauthorized", "CustomerAuthorizationFailed", str(refusal)))
    response = JsonResponse(auth.answer_of(found, grant, fallback=fallback))
    response["Cache-Control"] = "no-store"
    if auth.mode_name(found) == auth.SecuredCookie.name:
        # Where cookies are blocked it is dropped, and the page's storage has the same secret.
        identity_cookie.write(response, found, grant)
    return response


def _bearer(request: HttpRequest) -> str:
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    return text.strip() if scheme.lower() == "bearer" else ""


@methods("POST")
async def sign_out(request: HttpRequest) -> HttpResponse:
    """End the customer's session, or with `everywhere=1` all of them: by the session's own secret or a transaction token."""
    found = channel_or_refusal(request, request.GET.get("brandId"), request.GET.get("channelId"))
    if isinstance(found, HttpResponse):
        return found
    mode, bearer = auth.mode_name(found), _bearer(request)
    session = None
    for secret in (bearer, identity_cookie.read(request, found)):
        session = session or (await sessions.open_session(found, secret, mode=mode) if secret else None)
    if session is None:
        try:
            token = tokens.check("transaction", bearer, brand=found.brand, channel=found.id)
        except tokens.TokenRefused:
            return refuse(SIGNED_OUT)
        session = await sessions.get(found, token.session) if token.session else None
    if session is None:
        return refuse(SIGNED_OUT)
    everywhere = request.GET.get("everywhere") == "1"
    await sessions.end(found, session.customer, "*" if everywhere else session.id)
    response = JsonResponse({})
    identity_cookie.forget(response, found)
    return response


SIGNED_OUT = doors.Refusal(
    401, "unauthorized", "CustomerAuthorizationFailed", "The session is over; sign in again."
)
NO_COOKIE = doors.Refusal(
    401, "cookies_blocked", "CookiesBlocked", "The browser sent no cookie: ask with storageFallback=1."
)


@methods("POST")
async def customers(request: HttpRequest) -> HttpResponse:
    """One customer's data for the console, or their erasure; the request is signed as a push is."""
    try:
        asked = rules.open_request(
            request.body.decode("ascii", "replace"),
            _key_set(),
            environment=settings.GATEWAY_ENVIRONMENT,
            now=time.time(),
        )
    except rules.RequestRefused as refusal:
        return JsonResponse({"code": "bad_signature", "message": str(refusal)}, status=401)
    found = registry.get(asked.brand, asked.channel)
    if found is None:
        return JsonResponse(
            {"code": "not_found", "message": "The channel is not published here."}, status=404
        )
    if asked.act == "export":
        exported = await retention.export_customer(found, asked.customer)
        return JsonResponse(exported or {}, status=404 if exported is None else 200)
    erased = await retention.erase_customer(found, asked.customer)
    return JsonResponse({"conversations": erased or 0}, status=404 if erased is None else 200)


def _key_set() -> dict[str, Any]:
    keys = settings.GATEWAY_PUBLISHER_KEYS
    loaded: dict[str, Any] = json.loads(keys) if isinstance(keys, str) else dict(keys)
    return loaded if "keys" in loaded else {"keys": [loaded]}


@methods("PUT", "POST")
async def web_analytics(request: HttpRequest, **_: str) -> HttpResponse:
    """Endpoint 8: mobile clients want a 2xx before they start; nothing of it is kept."""
    return JsonResponse({})


@methods("POST")
async def push(request: HttpRequest) -> HttpResponse:
    """A sealed snapshot from the console (docs/architecture.md, "Snapshot and push")."""
    answer = await intake.take_in(request.headers.get("Content-Type", ""), request.body)
    return JsonResponse(answer.body, status=answer.status)


@methods("POST")
async def counts(request: HttpRequest) -> HttpResponse:
    """What was counted since the console asked last (docs/architecture.md, "Counts"); it asks with a signed request."""
    try:
        done = open_counts_request(
            request.body, settings.GATEWAY_PUBLISHER_KEYS, environment=settings.GATEWAY_ENVIRONMENT
        )
    except SnapshotRefused as refusal:
        return JsonResponse({"code": refusal.code, "message": refusal.message}, status=401)
    try:
        answer = await addresses.hits.hand_over(done)
    except (RedisError, OSError) as trouble:
        log.warning("counts.not_handed_over", error=type(trouble).__name__)
        return JsonResponse({"code": "unavailable", "message": "Redis does not answer."}, status=503)
    return JsonResponse(answer)


@methods("POST")
async def outbox(request: HttpRequest) -> HttpResponse:
    """What visitors left for the organisation, until the console names it as written down; it asks with a signed request."""
    try:
        done = open_outbox_request(
            request.body, settings.GATEWAY_PUBLISHER_KEYS, environment=settings.GATEWAY_ENVIRONMENT
        )
    except SnapshotRefused as refusal:
        return JsonResponse({"code": refusal.code, "message": refusal.message}, status=401)
    try:
        answer = await handover.hand_over(done)
    except (psycopg.Error, OSError, TimeoutError) as trouble:
        log.warning("outbox.not_handed_over", error=type(trouble).__name__)
        return JsonResponse({"code": "unavailable", "message": "The database does not answer."}, status=503)
    response = JsonResponse(answer)
    response["Cache-Control"] = "no-store"
    return response


@methods("GET", "HEAD")
async def healthz(request: HttpRequest) -> HttpResponse:
    """200 once the channels are loaded; what is degraded is named."""
    state: dict[str, Any] = {
        "loaded": registry.loaded,
        "listening": registry.listening,
        "channels": len(registry.channels),
        "unreadable": len(registry.unreadable),
    }
    return JsonResponse(state, status=200 if registry.loaded else 503)


@methods("GET")
async def metrics_page(request: HttpRequest) -> HttpResponse:
    """For a scraper that calls this process directly; through a proxy the page does not exist."""
    if "X-Forwarded-For" in request.headers:
        return HttpResponse(status=404)
    return HttpResponse(metrics.exposition(), content_type="text/plain; version=0.0.4; charset=utf-8")


async def not_found(request: HttpRequest) -> HttpResponse:
    """Any other address."""
    return refuse(doors.Refusal(404, "not_found", "NotFound", "There is nothing at this address."))
