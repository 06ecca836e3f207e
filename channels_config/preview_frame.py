"""The chat window's document for the console's live preview: the widget's own, in a sandbox of an origin of its own.

It holds nothing of anybody's: the page that shows it hands the draft over later. Its policy is the one an environment sends, so
that what works here works there; the console's own pages must never have it.
"""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from accounts.access import public

_SANDBOX = "sandbox allow-scripts allow-modals allow-forms allow-popups allow-popups-to-escape-sandbox allow-downloads"


@public
@require_safe
def preview_frame(request: HttpRequest) -> HttpResponse:
    """GET /preview/frame/; 503 until the widget is built."""
    return _frame(request, "frame.html")


@public
@require_safe
def preview_guide(request: HttpRequest) -> HttpResponse:
    """GET /preview/guide/: the Guide's button and menu."""
    return _frame(request, "guide.html")


def _frame(request: HttpRequest, name: str) -> HttpResponse:
    document = _document(name)
    if document is None:
        return HttpResponse("The chat window has not been built yet.", status=503, content_type="text/plain")
    # The frame's origin is opaque, so 'self' would not name the console.
    console = f"{request.scheme}://{request.get_host()}"
    response = HttpResponse(document.replace("{{base}}", f"{console}{settings.STATIC_URL}widget/"))
    response["Content-Security-Policy"] = "; ".join(
        (
            _SANDBOX,
            "default-src 'none'",
            f"script-src 'unsafe-inline' {console}",
            "style-src 'unsafe-inline' https:",
            f"img-src {console} data: blob: https:",
            "font-src data: https:",
            f"media-src {console} data: blob: https:",
            "connect-src 'none'",
            "form-action 'none'",
            "base-uri 'none'",
            f"frame-ancestors {console}",
        )
    )
    response["Cache-Control"] = "no-cache"
    response["Referrer-Policy"] = "no-referrer"
    response.xframe_options_exempt = True
    return response


def _document(name: str) -> str | None:
    found = finders.find(f"widget/{name}")
    path = Path(found) if isinstance(found, str) else Path(settings.STATIC_ROOT) / "widget" / name
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
