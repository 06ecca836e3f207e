"""What travels from the console to an environment: a channel's snapshot, sealed, and the key that opens the agent pane.

Pure: no Django, no settings, no clock but the one passed in or `time.time()`. Both planes import it.

A sealed snapshot is a compact JWS (RFC 7515) by the console's Ed25519 key over canonical JSON. The sections no browser may
see (block lists, client secrets, allowed domains) are inside it as a compact JWE (RFC 7516) that only the environment's
X25519 key opens. The signature's algorithm is named `Ed25519`, as RFC 9864 asks since it retired the name `EdDSA`.
"""

from __future__ import annotations

import json
import re
import time
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Literal, NoReturn, TypeGuard

from joserfc import jwe, jws
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OKPKey

from kit.documents import canonical as canonical
from kit.documents import digest as digest

FORMAT = 1
SNAPSHOT_TYPE = "chatadmin-snapshot+jws"
PRIVATE_TYPE = "chatadmin-private+jwe"
AGENT_TYPE = "chatadmin-agent+jws"
COUNTS_TYPE = "chatadmin-counts+jws"
OUTBOX_TYPE = "chatadmin-outbox+jws"
CONTENT_TYPE = "application/jose"
#: Many sealed snapshots in one push: each a line.
BATCH_TYPE = "application/vnd.chatadmin.snapshots"
#: Snapshots in one push. Together they weigh at most what a single one may.
MOST_AT_ONCE = 200

#: Two 256 KB editors, twice (public document, private section), and a block list of 120,000 lines fit with room to spare.
MAX_SEALED_BYTES = 16 * 1024 * 1024
MAX_AGENT_KEY_BYTES = 8192

#: A private part of so many bytes is compressed before it is encrypted, and says so (RFC 7516 section 4.1.12).
PACKED_FROM = 64 * 1024
PACKED_CONTENT = "application/zlib"
#: What a private part may unpack to.
MAX_PRIVATE_BYTES = 128 * 1024 * 1024

ENVIRONMENTS = ("test", "live")
KINDS = ("messaging", "live", "guide")

