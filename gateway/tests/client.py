"""A chat client of the tests: speaks the wire contract over a real socket, and waits for what it is to be told."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

import httpx
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from gateway.tests.environment import HTTP, SIGNING, Channel, Environment
from publishing import snapshot

Json = dict[str, Any]


class Client:
    """Any socket of an environment."""

    def __init__(self, url: str, *, origin: str | None = "http://localhost:3000", **headers: str) -> None:
        self._open = ExitStack()
        self.socket: ClientConnection = self._open.enter_context(
            connect(
                url,
                origin=origin,  # type: ignore[arg-type]
                compression=None,
                proxy=None,
                max_size=None,
                max_queue=None,
                close_timeout=2,
                additional_headers=headers,
            )
        )
        self.heard: list[Any] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._open.close()

    def send(self, frame: object) -> None:
        self.socket.send(frame if isinstance(frame, str | bytes) else json.dumps(frame))

    def next(self, seconds: float = 30) -> Any:
        """The next frame, as JSON: every frame is."""
        frame = self.socket.recv(seconds)
        assert isinstance(frame, str)
        return json.loads(frame)

    def until(self, wanted: Callable[[Json], bool], seconds: float = 30) -> Json:
        """The first frame that is wanted, remembering the ones on the way."""
        deadline = time.monotonic() + seconds
        for index, frame in enumerate(self.heard):
            if isinstance(frame, dict) and wanted(frame):
                return dict(self.heard.pop(index))
        while True:
            frame = self.next(max(0.01, deadline - time.monotonic()))
            if isinstance(frame, dict) and wanted(frame):
                return frame
            self.heard.append(frame)

    def quiet(self, seconds: float = 0.4) -> list[Any]:
        """What comes within that time, and what was heard and not asked for."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            try:
                self.heard.append(self.next(left))
            except TimeoutError:
                break
        heard, self.heard = self.heard, []
        return heard

    def closing(self, seconds: float = 30) -> tuple[int, str]:
        """The close code and reason; frames before it are remembered."""
        deadline = time.monotonic() + seconds
        try:
            while True:
                self.heard.append(self.next(max(0.01, deadline - time.monotonic())))
        except ConnectionClosed as closed:
            assert closed.rcvd is not None
            return closed.rcvd.code, closed.rcvd.reason


