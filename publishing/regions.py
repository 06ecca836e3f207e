"""Regions that were added to an environment after channels had been published there, or are back: they catch up by themselves."""

from __future__ import annotations

from django.db import connection

from channels_config.models import Channel
from publishing.environments import environments
from publishing.services import enrol_region
from tenants.scope import tenant_scope

#: Channels taken up in one go; the next round takes the rest.
AT_ONCE = 500


def enrol_all() -> int:
    """Want in every region what its environment serves elsewhere; returns how many deliveries that takes."""
    made = 0
    for environment in environments().values():
        for place in environment.places:
            for tenant_id, channel_id in _lacking(environment.name, place.name):
                with tenant_scope(tenant_id):
                    channel = Channel.all_objects.select_for_update().get(pk=channel_id)
                    enrol_region(channel, environment.name, place.name)
                made += 1
    return made


def _lacking(environment: str, region: str) -> list[tuple[int, int]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tenant_id, channel_id FROM publishing_lacking_region(%s, %s, %s)",
            [environment, region, AT_ONCE],
        )
        return [(int(tenant), int(channel)) for tenant, channel in cursor.fetchall()]
