"""A thousand open conversations in one environment process: how soon messages arrive, and what an open socket weighs.

    python bench/bench_sockets.py [--sockets N] [--rate N] [--seconds N] [--server granian|uvicorn] [--json FILE]

A live environment under Granian or uvicorn (live, so that no practice agent answers), PostgreSQL, Redis; every visitor is authorised and has a
thread. Then messages, evenly in time and each from another visitor, `--rate` a second in all. Timed from the moment a
message was due, so that a late start counts, too: until the visitor has the answer (ack), until the visitor has
MessageCreated, and until the agent's pane has the message. Weight: resident memory of the environment with all sockets
open and at work, less what it had with ten, by socket. Aims: p99 of MessageCreated ≤ 50 ms, ≤ 60 KB a socket.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import resource
import subprocess
import sys
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import uvloop
from websockets.asyncio.client import ClientConnection, connect

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench import support
from chatadmin.run.ports import pick

if TYPE_CHECKING:
    from gateway.tests.environment import Channel, Environment

ORIGIN = "http://localhost:3000"
P99_AIM_MS = 50.0
WEIGHT_AIM_KB = 60.0
#: Sockets opened before the memory is taken that the rest is compared with: what is made once is made by then.
FIRST = 10


@dataclass
class Times:
    """When each message was due, by its id, and milliseconds until it was where."""

    due: dict[str, float] = field(default_factory=dict)
    ack: list[float] = field(default_factory=list)
    created: list[float] = field(default_factory=list)
    agent: list[float] = field(default_factory=list)
    others: list[str] = field(default_factory=list)

    def note(self, where: list[float], key: str) -> None:
        if key in self.due:
            where.append((time.perf_counter() - self.due[key]) * 1000)


class Visitor:
    """One socket of the older flow."""

    def __init__(self, channel: Channel, times: Times) -> None:
        self.channel = channel
        self.times = times
        self.customer = str(uuid.uuid4())
        self.thread = str(uuid.uuid4())
        self.answers: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self.socket: ClientConnection | None = None
        self.listening: asyncio.Task[None] | None = None

    async def open(self, url: str) -> None:
        query = urlencode(
            {
                "v": "1.0.0",
                "sdkPlatform": "web",
                "sdkVersion": "3.3.0",
                "brandId": self.channel.brand,
                "channelId": self.channel.id,
                "visitorId": str(uuid.uuid4()),
                "locale": "fr",
                "customerId": self.customer,
            }
        )
        self.socket = await connect(
            f"{url}/ws?{query}",
            origin=ORIGIN,  # type: ignore[arg-type]
            compression=None,
            proxy=None,
            open_timeout=60,
            ping_interval=None,
        )
        self.listening = asyncio.create_task(self.listen(self.socket))
        await self.ask("AuthorizeCustomer", {"authorization": {}}, action="register")
        await self.say()

    async def close(self) -> None:
        assert self.socket is not None
        assert self.listening is not None
        self.listening.cancel()
        await self.socket.close()

    async def listen(self, socket: ClientConnection) -> None:
        async for text in socket:
            frame = json.loads(text)
            waiting = self.answers.pop(frame.get("eventId") or "", None)
            if waiting is not None:
                waiting.set_result(frame)
                self.times.note(self.times.ack, frame["eventId"])
            elif frame.get("eventType") == "MessageCreated":
                self.times.note(self.times.created, frame["data"]["message"]["idOnExternalPlatform"])
            elif "error" in frame:
                self.times.others.append(str(text)[:300])

    async def send(self, event_type: str, data: dict[str, Any], action: str, event_id: str) -> None:
        assert self.socket is not None
        payload = {
            "eventType": event_type,
            "brand": {"id": self.channel.brand},
            "channel": {"id": self.channel.id},
            "consumerIdentity": {"idOnExternalPlatform": self.customer, "firstName": "Ana"},
            "data": data,
            "destination": {},
            "visitor": {"id": self.customer},
            "visit": {},
        }
        await self.socket.send(json.dumps({"action": action, "eventId": event_id, "payload": payload}))

    async def ask(
        self, event_type: str, data: dict[str, Any], action: str = "chatWindowEvent", event_id: str = ""
    ) -> None:
        event_id = event_id or str(uuid.uuid4())
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self.answers[event_id] = answer
        await self.send(event_type, data, action, event_id)
        told = await asyncio.wait_for(answer, 60)
        assert told.get("status") == "success", told

    async def say(self, key: str = "") -> None:
        """A message; `key` is the id of the event and of the message."""
        key = key or str(uuid.uuid4())
        message = {
            "thread": {"idOnExternalPlatform": self.thread},
            "idOnExternalPlatform": key,
            "messageContent": {"type": "TEXT", "payload": {"text": "Bonjour, où en est ma commande ?"}},
            "attachments": [],
            "consumer": {"customFields": []},
            "consumerContact": {"customFields": []},
            "browserFingerprint": {},
        }
        await self.ask("SendMessage", message, event_id=key)


async def agent_pane(url: str, key: str, times: Times, ready: asyncio.Event) -> None:
    """An agent's pane of the channel, which every message comes to."""
    async with connect(f"{url}/agent?key={key}", compression=None, proxy=None, ping_interval=None) as pane:
        async for text in pane:
            told = json.loads(text)
            if told["event"] == "ready":
                ready.set()
            elif told["event"] == "message":
                times.note(times.agent, told["message"]["idOnExternalPlatform"])
            elif told["event"] == "error":
                times.others.append(str(text)[:300])


