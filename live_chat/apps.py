"""The live_chat room."""

from django.apps import AppConfig


class LiveChatConfig(AppConfig):
    name = "live_chat"
    default_auto_field = "django.db.models.BigAutoField"
