"""The visitor's socket itself: who is let in, what a frame may be, how fast; a refusal always has a reason."""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import replace
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from gateway.limits import BURST, LONGEST_FRAME
from gateway.tests.client import Client, Visitor
from gateway.tests.environment import CONSOLE, Channel, Environment


@pytest.fixture(scope="module")
def channel(env: Environment) -> Channel:
    return env.publish()


@pytest.fixture(scope="module")
def quiet_channel(live: Environment) -> Channel:
    return live.publish()


def told(visitor: Client) -> tuple[int, str, str]:
    """Close code, close reason, and the error code told before."""
    code, reason = visitor.closing()
    [error] = [frame["error"] for frame in visitor.heard if isinstance(frame, dict) and "error" in frame]
    assert error["errorMessage"].endswith(".")
    assert error["transactionId"]
    return code, reason, error["errorCode"]


def test_the_older_flow_authorizes_by_an_event(env: Environment, channel: Channel) -> None:
    with Visitor(env, channel, name="Zoé") as visitor:
        assert visitor.authorized["status"] == "success"
        # The older web client begins its heartbeat at this very key.
        assert visitor.authorized["authorizationStatus"] == "authorized"
        assert visitor.authorized["postback"]["eventType"] == "ConsumerAuthorized"
        data = visitor.authorized["postback"]["data"]
        assert data["consumerIdentity"]["idOnExternalPlatform"] == visitor.customer
        assert data["consumerIdentity"]["firstName"] == "Zoé"
        assert data["accessToken"]["expiresIn"] > 0
        assert data["customer"]["customFields"] == data["contact"]["customFields"] == []


def test_a_transaction_token_is_enough(env: Environment, channel: Channel) -> None:
    with Visitor(env, channel, secured=True) as visitor:
        assert visitor.data("FetchThreadList", {}) == {"threads": []}
        answer = visitor.data("AuthorizeCustomer", {"authorization": {}}, action="register")
        assert answer["consumerIdentity"]["idOnExternalPlatform"] == visitor.customer


def test_who_a_socket_speaks_for_is_what_it_proved_not_what_it_says(
    env: Environment, channel: Channel
) -> None:
    with Visitor(env, channel) as owner, Visitor(env, channel, secured=True) as thief:
        said = owner.say("secret")
        thief.customer = owner.customer
        assert thief.data("FetchThreadList", {}) == {"threads": []}
        thread = {"thread": {"idOnExternalPlatform": said["threadIdOnExternalPlatform"]}}
        assert thief.refusal("RecoverThread", thread) == "RecoveringThreadFailed"
        again = thief.data("AuthorizeCustomer", {"authorization": {}}, action="register")
        assert again["consumerIdentity"]["idOnExternalPlatform"] != owner.customer


def test_the_heartbeat_is_answered_with_the_json_string_pong(env: Environment, channel: Channel) -> None:
    with Visitor(env, channel, authorize=False) as visitor:
        visitor.send({"action": "heartbeat"})
        assert visitor.socket.recv(5) == '"pong"'


def test_before_authorization_nothing_else_is_answered(env: Environment, channel: Channel) -> None:
    with Visitor(env, channel, authorize=False) as visitor:
        for event_type in ("FetchThreadList", "RecoverThread", "SendMessage", "EndContact"):
            assert visitor.refusal(event_type, visitor.message("x")) == "ConsumerAuthorizationFailed"


@pytest.mark.parametrize(
    "identity", [{}, {"idOnExternalPlatform": ""}, {"idOnExternalPlatform": 7.5}, None, "x"]
)
def test_an_authorization_that_names_nobody_is_refused(
    env: Environment, channel: Channel, identity: object
) -> None:
    with Visitor(env, channel, authorize=False) as visitor:
        code = visitor.refusal("AuthorizeCustomer", {}, action="register", consumerIdentity=identity)
        assert code == "ConsumerAuthorizationFailed"


def test_an_unknown_channel_is_told_and_closed(env: Environment, channel: Channel) -> None:
    for other in (Channel(), replace(channel, brand=2020), replace(channel, id="")):
        with Visitor(env, other, authorize=False) as visitor:
            assert told(visitor) == (4404, "ChannelNotFound", "ChannelNotFound")


@pytest.mark.parametrize("origin", ["null", "https://evil.example", "http://localhost.evil.example"])
def test_a_page_from_elsewhere_is_told_and_closed(env: Environment, channel: Channel, origin: str) -> None:
    with Visitor(env, channel, authorize=False, origin=origin) as visitor:
        assert told(visitor) == (4403, "OriginNotAllowed", "OriginNotAllowed")


