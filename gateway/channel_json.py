"""The channel JSON of the wire contract (3.3) as visitors get it: the published document over a base that is always whole.

Pure. Mobile clients fail to start when one of these keys is missing or of another type, and take a missing feature for
switched on; so every key a client may ask for stands here, whatever the document holds.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from translations import rules

#: Feature switches known to clients, and what they are when nobody has said otherwise. Listed whole: missing means ON.
FEATURES: dict[str, bool] = {
    "liveChatLogoHidden": True,
    "isCreditCardMaskingEnabled": False,
    "isCoBrowsingEnabled": False,
    "isProactiveChatEnabled": False,
    "isWebAnalyticsEnabled": False,
    "areMembersNotificationsEnabled": False,
    "isFeatureGroupChatEnabled": False,
    "isEngagementMapperEnabled": False,
    "isFeatureDefaultTranslationsEnabled": True,
    "isFeatureImproveVisitorInactivityTrackingEnabled": False,
    "displayChatWindowInCoBrowsing": False,
    "isFeatureAdaptiveCardsEnabled": True,
    "useLoaderForChatWindow": True,
    "chatWindowDragging": False,
    "translationKeyForContactCustomField": True,
    "disableAttachmentOnDfoChat": False,
    "featureCustomFieldsSupportForAutocompleteAttribute": True,
    "chatRedesign": True,
    "securedSessions": True,
    "chatExtendedLogging": False,
    "chatSendPostbackAsTextMessage": False,
    "isFeatureQueueCountingEnabled": True,
    "useStorageModuleInChat": True,
    "cxoneMpowerNewLogo254": False,
    "notificationSoundEnhancement": False,
    "isRecoverLivechatDoesNotFailEnabled": False,
}

#: Media types a new channel lets through, in the order clients show them; each once (a duplicate stops the iOS client).
ALLOWED_FILE_TYPES: list[dict[str, str]] = [
    {"mimeType": "application/pdf", "description": ".pdf"},
    {"mimeType": "application/msword", "description": ".doc"},
    {
        "mimeType": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "description": ".docx",
    },
    {"mimeType": "application/vnd.ms-excel", "description": ".xls"},
    {
        "mimeType": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "description": ".pptx",
    },
    {"mimeType": "video/*", "description": "videos"},
    {"mimeType": "application/vnd.ms-powerpoint", "description": ".ppt"},
    {"mimeType": "image/*", "description": "images"},
    {"mimeType": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "description": ".xlsx"},
    {"mimeType": "audio/*", "description": "audio files"},
]

_ACCENT, _INK = "#faac4b", "#000000"

BASE: dict[str, Any] = {
    "name": "",
    "isLiveChat": False,
    "channelIdOnExternalPlatform": "",
    "isAuthorizationEnabled": False,
    "isSecuredCookieEnabled": False,
    "isUnsecuredConnectionAllowed": True,
    "translations": {},
    "translationsLocale": "",
    "colors": {
        "button": _ACCENT,
        "headerBackground": _ACCENT,
        "headerFont": _INK,
        "theme": _ACCENT,
        "text": _INK,
        "widgetBackground": _ACCENT,
        "widgetFont": _INK,
    },
    "widget": {"appearance": "bar", "position": "right"},
    "popups": [],
    "customCss": "",
    "customJs": "",
    "customJsFiles": [],
    "preContactForm": None,
    "endUserCustomFields": [],
    "caseCustomFields": [],
    "webSecurityConfiguration": {"contentSecurityPolicy": {}},
    "settings": {
        "hasMultipleThreadsPerEndUser": True,
        "liveChatShowOfflineForm": False,
        "liveChatOfflineForm": {"isEnabled": False, "isCustom": False, "html": ""},
        "liveChatHiddenOnOffline": False,
        "liveChatAllowTranscript": False,
        "liveChatTranscriptChannelId": None,
        "liveChatAllowAudioNotification": False,
        "liveChatTransferUrl": None,
        "enableChatTypingPreview": False,
        "enablePersistentMenu": False,
        "enableAiLabel": False,
        "hasPageViews": False,
        "pushNotifications": [],
        "isGroupChatAllowed": False,
        "canAgentInviteToGroupChat": False,
        "canCustomerInviteToGroupChat": False,
        "platformChannelIdToSendInvitationCode": None,
        "emailInvitationContent": None,
        "emailInvitationLink": None,
        "fileRestrictions": {
            "allowedFileSize": "40",
            "allowedFileTypes": ALLOWED_FILE_TYPES,
            # An environment that takes no upload must not invite one.
            "isAttachmentsEnabled": False,
        },
    },
}

_AUTH_FLAGS = (
    "isAuthorizationEnabled",
    "isSecuredCookieEnabled",
    "isUnsecuredConnectionAllowed",
    "isLiveChat",
)
_SETTING_FLAGS = (
    "hasMultipleThreadsPerEndUser",
    "liveChatShowOfflineForm",
    "liveChatHiddenOnOffline",
    "liveChatAllowTranscript",
    "liveChatAllowAudioNotification",
    "enableChatTypingPreview",
    "enablePersistentMenu",
    "enableAiLabel",
    "hasPageViews",
    "isGroupChatAllowed",
    "canAgentInviteToGroupChat",
    "canCustomerInviteToGroupChat",
)


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Objects are merged key by key; any other value of `over` replaces the one of `base`."""
    merged = dict(base)
    for key, value in over.items():
        mine = merged.get(key)
        merged[key] = (
            merge(mine, value) if isinstance(mine, Mapping) and isinstance(value, Mapping) else value
        )
    return merged


