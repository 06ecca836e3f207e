"""The palette: channels, their pages, and what can be done, found by the words somebody types."""

from __future__ import annotations

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _

from areas.registry import areas
from channels_config.models import Channel
from kit.plain_text import Plain, plain

MOST_CHANNELS = 8
MOST_WORDS = 6


def results(text: str, *, brand: int, may_manage: bool) -> list[dict[str, str]]:
    """What fits `text`, best first: {"title", "detail", "url", "group", "icon"}; two queries at most, and
    those of the areas that look through their contents.

    A word may name a page or a channel: "css support" finds the page *CSS and JS* of every channel called Support.
    """
    words = text.replace("\0", "")[:120].split()[:MOST_WORDS]
    pages = [(str(area.label), area.icon, area) for area in areas()]
    for_pages = [word for word in words if any(plain(word) in plain(label) for label, _icon, _area in pages)]
    for_channels = [word for word in words if word not in for_pages]

    found = _channels(words)
    rows = [_channel(channel, brand) for channel in found]
    if for_pages:
        of = found if not for_channels and found else _channels(for_channels)
        for channel in of[:MOST_CHANNELS]:
            for label, symbol, area in pages:
                if channel.kind in area.kinds and all(plain(word) in plain(label) for word in for_pages):
                    rows.append(
                        {
                            "title": label,
                            "detail": channel.name,
                            "url": area.edit_url(brand, channel.public_id),
                            "group": _("Pages"),
                            "icon": symbol,
                        }
                    )
    rows.extend(
        row for row in _places(brand, may_manage) if all(plain(word) in plain(row["title"]) for word in words)
    )
    for area in areas():
        if words and area.find is not None:
            rows += area.find(words, brand)
    return rows


def named(text: str) -> Q:
    """Channels whose name or id holds `text`; the query set carries `plain_name=Plain("name")`."""
    return Q(plain_name__contains=plain(text)) | Q(public_id__icontains=text)


def _channels(words: list[str]) -> list[Channel]:
    wanted = Q()
    for word in words:
        wanted &= named(word)
    channels = Channel.every.alias(plain_name=Plain("name")).filter(wanted)
    return list(channels.order_by("plain_name", "pk")[:MOST_CHANNELS])


def _channel(channel: Channel, brand: int) -> dict[str, str]:
    return {
        "title": channel.name,
        "detail": str(channel.get_kind_display()),
        "url": reverse("channels:open", args=[brand, channel.public_id]),
        "group": _("Channels"),
        "icon": "compass" if channel.kind == Channel.Kind.GUIDE else "messages",
    }


def _places(brand: int, may_manage: bool) -> list[dict[str, str]]:
    group = _("Go to")
    places = [
        {
            "title": _("Overview"),
            "url": reverse("organisation", args=[brand]),
            "group": group,
            "icon": "home",
        },
        {
            "title": _("Chat channels"),
            "url": reverse("channels:list", args=[brand]),
            "group": group,
            "icon": "messages",
        },
        {
            "title": _("Guide"),
            "url": reverse("guides:list", args=[brand]),
            "group": group,
            "icon": "compass",
        },
    ]
    if may_manage:
        url = reverse("channels:create", args=[brand])
        places.append({"title": _("Create a channel"), "url": url, "group": group, "icon": "plus"})
    return places
