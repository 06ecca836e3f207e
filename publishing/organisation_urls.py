"""Addresses of publication that concern all channels of an organisation."""

from __future__ import annotations

from django.urls import path

from publishing import delivery_views
from publishing import organisation_views as views

app_name = "publications"

urlpatterns = [
    path("deliveries/", delivery_views.deliveries, name="deliveries"),
    path("deliveries/retry/", delivery_views.retry, name="retry"),
    path("copy/", views.copy, name="copy"),
    path("copy/<int:number>/", views.copied, name="copied"),
    path("copy/<int:number>/undo/", views.copy_undo, name="copy_undo"),
]
