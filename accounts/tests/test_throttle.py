"""How fast passwords may be tried."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from ipaddress import ip_address

import pytest
import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

from accounts.throttle import InProcess, InRedis, Pace, Throttle, address_key

QUICK = Pace(free=3, sinks_every=1000, first_wait=10, longest_wait=60)


@pytest.fixture
def client() -> Iterator[redis.Redis]:
    with redis.Redis.from_url(settings.REDIS_URL) as opened:
        yield opened
        for key in opened.scan_iter("test-attempts:*"):
            opened.delete(key)


@pytest.fixture(params=["redis", "process"])
def counter(request: pytest.FixtureRequest, client: redis.Redis) -> InRedis | InProcess:
    return InRedis(client, "test-attempts:") if request.param == "redis" else InProcess()


def test_the_free_attempts_pass_and_the_next_has_to_wait(counter: InRedis | InProcess) -> None:
    assert [counter.take({"a": QUICK}) for _ in range(5)] == [0, 0, 0, 10, 10]


def test_the_wait_doubles_up_to_the_longest(counter: InRedis | InProcess) -> None:
    pace = Pace(free=1, sinks_every=1000, first_wait=0.02, longest_wait=0.06)
    waits = []
    for _ in range(12):
        assert counter.take({"a": pace}) == 0
        begun = time.monotonic()
        while counter_says_wait(counter, pace):
            time.sleep(0.002)
        waits.append(time.monotonic() - begun)
    # A busy machine makes waits longer, never shorter; doubling on and on, they would come to 82 seconds.
    assert [wait > least for wait, least in zip(waits, (0.015, 0.035, 0.055, 0.055), strict=False)] == [
        True
    ] * 4
    assert sum(waits) < 30


def counter_says_wait(counter: InRedis | InProcess, pace: Pace) -> bool:
    """Without counting an attempt of "a": one that would have to wait counts nothing, and "b" is given back."""
    if counter.take({"a": pace, "b": QUICK}):
        return True
    counter.give_back({"a": pace, "b": QUICK})
    return False


def test_a_refused_attempt_counts_under_no_key(counter: InRedis | InProcess) -> None:
    for _ in range(3):
        counter.take({"a": QUICK})
    assert counter.take({"a": QUICK, "b": QUICK}) > 0
    assert [counter.take({"b": QUICK}) for _ in range(4)] == [0, 0, 0, 10]


def test_an_attempt_given_back_was_none(counter: InRedis | InProcess) -> None:
    for _ in range(10):
        assert counter.take({"a": QUICK}) == 0
        counter.give_back({"a": QUICK})


def test_a_good_attempt_gives_back_its_own_step_only(counter: InRedis | InProcess) -> None:
    for _ in range(3):
        counter.take({"a": QUICK})
    counter.give_back({"a": QUICK})
    assert [counter.take({"a": QUICK}) for _ in range(2)] == [0, 10]


def test_forgetting_begins_anew(counter: InRedis | InProcess) -> None:
    for _ in range(4):
        counter.take({"a": QUICK})
    counter.forget({"a": QUICK})
    assert counter.take({"a": QUICK}) == 0


def test_time_lets_the_level_sink(counter: InRedis | InProcess) -> None:
    pace = Pace(free=2, sinks_every=0.05, first_wait=10, longest_wait=60)
    for _ in range(4):
        assert counter.take({"a": pace}) == 0
        time.sleep(0.08)


def test_keys_do_not_touch_each_other(counter: InRedis | InProcess) -> None:
    for _ in range(4):
        counter.take({"a": QUICK})
    assert counter.take({"b": QUICK}) == 0


def test_many_at_the_same_moment_do_not_all_pass(counter: InRedis | InProcess) -> None:
    passed: list[int] = []
    start = threading.Barrier(12)

    def attempt() -> None:
        start.wait()
        passed.append(counter.take({"a": QUICK}))

    threads = [threading.Thread(target=attempt) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert passed.count(0) == QUICK.free


def test_what_redis_keeps_goes_away_by_itself(client: redis.Redis) -> None:
    InRedis(client, "test-attempts:").take({"a": QUICK})
    assert 0 < int(client.ttl("test-attempts:a")) <= QUICK.sinks_every + QUICK.longest_wait


def test_the_table_of_a_process_does_not_grow_without_end() -> None:
    counter = InProcess(most=100)
    for number in range(1000):
        counter.take({f"key{number}": QUICK})
    assert len(counter._levels) == 100


def test_without_redis_the_process_counts_for_itself(caplog: pytest.LogCaptureFixture) -> None:
    away = redis.Redis(port=1, socket_connect_timeout=0.2, retry=Retry(NoBackoff(), 0))
    throttle = Throttle(InRedis(away, "test-attempts:"), InProcess())
    assert [throttle.take({"a": QUICK}) for _ in range(4)] == [0, 0, 0, 10]
    throttle.give_back({"a": QUICK})
    throttle.forget({"a": QUICK})
    assert throttle.take({"a": QUICK}) == 0
    assert "counted in this process only" in caplog.text


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
    ],
)
def test_an_ipv6_network_counts_as_one_address(one: str, other: str, same: bool) -> None:
    assert (address_key(ip_address(one)) == address_key(ip_address(other))) is same
