"""Background work of the files room: imports of many channels."""

from __future__ import annotations

from celery import shared_task
from django.db import close_old_connections

from files import imports
from kit.background import long_work


@shared_task(ignore_result=True)
@long_work("copies", 2)
def go_on(tenant_id: int, import_id: int) -> None:
    close_old_connections()
    imports.go_on(tenant_id, import_id)


@shared_task(ignore_result=True, expires=10)
def sweep() -> None:
    close_old_connections()
    for tenant_id, import_id in imports.resting():
        go_on.delay(tenant_id, import_id)
