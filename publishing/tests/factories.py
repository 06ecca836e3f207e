"""Releases, for tests of every room."""

from __future__ import annotations

from accounts.models import User
from channels_config.models import Channel
from publishing.models import Release
from publishing.services import publish
from tenants.scope import in_scope, tenant_scope


def release(channel: Channel, *, by: User | None = None, note: str = "") -> Release:
    """What the channel's drafts say now, numbered and wanted in test. Opens the channel's scope unless one is open."""
    if not in_scope():
        with tenant_scope(channel.tenant_id):
            return release(channel, by=by, note=note)
    return publish(channel, areas=["channels_config"], by=by, note=note)
