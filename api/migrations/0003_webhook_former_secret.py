"""The secret a webhook had before, which signs beside the new one for a while."""

from typing import ClassVar

from django.db import migrations, models
from django.db.migrations.operations.base import Operation


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [("api", "0002_row_security")]

    operations: ClassVar[list[Operation]] = [
        migrations.AddField("webhook", "former_secret", models.TextField(default="", blank=True)),
        migrations.AddField("webhook", "former_until", models.DateTimeField(null=True)),
    ]