def complete(document: Mapping[str, Any], *, availability: str) -> dict[str, Any]:
    """The document with every key clients require, of the type they require.

    `availability` is "online" or "offline": the environment's own knowledge. A key of the wrong type falls back to the
    base, for a client that cannot start is worse than a default.
    """
    whole = merge(BASE, document)
    for key, default in BASE.items():
        if isinstance(default, dict | list) and not isinstance(whole[key], type(default)):
            whole[key] = default
    for key in _AUTH_FLAGS:
        whole[key] = _flag(whole[key], BASE[key])
    if whole["isSecuredCookieEnabled"]:
        # The two are exclusive; with both, mobile clients choose the cookie, so the others shall, too.
        whole["isAuthorizationEnabled"] = False
    whole["settings"] = _settings(whole["settings"])
    whole["availability"] = {"status": availability}
    return whole


def _settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    given = settings.get("features")
    named: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
    # A switch is read from `features`, by older clients flat from `settings`: both places say the same.
    features = {
        name: _flag(named.get(name), _flag(settings.get(name), default)) for name, default in FEATURES.items()
    }
    features |= {
        name: value for name, value in named.items() if name not in FEATURES and isinstance(value, bool)
    }
    base = BASE["settings"]
    whole = {**base, **settings, **features, "features": features}
    for name in _SETTING_FLAGS:
        whole[name] = _flag(whole[name], base[name])
    restrictions = settings.get("fileRestrictions")
    whole["fileRestrictions"] = _file_restrictions(restrictions if isinstance(restrictions, Mapping) else {})
    return whole


def _file_restrictions(given: Mapping[str, Any]) -> dict[str, Any]:
    base = BASE["settings"]["fileRestrictions"]
    listed = given.get("allowedFileTypes", base["allowedFileTypes"])
    types: dict[str, dict[str, str]] = {}
    for entry in listed if isinstance(listed, list) else base["allowedFileTypes"]:
        if isinstance(entry, Mapping) and isinstance(entry.get("mimeType"), str):
            types.setdefault(
                entry["mimeType"],
                {"mimeType": entry["mimeType"], "description": str(entry.get("description") or "")},
            )
    return {
        **given,
        "allowedFileSize": _whole_number(given.get("allowedFileSize"), base["allowedFileSize"]),
        "allowedFileTypes": list(types.values()),
        "isAttachmentsEnabled": _flag(given.get("isAttachmentsEnabled"), base["isAttachmentsEnabled"]),
    }


def _flag(value: object, default: bool) -> bool:
    return value if isinstance(value, bool) else default


def _whole_number(value: object, default: str) -> str:
    """iOS parses an Int32 from a string; anything else ("2.5", 40) stops one client or the other."""
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    return str(int(text)) if text.isascii() and text.isdecimal() and len(text) < 10 else default


def languages(section: object) -> rules.Compiled:
    """A channel's languages, from its section of `translations`; what ships alone where it has none that can be read."""
    if isinstance(section, Mapping) and not rules.problems(section):
        return rules.compiled(section)
    return rules.compiled({"format": rules.FORMAT, "default_locale": None, "variants": []})


