"""A note says when a conversation went back into the queue because its agent was gone."""

from typing import ClassVar

from django.db import migrations, models
from django.db.migrations.operations.base import Operation


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [("gateway", "0008_live_chat")]

    operations: ClassVar[list[Operation]] = [
        migrations.AlterField(
            "Note",
            "kind",
            models.CharField(
                choices=[
                    ("note", "Note"),
                    ("taken", "Taken"),
                    ("transferred", "Transferred"),
                    ("queued", "Queued"),
                    ("closed", "Closed"),
                    ("left", "Left"),
                ],
                max_length=12,
            ),
        ),
    ]
