"""Channels, for tests of every room."""

from __future__ import annotations

from typing import Any

from channels_config.models import Channel, WebSettings
from tenants.models import Organisation
from tenants.scope import in_scope, tenant_scope


def channel(
    organisation: Organisation, name: str = "Support", *, draft: dict[str, Any] | None = None, **fields: Any
) -> Channel:
    """A channel with its draft row (`draft`: fields of WebSettings), unpublished. Opens the organisation's scope unless one is open."""
    if not in_scope():
        with tenant_scope(organisation.pk):
            return channel(organisation, name, draft=draft, **fields)
    made = Channel.objects.create(name=name, **fields)
    WebSettings.objects.create(channel=made, **(draft or {}))
    return made
