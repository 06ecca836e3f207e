"""The console's addresses. Every area brings its own, below its channel."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path, register_converter

from areas.contract import GUIDE_KIND, Area
from areas.registry import areas
from channels_config.preview_frame import preview_frame, preview_guide
from chatadmin import views
from kit.converters import ChannelIdConverter, GuideIdConverter, PublishedIdConverter

register_converter(ChannelIdConverter, "channel")
register_converter(GuideIdConverter, "guide")
register_converter(PublishedIdConverter, "published")

_CHAT = "o/<int:brand>/acd/digital/chat/"


def _id(area: Area) -> str:
    """Which ids an area's addresses take: other kinds of channel have no such page."""
    if GUIDE_KIND not in area.kinds:
        return "<channel:channel>"
    return "<guide:channel>" if area.kinds == {GUIDE_KIND} else "<published:channel>"


urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", views.healthz, name="healthz"),
    path("", views.home, name="home"),
    path("preview/frame/", preview_frame, name="preview_frame"),
    path("preview/guide/", preview_guide, name="preview_guide"),
    path("o/<int:brand>/", views.organisation_home, name="organisation"),
    path("o/<int:brand>/help/", views.help_page, name="help"),
    path("", include("accounts.urls")),
    path("o/<int:brand>/audit/", include("audit.urls")),
    path("api/v1/", include("api.urls")),
    path("o/<int:brand>/integrations/", include("api.console_urls")),
    path(_CHAT, include("channels_config.channel_urls")),
    path(_CHAT, include("files.urls")),
    path(f"{_CHAT}address-lists/", include("ipblocking.list_urls")),
    path(f"{_CHAT}surveys/", include("surveys.organisation_urls")),
    path(f"{_CHAT}desk/", include("desk.urls")),
    path("o/<int:brand>/acd/digital/guide/", include("guide.organisation_urls")),
    path(_CHAT, include("publishing.organisation_urls")),
    path(f"{_CHAT}<published:channel>/", include("publishing.urls")),
    *(path(f"{_CHAT}{_id(area)}/{area.slug}/", include(area.urls)) for area in areas()),
]

handler400 = "chatadmin.errors.bad_request"
handler403 = "chatadmin.errors.forbidden"
handler404 = "chatadmin.errors.not_found"
handler500 = "chatadmin.errors.server_error"
