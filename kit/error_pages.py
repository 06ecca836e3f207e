"""Answers that Django, or a view, gives without a word (405, 429) become pages of the product."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

#: Refusals with a page of their own, `templates/<status>.html`.
WORDLESS = frozenset({405, 429})


class ErrorPagesMiddleware:
    """Stands inside what sets the language. An answer that has a body already, or that goes to a script, stays as it is."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        wordless = response.status_code in WORDLESS and not response.streaming and not response.content
        if wordless and request.accepts("text/html") and "HX-Request" not in request.headers:
            response.content = render_to_string(f"{response.status_code}.html", request=request)
        return response
