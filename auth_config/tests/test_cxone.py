"""How customers are identified by a CXone channel JSON: what is taken, and what waits for a person."""

from __future__ import annotations

from typing import Any

import pytest

from areas.contract import Section
from auth_config import rules
from auth_config.cxone import from_channel_json
from auth_config.section import EMPTY, check

SIGN_IN, COOKIE, UNSECURED = (
    "isAuthorizationEnabled",
    "isSecuredCookieEnabled",
    "isUnsecuredConnectionAllowed",
)


def settled(mode: str) -> Section:
    oauth = {
        **EMPTY["oauth"],
        "authorize_endpoint": "https://login.example.com/token",
        "userinfo_endpoint": "https://login.example.com/me",
        "client_id": "chat",
        "client_authentication": "none",
    }
    return {**EMPTY, "mode": mode, "oauth": oauth}


def take(document: dict[str, Any], section: Section) -> tuple[Section, dict[str, str]]:
    made, lines = from_channel_json(document, section)
    assert len({line.path for line in lines}) == len(lines)
    return made, {line.path: line.verdict for line in lines}


@pytest.mark.parametrize(
    ("document", "before", "mode", "said"),
    [
        ({}, settled(rules.COOKIE), rules.COOKIE, {}),
        (
            {SIGN_IN: False, COOKIE: False},
            settled(rules.OAUTH),
            rules.ANONYMOUS,
            {SIGN_IN: "taken", COOKIE: "taken"},
        ),
        ({SIGN_IN: False, COOKIE: True}, EMPTY, rules.COOKIE, {SIGN_IN: "taken", COOKIE: "taken"}),
        ({SIGN_IN: True, COOKIE: True}, EMPTY, rules.COOKIE, {SIGN_IN: "changed", COOKIE: "taken"}),
        ({SIGN_IN: True, COOKIE: False}, settled(rules.JWT), rules.JWT, {SIGN_IN: "taken", COOKIE: "taken"}),
        ({SIGN_IN: True}, settled(rules.ANONYMOUS), rules.OAUTH, {SIGN_IN: "taken"}),
        ({SIGN_IN: True}, EMPTY, rules.ANONYMOUS, {SIGN_IN: "unknown"}),
        (
            {SIGN_IN: 1, COOKIE: "yes"},
            settled(rules.COOKIE),
            rules.COOKIE,
            {SIGN_IN: "unknown", COOKIE: "unknown"},
        ),
        ({COOKIE: False}, settled(rules.OAUTH), rules.OAUTH, {COOKIE: "taken"}),
    ],
)
def test_the_way_customers_are_identified_is_taken_where_the_json_says_enough(
    document: dict[str, Any], before: Section, mode: str, said: dict[str, str]
) -> None:
    made, verdicts = take(document, before)
    assert (made["mode"], verdicts) == (mode, said)
    assert {**made, "mode": before["mode"]} == before


@pytest.mark.parametrize(
    ("mode", "value", "verdict", "kept"),
    [
        (rules.ANONYMOUS, False, "taken", False),
        (rules.OAUTH, True, "taken", True),
        (rules.COOKIE, False, "taken", None),
        (rules.COOKIE, True, "changed", None),
        (rules.ANONYMOUS, "no", "unknown", True),
    ],
)
def test_unsecured_connections_belong_to_the_way_that_is_chosen(
    mode: str, value: Any, verdict: str, kept: bool | None
) -> None:
    made, verdicts = take({UNSECURED: value}, settled(mode))
    assert verdicts == {UNSECURED: verdict}
    assert made[mode].get("allow_unsecured") is kept


def test_sessions_are_always_secured_and_whoever_had_them_off_is_told() -> None:
    switches = {"securedSessions": True, "features": {"securedSessions": False}}
    made, verdicts = take({"settings": switches}, EMPTY)
    assert made == EMPTY
    assert verdicts == {"settings.securedSessions": "taken", "settings.features.securedSessions": "changed"}
    for odd in (3, {"features": 3}, {"features": {"securedSessions": "x"}}):
        take({"settings": odd}, EMPTY)


def test_a_section_that_could_be_published_still_can() -> None:
    for document in ({SIGN_IN: True}, {SIGN_IN: True, COOKIE: True}, {COOKIE: True, UNSECURED: True}):
        assert [one for one in check(take(document, EMPTY)[0], {}) if one.blocking] == []
