"""Error pages: real pages of the product, in the reader's language."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.kept import readable, typed
from channels_config.models import Channel


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "400.html", status=400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "403.html", {"typed": _typed(request)}, status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "404.html", {"typed": _typed(request)}, status=404)


def _typed(request: HttpRequest) -> list[tuple[str, str]]:
    """What a member typed, whose role or whose page is gone; strangers are shown nothing of what they send."""
    user = getattr(request, "user", None)
    return readable(typed(request)) if user is not None and user.is_authenticated else []


def server_error(request: HttpRequest) -> HttpResponse:
    return render(request, "500.html", status=500)


class ChannelGoneMiddleware:
    """Somebody deleted the channel between finding it and taking hold of it: then it is not found."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return not_found(request, exception) if isinstance(exception, Channel.DoesNotExist) else None


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    response = render(request, "403_csrf.html", status=403)
    # A script that sent the form fetches the token of the session there is now, and sends it once more.
    response.headers["X-Token-Refused"] = "1"
    return response
