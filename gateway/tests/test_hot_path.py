"""The channel JSON over HTTP: encodings, caching, origins, CORS."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace

import brotli
import httpx
import pytest

from gateway.tests.environment import CONSOLE, HTTP, Channel, Environment, until


def private(*domains: str, restricted: bool = True) -> dict[str, object]:
    return {
        "channels_config": {"format": 1, "domains_restricted": restricted, "allowed_domains": list(domains)}
    }


@pytest.fixture(scope="module")
def channel(env: Environment) -> Channel:
    return env.publish(document={"customCss": "a{}" * 500})


def test_availability_is_in_the_channel_json(env: Environment, channel: Channel) -> None:
    served = env.channel_json(channel).json()
    assert served["availability"] == {"status": "online"}
    assert env.get(channel.path + "/availability").json() == {"status": "online"}
    assert served["channelIdOnExternalPlatform"] == channel.id.removeprefix("chat_")
    assert served["isLiveChat"] is False
    assert served["name"] == channel.name


def test_the_bytes_are_the_same_in_every_encoding(env: Environment, channel: Channel) -> None:
    plain = raw(env, channel, "identity")
    packed = raw(env, channel, "br")
    zipped = raw(env, channel, "gzip, deflate")
    assert brotli.decompress(packed[0]) == gzip.decompress(zipped[0]) == plain[0]
    assert (packed[1], zipped[1], plain[1]) == ("br", "gzip", None)
    assert len(packed[0]) < len(plain[0]) / 2
    assert raw(env, channel, "gzip;q=1.0, br;q=0")[1] == "gzip"
    assert raw(env, channel, "zebra")[1] is None


def raw(env: Environment, channel: Channel, accepted: str) -> tuple[bytes, str | None]:
    with HTTP.stream("GET", env.url + channel.path, headers={"Accept-Encoding": accepted}) as answer:
        content = b"".join(answer.iter_raw())
        assert answer.headers["Content-Length"] == str(len(content))
        return content, answer.headers.get("Content-Encoding")


def test_head_has_no_body(env: Environment, channel: Channel) -> None:
    answer = HTTP.head(env.url + channel.path, headers={"Accept-Encoding": "identity"})
    assert answer.status_code == 200
    assert answer.content == b""
    assert int(answer.headers["Content-Length"]) > 1000


def test_an_unchanged_channel_is_304(env: Environment, channel: Channel) -> None:
    first = env.channel_json(channel)
    tag = first.headers["ETag"]
    for sent in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = env.channel_json(channel, **{"If-None-Match": sent})
        assert (again.status_code, again.content) == (304, b""), sent
        assert again.headers["ETag"] == tag
        assert again.headers["Access-Control-Allow-Origin"] == "http://localhost:3000"
    assert env.channel_json(channel, **{"If-None-Match": '"other"'}).status_code == 200


def test_a_new_release_has_a_new_tag_even_with_the_same_content(env: Environment) -> None:
    channel = env.publish()
    tag = env.channel_json(channel).headers["ETag"]
    env.push(replace(channel, release=2))
    answer = env.channel_json(channel, **{"If-None-Match": tag})
    assert (answer.status_code, answer.headers["X-Release"]) == (200, "2")


def test_a_shared_cache_may_keep_it_a_second_and_keeps_origins_apart(
    env: Environment, channel: Channel
) -> None:
    headers = env.channel_json(channel).headers
    assert headers["Cache-Control"] == "public, max-age=0, s-maxage=1, must-revalidate"
    assert {"Origin", "Accept-Encoding"} <= {part.strip() for part in headers["Vary"].split(",")}


def test_any_locale_is_answered(env: Environment, channel: Channel) -> None:
    for query in (
        "?locale=fr_CA",
        "?locale=",
        "?locale=%00",
        "?locale=" + "x" * 500,
        "?" + "&".join(["a=1"] * 200),
    ):
        answer = env.get(channel.path + query)
        assert answer.status_code == 200, query
        assert answer.json()["translations"]["send"] == ("Envoyer" if "fr_CA" in query else "Send")


def test_no_origin_is_an_app_or_a_server_and_let_in(env: Environment, channel: Channel) -> None:
    answer = env.channel_json(channel, origin=None)
    assert answer.status_code == 200
    assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "https://evil.example",
        "http://localhost.evil.example",
        "http://evil-localhost",
        "file://",
        "",
        "x" * 500,
    ],
)
def test_a_page_from_elsewhere_is_refused_and_can_read_why(
    env: Environment, channel: Channel, origin: str
) -> None:
    answer = env.channel_json(channel, origin=origin)
    assert answer.status_code == 403
    body = answer.json()
    assert body["errorCode"] == "origin_not_allowed"
    assert body["error"]["errorCode"] == "OriginNotAllowed"
    assert body["error"]["errorMessage"].endswith(".")
    assert answer.headers["Access-Control-Allow-Origin"] == origin
    assert answer.headers["Cache-Control"] == "no-store"
    assert "customCss" not in answer.text


def test_the_environment_and_the_console_are_always_allowed(env: Environment) -> None:
    channel = env.publish(private=private())
    for origin in (env.url, CONSOLE):
        assert env.channel_json(channel, origin=origin).status_code == 200


def test_an_empty_list_lets_nobody_in_and_no_restriction_everybody(env: Environment) -> None:
    closed = env.publish(private=private())
    assert env.channel_json(closed, origin="https://www.example.com").status_code == 403
    opened = env.publish(private=private(restricted=False))
    assert env.channel_json(opened, origin="https://www.example.com").status_code == 200
    assert env.channel_json(opened, origin="null").status_code == 403


def test_a_channel_without_its_domain_section_is_closed(env: Environment) -> None:
    assert env.channel_json(env.publish(private={})).status_code == 403


def test_clearing_the_list_takes_effect_at_once(env: Environment) -> None:
    channel = env.publish(private=private("www.example.com"))
    page = "https://www.example.com"
    assert env.channel_json(channel, origin=page).status_code == 200
    env.push(replace(channel, release=2, private=private()))
    assert env.channel_json(channel, origin=page).status_code == 403


def test_a_second_origin_header_cannot_spoil_the_answer_of_the_first(
    env: Environment, channel: Channel
) -> None:
    with httpx.Client(trust_env=False) as client:
        client.get(
            env.url + channel.path,
            headers=[("Origin", "https://evil.example"), ("Origin", "http://localhost:7777")],
        )
    assert env.channel_json(channel, origin="http://localhost:7777").status_code == 200
    assert env.channel_json(channel, origin="https://evil.example").status_code == 403


def test_more_origins_than_are_remembered_are_all_answered(env: Environment, channel: Channel) -> None:
    for port in range(1, 700):
        answer = env.channel_json(channel, origin=f"http://localhost:{port}")
        assert answer.headers["Access-Control-Allow-Origin"] == f"http://localhost:{port}"


ASKED = "content-type,x-caller-service-id,x-sdk-platform,x-sdk-version,x-trace-id"


@pytest.mark.parametrize("end", ["", "/availability", "/persistent-menu-items", "/attachment"])
def test_a_preflight_is_echoed(env: Environment, channel: Channel, end: str) -> None:
    answer = HTTP.options(
        env.url + channel.path + end,
        headers={
            "Origin": "http://localhost:3000",
            "Access-Control-Request-Method": "GET",
            "Access-Control-Request-Headers": ASKED + ",x-of-the-host",
        },
    )
    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Origin"] == "http://localhost:3000"
    assert answer.headers["Access-Control-Allow-Headers"] == ASKED + ",x-of-the-host"
    assert "GET" in answer.headers["Access-Control-Allow-Methods"]
    assert "Access-Control-Allow-Credentials" not in answer.headers


def test_only_the_token_endpoint_takes_credentials_and_only_of_allowed_pages(
    env: Environment, channel: Channel
) -> None:
    def preflight(origin: str) -> httpx.Headers:
        return HTTP.options(
            f"{env.url}/oauth/token?brandId=1009&channelId={channel.id}",
            headers={
                "Origin": origin,
                "Access-Control-Request-Method": "POST",
                "Access-Control-Request-Headers": "authorization",
            },
        ).headers

    allowed = preflight("http://localhost:3000")
    assert allowed["Access-Control-Allow-Origin"] == "http://localhost:3000"
    assert allowed["Access-Control-Allow-Credentials"] == "true"
    assert allowed["Access-Control-Allow-Headers"] == "authorization"
    assert "Access-Control-Allow-Credentials" not in preflight("null")
    assert "Access-Control-Allow-Credentials" not in preflight("file://")


def test_an_unknown_channel_is_a_readable_404(env: Environment) -> None:
    for path in (
        "/chat/1.0/brand/1009/channel/chat_0",
        "/chat/1.0/brand/x/channel/%00",
        "/chat/1.0/brand/1009/channel/chat_0/availability",
    ):
        answer = env.get(path)
        assert answer.status_code == 404
        assert answer.json()["errorCode"] == "channel_not_found"
        assert answer.headers["Access-Control-Allow-Origin"] == "http://localhost:3000"


def test_health_and_metrics(env: Environment, channel: Channel) -> None:
    env.channel_json(channel)
    health = env.get("/healthz")
    assert health.status_code == 200
    assert health.json()["channels"] >= 1
    text = env.get("/metrics").text
    assert 'gateway_channel_json_total{status="200"}' in text
    assert "gateway_sockets" in text
    # Through a proxy these numbers are nobody's business.
    assert env.get("/metrics", **{"X-Forwarded-For": "203.0.113.9"}).status_code == 404


def test_any_other_address_is_a_404_in_json(env: Environment) -> None:
    for path in ("/", "/admin/", "/chat/", "/test/", "/%2e%2e/settings.py", "/chat/1.0/brand/1009"):
        answer = env.get(path)
        assert answer.status_code == 404, path
        json.loads(answer.text)


def test_a_live_channel_says_so(env: Environment) -> None:
    assert env.channel_json(env.publish(kind="live")).json()["isLiveChat"] is True


def test_a_switch_shows_on_every_encoding_at_once(env: Environment) -> None:
    channel = env.publish()
    for release in range(2, 6):
        env.push(replace(channel, release=release, document={"customCss": f"/*{release}*/"}))
        for accepted in ("br", "gzip", "identity"):
            answer = env.channel_json(channel, **{"Accept-Encoding": accepted})
            assert answer.json()["customCss"] == f"/*{release}*/"
    until(lambda: env.channel_json(channel).headers["X-Release"] == "5")
