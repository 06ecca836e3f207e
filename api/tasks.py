"""Background work of the API room: sending what webhooks are to be told."""

from __future__ import annotations

from celery import shared_task
from django.db import close_old_connections

from api import rounds
from kit.background import alone


@shared_task(ignore_result=True, expires=10)
@alone
def sweep() -> None:
    close_old_connections()
    rounds.work()
