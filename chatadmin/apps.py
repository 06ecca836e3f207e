"""The room that puts the others together; an app for its management commands."""

from django.apps import AppConfig


class ChatadminConfig(AppConfig):
    name = "chatadmin"
