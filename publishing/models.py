"""Releases (what was saved, immutable and numbered) and deliveries (what each environment should have, and has)."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from channels_config.models import Channel
from tenants.models import TenantModel


class Release(TenantModel):
    """One saved state of a whole channel. A trigger refuses to change or delete it."""

    channel = models.ForeignKey(Channel, on_delete=models.DO_NOTHING, related_name="releases")
    number = models.PositiveIntegerField()
    channel_facts = models.JSONField()
    sections = models.JSONField()
    digest = models.CharField(max_length=64)
    removed = models.BooleanField(default=False)
    areas = models.JSONField(default=list)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_constraint=False,
    )
    author_label = models.CharField(max_length=254)
    note = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar[list[str]] = ["channel", "-number"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["tenant", "channel", "number"], name="publishing_release_number")
        ]

    def __str__(self) -> str:
        return f"{self.channel_id} #{self.number}"


class EnvironmentName(models.TextChoices):
    TEST = "test", _("Test")
    LIVE = "live", _("Live")


class Delivery(TenantModel):
    """What one environment should serve of one channel. The row is the outbox: `wanted > confirmed` is work to do."""

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="deliveries")
    environment = models.CharField(max_length=10, choices=EnvironmentName)
    wanted = models.PositiveIntegerField()
    wanted_at = models.DateTimeField()
    confirmed = models.PositiveIntegerField(default=0)
    visible_at = models.DateTimeField(null=True)
    visible_in_ms = models.PositiveIntegerField(null=True)
    attempts = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField()
    last_error = models.CharField(max_length=100, blank=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["tenant", "channel", "environment"], name="publishing_delivery_once"
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["next_attempt_at"],
                condition=models.Q(wanted__gt=models.F("confirmed")),
                name="publishing_delivery_due",
            )
        ]

    def __str__(self) -> str:
        return f"{self.channel_id} in {self.environment}: {self.confirmed} of {self.wanted}"
