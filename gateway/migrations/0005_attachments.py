"""Visitors' files. Deleting a conversation lets go of its files, and the sweep removes them: the database sees to it."""

from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models
from django.db.migrations.operations.base import Operation
from django.db.models.functions import Now


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [("gateway", "0004_sessions")]

    operations: ClassVar[list[Operation]] = [
        migrations.CreateModel(
            "Attachment",
            [
                (
                    "id",
                    models.BigAutoField(
                        primary_key=True, serialize=False, auto_created=True, verbose_name="ID"
                    ),
                ),
                ("token", models.CharField(max_length=64, unique=True)),
                ("channel", models.CharField(max_length=41)),
                ("name", models.CharField(max_length=255)),
                ("media_type", models.CharField(max_length=255)),
                ("size", models.BigIntegerField()),
                ("stored", models.CharField(max_length=255)),
                ("preview", models.CharField(db_default="", max_length=255)),
                ("created_at", models.DateTimeField(db_default=Now())),
                ("claimed_at", models.DateTimeField(null=True)),
                (
                    "thread",
                    models.ForeignKey(
                        "gateway.Thread",
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="attachments",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("thread", None)),
                        fields=["channel", "created_at"],
                        name="gateway_file_waiting",
                    )
                ],
            },
        ),
        migrations.RunSQL(
            "ALTER TABLE gateway_attachment ADD CONSTRAINT gateway_attachment_thread FOREIGN KEY (thread_id)"
            " REFERENCES gateway_thread (id) ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED",
            "ALTER TABLE gateway_attachment DROP CONSTRAINT gateway_attachment_thread",
        ),
    ]
