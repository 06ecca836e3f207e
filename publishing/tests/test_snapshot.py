"""Sealing and unsealing: what is taken, what is refused, and with which code."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import OctKey, OKPKey

from publishing import snapshot as s

CHANNEL = "chat_0950394d-a403-4fe6-91d5-34e934771662"
SIGNING = s.new_signing_key()
TEST_KEY = s.new_encryption_key()
LIVE_KEY = s.new_encryption_key()
PUBLISHERS = s.key_set(s.public_jwk(SIGNING))


def a_snapshot(**changes: Any) -> s.Snapshot:
    fields: dict[str, Any] = {
        "environment": "test",
        "brand": 1009,
        "organisation": "Démonstration",
        "channel": CHANNEL,
        "name": "Clavardage « été »",
        "kind": "messaging",
        "release": 12,
        "digest": s.digest({"channel": {}, "sections": {}}),
        "issued_at": s.now_text(),
        "document": {"customCss": "a{}", "settings": {}},
        "private": {"channels_config": {"format": 1, "allowed_domains": ["example.com"]}},
    }
    return s.Snapshot(**{**fields, **changes})


def sealed(**changes: Any) -> bytes:
    return s.seal(a_snapshot(**changes), SIGNING, s.public_jwk(TEST_KEY))


def signed(payload: object, typ: str = s.SNAPSHOT_TYPE) -> bytes:
    raw = payload if isinstance(payload, bytes) else s.canonical(payload)
    header = {"alg": "Ed25519", "kid": SIGNING["kid"], "typ": typ}
    return jws.serialize_compact(header, raw, OKPKey.import_key(SIGNING), algorithms=["Ed25519"]).encode()


def payload_of(body: bytes) -> dict[str, Any]:
    part = body.split(b".")[1]
    return json.loads(base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4)))  # type: ignore[no-any-return]


def refused(body: bytes | str, **options: Any) -> str:
    with pytest.raises(s.SnapshotRefused) as caught:
        s.unseal(body, PUBLISHERS, s.key_set(TEST_KEY), **options)
    assert caught.value.message.endswith(".")
    return caught.value.code


def test_what_is_sealed_comes_out_the_same() -> None:
    original = a_snapshot()
    assert (
        s.unseal(s.seal(original, SIGNING, s.public_jwk(TEST_KEY)), PUBLISHERS, s.key_set(TEST_KEY))
        == original
    )


def test_keys_may_be_json_text_as_they_stand_in_the_environment() -> None:
    body = s.seal(a_snapshot(), json.dumps(SIGNING), json.dumps(s.public_jwk(TEST_KEY)))
    assert s.unseal(body, json.dumps(PUBLISHERS), json.dumps(TEST_KEY)).release == 12


def test_a_browser_sees_nothing_of_the_private_part() -> None:
    body = sealed(private={"auth_config": {"client_secret": "correct horse"}})
    assert b"correct horse" not in body
    assert "correct horse" not in json.dumps(payload_of(body))


def test_large_channels_fit() -> None:
    document = {"customCss": "é" * 262_144, "customJs": "x" * 262_144}
    private = {"channels_config": document, "ipblocking": {"lines": ["203.0.113.7/32"] * 120_000}}
    assert (
        s.unseal(sealed(document=document, private=private), PUBLISHERS, s.key_set(TEST_KEY)).private
        == private
    )


def test_a_snapshot_too_large_is_refused_on_both_sides() -> None:
    with pytest.raises(s.SnapshotRefused, match="bytes"):
        sealed(document={"customCss": "x" * s.MAX_SEALED_BYTES})
    assert refused(b"x" * (s.MAX_SEALED_BYTES + 1)) == "too_large"


def test_the_same_value_has_one_spelling() -> None:
    assert s.canonical({"b": 1, "a": ["é", None, True]}) == '{"a":["é",null,true],"b":1}'.encode()
    assert s.digest({"sections": {}, "channel": {}}) == s.digest({"channel": {}, "sections": {}})
    assert s.digest({"channel": {}, "sections": {"a": 1}}) != s.digest({"channel": {}, "sections": {"a": 2}})


def test_a_number_that_is_not_json_has_no_spelling() -> None:
    with pytest.raises(ValueError):
        s.canonical({"a": float("nan")})


def test_another_publisher_is_refused() -> None:
    forged = s.seal(a_snapshot(), s.new_signing_key(), s.public_jwk(TEST_KEY))
    assert refused(forged) == "bad_signature"


def test_another_key_under_a_trusted_kid_is_refused() -> None:
    thief = {**s.new_signing_key(), "kid": SIGNING["kid"]}
    assert refused(s.seal(a_snapshot(), thief, s.public_jwk(TEST_KEY))) == "bad_signature"


@pytest.mark.parametrize("part", [0, 1, 2])
def test_one_changed_letter_anywhere_is_refused(part: int) -> None:
    parts = sealed().decode().split(".")
    parts[part] = parts[part][:10] + ("A" if parts[part][10] != "A" else "B") + parts[part][11:]
    assert refused(".".join(parts)) == "bad_signature"


def test_no_signature_at_all_is_refused() -> None:
    header = base64.urlsafe_b64encode(b'{"alg":"none","typ":"chatadmin-snapshot+jws"}').rstrip(b"=")
    assert refused(b".".join([header, sealed().split(b".")[1], b""])) == "bad_signature"


def test_the_public_key_used_as_an_hmac_secret_is_refused() -> None:
    header = {"alg": "HS256", "kid": SIGNING["kid"], "typ": s.SNAPSHOT_TYPE}
    secret = OctKey.import_key(s.public_jwk(SIGNING)["x"])
    forged = jws.serialize_compact(header, s.canonical({"format": 1}), secret, algorithms=["HS256"])
    assert refused(forged) == "bad_signature"


def test_an_agent_key_is_not_a_snapshot_and_a_snapshot_is_not_an_agent_key() -> None:
    assert refused(an_agent_key()) == "bad_signature"
    with pytest.raises(s.AgentKeyRefused):
        s.open_agent_key(sealed().decode(), PUBLISHERS)


def test_a_snapshot_for_the_other_environment_is_refused() -> None:
    assert refused(sealed(environment="live"), environment="test") == "wrong_environment"


def test_a_private_part_for_another_environment_is_refused() -> None:
    body = s.seal(a_snapshot(), SIGNING, s.public_jwk(LIVE_KEY))
    assert refused(body, environment="test") == "wrong_environment"


def test_the_old_and_the_new_key_both_open_during_a_rotation() -> None:
    new = s.new_encryption_key()
    keys = s.key_set(new, TEST_KEY)
    publishers = s.key_set(s.public_jwk(s.new_signing_key()), s.public_jwk(SIGNING))
    assert s.unseal(sealed(), publishers, keys).release == 12
    assert (
        s.unseal(s.seal(a_snapshot(release=13), SIGNING, s.public_jwk(new)), publishers, keys).release == 13
    )


@pytest.mark.parametrize(
    "junk",
    [b"", b"{}", b"a.b", b"....", "clé.é.é".encode(), b"\x00.\x00.\x00", b'{"format":1}', b"a.b.c.d.e"],
)
def test_junk_is_malformed_or_unsigned_never_an_accident(junk: bytes) -> None:
    assert refused(junk) in {"malformed", "bad_signature"}


@pytest.mark.parametrize("payload", [b"not json", b"[]", b"null", b'{"format":NaN}', b"[" * 100_000])
def test_a_signed_payload_that_is_no_object_is_malformed(payload: bytes) -> None:
    assert refused(signed(payload)) == "malformed"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("format", 2),
        ("environment", "staging"),
        ("brand", "1009"),
        ("brand", True),
        ("brand", -1),
        ("brand", 2**63),
        ("release", 0),
        ("release", 1.5),
        ("organisation", None),
        ("name", 7),
        ("kind", "group"),
        ("removed", 0),
        ("removed", None),
        ("document", []),
        ("channel", "chat_1"),
        ("channel", CHANNEL.upper()),
        ("channel", CHANNEL + "\n"),
        ("digest", "ab"),
        ("issued_at", "yesterday"),
        ("issued_at", "2026-01-01T00:00:00"),
        ("private", None),
        ("private", {}),
    ],
)
def test_a_field_of_the_wrong_kind_is_malformed(name: str, value: object) -> None:
    payload = payload_of(sealed())
    assert s.unseal(signed(payload), PUBLISHERS, s.key_set(TEST_KEY)).release == 12
    payload[name] = value
    assert refused(signed(payload)) == "malformed"


def test_a_field_added_by_a_newer_console_is_ignored() -> None:
    payload = {**payload_of(sealed()), "mood": "sunny"}
    assert s.unseal(signed(payload), PUBLISHERS, s.key_set(TEST_KEY)).release == 12


def test_public_keys_carry_no_secret() -> None:
    for key in (SIGNING, TEST_KEY):
        assert "d" in key
        assert "d" not in s.public_jwk(key)
        assert s.public_jwk(key)["kid"] == key["kid"]


def an_agent_key(**changes: Any) -> str:
    claims: dict[str, Any] = {
        "environment": "test",
        "brand": 1009,
        "channel": CHANNEL,
        "name": "Zoé",
        "expires_at": datetime.now(UTC) + timedelta(hours=1),
    }
    return s.agent_key(SIGNING, **{**claims, **changes})


def test_an_agent_key_opens_until_it_expires() -> None:
    key = an_agent_key(expires_at=1_000)
    opened = s.open_agent_key(key, PUBLISHERS, now=999)
    assert opened == s.AgentKey(environment="test", brand=1009, channels=(CHANNEL,), name="Zoé", exp=1_000)
    with pytest.raises(s.AgentKeyRefused) as caught:
        s.open_agent_key(key, PUBLISHERS, now=1_000)
    assert caught.value.code == "expired"


@pytest.mark.parametrize("key", ["", "a.b.c", "é.é.é", "x" * 5_000])
def test_a_made_up_agent_key_is_refused(key: str) -> None:
    with pytest.raises(s.AgentKeyRefused):
        s.open_agent_key(key, PUBLISHERS)


@pytest.mark.parametrize(
    ("name", "value"),
    [("scope", "admin"), ("brand", "1009"), ("exp", "never"), ("exp", None), ("name", None)],
)
def test_an_agent_key_with_a_wrong_field_is_refused(name: str, value: object) -> None:
    claims = payload_of(an_agent_key().encode())
    token = signed({**claims, name: value}, s.AGENT_TYPE).decode()
    with pytest.raises(s.AgentKeyRefused) as caught:
        s.open_agent_key(token, PUBLISHERS)
    assert caught.value.code == "malformed"
