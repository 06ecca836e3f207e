"""What the agent desk needs: who has a conversation, where it began, and what agents tell each other in it."""

from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models
from django.db.migrations.operations.base import Operation
from django.db.models.functions import Now


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [("gateway", "0005_attachments")]

    operations: ClassVar[list[Operation]] = [
        migrations.AddField("Contact", "assignee_id", models.CharField(max_length=64, db_default="")),
        migrations.AddField("Contact", "locale", models.CharField(max_length=35, db_default="")),
        migrations.AddField("Contact", "page", models.CharField(max_length=2000, db_default="")),
        migrations.AddIndex(
            "Contact",
            models.Index(
                fields=["channel", "thread"],
                condition=models.Q(("status", "closed"), _negated=True),
                name="gateway_contact_open",
            ),
        ),
        migrations.CreateModel(
            "Note",
            [
                (
                    "id",
                    models.BigAutoField(
                        primary_key=True, serialize=False, auto_created=True, verbose_name="ID"
                    ),
                ),
                ("external_id", models.CharField(max_length=255)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("note", "Note"),
                            ("taken", "Taken"),
                            ("transferred", "Transferred"),
                            ("queued", "Queued"),
                            ("closed", "Closed"),
                        ],
                        max_length=12,
                    ),
                ),
                ("author", models.CharField(max_length=255)),
                ("author_id", models.CharField(max_length=64)),
                ("target", models.CharField(max_length=255, db_default="")),
                ("text", models.TextField(db_default="")),
                ("created_at", models.DateTimeField(db_default=Now())),
                (
                    "thread",
                    models.ForeignKey(
                        "gateway.Thread",
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="notes",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("thread", "external_id"), name="gateway_note_identity")
                ]
            },
        ),
    ]
