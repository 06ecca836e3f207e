"""`manage.py backup DIR`: every row of the console's database, in a folder that `restore` reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from chatadmin.management.backups import CONSOLE, as_owner
from chatadmin.management.operator import OperatorCommand
from kit import dumps


class Command(OperatorCommand):
    help = (
        "Back up the console's database into a new folder, as its owner: DATABASE_URL=$DATABASE_OWNER_URL manage.py backup DIR. "
        "Back up the environments first. Keys are not in it; keep them apart."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", metavar="DIR", help="a folder that is not there yet")

    def act(self, *, folder: str, **options: Any) -> None:
        with as_owner() as connection:
            try:
                made = dumps.back_up(connection, Path(folder), of=CONSOLE)
            except FileExistsError as error:
                raise CommandError(f"{folder} is there already; a backup makes a new folder.") from error
        self.stdout.write(f"{made.rows} rows of {made.tables} tables are in {folder}.")
