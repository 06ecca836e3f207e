"""Addresses of the area's pages, below the channel."""

from __future__ import annotations

from django.urls import path

from file_restrictions import views

app_name = "file_restrictions"

urlpatterns = [
    path("", views.edit, name="edit"),
    path("types/", views.types, name="types"),
    path("tester/", views.tester, name="tester"),
]
