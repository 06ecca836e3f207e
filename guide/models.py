"""The draft of a Guide: its looks and words, its entry points, the domains it may appear on."""

from __future__ import annotations

from django.db import models

from channels_config.models import Channel
from tenants.models import TenantModel


class GuideSettings(TenantModel):
    """One row per Guide; a Guide without one has the defaults (`guide.section`). The JSON fields are parts of the section."""

    channel = models.OneToOneField(Channel, on_delete=models.CASCADE, related_name="guide_settings")
    rank = models.PositiveSmallIntegerField(default=100)
    branding = models.JSONField(default=dict)
    place = models.JSONField(default=dict)
    texts = models.JSONField(default=dict)
    entries = models.JSONField(default=list)
    domains_restricted = models.BooleanField(default=False)
    allowed_domains = models.JSONField(default=list)

    def __str__(self) -> str:
        return f"guide settings of {self.channel_id}"
