"""A save while something is down: it answers at once, and is delivered by itself afterwards; real processes, really killed."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from tests.console_client import Console, signed_in
from tests.stack import Stack, eventually

#: Seconds that an admin takes for an answer at once, on a machine that runs tests.
AT_ONCE = 2.5


@pytest.fixture(scope="module")
def console(stack: Stack) -> Iterator[Console]:
    session = signed_in(stack.console, stack.password)
    yield session
    session.http.close()


@pytest.fixture
def channel(stack: Stack, console: Console) -> str:
    """A new channel that test has."""
    made = console.create_channel(f"Panne {uuid4().hex[:8]}")
    eventually(lambda: served(stack, made) is not None, seconds=20, what="test has the new channel")
    return made


def served(stack: Stack, channel: str) -> str | None:
    """The CSS that test serves of a channel; None when it does not know it, or does not answer."""
    try:
        answer = httpx.get(
            f"{stack.test}/chat/1.0/brand/1009/channel/{channel}",
            trust_env=False,
        )
    except httpx.TransportError:
        return None
    return str(answer.json()["customCss"]) if answer.status_code == 200 else None


def delivery(stack: Stack, channel: str) -> tuple[int, int, str]:
    """wanted, confirmed, last error."""
    rows = stack.sql(
        "SELECT wanted, confirmed, last_error FROM publishing_delivery d JOIN channels_config_channel c "
        "ON c.id = d.channel_id WHERE c.public_id = %s AND environment = 'test'",
        (channel,),
    )
    return rows[0]


@contextmanager
def down(stack: Stack, name: str) -> Iterator[None]:
    stack.hold(name)
    try:
        yield
    finally:
        stack.release(name)
        stack.wait_until_back(name)


def save_at_once(console: Console, channel: str, css: str) -> None:
    form = console.look_form(channel, css)
    began = time.monotonic()
    assert console.send_look(channel, form).status_code == 200
    assert time.monotonic() - began < AT_ONCE


def test_a_save_while_redis_is_down_answers_at_once_and_is_delivered_by_itself(
    stack: Stack, console: Console, channel: str
) -> None:
    console.save_css(channel, "b { order: 1 }")
    with down(stack, "redis"):
        save_at_once(console, channel, "b { order: 2 }")
        save_at_once(console, channel, "b { order: 3 }")
    eventually(
        lambda: served(stack, channel) == "b { order: 3 }", seconds=40, what="test serves the last save"
    )


def test_a_save_while_the_environment_is_down_says_so_and_the_newest_arrives(
    stack: Stack, console: Console, channel: str
) -> None:
    with down(stack, "test-env"):
        save_at_once(console, channel, "b { order: 1 }")
        eventually(
            lambda: delivery(stack, channel)[2] == "unreachable", seconds=20, what="the error is noted"
        )
        fragment = console.get(channel, "saved/").text
        assert "is-bad" in fragment
        assert f"{channel}/retry/" in fragment
        save_at_once(console, channel, "b { order: 2 }")
    eventually(
        lambda: served(stack, channel) == "b { order: 2 }", seconds=40, what="test serves the newest save"
    )
    eventually(lambda: delivery(stack, channel)[1:] == (3, ""), what="it is confirmed")
    assert "is-good" in console.get(channel, "saved/").text


def test_a_worker_killed_in_the_middle_of_a_push_is_followed_by_another(
    stack: Stack, console: Console, channel: str
) -> None:
    # An environment that is stopped, not dead, takes the connection and never answers: the push hangs there.
    pid = stack.pid("test-env")
    assert pid is not None
    with paused(pid):
        save_at_once(console, channel, "b { order: 1 }")
        eventually(lambda: pushing(stack), seconds=10, what="a worker holds the delivery's lock")
        before = stack.pid("worker")
        stack.kill("worker")
        eventually(
            lambda: not locks(stack), seconds=5, what="PostgreSQL has freed the lock of the dead worker"
        )
    eventually(lambda: stack.pid("worker") not in {None, before}, seconds=30, what="a worker is back")
    eventually(
        lambda: served(stack, channel) == "b { order: 1 }", seconds=40, what="test serves what was saved"
    )
    assert delivery(stack, channel)[:2] == (2, 2)


def test_a_worker_that_is_down_during_a_save_delivers_it_when_it_is_back(
    stack: Stack, console: Console, channel: str
) -> None:
    with down(stack, "worker"):
        for number in range(3):
            save_at_once(console, channel, f"b {{ order: {number} }}")
    eventually(
        lambda: served(stack, channel) == "b { order: 2 }", seconds=40, what="test serves the last save"
    )


def locks(stack: Stack) -> list[tuple[object, ...]]:
    """Delivery locks that are held: (pid of the session,)."""
    return stack.sql(
        "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND classid = %s AND granted", (0x707562,)
    )


def pushing(stack: Stack) -> bool:
    return bool(locks(stack))


@contextmanager
def paused(pid: int) -> Iterator[None]:
    """A process and its children stopped, and made to go on."""
    pids = [pid, *children(pid)]
    for one in pids:
        os.kill(one, signal.SIGSTOP)
    try:
        yield
    finally:
        for one in pids:
            os.kill(one, signal.SIGCONT)


def children(pid: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        listed = (task / "children").read_text().split()
        found += [int(one) for one in listed]
    return found + [grandchild for child in found for grandchild in children(child)]
