"""`manage.py import_channel 1009 support.yaml --channel Support --dry-run`: a file's channel, or a CXone channel JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from chatadmin.management.files import (
    DIFFERENT,
    differ,
    find_channel,
    organisation_scope,
    read_files,
    say,
    say_beside,
    take,
)
from chatadmin.management.operator import OperatorCommand
from files import beside, channel_json, cxone, formats, plans
from files.documents import Contents, is_channel_json


class Command(OperatorCommand):
    help = (
        "Import a channel from a YAML or JSON file, or from the channel JSON of a running CXone channel. Running it again "
        "changes nothing. Exit status: 0 done, 1 an error and nothing changed, 3 a dry run found differences."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("organisation", type=int, help="the brand number, e.g. 1009")
        parser.add_argument("file", help="the file to read")
        parser.add_argument(
            "--channel",
            default="",
            help="the channel to import into (id or name); without it the file says which",
        )
        parser.add_argument("--note", default="", help="the release's note")
        parser.add_argument("--dry-run", action="store_true", help="only say what would change")

    def act(
        self, *, organisation: int, file: str, channel: str, note: str, dry_run: bool, **options: Any
    ) -> None:
        path = Path(file)
        with organisation_scope(organisation):
            into = find_channel(channel) if channel else None
            try:
                value = formats.read(path.read_bytes())
            except formats.Unreadable as error:
                raise CommandError(f"{path}: {error}") from error
            except OSError as error:
                raise CommandError(f"{path}: {error.strerror}") from error
            if is_channel_json(value):
                taken = cxone.read(value, into=into, source=path.name)
                for line in taken.lines:
                    words = channel_json.label(line.path)
                    said = f"{line.verdict:8} {line.path}{f' ({words})' if words else ''} {line.message}"
                    self.stdout.write(said.rstrip())
                found = Contents([taken.file])
            else:
                found = read_files([path])
            if into is not None and len(found.channels) != 1:
                raise CommandError(f"{path} holds {len(found.channels)} channels; --channel takes one.")
            if into is not None:
                found = Contents(found.channels)
            others = beside.look(found.beside)
            steps = plans.plan(found.channels, into=into, kept=found.beside)
            say_beside(others, self.stdout)
            say(steps, self.stdout)
            if not dry_run:
                take(steps, self.stdout, note=note, kept=found.beside)
        if dry_run and any(step.action == "refused" for step in steps):
            raise CommandError("This could not be imported.")
        if dry_run and differ(steps, others):
            raise SystemExit(DIFFERENT)
