"""`GET /guide/1/{brand}` and `/guide/1/{brand}/{guide}`: the Guides of a brand for a page, in the visitor's language.

The page itself decides which entry point it is (`guide.rules`), so that no visitor's address comes here and one answer serves all
pages. It is put together from memory and remembered until a channel or Guide of the brand is switched: every process keeps the bytes
by language and by which of the Guides the asking origin may show.
"""

from __future__ import annotations

import secrets
from collections import OrderedDict
from typing import Any, cast

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.translation import gettext

from gateway import channel_json, doors, settings
from gateway.guides import Guide
from gateway.pages import LANGUAGES, WIDGET, document_of, message
from gateway.policies import SANDBOX
from gateway.published import OWN_ORIGINS, Page, on_switch, registry
from gateway.views import methods, refuse
from guide import rules
from kit import origins, snippet

_NOT_FOUND = doors.Refusal(404, "guide_not_found", "GuideNotFound", "There is no such Guide here.")
#: A browser's list of languages is longer than one tag, and nobody reads hundreds of them.
_LONGEST_LOCALE = 200
#: Answers kept, of all brands.
_MOST_PAGES = 2_000
_CACHE = "public, max-age=0, s-maxage=1, must-revalidate"

_Key = tuple[int, tuple[str, ...], str]
_pages: OrderedDict[_Key, Page] = OrderedDict()


def _forget(_channel: str) -> None:
    """Some channel or Guide was switched: names, offers or rules may differ. Putting an answer together takes a millisecond."""
    _pages.clear()


on_switch(_forget)


def guides_of(brand: str) -> list[Guide]:
    """The published Guides of a brand, the one that comes first, first."""
    found = [one for one in registry.guides.values() if str(one.brand) == brand]
    return sorted(found, key=lambda one: (one.rank, one.id))


@methods("GET", "HEAD")
async def document(request: HttpRequest, brand: str, guide: str = "") -> HttpResponse:
    """All Guides of the brand that the page may show, or one."""
    found = [one for one in guides_of(brand) if not guide or one.id == guide]
    if not found:
        return refuse(_NOT_FOUND)
    origin = doors.origin_of(cast(ASGIRequest, request).scope["headers"])
    allowed = (
        found if origin is None else [one for one in found if one.allows(origins.split(origin), OWN_ORIGINS)]
    )
    if not allowed:
        return refuse(_refusal(origin or ""))
    wanted = request.GET.get("locale", "")[:_LONGEST_LOCALE]
    page = _page(allowed, wanted)
    body = page.best(request.headers.get("Accept-Encoding", "").encode("latin-1"))
    response = HttpResponse(body.content, content_type="application/json")
    if _matches(request.headers.get("If-None-Match", ""), page):
        response = HttpResponse(status=304)
    elif body.encoding is not None:
        response["Content-Encoding"] = body.encoding.decode()
    response["ETag"] = body.etag.decode()
    response["Cache-Control"] = _CACHE
    response["Vary"] = "Origin, Accept-Encoding"
    if guide:
        response["X-Release"] = str(allowed[0].release)
        if allowed[0].revision:
            response["X-Revision"] = str(allowed[0].revision)
    return response


def _refusal(origin: str) -> doors.Refusal:
    if origin == "null":
        said = "A page opened from a file, or in a sandbox, has no origin: serve it over http or https."
    else:
        said = f"Pages of {origin[:200]} may not show this Guide. Add the domain to its allowed domains."
    return doors.Refusal(403, "origin_not_allowed", "OriginNotAllowed", said)


def _page(guides: list[Guide], wanted: str) -> Page:
    locales = [
        channel_json.resolved(one.translations, wanted) if wanted else one.translations.resolve(None).locale
        for one in guides
    ]
    key = (guides[0].brand, tuple(one.id for one in guides), ",".join(locales))
    page = _pages.get(key)
    if page is None:
        page = _pages[key] = Page(channel_json.dumped(_served(guides, locales)), guides[0].release)
        while len(_pages) > _MOST_PAGES:
            _pages.popitem(last=False)
    else:
        _pages.move_to_end(key)
    return page


def _served(guides: list[Guide], locales: list[str]) -> dict[str, Any]:
    names = {one.id: one.name for one in registry.channels.values() if one.brand == guides[0].brand}
    return {
        "guides": [
            {
                "id": one.id,
                "release": one.release,
                **rules.served(one.document, names=names, locale=locale, spoken=one.translations),
            }
            for one, locale in zip(guides, locales, strict=True)
        ]
    }