def test_apps_the_environment_and_the_console_are_let_in(env: Environment) -> None:
    closed = env.publish(private={"channels_config": {"domains_restricted": True, "allowed_domains": []}})
    for origin in (None, env.url, CONSOLE):
        with Visitor(env, closed, origin=origin) as visitor:
            assert visitor.authorized["status"] == "success"


@pytest.mark.parametrize("token", ["x", "a.b.c", "é", "x" * 3000])
def test_a_made_up_token_is_told_and_closed(env: Environment, channel: Channel, token: str) -> None:
    with Visitor(env, channel, authorize=False, query={"transactionToken": token}) as visitor:
        assert told(visitor) == (4401, "CustomerAuthorizationFailed", "CustomerAuthorizationFailed")


@pytest.mark.parametrize(
    "document",
    [
        {"isSecuredCookieEnabled": True, "isUnsecuredConnectionAllowed": True},
        {"isAuthorizationEnabled": True, "isUnsecuredConnectionAllowed": True},
        {"isUnsecuredConnectionAllowed": False},
    ],
)
def test_with_a_sign_in_or_secured_sessions_only_no_socket_opens_without_a_token(
    env: Environment, document: dict[str, Any]
) -> None:
    channel = env.publish(document=document)
    with Visitor(env, channel, authorize=False) as visitor:
        assert told(visitor) == (4401, "CustomerAuthorizationFailed", "CustomerAuthorizationFailed")


def test_without_secured_sessions_the_older_flow_is_open(env: Environment) -> None:
    document = {"isUnsecuredConnectionAllowed": False, "settings": {"features": {"securedSessions": False}}}
    with Visitor(env, env.publish(document=document)) as visitor:
        assert visitor.authorized["status"] == "success"


def test_a_query_with_very_many_fields_is_told_and_closed(env: Environment, channel: Channel) -> None:
    many = {f"x{number}": "1" for number in range(200)}
    with Visitor(env, channel, authorize=False, query=many) as visitor:
        assert told(visitor)[0] == 4400


def test_extra_fields_of_the_host_in_the_query_are_fine(env: Environment, channel: Channel) -> None:
    with Visitor(env, channel, query={"hostField": "1", "locale": "x" * 900}) as visitor:
        assert visitor.authorized["status"] == "success"


def test_another_path_is_no_socket(env: Environment) -> None:
    with Client(env.url.replace("http", "ws") + "/wss") as client:
        assert client.closing() == (4404, "NotFound")


EVENT_ID = "11111111-1111-1111-1111-111111111111"


@pytest.mark.parametrize(
    "frame",
    [
        b"\x00\x01",
        "",
        "{",
        "null",
        "[]",
        "7",
        '"pong"',
        "[" * 100_000,
        "{}",
        '{"action":"dance"}',
        '{"action":"chatWindowEvent"}',
        '{"action":"chatWindowEvent","eventId":7,"payload":{"eventType":"FetchThreadList"}}',
        '{"action":"chatWindowEvent","eventId":"1","payload":7}',
        '{"action":"chatWindowEvent","eventId":"1","payload":{}}',
        '{"action":"chatWindowEvent","eventId":"1","payload":{"eventType":"Dance"}}',
        '{"action":"chatWindowEvent","eventId":"1","payload":{"eventType":["a"]}}',
        '{"action":"chatWindowEvent","eventId":"1","payload":{"eventType":"FetchThreadList","brand":{"id":2020}}}',
        '{"action":"chatWindowEvent","eventId":"1","payload":{"eventType":"RecoverThread","data":{"thread":7}}}',
        '{"action":"chatWindowEvent","eventId":"1","payload":{"eventType":"RecoverThread","channel":{"id":"chat_x"}}}',
        '{"action":"chatWindowEvent","eventId":"\\ud800","payload":{"eventType":"Dance"}}',
        "x" * (LONGEST_FRAME + 1),
    ],
)
def test_a_malformed_frame_gets_an_error_event_and_the_socket_lives(
    env: Environment, channel: Channel, frame: str | bytes
) -> None:
    with Visitor(env, channel) as visitor:
        visitor.send(frame)
        answer = visitor.next()
        assert answer["error"]["errorCode"] == "InconsistentData"
        assert answer["error"]["errorMessage"]
        assert answer["eventId"]
        assert visitor.data("FetchThreadList", {}) == {"threads": []}


def test_an_error_answers_the_event_it_is_about(env: Environment, channel: Channel) -> None:
    with Visitor(env, channel) as visitor:
        answer = visitor.ask("Dance", {})
        assert answer["error"]["errorCode"] == "InconsistentData"


