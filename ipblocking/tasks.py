"""Background work on addresses: bring shared lists to their channels, fetch what rules met, forget what is too old."""

from __future__ import annotations

from celery import shared_task
from django.db import close_old_connections

from ipblocking import services
from kit.background import alone, long_work


@shared_task(ignore_result=True)
@long_work("lists", 1)
def publish_list(tenant_id: int, list_id: int) -> None:
    close_old_connections()
    services.publish_waiting(tenant_id, list_id)


@shared_task(ignore_result=True, expires=10)
def sweep() -> None:
    close_old_connections()
    for tenant_id, list_id in services.waiting_lists():
        publish_list.delay(tenant_id, list_id)


@shared_task(ignore_result=True, expires=10)
@alone
def collect_hits() -> None:
    close_old_connections()
    services.collect_hits()


@shared_task(ignore_result=True, expires=3600)
def forget_hits() -> None:
    close_old_connections()
    services.forget_hits()
