"""The Celery application of the worker and of beat."""

from __future__ import annotations

import os

from celery import Celery
from celery.signals import beat_init, worker_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatadmin.settings")

app = Celery("chatadmin")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_init.connect
@beat_init.connect
def refuse_a_bypassing_role(**kwargs: object) -> None:
    """A worker started as a database role that ignores row security must not serve."""
    from chatadmin.startup import check

    check()
