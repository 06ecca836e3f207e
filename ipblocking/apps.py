"""The room of blocked addresses."""

from django.apps import AppConfig


class IpBlockingConfig(AppConfig):
    name = "ipblocking"
    default_auto_field = "django.db.models.BigAutoField"
