"""Announcing deliveries: a person's save by itself, a crowd as a whole, so that nobody's save stands behind ten thousand."""

from __future__ import annotations

import queue
import threading
from typing import Any

import pytest

from publishing import nudge, tasks


def test_an_allowance_is_a_burst_and_then_so_many_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("publishing.nudge.time.monotonic", lambda: now)
    allowance = nudge.Allowance(burst=3, a_second=2)
    assert [allowance.take() for _ in range(4)] == [True, True, True, False]
    now += 0.6
    assert [allowance.take() for _ in range(2)] == [True, False]
    now += 60
    assert [allowance.take() for _ in range(4)] == [True, True, True, False]


def test_a_crowd_is_announced_as_a_whole_and_not_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[tuple[str, tuple[int, ...]]] = []

    def announce(task: Any, *arguments: int) -> None:
        sent.append((task.name, arguments))

    monkeypatch.setattr(nudge, "_announce", announce)
    monkeypatch.setattr(nudge, "PACE", 0.0)
    monkeypatch.setattr(nudge, "A_SECOND", 0.0)
    waiting: queue.Queue[tuple[int, int]] = queue.Queue()
    for number in range(1000):
        waiting.put((1, number))
    threading.Thread(target=nudge._send, args=(waiting,), daemon=True).start()
    waiting.join()
    singly = [arguments for name, arguments in sent if name == tasks.deliver.name]
    assert singly == [(1, number) for number in range(nudge.BURST)]
    whole = [arguments for name, arguments in sent if name == tasks.deliver_due.name]
    assert whole
    assert len(whole) < 10
