"""Blocked addresses at every door of an environment."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from gateway.tests.client import Client, Visitor
from gateway.tests.environment import HTTP, SIGNING, Channel, Environment, until
from ipblocking.entries import section
from publishing.snapshot import CONTENT_TYPE, counts_request, new_signing_key

ORIGIN = "http://localhost:3000"
BLOCKED = {"errorCode": "ip_blocked", "error": {"errorCode": "ip_blocked"}}


@pytest.fixture(scope="module")
def behind(gateway_database: str, env: Environment) -> Iterator[Environment]:
    """A process of the same environment whose peers on this machine are proxies of ours, and so is 10.0.0.0/8."""
    environment = Environment(
        "test", env.database, public_url=env.url, extra={"TRUSTED_PROXIES": "127.0.0.1,10.0.0.0/8"}
    )
    environment.start()
    yield environment
    environment.stop()


def blocking(env: Environment, *lines: str, lists: dict[str, list[str]] | None = None) -> Channel:
    return change(env, Channel(release=0), *lines, lists=lists)


def change(
    env: Environment, channel: Channel, *lines: str, lists: dict[str, list[str]] | None = None
) -> Channel:
    channel.release += 1
    channel.private = {**Channel().private, "ipblocking": section(list(lines), lists)}
    answer = env.push(channel)
    assert answer.status_code == 200, answer.text
    return channel


def is_blocked(answer: httpx.Response) -> bool:
    if answer.status_code != 403:
        return False
    found = answer.json()
    assert found["errorCode"] == BLOCKED["errorCode"]
    assert found["error"]["errorCode"] == "ip_blocked"
    assert answer.headers["Cache-Control"] == "no-store"
    return True


def served(behind: Environment, channel: Channel, forwarded: str | None) -> bool:
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    until(lambda: behind.channel_json(channel, **headers).status_code != 404)
    return not is_blocked(behind.channel_json(channel, **headers))


# -- the doors --------------------------------------------------------------------------------------------------------


def test_every_http_door_is_shut_with_the_answer_of_the_contract(env: Environment) -> None:
    channel = blocking(env, "127.0.0.0/8")
    assert is_blocked(env.channel_json(channel))
    for path in ("/availability", "/persistent-menu-items"):
        answer = env.get(channel.path + path)
        assert is_blocked(answer)
        assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    upload = HTTP.post(
        f"{env.url}{channel.path}/attachment",
        content=b"{",
        headers={"Origin": ORIGIN, "Content-Type": "application/json"},
    )
    assert is_blocked(upload)
    token = HTTP.post(
        f"{env.url}/oauth/token",
        params={"brandId": channel.brand, "channelId": channel.id, "visitorId": "v"},
        json={"customerIdentity": {"idOnExternalPlatform": "somebody"}},
        headers={"Origin": ORIGIN},
    )
    assert token.status_code == 403
    assert token.json()["errorCode"] == "ip_blocked"
    frame = env.get(f"/frame/1/{channel.brand}/{channel.id}")
    assert frame.status_code == 403


def test_a_preflight_passes_so_that_the_page_can_read_why(env: Environment) -> None:
    channel = blocking(env, "127.0.0.0/8")
    answer = HTTP.options(
        env.url + channel.path,
        headers={"Origin": ORIGIN, "Access-Control-Request-Headers": "x-trace-id"},
    )
    assert answer.status_code == 204
    refused = env.channel_json(channel)
    assert refused.headers["Access-Control-Allow-Origin"] == ORIGIN


def test_another_channel_without_the_rule_is_open(env: Environment) -> None:
    blocking(env, "127.0.0.0/8")
    assert env.channel_json(env.publish()).status_code == 200
    assert env.channel_json(blocking(env, "192.0.2.1")).status_code == 200
    assert env.channel_json(blocking(env, "127.0.0.0/8", "allow 127.0.0.1")).status_code == 200
    assert env.channel_json(blocking(env, lists={"Bots": ["127.0.0.1"]})).status_code == 403


def test_the_refusal_tells_the_release_to_whoever_waits_for_it(env: Environment) -> None:
    channel = blocking(env, "127.0.0.0/8")
    assert HTTP.head(env.url + channel.path).headers["X-Release"] == "1"


def test_rules_an_environment_cannot_read_let_nobody_in(env: Environment) -> None:
    channel = Channel(private={**Channel().private, "ipblocking": {"format": 2}})
    assert env.push(channel).status_code == 200
    assert is_blocked(env.channel_json(channel))


# -- memory and caches ------------------------------------------------------------------------------------------------


def test_no_shared_cache_keeps_the_json_of_a_channel_with_rules(env: Environment) -> None:
    """A cache would not look at who asks."""
    assert env.channel_json(env.publish()).headers["Cache-Control"].startswith("public")
    with_rules = env.channel_json(blocking(env, "192.0.2.1"))
    assert with_rules.headers["Cache-Control"] == "private, no-cache"
    again = env.channel_json(blocking(env, "192.0.2.1"), **{"If-None-Match": "*"})
    assert again.status_code == 304
    assert again.headers["Cache-Control"] == "private, no-cache"


def test_a_remembered_answer_is_not_given_to_a_blocked_address(behind: Environment, env: Environment) -> None:
    channel = blocking(env, "198.51.100.7", "2001:db8::/32")
    for _ in range(2):
        assert served(behind, channel, "198.51.100.8")
        assert not served(behind, channel, "198.51.100.7")
        assert not served(behind, channel, "2001:db8::5")
    etag = behind.channel_json(channel, **{"X-Forwarded-For": "198.51.100.8"}).headers["ETag"]
    known = behind.channel_json(channel, **{"X-Forwarded-For": "198.51.100.7", "If-None-Match": etag})
    assert is_blocked(known)


def test_an_entry_ends_by_itself(env: Environment) -> None:
    moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 2))
    channel = blocking(env, f"127.0.0.1 until {moment}")
    assert is_blocked(env.channel_json(channel))
    until(lambda: env.channel_json(channel).status_code == 200, 15)


# -- whose address it is ----------------------------------------------------------------------------------------------


def test_without_a_proxy_a_forged_header_changes_nothing(env: Environment) -> None:
    listed = blocking(env, "198.51.100.7")
    assert env.channel_json(listed, **{"X-Forwarded-For": "198.51.100.7"}).status_code == 200
    home = blocking(env, "127.0.0.0/8")
    for forged in ("198.51.100.8", "198.51.100.8, 10.0.0.1", ""):
        assert is_blocked(env.channel_json(home, **{"X-Forwarded-For": forged}))


@pytest.mark.parametrize(
    ("forwarded", "enters"),
    [
        # One proxy: this machine. It appends the address it was called from; what stands before that anybody may write.
        ("198.51.100.7", False),
        ("198.51.100.8", True),
        ("198.51.100.7, 198.51.100.8", True),
        ("198.51.100.8, 198.51.100.7", False),
        # Two: 10.0.0.5 called this machine.
        ("198.51.100.7, 10.0.0.5", False),
        ("198.51.100.8, 10.0.0.5", True),
        ("198.51.100.7, 198.51.100.8, 10.0.0.5", True),
        ("198.51.100.8, 198.51.100.7, 10.0.0.5", False),
        ("::ffff:198.51.100.7", False),
        ("198.51.100.7:4711", False),
        ("198.51.100.71", True),
        ("[2001:db8::7%25eth0]:443", True),
    ],
)
def test_the_right_most_hop_that_is_no_proxy_of_ours_counts(
    behind: Environment, env: Environment, forwarded: str, enters: bool, listed: Channel
) -> None:
    assert served(behind, listed, forwarded) is enters


@pytest.fixture(scope="module")
def listed(env: Environment) -> Channel:
    return blocking(env, "198.51.100.7")


# -- sockets ----------------------------------------------------------------------------------------------------------


def told(visitor: Client) -> tuple[int, str, str]:
    """Close code, close reason, and the error code told before."""
    code, reason = visitor.closing()
    [error] = [frame["error"] for frame in visitor.heard if isinstance(frame, dict) and "error" in frame]
    return code, reason, error["errorCode"]


def test_a_socket_of_a_blocked_address_is_told_why_and_closed(env: Environment) -> None:
    channel = blocking(env, "127.0.0.0/8")
    with Visitor(env, channel, authorize=False) as visitor:
        assert told(visitor) == (4403, "ip_blocked", "ip_blocked")


def test_open_sockets_of_a_newly_blocked_address_are_closed(behind: Environment, env: Environment) -> None:
    channel = env.publish()
    until(lambda: behind.channel_json(channel).status_code == 200)
    with (
        Visitor(behind, channel, forwarded="198.51.100.7") as blocked,
        Visitor(behind, channel, forwarded="198.51.100.8") as other,
        Visitor(env, channel, forwarded="198.51.100.7") as forged,
    ):
        change(env, channel, "198.51.100.7")
        assert told(blocked) == (4403, "ip_blocked", "ip_blocked")
        for visitor in (other, forged):
            assert visitor.data("FetchThreadList", {}) == {"threads": []}
    # An exception in a shared list lets it in again.
    change(env, channel, "198.51.100.7", lists={"Office": ["allow 198.51.100.0/28"]})
    until(lambda: served(behind, channel, "198.51.100.7"))
    with Visitor(behind, channel, forwarded="198.51.100.7") as again:
        assert again.data("FetchThreadList", {}) == {"threads": []}


def test_a_socket_is_let_go_when_its_exception_ends(env: Environment) -> None:
    moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 2))
    channel = blocking(env, "127.0.0.0/8", f"allow 127.0.0.1 until {moment}")
    with Visitor(env, channel) as visitor:
        until(lambda: is_blocked(env.channel_json(channel)), 15)
        visitor.send({"action": "heartbeat"})
        assert told(visitor) == (4403, "ip_blocked", "ip_blocked")


# -- counters ---------------------------------------------------------------------------------------------------------


def ask(env: Environment, done: str = "", *, key: dict[str, Any] = SIGNING, **changes: Any) -> httpx.Response:
    body = counts_request(
        key, **{"environment": env.name, "done": done, "expires_at": time.time() + 60, **changes}
    )
    return HTTP.post(f"{env.url}/_push/v1/counts", content=body, headers={"Content-Type": CONTENT_TYPE})


def test_rules_that_were_met_are_counted_and_handed_over_until_they_are_written_down(
    env: Environment,
) -> None:
    drained = ask(env).json()["batch"]
    ask(env, drained)
    mine = blocking(env, "127.0.0.0/8 # home", lists={"Bots": ["192.0.2.1"]})
    for _ in range(3):
        env.channel_json(mine)
    excepted = blocking(env, "allow 127.0.0.1")
    env.channel_json(excepted)
    first = ask(env).json()
    # Others' tests met rules, too.
    rows = {tuple(row[:5]): row[5] for row in first["rows"]}
    assert rows[mine.brand, mine.id, "", "block", "127.0.0.0/8"] == 3
    assert rows[excepted.brand, excepted.id, "", "allow", "127.0.0.1"] == 1
    assert all(abs(row[6] - time.time()) < 3600 for row in first["rows"])
    assert ask(env).json() == first
    env.channel_json(mine)
    second = ask(env, first["batch"]).json()
    assert {tuple(row[:5]): row[5] for row in second["rows"]}[
        mine.brand, mine.id, "", "block", "127.0.0.0/8"
    ] == 1
    assert second["batch"] != first["batch"]
    assert ask(env, second["batch"]).json() == {"batch": "", "rows": []}


def test_counters_are_given_to_the_console_only(env: Environment) -> None:
    for answer, code in (
        (ask(env, key=new_signing_key()), "bad_signature"),
        (ask(env, environment="live"), "wrong_environment"),
        (ask(env, expires_at=time.time() - 1), "bad_signature"),
        (HTTP.post(f"{env.url}/_push/v1/counts", content=b"x"), "malformed"),
    ):
        assert answer.status_code == 401
        assert answer.json()["code"] == code
    assert HTTP.get(f"{env.url}/_push/v1/counts").status_code == 405


def test_no_visitor_s_address_is_in_the_counters(behind: Environment, env: Environment) -> None:
    channel = blocking(env, "203.0.113.0/24")
    assert not served(behind, channel, "203.0.113.77")
    until(lambda: channel.id in json.dumps(ask(env).json()))
    assert "203.0.113.77" not in json.dumps(ask(env).json())
