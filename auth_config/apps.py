"""The auth_config room."""

from django.apps import AppConfig


class AuthConfigConfig(AppConfig):
    name = "auth_config"
    default_auto_field = "django.db.models.BigAutoField"
