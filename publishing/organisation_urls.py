"""Addresses of publication that concern all channels of an organisation."""

from __future__ import annotations

from django.urls import path

from publishing import organisation_views as views

app_name = "publications"

urlpatterns = [
    path("deliveries/", views.delivery_list, name="deliveries"),
    path("deliveries/retry/", views.delivery_retry, name="retry"),
    path("copy/", views.copy, name="copy"),
    path("copy/<int:number>/", views.copied, name="copied"),
    path("copy/<int:number>/undo/", views.copy_undo, name="copy_undo"),
]
