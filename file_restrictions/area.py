"""The area of files: whether a channel takes attachments, which, and how large."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from areas.contract import Area
from file_restrictions import section

AREA = Area(
    name="file_restrictions",
    slug="files",
    label=_("File restrictions"),
    description=_("Whether visitors may send files, of which types, and how large."),
    icon="paperclip",
    order=40,
    urls="file_restrictions.urls",
    dump=section.dump,
    load=section.load,
    check=section.check,
    public=section.public,
    phrases=section.phrases,
    from_channel_json=section.from_channel_json,
    describe=section.describe,
    serializer="file_restrictions.api.SectionSerializer",
)
