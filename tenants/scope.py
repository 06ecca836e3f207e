"""The scope of one tenant: the one transaction of a request or task, and what PostgreSQL's row security reads.

`SET LOCAL` ends with the transaction, so a scope must be a transaction of its own: a released savepoint would leave the
inner tenant in force. Hence `durable=True`, and scopes never nest.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.db import connection, transaction

_current: ContextVar[int | None] = ContextVar("chatadmin_tenant_id", default=None)


class OutsideScope(RuntimeError):
    """A tenant's rows were asked for outside `tenant_scope`."""


class ScopeNested(RuntimeError):
    """A scope was opened inside another."""


def current_tenant_id() -> int:
    """The tenant in force. Raises OutsideScope when there is none."""
    tenant_id = _current.get()
    if tenant_id is None:
        raise OutsideScope("no tenant scope is open")
    return tenant_id


def in_scope() -> bool:
    return _current.get() is not None


@contextmanager
def tenant_scope(tenant_id: int) -> Iterator[None]:
    """One transaction in which the rows of `tenant_id` (Organisation.pk), and no others, can be read and written."""
    if _current.get() is not None:
        raise ScopeNested("a tenant scope is open already")
    with transaction.atomic(durable=True), _entered(tenant_id):
        yield


@contextmanager
def user_scope(user_id: int) -> Iterator[None]:
    """One transaction in which a person's own memberships, and the organisations they lead to, can be read."""
    if _current.get() is not None:
        raise ScopeNested("a tenant scope is open already")
    with transaction.atomic(durable=True):
        _set("chatadmin.user_id", user_id)
        yield
        _forget("chatadmin.user_id")


@contextmanager
def entered_from_user_scope(tenant_id: int) -> Iterator[None]:
    """Go on from `user_scope` into a tenant that the person was just found to be a member of (see tenants.access)."""
    if _current.get() is not None:
        raise ScopeNested("a tenant scope is open already")
    with _entered(tenant_id):
        yield


@contextmanager
def standing_in(tenant_id: int) -> Iterator[None]:
    """Nothing is read or written here: a statement is put together for whichever tenant will be in force (tenants.prepared)."""
    token = _current.set(tenant_id)
    try:
        yield
    finally:
        _current.reset(token)


@contextmanager
def _entered(tenant_id: int) -> Iterator[None]:
    _set("chatadmin.tenant_id", tenant_id)
    token = _current.set(tenant_id)
    try:
        yield
    finally:
        _current.reset(token)
    _forget("chatadmin.tenant_id")


def _set(name: str, value: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config(%s, %s, true)", [name, str(value)])


def _forget(name: str) -> None:
    """Where the transaction goes on after the scope (a test's own is around it), the setting must not.

    Elsewhere the transaction's end does this; so does a rollback to the scope's savepoint, when the scope ends by an
    exception.
    """
    if connection.savepoint_ids and not connection.needs_rollback:
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config(%s, '', true)", [name])
