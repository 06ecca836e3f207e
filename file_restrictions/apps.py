"""The file_restrictions room."""

from django.apps import AppConfig


class FileRestrictionsConfig(AppConfig):
    name = "file_restrictions"
    default_auto_field = "django.db.models.BigAutoField"
