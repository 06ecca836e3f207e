"""Telling a worker that there is something to deliver, without ever making a save wait for it.

The broker may be down, slow or silent; the outbox row and the sweep see to the delivery then. So nudges leave the process from a
thread of their own, and one that cannot be sent is dropped.
"""

from __future__ import annotations

import atexit
import os
import queue
import threading
import time

import structlog
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)

#: Nudges that may wait for a broker that does not answer; with more, the sweep is the quicker one.
MOST_WAITING = 1000
#: Seconds a process that ends (a management command) gives its last nudges.
PATIENCE = 1.0

_waiting: queue.Queue[tuple[int, int]] = queue.Queue(MOST_WAITING)
_lock = threading.Lock()
_sender: tuple[int, threading.Thread] | None = None


def nudge(tenant_id: int, delivery_id: int) -> None:
    """Have a worker look at a delivery soon. Returns at once and never raises."""
    global _sender, _waiting
    with _lock:
        if _sender is None or _sender[0] != os.getpid() or not _sender[1].is_alive():
            if _sender is not None and _sender[0] != os.getpid():
                _waiting = queue.Queue(MOST_WAITING)
            thread = threading.Thread(target=_send, args=(_waiting,), name="nudge", daemon=True)
            thread.start()
            _sender = (os.getpid(), thread)
            atexit.register(flush)
    try:
        _waiting.put_nowait((tenant_id, delivery_id))
    except queue.Full:
        log.warning("nudge dropped", why="the broker does not keep up", delivery=delivery_id)


def flush(patience: float = PATIENCE) -> bool:
    """Wait for the nudges under way; False when some are left after so many seconds."""
    until = time.monotonic() + patience
    while _waiting.unfinished_tasks:
        if time.monotonic() > until:
            return False
        time.sleep(0.005)
    return True


def _send(waiting: queue.Queue[tuple[int, int]]) -> None:
    from publishing.tasks import deliver  # noqa: PLC0415 - the task leads back here

    while True:
        tenant_id, delivery_id = waiting.get()
        try:
            deliver.apply_async((tenant_id, delivery_id), retry=False, ignore_result=True)
        except (OperationalError, RedisError, OSError) as error:
            log.warning("nudge dropped", why=str(error), delivery=delivery_id)
        finally:
            waiting.task_done()
