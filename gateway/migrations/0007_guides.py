"""A Guide's id is one character longer than a channel's."""

from typing import ClassVar

from django.db import migrations, models
from django.db.migrations.operations.base import Operation


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [("gateway", "0006_agent_desk")]

    operations: ClassVar[list[Operation]] = [
        migrations.AlterField(
            model_name="publishedchannel",
            name="channel",
            field=models.CharField(max_length=42, primary_key=True, serialize=False),
        ),
    ]
