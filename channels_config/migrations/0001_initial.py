import django.db.models.deletion
import django.db.models.functions.text
from django.db import migrations, models

import channels_config.models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("tenants", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Channel",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "public_id",
                    models.CharField(
                        default=channels_config.models.new_public_id,
                        editable=False,
                        max_length=41,
                        unique=True,
                    ),
                ),
                ("name", models.CharField(max_length=120, verbose_name="name")),
                (
                    "kind",
                    models.CharField(
                        choices=[("messaging", "Chat messaging"), ("live", "Live chat")],
                        default="messaging",
                        max_length=10,
                        verbose_name="kind",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("deleted_at", models.DateTimeField(editable=False, null=True)),
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
            options={
                "ordering": ["name", "pk"],
            },
        ),
        migrations.CreateModel(
            name="WebSettings",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("custom_css", models.TextField(blank=True, verbose_name="custom CSS")),
                ("custom_js", models.TextField(blank=True, verbose_name="custom JavaScript")),
                (
                    "redesigned_ui",
                    models.BooleanField(default=True, verbose_name="use the redesigned interface"),
                ),
                ("colors", models.JSONField(default=dict)),
                (
                    "appearance",
                    models.CharField(
                        choices=[("bar", "Bar"), ("bubble", "Bubble")],
                        default="bar",
                        max_length=6,
                        verbose_name="launcher",
                    ),
                ),
                (
                    "position",
                    models.CharField(
                        choices=[("right", "Right"), ("left", "Left")],
                        default="right",
                        max_length=5,
                        verbose_name="position",
                    ),
                ),
                (
                    "domains_restricted",
                    models.BooleanField(default=False, verbose_name="only on the domains listed"),
                ),
                ("allowed_domains", models.JSONField(default=list)),
                (
                    "channel",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="web_settings",
                        to="channels_config.channel",
                    ),
                ),
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
            options={
                "abstract": False,
            },
        ),
        migrations.AddIndex(
            model_name="channel",
            index=models.Index(fields=["tenant", "name"], name="channels_by_name"),
        ),
        migrations.AddConstraint(
            model_name="channel",
            constraint=models.UniqueConstraint(
                models.F("tenant"),
                django.db.models.functions.text.Lower("name"),
                condition=models.Q(("deleted_at", None)),
                name="channels_config_channel_name",
                violation_error_message="Your organisation has a channel of this name already.",
            ),
        ),
    ]
