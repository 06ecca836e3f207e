"""How long it is remembered when releases became visible: the charts show thirty days, somebody who looks back has ninety."""

from __future__ import annotations

from datetime import timedelta

import structlog
from django.db import connection
from django.utils import timezone

log = structlog.get_logger(__name__)

KEPT = timedelta(days=90)
#: Rows of one statement, so that none holds its locks for long.
AT_ONCE = 5000


def forget_old(at_once: int = AT_ONCE) -> int:
    """Delete what is older, of all organisations; returns how many. Two workers at once share the rows."""
    before = timezone.now() - KEPT
    gone = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute("SELECT publishing_forget_arrivals(%s, %s)", [before, at_once])
            count = int(cursor.fetchone()[0])
        gone += count
        if count < at_once:
            break
    if gone:
        log.info("arrivals forgotten", count=gone)
    return gone
