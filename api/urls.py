"""Addresses of the REST API, below /api/v1/."""

from __future__ import annotations

from django.urls import path

from api import file_views, views
from areas.registry import areas

app_name = "api"

_ORGANISATION = "organisations/<int:organisation>/"
_CHANNEL = f"{_ORGANISATION}channels/<published:channel_id>/"
_PROMOTION = f"{_CHANNEL}promotions/<int:promotion>/"

urlpatterns = [
    path("", views.root, name="root"),
    path("schema/", views.Schema.as_view(), name="schema"),
    path("docs/", views.docs, name="docs"),
    path("organisations/", views.Organisations.as_view(), name="organisations"),
    path(_ORGANISATION, views.OneOrganisation.as_view(), name="organisation"),
    path(f"{_ORGANISATION}channels/", views.Channels.as_view(), name="channels"),
    path(_CHANNEL, views.OneChannel.as_view(), name="channel"),
    path(f"{_CHANNEL}sections/", views.Sections.as_view(), name="sections"),
    *(
        path(
            f"{_CHANNEL}sections/{area.name}/",
            views.section_view(area).as_view(),
            name=f"section_{area.name}",
        )
        for area in areas()
    ),
    path(f"{_CHANNEL}releases/", views.Releases.as_view(), name="releases"),
    path(f"{_CHANNEL}releases/<int:number>/", views.OneRelease.as_view(), name="release"),
    path(f"{_CHANNEL}releases/<int:number>/rollback/", views.RollBack.as_view(), name="rollback"),
    path(f"{_CHANNEL}promotions/", views.Promotions.as_view(), name="promotions"),
    path(_PROMOTION, views.OnePromotion.as_view(), name="promotion"),
    path(f"{_PROMOTION}approve/", views.Approve.as_view(), name="approve"),
    path(f"{_PROMOTION}cancel/", views.Cancel.as_view(), name="cancel"),
    path(f"{_CHANNEL}deliveries/", views.Deliveries.as_view(), name="deliveries"),
    path(f"{_CHANNEL}deliveries/retry/", views.Retry.as_view(), name="retry"),
    path(f"{_CHANNEL}files/verdict/", file_views.FileVerdict.as_view(), name="file_verdict"),
    path(f"{_CHANNEL}file/", views.ChannelFileView.as_view(), name="file"),
    path("<path:rest>", views.Nothing.as_view(), name="nothing"),
]
