"""Pushing snapshots: what is stored, what is current already, what is refused and how."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import replace

import psycopg
import pytest

from gateway.tests.environment import ENCRYPTION, ROOT, SIGNING, Channel, Environment, sealed, until
from publishing import snapshot


def served_release(env: Environment, channel: Channel) -> str | None:
    released: str | None = env.channel_json(channel).headers.get("X-Release")
    return released


def test_a_push_is_served_at_once(env: Environment) -> None:
    channel = Channel(document={"customCss": "a{color:red}"})
    assert env.channel_json(channel).status_code == 404
    answer = env.push(channel)
    assert (answer.status_code, answer.json()) == (200, {"status": "stored", "release": 1})
    served = env.channel_json(channel)
    assert (served.status_code, served.json()["customCss"]) == (200, "a{color:red}")
    assert served.headers["X-Release"] == "1"


def test_the_same_push_twice_is_one_push(env: Environment) -> None:
    channel = Channel()
    body = sealed(channel)
    assert env.post(body).json() == {"status": "stored", "release": 1}
    assert env.post(body).json() == {"status": "current", "release": 1}


def test_the_same_release_sealed_anew_is_current(env: Environment) -> None:
    channel = env.publish()
    assert env.push(channel).json() == {"status": "current", "release": 1}


def test_the_same_number_with_other_content_is_a_conflict(env: Environment) -> None:
    channel = env.publish()
    answer = env.push(replace(channel, document={"customCss": "other"}))
    assert answer.status_code == 409
    assert (answer.json()["code"], answer.json()["release"]) == ("conflict", 1)


def test_an_older_push_after_a_newer_changes_nothing(env: Environment) -> None:
    channel = Channel(release=7)
    env.push(channel)
    answer = env.push(replace(channel, release=6))
    assert answer.status_code == 409
    assert (answer.json()["code"], answer.json()["release"]) == ("older", 7)
    assert served_release(env, channel) == "7"


def test_a_push_by_a_stranger_is_refused(env: Environment) -> None:
    channel = Channel()
    answer = env.post(sealed(channel, signing=snapshot.new_signing_key()))
    assert (answer.status_code, answer.json()["code"]) == (401, "bad_signature")
    assert env.channel_json(channel).status_code == 404


def test_a_push_changed_on_the_way_is_refused(env: Environment) -> None:
    head, payload, signature = sealed(Channel()).split(b".")
    answer = env.post(b".".join([head, payload[:100] + b"AAAA" + payload[104:], signature]))
    assert (answer.status_code, answer.json()["code"]) == (401, "bad_signature")


def test_an_agent_key_is_no_push(env: Environment) -> None:
    key = snapshot.agent_key(
        SIGNING, environment="test", brand=1009, channel=Channel().id, name="Zoé", expires_at=time.time() + 60
    )
    assert env.post(key.encode()).json()["code"] == "bad_signature"


def test_a_push_for_the_live_environment_is_refused_by_test(env: Environment) -> None:
    answer = env.post(sealed(Channel(), environment="live"))
    assert (answer.status_code, answer.json()["code"]) == (403, "wrong_environment")


def test_a_push_encrypted_for_the_live_environment_is_refused_by_test(env: Environment) -> None:
    body = sealed(Channel(), encryption=snapshot.public_jwk(ENCRYPTION["live"]))
    answer = env.post(body)
    assert (answer.status_code, answer.json()["code"]) == (403, "wrong_environment")


def test_a_push_cannot_move_a_channel_to_another_brand(env: Environment) -> None:
    channel = env.publish(document={"customCss": "ours"})
    stolen = replace(channel, brand=2020, release=99, document={"customCss": "theirs"})
    answer = env.push(stolen)
    assert (answer.status_code, answer.json()["code"]) == (403, "other_brand")
    assert env.channel_json(channel).json()["customCss"] == "ours"
    assert env.channel_json(stolen).status_code == 404


@pytest.mark.parametrize("body", [b"", b"{}", b"a.b.c", b"\x00\xff", "é.é.é".encode()])
def test_a_push_that_is_none_is_refused(env: Environment, body: bytes) -> None:
    answer = env.post(body)
    assert answer.status_code in {400, 401}
    assert answer.json()["code"] in {"malformed", "bad_signature"}
    assert answer.json()["message"]


def test_a_push_of_another_type_is_refused(env: Environment) -> None:
    answer = env.post(sealed(Channel()), content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")


def test_a_push_is_sent_by_post(env: Environment) -> None:
    assert env.get("/_push/v1/snapshots").status_code == 405


def test_a_push_far_too_large_is_refused_unread(env: Environment) -> None:
    answer = env.post(b"x" * (snapshot.MAX_SEALED_BYTES + 1))
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_a_removed_channel_is_gone_and_its_number_stays(env: Environment) -> None:
    channel = env.publish(release=3)
    gone = replace(channel, release=4, document={})
    assert env.push(gone, removed=True).json() == {"status": "stored", "release": 4}
    answer = env.channel_json(channel)
    assert (answer.status_code, answer.json()["error"]["errorCode"]) == (404, "ChannelNotFound")
    assert env.push(channel).json()["code"] == "older"
    assert env.push(gone, removed=True).json()["status"] == "current"
    assert env.push(replace(channel, release=5)).json()["status"] == "stored"
    assert served_release(env, channel) == "5"


def test_of_pushes_at_once_the_newest_wins(env: Environment, second: Environment) -> None:
    channel = Channel()
    bodies = [sealed(replace(channel, release=number)) for number in range(1, 13)]
    answers: list[int] = []

    def post(target: Environment, body: bytes) -> None:
        answers.append(target.post(body).status_code)

    threads = [
        threading.Thread(target=post, args=((env, second)[number % 2], body))
        for number, body in enumerate(reversed(bodies))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(answers) <= {200, 409}
    until(lambda: served_release(env, channel) == "12")
    until(lambda: served_release(second, channel) == "12")


@pytest.fixture(scope="module")
def told(env: Environment) -> Iterator[Environment]:
    """A process that never asks by itself: what it knows it has been told."""
    process = Environment("test", env.database, public_url=env.url, extra={"GATEWAY_POLL_SECONDS": "86400"})
    process.start()
    yield process
    process.stop()


def test_every_process_switches(env: Environment, told: Environment) -> None:
    channel = env.publish()
    until(lambda: served_release(told, channel) == "1")
    env.push(replace(channel, release=2))
    until(lambda: served_release(told, channel) == "2")


def test_a_process_that_lost_its_listener_catches_up(env: Environment, told: Environment) -> None:
    channel = env.publish()
    until(lambda: served_release(told, channel) == "1")
    with psycopg.connect(env.database, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND query LIKE 'LISTEN%' AND pid <> pg_backend_pid()"
        )
    env.push(replace(channel, release=2))
    until(lambda: served_release(told, channel) == "2")
    env.wait()
    told.wait()
    env.push(replace(channel, release=3))
    until(lambda: served_release(told, channel) == "3")


def test_a_notification_that_got_lost_is_made_up_for(env: Environment) -> None:
    """The poll is the net: a row written without a word is found."""
    channel = env.publish()
    newer = sealed(replace(channel, release=2))
    env.execute(
        "UPDATE gateway_publishedchannel SET release = 2, sealed = %s WHERE channel = %s", newer, channel.id
    )
    until(lambda: served_release(env, channel) == "2", seconds=30)


def test_a_row_altered_in_the_database_is_not_served(env: Environment) -> None:
    channel = env.publish(document={"customJs": "good"})
    forged = sealed(
        replace(channel, release=2, document={"customJs": "evil"}), signing=snapshot.new_signing_key()
    )
    env.execute(
        "UPDATE gateway_publishedchannel SET release = 2, sealed = %s WHERE channel = %s", forged, channel.id
    )
    until(lambda: env.get("/healthz").json()["unreadable"] == 1, seconds=30)
    assert env.channel_json(channel).json()["customJs"] == "good"
    env.push(replace(channel, release=3))
    until(lambda: served_release(env, channel) == "3")
    assert env.get("/healthz").json()["unreadable"] == 0


def test_the_private_part_is_not_readable_in_the_database(env: Environment) -> None:
    channel = env.publish(private={"auth_config": {"client_secret": "correct horse battery"}})
    [(stored,)] = env.execute("SELECT sealed FROM gateway_publishedchannel WHERE channel = %s", channel.id)
    assert b"correct horse" not in bytes(stored)


def test_an_environment_takes_only_its_brands(gateway_database: str) -> None:
    narrow = Environment("live", gateway_database, extra={"GATEWAY_BRANDS": "2020, 3030"})
    narrow.migrate()
    narrow.start()
    try:
        answer = narrow.push(Channel(brand=1009))
        assert (answer.status_code, answer.json()["code"]) == (403, "unknown_brand")
        assert narrow.push(Channel(brand=2020)).json()["status"] == "stored"
    finally:
        narrow.stop()


def test_a_restart_serves_what_was_there(gateway_database: str, env: Environment) -> None:
    channel = env.publish(document={"customCss": "kept"})
    third = Environment("test", gateway_database)
    third.start()
    try:
        assert third.channel_json(channel).json()["customCss"] == "kept"
    finally:
        third.stop()


def test_a_missing_setting_stops_the_process_with_its_name() -> None:
    environment = Environment("test", "host=127.0.0.1 dbname=x user=x")
    variables = {k: v for k, v in environment.variables.items() if k != "GATEWAY_PUBLISHER_KEYS"}
    ended = subprocess.run(
        [sys.executable, "-c", "import gateway.settings"],
        cwd=ROOT,
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode != 0
    assert "GATEWAY_PUBLISHER_KEYS is not set. Example: GATEWAY_PUBLISHER_KEYS=" in ended.stderr


def test_the_channel_ids_are_unguessable_to_each_other(env: Environment) -> None:
    """One brand's number with another brand's channel finds nothing."""
    channel = env.publish(brand=2020)
    assert env.get(f"/chat/1.0/brand/1009/channel/{channel.id}").status_code == 404
    assert env.get(f"/chat/1.0/brand/2020/channel/chat_{uuid.uuid4()}").status_code == 404
