"""An import whose author may not import any more stops."""

from typing import ClassVar

from django.db import migrations, models
from django.db.migrations.operations.base import Operation


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [("files", "0002_row_security")]

    operations: ClassVar[list[Operation]] = [
        migrations.AlterField(
            model_name="import",
            name="state",
            field=models.CharField(
                choices=[
                    ("open", "Not applied yet"),
                    ("running", "Being applied"),
                    ("done", "Applied"),
                    ("stopped", "Stopped"),
                ],
                default="open",
                max_length=10,
            ),
        ),
    ]
