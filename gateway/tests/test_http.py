"""The contract's other HTTP endpoints: menu, upload, token, one message, web analytics."""

from __future__ import annotations

import base64
import json
import uuid
from dataclasses import replace

import httpx
import pytest

from gateway import tokens
from gateway.tests.client import Visitor, token
from gateway.tests.environment import HTTP, Channel, Environment

PAGE = {"Origin": "http://localhost:3000"}


@pytest.fixture(scope="module")
def channel(env: Environment) -> Channel:
    return env.publish()


def post(env: Environment, path: str, body: object, **headers: str) -> httpx.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return HTTP.post(env.url + path, content=content, headers={**PAGE, **headers})


def token_path(channel: Channel, **changes: str) -> str:
    fields = {"brandId": str(channel.brand), "channelId": channel.id, "visitorId": "v", **changes}
    return "/oauth/token?" + str(httpx.QueryParams(fields))


def test_the_menu_is_an_array(env: Environment, channel: Channel) -> None:
    assert env.get(channel.path + "/persistent-menu-items").json() == []


def test_what_is_true_now_only_is_kept_by_no_cache(env: Environment, channel: Channel) -> None:
    for path, status in (
        (channel.path + "/availability", 200),
        (channel.path + "/persistent-menu-items", 200),
        ("/chat/1.0/brand/1009/channel/chat_nowhere/availability", 404),
        (f"/chat/1.0/brand/1009/messages/{uuid.uuid4()}", 401),
    ):
        answer = env.get(path)
        assert (answer.status_code, answer.headers.get_list("Cache-Control")) == (status, ["no-store"])


def test_a_refused_upload_is_a_200_with_the_rules(env: Environment, channel: Channel) -> None:
    body = {
        "content": base64.b64encode(b"x" * 3_000_000).decode(),
        "fileName": "a.png",
        "mimeType": "image/png",
    }
    answer = post(env, channel.path + "/attachment", body)
    assert answer.status_code == 200
    rules = answer.json()
    assert set(rules) == {"allowedFileSize", "allowedFileTypes", "isAttachmentsEnabled"}
    assert rules["allowedFileSize"] == "40"
    assert "fileUrl" not in rules


def test_an_upload_from_elsewhere_is_refused(env: Environment, channel: Channel) -> None:
    assert post(env, channel.path + "/attachment", {}, Origin="https://evil.example").status_code == 403


def test_a_body_too_large_is_a_413_in_json(env: Environment, channel: Channel) -> None:
    answer = post(env, token_path(channel), b"x" * 300_000)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_an_anonymous_customer_gets_a_token(env: Environment, channel: Channel) -> None:
    customer = "client-é-1"
    answer = post(
        env,
        token_path(channel),
        {"type": "anonymous", "customerIdentity": {"idOnExternalPlatform": customer, "firstName": "Zoé"}},
    )
    assert answer.status_code == 200
    data = answer.json()
    assert data["expiresIn"] == 600
    assert data["customerIdentity"]["idOnExternalPlatform"] == customer
    assert data["customerIdentity"]["firstName"] == "Zoé"
    assert data["accessToken"]
    assert answer.headers["Access-Control-Allow-Origin"] == PAGE["Origin"]
    assert answer.headers["Access-Control-Allow-Credentials"] == "true"
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"customerIdentity": {}},
        {"customerIdentity": {"idOnExternalPlatform": ""}},
        {"customerIdentity": {"idOnExternalPlatform": True}},
        {"customerIdentity": {"idOnExternalPlatform": "x" * 256}},
        {"customerIdentity": {"idOnExternalPlatform": "a\x00b"}},
        {"customerIdentity": {"idOnExternalPlatform": "\ud800"}},
        {"thirdParty": {"authorization_code": "c", "grant_type": "authorization_code"}},
        {"thirdParty": {"grant_type": "refresh_token", "refresh_token": "r"}},
        {"customerIdentity": {"idOnExternalPlatform": "a"}, "thirdParty": {}},
    ],
)
def test_a_token_request_that_names_nobody_is_refused(
    env: Environment, channel: Channel, body: object
) -> None:
    answer = post(env, token_path(channel), body)
    assert answer.status_code == 401
    assert answer.json()["error"]["errorCode"] == "CustomerAuthorizationFailed"


@pytest.mark.parametrize("body", [b"{", b"[]", b"null", b"[" * 50_000, b"\xff"])
def test_a_token_request_that_is_no_object_is_refused(
    env: Environment, channel: Channel, body: bytes
) -> None:
    answer = post(env, token_path(channel), body)
    assert (answer.status_code, answer.json()["error"]["errorCode"]) == (400, "InconsistentData")


def test_a_token_for_no_channel_or_a_page_from_elsewhere_is_refused(
    env: Environment, channel: Channel
) -> None:
    assert post(env, token_path(channel, brandId="2020"), {}).status_code == 404
    assert post(env, "/oauth/token", {}).status_code == 404
    assert post(env, token_path(channel), {}, Origin="null").status_code == 403


