"""Customers' sessions, codes that were used, and who among the customers is proven."""

from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models
from django.db.migrations.operations.base import Operation
from django.db.models.functions import Now


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [("gateway", "0003_consents")]

    operations: ClassVar[list[Operation]] = [
        migrations.AddField("customer", "mapped_fields", models.JSONField(db_default={})),
        migrations.AddField("customer", "proven", models.BooleanField(db_default=False)),
        migrations.AddIndex(
            "thread",
            models.Index(fields=["customer", "-active_at", "-id"], name="gateway_thread_of_customer"),
        ),
        migrations.CreateModel(
            name="Session",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("channel", models.CharField(max_length=41)),
                ("mode", models.CharField(max_length=16)),
                ("epoch", models.BigIntegerField(db_default=0)),
                ("created_at", models.DateTimeField(db_default=Now())),
                ("expires_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                ("secret_hash", models.CharField(max_length=64)),
                ("former_hash", models.CharField(db_default="", max_length=64)),
                ("renewed_at", models.DateTimeField(null=True)),
                ("provider", models.TextField(db_default="")),
                ("provider_expires_at", models.DateTimeField(null=True)),
                ("refresh_at", models.DateTimeField(null=True)),
                ("busy_until", models.DateTimeField(null=True)),
                ("userinfo_at", models.DateTimeField(null=True)),
                (
                    "customer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="sessions",
                        to="gateway.customer",
                    ),
                ),
            ],
            options={"indexes": [models.Index(fields=["created_at"], name="gateway_session_age")]},
        ),
        migrations.CreateModel(
            name="UsedTicket",
            fields=[
                ("fingerprint", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("used_at", models.DateTimeField(db_default=Now())),
            ],
            options={"indexes": [models.Index(fields=["used_at"], name="gateway_ticket_age")]},
        ),
    ]
