"""Addresses of the list of channels and of a channel as a whole."""

from __future__ import annotations

from django.urls import path

from channels_config import channel_views as views
from channels_config import command_views

app_name = "channels"

urlpatterns = [
    path("", views.channel_list, name="list"),
    path("search.json", views.palette, name="palette"),
    path("new/", views.create, name="create"),
    path("<published:channel>/", views.open_channel, name="open"),
    path("<published:channel>/states/", views.channel_states, name="states"),
    path("<published:channel>/rename/", views.rename, name="rename"),
    path("<published:channel>/duplicate/", views.duplicate, name="duplicate"),
    path("<published:channel>/delete/", views.delete, name="delete"),
    path("<channel:channel>/commands/", command_views.commands, name="commands"),
    path("<channel:channel>/commands/cxone.d.ts", command_views.declarations, name="declarations"),
]
