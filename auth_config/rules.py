"""Decisions over the section `auth_config`: who a provider's answer or a signed token speaks of. Pure.

The console's dry run and the environment both ask here, so that what an admin is shown is what a customer gets.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, KeySet, OctKey, OKPKey, RSAKey

ANONYMOUS, COOKIE, OAUTH, JWT = "anonymous", "cookie", "oauth", "jwt"
MODES = (ANONYMOUS, COOKIE, OAUTH, JWT)
TRANSFORMS = ("none", "trim", "lower", "trim_lower", "first")

MOST_FIELDS = 100
LONGEST_PATH = 300
LONGEST_ID = 255
LONGEST_NAME = 255
LONGEST_VALUE = 4096

#: Names a flat answer has without any mapping: OpenID Connect's claims, then CXone's example.
DEFAULT_ID = ("sub", "customerId", "id")
DEFAULT_FIRST = ("given_name", "customerFirstName", "firstName")
DEFAULT_LAST = ("family_name", "customerLastName", "lastName")

#: Seconds by which two clocks may differ.
LEEWAY = 60
#: Seconds a signed token may live: it is a ticket for one sign-in, not a session.
LONGEST_TOKEN = 3600
_LONGEST_JWT = 16 * 1024
#: Why a path gave no value.
Why = Literal["", "missing", "empty", "object", "too_long", "not_text", "no_path"]


# -- mapping -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Outcome:
    """One target of the mapping: `target` is "customer_id", "first_name", "last_name" or a custom field's name.

    `value` is None when there is none, and `why` says why.
    """

    target: str
    path: str
    value: str | None
    why: Why = ""
    custom: bool = False


@dataclass(frozen=True, slots=True)
class Person:
    """Whom an answer speaks of. `customer` is None when it names nobody."""

    customer: str | None
    first_name: str = ""
    last_name: str = ""
    fields: dict[str, str] = field(default_factory=dict)
    outcomes: tuple[Outcome, ...] = ()


def person(mapping: Mapping[str, Any], answer: Mapping[str, Any]) -> Person:
    """Read a UserInfo answer or a token's claims by the section's `mapping`. Never raises."""
    own = mapping.get("enabled") is True
    outcomes = [
        _outcome(target, str(mapping.get(target) or "") if own else "", defaults, answer, longest)
        for target, defaults, longest in (
            ("customer_id", DEFAULT_ID, LONGEST_ID),
            ("first_name", DEFAULT_FIRST, LONGEST_NAME),
            ("last_name", DEFAULT_LAST, LONGEST_NAME),
        )
    ]
    fields: dict[str, str] = {}
    for entry in mapping.get("fields") or () if own else ():
        value, why = read(answer, entry["path"], entry["transform"], LONGEST_VALUE)
        outcomes.append(Outcome(entry["field"], entry["path"], value, why, custom=True))
        if value is not None:
            fields[entry["field"]] = value
    customer, first, last = outcomes[0].value, outcomes[1].value, outcomes[2].value
    return Person(customer, first or "", last or "", fields, tuple(outcomes))


def _outcome(
    target: str, path: str, defaults: Iterable[str], answer: Mapping[str, Any], longest: int
) -> Outcome:
    if path:
        value, why = read(answer, path, "trim", longest)
        return Outcome(target, path, value, why)
    first = ""
    for name in defaults:
        first = first or name
        value, _ = read(answer, name, "trim", longest)
        if value is not None:
            return Outcome(target, name, value)
    return Outcome(target, first, None, "missing")


def read(answer: Mapping[str, Any], path: str, transform: str, longest: int) -> tuple[str | None, Why]:
    """The text at a path, or why there is none.

    Several paths are separated by commas; with the transform "first" the first that is not empty counts (and of a list its
    first entry that is not empty), else the first that exists.
    """
    paths = [one.strip() for one in path.split(",") if one.strip()]
    if not paths:
        return None, "no_path"
    why: Why = "missing"
    for one in paths:
        found, value = lookup(answer, one)
        if not found:
            continue
        text, why = _text(value, transform)
        if text is None or (not text and transform == "first"):
            continue
        if len(text) > longest:
            return None, "too_long"
        if "\x00" in text or not _encodable(text):
            return None, "not_text"
        return (text, "") if text else (None, "empty")
    return None, why


def lookup(answer: Any, path: str) -> tuple[bool, Any]:
    """Whether there is something at a path, and what. A name that holds dots itself ("https://x.example/plan") comes first."""
    if isinstance(answer, Mapping):
        if path in answer:
            return True, answer[path]
        at = path.find(".")
        while at > 0:
            if path[:at] in answer:
                found, value = lookup(answer[path[:at]], path[at + 1 :])
                if found:
                    return True, value
            at = path.find(".", at + 1)
    if isinstance(answer, list):
        head, _, rest = path.partition(".")
        if head.isdecimal() and len(head) < 6 and int(head) < len(answer):
            return lookup(answer[int(head)], rest) if rest else (True, answer[int(head)])
    return False, None


def paths_of(answer: Any, *, most: int = 500) -> list[tuple[str, str]]:
    """(path, value in short) of everything in an answer that can be mapped, in its order."""
    found: list[tuple[str, str]] = []

    def walk(value: Any, path: str, depth: int) -> None:
        if len(found) >= most or depth > 8:
            return
        if isinstance(value, Mapping):
            for name, inner in value.items():
                walk(inner, f"{path}.{name}" if path else str(name), depth + 1)
        elif isinstance(value, list) and any(isinstance(one, Mapping | list) for one in value):
            for number, inner in enumerate(value[:20]):
                walk(inner, f"{path}.{number}", depth + 1)
        elif path:
            text, _ = _text(value, "none")
            found.append((path, (text or "")[:120]))

    walk(answer, "", 0)
    return found


def _text(value: Any, transform: str) -> tuple[str | None, Why]:
    if value is None:
        return None, "empty"
    if isinstance(value, list):
        texts = [text for one in value if (text := _scalar(one)) is not None]
        if len(texts) < len(value):
            return None, "object"
        if transform == "first":
            return next((text.strip() for text in texts if text.strip()), ""), "empty"
        text = ", ".join(texts)
    else:
        scalar = _scalar(value)
        if scalar is None:
            return None, "object"
        text = scalar
    if transform in {"trim", "trim_lower", "first"}:
        text = text.strip()
    if transform in {"lower", "trim_lower"}:
        text = text.lower()
    return text, "empty"


def _scalar(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int | float) else None


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


# -- signed tokens -----------------------------------------------------------------------------------------------------


class TokenRefused(Exception):
    """A signed token that lets nobody in; `code` is for people who mend it, the message for the page's developer."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class BadKeys(Exception):
    """Text that holds no public key; `code` is "none", "private", "weak" or "symmetric"."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


#: Algorithms by kind of key: a key is never used with another kind's, so a public key is no shared secret.
_ALGORITHMS: dict[str, list[str]] = {
    "oct": ["HS256"],
    "RSA": ["RS256", "PS256"],
    "EC": ["ES256", "ES384"],
    "OKP": ["Ed25519", "EdDSA"],
}


def public_keys(text: str) -> list[Key]:
    """Keys of a JWK set, a JWK, or PEM blocks one after the other. Raises BadKeys."""
    stripped = text.strip()
    found: list[Key] = []
    if stripped.startswith("{"):
        try:
            document = json.loads(stripped)
            entries = document.get("keys", [document])
            for entry in entries:
                if entry.get("kty") == "oct":
                    raise BadKeys("symmetric")
                if "d" in entry:
                    raise BadKeys("private")
            found = list(KeySet.import_key_set({"keys": entries}).keys)
        except (JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise BadKeys("none") from error
    else:
        if "PRIVATE KEY" in stripped:
            raise BadKeys("private")
        end = "-----END "
        for block in stripped.split("-----BEGIN ")[1:]:
            pem = "-----BEGIN " + block
            tail = pem.find("-----", pem.find(end) + len(end))
            pem = pem[: tail + 5] if tail > 0 else pem
            found.append(_from_pem(pem))
    if not found:
        raise BadKeys("none")
    for key in found:
        if isinstance(key, RSAKey) and key.raw_value.key_size < 2048:
            raise BadKeys("weak")
    return found


def _from_pem(pem: str) -> Key:
    for kind in (RSAKey, ECKey, OKPKey):
        try:
            return kind.import_key(pem)
        except (JoseError, ValueError, TypeError):
            continue
    raise BadKeys("none")


def fingerprint(code: str, *parts: str) -> str:
    """What is remembered of a code or token that was used: nothing it could be made from again."""
    return hashlib.sha256("\x1f".join((*parts, code)).encode("utf-8", "replace")).hexdigest()


def read_token(settings: Mapping[str, Any], text: str, *, channel: str, now: float) -> dict[str, Any]:
    """The claims of a signed token made for this channel. Raises TokenRefused.

    `settings` is the section's `jwt` with `secrets` (newest first) as the environment gets it. During a change of keys every
    one of them opens. `exp` is asked for, at most an hour ahead; `aud` must be the channel's id; clocks may differ by a minute.
    """
    if len(text) > _LONGEST_JWT or text.count(".") != 2:
        raise TokenRefused("malformed", "This is no signed token (JWT).")
    keys: list[Key]
    if settings["algorithm"] == "shared":
        keys = [OctKey.import_key(secret) for secret in settings.get("secrets", ()) if secret]
    else:
        try:
            keys = public_keys(settings["public_keys"])
        except BadKeys:
            keys = []
    claims = _opened(text, keys)
    if claims is None:
        raise TokenRefused("signature", "The token's signature is of none of the channel's keys.")
    _check_times(claims, now)
    audience = claims.get("aud")
    if channel not in (audience if isinstance(audience, list) else [audience]):
        raise TokenRefused("audience", "The token's aud is not this channel's id.")
    if settings["issuer"] and claims.get("iss") != settings["issuer"]:
        raise TokenRefused("issuer", "The token's iss is not the issuer of this channel.")
    return claims


def _opened(text: str, keys: list[Key]) -> dict[str, Any] | None:
    for key in keys:
        try:
            opened = jwt.decode(text, key, algorithms=_ALGORITHMS[key.key_type])
        except (JoseError, ValueError, TypeError):
            continue
        return dict(opened.claims)
    return None


def _check_times(claims: Mapping[str, Any], now: float) -> None:
    times: dict[str, float] = {}
    for name in ("exp", "nbf", "iat"):
        value = claims.get(name)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e11:
            raise TokenRefused("malformed", f"The token's {name} is no number of seconds.")
        times[name] = float(value)
    if "exp" not in times:
        raise TokenRefused("no_exp", "The token has no exp: a ticket for one sign-in has an end.")
    if times["exp"] <= now - LEEWAY:
        raise TokenRefused("expired", "The token has expired; make a new one for each page.")
    if times["exp"] > now + LONGEST_TOKEN + LEEWAY:
        raise TokenRefused("too_long", "The token lives longer than an hour.")
    if max(times.get("nbf", now), times.get("iat", now)) > now + LEEWAY:
        raise TokenRefused(
            "not_yet", "The token is not valid yet: the clock of the server that made it is ahead."
        )


def ticket(claims: Mapping[str, Any], text: str) -> str:
    """What must not come twice of a signed token: its `jti`, or the token itself."""
    jti = claims.get("jti")
    return f"jti:{jti}" if isinstance(jti, str) and jti else text


# -- requests of the console about one customer ------------------------------------------------------------------------

_REQUEST_TYPE = "chatadmin-customer+jws"
#: Seconds a request may travel.
_REQUEST_LIFE = 60
Act = Literal["export", "erase"]


@dataclass(frozen=True, slots=True)
class CustomerRequest:
    """The console asks an environment for one customer's data, or to erase them."""

    environment: str
    brand: int
    channel: str
    customer: str
    act: Act


