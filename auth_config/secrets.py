"""Secrets of an organisation: written once, encrypted at rest, never shown again; a section holds a reference to each."""

from __future__ import annotations

from functools import cache

from django.conf import settings

from accounts.models import User
from auth_config.models import Secret, new_reference
from kit.secrets import Keyring, Unreadable


@cache
def keyring() -> Keyring:
    """The keys of FIELD_ENCRYPTION_KEYS, the newest first."""
    return Keyring(settings.FIELD_ENCRYPTION_KEYS)


def place(tenant_id: int, reference: str) -> str:
    """Where a ciphertext belongs: moved to another row or organisation it opens no more."""
    return f"{tenant_id}:{reference}"


def keep(secret: str, *, by: User | None) -> Secret:
    """Keep a secret of the organisation in force; the row has the reference a section holds."""
    row = Secret(reference=new_reference(), set_by=by, set_by_label=str(by) if by else "chatadmin")
    row.ciphertext = keyring().encrypt(secret, place=place(row.tenant_id, row.reference))
    row.save()
    return row


def find(reference: str) -> Secret | None:
    """The row behind a reference, in the organisation in force: who set it, and when."""
    return Secret.objects.filter(reference=reference).first() if reference else None


def is_known(reference: str) -> bool:
    return (
        len(reference) <= 40
        and "\x00" not in reference
        and Secret.objects.filter(reference=reference).exists()
    )


def reveal(reference: str) -> str:
    """The secret itself, for the provider's ears and the environment's. Raises Unreadable."""
    row = find(reference)
    if row is None:
        raise Unreadable("there is no such secret in this organisation")
    return keyring().decrypt(row.ciphertext, place=place(row.tenant_id, row.reference))
