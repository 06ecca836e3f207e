"""Addresses of the area's pages, below the channel."""

from __future__ import annotations

from django.urls import path

from live_chat import message_views, views

app_name = "live_chat"

urlpatterns = [
    path("", views.edit, name="edit"),
    path("tester/", views.tester, name="tester"),
    path("messages/", message_views.messages, name="messages"),
    path("messages/act/", message_views.act, name="messages_act"),
    path("messages/messages.csv", message_views.download, name="messages_csv"),
    path("messages/mails/<int:mail>/retry/", message_views.retry, name="mail_retry"),
]
