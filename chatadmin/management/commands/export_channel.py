"""`manage.py export_channel 1009 Support > support.yaml`: one channel, or with --all DIR each in a file of its own."""

from __future__ import annotations

import re
from collections.abc import Container
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from channels_config.models import Channel
from chatadmin.management.files import find_channel, organisation_scope
from chatadmin.management.operator import OperatorCommand
from files import formats
from files.documents import NotAChannelFile, channel_document, organisation_document, read_channels
from kit.plain_text import plain

#: The file of a folder that holds what is no channel's.
ORGANISATION = "organisation"
#: A name that `file_name` gives.
_NAME = re.compile(r"[a-z0-9-]+\.[0-9a-f]{8}\.(yaml|json)")


class Command(OperatorCommand):
    help = (
        "Write a channel's configuration as YAML or JSON, secrets replaced by <secret>. The same drafts give the same bytes. "
        "With --all DIR every channel of the organisation goes into a file of its own in that folder, and what it keeps beside them "
        "(custom fields, forms, lists of addresses, the agents' library) into organisation.yaml; files there of channels that were "
        "deleted are named, for apply would make these channels anew, and --prune takes them away."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("organisation", type=int, help="the brand number, e.g. 1009")
        parser.add_argument("channel", nargs="?", default="", help="the channel's id or name")
        parser.add_argument("--all", metavar="DIR", default="", help="all channels, into this folder")
        parser.add_argument(
            "--prune", action="store_true", help="with --all: remove files of deleted channels"
        )
        parser.add_argument("--output", metavar="FILE", default="", help="instead of standard output")
        parser.add_argument("--format", choices=["yaml", "json"], default="yaml", help="%(default)s")

    def act(
        self,
        *,
        organisation: int,
        channel: str,
        output: str,
        format: formats.Format,
        **options: Any,
    ) -> None:
        folder = str(options["all"])
        if bool(channel) == bool(folder):
            raise CommandError("Say one channel, or --all and a folder.")
        if options["prune"] and not folder:
            raise CommandError("--prune goes with --all.")
        with organisation_scope(organisation) as found:
            if channel:
                text = formats.write(channel_document(find_channel(channel)), format)
                if output:
                    Path(output).write_text(text, encoding="utf-8")
                else:
                    self.stdout.write(text, ending="")
                return
            target = Path(folder)
            target.mkdir(parents=True, exist_ok=True)
            count = 0
            ids = set(Channel.every.values_list("public_id", flat=True))
            for one in Channel.every.order_by("pk"):
                path = target / file_name(one, format)
                for old in target.glob(f"*.{one.external_id[:8]}.*"):
                    if old != path and old.suffix in {".yaml", ".yml", ".json"}:
                        old.unlink()
                path.write_text(formats.write(channel_document(one), format), encoding="utf-8")
                count += 1
            # What the organisation keeps beside its channels: forms, lists, cards.
            whole = target / f"{ORGANISATION}.{format}"
            for old in target.glob(f"{ORGANISATION}.*"):
                if old != whole and old.suffix in {".yaml", ".yml", ".json"}:
                    old.unlink()
            whole.write_text(formats.write(organisation_document(found, []), format), encoding="utf-8")
        for left in left_over(target, ids):
            if options["prune"]:
                left.unlink()
                self.stdout.write(f"Removed {left}: its channel was deleted.")
            else:
                self.stderr.write(
                    f"{left}: its channel was deleted, and apply would make it anew. --prune removes it."
                )
        self.stdout.write(f"{count} channels in {target}.")


def left_over(folder: Path, ids: Container[str]) -> list[Path]:
    """Files as this command names them, of channels that are not among these ids."""
    found = []
    for path in sorted(folder.iterdir()):
        if not _NAME.fullmatch(path.name):
            continue
        try:
            [file] = read_channels(formats.read(path.read_bytes()))
        except (formats.Unreadable, NotAChannelFile, ValueError, OSError):
            continue
        if file.public_id and file.public_id not in ids:
            found.append(path)
    return found


def file_name(channel: Channel, form: formats.Format) -> str:
    """Readable, and found again by the id when the channel is renamed."""
    slug = re.sub(r"[^a-z0-9]+", "-", plain(channel.name)).strip("-")[:60] or "channel"
    return f"{slug}.{channel.external_id[:8]}.{form}"
