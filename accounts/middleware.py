"""What of a request is believed of a proxy, and the language and theme of the page."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.cache import patch_vary_headers

from accounts.client import peer_is_trusted
from accounts.models import User

THEME_COOKIE = "chatadmin_theme"
#: In the session of somebody not signed in yet: the language they asked for.
LANGUAGE_CHOSEN = "language_chosen"

_PREFERENCE_AGE = 365 * 24 * 3600
_PROXY_HEADERS = ("HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_HOST", "HTTP_X_FORWARDED_PORT")


class TrustedProxiesMiddleware:
    """Stands first. `X-Forwarded-Proto` and the like count from our own proxies only: anybody may write them."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not peer_is_trusted(request):
            for name in _PROXY_HEADERS:
                request.META.pop(name, None)
        return self.get_response(request)


class PreferencesMiddleware:
    """The person's own choice, else what this browser chose last, else French.

    Not Django's LocaleMiddleware: the product is French first, whatever language the browser asks for.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = request.user if request.user.is_authenticated else None
        language = (
            user.language
            if user
            else request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, settings.LANGUAGE_CODE)
        )
        if language not in dict(settings.LANGUAGES):
            language = settings.LANGUAGE_CODE
        theme = user.theme if user else request.COOKIES.get(THEME_COOKIE, User.Theme.SYSTEM)
        request.theme = theme if theme in User.Theme.values else User.Theme.SYSTEM  # type: ignore[attr-defined]
        with translation.override(language):
            request.LANGUAGE_CODE = language
            response = self.get_response(request)
            response.headers.setdefault("Content-Language", language)
        patch_vary_headers(response, ["Cookie"])
        return response


def remember_language(response: HttpResponse, language: str) -> None:
    """For pages before the sign-in."""
    _remember(response, settings.LANGUAGE_COOKIE_NAME, language)


def remember_theme(response: HttpResponse, theme: str) -> None:
    """For pages before the sign-in."""
    _remember(response, THEME_COOKIE, theme)


def _remember(response: HttpResponse, name: str, value: str) -> None:
    response.set_cookie(
        name,
        value,
        max_age=_PREFERENCE_AGE,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
