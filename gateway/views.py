"""The environment's HTTP endpoints beside the hot path: contract 3.1, the push intake, health and metrics."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse

from gateway import auth, conversations, doors, intake, metrics, tokens, wire
from gateway.published import Channel, registry

View = Callable[..., Coroutine[Any, Any, HttpResponse]]


def methods(*allowed: str) -> Callable[[View], View]:
    """Let these methods through; any other is answered with 405."""

    def decorate(view: View) -> View:
        @wraps(view)
        async def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.method not in allowed:
                return HttpResponseNotAllowed(allowed)
            return await view(request, *args, **kwargs)

        return checked

    return decorate


def refuse(refusal: doors.Refusal) -> HttpResponse:
    """A refusal in both of the contract's shapes."""
    metrics.refusals.labels(refusal.code).inc()
    return HttpResponse(refusal.body(), status=refusal.status, content_type="application/json")


def channel_or_refusal(request: HttpRequest, brand: object, channel_id: str | None) -> Channel | HttpResponse:
    """The channel, if this page may use it."""
    channel = registry.get(brand, channel_id)
    if channel is None:
        return refuse(doors.CHANNEL_NOT_FOUND)
    refusal = doors.origin_refusal(channel, request.headers.get("Origin"))
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
    return JsonResponse([], safe=False)


@methods("POST")
async def attachment(request: HttpRequest, brand: str, channel: str) -> HttpResponse:
    """No upload is taken by this environment: the refusal the contract has for it, which is a 200."""
    found = channel_or_refusal(request, brand, channel)
    if isinstance(found, HttpResponse):
        return found
    restrictions = found.settings["fileRestrictions"]
    return JsonResponse(
        {
            "allowedFileSize": restrictions["allowedFileSize"],
            "allowedFileTypes": restrictions["allowedFileTypes"],
            "isAttachmentsEnabled": restrictions["isAttachmentsEnabled"],
        }
    )


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
    try:
        answer = await auth.token_answer(found, body)
    except auth.AuthorizationRefused as refusal:
        return refuse(doors.Refusal(401, "unauthorized", "CustomerAuthorizationFailed", str(refusal)))
    response = JsonResponse(answer)
    response["Cache-Control"] = "no-store"
    return response


@methods("PUT", "POST")
async def web_analytics(request: HttpRequest, **_: str) -> HttpResponse:
    """Endpoint 8: mobile clients want a 2xx before they start; nothing of it is kept."""
    return JsonResponse({})


@methods("POST")
async def push(request: HttpRequest) -> HttpResponse:
    """A sealed snapshot from the console (docs/architecture.md, "Snapshot and push")."""
    answer = await intake.take_in(request.headers.get("Content-Type", ""), request.body)
    return JsonResponse(answer.body, status=answer.status)


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
