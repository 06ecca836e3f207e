"""The note a person types into the save bar of any area's page: read when the save numbers its release, whatever the area's form."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar

from django.http import HttpRequest, HttpResponse

#: The field of the save bar (templates/form/save_bar.html).
FIELD = "release_note"

_request: ContextVar[HttpRequest | None] = ContextVar("chatadmin_note_request", default=None)


class NotesMiddleware:
    """Remembers the request at hand; its body is not looked at before somebody saves."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        token = _request.set(request)
        try:
            return self.get_response(request)
        finally:
            _request.reset(token)


def note_given() -> str:
    """What was typed; empty outside a request, and for a save that is no form's."""
    request = _request.get()
    if request is None or request.method != "POST" or not _is_form(request):
        return ""
    return request.POST.get(FIELD, "")


def _is_form(request: HttpRequest) -> bool:
    return request.content_type in {"application/x-www-form-urlencoded", "multipart/form-data"}
