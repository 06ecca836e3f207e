"""The area of how a channel's customers are identified."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from areas.contract import Area
from auth_config import cxone, section
from tenants.roles import Role

AREA = Area(
    name="auth_config",
    slug="authentication",
    label=_("Authentication"),
    description=_(
        "Who the customer is: anonymous, secured cookie, your own sign-in; how long conversations are kept."
    ),
    icon="shield-lock",
    order=60,
    edit_role=Role.ADMIN,
    urls="auth_config.urls",
    dump=section.dump,
    load=section.load,
    check=section.check,
    public=section.public,
    private=section.private,
    redact=section.redact,
    restore=section.restore,
    describe=section.describe,
    uses_field=section.uses_field,
    from_channel_json=cxone.from_channel_json,
    serializer="auth_config.api.SectionSerializer",
)
