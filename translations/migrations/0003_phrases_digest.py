"""The database says whether the phrases of a language are still the ones a process has read before."""

from typing import ClassVar

import django.db.models.functions.comparison
import django.db.models.functions.text
from django.db import migrations, models
from django.db.migrations.operations.base import Operation


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [("translations", "0002_row_security")]

    operations: ClassVar[list[Operation]] = [
        migrations.AddField(
            model_name="variant",
            name="phrases_digest",
            field=models.GeneratedField(
                db_persist=True,
                expression=django.db.models.functions.text.MD5(
                    django.db.models.functions.comparison.Cast("phrases", models.TextField())
                ),
                output_field=models.CharField(max_length=32),
            ),
        ),
    ]
