"""Nothing saved is ever lost: Redis, a worker or an environment goes away in the middle of a save, and comes back."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import httpx
import pytest

from tests.admin import CHANNEL, Admin
from tests.chaos import frozen
from tests.stack import Stack, eventually


@pytest.fixture
def admin(stack: Stack) -> Iterator[Admin]:
    signed_in = Admin(stack)
    yield signed_in
    signed_in.close()


def test_a_save_while_redis_is_down_stands_and_is_delivered_afterwards(stack: Stack, admin: Admin) -> None:
    stack.hold("redis")
    try:
        saved = admin.save(custom_css="/* saved without Redis */")
        assert saved.status_code == 200
        assert newest_css(stack) == "/* saved without Redis */"
    finally:
        stack.release("redis")
        stack.wait_until_back("redis")
    eventually(
        lambda: served(stack)[1] == "/* saved without Redis */", seconds=60, what="test serves the save"
    )


def test_a_worker_killed_in_the_middle_of_a_push_costs_no_release(stack: Stack, admin: Admin) -> None:
    with frozen(stack, "test-env"):
        assert admin.save(custom_css="/* the worker dies pushing this */").status_code == 200
        eventually(lambda: pushing(stack), what="a worker holds the delivery")
        stack.kill("worker")
    stack.wait_until_back("worker")
    eventually(
        lambda: served(stack)[1] == "/* the worker dies pushing this */",
        seconds=60,
        what="another worker delivers it",
    )


def test_an_environment_that_was_away_gets_the_newest_release_and_never_an_older_one_after_it(
    stack: Stack, admin: Admin
) -> None:
    before = served(stack)[0]
    stack.hold("test-env")
    try:
        assert admin.save(custom_css="/* first while away */").status_code == 200
        eventually(lambda: last_error(stack) == "unreachable", what="the failed attempt is on record")
        page = admin.get(f"/o/1009/acd/digital/chat/{CHANNEL}/init/").text
        assert "L’environnement est injoignable." in page
        assert admin.save(custom_css="/* second while away */").status_code == 200
    finally:
        stack.release("test-env")
    numbers: list[int] = []
    eventually(
        lambda: numbers.append(served(stack)[0]) or served(stack)[1] == "/* second while away */",
        seconds=60,
        what="the newest release is served",
    )
    assert numbers == sorted(numbers)
    assert served(stack)[0] == before + 2


def test_numbers_never_go_back_while_saves_hurry_and_the_environment_is_killed(
    stack: Stack, admin: Admin
) -> None:
    seen: list[int] = []
    done = threading.Event()

    def watch() -> None:
        while not done.is_set():
            number = served(stack)[0]
            if number:
                seen.append(number)
            time.sleep(0.01)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        for turn in range(8):
            assert admin.save(custom_css=f"/* hurry {turn} */").status_code == 200
            if turn == 3:
                stack.kill("test-env")
        stack.wait_until_back("test-env")
        eventually(lambda: served(stack)[1] == "/* hurry 7 */", seconds=60, what="the last save is served")
    finally:
        done.set()
        watcher.join()
    assert seen == sorted(seen)
    rows = stack.sql(
        "SELECT number FROM publishing_release r JOIN channels_config_channel c ON c.id = r.channel_id "
        "WHERE c.public_id = %s ORDER BY number",
        (CHANNEL,),
    )
    assert [number for (number,) in rows] == list(range(1, len(rows) + 1))


def served(stack: Stack) -> tuple[int, str]:
    """Number and CSS of what the test environment serves; (0, "") while it is away."""
    try:
        answer = httpx.get(f"{stack.test}/chat/1.0/brand/1009/channel/{CHANNEL}", timeout=5, trust_env=False)
    except httpx.HTTPError:
        return 0, ""
    if answer.status_code != 200:
        return 0, ""
    return int(answer.headers["X-Release"]), answer.json()["customCss"]


def newest_css(stack: Stack) -> str:
    ((css,),) = stack.sql(
        "SELECT convert_from(sections, 'UTF8')::json->'channels_config'->>'custom_css' FROM publishing_release r "
        "JOIN channels_config_channel c ON c.id = r.channel_id WHERE c.public_id = %s ORDER BY number DESC LIMIT 1",
        (CHANNEL,),
    )
    return str(css)


def last_error(stack: Stack) -> str:
    ((error,),) = stack.sql(
        "SELECT last_error FROM publishing_delivery d JOIN channels_config_channel c ON c.id = d.channel_id "
        "WHERE c.public_id = %s AND environment = 'test'",
        (CHANNEL,),
    )
    return str(error)


def pushing(stack: Stack) -> bool:
    return bool(stack.sql("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted"))
