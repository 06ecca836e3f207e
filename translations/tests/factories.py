"""Languages of a channel, for tests."""

from __future__ import annotations

from typing import Any

from channels_config.models import Channel
from tenants.scope import in_scope, tenant_scope
from translations.models import Variant


def variant(channel: Channel, locale: str, name: str = "", **fields: Any) -> Variant:
    """A language of the channel; opens the organisation's scope unless one is open."""
    if not in_scope():
        with tenant_scope(channel.tenant_id):
            return variant(channel, locale, name, **fields)
    return Variant.objects.create(channel=channel, locale=locale, name=name or locale, **fields)
