"""When the database is away, when a visitor falls silent, when a reader is too slow."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, MutableMapping
from dataclasses import replace
from functools import partial
from typing import Any

import psycopg
import pytest
from psycopg import sql

from gateway import agent_desk, settings
from gateway.outbox import LONGEST, SLOW, Outbox
from gateway.tests.client import Client, Visitor, token
from gateway.tests.environment import POSTGRES, Environment, create_database, drop_database, until


@pytest.fixture
def alone() -> Iterator[Environment]:
    """An environment with a database of its own, to be taken away."""
    environment = Environment("live", create_database(), extra={"GATEWAY_IDLE_SECONDS": "2"})
    environment.migrate()
    environment.start()
    yield environment
    environment.stop()
    drop_database(environment.database)


def let_in(environment: Environment, allowed: bool) -> None:
    """Let the environment's database accept connections, or throw everybody out."""
    name = str(psycopg.conninfo.conninfo_to_dict(environment.database)["dbname"])
    with psycopg.connect(POSTGRES, autocommit=True) as connection:
        statement = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
        connection.execute(statement.format(sql.Identifier(name), sql.Literal(allowed)))
        if not allowed:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,)
            )


def test_without_its_database_an_environment_serves_and_says_what_it_cannot_do(alone: Environment) -> None:
    channel = alone.publish(document={"customCss": "kept"})
    with Visitor(alone, channel) as visitor:
        message, bearer = visitor.say("avant"), token(alone, channel, visitor.customer)["accessToken"]
        let_in(alone, False)
        try:
            assert alone.channel_json(channel).json()["customCss"] == "kept"
            answer = alone.push(replace(channel, release=2))
            assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
            assert visitor.refusal("SendMessage", visitor.message("pendant")) == "SendingMessageFailed"
            assert visitor.refusal("RecoverThread", {}) == "RecoveringThreadFailed"
            visitor.send({"action": "heartbeat"})
            assert visitor.next(10) == "pong"
        finally:
            let_in(alone, True)
        until(lambda: alone.push(replace(channel, release=2)).status_code == 200, seconds=15)
        assert alone.channel_json(channel).headers["X-Release"] == "2"
        until(lambda: "error" not in visitor.ask("FetchThreadList", {}), seconds=15)
        visitor.say("après")
        texts = [
            one["messageContent"]["payload"]["text"] for one in visitor.data("RecoverThread", {})["messages"]
        ]
        assert texts == ["après", "avant"]
    alone.wait()
    let_in(alone, False)
    try:
        fetched = alone.get(
            f"/chat/1.0/brand/{channel.brand}/messages/{message['id']}", Authorization=f"Bearer {bearer}"
        )
        assert (fetched.status_code, fetched.headers["Retry-After"]) == (503, "5")
        assert fetched.json()["error"]["errorCode"] == "Unavailable"
    finally:
        let_in(alone, True)
    alone.wait()


def test_a_silent_socket_is_let_go_so_that_its_client_may_come_back(alone: Environment) -> None:
    channel = alone.publish()
    with Visitor(alone, channel) as silent, Visitor(alone, channel) as talking:
        for _ in range(6):
            talking.send({"action": "heartbeat"})
            assert talking.next() == "pong"
            time.sleep(0.4)
        # Not a 44xx: those tell a client not to try again.
        assert silent.closing() == (4510, "Idle")
        assert talking.data("FetchThreadList", {}) == {"threads": []}
    # So is whoever opens an agent's socket and does not say who they are.
    with Client(alone.url.replace("http", "ws") + "/agent", origin=None) as nobody:
        assert nobody.closing() == (4510, "silent")


async def test_a_desk_is_asked_for_a_sign_of_life_and_let_go_when_none_came(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(settings, "GATEWAY_DESK_ASK_SECONDS", 0.01)
    # So patient that only the desk which was last heard before this process began is too late.
    monkeypatch.setattr(agent_desk, "_PATIENCE", 1_000_000)
    sent: list[list[Any]] = [[], []]

    async def send(to: int, message: MutableMapping[str, Any]) -> None:
        sent[to].append(message.get("text", message.get("code")))

    there, gone = agent_desk.AgentDesk(), agent_desk.AgentDesk()
    gone.heard_at -= 20_000
    for number, desk in enumerate((there, gone)):
        desk.outbox.open(partial(send, number))
    monkeypatch.setattr(agent_desk, "_desks", {there, gone})
    asking = asyncio.create_task(agent_desk.keep_asking())
    async with asyncio.timeout(30):
        while not sent[0]:
            await asyncio.sleep(0.01)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    assert gone.outbox.closing == (4510, "silent")
    await gone.outbox.finish()
    assert sent[1][-1] == 4510
    assert there.outbox.closing is None
    assert set(sent[0]) == {'{"event":"ask"}'}


async def test_a_reader_too_slow_is_let_go() -> None:
    gate = asyncio.Event()
    sent: list[Any] = []

    async def send(message: MutableMapping[str, Any]) -> None:
        await gate.wait()
        sent.append(message)

    outbox = Outbox()
    outbox.open(send)
    for number in range(LONGEST + 10):
        outbox.put(str(number))
    assert outbox.closing == (SLOW, "TooSlow")
    gate.set()
    await outbox.finish()
    assert sent[-1] == {"type": "websocket.close", "code": SLOW, "reason": "TooSlow"}
    assert len(sent) <= 3


async def test_frames_keep_their_order_and_nothing_follows_the_end() -> None:
    sent: list[Any] = []

    async def send(message: MutableMapping[str, Any]) -> None:
        await asyncio.sleep(0)
        sent.append(message.get("text", message.get("code")))

    outbox = Outbox()
    outbox.put("before it is open")
    outbox.open(send)
    for number in range(5):
        outbox.put(str(number))
        await asyncio.sleep(0)
    outbox.close(4404, "Gone")
    outbox.put("after the end")
    await outbox.finish()
    assert sent == ["0", "1", "2", "3", "4", 4404]


async def test_a_peer_that_has_gone_is_no_error() -> None:
    async def send(message: MutableMapping[str, Any]) -> None:
        raise RuntimeError("transport closed")

    outbox = Outbox()
    outbox.open(send)
    outbox.put("x")
    await asyncio.sleep(0.01)
    outbox.put("y")
    outbox.close(4404, "Gone")
    await outbox.finish()
