"""Where a request comes from, as far as our own proxies can be believed."""

from __future__ import annotations

from functools import lru_cache

from django.conf import settings
from django.http import HttpRequest

from kit.client_address import Address, TrustedProxies, client_address, parse_address


@lru_cache(maxsize=8)
def _parsed(entries: tuple[str, ...]) -> TrustedProxies:
    return TrustedProxies.parse(entries)


def trusted_proxies() -> TrustedProxies:
    """The setting TRUSTED_PROXIES. Raises ValueError naming an entry that cannot be read."""
    return _parsed(tuple(settings.TRUSTED_PROXIES))


def peer_is_trusted(request: HttpRequest) -> bool:
    """Whether the other end of the connection is a proxy of ours."""
    peer = request.META.get("REMOTE_ADDR")
    return (parse_address(peer) if peer else None) in trusted_proxies()


def address_of(request: HttpRequest) -> Address | None:
    """The client's address; None when only an unnamed proxy on a unix socket is known."""
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR")
    return client_address(
        request.META.get("REMOTE_ADDR"), [forwarded] if forwarded else [], trusted_proxies()
    )
