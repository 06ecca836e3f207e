"""Authentication drafts and secrets behind row security."""

from typing import ClassVar

from django.db import migrations
from django.db.migrations.operations.base import Operation

from tenants.rls import ProtectTable


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [
        ("auth_config", "0001_initial"),
        ("channels_config", "0002_row_security"),
    ]

    operations: ClassVar[list[Operation]] = [
        ProtectTable("auth_config_authsettings", {"channel_id": "channels_config_channel"}),
        ProtectTable("auth_config_secret"),
    ]
