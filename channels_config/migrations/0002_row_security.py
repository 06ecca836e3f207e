"""Channels and their drafts behind row security."""

from typing import ClassVar

from django.db import migrations
from django.db.migrations.operations.base import Operation

from tenants.rls import ProtectTable


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [
        ("channels_config", "0001_initial"),
        ("tenants", "0002_row_security"),
    ]

    operations: ClassVar[list[Operation]] = [
        ProtectTable("channels_config_channel"),
        ProtectTable("channels_config_websettings", {"channel_id": "channels_config_channel"}),
    ]
