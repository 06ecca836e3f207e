"""Fixtures of every room: databases made by the owner role and used by the plain one, and the running stack in a browser."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection

from chatadmin.run import databases
from tests import environment
from tests.browser import browser, browser_context, page
from tests.stack import stack

__all__ = ["browser", "browser_context", "page", "stack"]


@pytest.fixture(scope="session")
def django_db_modify_db_settings() -> None:
    """The database's name is this process's own already; Django need not put `test_` before it."""


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None, django_db_blocker: pytest.FixtureRequest
) -> Iterator[None]:
    """The owner role makes and migrates the database; the tests connect as the role that serves, bound by row security."""
    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        _console_database()
    yield
    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        connection.close()
    databases.drop(environment.server_url(), environment.CONSOLE_DATABASE)


def _console_database() -> None:
    server = environment.server_url()
    databases.drop(server, environment.CONSOLE_DATABASE)
    databases.console_on(
        server,
        database=environment.CONSOLE_DATABASE,
        owner=environment.OWNER,
        owner_password=environment.PASSWORD,
        app=environment.APP,
        app_password=environment.PASSWORD,
    )
    app = {name: connection.settings_dict[name] for name in ("USER", "PASSWORD")}
    connection.settings_dict.update(USER=environment.OWNER, PASSWORD=environment.PASSWORD)
    try:
        call_command("migrate", verbosity=0, interactive=False, skip_checks=True)
    finally:
        connection.close()
        connection.settings_dict.update(app)
    # Emptying tables between transactional tests is the owner's to do as well: the app role may not truncate.
    # On the class: beside a running event loop, which Playwright is, Django opens another connection.
    type(connection.ops).execute_sql_flush = staticmethod(_flush_as_owner)  # type: ignore[method-assign, assignment]


def _flush_as_owner(statements: Iterable[str]) -> None:
    connection.close()
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"]) as owner:
        for statement in statements:
            owner.execute(statement.encode())


@pytest.fixture
def owner_database(db: None) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """The console's database as its owner sees it: past row security. It does not see what the test has not committed."""
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"], autocommit=True) as opened:
        yield opened
