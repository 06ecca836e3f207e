"""The cookie by which a browser is recognised (contract 3.5), one for each channel; scripts never read it.

`__Host-` binds it to this very host over https. `Partitioned` keeps it apart for each website it is used on, which is what lets
it live where third-party cookies are blocked; where even that is not allowed, the widget's probe finds out.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from django.http import HttpRequest, HttpResponse, JsonResponse

from gateway import auth
from gateway.published import Channel

_PROBE_SECONDS = 120
_NOT_A_NAME = re.compile(r"[^0-9a-zA-Z]")


def name(channel: Channel) -> str:
    """CXone's name with the channel's mark: several channels of one host know different customers."""
    return f"__Host-cx_digital_wi-{_NOT_A_NAME.sub('', channel.id.removeprefix('chat_'))[:16]}"


def read(request: HttpRequest, channel: Channel) -> str:
    """The secret the browser sent; "" when there is none, or the channel wants no cookie."""
    if auth.mode_name(channel) != auth.SecuredCookie.name:
        return ""
    return request.COOKIES.get(name(channel), "")


def write(response: HttpResponse, channel: Channel, grant: auth.Grant) -> None:
    """Remember the session in the browser for as long as it lasts."""
    ends = grant.session.expires_at if grant.session is not None else None
    section = auth.section(channel)["cookie"]
    seconds = auth.LONGEST_COOKIE
    if section["sliding"] and section["lifetime_minutes"]:
        seconds = section["lifetime_minutes"] * 60
    elif ends is not None:
        seconds = int((ends - datetime.now(UTC)).total_seconds())
    _set(response, name(channel), grant.secret, min(max(seconds, 1), auth.LONGEST_COOKIE))


def forget(response: HttpResponse, channel: Channel) -> None:
    if auth.mode_name(channel) == auth.SecuredCookie.name:
        _set(response, name(channel), "", 0)


def probe(channel: Channel) -> HttpResponse:
    """A cookie that says nothing: whether it comes back tells whether the real one would."""
    response = JsonResponse({})
    response["Cache-Control"] = "no-store"
    _set(response, _probe_name(channel), "1", _PROBE_SECONDS)
    return response


def arrived(request: HttpRequest, channel: Channel) -> bool:
    return request.COOKIES.get(_probe_name(channel)) == "1" or bool(read(request, channel))


def _probe_name(channel: Channel) -> str:
    return name(channel) + "-probe"


def _set(response: HttpResponse, key: str, value: str, seconds: int) -> None:
    response.set_cookie(key, value, max_age=seconds, secure=True, httponly=True, samesite="None")
    # http.cookies knows the attribute from Python 3.14 on; it refuses the name before.
    response.cookies[key]._reserved = {**response.cookies[key]._reserved, "partitioned": "Partitioned"}  # type: ignore[attr-defined]
    response.cookies[key]._flags = response.cookies[key]._flags | {"partitioned"}  # type: ignore[attr-defined]
    response.cookies[key]["partitioned"] = True
