"""Many snapshots in one push: each has the answer it would have had alone, and none is served older after newer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import httpx
import psycopg

from gateway.tests.environment import Channel, Environment, sealed, until
from publishing import snapshot
from publishing.snapshot import BATCH_TYPE, MOST_AT_ONCE


def push(env: Environment, *bodies: bytes) -> list[tuple[int, str]]:
    """Status and word of each answer."""
    answer = env.post(b"\n".join(bodies), BATCH_TYPE)
    assert answer.status_code == 200, answer.text
    return [(one["status"], word(one["body"])) for one in answer.json()["answers"]]


def word(body: dict[str, Any]) -> str:
    return str(body.get("code") or body["status"])


def release(env: Environment, channel: Channel) -> str | None:
    found: str | None = env.channel_json(channel).headers.get("X-Release")
    return found


def test_a_batch_is_served_at_once_and_twice_is_once(env: Environment) -> None:
    channels = [Channel(document={"customCss": f"b{{order:{number}}}"}) for number in range(12)]
    bodies = [sealed(one) for one in channels]
    assert push(env, *bodies) == [(200, "stored")] * 12
    for number, one in enumerate(channels):
        for encoding in ("identity", "gzip", "br"):
            answer = env.channel_json(one, **{"Accept-Encoding": encoding})
            assert answer.json()["customCss"] == f"b{{order:{number}}}"
    assert push(env, *bodies) == [(200, "current")] * 12


def test_each_of_a_batch_has_the_answer_it_would_have_had_alone(env: Environment) -> None:
    good, other = Channel(), Channel()
    older = env.publish(release=7)
    conflict = env.publish()
    theirs = env.publish(brand=1009)
    forged = sealed(Channel(), signing=snapshot.new_signing_key())
    gone = env.publish()
    answers = push(
        env,
        sealed(good),
        forged,
        sealed(replace(older, release=6)),
        sealed(replace(conflict, document={"customCss": "other"})),
        sealed(replace(theirs, brand=1010, release=2)),
        b"nonsense",
        sealed(Channel(), environment="live"),
        sealed(gone, release=2, removed=True),
        sealed(other),
    )
    assert answers == [
        (200, "stored"),
        (401, "bad_signature"),
        (409, "older"),
        (409, "conflict"),
        (403, "other_brand"),
        (400, "malformed"),
        (403, "wrong_environment"),
        (200, "stored"),
        (200, "stored"),
    ]
    assert [release(env, one) for one in (good, older, conflict, theirs, gone, other)] == [
        "1",
        "7",
        "1",
        "1",
        None,
        "1",
    ]


def test_a_channel_twice_in_a_batch_goes_forwards_only(env: Environment) -> None:
    up, down = Channel(), Channel()
    answers = push(
        env,
        *(sealed(replace(up, release=number)) for number in (1, 2)),
        *(sealed(replace(down, release=number)) for number in (2, 1)),
    )
    assert answers == [(200, "stored"), (200, "stored"), (200, "stored"), (409, "older")]
    assert (release(env, up), release(env, down)) == ("2", "2")


def test_too_many_at_once_are_refused_as_a_whole(env: Environment) -> None:
    one = sealed(Channel())
    answer = env.post(b"\n".join([one] * (MOST_AT_ONCE + 1)), BATCH_TYPE)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert len(push(env, *[one] * MOST_AT_ONCE)) == MOST_AT_ONCE


def test_one_the_environment_cannot_make_a_channel_of_keeps_no_other_from_being_served(
    env: Environment,
) -> None:
    bad, good = Channel(document={"settings": "no object"}), Channel()
    answers = push(env, sealed(bad), sealed(good))
    assert answers[1] == (200, "stored")
    assert release(env, good) == "1"
    if answers[0] == (500, "unservable"):
        # What cannot be served now may be with the next version; a newer release is taken all the same.
        assert release(env, bad) is None
    assert push(env, sealed(replace(bad, release=2, document={}))) == [(200, "stored")]
    assert release(env, bad) == "2"


def test_another_process_hears_of_a_whole_batch(env: Environment) -> None:
    """As another process of the environment would have it: written straight into the table, and told of by a notice."""
    channels = [Channel() for _ in range(3)]
    rows = [
        (one.id, one.brand, one.release, snapshot.digest({}), False, sealed(one).decode()) for one in channels
    ]
    with (
        psycopg.connect(env.database, options="-c search_path=gateway_test", autocommit=True) as connection,
        connection.transaction(),
    ):
        for row in rows:
            connection.execute(
                "INSERT INTO gateway_publishedchannel (channel, brand, release, digest, removed, sealed) "
                "VALUES (%s, %s, %s, %s, %s, convert_to(%s, 'UTF8'))",
                row,
            )
        told = " ".join(f"{one.id}={one.release}.0" for one in channels[:2])
        connection.execute("SELECT pg_notify('snapshot', %s)", (f"test:{told}",))
        # A process of the version before tells of one channel, without its number.
        connection.execute("SELECT pg_notify('snapshot', %s)", (f"test:{channels[2].id}",))
    until(lambda: all(release(env, one) == "1" for one in channels))


def test_a_batch_of_another_type_is_refused(env: Environment) -> None:
    answer: httpx.Response = env.post(sealed(Channel()), "application/json")
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")
