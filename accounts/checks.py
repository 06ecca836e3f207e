"""Refuses to start with a list of proxies that cannot be read: whom to believe must never be a guess."""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage, Error, register

from accounts.client import trusted_proxies


@register
def trusted_proxies_can_be_read(**kwargs: Any) -> list[CheckMessage]:
    try:
        trusted_proxies()
    except ValueError as error:
        return [
            Error(
                f"TRUSTED_PROXIES: {error}.",
                hint="A comma list such as TRUSTED_PROXIES=10.0.0.0/8,::1",
                id="accounts.E001",
            )
        ]
    return []
