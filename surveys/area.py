"""The area of the pre-contact survey: what a visitor is asked before the first message."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from areas.contract import Area
from surveys import cxone, section

AREA = Area(
    name="surveys",
    slug="pre-contact-survey",
    label=_("Pre-contact survey"),
    description=_("The questions a visitor answers before the first message."),
    icon="forms",
    order=20,
    urls="surveys.urls",
    dump=section.dump,
    load=section.load,
    check=section.check,
    public=section.public,
    phrases=section.phrases,
    describe=section.describe,
    from_channel_json=cxone.from_channel_json,
    makes=section.makes,
    custom_fields=section.custom_fields,
    serializer="surveys.api.SectionSerializer",
)
