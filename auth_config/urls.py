"""Addresses of the area's pages, below the channel."""

from __future__ import annotations

from django.urls import path

from auth_config import views

app_name = "auth_config"

urlpatterns = [
    path("", views.edit, name="edit"),
    path("dry-run/", views.dry_run, name="dry_run"),
    path("tester/", views.tester, name="tester"),
    path("sign-in/", views.sign_in, name="sign_in"),
    path("sign-out/", views.sign_out_everybody, name="sign_out"),
    path("customer/", views.customer, name="customer"),
]
