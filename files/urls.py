"""Addresses of export and import, below the chat channels."""

from __future__ import annotations

from django.urls import path

from files import views

app_name = "files"

urlpatterns = [
    path("files/", views.home, name="home"),
    path("files/export/", views.export_all, name="export_all"),
    path("files/import/", views.upload, name="upload"),
    path("files/imports/<int:import_id>/", views.look, name="look"),
    path("files/imports/<int:import_id>/progress/", views.progress, name="progress"),
    path("<published:channel>/file/", views.channel_file, name="channel"),
    path("<published:channel>/file/export/", views.export_channel, name="export"),
    path("<published:channel>/file/import/", views.channel_upload, name="channel_upload"),
]
