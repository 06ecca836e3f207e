"""A PostgreSQL URL as Django's DATABASES wants it."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit


def from_url(url: str, *, options: dict[str, Any] | None = None) -> dict[str, Any]:
    """`postgresql://user:password@host:port/name?option=value`; a socket directory goes into `?host=/path`.

    Raises ValueError for another scheme or a URL without a database name.
    """
    parts = urlsplit(url)
    name = unquote(parts.path.removeprefix("/"))
    if parts.scheme not in {"postgresql", "postgres"} or not name:
        raise ValueError("a PostgreSQL URL looks like postgresql://user:password@host:5432/name")
    query = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.pop("host", None) or parts.hostname or "",
        "PORT": str(parts.port or query.pop("port", "")),
        "OPTIONS": {**query, **(options or {})},
    }
