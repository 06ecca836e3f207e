"""Documents and files for browsers: the loader and its chunks, the chat window's frame, the test page."""

from __future__ import annotations

import json
import secrets
from typing import Any, cast

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.translation import gettext

from gateway import addresses, agent_desk, doors, policies, practice, settings
from gateway.files import Folder
from gateway.published import Channel, registry
from gateway.views import methods, refuse
from kit import snippet
from publishing.snapshot import AgentKey, AgentKeyRefused

#: The widget's build. The loader is asked for by name on every page: kept for a minute, then compared by its tag.
WIDGET = Folder(settings.WIDGET_DIR, cache=b"public, max-age=60")
#: The test page's own files.
ASSETS = Folder(settings.BASE_DIR / "gateway" / "assets", cache=b"no-cache")

_NOT_BUILT = "The chat's files have not been built yet: run the widget build, then reload.\n"
LANGUAGES = {"fr", "en"}


async def file_answer(path: str, headers: doors.RawHeaders) -> tuple[int, doors.Headers, bytes] | None:
    """An answer for `/loader/1/…` and `/assets/…`; None for any other path."""
    if path.startswith("/loader/1/"):
        folder, name = WIDGET, path.removeprefix("/loader/1/")
    elif path.startswith("/assets/"):
        folder, name = ASSETS, path.removeprefix("/assets/")
    else:
        return None
    file = await folder.get(name)
    if file is not None:
        return file.answer(headers)
    plain: doors.Headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"access-control-allow-origin", b"*"),
        (b"cache-control", b"no-store"),
    ]
    if folder is WIDGET and await WIDGET.get("loader.js") is None:
        return 503, plain, _NOT_BUILT.encode()
    return 404, plain, b"There is no such file.\n"


@methods("GET", "HEAD")
async def frame(request: HttpRequest, brand: str, channel: str) -> HttpResponse:
    """The chat window's document. It holds nothing of a visitor's: the host page hands everything over later."""
    found = registry.get(brand, channel)
    if found is None:
        return refuse(doors.CHANNEL_NOT_FOUND)
    refusal = addresses.refusal(found, cast(ASGIRequest, request).scope)
    if refusal is not None:
        return refuse(refusal)
    document = WIDGET.text("frame.html")
    if document is None:
        return HttpResponse(_NOT_BUILT, status=503, content_type="text/plain; charset=utf-8")
    response = HttpResponse(document.replace("{{base}}", f"{settings.GATEWAY_PUBLIC_URL}/loader/1/"))
    response["Content-Security-Policy"] = policies.frame(found)
    response["Cache-Control"] = "no-cache"
    response["Referrer-Policy"] = "no-referrer"
    response["X-Content-Type-Options"] = "nosniff"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


@methods("GET", "HEAD")
async def test_page(request: HttpRequest, brand: str, channel: str) -> HttpResponse:
    """The channel on a page of its own; with an agent's key the agent's side beside it. In live nothing without a key."""
    language = request.GET.get("lang", "fr")
    with translation.override(language if language in LANGUAGES else "fr"):
        found = registry.get(brand, channel)
        key, problem = _key(request.GET.get("key", ""), brand, channel)
        if found is None:
            return message(request, 404, gettext("This channel is not published in this environment."))
        if key is None and (problem or settings.GATEWAY_ENVIRONMENT != "test"):
            reason = problem or gettext("In the live environment the test page opens from the console only.")
            return message(request, 403, reason)
        return _test_page(request, found, key)


def _key(text: str, brand: str, channel: str) -> tuple[AgentKey | None, str]:
    if not text:
        return None, ""
    try:
        return agent_desk.opened_key(text, brand, channel, scope="pane"), ""
    except AgentKeyRefused as refusal:
        return None, {
            "expired": gettext("This agent link has expired. Open the test page from the console again."),
            "wrong_environment": gettext("This agent link is for the other environment."),
            "wrong_channel": gettext("This agent link is for another channel."),
        }.get(
            refusal.code, gettext("This agent link is not valid. Open the test page from the console again.")
        )


def _test_page(request: HttpRequest, channel: Channel, key: AgentKey | None) -> HttpResponse:
    nonce = secrets.token_urlsafe(18)
    language = translation.get_language()
    locale = request.GET.get("locale", "")[:35]
    words = practice.words_for(language)
    context: dict[str, Any] = {
        "nonce": nonce,
        "language": language,
        "channel": channel,
        "environment": settings.GATEWAY_ENVIRONMENT,
        "agent": key,
        "snippet": snippet.inline(channel.brand, channel.id, settings.GATEWAY_PUBLIC_URL, locale=locale),
        "locale": locale,
        "locales": ["fr-CA", "fr", "en", "es", "de", "ar"],
        "agent_side": "end" if channel.document["widget"].get("position") == "left" else "start",
        "sample_card": json.dumps(practice.card(words)["payload"], ensure_ascii=False, indent=2),
        "sample_choices": "\n".join(words.choices),
        "sample_question": words.choices_text,
        "sample_file": practice.sample_file(words),
        "practice_words": practice.vocabulary(words) if settings.GATEWAY_ENVIRONMENT == "test" else [],
        "words": _script_words(),
        "query": {name: value for name, value in request.GET.items() if name in {"key", "locale"}},
    }
    return document_of(render(request, "gateway/test.html", context), nonce)


def _script_words() -> dict[str, str]:
    """What the page's script says."""
    return {
        "dark": gettext("Dark"),
        "light": gettext("Light"),
        "connected": gettext("Connected"),
        "connecting": gettext("Connecting…"),
        "lost": gettext("Connection lost; trying again…"),
        "new": gettext("Waiting"),
        "open": gettext("Open"),
        "closed": gettext("Closed"),
        "visitor": gettext("Visitor"),
        "typing": gettext("The visitor is typing…"),
        "seen": gettext("Seen"),
        "card": gettext("Adaptive Card"),
        "badCard": gettext("This is not JSON:"),
        "notSent": gettext("Not connected. The message stays here until the connection is back."),
    }


def message(request: HttpRequest, status: int, words: str) -> HttpResponse:
    context = {
        "language": translation.get_language(),
        "message": words,
        "environment": settings.GATEWAY_ENVIRONMENT,
    }
    return document_of(render(request, "gateway/message.html", context, status=status), "")


def document_of(response: HttpResponse, nonce: str) -> HttpResponse:
    response["Content-Security-Policy"] = policies.test_page(nonce or secrets.token_urlsafe(18))
    # The agent's key is in the address.
    response["Referrer-Policy"] = "no-referrer"
    response["Cache-Control"] = "no-store"
    response["X-Content-Type-Options"] = "nosniff"
    response["X-Robots-Tag"] = "noindex"
    return response


@methods("GET", "HEAD")
async def practice_file(request: HttpRequest, language: str, name: str) -> HttpResponse:
    """The practice agent's attachment: stored files come back as attachments, whatever they are."""
    known = {"fr": practice.FRENCH.file_name, "en": practice.ENGLISH.file_name}
    if settings.GATEWAY_ENVIRONMENT != "test" or known.get(language) != name:
        return HttpResponse(status=404)
    response = HttpResponse(practice.sample_pdf(language), content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response
