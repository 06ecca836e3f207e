"""Long work leaves a worker's threads to others."""

from __future__ import annotations

import threading

from kit.background import alone, long_work


def test_work_is_done_once_at_a_time_and_only_so_many_long_pieces_in_all() -> None:
    go_on, begun = threading.Event(), threading.Semaphore(0)
    done: list[tuple[str, int]] = []

    @long_work("copies", 2)
    def copy(number: int) -> str:
        begun.release()
        go_on.wait(30)
        done.append(("copy", number))
        return "copied"

    @long_work("lists", 1)
    def spread(number: int) -> str:
        done.append(("spread", number))
        return "spread"

    @alone
    def look(number: int) -> str:
        done.append(("look", number))
        return "looked"

    threads = [threading.Thread(target=copy, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
        assert begun.acquire(timeout=30)
    # One that is under way, and one too many: passed over. Another lane, and what is not long, goes on.
    assert (copy(0), copy(9), spread(0), look(0)) == (None, None, "spread", "looked")
    go_on.set()
    for thread in threads:
        thread.join()
    assert sorted(done) == [("copy", 0), ("copy", 1), ("look", 0), ("spread", 0)]
    assert copy(0) == "copied"


def test_work_that_fails_may_be_done_again() -> None:
    @alone
    def fail() -> None:
        raise LookupError

    for _time in range(2):
        try:
            fail()
        except LookupError:
            continue
        raise AssertionError("passed over")
