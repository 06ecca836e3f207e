"""What a region has that this console does not know, so that nothing is numbered below it."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("publishing", "0008_regions_that_are_back")]

    operations: ClassVar = [
        migrations.AddField("delivery", "ahead", models.PositiveIntegerField(default=0, db_default=0)),
        migrations.AddField(
            "delivery", "ahead_revision", models.PositiveIntegerField(default=0, db_default=0)
        ),
    ]
