"""Since when a webhook takes nothing."""

from typing import ClassVar

from django.db import migrations, models
from django.db.migrations.operations.base import Operation


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [("api", "0004_messages_to_send")]

    operations: ClassVar[list[Operation]] = [
        migrations.AddField("webhook", "failing_since", models.DateTimeField(null=True)),
    ]
