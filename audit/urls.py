"""Addresses of the audit record, below the organisation."""

from __future__ import annotations

from django.urls import path

from audit import views

app_name = "audit"

urlpatterns = [
    path("", views.entries, name="list"),
    path("export.csv", views.export_csv, name="csv"),
    path("export.json", views.export_json, name="json"),
]
