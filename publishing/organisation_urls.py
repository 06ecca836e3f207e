"""Addresses of publication that concern all channels of an organisation."""

from __future__ import annotations

from django.urls import URLPattern

app_name = "publications"

urlpatterns: list[URLPattern] = []
