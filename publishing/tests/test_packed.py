"""What a release holds is written once and packed where it is large; the private part of a snapshot is, too; old ones are read."""

from __future__ import annotations

import json
import zlib
from typing import Any

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwe
from joserfc.jwk import OKPKey

from areas.registry import areas
from channels_config.tests.factories import channel
from kit.documents import canonical, digest
from publishing import snapshot as s
from publishing.compile import channel_facts, release_digest, sections, written
from publishing.models import Release
from publishing.packed import PACKED_FROM, pack, unpack
from publishing.services import publish
from tenants.scope import tenant_scope
from tenants.tests.factories import organisation
from translations.tests.factories import variant

SIGNING, KEY = s.new_signing_key(), s.new_encryption_key()


def a_snapshot(private: dict[str, Any]) -> s.Snapshot:
    return s.Snapshot(
        environment="test",
        brand=1009,
        organisation="Demo",
        channel="chat_00000000-0000-4000-8000-000000000001",
        name="Support",
        kind="messaging",
        release=1,
        digest="0" * 64,
        issued_at=s.now_text(),
        private=private,
    )


def opened(body: bytes) -> s.Snapshot:
    return s.unseal(body, s.key_set(s.public_jwk(SIGNING)), s.key_set(KEY))


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))  # fmt: skip
def test_what_is_packed_comes_out_the_same(value: Any) -> None:
    assert unpack(pack(value)) == value
    padded = {"value": value, "more": "x" * PACKED_FROM}
    assert len(pack(padded)) < PACKED_FROM
    assert unpack(pack(padded)) == padded


@pytest.mark.django_db
def test_every_area_writes_its_section_as_everybody_would() -> None:
    shop = organisation(1009, "Shop")
    with tenant_scope(shop.pk):
        support = channel(shop)
        for locale in ("ar", "fr_CA"):
            variant(support, locale, phrases={"send": 'Aller "là" \\ é\u2028', "close": "ب", "A": "z"})
        everything = sections(support)
        for one in areas():
            if one.name in everything:
                assert one.canonical(everything[one.name]) == canonical(everything[one.name]), one.name
        raw = written(everything)
        assert raw.raw == canonical(everything)
        facts = channel_facts(support)
        assert release_digest(facts, raw) == digest({"channel": facts, "sections": everything})


@pytest.mark.django_db
def test_a_large_release_is_packed_in_the_database_and_read_as_it_was_written() -> None:
    shop = organisation(1009, "Shop")
    with tenant_scope(shop.pk):
        support = channel(shop)
        phrases = {"onlineFormText": "Bonjour " * 30, "weAreOnline": "Nous y sommes"}
        for number in range(200):
            region = f"{chr(65 + number // 26)}{chr(65 + number % 26)}"
            if region not in {"CA", "FR"}:
                variant(support, f"fr_{region}", f"French {number}", phrases=phrases)
        release = publish(support, areas=["translations"], by=None)
        with connection.cursor() as cursor:
            cursor.execute("SELECT sections FROM publishing_release WHERE id = %s", [release.pk])
            stored = bytes(cursor.fetchone()[0])
        assert len(stored) < len(canonical(release.sections)) // 4
        assert (
            json.loads(zlib.decompress(stored))
            == Release.objects.get(pk=release.pk).sections
            == sections(support)
        )


def test_a_large_private_part_travels_packed_and_a_small_one_as_ever() -> None:
    large = {"translations": {"text": "Bonjour " * 20_000}}
    body = s.seal(a_snapshot(large), SIGNING, s.public_jwk(KEY))
    assert len(body) < 20_000
    assert opened(body).private == large
    small = s.seal(a_snapshot({"a": {"b": 1}}), SIGNING, s.public_jwk(KEY))
    assert opened(small).private == {"a": {"b": 1}}
    claims = s._verify(small, s.key_set(s.public_jwk(SIGNING)), s.SNAPSHOT_TYPE, s.SnapshotRefused)
    assert (
        "cty"
        not in jwe.decrypt_compact(
            claims["private"], OKPKey.import_key(KEY), algorithms=["ECDH-ES", "A256GCM"]
        ).headers()
    )


@pytest.mark.parametrize(
    ("content", "plain"),
    [
        (s.PACKED_CONTENT, zlib.compress(b"{}")[:-3]),
        (s.PACKED_CONTENT, b"{}"),
        ("application/zstd", zlib.compress(b"{}")),
    ],
    ids=["cut off", "not packed", "another way"],
)
def test_a_private_part_that_does_not_unpack_is_malformed(content: str, plain: bytes) -> None:
    header = {"alg": "ECDH-ES", "enc": "A256GCM", "kid": KEY["kid"], "typ": s.PRIVATE_TYPE, "cty": content}
    sealed = jwe.encrypt_compact(
        header, plain, OKPKey.import_key(s.public_jwk(KEY)), algorithms=["ECDH-ES", "A256GCM"]
    )
    with pytest.raises(s.SnapshotRefused) as refused:
        s._decrypt(sealed, s.key_set(KEY))
    assert refused.value.code == "malformed"


def test_what_unpacks_to_more_than_anything_honest_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s, "MAX_PRIVATE_BYTES", 100_000)
    body = s.seal(a_snapshot({"a": "x" * 200_000}), SIGNING, s.public_jwk(KEY))
    with pytest.raises(s.SnapshotRefused, match="not an object"):
        opened(body)
