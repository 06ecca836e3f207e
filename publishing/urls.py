"""Addresses of initialisation, test and publication, below the channel."""

from __future__ import annotations

from django.urls import URLPattern

app_name = "publishing"

urlpatterns: list[URLPattern] = []