def _matches(header: str, page: Page) -> bool:
    """If-None-Match compares weakly (RFC 9110, 13.1.2)."""
    if header.strip() == "*":
        return True
    return any(
        tag.strip().removeprefix("W/").encode("latin-1", "replace") in page.etags for tag in header.split(",")
    )


# ---- the Guide's own frame, and its test page


@methods("GET", "HEAD")
async def frame(request: HttpRequest, brand: str, guide: str) -> HttpResponse:
    """The document of button and menu: nothing of a visitor's, and nothing of the organisation's, stands in it."""
    found = next((one for one in guides_of(brand) if one.id == guide), None)
    if found is None:
        return refuse(_NOT_FOUND)
    text = WIDGET.text("guide.html")
    if text is None:
        return HttpResponse(
            "The Guide's files have not been built yet.\n", status=503, content_type="text/plain"
        )
    response = HttpResponse(text.replace("{{base}}", f"{settings.GATEWAY_PUBLIC_URL}/loader/1/"))
    response["Content-Security-Policy"] = _policy(found)
    response["Cache-Control"] = "no-cache"
    response["Referrer-Policy"] = "no-referrer"
    response["X-Content-Type-Options"] = "nosniff"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


def _policy(guide: Guide) -> str:
    own = settings.GATEWAY_PUBLIC_URL
    pages = [source for entry in guide.domains for source in entry.csp_sources()]
    console = [settings.GATEWAY_CONSOLE_URL] if settings.GATEWAY_CONSOLE_URL else []
    ancestors = ["'self'", own, *console, *(pages if guide.restricted else ("http:", "https:"))]
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {own}/loader/1/",
            # The page's own CSS (setCustomCss) and the branding.
            "style-src 'unsafe-inline'",
            "img-src https: data:",
            "font-src https: data:",
            "base-uri 'none'",
            "form-action 'none'",
            f"frame-ancestors {' '.join(ancestors)}",
            f"sandbox {SANDBOX}",
        )
    )


@methods("GET", "HEAD")
async def test_page(request: HttpRequest, brand: str, guide: str, page: str = "") -> HttpResponse:
    """The Guide on a page of its own, with pages below it, so that rules for the address can be tried."""
    language = request.GET.get("lang", "fr")
    with translation.override(language if language in LANGUAGES else "fr"):
        found = next((one for one in guides_of(brand) if one.id == guide), None)
        if found is None:
            return message(request, 404, gettext("This Guide is not published in this environment."))
        if settings.GATEWAY_ENVIRONMENT != "test":
            return message(request, 403, gettext("Guides are tried in the test environment."))
        return _test_page(request, found)


def _test_page(request: HttpRequest, guide: Guide) -> HttpResponse:
    nonce = secrets.token_urlsafe(18)
    locale, entry = request.GET.get("locale", "")[:35], request.GET.get("entry", "")
    entries = cast("list[dict[str, Any]]", guide.document.get("entries", []))
    argument: dict[str, str] | str = ""
    if any(one["id"] == entry for one in entries):
        argument = entry
    elif locale:
        argument = {"locale": locale}
    context: dict[str, Any] = {
        "nonce": nonce,
        "language": translation.get_language(),
        "guide": guide,
        "environment": settings.GATEWAY_ENVIRONMENT,
        "snippet": snippet.guide(guide.brand, settings.GATEWAY_PUBLIC_URL, argument),
        "locale": locale,
        "locales": ["fr-CA", "fr", "en", "es", "de", "ar"],
        "base": f"/test/{guide.brand}/{guide.id}/",
        "query": request.GET.urlencode(),
        "pages": [
            _example(rule["value"]) for one in entries for rule in one["rules"] if rule["effect"] == "include"
        ][:8],
    }
    return document_of(render(request, "gateway/test_guide.html", context), nonce)


def _example(value: str) -> str:
    """A path that a rule may be about: its own, without what stands before it."""
    path = value.partition("://")[2] or value
    path = path if path.startswith("/") else "/" + path.partition("/")[2] if "/" in path else path
    return path.replace("**", "page").replace("*", "page").lstrip("/")[:200]
