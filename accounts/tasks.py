"""Background work on accounts: sessions that have ended are forgotten."""

from __future__ import annotations

from celery import shared_task
from django.core.management import call_command
from django.db import close_old_connections


@shared_task(ignore_result=True, expires=3600)
def clear_sessions() -> None:
    close_old_connections()
    call_command("clearsessions")
