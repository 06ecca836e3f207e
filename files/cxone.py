"""The channel JSON of a running CXone channel (wire contract 3.3), taken over through the areas, with a report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from areas.contract import Line
from areas.registry import areas_of
from channels_config.models import Channel
from files.documents import ChannelFile

#: What of the JSON belongs to the channel itself, or to the environment that serves it.
_OF_THE_CHANNEL = {"name", "isLiveChat", "channelIdOnExternalPlatform"}
_OF_THE_ENVIRONMENT = {"availability"}


@dataclass(frozen=True)
class Taken:
    """A channel as a file would describe it, and what became of every field of the JSON."""

    file: ChannelFile
    lines: list[Line]

    def of(self, verdict: str) -> list[Line]:
        return [line for line in self.lines if line.verdict == verdict]

    @property
    def groups(self) -> list[tuple[str, list[Line]]]:
        return [(verdict, self.of(verdict)) for verdict in ("changed", "unknown", "taken")]


def read(document: Mapping[str, Any], *, into: Channel | None, source: str = "") -> Taken:
    """Ask every area for its part. `into` is the channel whose settings stay where the JSON says nothing (None: a new one)."""
    kind = Channel.Kind.LIVE if document.get("isLiveChat") is True else Channel.Kind.MESSAGING
    name = document.get("name")
    name = name.strip() if isinstance(name, str) and name.strip() else "CXone"
    lines: list[Line] = [Line("taken", field) for field in ("name", "isLiveChat") if field in document]
    if "channelIdOnExternalPlatform" in document:
        lines.append(
            Line(
                "changed",
                "channelIdOnExternalPlatform",
                _("The channel has an id of its own here; the snippet on your pages changes with it."),
            )
        )
    if into is not None and into.kind != kind:
        lines = [line for line in lines if line.path != "isLiveChat"]
        lines.append(Line("changed", "isLiveChat", _("The kind of a channel never changes, and stays.")))
    lines += [
        Line("changed", field, _("The environment itself says this, from who is there to answer."))
        for field in sorted(_OF_THE_ENVIRONMENT & document.keys())
    ]
    sections: dict[str, Any] = {}
    with transaction.atomic():
        mark = transaction.savepoint()
        target = into
        if target is None:
            target = Channel(name="CXone", kind=kind)
            target.name = target.public_id
            target.save()
        for area in areas_of(target.kind):
            if area.from_channel_json is None:
                continue
            section, said = area.from_channel_json(document, area.dump(target))
            sections[area.name] = section
            lines += said
        transaction.savepoint_rollback(mark)
    spoken = {line.path for line in lines}
    lines += [
        Line("unknown", path)
        for path in leaves(document)
        if not any(path == one or path.startswith(f"{one}.") or one.startswith(f"{path}.") for one in spoken)
    ]
    public_id = into.public_id if into is not None else ""
    redacted = {
        area.name: area.redact(sections[area.name]) for area in areas_of(target.kind) if area.name in sections
    }
    return Taken(ChannelFile(name=name, kind=kind, public_id=public_id, areas=redacted, source=source), lines)


def leaves(document: Mapping[str, Any]) -> list[str]:
    """The fields a report speaks of: those of the top, of `settings`, and of `settings.features`."""
    found: list[str] = []
    for name, value in document.items():
        if name == "settings" and isinstance(value, Mapping):
            for inner, one in value.items():
                if inner == "features" and isinstance(one, Mapping):
                    found += [f"settings.features.{feature}" for feature in one]
                else:
                    found.append(f"settings.{inner}")
        elif name not in _OF_THE_CHANNEL:
            found.append(str(name))
    return found
