"""Addresses of the area's pages, below the channel."""

from __future__ import annotations

from django.urls import URLPattern

app_name = "channels_config"

urlpatterns: list[URLPattern] = []
