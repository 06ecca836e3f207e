"""The API room."""

from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "api"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # The schema generator finds these by their classes having been defined.
        from api import schema  # noqa: F401, PLC0415
