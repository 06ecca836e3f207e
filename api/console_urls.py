"""Addresses of the pages of API tokens and webhooks, below the organisation."""

from __future__ import annotations

from django.urls import path

from api import console_views as views

app_name = "integrations"

urlpatterns = [
    path("tokens/", views.token_list, name="tokens"),
    path("tokens/<int:token_id>/revoke/", views.revoke, name="revoke"),
    path("webhooks/", views.webhook_list, name="webhooks"),
    path("webhooks/<int:webhook_id>/", views.webhook, name="webhook"),
    path("webhooks/<int:webhook_id>/test/", views.test_webhook, name="test"),
    path("webhooks/<int:webhook_id>/secret/", views.replace_secret, name="secret"),
    path("webhooks/<int:webhook_id>/secret/end/", views.end_former_secret, name="end_former"),
    path("webhooks/<int:webhook_id>/delete/", views.delete_webhook, name="delete"),
    path("webhooks/<int:webhook_id>/messages/<int:message_id>/again/", views.again, name="again"),
]
