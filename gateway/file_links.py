"""Addresses of visitors' files: unguessable, and opened only by whom they were given to. Pure.

A file lies at `/files/<token>/<name>`. In a message that somebody is shown, its address carries a ticket besides: until when, and
a signature over file, viewer and end. The viewer is not in it: the server tries the customer whose conversation the file is in,
and the channel's agents. So a ticket is worth nothing for another file, for another customer's, or after its time.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import time
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from gateway import settings

_KEY = hashlib.sha256(f"gateway {settings.GATEWAY_ENVIRONMENT} files {settings.SECRET_KEY}".encode()).digest()
_PREFIX = f"{settings.GATEWAY_PUBLIC_URL}/files/"
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
#: Tickets end at whole quarters of an hour, so that looking again gives a browser the address it has in its cache.
_STEP = 900


def address(token: str, name: str) -> str:
    """Where a file lies; without a ticket it opens to nobody."""
    return f"{_PREFIX}{token}/{quote(name, safe='')}"


def token_of(url: str) -> str | None:
    """The token in an address of this environment's files, with or without a ticket; None in any other."""
    token = url.removeprefix(_PREFIX).partition("/")[0] if url.startswith(_PREFIX) else ""
    return token if _TOKEN.fullmatch(token) else None


def customer(channel: str, external_id: str) -> str:
    """The viewer that a customer is."""
    return f"customer\0{channel}\0{external_id}"


def agents(channel: str) -> str:
    """The viewer that the agents of a channel are."""
    return f"agents\0{channel}"


def ticket(token: str, viewer: str, *, now: float | None = None) -> str:
    """A ticket for one file and one viewer."""
    end = int(time.time() if now is None else now) + settings.GATEWAY_FILE_LINK_SECONDS
    end += -end % _STEP
    return f"{end:x}.{_sign(token, viewer, end)}"


def opens(text: str, token: str, viewers: Sequence[str], *, now: float | None = None) -> bool:
    """Whether this is a ticket for the file, of one of these viewers, that has not ended."""
    stamp, _, signature = text.partition(".")
    if not re.fullmatch(r"[0-9a-f]{1,12}", stamp, re.ASCII) or not signature.isascii():
        return False
    end = int(stamp, 16)
    good = [hmac.compare_digest(_sign(token, viewer, end), signature) for viewer in viewers]
    return any(good) and end > (time.time() if now is None else now)


def shown(attachments: Sequence[Mapping[str, Any]], viewer: str) -> list[dict[str, Any]]:
    """A message's attachments for this viewer: addresses of our files with a ticket, all others as they are."""
    made = []
    for one in attachments:
        token = token_of(str(one.get("url", "")))
        if token is None:
            made.append(dict(one))
            continue
        entry = {key: value for key, value in one.items() if key != "preview"}
        seal = ticket(token, viewer)
        entry["url"] = f"{one['url']}?t={seal}"
        if one.get("preview") is True:
            entry["previewUrl"] = f"{_PREFIX}{token}?t={seal}"
        made.append(entry)
    return made


def _sign(token: str, viewer: str, end: int) -> str:
    digest = hmac.digest(_KEY, f"{token}\0{end}\0{viewer}".encode("utf-8", "surrogatepass"), "sha256")
    return base64.urlsafe_b64encode(digest[:18]).decode()
