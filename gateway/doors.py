"""Who may come in: the origin rule, the bodies of refusals, and the CORS headers of the contract (3.2).

Every visitor door (channel JSON, token, socket, upload) asks here, so that a rule exists once. The rule of addresses is in
`gateway.addresses`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from gateway.published import Channel

Headers = list[tuple[bytes, bytes]]
RawHeaders = Iterable[tuple[bytes, bytes]]

_METHODS = b"GET, HEAD, POST, PUT, OPTIONS"
#: What a client may read of an answer across origins.
_EXPOSED = b"ETag, X-Release, X-Refusal"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why somebody is turned away: HTTP status, the older top-level code, the contract's code, a sentence."""

    status: int
    code: str
    error_code: str
    message: str

    def body(self) -> bytes:
        return json.dumps(
            {
                "errorCode": self.code,
                "error": {"errorCode": self.error_code, "errorMessage": self.message},
            }
        ).encode()


CHANNEL_NOT_FOUND = Refusal(404, "channel_not_found", "ChannelNotFound", "There is no such channel here.")


#: The contract's answer to a blocked address (3.5): the code at the top level. On a socket it is the error's code, too.
IP_BLOCKED = Refusal(403, "ip_blocked", "ip_blocked", "Visitors from this network address are blocked.")


def origin_refusal(channel: Channel, origin: str | None) -> Refusal | None:
    """None when a page of this origin may use the channel. No origin at all is an app or a server: let in."""
    if origin is None or channel.allows(origin):
        return None
    if origin == "null":
        message = "A page opened from a file, or in a sandbox, has no origin: serve it over http or https."
    else:
        message = f"Pages of {origin[:200]} may not show this channel. Add the domain to its allowed domains."
    return Refusal(403, "origin_not_allowed", "OriginNotAllowed", message)


def header(headers: RawHeaders, name: bytes) -> bytes | None:
    """The first header of this (lower-case) name."""
    return next((value for key, value in headers if key == name), None)


def origin_of(headers: RawHeaders) -> str | None:
    """The `Origin` header as text; None when there is none. A second one makes it no origin anybody allows."""
    found = [value for key, value in headers if key == b"origin"]
    if not found:
        return None
    return b", ".join(found).decode("latin-1")


def cors(origin: bytes | None, *, credentials: bool = False) -> Headers:
    """Headers that let the page read the answer, a refusal included, so that it can say what is wrong.

    The origin is echoed exactly, never `*`: with credentials `*` would not do, and caches keep answers apart by Vary.
    """
    headers: Headers = [(b"vary", b"Origin")]
    if origin is None:
        return headers
    headers.append((b"access-control-allow-origin", origin))
    headers.append((b"access-control-expose-headers", _EXPOSED))
    if credentials and origin != b"null":
        headers.append((b"access-control-allow-credentials", b"true"))
    return headers


def preflight(origin: bytes, requested: bytes | None, *, credentials: bool) -> Headers:
    """Hosts add headers of their own: what is asked for is echoed (contract 3.2)."""
    headers = cors(origin, credentials=credentials)
    headers.append((b"access-control-allow-methods", _METHODS))
    if requested:
        headers.append((b"access-control-allow-headers", requested))
    headers.append((b"access-control-max-age", b"600"))
    headers.append((b"vary", b"Access-Control-Request-Headers"))
    return headers