def start_under_uvicorn(environment: Environment) -> None:
    """As docker-compose.yml does."""
    environment.process = subprocess.Popen(
        [
            *(sys.executable, "-m", "uvicorn", "--host", "127.0.0.1", "--port", str(environment.port)),
            *(
                "--ws",
                "websockets-sansio",
                "--ws-per-message-deflate",
                "false",
                "--no-proxy-headers",
                "--log-level",
                "warning",
                "--no-access-log",
                "gateway.asgi:application",
            ),
        ],
        cwd=support.ROOT,
        env=environment.variables,
        stdout=subprocess.DEVNULL,
    )
    environment.wait()


def resident(environment: Environment) -> int:
    """Bytes of memory the environment's processes hold."""
    assert environment.process is not None
    return sum(one.memory_info().rss for one in support.family(environment.process.pid))


async def all_open(visitors: list[Visitor], url: str) -> None:
    few = asyncio.Semaphore(20)

    async def one(visitor: Visitor) -> None:
        async with few:
            await visitor.open(url)

    await asyncio.gather(*(one(visitor) for visitor in visitors))


async def talk(visitors: list[Visitor], times: Times, rate: int, seconds: float) -> None:
    """Messages at even distances, each from another visitor until all have had their turn."""
    chance = random.Random(3)
    turns: list[Visitor] = []
    said: list[asyncio.Task[None]] = []
    begun = time.perf_counter()
    for number in range(round(rate * seconds)):
        due = begun + number / rate
        if (left := due - time.perf_counter()) > 0:
            await asyncio.sleep(left)
        if not turns:
            turns = chance.sample(visitors, len(visitors))
        key = str(uuid.uuid4())
        times.due[key] = due
        said.append(asyncio.create_task(turns.pop().say(key)))
    await asyncio.gather(*said)
    until = time.perf_counter() + 10
    while min(len(times.created), len(times.agent)) < len(said) and time.perf_counter() < until:
        await asyncio.sleep(0.05)


