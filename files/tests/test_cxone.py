"""The report on a CXone channel JSON: every name of the contract, odd shapes, and in a person's words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import translation

from areas import registry
from channels_config.models import Channel
from channels_config.tests.factories import channel
from files import channel_json, cxone, plans
from gateway.channel_json import BASE, FEATURES
from tenants.models import Organisation
from tenants.scope import tenant_scope
from tenants.tests.factories import organisation

pytestmark = pytest.mark.django_db

#: A document with every name that the contract's tables and the public clients' types have, as CXone writes them.
FULL: dict[str, Any] = {
    "name": "  Aide\ten ligne ",
    "isLiveChat": False,
    "channelIdOnExternalPlatform": "0950394d-a403-4fe6-91d5-34e934771662",
    "availability": {"status": "online"},
    "colors": {"button": "#1A73E8"},
    "widget": {"appearance": "bubble", "position": "left"},
    "popups": [{"id": 1, "name": "Hello", "url": "https://example.com", "delay": 5}],
    "customCss": "[data-selector] { color: red }\n",
    "customJs": None,
    "customJsFiles": None,
    "translations": {"chatWindowTitle": "", "inventedPhrase": "x"},
    "translationsLocale": "fr-CA",
    "preContactForm": None,
    "endUserCustomFields": [],
    "caseCustomFields": [],
    "isAuthorizationEnabled": False,
    "isSecuredCookieEnabled": True,
    "isUnsecuredConnectionAllowed": False,
    "webSecurityConfiguration": {"contentSecurityPolicy": {"frame-ancestors": ["https://example.com"]}},
    "settings": {
        "features": {**FEATURES, "isCreditCardMaskingEnabled": True, "isFeatureGroupChatEnabled": True},
        **FEATURES,
        "fileRestrictions": {
            "allowedFileSize": 5,
            "allowedFileTypes": [{"mimeType": "image/*", "description": "images"}, {"mimeType": "audio"}],
            "isAttachmentsEnabled": True,
        },
        "hasPageViews": True,
        "pushNotifications": {"isActive": True, "title": "x", "body": "y"},
        "liveChatShowOfflineForm": True,
        "liveChatOfflineForm": {"isEnabled": True, "isCustom": True, "html": "<p>Fermé</p>"},
        "liveChatHiddenOnOffline": False,
        "liveChatAllowTranscript": True,
        "liveChatTranscriptChannelId": "email_1",
        "liveChatTransferUrl": None,
        "hasMultipleThreadsPerEndUser": True,
        "liveChatAllowAudioNotification": True,
        "isGroupChatAllowed": True,
        "canAgentInviteToGroupChat": True,
        "canCustomerInviteToGroupChat": False,
        "platformChannelIdToSendInvitationCode": "email_1",
        "emailInvitationContent": "Come",
        "emailInvitationLink": "https://example.com",
        "enableChatTypingPreview": True,
        "enablePersistentMenu": True,
        "enableAiLabel": True,
        "fileUploadRestrictions": {"allowedFileSize": "40"},
        "horoscope": True,
    },
}


@pytest.fixture
def org() -> Organisation:
    return organisation(1009)


@pytest.fixture(autouse=True)
def scope(org: Organisation) -> Iterator[None]:
    with translation.override("en"), tenant_scope(org.pk):
        yield


def report(document: dict[str, Any], into: Channel | None = None) -> dict[str, tuple[str, str]]:
    taken = cxone.read(document, into=into)
    found: dict[str, tuple[str, str]] = {line.path: (line.verdict, str(line.message)) for line in taken.lines}
    assert len(found) == len(taken.lines), "a field is spoken of twice"
    [step] = plans.plan([taken.file], into=into)
    assert step.action != "refused", step.problems
    return found


def test_every_name_of_the_contract_has_its_line_and_its_words(org: Organisation) -> None:
    found = report(FULL)
    assert {path for path, (verdict, _said) in found.items() if verdict == "unknown"} == {
        "settings.fileRestrictions.allowedFileTypes.1",
        "settings.hasPageViews",
        "settings.pushNotifications",
        "settings.features.isCreditCardMaskingEnabled",
        "settings.features.isFeatureGroupChatEnabled",
        "settings.isGroupChatAllowed",
        "settings.canAgentInviteToGroupChat",
        "settings.platformChannelIdToSendInvitationCode",
        "settings.emailInvitationContent",
        "settings.emailInvitationLink",
        "settings.fileUploadRestrictions",
        "settings.horoscope",
        "translations.inventedPhrase",
    }
    # Whatever is not taken says why, but for a name nobody knows.
    assert [path for path, (verdict, said) in found.items() if verdict != "taken" and not said] == [
        "settings.horoscope"
    ]
    assert found["settings.fileUploadRestrictions"][1].endswith("is “fileRestrictions” meant?")
    assert "not masked" in found["settings.features.isCreditCardMaskingEnabled"][1]
    assert "Guide" in found["popups"][1]
    assert found["name"] == ("changed", "Written as “Aide en ligne”.")
    for path, _value in channel_json.leaves(FULL):
        assert path in found or any(one.startswith(f"{path}.") for one in found), path
    for language in ("en", "fr"):
        with translation.override(language):
            nameless = {path for path in found if not channel_json.label(path)}
        assert nameless == {"settings.fileUploadRestrictions", "settings.horoscope"}
    with translation.override("fr"):
        assert channel_json.label("settings.fileRestrictions.allowedFileTypes.1") == "Types autorisés › 1"
        assert str(dict(channel_json.FEATURES)["isCoBrowsingEnabled"][0]) != "Co-browsing"


def test_what_an_environment_here_serves_is_taken_as_a_whole(org: Organisation) -> None:
    served = json.loads(json.dumps(BASE))
    served["settings"]["features"] = dict(FEATURES)
    served |= {"name": "Support", "translationsLocale": "en"}
    odd = {path: line for path, line in report(served).items() if line[0] == "unknown"}
    assert odd == {}


def test_documents_that_went_through_other_hands_are_read(org: Organisation) -> None:
    support = channel(org, "Support", draft={"custom_css": ".a {}\n"})
    found = report(
        {
            "isLiveChat": "false",
            "name": 7,
            "colors": None,
            "widget": [],
            "customCss": ["x"],
            "translations": {"chatWindowTitle": "x"},
            "translationsLocale": "klingon?",
            "isSecuredCookieEnabled": 1,
            "isUnsecuredConnectionAllowed": None,
            "webSecurityConfiguration": [],
            "settings": {
                "features": [],
                "enableAiLabel": "TRUE",
                "liveChatAllowTranscript": "perhaps",
                "chatRedesign": "0",
                "fileRestrictions": {
                    "isAttachmentsEnabled": "no",
                    "allowedFileSize": "a lot",
                    "allowedFileTypes": None,
                },
                "liveChatOfflineForm": {"html": None, "colour": 1},
                "pushNotifications": [],
            },
        },
        support,
    )
    assert found["isLiveChat"] == ("changed", "Read as false.")
    assert found["name"][0] == "changed"
    assert found["isSecuredCookieEnabled"] == found["settings.enableAiLabel"] == ("changed", "Read as true.")
    for path in (
        "colors",
        "widget",
        "isUnsecuredConnectionAllowed",
        "settings.fileRestrictions.allowedFileTypes",
    ):
        assert found[path] == ("changed", "It says nothing; what was there before stays."), path
    for path in (
        "customCss",
        "settings.liveChatAllowTranscript",
        "settings.fileRestrictions.allowedFileSize",
    ):
        assert found[path][0] == "unknown", path
        assert found[path][1], path
    assert found["translationsLocale"] == ("unknown", "This language is not known here.")
    for path in ("settings.features", "settings.pushNotifications", "webSecurityConfiguration"):
        assert found[path] == ("taken", ""), path
    assert found["settings.liveChatOfflineForm.colour"][0] == "unknown"
    [step] = plans.plan([cxone.read({"settings": {"enableAiLabel": "1"}}, into=support).file], into=support)
    assert [one.area.name for one in step.areas] == ["live_chat"]
    wholes: list[dict[str, Any]] = [
        {"settings": None},
        {"settings": []},
        {"settings": "x"},
        {"isLiveChat": {}},
        {"isLiveChat": True, "name": "é" * 500},
    ]
    for whole in wholes:
        report(whole, support)
        report(whole)


def test_a_huge_document_is_reported_on_shortly(org: Organisation) -> None:
    document = {
        "isLiveChat": False,
        "translationsLocale": "en-US",
        "translations": {f"p{number}": "x" for number in range(20_000)},
        "popups": [{"text": "x"}] * 20_000,
        "settings": {f"s{number}": number for number in range(20_000)},
    }
    taken = cxone.read(document, into=None)
    assert len(taken.lines) <= 3 * cxone.MOST_LINES + 3
    assert taken.lines[-1].path == "…"
    assert str(taken.lines[-1].message).startswith("and 3")
    assert registry.area("translations").check(taken.file.areas["translations"], {}) == []