class Visitor(Client):
    """A visitor: in the older flow by AuthorizeCustomer, or with a transaction token."""

    def __init__(
        self,
        environment: Environment,
        channel: Channel,
        *,
        customer: str | None = None,
        secured: bool = False,
        authorize: bool = True,
        name: str = "",
        query: dict[str, str] | None = None,
        origin: str | None = "http://localhost:3000",
        forwarded: str = "",
    ) -> None:
        self.environment = environment
        self.channel = channel
        self.customer = customer or str(uuid.uuid4())
        self.thread = str(uuid.uuid4())
        self.name = name
        fields = {
            "v": "1.0.0",
            "sdkPlatform": "web",
            "sdkVersion": "3.3.0",
            "brandId": str(channel.brand),
            "channelId": channel.id,
            "visitorId": str(uuid.uuid4()),
            "locale": "fr",
        }
        if secured:
            fields["transactionToken"] = token(environment, channel, self.customer)["accessToken"]
        else:
            fields["customerId"] = self.customer
        address = httpx.URL(environment.url.replace("http", "ws") + "/ws", params=fields | (query or {}))
        headers = {"X-Forwarded-For": forwarded} if forwarded else {}
        super().__init__(str(address), origin=origin, **headers)
        self.authorized: Json = {}
        if authorize and not secured:
            self.authorized = self.ask("AuthorizeCustomer", {"authorization": {}}, action="register")

    def frame(self, event_type: str, data: Json, *, action: str = "chatWindowEvent", **payload: Any) -> Json:
        return {
            "action": action,
            "eventId": str(uuid.uuid4()),
            "payload": {
                "eventType": event_type,
                "brand": {"id": self.channel.brand},
                "channel": {"id": self.channel.id},
                "consumerIdentity": {"idOnExternalPlatform": self.customer, "firstName": self.name},
                "data": data,
                "destination": {},
                # The official sample sends another visitor here than in the address.
                "visitor": {"id": "somebody else"},
                "visit": {},
                **payload,
            },
        }

    def ask(self, event_type: str, data: Json, **options: Any) -> Json:
        """Send an event; its answer."""
        frame = self.frame(event_type, data, **options)
        self.send(frame)
        return self.until(lambda one: one.get("eventId") == frame["eventId"])

    def data(self, event_type: str, data: Json, **options: Any) -> Json:
        """The data of an event's answer, which must be no error."""
        answer = self.ask(event_type, data, **options)
        assert answer["status"] == "success", answer
        return dict(answer["postback"]["data"])

    def refusal(self, event_type: str, data: Json, **options: Any) -> str:
        """The error code of an event's answer."""
        answer = self.ask(event_type, data, **options)
        assert answer["error"]["errorMessage"]
        assert answer["error"]["transactionId"]
        return str(answer["error"]["errorCode"])

    def message(
        self, text: str, *, thread: str | None = None, external_id: str | None = None, **more: Any
    ) -> Json:
        """The data of a SendMessage."""
        return {
            "thread": {"idOnExternalPlatform": thread or self.thread},
            "idOnExternalPlatform": external_id or str(uuid.uuid4()),
            "messageContent": {"type": "TEXT", "payload": {"text": text}},
            "attachments": [],
            "consumer": {"customFields": []},
            "consumerContact": {"customFields": []},
            "browserFingerprint": {},
            **more,
        }

    def say(self, text: str, **options: Any) -> Json:
        """Send a message; the message of its MessageCreated."""
        data = self.message(text, **options)
        answer = self.ask("SendMessage", data)
        assert answer.get("status") == "success", answer
        assert "postback" not in answer
        return dict(self.created(data["idOnExternalPlatform"])["data"]["message"])

    def created(self, external_id: str) -> Json:
        return self.until(
            lambda one: (
                one.get("eventType") == "MessageCreated"
                and one["data"]["message"]["idOnExternalPlatform"] == external_id
            )
        )

    def pushed(self, event_type: str, **options: Any) -> Json:
        """The data of the next push of a type."""
        return dict(self.until(lambda one: one.get("eventType") == event_type, **options)["data"])

    def answered(self, **options: Any) -> Json:
        """The next message of an agent."""
        return dict(
            self.until(
                lambda one: (
                    one.get("eventType") == "MessageCreated"
                    and one["data"]["message"]["direction"] == "outbound"
                ),
                **options,
            )["data"]["message"]
        )


class Agent(Client):
    """The agent's side of a test page."""

    def __init__(
        self,
        environment: Environment,
        channel: Channel,
        *,
        key: str | None = None,
        name: str = "Zoé Tremblay",
        origin: str | None = None,
    ) -> None:
        text = agent_key(environment, channel, name=name) if key is None else key
        address = httpx.URL(environment.url.replace("http", "ws") + "/agent", params={"key": text})
        super().__init__(str(address), origin=origin)

    def do(self, name: str, **command: Any) -> None:
        self.send({"do": name, **command})

    def event(self, name: str, **options: Any) -> Json:
        return self.until(lambda one: one.get("event") == name, **options)

    def say(self, conversation: str, **content: Any) -> None:
        self.do("send", conversation=conversation, id=str(uuid.uuid4()), ref="r", **content)
        assert self.event("done")["ref"] == "r"


def agent_key(target: Environment, channel: Channel, *, name: str = "Zoé", **changes: Any) -> str:
    fields: dict[str, Any] = {
        "environment": target.name,
        "brand": channel.brand,
        "channel": channel.id,
        "name": name,
        "expires_at": time.time() + 3600,
        **changes,
    }
    return snapshot.agent_key(fields.pop("signing", SIGNING), **fields)


def token(environment: Environment, channel: Channel, customer: str) -> Json:
    """A transaction token, by the contract's endpoint 5."""
    answer = HTTP.post(
        f"{environment.url}/oauth/token",
        params={"brandId": channel.brand, "channelId": channel.id, "visitorId": "v"},
        json={"customerIdentity": {"idOnExternalPlatform": customer}},
        headers={"Origin": "http://localhost:3000"},
    )
    assert answer.status_code == 200, answer.text
    return dict(answer.json())
