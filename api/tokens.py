"""Tokens: made, shown once, found by their hash, revoked.

A token acts as the person who made it and works as long as that person is an admin of the organisation.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from api.models import Bearer, Scope, Token
from audit.sentences import register
from audit.services import record
from tenants.models import Membership
from tenants.roles import Role

register("token.created", _("%(actor)s created the API token “%(name)s”"))
register("token.revoked", _("%(actor)s revoked the API token “%(name)s”"))

#: What a key begins with, so that scanners of source code recognise one.
PREFIX = "cha_"
#: How exact "last used" is kept.
_USED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True)
class Made:
    """A new token with its key, which is never to be had again."""

    token: Token
    key: str


def create_token(*, name: str, scopes: Iterable[str], expires_at: datetime | None, by: User) -> Made:
    """A new token of the organisation in force; to read is always part of it."""
    key = PREFIX + secrets.token_urlsafe(32)
    wanted = {Scope.READ.value, *scopes}
    token = Token.objects.create(
        name=name,
        hashed=hashed(key),
        hint=key[-4:],
        scopes=[one for one in Scope.values if one in wanted],
        made_by=by,
        made_by_label=str(by),
        expires_at=expires_at,
    )
    record("token.created", by=by, subject=f"token:{token.pk}", name=name, scopes=token.scopes)
    return Made(token, key)


def revoke_token(token: Token, *, by: User) -> None:
    """It opens nothing from now on; again is no error."""
    if token.revoked_at is None:
        token.revoked_at = timezone.now()
        token.save(update_fields=["revoked_at"])
        record("token.revoked", by=by, subject=f"token:{token.pk}", name=token.name)


def hashed(key: str) -> str:
    """256 random bits need no slow hash."""
    return hashlib.sha256(key.encode()).hexdigest()


def tenant_of(key: str) -> int | None:
    """The organisation a key opens, outside any scope; None for a key that is unknown, revoked or over."""
    if not key.startswith(PREFIX) or len(key) > 100:
        return None
    with connection.cursor() as cursor:
        cursor.execute("SELECT api_token_tenant(%s)", [hashed(key)])
        found: int | None = cursor.fetchone()[0]
        return found


def holder(key: str) -> tuple[Bearer, Token] | None:
    """Whom a key of the organisation in force acts as; None when that person is no admin there (any more)."""
    token = Token.objects.filter(hashed=hashed(key), revoked_at=None).first()
    if token is None:
        return None
    member = Membership.objects.filter(
        tenant_id=token.tenant_id, user_id=token.made_by_id, role__gte=Role.ADMIN, user__is_active=True
    )
    found = Bearer.objects.filter(pk=token.made_by_id).first() if member.exists() else None
    # A proxy of User keeps User's manager.
    bearer = cast("Bearer | None", found)
    if bearer is None:
        return None
    bearer.token_name = token.name
    now = timezone.now()
    if token.last_used_at is None or now - token.last_used_at > _USED_EVERY:
        Token.objects.filter(pk=token.pk).update(last_used_at=now)
    return bearer, token
