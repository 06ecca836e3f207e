"""Content-Security-Policy of the environment's documents: the chat window's frame, and the test page."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from gateway import settings
from gateway.published import Channel

#: A source of a directive, as an admin may add one: nothing that could end the directive or the header.
_SOURCE = re.compile(r"[!-+\--:<-~]{1,300}", re.ASCII)
#: Directives a channel may widen for its own script; where the frame may be shown is the allowed domains' to say.
_WIDENED = (
    "script-src",
    "style-src",
    "img-src",
    "font-src",
    "media-src",
    "connect-src",
    "frame-src",
    "worker-src",
)

#: Links in messages and cards open ordinary pages: a popup is not held in the sandbox. Files in messages are downloads.
SANDBOX = "allow-scripts allow-modals allow-forms allow-popups allow-popups-to-escape-sandbox allow-downloads"


def frame(channel: Channel) -> str:
    """The chat window: sandboxed into an origin of its own, with its own scripts and the channel's inline ones."""
    own = settings.GATEWAY_PUBLIC_URL
    directives: dict[str, list[str]] = {
        "default-src": ["'none'"],
        "script-src": [f"{own}/loader/1/", "'unsafe-inline'"],
        "style-src": ["'unsafe-inline'", "https:"],
        "img-src": [own, "https:", "data:", "blob:"],
        "media-src": [own, "https:", "data:", "blob:"],
        "font-src": ["https:", "data:"],
        "connect-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'none'"],
    }
    files = channel.document["customJsFiles"]
    directives["script-src"] += [url for url in files if isinstance(url, str) and _is_source(url)]
    configured = channel.document["webSecurityConfiguration"].get("contentSecurityPolicy")
    for name, sources in _added(configured).items():
        kept = [source for source in directives.get(name, []) if source != "'none'"]
        directives[name] = kept + sources
    directives["frame-ancestors"] = [channel.frame_ancestors()]
    directives["sandbox"] = [SANDBOX]
    return _header(directives)


def test_page(nonce: str) -> str:
    """The test page: its own files, one inline snippet, its own sockets, the chat window's frame."""
    own = settings.GATEWAY_PUBLIC_URL
    socket = "ws" + own.removeprefix("http")
    console = [settings.GATEWAY_CONSOLE_URL] if settings.GATEWAY_CONSOLE_URL else []
    return _header(
        {
            "default-src": ["'none'"],
            "script-src": ["'self'", own, f"'nonce-{nonce}'"],
            "style-src": ["'self'", own],
            "img-src": ["'self'", own, "data:"],
            "connect-src": ["'self'", own, socket],
            "frame-src": ["'self'", own],
            "base-uri": ["'none'"],
            "form-action": ["'self'"],
            "frame-ancestors": ["'self'", *console],
        }
    )


def _added(configured: object) -> dict[str, list[str]]:
    if not isinstance(configured, Mapping):
        return {}
    added: dict[str, list[str]] = {}
    for name in _WIDENED:
        sources: Any = configured.get(name)
        if isinstance(sources, list):
            good = [source for source in sources if isinstance(source, str) and _is_source(source)]
            if good:
                added[name] = good
    return added


def _is_source(text: str) -> bool:
    return _SOURCE.fullmatch(text) is not None and text != "'none'"


def _header(directives: Mapping[str, list[str]]) -> str:
    return "; ".join(f"{name} {' '.join(sources)}" for name, sources in directives.items())
