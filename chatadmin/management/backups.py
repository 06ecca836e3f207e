"""What `backup` and `restore` of the console have in common: a connection that sees everything, and what follows a restore."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from django.core.management.base import CommandError
from django.db import connection as django_connection

from kit.dumps import Connection

CONSOLE = "the console"


@contextmanager
def as_owner() -> Iterator[Connection]:
    """A connection of its own, as the role of DATABASE_URL. Raises CommandError for one that row security binds."""
    parameters = django_connection.get_connection_params() | {"cursor_factory": psycopg.Cursor}
    with psycopg.connect(**parameters, autocommit=True) as opened:
        row = opened.execute(
            "SELECT rolbypassrls OR rolsuper FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
        if row is None or not row[0]:
            raise CommandError(
                "Run this as the owner role (DATABASE_URL=$DATABASE_OWNER_URL): another sees no organisation's rows."
            )
        yield opened


def deliver_everything(connection: Connection) -> int:
    """Want every delivery anew: what an environment has of it is answered as current, what it lacks it gets."""
    found = connection.execute(
        "UPDATE publishing_delivery SET confirmed = 0, confirmed_revision = 0, attempts = 0, wanted_at = now(), due_since = now(), "
        "next_attempt_at = now(), last_error = ''"
    )
    return found.rowcount
