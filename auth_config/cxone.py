"""What of a CXone channel JSON belongs to this area: which way customers are identified (wire contract 1.1, Chat security).

The JSON says that a channel has a sign-in, never with which provider: such a channel keeps the mode it has until somebody has
entered the provider, and the report says so.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from areas.contract import Line, Section
from auth_config import rules
from auth_config.section import incomplete

_SIGN_IN, _COOKIE, _UNSECURED = (
    "isAuthorizationEnabled",
    "isSecuredCookieEnabled",
    "isUnsecuredConnectionAllowed",
)
_NO_FLAG = _("This is neither true nor false; what was there before stays.")


def from_channel_json(document: Mapping[str, Any], section: Section) -> tuple[Section, list[Line]]:
    """The section with what the JSON says, and the report. A section that could be published still can."""
    made = copy.deepcopy(section)
    lines = _mode(made, document)
    if _UNSECURED in document:
        lines.append(_unsecured(made, document[_UNSECURED]))
    return made, lines + _secured_sessions(document)


def _mode(made: Section, document: Mapping[str, Any]) -> list[Line]:
    given = {name: document[name] for name in (_SIGN_IN, _COOKIE) if name in document}
    lines = {name: Line("taken", name) for name in given}
    for name, value in given.items():
        if not isinstance(value, bool):
            lines[name] = Line("unknown", name, _NO_FLAG)
    signs_in, cookie = given.get(_SIGN_IN), given.get(_COOKIE)
    if cookie is True:
        made["mode"] = rules.COOKIE
        if signs_in is True:
            lines[_SIGN_IN] = Line(
                "changed",
                _SIGN_IN,
                _("Both ways at once exclude each other: as for apps, the cookie counts."),
            )
    elif signs_in is True:
        if made["mode"] not in {rules.OAUTH, rules.JWT}:
            if any(incomplete({**made, "mode": rules.OAUTH})):
                lines[_SIGN_IN] = Line(
                    "unknown",
                    _SIGN_IN,
                    _(
                        "Customers sign in with a provider, and the JSON does not say which. Enter its addresses and the secret under "
                        "Authentication before this channel goes live; until then the way it had before holds."
                    ),
                )
            else:
                made["mode"] = rules.OAUTH
    elif (signs_in is False and made["mode"] in {rules.OAUTH, rules.JWT}) or (
        cookie is False and made["mode"] == rules.COOKIE
    ):
        made["mode"] = rules.ANONYMOUS
    return list(lines.values())


def _unsecured(made: Section, value: Any) -> Line:
    if not isinstance(value, bool):
        return Line("unknown", _UNSECURED, _NO_FLAG)
    group = made[made["mode"]]
    if "allow_unsecured" in group:
        group["allow_unsecured"] = value
        return Line("taken", _UNSECURED)
    if value:
        return Line("changed", _UNSECURED, _("With a secured cookie, connections are always secured."))
    return Line("taken", _UNSECURED)


def _secured_sessions(document: Mapping[str, Any]) -> list[Line]:
    """Sessions are always secured here; whoever had them switched off is told."""
    settings = document.get("settings")
    if not isinstance(settings, Mapping):
        return []
    features = settings.get("features")
    found = [("settings.securedSessions", settings)]
    if isinstance(features, Mapping):
        found.append(("settings.features.securedSessions", features))
    lines = []
    for path, place in found:
        if "securedSessions" in place:
            value = place["securedSessions"]
            lines.append(
                Line("taken", path)
                if value is True
                else Line("changed", path, _("Sessions are always secured here."))
                if value is False
                else Line("unknown", path, _NO_FLAG)
            )
    return lines
