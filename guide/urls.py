"""Addresses of a Guide's page, below the Guide."""

from __future__ import annotations

from django.urls import path

from guide import views

app_name = "guide"

urlpatterns = [
    path("", views.edit, name="edit"),
    path("preview/", views.preview, name="preview"),
    path("tester/", views.tester, name="tester"),
]
