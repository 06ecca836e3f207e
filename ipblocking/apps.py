"""The room of blocked addresses."""

from django.apps import AppConfig


class IpBlockingConfig(AppConfig):
    name = "ipblocking"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from ipblocking import belongings  # noqa: PLC0415 - models are there only now

        belongings.ready()
