"""Questions with choices that agents keep, behind row security."""

from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models
from django.db.migrations.operations.base import Operation

from tenants.rls import ProtectTable


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [
        ("desk", "0002_row_security"),
        ("tenants", "0001_initial"),
    ]

    operations: ClassVar[list[Operation]] = [
        migrations.CreateModel(
            name="QuickReplies",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("question", models.TextField(max_length=2000, verbose_name="question")),
                ("choices", models.JSONField()),
                (
                    "tenant",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="tenants.organisation",
                    ),
                ),
            ],
            options={"ordering": ["question", "pk"]},
        ),
        ProtectTable("desk_quickreplies"),
    ]