async def measure(
    environment: Environment, channel: Channel, agent_key: str, *, sockets: int, rate: int, seconds: float
) -> dict[str, Any]:
    times = Times()
    url = environment.url.replace("http", "ws", 1)
    visitors = [Visitor(channel, times) for _ in range(sockets)]
    ready = asyncio.Event()
    pane = asyncio.create_task(agent_pane(url, agent_key, times, ready))
    try:
        await asyncio.wait_for(ready.wait(), 30)
        await all_open(visitors[:FIRST], url)
        await talk(visitors[:FIRST], Times(), 20, 2)
        before = resident(environment)
        begun = time.perf_counter()
        await all_open(visitors[FIRST:], url)
        opening = time.perf_counter() - begun
        await asyncio.sleep(1)
        assert environment.process is not None
        worked = support.processor_seconds(environment.process.pid)
        await talk(visitors, times, rate, seconds)
        worked = support.processor_seconds(environment.process.pid) - worked
        weight = (resident(environment) - before) / (sockets - FIRST)
    finally:
        pane.cancel()
        await asyncio.gather(*(visitor.close() for visitor in visitors if visitor.listening is not None))
    wanted = len(times.due)
    assert not times.others, times.others[:3]
    assert (len(times.created), len(times.agent)) == (wanted, wanted), "messages were lost"
    return {
        "sockets": sockets,
        "messages": wanted,
        "messages_a_second": rate,
        "processor_ms_a_message": round(worked / wanted * 1000, 2),
        "opened_a_second": round((sockets - FIRST) / opening),
        "kilobytes_a_socket": round(weight / 1000, 1),
        **{
            name: {
                "p50_ms": round(support.median(values), 1),
                "p99_ms": round(support.percentile(values, 0.99), 1),
                "longest_ms": round(max(values), 1),
            }
            for name, values in (("ack", times.ack), ("created", times.created), ("agent", times.agent))
        },
    }


def show(figures: dict[str, Any]) -> None:
    print(
        f"\n{figures['server']}: {figures['sockets']} sockets, {figures['messages']} messages at {figures['messages_a_second']} a second;"
        f" {figures['opened_a_second']} conversations begun a second"
    )
    print(f"  {'until':<34}{'p50 ms':>10}{'p99 ms':>10}{'longest':>10}")
    for name, label in (
        ("ack", "the visitor has the answer"),
        ("created", "the visitor has MessageCreated"),
        ("agent", "the agent's pane has it"),
    ):
        row = figures[name]
        print(f"  {label:<34}{row['p50_ms']:>10.1f}{row['p99_ms']:>10.1f}{row['longest_ms']:>10.1f}")
    print(f"  the environment's processor time per message: {figures['processor_ms_a_message']:.2f} ms")
    late, weight = figures["created"]["p99_ms"], figures["kilobytes_a_socket"]
    print(f"  aim p99 ≤ {P99_AIM_MS:.0f} ms: {'met' if late <= P99_AIM_MS else 'MISSED'}")
    print(
        f"  {weight:.1f} KB a socket; aim ≤ {WEIGHT_AIM_KB:.0f} KB: {'met' if weight <= WEIGHT_AIM_KB else 'MISSED'}"
    )


def main() -> None:
    parser = support.arguments(__doc__, "sockets")
    parser.add_argument("--sockets", type=int, default=1000, help="(%(default)s)")
    parser.add_argument("--rate", type=int, default=200, help="messages a second in all (%(default)s)")
    parser.add_argument("--seconds", type=float, default=15, help="(%(default)s)")
    parser.add_argument("--server", choices=("granian", "uvicorn"), default="granian", help="(%(default)s)")
    options = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    support.use_servers()

    from gateway.tests.client import agent_key
    from gateway.tests.environment import Environment, create_database, drop_database

    database = create_database()
    environment = Environment("live", database, port=pick(), redis=os.environ["TEST_REDIS_URL"])
    try:
        environment.migrate()
        if options.server == "uvicorn":
            start_under_uvicorn(environment)
        else:
            environment.start()
        channel = environment.publish()
        figures = uvloop.run(
            measure(
                environment,
                channel,
                agent_key(environment, channel),
                sockets=options.sockets,
                rate=options.rate,
                seconds=options.seconds,
            )
        )
    finally:
        environment.stop()
        drop_database(database)
    figures = {"server": options.server, **figures}
    show(figures)
    support.write(options.json, figures)


if __name__ == "__main__":
    main()
