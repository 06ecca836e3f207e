"""Telling a worker that there is something to deliver, without ever making a save wait for it.

The broker may be down, slow or silent; the outbox row and the sweep see to the delivery then. So nudges leave the process from a
thread of their own, and one that cannot be sent is dropped.

A person's save is announced by itself. What comes faster than people save (a copy to many channels, an import) is announced as a
whole: a worker is told to deliver what is due. So the queue never holds thousands of deliveries in front of somebody's save.
"""

from __future__ import annotations

import atexit
import os
import queue
import threading
import time

import structlog
from celery import Task
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)

#: Nudges that may wait for a broker that does not answer; with more, the sweep is the quicker one.
MOST_WAITING = 1000
#: Seconds a process that ends (a management command) gives its last nudges.
PATIENCE = 1.0
#: Deliveries a process announces singly: so many at once, and so many a second after that.
BURST = 40
A_SECOND = 20.0
#: Seconds between two announcements of what is due as a whole.
PACE = 0.25

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


class Allowance:
    """So many at once, and so many a second after that."""

    def __init__(self, burst: int, a_second: float) -> None:
        self._burst, self._a_second = burst, a_second
        self._left, self._since = float(burst), time.monotonic()

    def take(self) -> bool:
        """Whether one more may go now."""
        now = time.monotonic()
        self._left = min(self._burst, self._left + (now - self._since) * self._a_second)
        self._since = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


def _send(waiting: queue.Queue[tuple[int, int]]) -> None:
    from publishing.tasks import deliver, deliver_due  # noqa: PLC0415 - the tasks lead back here

    allowance, announced = Allowance(BURST, A_SECOND), 0.0
    while True:
        tenant_id, delivery_id = waiting.get()
        if allowance.take():
            _announce(deliver, tenant_id, delivery_id)
            waiting.task_done()
            continue
        # More than people do: whatever else comes until then is announced with it.
        time.sleep(max(0.0, announced + PACE - time.monotonic()))
        count = 1 + _drained(waiting)
        announced = time.monotonic()
        _announce(deliver_due)
        for _number in range(count):
            waiting.task_done()


def _drained(waiting: queue.Queue[tuple[int, int]]) -> int:
    count = 0
    while True:
        try:
            waiting.get_nowait()
        except queue.Empty:
            return count
        count += 1


def _announce(task: Task[..., None], *arguments: int) -> None:
    try:
        task.apply_async(arguments, retry=False, ignore_result=True)
    except (OperationalError, RedisError, OSError) as error:
        log.warning("nudge dropped", why=str(error), task=task.name)
