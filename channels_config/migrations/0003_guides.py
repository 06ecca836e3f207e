"""A Guide is a channel of a kind of its own: guide_<uuid> is one character longer than chat_<uuid>."""

from typing import ClassVar

from django.db import migrations, models
from django.db.migrations.operations.base import Operation

import channels_config.models


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [("channels_config", "0002_row_security")]

    operations: ClassVar[list[Operation]] = [
        migrations.AlterModelOptions(
            name="channel", options={"default_manager_name": "every", "ordering": ["name", "pk"]}
        ),
        migrations.AlterModelManagers(name="channel", managers=[("every", models.Manager())]),
        migrations.AlterField(
            model_name="channel",
            name="kind",
            field=models.CharField(
                choices=[("messaging", "Chat messaging"), ("live", "Live chat"), ("guide", "Guide")],
                default="messaging",
                max_length=10,
                verbose_name="kind",
            ),
        ),
        migrations.AlterField(
            model_name="channel",
            name="public_id",
            field=models.CharField(
                default=channels_config.models.new_public_id, editable=False, max_length=42, unique=True
            ),
        ),
    ]
