"""What somebody typed into a form that could not be saved, without a script to hold on to it: shown to be copied, or kept over a sign-in.

It is kept in the pages alone, signed, and nowhere on the server. What is secret is left out: it is never sent back to a page.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from django.core import signing
from django.http import HttpRequest

Fields = list[tuple[str, list[str]]]

_SALT = "accounts.kept"
#: Characters that are kept, and seconds for which.
MOST = 1_000_000
LIFE = 12 * 3600
_SECRET = re.compile(r"secret|passw|credential|csrfmiddlewaretoken", re.IGNORECASE)


@dataclass(frozen=True)
class Kept:
    """Where it was to be saved, and what was typed."""

    path: str
    fields: Fields


def typed(request: HttpRequest) -> Fields:
    """The fields of a form that was posted from a page of ours; [] for anything else, and for what a script sent and still holds."""
    if (
        request.method != "POST"
        or request.headers.get("HX-Request")
        or request.headers.get("Sec-Fetch-Mode", "navigate") != "navigate"
        or request.content_type not in {"application/x-www-form-urlencoded", "multipart/form-data"}
        # Set once the request proved to come from a page of this console.
        or not getattr(request, "csrf_processing_done", False)
    ):
        return []
    found = [
        (str(name), [str(one) for one in values])
        for name, values in request.POST.lists()
        if not _SECRET.search(str(name))
    ]
    return found if sum(len(text) for _name, texts in found for text in texts) <= MOST else []


def readable(fields: Fields) -> list[tuple[str, str]]:
    """What of the fields a person would want back: text of their own, not the marks a page carries along."""
    return [
        (name, text)
        for name, texts in fields
        if name not in {"seen", "base", "version", "over", "together", "do", "kept", "next"}
        for text in texts
        if text.strip()
    ]


def keep(request: HttpRequest) -> str:
    """What was typed, for a page to carry over the sign-in; "" when there is nothing."""
    fields = typed(request)
    if not readable(fields):
        return ""
    return signing.dumps([request.get_full_path(), fields], salt=_SALT, compress=True)


def kept(carried: str) -> Kept | None:
    """What `keep` gave a page to carry; None for anything else, and after twelve hours."""
    if not carried:
        return None
    try:
        value: Any = signing.loads(carried, salt=_SALT, max_age=LIFE)
    except signing.BadSignature:
        return None
    path, fields = value
    return Kept(path, [(name, texts) for name, texts in fields])
