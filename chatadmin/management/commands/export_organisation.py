"""`manage.py export_organisation 1009 > organisation.yaml`: all its channels in one file, as the console's page exports them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from channels_config.models import Channel
from chatadmin.management.files import organisation_scope
from chatadmin.management.operator import OperatorCommand
from files import formats
from files.documents import organisation_document


class Command(OperatorCommand):
    help = (
        "Write all channels of an organisation as one YAML or JSON file, secrets replaced by <secret>. The same drafts give the same "
        "bytes. import_channel reads it back; for one file for each channel: export_channel --all."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("organisation", type=int, help="the brand number, e.g. 1009")
        parser.add_argument("--output", metavar="FILE", default="", help="instead of standard output")
        parser.add_argument("--format", choices=["yaml", "json"], default="yaml", help="%(default)s")

    def act(self, *, organisation: int, output: str, format: formats.Format, **options: Any) -> None:
        with organisation_scope(organisation) as found:
            text = formats.write(organisation_document(found, Channel.every.all()), format)
        if output:
            Path(output).write_text(text, encoding="utf-8")
        else:
            self.stdout.write(text, ending="")
