"""What visitors leave for the organisation, transcripts asked for, and when a silent visitor was warned."""

from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models
from django.db.migrations.operations.base import Operation
from django.db.models.functions import Now


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [("gateway", "0007_guides")]

    operations: ClassVar[list[Operation]] = [
        migrations.AddField("Contact", "warned_at", models.DateTimeField(null=True)),
        migrations.AlterField(
            "Message",
            "author",
            models.CharField(
                choices=[
                    ("customer", "Customer"),
                    ("agent", "Agent"),
                    ("practice", "Practice"),
                    ("system", "System"),
                ],
                max_length=8,
            ),
        ),
        migrations.CreateModel(
            "Outgoing",
            [
                (
                    "id",
                    models.BigAutoField(
                        primary_key=True, serialize=False, auto_created=True, verbose_name="ID"
                    ),
                ),
                ("uuid", models.UUIDField(unique=True)),
                ("brand", models.BigIntegerField()),
                ("channel", models.CharField(max_length=41)),
                ("kind", models.CharField(max_length=12)),
                ("data", models.JSONField()),
                ("created_at", models.DateTimeField(db_default=Now())),
            ],
        ),
        migrations.CreateModel(
            "Transcript",
            [
                (
                    "id",
                    models.BigAutoField(
                        primary_key=True, serialize=False, auto_created=True, verbose_name="ID"
                    ),
                ),
                ("address", models.CharField(max_length=254)),
                ("asked_at", models.DateTimeField(db_default=Now())),
                (
                    "contact",
                    models.ForeignKey(
                        "gateway.Contact",
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="transcripts",
                    ),
                ),
                (
                    "customer",
                    models.ForeignKey(
                        "gateway.Customer",
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="transcripts",
                        db_index=False,
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["customer", "asked_at"], name="gateway_transcript_customer"),
                    models.Index(fields=["address", "asked_at"], name="gateway_transcript_address"),
                ]
            },
        ),
    ]
