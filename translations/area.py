"""The area of a channel's languages: variants, their phrases, what a visitor reads."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from areas.contract import CHAT_KINDS, GUIDE_KIND, Area
from tenants.roles import Role
from translations import finding, section

AREA = Area(
    name="translations",
    slug="translations",
    label=_("Translations"),
    description=_("The languages of the chat window, and every phrase a visitor reads."),
    icon="language",
    order=30,
    urls="translations.urls",
    dump=section.dump,
    load=section.load,
    check=section.check,
    describe=section.describe,
    canonical=section.canonical,
    find=finding.find,
    from_channel_json=section.from_channel_json,
    serializer="translations.api.SectionSerializer",
    kinds=CHAT_KINDS | {GUIDE_KIND},
    edit_role=Role.TRANSLATOR,
)
