"""Secrets at rest: any key of the set reads, the newest writes, and a ciphertext belongs to its place."""

from __future__ import annotations

import pytest

from kit.secrets import Keyring, Unreadable, derived_key, new_key


def test_keys_change_with_an_overlap() -> None:
    old, new = new_key(), new_key()
    sealed = Keyring([old]).encrypt("geheim ß", place="1:a")
    both = Keyring([new, old])
    assert "geheim" not in sealed
    assert both.decrypt(sealed, place="1:a") == "geheim ß"
    assert not both.is_current(sealed)
    rotated = both.rotated(sealed)
    assert both.is_current(rotated)
    assert Keyring([new]).decrypt(rotated, place="1:a") == "geheim ß"
    with pytest.raises(Unreadable):
        Keyring([new]).decrypt(sealed, place="1:a")


def test_a_ciphertext_opens_at_its_own_place_only() -> None:
    ring = Keyring([new_key()])
    sealed = ring.encrypt("secret", place="1:a")
    with pytest.raises(Unreadable):
        ring.decrypt(sealed, place="2:a")
    with pytest.raises(Unreadable):
        ring.decrypt(sealed[:-4] + "AAAA", place="1:a")


@pytest.mark.parametrize("keys", [[], ["short"], ["not base64 at all!!"]])
def test_what_is_no_key_is_refused(keys: list[str]) -> None:
    with pytest.raises(ValueError, match="key"):
        Keyring(keys)


def test_a_derived_key_depends_on_secret_and_purpose() -> None:
    made = {derived_key(secret, purpose) for secret in ("a", "b") for purpose in ("x", "y")}
    assert len(made) == 4
    assert Keyring([*made]).decrypt(Keyring([*made]).encrypt("s", place=""), place="") == "s"
