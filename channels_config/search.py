"""The palette: channels, their pages, and what can be done, found by the words somebody types."""

from __future__ import annotations

from collections.abc import Callable, Container
from dataclasses import dataclass
from functools import partial

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
    pages = _pages(brand)
    for_pages = [word for word in words if any(plain(word) in plain(page.label) for page in pages)]
    for_channels = [word for word in words if word not in for_pages]

    found = _channels(words)
    rows = [_channel(channel, brand) for channel in found]
    if for_pages:
        of = found if not for_channels and found else _channels(for_channels)
        for channel in of[:MOST_CHANNELS]:
            for page in pages:
                if page.is_of(channel) and all(plain(word) in plain(page.label) for word in for_pages):
                    rows.append(
                        {
                            "title": page.label,
                            "detail": channel.name,
                            "url": page.url(channel.public_id),
                            "group": _("Pages"),
                            "icon": page.icon,
                        }
                    )
    for row in _places(brand, may_manage):
        known_as = plain(f"{row['title']} {row.pop('also')}")
        if all(plain(word) in known_as for word in words):
            rows.append(row)
    for area in areas():
        if words and area.find is not None:
            rows += area.find(words, brand)
    return rows


@dataclass(frozen=True)
class _Page:
    """A page every channel has, or those of some kinds."""

    label: str
    icon: str
    #: A channel's public id -> the page's address.
    url: Callable[[str], str]
    kinds: Container[str] | None = None

    def is_of(self, channel: Channel) -> bool:
        return self.kinds is None or channel.kind in self.kinds


def _pages(brand: int) -> list[_Page]:
    """The tabs of a channel, in their order."""

    def at(route: str) -> Callable[[str], str]:
        return lambda public_id: reverse(route, args=[brand, public_id])

    return [
        *(
            _Page(str(area.label), area.icon, partial(area.edit_url, brand), kinds=area.kinds)
            for area in areas()
        ),
        _Page(_("Publication"), "rocket", at("publishing:history")),
        _Page(_("Initialisation and test"), "messages", at("publishing:init")),
    ]


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
    """The pages of an organisation, under the words of the menu at the side; `also` finds a page by other words."""
    group = _("Go to")
    places = [
        (_("Overview"), "organisation", "home", ""),
        (_("Chat"), "channels:list", "messages", _("Chat channels")),
        (_("Guide"), "guides:list", "compass", ""),
        (_("Agent desk"), "desk:desk", "headset", _("Conversations")),
        (_("Forms"), "survey_forms:forms", "forms", _("Pre-contact survey")),
        (_("Custom fields"), "survey_forms:fields", "forms", ""),
        (_("Address lists"), "address_lists:list", "ban", _("IP blocking")),
        (_("Export and import"), "files:home", "download", ""),
        (_("Deliveries"), "publications:deliveries", "send", _("Publication")),
        (_("Copy settings"), "publications:copy", "copy", ""),
        (_("Audit"), "audit:list", "history", ""),
        (_("Help"), "help", "help", _("First steps")),
    ]
    if may_manage:
        places += [
            (_("API tokens"), "integrations:tokens", "plug", _("Integrations")),
            (_("Webhooks"), "integrations:webhooks", "plug", _("Integrations")),
            (_("Create a channel"), "channels:create", "plus", ""),
        ]
    return [
        {"title": title, "url": reverse(route, args=[brand]), "group": group, "icon": symbol, "also": also}
        for title, route, symbol, also in places
    ]
