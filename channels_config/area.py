"""The area of a channel's looks and pages: CSS and JS, colours, launcher, allowed domains."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from areas.contract import Area
from channels_config import cxone, section
from channels_config.describe import describe

AREA = Area(
    name="channels_config",
    slug="css-js",
    label=_("Customise CSS and JS"),
    description=_(
        "Appearance, custom CSS and JavaScript, and the domains on which the channel may be shown."
    ),
    icon="palette",
    order=10,
    urls="channels_config.urls",
    dump=section.dump,
    load=section.load,
    check=section.check,
    public=section.public,
    describe=describe,
    disarm=lambda one: {**one, "custom_js": ""},
    from_channel_json=cxone.from_channel_json,
    serializer="channels_config.api.SectionSerializer",
)
