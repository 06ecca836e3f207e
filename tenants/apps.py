"""The tenants room."""

from django.apps import AppConfig


class TenantsConfig(AppConfig):
    name = "tenants"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # A system check is registered by being imported; nothing else happens here.
        from tenants import checks  # noqa: F401
