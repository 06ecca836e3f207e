"""A channel, or all channels of an organisation, as one JSON value: what a file holds.

    {"chatadmin": "channel", "format": 1, "id": "chat_…", "name": "…", "kind": "messaging", "areas": {name: section},
     "going_live": {"live_on_save": false, "four_eyes": false, "checklist": ["…"]}}
    {"chatadmin": "organisation", "format": 1, "brand": 1009, "name": "…", "time_zone": "…", "channels": [channel, …],
     "custom_fields": […], "forms": […], "address_lists": […], "cards": […], "canned_answers": […],
     "quick_replies": […]}

Sections are as the areas dump them, secrets replaced by a placeholder; keys are sorted, channels by name, Guides last: they name
channels. What an organisation keeps beside its channels is in `files.beside`. A field that is left out changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from areas.belongings import Entry
from areas.contract import GUIDE_KIND
from areas.registry import areas_of
from channels_config.models import Channel
from files import beside
from files.formats import sorted_keys
from kit.plain_text import plain
from publishing.promotions import CHECK_LENGTH, MOST_CHECKS, rules_of
from tenants.models import Organisation

FORMAT = 1
#: Channels of one file.
MOST_CHANNELS = 5000

_CHANNEL_FIELDS = {"chatadmin", "format", "id", "name", "kind", "areas", "going_live"}
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
    """One channel as a file describes it. `areas` holds those the file speaks of; `source` names the file.

    `going_live` are the rules of publication, as `publishing.promotions.set_rules` takes them; None where the file says nothing.
    """

    name: str
    kind: str
    public_id: str = ""
    areas: Mapping[str, Any] = field(default_factory=dict)
    source: str = ""
    going_live: Mapping[str, Any] | None = None

    def named(self) -> str:
        return self.name or self.public_id


@dataclass(frozen=True)
class Contents:
    """All that files hold: channels, each after those it names, and what the organisation keeps beside them."""

    channels: list[ChannelFile]
    beside: Mapping[str, list[Entry]] = field(default_factory=dict)


def in_order(files: Iterable[ChannelFile]) -> list[ChannelFile]:
    """Guides last: where all are new, the channels they offer are there by then."""
    return sorted(files, key=lambda one: one.kind == GUIDE_KIND)


def going_live(channel: Channel) -> dict[str, Any]:
    """How releases of the channel go live, as a file holds it."""
    rules = rules_of(channel)
    return {
        "checklist": list(rules.checklist),
        "four_eyes": rules.four_eyes,
        "live_on_save": rules.live_on_save,
    }


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
        **({"going_live": going_live(channel)} if wanted is None else {}),
    }


def organisation_document(organisation: Organisation, channels: Iterable[Channel]) -> dict[str, Any]:
    """An organisation with these channels, and what it keeps beside them."""
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
        **beside.dump(),
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
    return read_contents(value, source=source).channels


def read_contents(value: Any, *, source: str = "") -> Contents:
    """What a file's value holds. Raises NotAChannelFile."""
    if not isinstance(value, dict) or value.get("chatadmin") not in ("channel", "organisation"):
        raise NotAChannelFile([("", _("This is no file of a channel or an organisation."))])
    is_one = value["chatadmin"] == "channel"
    known = _CHANNEL_FIELDS if is_one else _ORGANISATION_FIELDS | beside.names()
    found: list[tuple[str, str | Promise]] = [
        (str(name), _("There is no such field.")) for name in value if name not in known
    ]
    if value.get("format") != FORMAT or isinstance(value.get("format"), bool):
        found.append(("format", _("This format is not known here.")))
    if found:
        raise NotAChannelFile(found)
    if is_one:
        return Contents([_channel(value, "", source)])
    channels = value.get("channels")
    if not isinstance(channels, list):
        raise NotAChannelFile([("channels", _("A list belongs here."))])
    if len(channels) > MOST_CHANNELS:
        raise NotAChannelFile(
            [("channels", _("At most %(most)s channels fit into one file.") % {"most": MOST_CHANNELS})]
        )
    kept, faults = beside.read(value)
    if faults:
        raise NotAChannelFile(faults)
    files = [_channel(one, f"channels.{number}", source) for number, one in enumerate(channels)]
    return Contents(in_order(files), kept)


def together(several: Sequence[Contents]) -> Contents:
    """Several files as one. Raises NotAChannelFile for what two of them describe."""
    kept, faults = beside.together(one.beside for one in several)
    if faults:
        raise NotAChannelFile(faults)
    return Contents(in_order(file for one in several for file in one.channels), kept)


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
    if value.get("going_live") is not None:
        found += [(f"{before}going_live{path}", said) for path, said in _rule_faults(value["going_live"])]
    if found:
        raise NotAChannelFile(found)
    return ChannelFile(
        name=value["name"],
        kind=value["kind"],
        public_id=value.get("id", ""),
        areas=value.get("areas", {}),
        source=source,
        going_live=value.get("going_live"),
    )


def _rule_faults(value: Any) -> list[tuple[str, str | Promise]]:
    """What the page of these rules would say, by place."""
    if not isinstance(value, dict):
        return [("", _("An object belongs here."))]
    if set(value) != {"checklist", "four_eyes", "live_on_save"}:
        return [("", _("Exactly live_on_save, four_eyes and checklist belong here."))]
    found: list[tuple[str, str | Promise]] = [
        (f".{name}", _("true or false belongs here."))
        for name in ("four_eyes", "live_on_save")
        if not isinstance(value[name], bool)
    ]
    lines = value["checklist"]
    if (
        not isinstance(lines, list)
        or len(lines) > MOST_CHECKS
        or not all(
            isinstance(line, str) and line and line == " ".join(line.split()) and len(line) <= CHECK_LENGTH
            for line in lines
        )
    ):
        said = _(
            "At most %(most)s sentences of %(length)s characters, without spaces around them, belong here."
        )
        found.append((".checklist", said % {"most": MOST_CHECKS, "length": CHECK_LENGTH}))
    if not found and value["live_on_save"] and (value["four_eyes"] or lines):
        found.append(
            (".live_on_save", _("Publishing on save leaves no time for a second person or a checklist."))
        )
    return found
