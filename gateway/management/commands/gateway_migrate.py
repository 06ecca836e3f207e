"""Make the schema of this environment's tables, then bring the tables up to date."""

from __future__ import annotations

from typing import Any

from django.core.management import BaseCommand, call_command
from django.db import connection
from psycopg import sql

from gateway import settings


class Command(BaseCommand):
    help = "Create the schema gateway_<environment> in GATEWAY_DATABASE_URL and migrate its tables. Safe to run again."

    def handle(self, *args: Any, **options: Any) -> None:
        schema: str = settings.DATABASE_SCHEMA
        with connection.cursor() as cursor:
            # Two processes of one environment may start at once, and IF NOT EXISTS alone does not wait.
            cursor.execute("SELECT pg_advisory_lock(hashtext('gateway_migrate'))")
            try:
                statement = sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(schema))
                cursor.execute(statement.as_string())
                call_command("migrate", verbosity=int(options["verbosity"]), interactive=False)
            finally:
                cursor.execute("SELECT pg_advisory_unlock(hashtext('gateway_migrate'))")
