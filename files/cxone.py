"""The channel JSON of a running CXone channel (wire contract 3.3), taken over through the areas, with a report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from areas.contract import Line
from areas.registry import areas_of
from channels_config.models import Channel
from channels_config.services import NAME_LENGTH
from files import channel_json
from files.documents import ChannelFile

#: What of the JSON belongs to the environment that serves it.
_OF_THE_ENVIRONMENT = {"availability"}
#: Lines of one verdict that a report holds.
MOST_LINES = 2000


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
    document, mended = channel_json.readable(document)
    kind = Channel.Kind.LIVE if document.get("isLiveChat") is True else Channel.Kind.MESSAGING
    name, lines = _name(document, into)
    if "channelIdOnExternalPlatform" in document:
        lines.append(
            Line(
                "changed",
                "channelIdOnExternalPlatform",
                _("The channel has an id of its own here; the snippet on your pages changes with it."),
            )
        )
    if into is not None and into.kind != kind:
        lines.append(Line("changed", "isLiveChat", _("The kind of a channel never changes, and stays.")))
    elif isinstance(document.get("isLiveChat"), bool):
        lines.append(Line("taken", "isLiveChat"))
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
    lines += _language(document, lines)
    read = {line.path for line in mended}
    lines = [*mended, *(line for line in lines if line.path not in read)]
    lines += channel_json.unspoken(document, {line.path for line in lines})
    public_id = into.public_id if into is not None else ""
    redacted = {
        area.name: area.redact(sections[area.name]) for area in areas_of(target.kind) if area.name in sections
    }
    file = ChannelFile(name=name, kind=kind, public_id=public_id, areas=redacted, source=source)
    return Taken(file, list(_shortened(lines)))


def _name(document: Mapping[str, Any], into: Channel | None) -> tuple[str, list[Line]]:
    """A name a channel can have, and what there is to say about it."""
    if "name" not in document:
        return into.name if into is not None else "CXone", []
    given = document["name"]
    text = " ".join(given.split()) if isinstance(given, str) else ""
    clean = "".join(sign for sign in text if sign.isprintable())[:NAME_LENGTH].strip()
    if into is not None:
        if clean == into.name:
            return into.name, [Line("taken", "name")]
        return into.name, [Line("changed", "name", _("The channel keeps the name it has here."))]
    if not clean:
        return "CXone", [Line("unknown", "name", _("This is no name; the channel is called “CXone”."))]
    if clean == given:
        return clean, [Line("taken", "name")]
    return clean, [Line("changed", "name", gettext("Written as “%(name)s”.") % {"name": clean})]


def _language(document: Mapping[str, Any], lines: Iterable[Line]) -> Iterable[Line]:
    """What there is to say of the language of the phrases, which the area of translations only reads."""
    if isinstance(document.get("translationsLocale"), str):
        if any(line.path == "translations" and line.verdict == "unknown" for line in lines):
            yield Line("unknown", "translationsLocale", _("This language is not known here."))
        else:
            yield Line("taken", "translationsLocale")


def _shortened(lines: Iterable[Line]) -> Iterable[Line]:
    """Of each verdict so many lines as people look at; how many more there are is the last one."""
    counts: dict[str, int] = {}
    for line in lines:
        counts[line.verdict] = counts.get(line.verdict, 0) + 1
        if counts[line.verdict] <= MOST_LINES:
            yield line
    for verdict in ("taken", "changed", "unknown"):
        more = counts.get(verdict, 0) - MOST_LINES
        if more > 0:
            yield Line(verdict, "…", gettext("and %(count)s more") % {"count": more})