_SIGN = "Ed25519"
_WRAP = "ECDH-ES"
_ENCRYPT = "A256GCM"
_CHANNEL = re.compile(r"(?:chat|guide)_[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_DIGEST = re.compile(r"[0-9a-f]{64}")

#: A JWK as JSON text or as a mapping.
Key = str | Mapping[str, Any]
#: A JWK set as JSON text or as a mapping; one bare JWK is taken as a set of one.
Keys = str | Mapping[str, Any]


class Refused(Exception):
    """What arrived cannot be trusted or understood; `code` is for machines, `message` is a sentence for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class SnapshotRefused(Refused):
    """A push that is not taken: `bad_signature`, `malformed`, `wrong_environment` or `too_large`."""


class AgentKeyRefused(Refused):
    """An agent key that opens nothing: `bad_signature`, `malformed` or `expired`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """One release of one channel, as an environment gets it.

    `revision` grows when the same release goes out in another form (the emergency switch). `document` is the channel JSON without availability (the environment's own knowledge); `private` maps an area's name to
    its whole section. Both are plain JSON.
    """

    environment: Literal["test", "live"]
    brand: int
    organisation: str
    channel: str
    name: str
    kind: Literal["messaging", "live", "guide"]
    release: int
    digest: str
    issued_at: str
    removed: bool = False
    revision: int = 0
    document: Mapping[str, Any] = field(default_factory=dict)
    private: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentKey:
    """Who may sit on the agent's side of which channels, until `exp` (seconds since 1970).

    `channels` is None for every channel of the brand. `agent` is the person's own id at the agent desk; it is empty in the key of a
    test page, which opens the one channel of that page.
    """

    environment: str
    brand: int
    channels: tuple[str, ...] | None
    name: str
    exp: int
    agent: str = ""

    def covers(self, brand: object, channel: str) -> bool:
        """Whether the key is for this channel of this brand."""
        return str(self.brand) == str(brand) and (self.channels is None or channel in self.channels)


def now_text() -> str:
    """The present as `issued_at` spells it: 2026-01-31T12:00:00.123Z."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def new_signing_key() -> dict[str, Any]:
    """A new private Ed25519 JWK; its `kid` is the RFC 7638 thumbprint."""
    return _new_key("Ed25519", use="sig")


def new_encryption_key() -> dict[str, Any]:
    """A new private X25519 JWK; its `kid` is the RFC 7638 thumbprint."""
    return _new_key("X25519", use="enc")


def public_jwk(key: Key) -> dict[str, Any]:
    """The public half of a JWK."""
    loaded = _load(key)
    return {name: value for name, value in loaded.items() if name != "d"}


def key_set(*keys: Key) -> dict[str, Any]:
    """A JWK set of the given keys, as `GATEWAY_PUBLISHER_KEYS` and `GATEWAY_DECRYPTION_KEYS` want it."""
    return {"keys": [_load(key) for key in keys]}


def seal(snapshot: Snapshot, signing_key: Key, encryption_key: Key) -> bytes:
    """Encrypt the private part for the environment (its public X25519 JWK) and sign the whole (private Ed25519 JWK)."""
    # Not asdict: that copies every text of every section.
    payload = {"format": FORMAT, **{one.name: getattr(snapshot, one.name) for one in fields(snapshot)}}
    if not snapshot.revision:
        del payload["revision"]
    private = json.dumps(snapshot.private, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    payload["private"] = _encrypt(private.encode(), encryption_key)
    body = _sign(payload, signing_key, SNAPSHOT_TYPE)
    if len(body) > MAX_SEALED_BYTES:
        raise SnapshotRefused(
            "too_large", f"The sealed snapshot has {len(body)} bytes; {MAX_SEALED_BYTES} is the most."
        )
    return body


def unseal(
    body: bytes | str, publisher_keys: Keys, decryption_keys: Keys, *, environment: str | None = None
) -> Snapshot:
    """Check the signature, then the shape, then decrypt. Nothing unsigned is ever parsed as a snapshot.

    With `environment`, a snapshot meant for another one is refused before its private part is tried.
    Raises SnapshotRefused with the codes of the push interface.
    """
    raw = body.encode() if isinstance(body, str) else body
    if len(raw) > MAX_SEALED_BYTES:
        raise SnapshotRefused(
            "too_large", f"The snapshot has {len(raw)} bytes; {MAX_SEALED_BYTES} is the most."
        )
    claims = _verify(raw, publisher_keys, SNAPSHOT_TYPE, SnapshotRefused)
    if claims.get("format") != FORMAT:
        raise SnapshotRefused(
            "malformed", f"This environment reads format {FORMAT}, not {claims.get('format')!r}."
        )
    if environment is not None and claims.get("environment") != environment:
        raise SnapshotRefused(
            "wrong_environment",
            f"This is the {environment} environment; the snapshot is for {claims.get('environment')!r}.",
        )
    sealed_private = claims.pop("private", None)
    snapshot = _snapshot(claims)
    return Snapshot(
        **{name: getattr(snapshot, name) for name in snapshot.__slots__ if name != "private"},
        private=_decrypt(sealed_private, decryption_keys),
    )


def agent_key(
    signing_key: Key, *, environment: str, brand: int, channel: str, name: str, expires_at: float | datetime
) -> str:
    """A key for the agent's side of one channel's test page; `name` is shown to the visitor."""
    exp = expires_at.timestamp() if isinstance(expires_at, datetime) else expires_at
    claims = {
        "environment": environment,
        "brand": brand,
        "channel": channel,
        "name": name,
        "scope": "agent",
        "exp": int(exp),
    }
    return _sign(claims, signing_key, AGENT_TYPE).decode("ascii")


def desk_key(
    signing_key: Key,
    *,
    environment: str,
    brand: int,
    channels: Sequence[str] | None,
    agent: str,
    name: str,
    expires_at: float,
) -> str:
    """A key for the agent desk: these channels (None: all of the brand), for this person; `name` is what visitors are shown."""
    claims = {
        "environment": environment,
        "brand": brand,
        "channels": "*" if channels is None else sorted(channels),
        "agent": agent,
        "name": name,
        "scope": "desk",
        "exp": int(expires_at),
    }
    return _sign(claims, signing_key, AGENT_TYPE).decode("ascii")


def open_agent_key(token: str, publisher_keys: Keys, *, now: float | None = None) -> AgentKey:
    """Check signature, shape and expiry of an agent's key, a test page's or the desk's. Raises AgentKeyRefused.

    Whether its environment, brand and channels are the ones at hand is the caller's to compare.
    """
    if len(token) > MAX_AGENT_KEY_BYTES:
        raise AgentKeyRefused("malformed", "An agent key is far shorter than this.")
    claims = _verify(token.encode("utf-8", "replace"), publisher_keys, AGENT_TYPE, AgentKeyRefused)
    environment, brand, name, exp = (claims.get(one) for one in ("environment", "brand", "name", "exp"))
    of_desk = claims.get("scope") == "desk"
    agent = claims.get("agent") if of_desk else ""
    channels = claims.get("channels") if of_desk else [claims.get("channel")]
    if (
        claims.get("scope") not in {"agent", "desk"}
        or not isinstance(environment, str)
        or not _is_whole(brand)
        or not isinstance(name, str)
        or not _is_whole(exp)
        or not isinstance(agent, str)
        or (of_desk and not agent)
        or not (
            channels == "*" or (isinstance(channels, list) and all(isinstance(one, str) for one in channels))
        )
    ):
        raise AgentKeyRefused("malformed", "The agent key lacks a field or has one of the wrong type.")
    if (time.time() if now is None else now) >= exp:
        raise AgentKeyRefused(
            "expired", "This agent link has expired; open the test page from the console again."
        )
    return AgentKey(
        environment=environment,
        brand=brand,
        channels=tuple(channels) if isinstance(channels, list) else None,
        name=name,
        exp=exp,
        agent=agent,
    )


def counts_request(signing_key: Key, *, environment: str, done: str, expires_at: float) -> bytes:
    """A signed question for what an environment has counted; `done` names the batch that needs not be kept any longer."""
    claims = {"environment": environment, "scope": "counts", "done": done, "exp": int(expires_at)}
    return _sign(claims, signing_key, COUNTS_TYPE)


def open_counts_request(
    raw: bytes, publisher_keys: Keys, *, environment: str, now: float | None = None
) -> str:
    """The `done` of a counts request meant for this environment and still fresh. Raises SnapshotRefused."""
    if len(raw) > MAX_AGENT_KEY_BYTES:
        raise SnapshotRefused("malformed", "A request is far shorter than this.")
    claims = _verify(raw, publisher_keys, COUNTS_TYPE, SnapshotRefused)
    done, exp = claims.get("done"), claims.get("exp")
    if claims.get("scope") != "counts" or not isinstance(done, str) or not _is_whole(exp):
        raise SnapshotRefused("malformed", "The request lacks a field or has one of the wrong type.")
    if claims.get("environment") != environment:
        raise SnapshotRefused("wrong_environment", f"This is the {environment} environment.")
    if (time.time() if now is None else now) >= exp:
        raise SnapshotRefused("bad_signature", "The request is too old.")
    return done


def outbox_request(signing_key: Key, *, environment: str, done: list[str], expires_at: float) -> bytes:
    """A signed question for what visitors left with an environment; `done` are the ids it needs not keep any longer."""
    claims = {"environment": environment, "scope": "outbox", "done": done, "exp": int(expires_at)}
    return _sign(claims, signing_key, OUTBOX_TYPE)


def open_outbox_request(
    raw: bytes, publisher_keys: Keys, *, environment: str, now: float | None = None
) -> list[str]:
    """The `done` of an outbox request meant for this environment and still fresh. Raises SnapshotRefused."""
    if len(raw) > 4 * MAX_AGENT_KEY_BYTES:
        raise SnapshotRefused("malformed", "A request is far shorter than this.")
    claims = _verify(raw, publisher_keys, OUTBOX_TYPE, SnapshotRefused)
    done, exp = claims.get("done"), claims.get("exp")
    if (
        claims.get("scope") != "outbox"
        or not isinstance(done, list)
        or not all(isinstance(one, str) for one in done)
        or not _is_whole(exp)
    ):
        raise SnapshotRefused("malformed", "The request lacks a field or has one of the wrong type.")
    if claims.get("environment") != environment:
        raise SnapshotRefused("wrong_environment", f"This is the {environment} environment.")
    if (time.time() if now is None else now) >= exp:
        raise SnapshotRefused("bad_signature", "The request is too old.")
    return [str(one) for one in done]


class _LargeJWS(jws.JWSRegistry):
    max_payload_length = MAX_SEALED_BYTES


class _LargeJWE(jwe.JWERegistry):
    max_ciphertext_length = MAX_SEALED_BYTES


def _new_key(curve: Literal["Ed25519", "X25519"], *, use: str) -> dict[str, Any]:
    key = OKPKey.generate_key(curve)
    return {**key.as_dict(private=True), "kid": key.thumbprint(), "use": use}


def _load(key: Key) -> dict[str, Any]:
    loaded = json.loads(key) if isinstance(key, str) else dict(key)
    if not isinstance(loaded, dict) or loaded.get("kty") != "OKP":
        raise ValueError("Not an OKP key in JWK form.")
    if "kid" not in loaded:
        loaded["kid"] = OKPKey.import_key(loaded).thumbprint()
    return loaded


def _text(keys: Keys) -> str:
    return keys if isinstance(keys, str) else json.dumps(keys, sort_keys=True)


# Making a key of its JWK takes as long as signing with it; a process has a handful of them.
@lru_cache(maxsize=32)
def _imported(text: str, *, public: bool = False) -> tuple[str, OKPKey]:
    """The key's id and the key."""
    loaded = _load(text)
    return loaded["kid"], OKPKey.import_key(public_jwk(loaded) if public else loaded)


@lru_cache(maxsize=32)
def _imported_set(text: str) -> KeySet:
    loaded = json.loads(text)
    return KeySet([OKPKey.import_key(_load(member)) for member in loaded.get("keys", [loaded])])


def _load_set(keys: Keys) -> KeySet:
    return _imported_set(_text(keys))


def _sign(claims: Mapping[str, Any], key: Key, kind: str) -> bytes:
    kid, imported = _imported(_text(key))
    header = {"alg": _SIGN, "kid": kid, "typ": kind}
    token = jws.serialize_compact(header, canonical(claims), imported, registry=_LargeJWS(algorithms=[_SIGN]))
    return token.encode("ascii")


def _verify(raw: bytes, keys: Keys, kind: str, refuse: type[Refused]) -> dict[str, Any]:
    def bad() -> NoReturn:
        raise refuse("bad_signature", "The signature is not one of a publisher this environment trusts.")

    if not raw.isascii() or raw.count(b".") != 2:
        raise refuse("malformed", "This is not a compact JWS.")
    registry = _LargeJWS(algorithms=[_SIGN])
    try:
        token = jws.deserialize_compact(raw, _load_set(keys), registry=registry)
    except (JoseError, ValueError, TypeError, KeyError):
        # An unknown kid, another algorithm ("none" included), a broken header: to the sender all are one thing.
        bad()
    if token.headers().get("typ") != kind:
        bad()
    try:
        claims = json.loads(token.payload, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise refuse("malformed", "The signed payload is not JSON.") from None
    if not isinstance(claims, dict):
        raise refuse("malformed", "The signed payload is not an object.")
    return claims


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _encrypt(plain: bytes, key: Key) -> str:
    kid, imported = _imported(_text(key), public=True)
    header = {"alg": _WRAP, "enc": _ENCRYPT, "kid": kid, "typ": PRIVATE_TYPE}
    if len(plain) >= PACKED_FROM:
        # Texts shrink to a quarter or less, and base64 is laid over them twice. Small ones are read by environments of before.
        header["cty"], plain = PACKED_CONTENT, zlib.compress(plain, 1)
    return jwe.encrypt_compact(header, plain, imported, registry=_LargeJWE(algorithms=[_WRAP, _ENCRYPT]))


def _decrypt(sealed: object, keys: Keys) -> dict[str, Any]:
    if not isinstance(sealed, str):
        raise SnapshotRefused("malformed", "The private part is missing.")
    try:
        token = jwe.decrypt_compact(sealed, _load_set(keys), registry=_LargeJWE(algorithms=[_WRAP, _ENCRYPT]))
    except (JoseError, ValueError, TypeError, KeyError):
        raise SnapshotRefused(
            "wrong_environment", "The private part was encrypted for a key this environment does not have."
        ) from None
    try:
        private = json.loads(_unpacked(token.plaintext or b"null", token.headers().get("cty")))
    except (ValueError, zlib.error):
        private = None
    if not isinstance(private, dict):
        raise SnapshotRefused("malformed", "The private part is not an object.")
    return private


def _unpacked(plain: bytes, content: object) -> bytes:
    """Raises ValueError for what is packed in a way nobody knows here, or unpacks to more than anything honest does."""
    if content is None:
        return plain
    if content != PACKED_CONTENT:
        raise ValueError("unknown content")
    unpacker = zlib.decompressobj()
    out = unpacker.decompress(plain, MAX_PRIVATE_BYTES)
    if not unpacker.eof:
        raise ValueError("cut off, or too large")
    return out


def _is_whole(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _snapshot(claims: Mapping[str, Any]) -> Snapshot:
    def need(holds: bool, what: str) -> None:
        if not holds:
            raise SnapshotRefused("malformed", f"The snapshot's {what}.")

    brand, release = claims.get("brand"), claims.get("release")
    need(claims.get("environment") in ENVIRONMENTS, "environment is neither test nor live")
    need(_is_whole(brand) and 0 < brand < 2**63, "brand is not a positive number")
    need(_is_whole(release) and 0 < release < 2**63, "release is not a positive number")
    revision = claims.get("revision", 0)
    need(_is_whole(revision) and 0 <= revision < 2**31, "revision is not a number")
    need(isinstance(claims.get("organisation"), str), "organisation is not text")
    need(isinstance(claims.get("name"), str), "name is not text")
    need(claims.get("kind") in KINDS, "kind is none of messaging, live and guide")
    need(type(claims.get("removed")) is bool, "removed mark is not true or false")
    need(isinstance(claims.get("document"), dict), "document is not an object")
    for name, pattern in (("channel", _CHANNEL), ("digest", _DIGEST)):
        value = claims.get(name)
        need(isinstance(value, str) and pattern.fullmatch(value) is not None, f"{name} has the wrong form")
    need(
        claims["channel"].startswith("guide_") == (claims["kind"] == "guide"),
        "kind is not the one its id speaks of",
    )
    issued_at = claims.get("issued_at")
    need(isinstance(issued_at, str) and _is_time(issued_at), "issued_at is not a time in UTC")
    known = Snapshot.__slots__
    return Snapshot(**{name: value for name, value in claims.items() if name in known})


def _is_time(text: str) -> bool:
    try:
        return text.endswith("Z") and datetime.fromisoformat(text).utcoffset() is not None
    except ValueError:
        return False
