"""What every page inside a channel needs, and the door to one channel."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from django.urls import reverse

from areas.contract import Area
from areas.states import states
from channels_config.models import Channel
from tenants.access import TenantRequest
from tenants.prepared import Prepared


def channel_or_404(public_id: str) -> Channel:
    """A channel or Guide of the organisation in force. Raises Http404 for any other id, deleted ones included.

    Which of both a page is for, its address says (`<channel:…>`, `<guide:…>`, `<published:…>`).
    """
    channel = _channels.first(public_id)
    if channel is None:
        raise Http404
    return channel


_channels = Prepared(lambda public_id: Channel.every.filter(public_id=public_id), str)


def channel_context(request: TenantRequest, channel: Channel, area: Area | None = None) -> dict[str, Any]:
    """The context of `channel.html`: the channel, the area whose tab is current, and the environments' chips."""
    return {"channel": channel, "area": area, **states_context(request, channel)}


def states_context(request: TenantRequest, channel: Channel) -> dict[str, Any]:
    """The context of `parts/environments.html`."""
    statuses = states([channel])[channel.pk]
    return {
        "statuses": statuses,
        "statuses_pending": any(one.state == "pending" for one in statuses),
        "statuses_url": reverse("channels:states", args=[request.organisation.number, channel.public_id]),
    }
