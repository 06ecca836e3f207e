"""`manage.py restore DIR`: a backup back into a database that was migrated and is empty."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from chatadmin.management.backups import CONSOLE, as_owner, deliver_everything
from chatadmin.management.operator import OperatorCommand
from kit import dumps


class Command(OperatorCommand):
    help = (
        "Restore the console's database, as its owner, into a new one that was migrated: all of it, or nothing. Every "
        "environment is then asked again for what it serves, and gets what it lacks."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", metavar="DIR", help="what `backup` wrote")

    def act(self, *, folder: str, **options: Any) -> None:
        with as_owner() as connection:
            try:
                with connection.transaction():
                    made = dumps.restore(connection, Path(folder), of=CONSOLE)
                    asked = deliver_everything(connection)
            except dumps.NotRestorable as refused:
                raise CommandError(str(refused)) from refused
        self.stdout.write(
            f"{made.rows} rows of {made.tables} tables are back; {asked} deliveries are looked at again."
        )