@pytest.mark.parametrize("flag", ["isSecuredCookieEnabled", "isAuthorizationEnabled"])
def test_a_channel_with_a_sign_in_gives_no_anonymous_token(env: Environment, flag: str) -> None:
    channel = env.publish(document={flag: True})
    answer = post(env, token_path(channel), {"customerIdentity": {"idOnExternalPlatform": "a"}})
    assert (answer.status_code, answer.json()["error"]["errorCode"]) == (401, "CustomerAuthorizationFailed")


def test_one_message_is_fetched_by_its_customer_only(env: Environment, channel: Channel) -> None:
    with Visitor(env, channel) as visitor:
        said = visitor.say("Bonjour")
    path = f"/chat/1.0/brand/1009/messages/{said['id']}"

    def fetch(text: str, path: str = path) -> httpx.Response:
        return env.get(path, Authorization=text)

    own = token(env, channel, visitor.customer)["accessToken"]
    answer = fetch(f"Bearer {own}")
    assert answer.status_code == 200
    assert answer.json()["messageContent"]["payload"]["text"] == "Bonjour"
    assert answer.json()["hasAdditionalMessageContent"] is False
    other = token(env, channel, "somebody else")["accessToken"]
    assert fetch(f"Bearer {other}").status_code == 404
    assert fetch(f"Bearer {own}", path.replace("1009", "2020")).status_code == 401
    assert fetch(f"Bearer {own}", path.replace("1009", "x")).status_code == 401
    assert fetch(f"Bearer {own}", f"/chat/1.0/brand/1009/messages/{uuid.uuid4()}").status_code == 404
    assert fetch(f"Bearer {own}", "/chat/1.0/brand/1009/messages/none").status_code == 404
    for bad in ("", "Bearer", "Bearer x.y.z", f"Basic {own}", "Bearer é"):
        answer = env.get(path, **({"Authorization": bad} if bad.isascii() else {}))
        assert (answer.status_code, answer.json()["error"]["errorCode"]) == (
            401,
            "CustomerAuthorizationFailed",
        )


def test_web_analytics_is_thanked(env: Environment) -> None:
    visitor = f"/web-analytics/1.0/tenants/1009/visitors/{uuid.uuid4()}"
    put = HTTP.put(env.url + visitor, json={"browserFingerprint": {}}, headers=PAGE)
    assert put.is_success
    assert put.headers["Access-Control-Allow-Origin"] == PAGE["Origin"]
    assert post(env, visitor + "/events", {"type": "PageView"}).is_success


def test_a_wrong_method_is_a_405(env: Environment, channel: Channel) -> None:
    assert env.get("/oauth/token").status_code == 405
    assert env.get(channel.path + "/attachment").status_code == 405
    assert post(env, channel.path, {}).status_code == 405


def test_a_token_opens_only_what_it_was_made_for(env: Environment, channel: Channel) -> None:
    """A transaction token of one channel is none of another, nor of the same channel under another brand."""
    other = env.publish()
    text = token(env, channel, "a")["accessToken"]
    with Visitor(env, other, authorize=False, query={"transactionToken": text}) as visitor:
        assert visitor.closing() == (4401, "CustomerAuthorizationFailed")


def test_a_token_is_bound_signed_and_ends() -> None:
    facts = {"brand": 1009, "channel": "chat_x", "customer": "a", "mode": "anonymous"}
    text, _ = tokens.issue("transaction", **facts)  # type: ignore[arg-type]
    assert tokens.check("transaction", text, brand=1009, channel="chat_x").customer == "a"
    over, _ = tokens.issue("transaction", **facts, lifetime=-1)  # type: ignore[arg-type]
    head, payload, signature = text.split(".")
    forged = base64.urlsafe_b64encode(
        b'{"b":1009,"c":"chat_x","u":"b","m":"anonymous","e":9999999999}'
    ).rstrip(b"=")
    for bad in (
        over,
        f"{head}.{forged.decode()}.{signature}",
        f"{head}.{payload}.",
        text + "x",
        "",
        None,
        7,
        "é.é.é",
        "x" * 5000,
    ):
        with pytest.raises(tokens.TokenRefused):
            tokens.check("transaction", bad, brand=1009, channel="chat_x")
    with pytest.raises(tokens.TokenRefused):
        tokens.check("access", text, brand=1009, channel="chat_x")
    with pytest.raises(tokens.TokenRefused):
        tokens.check("transaction", text, brand=2020, channel="chat_x")


def test_a_token_of_a_former_mode_opens_nothing(env: Environment) -> None:
    channel = env.publish()
    text = token(env, channel, "a")["accessToken"]
    env.push(replace(channel, release=2, document={"isAuthorizationEnabled": True}))
    with Visitor(env, channel, authorize=False, query={"transactionToken": text}) as visitor:
        assert visitor.closing() == (4401, "CustomerAuthorizationFailed")
