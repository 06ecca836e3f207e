"""Background work on live chat: fetch what visitors left, send e-mails."""

from __future__ import annotations

from celery import shared_task
from django.db import close_old_connections

from kit.background import alone
from live_chat import services


@shared_task(ignore_result=True, expires=10)
@alone
def collect() -> None:
    close_old_connections()
    if services.collect():
        sweep.delay()


@shared_task(ignore_result=True, expires=10)
@alone
def sweep() -> None:
    """One after the other: a mail server that does not answer takes one thread, not all of them."""
    close_old_connections()
    for tenant_id, mail_id in services.due_mails():
        services.send(tenant_id, mail_id)
