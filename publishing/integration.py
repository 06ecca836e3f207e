"""What a webmaster copies: the snippet in the forms that sites want, and the Content-Security-Policy that lets it run."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass

from kit import snippet
from publishing.environments import Environment


@dataclass(frozen=True)
class Policy:
    """What a page with a Content-Security-Policy must allow; `directives` are whole, without the page's own sources."""

    directives: tuple[str, ...]

    @property
    def header(self) -> str:
        return "; ".join(self.directives)


def script(environment: Environment, brand: int, channel: str, entry: str = "") -> str:
    """The snippet as JavaScript, without its script element. A Guide's is its brand's; `entry` names an entry point."""
    if channel.startswith("guide_"):
        return snippet.guide(brand, environment.public_url, entry)
    return snippet.inline(brand, channel, environment.public_url)


def html(environment: Environment, brand: int, channel: str, entry: str = "") -> str:
    """The snippet as it is pasted before `</body>`. The policy's hash is of exactly what stands between the tags."""
    return f"<script>{element_text(environment, brand, channel, entry)}</script>"


def element_text(environment: Environment, brand: int, channel: str, entry: str = "") -> str:
    return f"\n{script(environment, brand, channel, entry)}\n"


def wordpress(environment: Environment, brand: int, channel: str, entry: str = "") -> str:
    """For the theme's functions.php."""
    return (
        f"add_action('wp_footer', function () {{ ?>\n{html(environment, brand, channel, entry)}\n<?php }});"
    )


def react(environment: Environment, brand: int, channel: str, entry: str = "") -> str:
    """For a single-page application: runs once, whatever route is shown."""
    body = "\n".join(
        f"    {line}".rstrip() for line in script(environment, brand, channel, entry).splitlines()
    )
    return (
        'import { useEffect } from "react";\n\n'
        "export function Chat() {\n"
        "  useEffect(() => {\n"
        "    if (window.cxone) return;\n"
        f"{body}\n"
        "  }, []);\n"
        "  return null;\n"
        "}"
    )


def policy(environment: Environment, brand: int, channel: str, entry: str = "") -> Policy:
    """The least a strict page must allow: the inline snippet by its hash, the loader, its connections, the chat window."""
    digest = hashlib.sha256(element_text(environment, brand, channel, entry).encode()).digest()
    base = environment.public_url
    socket = "ws" + base.removeprefix("http")
    return Policy(
        directives=(
            f"script-src 'sha256-{base64.b64encode(digest).decode()}' {base}",
            f"connect-src {base} {socket}",
            f"frame-src {base}",
        )
    )
