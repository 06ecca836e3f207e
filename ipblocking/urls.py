"""Addresses of the area's pages, below the channel."""

from __future__ import annotations

from django.urls import path

from ipblocking import views

app_name = "ipblocking"

urlpatterns = [
    path("", views.edit, name="edit"),
    path("entries/", views.entries, name="entries"),
    path("entries/remove/", views.remove, name="remove"),
    path("test/", views.test, name="test"),
    path("list.txt", views.download, name="download"),
]
