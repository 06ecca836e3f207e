"""The area of live chat: opening hours, what happens offline, transcripts, inactivity, and how the window behaves."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from areas.contract import Area
from live_chat import section, services

AREA = Area(
    name="live_chat",
    slug="live-chat",
    label=_("Availability"),
    description=_("Opening hours, offline messages, transcripts, inactivity and how the window behaves."),
    icon="clock-hour-4",
    order=70,
    urls="live_chat.urls",
    dump=section.dump,
    load=section.load,
    check=section.check,
    public=section.public,
    phrases=section.phrases,
    from_channel_json=section.from_channel_json,
    describe=section.describe,
    erase_customer=services.erase_customer,
    serializer="live_chat.api.SectionSerializer",
)