def resolved(known: rules.Compiled, wanted: str) -> str:
    """The locale for `?locale=`: one tag, or a browser's list of them as in Accept-Language."""
    return known.resolve(wanted if "," in wanted or ";" in wanted else [wanted]).locale


def phrases(known: rules.Compiled, locale: str, document: Mapping[str, Any]) -> dict[str, Any]:
    """`translations` and `translationsLocale` (3.3). Translation keys the document names and nobody has written a text for are
    there, empty, as clients expect them; what speaks of a part this channel does not have is left out."""
    table, unneeded = known.table(locale), _unneeded(document)
    if unneeded:
        table = {phrase_id: text for phrase_id, text in table.items() if phrase_id not in unneeded}
    return {
        "translations": {**dict.fromkeys(_keys(document), ""), **table},
        "translationsLocale": locale,
    }


def _unneeded(document: Mapping[str, Any]) -> frozenset[str]:
    """Phrases no visitor of this channel can come to read."""
    settings = document.get("settings")
    settings = settings if isinstance(settings, Mapping) else {}
    restrictions = settings.get("fileRestrictions")
    files = isinstance(restrictions, Mapping) and restrictions.get("isAttachmentsEnabled") is True
    has = {
        "files": files,
        "survey": bool(document.get("preContactForm")),
        "menu": settings.get("enablePersistentMenu") is True,
    }
    return frozenset().union(*(rules.PARTS[part] for part, there in has.items() if not there))


def _keys(value: object) -> Iterator[str]:
    """Every translation key a document refers to (`labelTranslationKey`, `ariaLabelTranslationKey`)."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if str(name).endswith("TranslationKey") and isinstance(inner, str) and inner:
                yield inner
            else:
                yield from _keys(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _keys(inner)


def take_offline_texts(document: dict[str, Any]) -> dict[rules.Key, str]:
    """Take the texts of single languages out of the document: each visitor is served their own only (`with_offline_text`)."""
    form = document["settings"].get("liveChatOfflineForm")
    if not isinstance(form, Mapping) or "htmlByLanguage" not in form:
        return {}
    given = form["htmlByLanguage"]
    document["settings"] = {
        **document["settings"],
        "liveChatOfflineForm": {name: value for name, value in form.items() if name != "htmlByLanguage"},
    }
    return {
        meaning: text
        for locale, text in (given.items() if isinstance(given, Mapping) else ())
        if isinstance(text, str) and text.strip() and (meaning := rules.key(locale)) is not None
    }


def offline_text(texts: Mapping[rules.Key, str], known: rules.Compiled, locale: str) -> str | None:
    """What a visitor who gets `locale` reads above the offline form: found as phrases are, as far as it is their language or one
    it falls back to. None: the text for all languages."""
    if not texts:
        return None
    asked = [locale]
    for layer in known.chain(locale):
        if layer.step in {"default", "english"}:
            break
        asked += [layer.via, layer.locale]
    for tag in asked:
        meaning = rules.key(tag)
        for wanted in (meaning, meaning._replace(region="")) if meaning else ():
            if wanted in texts:
                return texts[wanted]
    return None


def with_offline_text(document: Mapping[str, Any], text: str) -> dict[str, Any]:
    """The document as it is served to visitors of a language that has a text of its own above the offline form."""
    settings = document["settings"]
    form = {**settings["liveChatOfflineForm"], "isCustom": True, "html": text}
    return {**document, "settings": {**settings, "liveChatOfflineForm": form}}


def dumped(value: object) -> bytes:
    """JSON as it is served: sorted, without spaces."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def split(document: Mapping[str, Any]) -> tuple[bytes, bytes]:
    """The document's bytes before and after its phrases: they alone differ from language to language."""
    before = {name: value for name, value in document.items() if name < "translations"}
    after = {name: value for name, value in document.items() if name > "translationsLocale"}
    return dumped(before)[:-1] + b"," if before else b"{", b"," + dumped(after)[1:] if after else b"}"


def joined(frame: tuple[bytes, bytes], phrases: Mapping[str, Any]) -> bytes:
    """The whole document in one language; the same bytes as `dumped` makes of it."""
    return frame[0] + dumped(phrases)[1:-1] + frame[1]
