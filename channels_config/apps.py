"""The channels_config room."""

from django.apps import AppConfig


class ChannelsConfigConfig(AppConfig):
    name = "channels_config"
    default_auto_field = "django.db.models.BigAutoField"
