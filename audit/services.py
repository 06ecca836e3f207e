"""Recording an act. Called inside the scope and the transaction of the act itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from accounts.models import User
from audit.models import Entry
from audit.sentences import registered

_acting: ContextVar[User | None] = ContextVar("acting", default=None)


@contextmanager
def acting(by: User | None) -> Iterator[None]:
    """Who acts, for what is recorded deep below, where nobody is handed on (an area's `load` that makes something)."""
    token = _acting.set(by)
    try:
        yield
    finally:
        _acting.reset(token)


def actor() -> User | None:
    """Who acts now, as `acting` said; None for nobody in particular."""
    return _acting.get()


def record(action: str, /, *, by: User | None, subject: str = "", **data: Any) -> Entry:
    """Append one entry for the tenant in force. `data` is JSON-serialisable and holds no secret.

    Raises OutsideScope without a scope, KeyError for an action that has no registered sentence.
    """
    if action not in registered():
        raise KeyError(action)
    return Entry.objects.create(
        actor=by, actor_label=str(by) if by else "chatadmin", action=action, subject=subject[:200], data=data
    )
