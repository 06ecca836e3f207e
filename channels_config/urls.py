"""Addresses of the area's pages, below the channel."""

from __future__ import annotations

from django.urls import path

from channels_config import area_views as views

app_name = "channels_config"

urlpatterns = [
    path("", views.edit, name="edit"),
    path("preview/", views.preview, name="preview"),
]
