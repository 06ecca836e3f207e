"""The draft of which files one channel takes from visitors."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from channels_config.models import Channel
from file_restrictions.rules import MAX_SIZE_MB
from tenants.models import TenantModel


class FileRestrictions(TenantModel):
    """One channel's rules. `allowed_types` keeps the admin's order: [{"media_type", "description", "max_size_mb"}, ...]."""

    channel = models.OneToOneField(Channel, on_delete=models.CASCADE, related_name="file_restrictions")
    is_attachments_enabled = models.BooleanField(_("allow attachments"), default=True)
    max_size_mb = models.PositiveSmallIntegerField(_("maximum size"), default=MAX_SIZE_MB)
    allowed_types = models.JSONField(default=list)
    allow_macros = models.BooleanField(default=False)
    allow_archives_with_executables = models.BooleanField(default=False)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=models.Q(max_size_mb__range=(1, MAX_SIZE_MB)), name="file_restrictions_size"
            ),
        ]

    def __str__(self) -> str:
        return f"file restrictions of {self.channel_id}"
