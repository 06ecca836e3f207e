"""`manage.py grant_app_role chatadmin_app`, as the owner: let the plain role work with what migrations have made and will make."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import connection
from psycopg import sql

from chatadmin.management.operator import OperatorCommand

_STATEMENTS = (
    "GRANT USAGE ON SCHEMA public TO {role}",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}",
    "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}",
    "GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO {role}",
    "REVOKE INSERT, UPDATE, DELETE ON TABLE django_migrations FROM {role}",
    "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {role}",
    "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO {role}",
    "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT EXECUTE ON FUNCTIONS TO {role}",
)


class Command(OperatorCommand):
    help = (
        "Run once, as the owner role, after the first migrate: DATABASE_URL=$DATABASE_OWNER_URL manage.py grant_app_role ROLE. "
        "Later migrations are covered by default privileges. Running it again does no harm."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("role", help="the role of DATABASE_URL, e.g. chatadmin_app")

    def act(self, *, role: str, **options: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT rolsuper OR rolbypassrls, rolname = current_user FROM pg_roles WHERE rolname = %s",
                [role],
            )
            found = cursor.fetchone()
            if found is None:
                raise CommandError(f"There is no database role {role}.")
            bypasses, is_me = found
            if is_me:
                raise CommandError(
                    f"{role} is the role this command runs as; it is to be run as the owner of the tables."
                )
            if bypasses:
                raise CommandError(f"{role} bypasses row-level security, so it must not serve.")
            for statement in _STATEMENTS:
                cursor.execute(sql.SQL(statement).format(role=sql.Identifier(role)))
        self.stdout.write(f"{role} may work with the tables of this database, within row-level security.")
