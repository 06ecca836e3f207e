"""The language and the theme of each page: the person's own, else what this browser chose last, else French."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.cache import patch_vary_headers

from accounts.models import User

THEME_COOKIE = "chatadmin_theme"


class PreferencesMiddleware:
    """Not Django's LocaleMiddleware: the product is French first, whatever language the browser asks for."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = request.user if isinstance(request.user, User) or request.user.is_authenticated else None
        language = (
            user.language if user else request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, settings.LANGUAGE_CODE)
        )
        if language not in dict(settings.LANGUAGES):
            language = settings.LANGUAGE_CODE
        theme = user.theme if user else request.COOKIES.get(THEME_COOKIE, User.Theme.SYSTEM)
        request.theme = theme if theme in User.Theme.values else User.Theme.SYSTEM  # type: ignore[attr-defined]
        with translation.override(language):
            request.LANGUAGE_CODE = language  # type: ignore[attr-defined]
            response = self.get_response(request)
            response.headers.setdefault("Content-Language", language)
        patch_vary_headers(response, ["Cookie"])
        return response
