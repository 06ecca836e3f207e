"""A channel, or all channels of an organisation, as one JSON value: what a file holds.

    {"chatadmin": "channel", "format": 1, "id": "chat_…", "name": "…", "kind": "messaging", "areas": {name: section}}
    {"chatadmin": "organisation", "format": 1, "brand": 1009, "name": "…", "time_zone": "…", "channels": [channel, …]}

Sections are as the areas dump them, secrets replaced by a placeholder; keys are sorted, channels by name, Guides last.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from areas.contract import GUIDE_KIND
from areas.registry import areas_of
from channels_config.models import Channel
from files.formats import sorted_keys
from kit.plain_text import plain
from tenants.models import Organisation

FORMAT = 1
#: Channels of one file.
MOST_CHANNELS = 5000

_CHANNEL_FIELDS = {"chatadmin", "format", "id", "name", "kind", "areas"}
_ORGANISATION_FIELDS = {"chatadmin", "format", "brand", "name", "time_zone", "channels"}


class NotAChannelFile(Exception):
    """A file is readable, but describes no channel; `faults` are (path, sentence)."""

    def __init__(self, faults: list[tuple[str, str | Promise]]) -> None:
        super().__init__(
            "; ".join(f"{path}: {message}" if path else str(message) for path, message in faults)
        )
        self.faults = faults


@dataclass(frozen=True)
class ChannelFile:
    """One channel as a file describes it. `areas` holds those the file speaks of; `source` names the file."""

    name: str
    kind: str
    public_id: str = ""
    areas: Mapping[str, Any] = field(default_factory=dict)
    source: str = ""

    def named(self) -> str:
        return self.name or self.public_id


def channel_document(channel: Channel, names: Iterable[str] | None = None) -> dict[str, Any]:
    """The channel's drafts as a file holds them; `names` limits the areas."""
    wanted = None if names is None else set(names)
    return {
        "chatadmin": "channel",
        "format": FORMAT,
        "id": channel.public_id,
        "name": channel.name,
        "kind": channel.kind,
        "areas": {
            area.name: sorted_keys(area.redact(area.dump(channel)))
            for area in sorted(areas_of(channel.kind), key=lambda one: one.name)
            if wanted is None or area.name in wanted
        },
    }


def organisation_document(organisation: Organisation, channels: Iterable[Channel]) -> dict[str, Any]:
    """An organisation with these channels."""
    # Guides last: where all are new, the channels they offer are there by then.
    ordered = sorted(channels, key=lambda one: (one.kind == GUIDE_KIND, plain(one.name), one.public_id))
    return {
        "chatadmin": "organisation",
        "format": FORMAT,
        "brand": organisation.number,
        "name": organisation.name,
        "time_zone": organisation.time_zone,
        "channels": [
            {key: value for key, value in channel_document(one).items() if key not in {"chatadmin", "format"}}
            for one in ordered
        ],
    }


def is_channel_json(value: Any) -> bool:
    """Whether this looks like the channel JSON a chat client gets, ours or CXone's (wire contract 3.3)."""
    return (
        isinstance(value, dict)
        and "chatadmin" not in value
        and bool({"isLiveChat", "settings"} & value.keys())
    )


def read_channels(value: Any, *, source: str = "") -> list[ChannelFile]:
    """The channels of a file's value. Raises NotAChannelFile."""
    if not isinstance(value, dict) or value.get("chatadmin") not in ("channel", "organisation"):
        raise NotAChannelFile([("", _("This is no file of a channel or an organisation."))])
    is_one = value["chatadmin"] == "channel"
    found: list[tuple[str, str | Promise]] = [
        (str(name), _("There is no such field."))
        for name in value
        if name not in (_CHANNEL_FIELDS if is_one else _ORGANISATION_FIELDS)
    ]
    if value.get("format") != FORMAT or isinstance(value.get("format"), bool):
        found.append(("format", _("This format is not known here.")))
    if found:
        raise NotAChannelFile(found)
    if is_one:
        return [_channel(value, "", source)]
    channels = value.get("channels")
    if not isinstance(channels, list):
        raise NotAChannelFile([("channels", _("A list belongs here."))])
    if len(channels) > MOST_CHANNELS:
        raise NotAChannelFile(
            [("channels", _("At most %(most)s channels fit into one file.") % {"most": MOST_CHANNELS})]
        )
    return [_channel(one, f"channels.{number}", source) for number, one in enumerate(channels)]


def _channel(value: Any, path: str, source: str) -> ChannelFile:
    if not isinstance(value, dict):
        raise NotAChannelFile([(path, _("An object belongs here."))])
    before = f"{path}." if path else ""
    found: list[tuple[str, str | Promise]] = [
        (before + str(name), _("There is no such field.")) for name in value if name not in _CHANNEL_FIELDS
    ]
    for name, needed in (("id", False), ("name", True), ("kind", True)):
        given = value.get(name, "")
        if not isinstance(given, str) or (needed and not given.strip()):
            found.append((before + name, _("A text belongs here.")))
    if isinstance(value.get("kind"), str) and value["kind"] not in Channel.Kind.values:
        found.append((f"{before}kind", _("The kind of a channel is messaging, live or guide.")))
    if not isinstance(value.get("areas", {}), dict):
        found.append((f"{before}areas", _("An object belongs here.")))
    if found:
        raise NotAChannelFile(found)
    return ChannelFile(
        name=value["name"],
        kind=value["kind"],
        public_id=value.get("id", ""),
        areas=value.get("areas", {}),
        source=source,
    )
