"""The console's addresses. Every area brings its own, below its channel."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path, register_converter

from areas.registry import areas
from channels_config.preview_frame import preview_frame
from chatadmin import views
from kit.converters import ChannelIdConverter

register_converter(ChannelIdConverter, "channel")

_CHAT = "o/<int:brand>/acd/digital/chat/"

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", views.healthz, name="healthz"),
    path("", views.home, name="home"),
    path("preview/frame/", preview_frame, name="preview_frame"),
    path("o/<int:brand>/", views.organisation_home, name="organisation"),
    path("", include("accounts.urls")),
    path("o/<int:brand>/audit/", include("audit.urls")),
    path("api/v1/", include("api.urls")),
    path("o/<int:brand>/integrations/", include("api.console_urls")),
    path(_CHAT, include("channels_config.channel_urls")),
    path(_CHAT, include("files.urls")),
    path(f"{_CHAT}address-lists/", include("ipblocking.list_urls")),
    path(f"{_CHAT}surveys/", include("surveys.organisation_urls")),
    path(f"{_CHAT}desk/", include("desk.urls")),
    path(_CHAT, include("publishing.organisation_urls")),
    path(f"{_CHAT}<channel:channel>/", include("publishing.urls")),
    *(path(f"{_CHAT}<channel:channel>/{area.slug}/", include(area.urls)) for area in areas()),
]

handler400 = "chatadmin.errors.bad_request"
handler403 = "chatadmin.errors.forbidden"
handler404 = "chatadmin.errors.not_found"
handler500 = "chatadmin.errors.server_error"
