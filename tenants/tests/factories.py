"""Organisations and their people, for tests of every room."""

from __future__ import annotations

from itertools import count

from accounts.models import User
from tenants.models import Organisation
from tenants.roles import Role
from tenants.scope import tenant_scope
from tenants.services import admit, create_organisation, reserve_organisation_id

_numbers = count(4001)


def organisation(number: int | None = None, name: str = "Example") -> Organisation:
    """A new organisation; opens a scope of its own."""
    with tenant_scope(reserve_organisation_id()):
        return create_organisation(number=number or next(_numbers), name=name)


def person(email: str = "", *, password: str | None = None, **fields: str) -> User:
    """An account; without a password nobody can sign in to it, and making it takes no time."""
    return User.objects.create_user(email or f"person{next(_numbers)}@example.com", password, **fields)


def member(organisation: Organisation, role: Role = Role.ADMIN, user: User | None = None) -> User:
    """A person with this role in the organisation; opens a scope of its own."""
    user = user or person()
    with tenant_scope(organisation.pk):
        admit(user, role=role)
    return user
