"""`manage.py apply DIR --organisation 1009`: make the organisation's channels what the files of a folder say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from chatadmin.management.files import (
    DIFFERENT,
    differ,
    organisation_scope,
    read_files,
    say,
    say_beside,
    take,
)
from chatadmin.management.operator import OperatorCommand
from files import beside, plans


class Command(OperatorCommand):
    help = (
        "Apply every .yaml, .yml and .json file of a folder (and those below it) to an organisation: all of it, or nothing. Channels "
        "that no file describes stay as they are. Running it again changes nothing. Exit status: 0 done or nothing to do, "
        "1 an error and nothing changed, 3 a dry run found differences."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", metavar="DIR", help="the folder to read")
        parser.add_argument("--organisation", type=int, required=True, help="the brand number, e.g. 1009")
        parser.add_argument("--note", default="", help="the note of the releases")
        parser.add_argument("--dry-run", action="store_true", help="only say what would change")

    def act(self, *, folder: str, organisation: int, note: str, dry_run: bool, **options: Any) -> None:
        root = Path(folder)
        if not root.is_dir():
            raise CommandError(f"There is no folder {root}.")
        paths = sorted(
            path
            for path in root.rglob("*")
            if path.suffix in {".yaml", ".yml", ".json"}
            and path.is_file()
            and not any(part.startswith(".") for part in path.relative_to(root).parts)
        )
        if not paths:
            raise CommandError(f"There is no .yaml, .yml or .json file in {root}.")
        with organisation_scope(organisation):
            found = read_files(paths)
            others = beside.look(found.beside)
            steps = plans.plan(found.channels, kept=found.beside)
            say_beside(others, self.stdout)
            say(steps, self.stdout)
            if not dry_run:
                take(steps, self.stdout, note=note, kept=found.beside)
        if dry_run and any(step.action == "refused" for step in steps):
            raise CommandError("This could not be applied: see the lines with “!” above.")
        if dry_run and differ(steps, others):
            raise SystemExit(DIFFERENT)
