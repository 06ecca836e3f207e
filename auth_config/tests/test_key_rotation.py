"""Keys of the console's secrets change with an overlap: the old opens, the new encrypts, then the old goes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from auth_config.models import Secret
from auth_config.secrets import keep, keyring, reveal
from chatadmin.run.plan import ROOT
from kit.secrets import Keyring, Unreadable, new_key
from tenants.models import Organisation
from tenants.scope import tenant_scope
from tenants.tests.factories import organisation

pytestmark = pytest.mark.django_db(transaction=True)

OLD, NEW, FOREIGN = new_key(), new_key(), new_key()


@pytest.fixture(autouse=True)
def forgotten_keyring() -> Iterator[None]:
    keyring.cache_clear()
    yield
    keyring.cache_clear()


def use(settings: Any, *keys: str) -> None:
    settings.FIELD_ENCRYPTION_KEYS = list(keys)
    keyring.cache_clear()


def rotate(*keys: str, owner: bool = True) -> subprocess.CompletedProcess[str]:
    """`manage.py rotate_field_keys` as an operator runs it."""
    role = "DATABASE_OWNER_URL" if owner else "DATABASE_URL"
    variables = {"DATABASE_URL": os.environ[role], "FIELD_ENCRYPTION_KEYS": ",".join(keys)}
    return subprocess.run(
        [sys.executable, "manage.py", "rotate_field_keys"],
        cwd=ROOT,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=False,
    )


def ciphertexts(*organisations: Organisation) -> list[str]:
    found: list[str] = []
    for one in organisations:
        with tenant_scope(one.pk):
            found += Secret.objects.order_by("pk").values_list("ciphertext", flat=True)
    return found


def test_every_organisation_s_secrets_move_to_the_new_key_and_the_old_one_may_go(settings: Any) -> None:
    shop, other = organisation(1009, "Shop"), organisation(2020, "Other")
    use(settings, OLD)
    references = {}
    for one in (shop, other):
        with tenant_scope(one.pk):
            references[one] = keep(f"secret of {one.name}", by=None).reference
    # With both keys: the old one still opens, what is new is under the new one.
    use(settings, NEW, OLD)
    with tenant_scope(shop.pk):
        assert reveal(references[shop]) == "secret of Shop"
        late = keep("typed meanwhile", by=None)
        assert keyring().is_current(late.ciphertext)
        # One that another key made, which is gone: it must not keep the others from moving.
        lost = Secret.objects.create(ciphertext=Keyring([FOREIGN]).encrypt("lost", place="x"))

    before = ciphertexts(shop, other)
    refused = rotate(NEW, OLD, owner=False)
    assert refused.returncode == 1
    assert "owner role" in refused.stderr
    assert ciphertexts(shop, other) == before

    done = rotate(NEW, OLD)
    assert done.returncode == 1
    assert "2 secrets encrypted anew." in done.stdout
    assert "FIELD_ENCRYPTION_KEYS" in done.stderr
    with tenant_scope(shop.pk):
        lost.delete()
    again = rotate(NEW, OLD)
    assert (again.returncode, again.stdout.strip()) == (0, "0 secrets encrypted anew.")
    for text in (done.stdout, done.stderr, again.stderr):
        assert "secret of" not in text

    # The old key goes: everything opens; with the old one alone nothing does.
    use(settings, NEW)
    for one, reference in references.items():
        with tenant_scope(one.pk):
            assert reveal(reference) == f"secret of {one.name}"
    use(settings, OLD)
    with tenant_scope(shop.pk), pytest.raises(Unreadable):
        reveal(references[shop])


def test_a_ciphertext_moved_to_another_row_or_organisation_opens_nowhere(settings: Any) -> None:
    shop, other = organisation(1009, "Shop"), organisation(2020, "Other")
    use(settings, NEW)
    with tenant_scope(shop.pk):
        first, second = keep("first", by=None), keep("second", by=None)
        Secret.objects.filter(pk=second.pk).update(ciphertext=first.ciphertext)
        with pytest.raises(Unreadable):
            reveal(second.reference)
        with pytest.raises(Unreadable):
            reveal("ref_there_is_none")
    with tenant_scope(other.pk):
        moved = Secret.objects.create(ciphertext=first.ciphertext)
        with pytest.raises(Unreadable):
            reveal(moved.reference)
        with pytest.raises(Unreadable):
            reveal(first.reference)
