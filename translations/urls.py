"""Addresses of the area's pages, below the channel."""

from __future__ import annotations

from django.urls import path

from translations import import_views, phrase_views, views

app_name = "translations"

urlpatterns = [
    path("", views.edit, name="edit"),
    path("test/", views.tester, name="tester"),
    path("add/", views.add, name="add"),
    path("export/", import_views.export, name="export"),
    path("import/", import_views.upload, name="import"),
    path("import/<int:file>/", import_views.judged, name="judged"),
    path("import/<int:file>/step/", import_views.step, name="step"),
    path("import/<int:file>/apply/", import_views.apply, name="apply"),
    path("language/<slug:locale>/", phrase_views.phrases, name="phrases"),
    path("language/<slug:locale>/preview/", phrase_views.preview, name="preview"),
    path("language/<slug:locale>/change/", views.change, name="change"),
    path("language/<slug:locale>/delete/", views.delete, name="delete"),
    path("language/<slug:locale>/reset/", phrase_views.reset, name="reset"),
    path("language/<slug:locale>/undo/", phrase_views.undo, name="undo"),
]