class RequestRefused(Exception):
    """Not signed by a console this environment trusts, over, or for somewhere else."""


def sign_request(key: str, request: CustomerRequest, *, now: float) -> str:
    """A compact JWS by the console's publishing key (Ed25519 JWK, JSON)."""
    loaded = OKPKey.import_key(json.loads(key))
    claims = {
        "environment": request.environment,
        "brand": request.brand,
        "channel": request.channel,
        "customer": request.customer,
        "act": request.act,
        "exp": int(now) + _REQUEST_LIFE,
    }
    header = {"alg": "Ed25519", "typ": _REQUEST_TYPE, "kid": json.loads(key).get("kid", loaded.thumbprint())}
    return jws.serialize_compact(
        header, json.dumps(claims).encode(), loaded, registry=jws.JWSRegistry(algorithms=["Ed25519"])
    )


def open_request(text: str, keys: Mapping[str, Any], *, environment: str, now: float) -> CustomerRequest:
    """A request signed by one of the keys (JWK set), for this environment. Raises RequestRefused."""
    if len(text) > 8192:
        raise RequestRefused("too long")
    for entry in keys["keys"]:
        try:
            opened = jws.deserialize_compact(
                text, OKPKey.import_key(entry), registry=jws.JWSRegistry(algorithms=["Ed25519"])
            )
            claims = json.loads(opened.payload)
        except (JoseError, ValueError, TypeError):
            continue
        if opened.headers().get("typ") != _REQUEST_TYPE:
            raise RequestRefused("signed for another purpose")
        if claims["environment"] != environment:
            raise RequestRefused("for the other environment")
        if claims["exp"] <= now:
            raise RequestRefused("over")
        return CustomerRequest(
            environment, claims["brand"], claims["channel"], claims["customer"], claims["act"]
        )
    raise RequestRefused("signed by nobody this environment trusts")
