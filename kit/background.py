"""Work behind the scenes that may take its time, kept from taking every thread of a worker: publications share them, and may not wait.

Whatever is passed over here has a sweep of beat's that asks for it again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import wraps
from typing import Any

_Work = Callable[..., Any]
_Key = tuple[str, tuple[Any, ...]]

_lock = threading.Lock()
#: What is being done, and in which lane; "" for none.
_under_way: dict[_Key, str] = {}


def alone(work: _Work) -> _Work:
    """The same work with the same arguments is done once at a time in a process; asked for meanwhile, it is passed over.

    For what waits for others (an environment, a receiver, a mail server): a second round would wait beside the first. A broker hands
    a task out again, too, when it has taken longer than a minute.
    """
    return _bounded(work, "", 0)


def long_work(lane: str, at_once: int) -> Callable[[_Work], _Work]:
    """`alone`, and so many at a time of all that share the lane: for what goes through thousands of channels.

    All lanes together, and what is `alone`, leave threads of a worker free (CELERY_WORKER_CONCURRENCY).
    """
    return lambda work: _bounded(work, lane, at_once)


def _bounded(work: _Work, lane: str, at_once: int) -> _Work:
    name = f"{work.__module__}.{work.__qualname__}"

    @wraps(work)
    def bounded(*arguments: Any) -> Any:
        key = (name, arguments)
        with _lock:
            if key in _under_way or (lane and list(_under_way.values()).count(lane) >= at_once):
                return None
            _under_way[key] = lane
        try:
            return work(*arguments)
        finally:
            with _lock:
                del _under_way[key]

    return bounded
