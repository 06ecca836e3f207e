"""The area of blocked addresses: who may not come in, whatever they ask for."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from areas.contract import Area
from ipblocking import rules, section

AREA = Area(
    name="ipblocking",
    slug="addresses",
    label=_("IP blocking"),
    description=_("Addresses and networks that get no chat, with exceptions, expiry and shared lists."),
    icon="ban",
    order=50,
    urls="ipblocking.urls",
    dump=section.dump,
    load=section.load,
    check=section.check,
    describe=section.describe,
    private=rules.packed,
    serializer="ipblocking.api.SectionSerializer",
)
