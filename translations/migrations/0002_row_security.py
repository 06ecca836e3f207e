"""Languages, their phrases and files on their way in behind row security."""

from typing import ClassVar

from django.db import migrations
from django.db.migrations.operations.base import Operation

from tenants.rls import ProtectTable


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [
        ("translations", "0001_initial"),
        ("channels_config", "0002_row_security"),
        ("tenants", "0002_row_security"),
    ]

    operations: ClassVar[list[Operation]] = [
        ProtectTable("translations_languagesettings", {"channel_id": "channels_config_channel"}),
        ProtectTable("translations_variant", {"channel_id": "channels_config_channel"}),
        ProtectTable("translations_importfile", {"channel_id": "channels_config_channel"}),
        ProtectTable("translations_importchunk", {"file_id": "translations_importfile"}),
    ]
