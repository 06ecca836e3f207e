"""Rounds of sending what webhooks are to be told: many messages side by side, on one thread of a worker.

A receiver that does not answer must keep neither other receivers nor publications waiting. So a round takes few messages of each
webhook, waits for all of them together, and leaves one that timed out alone for a moment; and a process is at one round at a time
(api.tasks).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import structlog
from django.db import connection

from api import webhooks
from kit.http import run

log = structlog.get_logger(__name__)

#: Messages of one round, and of one webhook among them.
AT_ONCE, EACH = 40, 4
#: Seconds for which rounds follow one another before others get the thread.
WORKS_FOR = 5.0
#: Seconds for which nothing is sent to a webhook that did not answer in time.
REST = 15.0

_silent: dict[int, float] = {}


def work(seconds: float = WORKS_FOR) -> int:
    """Send what is due, round by round; returns how many messages were tried."""
    until, tried = time.monotonic() + seconds, 0
    while time.monotonic() < until and (sent := send_due()):
        tried += sent
    return tried


def due_messages(most: int = AT_ONCE, each: int = EACH) -> list[tuple[int, int]]:
    """(tenant id, message id) of what waits to be sent, of all organisations: the longest waiting, few of each webhook."""
    now = time.monotonic()
    resting = [webhook for webhook, until in list(_silent.items()) if until > now]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tenant_id, message_id FROM api_messages_to_send(%s, %s, %s::bigint[])",
            [most, each, resting],
        )
        return [(int(tenant), int(message)) for tenant, message in cursor.fetchall()]


def send_due() -> int:
    """One round; returns how many messages were tried."""
    claimed = [one for due in due_messages() if (one := webhooks.claim(*due)) is not None]
    if not claimed:
        return 0
    for one, (status, error) in zip(claimed, run(_calls(claimed)), strict=True):
        if error == "timeout":
            _silent[one.message.webhook_id] = time.monotonic() + REST
        webhooks.note(one, status, error)
    return len(claimed)


async def _calls(claimed: Sequence[webhooks.Claimed]) -> list[tuple[int | None, str]]:
    # Names are looked up on threads: those of a name server that is silent must not be all there are.
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(len(claimed)))
    async with webhooks.client() as client:
        answers = await asyncio.gather(
            *(webhooks.call(client, one) for one in claimed), return_exceptions=True
        )
    found = list[tuple[int | None, str]]()
    for one, answer in zip(claimed, answers, strict=True):
        if isinstance(answer, BaseException):
            # A fault of ours with one message must not keep the others from being sent.
            log.error("webhook not called", message=one.message.pk, exc_info=answer)
            answer = None, "unreachable"
        found.append(answer)
    return found
