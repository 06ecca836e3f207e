"""Background work of publishing: bring one delivery up to date, and look for those a nudge missed."""

from __future__ import annotations

from celery import shared_task
from django.db import close_old_connections

from publishing.services import deliver_until_current, due_deliveries


@shared_task(ignore_result=True)
def deliver(tenant_id: int, delivery_id: int) -> None:
    close_old_connections()
    deliver_until_current(tenant_id, delivery_id)


@shared_task(ignore_result=True, expires=10)
def sweep() -> None:
    close_old_connections()
    for due in due_deliveries():
        deliver.delay(due.tenant_id, due.delivery_id)
