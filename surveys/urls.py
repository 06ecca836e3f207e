"""Addresses of the area's page, below the channel."""

from __future__ import annotations

from django.urls import path

from surveys import channel_views as views

app_name = "surveys"

urlpatterns = [
    path("", views.edit, name="edit"),
    path("preview/", views.preview, name="preview"),
]