def test_somewhat_more_than_the_clients_limit_goes_through_much_more_does_not(
    live: Environment, quiet_channel: Channel
) -> None:
    with Visitor(live, quiet_channel) as visitor:
        frames = [visitor.frame("FetchThreadList", {}) for _ in range(int(BURST) + 60)]
        for frame in frames:
            visitor.send(frame)
        answers = {answer["eventId"]: answer for answer in (visitor.next() for _ in frames)}
        codes = [answers[frame["eventId"]].get("error", {}).get("errorCode", "fine") for frame in frames]
        assert codes[:120] == ["fine"] * 120
        assert "TooManyRequests" in codes
        # The socket lives, and is heard again after a while.
        time.sleep(0.2)
        assert visitor.data("FetchThreadList", {}) == {"threads": []}


def test_a_socket_that_does_not_stop_flooding_is_told_and_closed(
    live: Environment, quiet_channel: Channel
) -> None:
    with Visitor(live, quiet_channel) as visitor:
        for _ in range(900):
            try:
                visitor.send('{"action":"heartbeat"}')
            except ConnectionClosed:
                break
        assert visitor.closing() == (4429, "TooManyRequests")


def test_a_removed_channel_closes_its_sockets_with_the_reason(env: Environment) -> None:
    channel = env.publish()
    with Visitor(env, channel) as visitor:
        env.push(replace(channel, release=2), removed=True)
        assert told(visitor) == (4404, "ChannelNotFound", "ChannelNotFound")


def test_a_domain_taken_off_the_list_closes_its_pages_sockets(env: Environment) -> None:
    channel = env.publish()
    with Visitor(env, channel) as visitor, Visitor(env, channel, origin=None) as app:
        closed = {"channels_config": {"domains_restricted": True, "allowed_domains": ["www.example.com"]}}
        env.push(replace(channel, release=2, private=closed))
        assert told(visitor) == (4403, "OriginNotAllowed", "OriginNotAllowed")
        assert app.data("FetchThreadList", {}) == {"threads": []}


def test_reconnecting_with_the_access_token(env: Environment, channel: Channel) -> None:
    with Visitor(env, channel) as first:
        first.say("Bonjour")
        access = first.authorized["postback"]["data"]["accessToken"]
    with Visitor(env, channel, authorize=False) as second:
        answer = second.ask("ReconnectConsumer", {"accessToken": access})
        assert answer["status"] == "success"
        assert len(second.data("FetchThreadList", {})["threads"]) == 1
        refreshed = second.data("RefreshToken", {"accessToken": access})
        assert refreshed["accessToken"]["expiresIn"] > 0
        again = second.ask("ReconnectConsumer", refreshed)
        assert again["status"] == "success"


@pytest.mark.parametrize("given", [None, {}, {"token": "x"}, {"token": 7}, "x"])
def test_reconnecting_with_a_made_up_token_is_refused(
    env: Environment, channel: Channel, given: object
) -> None:
    with Visitor(env, channel, authorize=False) as visitor:
        assert visitor.refusal("ReconnectConsumer", {"accessToken": given}) == "ConsumerReconnectionFailed"
        assert visitor.refusal("RefreshToken", {"accessToken": given}) == "TokenRefreshingFailed"
        assert visitor.refusal("FetchThreadList", {}) == "ConsumerAuthorizationFailed"


def test_an_access_token_of_another_customer_or_channel_is_refused(
    env: Environment, channel: Channel
) -> None:
    other = env.publish()
    with (
        Visitor(env, channel) as visitor,
        Visitor(env, channel) as thief,
        Visitor(env, other, authorize=False) as away,
    ):
        access = {"accessToken": visitor.authorized["postback"]["data"]["accessToken"]}
        assert thief.refusal("ReconnectConsumer", access) == "ConsumerReconnectionFailed"
        assert thief.refusal("RefreshToken", access) == "TokenRefreshingFailed"
        assert away.refusal("ReconnectConsumer", access) == "ConsumerReconnectionFailed"


def test_every_frame_to_a_client_is_json(env: Environment, channel: Channel) -> None:
    """Clients parse frames unguarded; a lone surrogate of the client's own comes back as it may."""
    with Visitor(env, channel) as visitor:
        visitor.send(
            '{"action":"chatWindowEvent","eventId":"\\ud83d","payload":{"eventType":"FetchThreadList"}}'
        )
        assert json.loads(visitor.socket.recv(5))["status"] == "success"


def test_a_visitor_id_that_differs_from_the_address_is_fine(env: Environment, channel: Channel) -> None:
    with Visitor(env, channel) as visitor:
        assert visitor.ask("FetchThreadList", {}, visitor={"id": str(uuid.uuid4())})["status"] == "success"
