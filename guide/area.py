"""The area of a Guide: branding, words, entry points. Only channels of the kind Guide have it."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from areas.contract import GUIDE_KIND, Area
from guide import section

AREA = Area(
    name="guide",
    slug="guide",
    label=_("Guide"),
    description=_("Which channels a page offers its visitors, and how the button and the menu look."),
    icon="compass",
    order=5,
    urls="guide.urls",
    dump=section.dump,
    load=section.load,
    check=section.check,
    public=section.public,
    phrases=section.phrases,
    redact=section.named,
    describe=section.describe,
    own_ids=section.own_ids,
    serializer="guide.api.SectionSerializer",
    kinds=frozenset({GUIDE_KIND}),
)
