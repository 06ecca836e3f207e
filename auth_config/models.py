"""The draft of how a channel's customers are identified, and the secrets it refers to."""

from __future__ import annotations

import secrets
from typing import ClassVar

from django.conf import settings
from django.db import models

from channels_config.models import Channel
from tenants.models import TenantModel


def new_reference() -> str:
    """What a section holds in place of a secret."""
    return f"ref_{secrets.token_hex(12)}"


class AuthSettings(TenantModel):
    """The area's draft of one channel, in the shape of its section (auth_config.section)."""

    channel = models.OneToOneField(Channel, on_delete=models.CASCADE, related_name="auth_settings")
    document = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"authentication of {self.channel_id}"


class Secret(TenantModel):
    """A client secret or signing secret, encrypted. Releases, which never change, hold its reference; so its row stays."""

    reference = models.CharField(max_length=40, unique=True, default=new_reference, editable=False)
    ciphertext = models.TextField()
    set_at = models.DateTimeField(auto_now_add=True)
    set_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+", editable=False
    )
    set_by_label = models.CharField(max_length=200, default="")

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["tenant", "set_at"], name="auth_config_secret_newest")
        ]

    def __str__(self) -> str:
        return self.reference
