"""The same release may come again in another form: (release, revision) never goes back."""

from typing import ClassVar

from django.db import migrations, models
from django.db.migrations.operations.base import Operation


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [("gateway", "0001_conversations")]

    operations: ClassVar[list[Operation]] = [
        migrations.AddField("publishedchannel", "revision", models.BigIntegerField(db_default=0)),
    ]
