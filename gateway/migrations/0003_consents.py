"""Consents given in a pre-contact form, with the words that were read."""

from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models
from django.db.migrations.operations.base import Operation
from django.db.models.functions import Now


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [("gateway", "0002_revision")]

    operations: ClassVar[list[Operation]] = [
        migrations.CreateModel(
            name="Consent",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("ident", models.CharField(max_length=80)),
                ("form", models.CharField(max_length=120)),
                ("version", models.IntegerField()),
                ("locale", models.CharField(max_length=35, db_default="")),
                ("text", models.TextField()),
                ("digest", models.CharField(max_length=64)),
                ("release", models.BigIntegerField()),
                ("given_at", models.DateTimeField(db_default=Now())),
                (
                    "contact",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="consents",
                        to="gateway.contact",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("contact", "ident"), name="gateway_consent_once")
                ]
            },
        ),
    ]
