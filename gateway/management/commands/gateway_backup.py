"""`manage.py gateway_backup DIR`: every row of an environment, and visitors' files where they lie in a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
from django.core.management import BaseCommand, CommandError
from django.core.management.base import CommandParser
from django.db import connection

from gateway import settings
from kit import dumps


class Command(BaseCommand):
    help = "Back up this environment's database and files into a new folder. Files in a bucket stay there: back that up by itself."
    requires_system_checks: list[str] = []
    restores = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", metavar="DIR", help="a folder: for a backup one that is not there yet")

    def handle(self, *, folder: str, **options: Any) -> None:
        files = None if settings.GATEWAY_FILES_S3_BUCKET else Path(settings.GATEWAY_FILES_DIR)
        of = f"the environment {settings.GATEWAY_ENVIRONMENT}"
        parameters = connection.get_connection_params() | {"cursor_factory": psycopg.Cursor}
        act = dumps.restore if self.restores else dumps.back_up
        with psycopg.connect(**parameters, autocommit=True) as opened:
            try:
                made = act(opened, Path(folder), of=of, files=files)
            except FileExistsError as error:
                raise CommandError(f"{folder} is there already; a backup makes a new folder.") from error
            except dumps.NotRestorable as refused:
                raise CommandError(str(refused)) from refused
        said = "are back" if self.restores else f"are in {folder}"
        self.stdout.write(f"{made.rows} rows of {made.tables} tables and {made.files} files {said}.")
