"""Drafts of how customers are identified, and the organisations' secrets."""

from typing import Any, ClassVar

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.migrations.operations.base import Operation

import auth_config.models

_TENANT: dict[str, Any] = {
    "editable": False,
    "on_delete": django.db.models.deletion.CASCADE,
    "related_name": "+",
    "to": "tenants.organisation",
}


class Migration(migrations.Migration):
    initial = True

    dependencies: ClassVar[list[tuple[str, str]]] = [
        ("channels_config", "0002_row_security"),
        ("tenants", "0002_row_security"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations: ClassVar[list[Operation]] = [
        migrations.CreateModel(
            name="AuthSettings",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("document", models.JSONField(default=dict)),
                (
                    "channel",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="auth_settings",
                        to="channels_config.channel",
                    ),
                ),
                ("tenant", models.ForeignKey(**_TENANT)),
            ],
            options={"abstract": False},
        ),
        migrations.CreateModel(
            name="Secret",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "reference",
                    models.CharField(
                        default=auth_config.models.new_reference, editable=False, max_length=40, unique=True
                    ),
                ),
                ("ciphertext", models.TextField()),
                ("set_at", models.DateTimeField(auto_now_add=True)),
                ("set_by_label", models.CharField(default="", max_length=200)),
                (
                    "set_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("tenant", models.ForeignKey(**_TENANT)),
            ],
            options={
                "indexes": [models.Index(fields=["tenant", "set_at"], name="auth_config_secret_newest")]
            },
        ),
    ]
