"""Background work of publishing: deliveries, releases whose time has come, copies to many channels, regions that were added."""

from __future__ import annotations

from celery import shared_task
from django.db import close_old_connections

from kit.background import long_work
from publishing import arrivals, batches, copying
from publishing import promotions as promoting
from publishing import regions as placing
from publishing.services import due_deliveries

#: Batches that a sweep asks for at most; processes that are at one already pass.
BATCHES = 8


@shared_task(ignore_result=True)
def deliver(tenant_id: int, delivery_id: int) -> None:
    close_old_connections()
    batches.deliver_now(tenant_id, delivery_id)


@shared_task(ignore_result=True, expires=10)
def deliver_due() -> None:
    close_old_connections()
    if batches.work():
        # To the end of the queue: what came in the meantime is taken first.
        deliver_due.delay()


@shared_task(ignore_result=True, expires=10)
def sweep() -> None:
    close_old_connections()
    due = len(due_deliveries(BATCHES * batches.AT_ONCE))
    for _number in range(-(-due // batches.AT_ONCE)):
        deliver_due.delay()


@shared_task(ignore_result=True, expires=10)
def promotions() -> None:
    close_old_connections()
    promoting.carry_out_due()


@shared_task(ignore_result=True)
@long_work("copies", 2)
def copy(tenant_id: int, copy_id: int) -> None:
    close_old_connections()
    copying.work(tenant_id, copy_id)


@shared_task(ignore_result=True, expires=30)
def copies() -> None:
    close_old_connections()
    for tenant_id, copy_id in copying.resting():
        copy.delay(tenant_id, copy_id)


@shared_task(ignore_result=True, expires=120)
def regions() -> None:
    close_old_connections()
    placing.enrol_all()


@shared_task(ignore_result=True, expires=3600)
def forget_arrivals() -> None:
    close_old_connections()
    arrivals.forget_old()
