"""Whether a visitor's socket travels encrypted, and whether a channel minds.

TLS ends at a proxy: one of ours (TRUSTED_PROXIES) is believed about what the client spoke; nobody else is. Loopback of the test
environment is exempt, so that a developer's machine needs no certificate.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway import settings
from gateway.doors import Refusal
from gateway.published import Channel
from kit.client_address import parse_address

UNSECURED = Refusal(
    403,
    "unsecured_connection",
    "UnsecuredConnectionNotAllowed",
    "This channel takes encrypted connections only: use wss://.",
)


def refusal(channel: Channel, scope: Mapping[str, Any]) -> Refusal | None:
    """None when the socket may be opened as it comes."""
    if channel.document["isUnsecuredConnectionAllowed"] is True or is_encrypted(scope):
        return None
    return None if settings.GATEWAY_ENVIRONMENT == "test" and _is_loopback(scope) else UNSECURED


def is_encrypted(scope: Mapping[str, Any]) -> bool:
    """Whether the client spoke TLS, as far as that can be known."""
    if scope.get("scheme") == "wss":
        return True
    client = scope.get("client")
    peer = parse_address(client[0]) if client and client[0] else None
    if peer not in settings.TRUSTED_PROXIES:
        return False
    told = [value for name, value in scope["headers"] if name == b"x-forwarded-proto"]
    return len(told) == 1 and told[0].strip().lower() in {b"https", b"wss"}


def _is_loopback(scope: Mapping[str, Any]) -> bool:
    client = scope.get("client")
    peer = parse_address(client[0]) if client and client[0] else None
    forwarded = any(name == b"x-forwarded-for" for name, _value in scope["headers"])
    return peer is not None and peer.is_loopback and not forwarded
