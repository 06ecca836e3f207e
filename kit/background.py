"""Work behind the scenes that may take its time, kept from taking every thread of a worker: publications share them, and may not wait.

Whatever is passed over here has a sweep of beat's that asks for it again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import wraps
from typing import Any

#: Pieces of long work that a process does at a time; a worker has several times as many threads.
LONG_AT_ONCE = 2

_Work = Callable[..., Any]
_Key = tuple[str, tuple[Any, ...]]

_lock = threading.Lock()
_under_way: dict[_Key, bool] = {}


def alone(work: _Work) -> _Work:
    """The same work with the same arguments is done once at a time in a process; asked for meanwhile, it is passed over.

    For what waits for others (an environment, a receiver, a mail server): a second round would wait beside the first. A broker hands
    a task out again, too, when it has taken longer than a minute.
    """
    return _bounded(work, long=False)


def long_work(work: _Work) -> _Work:
    """`alone`, and LONG_AT_ONCE of these at a time in all: for what goes through thousands of channels."""
    return _bounded(work, long=True)


def _bounded(work: _Work, *, long: bool) -> _Work:
    name = f"{work.__module__}.{work.__qualname__}"

    @wraps(work)
    def bounded(*arguments: Any) -> Any:
        key = (name, arguments)
        with _lock:
            if key in _under_way or (long and sum(_under_way.values()) >= LONG_AT_ONCE):
                return None
            _under_way[key] = long
        try:
            return work(*arguments)
        finally:
            with _lock:
                del _under_way[key]

    return bounded
