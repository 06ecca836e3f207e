"""The snippet of a page (wire contract 2.1): a stub that queues commands and loads the loader, then the commands. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence

# Queue entries are `arguments` objects, and the address changes by the hour: both as clients have known them for years.
_STUB = """(function (n, u) {
  window.CXoneDfo = n;
  window[n] = window[n] || function () { (window[n].q = window[n].q || []).push(arguments); };
  window[n].u = u;
  var s = document.createElement("script");
  s.type = "module";
  s.src = u + "?" + Math.round(Date.now() / 1e3 / 3600);
  document.head.appendChild(s);
})("cxone", %(loader)s);
"""


def inline(brand: int, channel: str, base: str, *, locale: str = "", before: Sequence[str] = ()) -> str:
    """The JavaScript of the snippet for one channel of the environment at `base`, safe inside a script element.

    `before` are whole lines of commands that come before the chat is initialised.
    """
    lines = [
        _STUB % {"loader": literal(f"{base}/loader/1/loader.js")},
        f'cxone("init", {literal(str(brand))});',
        *before,
        f'cxone("chat", "init", {brand}, {literal(channel)});',
    ]
    if locale:
        lines.insert(2, f'cxone("chat", "setLocale", {literal(locale)});')
    return "\n".join(lines)


def guide(brand: int, base: str, argument: dict[str, str] | str = "") -> str:
    """The snippet for the Guides of a brand. `argument`: an entry point's id, options such as {"locale": "fr-CA"}, or nothing."""
    more = f", {_safe(argument)}" if argument else ""
    return "\n".join(
        [
            _STUB % {"loader": literal(f"{base}/loader/1/loader.js")},
            f'cxone("init", {literal(str(brand))});',
            f'cxone("guide", "init"{more});',
        ]
    )


def literal(text: str) -> str:
    """A JavaScript string that cannot end the script element it stands in."""
    return _safe(text)


def _safe(value: object) -> str:
    return json.dumps(value).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
