"""Addresses of the list of Guides."""

from __future__ import annotations

from django.urls import path

from guide import list_views

app_name = "guides"

urlpatterns = [
    path("", list_views.guide_list, name="list"),
    path("new/", list_views.create, name="create"),
]
