"""Background work of the API room: sending what webhooks are to be told."""

from __future__ import annotations

from celery import shared_task
from django.db import close_old_connections

from api import webhooks


@shared_task(ignore_result=True)
def send(tenant_id: int, message_id: int) -> None:
    close_old_connections()
    webhooks.send(tenant_id, message_id)


@shared_task(ignore_result=True, expires=10)
def sweep() -> None:
    close_old_connections()
    for tenant_id, message_id in webhooks.due_messages():
        send.delay(tenant_id, message_id)
