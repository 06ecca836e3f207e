"""The drafts of Guides, behind row security."""

from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models
from django.db.migrations.operations.base import Operation

from tenants.rls import ProtectTable


class Migration(migrations.Migration):
    initial = True

    dependencies: ClassVar[list[tuple[str, str]]] = [
        ("channels_config", "0003_guides"),
        ("tenants", "0002_row_security"),
    ]

    operations: ClassVar[list[Operation]] = [
        migrations.CreateModel(
            name="GuideSettings",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("rank", models.PositiveSmallIntegerField(default=100)),
                ("branding", models.JSONField(default=dict)),
                ("place", models.JSONField(default=dict)),
                ("texts", models.JSONField(default=dict)),
                ("entries", models.JSONField(default=list)),
                ("domains_restricted", models.BooleanField(default=False)),
                ("allowed_domains", models.JSONField(default=list)),
                (
                    "channel",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="guide_settings",
                        to="channels_config.channel",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="tenants.organisation",
                    ),
                ),
            ],
            options={"abstract": False},
        ),
        ProtectTable("guide_guidesettings", {"channel_id": "channels_config_channel"}),
    ]
