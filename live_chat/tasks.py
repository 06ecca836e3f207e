"""Background work on live chat: fetch what visitors left, send e-mails."""

from __future__ import annotations

from celery import shared_task
from django.db import close_old_connections

from live_chat import services


@shared_task(ignore_result=True, expires=10)
def collect() -> None:
    close_old_connections()
    if services.collect():
        sweep()


@shared_task(ignore_result=True)
def send(tenant_id: int, mail_id: int) -> None:
    close_old_connections()
    services.send(tenant_id, mail_id)


@shared_task(ignore_result=True, expires=10)
def sweep() -> None:
    close_old_connections()
    for tenant_id, mail_id in services.due_mails():
        send.delay(tenant_id, mail_id)
