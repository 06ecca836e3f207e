"""Since when a region has been behind, however often something newer was wanted in the meantime."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("publishing", "0006_packed_sections")]

    operations: ClassVar = [
        migrations.AddField("delivery", "due_since", models.DateTimeField(null=True)),
    ]
