"""Lists of addresses, for tests."""

from __future__ import annotations

from channels_config.models import Channel
from ipblocking import drafts, section
from ipblocking.models import AddressList


def own(channel: Channel, text: str, by: str = "Alice") -> AddressList:
    """The channel's own list with this text; inside a scope."""
    read = drafts.read(text, own_address=None)
    target = drafts.own_list(channel)
    drafts.write(target, read.source, read.lines, told=read.told(), by=by)
    return target


def shared(name: str, text: str, *channels: Channel, by: str = "Alice") -> AddressList:
    """A shared list used by these channels; inside a scope."""
    read = drafts.read(text, own_address=None)
    target = AddressList(name=name)
    drafts.write(target, read.source, read.lines, told=read.told(), by=by)
    for channel in channels:
        section.use(channel, {*channel.address_list_uses.values_list("list_id", flat=True), target.pk})
    return target
