"""An id_token of a sign-in, verified as OpenID Connect Core 1.0 (3.1.3.7) asks: whose it is, for whom, when, and by which key.

The section names no issuer: the token names it, and is believed only when that issuer's own discovery document names the token
endpoint the token came from (its host), which was called over TLS.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, Key, OctKey

from auth_config.rules import LEEWAY
from kit.http import CallFailed, SafeClient
from kit.oauth import Call, Provider, Trace, parsed

_WELL_KNOWN = "/.well-known/openid-configuration"
_LONGEST = 64 * 1024
_ALGORITHMS: dict[str, list[str]] = {
    "RSA": ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
    "EC": ["ES256", "ES384", "ES512"],
    "OKP": ["EdDSA", "Ed25519"],
    "oct": ["HS256", "HS384", "HS512"],
}
_KNOWN = frozenset(name for names in _ALGORITHMS.values() for name in names)


class IdTokenRefused(Exception):
    """Why a token cannot be believed.

    `code`: malformed, encrypted, algorithm, no_issuer (its document cannot be read), issuer, keys (jwks_uri cannot be read),
    unknown_key, signature, audience, expired, not_yet, nonce, no_subject. `detail`: the values that differ, nothing secret.
    """

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail


@dataclass(frozen=True)
class Verified:
    """The claims, and the algorithm and key id (may be "") the signature was checked with."""

    claims: Mapping[str, Any]
    algorithm: str
    key_id: str
    trace: Trace = field(default_factory=list)


async def verify(
    client: SafeClient, text: str, given: Provider, *, nonce: str, now: float, trace: Trace
) -> Verified:
    """The claims of a token that came from `given`'s token endpoint. `nonce` "": none was sent. Raises IdTokenRefused."""
    header, claims = _peek(text)
    algorithm, key_id = str(header.get("alg")), header.get("kid")
    if algorithm not in _KNOWN:
        raise IdTokenRefused("algorithm", f"alg = {algorithm[:40]}")
    issuer = claims.get("iss")
    if not isinstance(issuer, str) or not issuer:
        raise IdTokenRefused("issuer", "iss = ")
    document = await _document(client, issuer, trace)
    if document.get("issuer") != issuer or not _same_host(
        document.get("token_endpoint"), given.authorize_endpoint
    ):
        raise IdTokenRefused("issuer", f"iss = {issuer[:200]}")
    keys: list[Key] = []
    if algorithm.startswith("HS"):
        keys = [OctKey.import_key(secret) for secret in given.secrets if secret]
    else:
        keys = await _keys(client, document.get("jwks_uri"), trace)
        if isinstance(key_id, str) and not any(key.kid == key_id for key in keys):
            raise IdTokenRefused("unknown_key", f"kid = {key_id[:100]}")
    keys = [key for key in keys if algorithm in _ALGORITHMS.get(key.key_type, ())]
    if not any(_opens(text, key, algorithm) for key in keys if key_id is None or key.kid in {None, key_id}):
        raise IdTokenRefused("signature", f"alg = {algorithm}")
    check_claims(claims, client_id=given.client_id, nonce=nonce, now=now)
    return Verified(claims, algorithm, key_id if isinstance(key_id, str) else "", trace)


def check_claims(claims: Mapping[str, Any], *, client_id: str, nonce: str, now: float) -> None:
    """Audience, times (clocks may differ by a minute), nonce and subject. Raises IdTokenRefused."""
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    if client_id not in audiences or claims.get("azp", client_id) != client_id:
        raise IdTokenRefused("audience", f"aud = {', '.join(str(one) for one in audiences)[:200]}")
    expires, issued = _seconds(claims, "exp"), _seconds(claims, "iat")
    if expires is None or expires <= now - LEEWAY:
        raise IdTokenRefused("expired", "" if expires is None else f"exp: {now - expires:.0f} s")
    starts = max(issued or 0, _seconds(claims, "nbf") or 0)
    if issued is None or starts > now + LEEWAY:
        raise IdTokenRefused("not_yet", "" if issued is None else f"iat: +{starts - now:.0f} s")
    if nonce and claims.get("nonce") != nonce:
        raise IdTokenRefused("nonce")
    if not isinstance(claims.get("sub"), str) or not claims["sub"]:
        raise IdTokenRefused("no_subject")


def _seconds(claims: Mapping[str, Any], name: str) -> float | None:
    value = claims.get(name)
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e11
    return float(value) if is_number else None  # type: ignore[arg-type]


def _peek(text: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims, not believed yet."""
    if text.count(".") == 4:
        raise IdTokenRefused("encrypted")
    if len(text) > _LONGEST or text.count(".") != 2:
        raise IdTokenRefused("malformed")
    try:
        opened = jws.extract_compact(text.encode())
        header: object = opened.headers()
        claims = json.loads(opened.payload)
    except (JoseError, ValueError, TypeError, RecursionError) as error:
        raise IdTokenRefused("malformed") from error
    if not isinstance(header, dict) or not isinstance(claims, dict):
        raise IdTokenRefused("malformed")
    return header, claims


async def _document(client: SafeClient, issuer: str, trace: Trace) -> dict[str, Any]:
    return await _json(client, f"{issuer.rstrip('/')}{_WELL_KNOWN}", "no_issuer", trace)


async def _keys(client: SafeClient, url: object, trace: Trace) -> list[Key]:
    if not isinstance(url, str):
        raise IdTokenRefused("keys")
    entries = (await _json(client, url, "keys", trace)).get("keys")
    found: list[Key] = []
    for entry in entries[:100] if isinstance(entries, list) else ():
        # A kind of key nobody here knows stands beside those that are; one for encryption signs nothing.
        try:
            if isinstance(entry, dict) and entry.get("use", "sig") == "sig" and entry.get("kty") != "oct":
                found.append(JWKRegistry.import_key(entry))
        except (JoseError, ValueError, TypeError, KeyError):
            continue
    if not found:
        raise IdTokenRefused("keys")
    return found


async def _json(client: SafeClient, url: str, code: str, trace: Trace) -> dict[str, Any]:
    call = Call("GET", url, {"Accept": "application/json"}, "")
    trace.append(call)
    try:
        call.answer = await client.send("GET", url, headers=call.headers, redirects=2)
    except CallFailed as failed:
        raise IdTokenRefused(code, f"{url[:200]}: {failed.code}") from failed
    document = parsed(call.answer) if call.answer.status == 200 else None
    if not isinstance(document, dict):
        raise IdTokenRefused(code, f"{url[:200]}: {call.answer.status}")
    return document


def _same_host(one: object, other: str) -> bool:
    try:
        first, second = urlsplit(str(one)), urlsplit(other)
    except ValueError:
        return False
    return (first.scheme, first.netloc.lower()) == (second.scheme, second.netloc.lower())


def _opens(text: str, key: Key, algorithm: str) -> bool:
    try:
        jwt.decode(text, key, algorithms=[algorithm])
    except (JoseError, ValueError, TypeError):
        return False
    return True
