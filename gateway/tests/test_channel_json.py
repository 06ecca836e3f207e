"""The channel JSON is whole and of the right types, whatever was published (wire contract 3.3 and its traps)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.channel_json import ALLOWED_FILE_TYPES, FEATURES, complete


def made(**document: Any) -> dict[str, Any]:
    return complete(document, availability="online")


def assert_startable(whole: dict[str, Any]) -> None:
    """What the mobile clients require, else they do not start."""
    settings = whole["settings"]
    for key in (
        "hasMultipleThreadsPerEndUser",
        "isProactiveChatEnabled",
        "liveChatAllowTranscript",
        "securedSessions",
    ):
        assert type(settings[key]) is bool, key
    assert all(type(value) is bool for value in settings["features"].values())
    assert set(FEATURES) <= set(settings["features"])
    restrictions = settings["fileRestrictions"]
    assert type(restrictions["allowedFileSize"]) is str
    assert str(int(restrictions["allowedFileSize"])) == restrictions["allowedFileSize"]
    assert type(restrictions["isAttachmentsEnabled"]) is bool
    types = [entry["mimeType"] for entry in restrictions["allowedFileTypes"]]
    assert len(types) == len(set(types))
    assert all(type(entry["description"]) is str for entry in restrictions["allowedFileTypes"])
    for key in (
        "isAuthorizationEnabled",
        "isSecuredCookieEnabled",
        "isLiveChat",
        "isUnsecuredConnectionAllowed",
    ):
        assert type(whole[key]) is bool, key
    assert not (whole["isAuthorizationEnabled"] and whole["isSecuredCookieEnabled"])
    assert whole["availability"] == {"status": "online"}
    assert type(whole["translations"]) is dict
    assert type(whole["customJsFiles"]) is list


def test_an_empty_document_is_made_whole() -> None:
    assert_startable(made())
    assert made()["settings"]["fileRestrictions"]["allowedFileTypes"] == ALLOWED_FILE_TYPES


def test_every_switch_named_in_the_contract_is_served() -> None:
    """A missing one counts as on in the mobile clients."""
    assert made()["settings"]["features"]["isFeatureGroupChatEnabled"] is False
    assert made()["settings"]["isFeatureGroupChatEnabled"] is False
    assert "isRecoverLivechatDoesNotFailEnabled" in FEATURES


def test_a_switch_says_the_same_in_both_places() -> None:
    for document in ({"features": {"securedSessions": False}}, {"securedSessions": False}):
        settings = made(settings=document)["settings"]
        assert settings["securedSessions"] is False
        assert settings["features"]["securedSessions"] is False


def test_a_switch_that_is_no_boolean_is_not_served_as_it_is() -> None:
    settings = made(settings={"features": {"chatRedesign": "no", "unknownSwitch": 1, "newSwitch": True}})[
        "settings"
    ]
    assert settings["features"]["chatRedesign"] is True
    assert "unknownSwitch" not in settings["features"]
    assert settings["features"]["newSwitch"] is True


@pytest.mark.parametrize(
    ("given_size", "served"),
    [
        (40, "40"),
        ("25", "25"),
        ("2.5", "40"),
        (2.5, "40"),
        (True, "40"),
        ("٤٠", "40"),
        ("040", "40"),
        ("9" * 12, "40"),
    ],
)
def test_the_file_size_is_a_string_holding_an_integer(given_size: object, served: str) -> None:
    restrictions = made(settings={"fileRestrictions": {"allowedFileSize": given_size}})["settings"][
        "fileRestrictions"
    ]
    assert restrictions["allowedFileSize"] == served


def test_a_media_type_is_listed_once() -> None:
    listed = [
        {"mimeType": "image/*", "description": "a"},
        {"mimeType": "image/*", "description": "b"},
        "junk",
        {},
    ]
    restrictions = made(settings={"fileRestrictions": {"allowedFileTypes": listed}})["settings"][
        "fileRestrictions"
    ]
    assert restrictions["allowedFileTypes"] == [{"mimeType": "image/*", "description": "a"}]


def test_cookie_and_oauth_are_never_both_on() -> None:
    whole = made(isSecuredCookieEnabled=True, isAuthorizationEnabled=True)
    assert (whole["isSecuredCookieEnabled"], whole["isAuthorizationEnabled"]) == (True, False)


def test_what_was_published_wins_over_the_base() -> None:
    whole = made(colors={"button": "#123456"}, settings={"hasMultipleThreadsPerEndUser": False}, extra=[1])
    assert whole["colors"]["button"] == "#123456"
    assert whole["colors"]["headerFont"] == "#000000"
    assert whole["settings"]["hasMultipleThreadsPerEndUser"] is False
    assert whole["extra"] == [1]


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
names = st.sampled_from(
    [
        "settings",
        "translations",
        "customJsFiles",
        "isLiveChat",
        "isSecuredCookieEnabled",
        "isAuthorizationEnabled",
    ]
)
setting_names = st.sampled_from(
    ["features", "fileRestrictions", "securedSessions", "liveChatAllowTranscript"]
)


@given(st.dictionaries(names, anything | st.dictionaries(setting_names, anything), max_size=6))
def test_no_document_at_all_makes_a_client_fail(document: dict[str, Any]) -> None:
    assert_startable(complete(document, availability="online"))
