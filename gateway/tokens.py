"""Tokens this environment gives to visitors and takes back: signed, bound to brand, channel and customer, with an end.

A transaction token opens the socket and endpoint 7 (contract 3.4, 3.5), an access token renews the older flow's session, an
authorization token vouches for a conversation on another page. None is accepted in place of another.
"""

from __future__ import annotations

import json
import secrets
import time
from dataclasses import dataclass
from typing import Any, Literal

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from gateway import settings

Purpose = Literal["transaction", "access", "authorization", "anonymous"]

#: Seconds; iOS expects a transaction token to live about ten minutes.
LIFETIMES: dict[Purpose, int] = {
    "transaction": 600,
    "access": 24 * 3600,
    "authorization": 300,
    # What proves, at a later sign-in, which anonymous conversations were this browser's.
    "anonymous": 400 * 24 * 3600,
}

_MAX = 4096
_ALGORITHMS = ["HS256"]
_key = OctKey.import_key(f"gateway {settings.GATEWAY_ENVIRONMENT} tokens {settings.SECRET_KEY}")


class TokenRefused(Exception):
    """Not ours, altered, for something else, or over."""


@dataclass(frozen=True, slots=True)
class Token:
    """Whom a token stands for. `mode` is how the customer was identified: anonymous, securedCookies, thirdParty, jwt."""

    brand: int
    channel: str
    customer: str
    mode: str
    expires: int
    #: The session it came from; "" in anonymous mode.
    session: str = ""


def issue(
    purpose: Purpose,
    *,
    brand: int,
    channel: str,
    customer: str,
    mode: str,
    session: str = "",
    lifetime: int | None = None,
) -> tuple[str, int]:
    """A new token and the seconds it lives."""
    seconds = LIFETIMES[purpose] if lifetime is None else lifetime
    claims = {
        "b": brand,
        "c": channel,
        "u": customer,
        "m": mode,
        "s": session,
        "e": int(time.time()) + seconds,
        "n": secrets.token_urlsafe(9),
    }
    header = {"alg": "HS256", "typ": purpose}
    payload = json.dumps(claims, separators=(",", ":"), ensure_ascii=False)
    return jws.serialize_compact(header, payload, _key, algorithms=_ALGORITHMS), seconds


def check(purpose: Purpose, text: object, *, brand: int, channel: str | None = None) -> Token:
    """Open a token for this purpose, brand and (unless None) channel. Raises TokenRefused."""
    if not isinstance(text, str) or len(text) > _MAX or not text.isascii():
        raise TokenRefused("not a token")
    try:
        opened = jws.deserialize_compact(text, _key, algorithms=_ALGORITHMS)
        claims: dict[str, Any] = json.loads(opened.payload)
    except (JoseError, ValueError) as error:
        raise TokenRefused("not a token of this environment") from error
    if opened.headers().get("typ") != purpose:
        raise TokenRefused("a token for another purpose")
    if claims["b"] != brand or (channel is not None and claims["c"] != channel):
        raise TokenRefused("a token for another channel")
    if claims["e"] <= time.time():
        raise TokenRefused("an expired token")
    return Token(claims["b"], claims["c"], claims["u"], claims["m"], claims["e"], claims.get("s", ""))
