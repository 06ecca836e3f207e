"""The names of a CXone channel JSON (wire contract 1.1 and 3.3): what each is called for people, and what becomes of those that are no
area's: a setting that every channel here has the same way, or nothing here corresponds to.

The names are those of the public web client's types and of the mobile clients' models.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy
from django.utils.translation import gettext_lazy as _

from areas.contract import Line


@dataclass(frozen=True)
class Fixed:
    """What every channel here does. Another wish is "changed" (it is done in another way) or "unknown" (it is not)."""

    values: tuple[Any, ...]
    sentence: str | Promise
    verdict: Literal["changed", "unknown"] = "unknown"


_OFF: tuple[Any, ...] = (False, None)
_NONE: tuple[Any, ...] = (None, "", False, (), {})
_ALWAYS_ON = _("This is always on here.")
_NOT_HERE = _("There is nothing of the kind here.")
_ONE_VISITOR = _("A conversation has one customer here; nobody else is invited into it.")
_OWN_MAIL = _("E-mails leave by this installation’s own server; there is no channel to choose.")
_GUIDE = _("Chats are offered by a Guide here, by rules for the page’s address; make one under Guides.")

#: Switches of `settings.features`, which real documents repeat in `settings`.
FEATURES: dict[str, tuple[str | Promise, Fixed | None]] = {
    "chatRedesign": (_("Redesigned interface"), None),
    "securedSessions": (_("Secured sessions"), None),
    "liveChatLogoHidden": (
        _("Logo hidden"),
        Fixed((True,), _("No logo of another vendor is shown here."), "changed"),
    ),
    "isCreditCardMaskingEnabled": (
        _("Masking of credit card numbers"),
        Fixed(_OFF, _("Numbers of credit cards are not masked here: agents see what customers write.")),
    ),
    "isCoBrowsingEnabled": (_("Co-browsing"), Fixed(_OFF, _NOT_HERE)),
    "displayChatWindowInCoBrowsing": (_("Chat window while co-browsing"), Fixed(_OFF, _NOT_HERE)),
    "isProactiveChatEnabled": (_("Proactive chat"), Fixed(_OFF, _GUIDE, "changed")),
    "isEngagementMapperEnabled": (_("Engagement rules"), Fixed(_OFF, _GUIDE, "changed")),
    "isWebAnalyticsEnabled": (_("Web analytics"), Fixed(_OFF, _NOT_HERE)),
    "areMembersNotificationsEnabled": (_("Notices of who joins"), Fixed(_OFF, _ONE_VISITOR)),
    "isFeatureGroupChatEnabled": (_("Group chat"), Fixed(_OFF, _ONE_VISITOR)),
    "isFeatureDefaultTranslationsEnabled": (
        _("Shipped translations"),
        Fixed((True,), _ALWAYS_ON, "changed"),
    ),
    "isFeatureImproveVisitorInactivityTrackingEnabled": (
        _("Tracking of inactivity"),
        Fixed(_OFF, _("When a conversation ends by itself is under Availability."), "changed"),
    ),
    "isFeatureAdaptiveCardsEnabled": (_("Adaptive Cards"), Fixed((True,), _ALWAYS_ON, "changed")),
    "isFeatureQueueCountingEnabled": (_("Place in the queue"), Fixed((True,), _ALWAYS_ON, "changed")),
    "chatOptimizeQueueCountingForChat": (_("Place in the queue"), Fixed((True, False), "")),
    "useLoaderForChatWindow": (_("Loader of the chat window"), Fixed((True, False), "")),
    "useStorageModuleInChat": (_("Storage of the chat window"), Fixed((True, False), "")),
    "chatWindowDragging": (_("Window that can be dragged"), Fixed(_OFF, _NOT_HERE)),
    "translationKeyForContactCustomField": (
        _("Translated custom fields"),
        Fixed((True,), _ALWAYS_ON, "changed"),
    ),
    "disableAttachmentOnDfoChat": (
        _("No attachments"),
        Fixed(_OFF, _("Whether files are taken is under File restrictions."), "changed"),
    ),
    "featureCustomFieldsSupportForAutocompleteAttribute": (
        _("Autocomplete of the survey"),
        Fixed((True,), _ALWAYS_ON, "changed"),
    ),
    "chatExtendedLogging": (_("Extended logging"), Fixed(_OFF, _NOT_HERE)),
    "chatSendPostbackAsTextMessage": (_("Postbacks as text"), Fixed(_OFF, _NOT_HERE)),
    "cxoneMpowerNewLogo254": (_("New logo"), Fixed((True, False), "")),
    "notificationSoundEnhancement": (_("New sound of notices"), Fixed((True, False), "")),
    "isRecoverLivechatDoesNotFailEnabled": (_("Recovering a live chat"), Fixed((True, False), "")),
    "enableClientSideEventsThrottling": (_("Throttled events"), Fixed((True, False), "")),
    "splitChannelInfoAndAvailability": (_("Availability asked for apart"), Fixed((True, False), "")),
    "chatInitializationWithoutWebsocket": (_("Start without a connection"), Fixed((True, False), "")),
}

#: Everything else: by its path, what it is called, and what becomes of it where no area speaks of it.
NAMES: dict[str, tuple[str | Promise, Fixed | None]] = {
    "name": (_("Name"), None),
    "isLiveChat": (_("Kind of channel"), None),
    "channelIdOnExternalPlatform": (_("Id of the channel"), None),
    "availability": (_("Availability"), None),
    "colors": (_("Colours"), None),
    "widget": (_("Launcher"), None),
    "popups": (_("Pop-ups"), Fixed(((), None, {}), _GUIDE, "changed")),
    "customCss": (_("Custom CSS"), None),
    "customJs": (_("Custom JavaScript"), None),
    "customJsFiles": (_("Files of custom JavaScript"), Fixed((None,), "")),
    "translations": (_("Phrases"), Fixed(((), {}, None), _("Something there is no text."))),
    "translationsLocale": (_("Language of the phrases"), None),
    "preContactForm": (_("Pre-contact survey"), None),
    "preContactRules": (_("Rules of the survey"), None),
    "endUserCustomFields": (_("Custom fields of the customer"), None),
    "caseCustomFields": (_("Custom fields of the conversation"), None),
    "isAuthorizationEnabled": (_("Sign-in with a provider"), None),
    "isSecuredCookieEnabled": (_("Secured cookie"), None),
    "isUnsecuredConnectionAllowed": (_("Unsecured connections"), None),
    "webSecurityConfiguration": (
        _("Content security policy"),
        Fixed(
            (None, (), {}),
            _("Where the chat may appear is said by the allowed domains; its own policy is made of them."),
            "changed",
        ),
    ),
    "settings": (_("Settings"), Fixed((None, (), {}), _("This is no object; nothing in it can be read."))),
    "settings.features": (
        _("Features"),
        Fixed((None, (), {}), _("This is no object; nothing in it can be read.")),
    ),
    "settings.fileRestrictions": (_("File restrictions"), None),
    "settings.fileRestrictions.allowedFileSize": (_("Largest file"), None),
    "settings.fileRestrictions.allowedFileTypes": (
        _("Allowed types"),
        Fixed(((),), _("This is not what belongs there; what was there before stays.")),
    ),
    "settings.fileRestrictions.isAttachmentsEnabled": (_("Attachments allowed"), None),
    "settings.hasMultipleThreadsPerEndUser": (_("Several conversations per customer"), None),
    "settings.hasPageViews": (
        _("Page views"),
        Fixed(_OFF, _("Pages that visitors look at are not recorded here.")),
    ),
    "settings.liveChatShowOfflineForm": (_("Offline form"), None),
    "settings.liveChatOfflineForm": (_("Text above the offline form"), Fixed((None, (), {}), "")),
    "settings.liveChatOfflineForm.isEnabled": (
        _("Offline form"),
        Fixed((True, False, None), _("true or false belongs here.")),
    ),
    "settings.liveChatOfflineForm.isCustom": (
        _("Own text above the offline form"),
        Fixed((True, False, None), _("true or false belongs here.")),
    ),
    "settings.liveChatOfflineForm.html": (_("Text above the offline form"), Fixed((None,), "")),
    "settings.liveChatHiddenOnOffline": (_("Hidden when offline"), None),
    "settings.liveChatAllowTranscript": (_("Transcript by e-mail"), None),
    "settings.liveChatTranscriptChannelId": (
        _("Channel of transcripts"),
        Fixed(_NONE, _OWN_MAIL, "changed"),
    ),
    "settings.liveChatAllowAudioNotification": (_("Sound of new messages"), None),
    "settings.liveChatTransferUrl": (
        _("Address of transfers"),
        Fixed(_NONE, _("Conversations are handed on at the agent desk.")),
    ),
    "settings.enableChatTypingPreview": (_("Typing preview"), None),
    "settings.enablePersistentMenu": (_("Persistent menu"), None),
    "settings.enableAiLabel": (_("Label of automatic messages"), None),
    "settings.pushNotifications": (
        _("Notifications on phones"),
        Fixed((None, (), {}, False), _("No notifications are sent to phones from here.")),
    ),
    "settings.isGroupChatAllowed": (_("Group chat"), Fixed(_OFF, _ONE_VISITOR)),
    "settings.canAgentInviteToGroupChat": (_("Agents invite into a group"), Fixed(_OFF, _ONE_VISITOR)),
    "settings.canCustomerInviteToGroupChat": (_("Customers invite into a group"), Fixed(_OFF, _ONE_VISITOR)),
    "settings.platformChannelIdToSendInvitationCode": (
        _("Channel of invitations"),
        Fixed(_NONE, _ONE_VISITOR),
    ),
    "settings.emailInvitationContent": (_("Text of invitations"), Fixed(_NONE, _ONE_VISITOR)),
    "settings.emailInvitationLink": (_("Link of invitations"), Fixed(_NONE, _ONE_VISITOR)),
}
for _name, _entry in FEATURES.items():
    NAMES[f"settings.features.{_name}"] = NAMES[f"settings.{_name}"] = _entry

#: Places that are a yes or a no.
FLAGS = {
    "isLiveChat",
    "isAuthorizationEnabled",
    "isSecuredCookieEnabled",
    "isUnsecuredConnectionAllowed",
    "settings.fileRestrictions.isAttachmentsEnabled",
    "settings.hasMultipleThreadsPerEndUser",
    "settings.hasPageViews",
    "settings.liveChatShowOfflineForm",
    "settings.liveChatOfflineForm.isEnabled",
    "settings.liveChatOfflineForm.isCustom",
    "settings.liveChatHiddenOnOffline",
    "settings.liveChatAllowTranscript",
    "settings.liveChatAllowAudioNotification",
    "settings.enableChatTypingPreview",
    "settings.enablePersistentMenu",
    "settings.enableAiLabel",
    "settings.isGroupChatAllowed",
    "settings.canAgentInviteToGroupChat",
    "settings.canCustomerInviteToGroupChat",
    *(f"settings.{name}" for name in FEATURES),
    *(f"settings.features.{name}" for name in FEATURES),
}
#: Objects whose members are settings of their own.
_GROUPS = {"settings", "settings.features", "settings.fileRestrictions", "settings.liveChatOfflineForm"}
_ON, _NO = {"true", "1", "yes", "on"}, {"false", "0", "no", "off"}
_NOT_THAT = gettext_lazy("This is not what belongs there; what was there before stays.")
_SAYS_NOTHING = gettext_lazy("It says nothing; what was there before stays.")


def readable(document: Mapping[str, Any]) -> tuple[dict[str, Any], list[Line]]:
    """The document with yes and no as JSON has them, and what was done for that.

    Documents that went through other hands have texts or numbers for flags, null where nothing is meant, and (PHP) [] for an empty object.
    """
    lines: list[Line] = []

    def walk(given: Mapping[str, Any], before: str) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for name, value in given.items():
            path = f"{before}{name}"
            if path in _GROUPS and isinstance(value, Mapping):
                made[name] = walk(value, f"{path}.")
            elif path in FLAGS and not isinstance(value, bool):
                flag = _flag(value)
                if flag is not None:
                    made[name] = flag
                    said = gettext("Read as true.") if flag else gettext("Read as false.")
                    lines.append(Line("changed", path, said))
                elif value is None:
                    lines.append(Line("changed", path, _SAYS_NOTHING))
                else:
                    made[name] = value
            else:
                made[name] = value
        return made

    return walk(document, ""), lines


def _flag(value: Any) -> bool | None:
    text = str(value).strip().lower() if isinstance(value, str | int) else ""
    return True if text in _ON else False if text in _NO else None


def leaves(document: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """(path, value) of every field a report speaks of: groups are gone into, what belongs to one setting is not."""
    for name, value in document.items():
        path = f"{before}{name}"
        if path in _GROUPS and isinstance(value, Mapping) and value:
            yield from leaves(value, f"{path}.")
        else:
            yield path, value


def unspoken(document: Mapping[str, Any], spoken: set[str]) -> Iterator[Line]:
    """A line for every field that no area has spoken of."""
    parents = {path[:place] for path in spoken for place, sign in enumerate(path) if sign == "."}
    for path, value in leaves(document):
        if path in spoken or path in parents or any(one in spoken for one in _above(path)):
            continue
        known = NAMES.get(path)
        if known is None:
            yield Line("unknown", path, _guess(path))
            continue
        fixed = known[1]
        if fixed is not None and any(_alike(value, one) for one in fixed.values):
            yield Line("taken", path)
        elif value is None or (fixed is None and value in ([], {}, "")):
            yield Line("changed", path, _SAYS_NOTHING)
        elif fixed is not None:
            yield Line(fixed.verdict, path, fixed.sentence)
        else:
            yield Line("unknown", path, _NOT_THAT)


def _above(path: str) -> Iterator[str]:
    while "." in path:
        path = path.rpartition(".")[0]
        yield path


def _alike(value: Any, one: Any) -> bool:
    return (value == [] if one == () else type(value) is type(one) and value == one) or (
        one is None and value is None
    )


def _guess(path: str) -> str:
    """A name that nobody knows: perhaps one that is written a little otherwise."""
    before, _dot, name = path.rpartition(".")
    near = [one.rpartition(".")[2] for one in NAMES if one.rpartition(".")[0] == before]
    found = difflib.get_close_matches(name[:60], near, n=1, cutoff=0.75)
    if not found:
        return ""
    return gettext("No client knows this name; is “%(name)s” meant?") % {"name": found[0]}


def label(path: str) -> str:
    """What a field is called for people; of what lies deeper, and of names nobody knows, as near as can be."""
    if path in NAMES:
        return str(NAMES[path][0])
    for above in _above(path):
        if above in NAMES and above not in _GROUPS - {"settings.fileRestrictions"}:
            return f"{NAMES[above][0]} › {path[len(above) + 1 :]}"
    return ""
