"""Bringing a form to many channels, behind the request that saved it: a sweep over those that are behind."""

from __future__ import annotations

from celery import shared_task
from django.db import connection

from kit.background import alone
from surveys import services
from tenants.scope import tenant_scope

#: Channels of one transaction: a worker that dies loses no more than these.
BATCH = 5


@shared_task(name="surveys.tasks.sweep")
@alone
def sweep() -> None:
    """Every channel, of whatever organisation, that is behind its form. Nobody has to be told for it to happen."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tenant_id FROM surveys_tenants_behind()")
        tenants = [row[0] for row in cursor.fetchall()]
    for tenant_id in tenants:
        left = 1
        while left:
            with tenant_scope(tenant_id):
                left = services.roll_out(most=BATCH)
