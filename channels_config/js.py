"""Reading an admin's JavaScript: V8's verdict in sentences, and what the chat frame's isolation makes useless.

The code runs in a frame of its own origin, as a plain script. What works on an ordinary page and not there gets a warning.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import islice

from channels_config.css import MOST, unknown_selector
from channels_config.javascript import Fault, Unreadable, fault
from channels_config.remarks import Places, Remark, shortened
from channels_config.selectors import is_known

#: V8's messages -> our sentences. The first group, where there is one, is quoted.
_SAID: tuple[tuple[str, str], ...] = (
    (r"Unexpected token '(.+)'", "js.token"),
    (r"Unexpected end of input", "js.end"),
    (r"Invalid or unexpected token", "js.invalid"),
    (r"Unexpected identifier '(.+)'", "js.name"),
    (r"Unexpected string", "js.string"),
    (r"Unexpected number", "js.number"),
    (r"Unexpected template string", "js.template"),
    (r"Unterminated template literal", "js.open_template"),
    (r"Missing } in template expression", "js.open_template"),
    (r"Unexpected (?:strict mode )?reserved word", "js.reserved"),
    (r"Identifier '(.+)' has already been declared", "js.declared"),
    (r"missing \) after argument list", "js.arguments"),
    (r"missing (.+)", "js.expression"),
    (r"Missing initializer in .+", "js.initial"),
    (r"Invalid (?:left-hand side|destructuring assignment target).*", "js.assignment"),
    (r"Illegal return statement", "js.return"),
    (r"Illegal (?:break|continue) statement.*", "js.leave"),
    (r"Cannot use (?:import statement|'import\.meta') outside a module", "js.module"),
    (r"await is only valid in .+", "js.await"),
    (r"Function statements require a function name", "js.function_name"),
    (r"Missing catch or finally after try", "js.try"),
    (r"Invalid regular expression: .*: (.+)", "js.expression_error"),
    (r"(Invalid regular expression.*)", "js.expression_error"),
)
_TRANSLATED = tuple((re.compile(pattern, re.DOTALL), code) for pattern, code in _SAID)

#: Comments and strings are blanked before the warnings are looked for; the selector names are looked for in the strings.
_QUIET = re.compile(
    r"""//[^\n]*+|/\*(?:[^*]|\*(?!/))*+(?:\*/|$)|'(?:\\(?:.|\n)|[^'\\\n])*+'?|"(?:\\(?:.|\n)|[^"\\\n])*+"?|`(?:\\(?:.|\n)|[^`\\])*+`?"""
)
_OUTSIDE = re.compile(r"(?<![\w$.])((?:window\.)?(?:parent|top))(?=\s*[.\[])(\.cxone\b)?")
_STORAGE = re.compile(
    r"(?<![\w$.])(?:window\.)?(localStorage|sessionStorage|indexedDB)\b|(?<![\w$.])(document\.cookie)\b"
)
_NETWORK = re.compile(
    r"(?<![\w$.])(?:window\.)?(?:new\s+)?(fetch|XMLHttpRequest|WebSocket|EventSource)\b(?=\s*[(;])|(?<![\w$.])(navigator\.sendBeacon)\b"
)
_SELECTOR = re.compile(r"""\[data-selector=\\?(["']?)([\w-]+)\\?\1\]""")


@lru_cache(maxsize=16)
def remarks(code: str) -> tuple[Remark, ...]:
    """The syntax error, if there is one, before at most MOST warnings. `code` has LF line ends and no control characters."""
    if not code.strip():
        return ()
    found: list[Remark] = []
    try:
        wrong = fault(code)
    except Unreadable as unreadable:
        if unreadable.reason == "away":
            # Not kept in the cache: the next time there may be an engine.
            raise
        found.append(Remark(f"js.{unreadable.reason}", 1, 1))
    else:
        if wrong is not None:
            found.append(_sentence(wrong, code))
    return (*found, *_warnings(code)[:MOST])


def checked(code: str) -> tuple[Remark, ...]:
    """`remarks`; where no engine could be had, a warning says so and nothing is refused."""
    try:
        return remarks(code)
    except Unreadable:
        return (Remark("js.unchecked", 1, 1, "warning"), *_warnings(code)[:MOST])


def _sentence(wrong: Fault, code: str) -> Remark:
    for pattern, key in _TRANSLATED:
        match = pattern.fullmatch(wrong.message)
        if match is None:
            continue
        text = match[1] if match.re.groups else ""
        if key == "js.token" and text == "export":
            key = "js.module"
        return Remark(key, wrong.line, wrong.column, values=(("text", shortened(text)),))
    return Remark("js.other", wrong.line, wrong.column, values=(("text", shortened(wrong.message, 120)),))


def _warnings(code: str) -> list[Remark]:
    places = Places(code)
    found: list[Remark] = []
    quiet = _QUIET.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), code)
    for match in islice(_OUTSIDE.finditer(quiet), MOST):
        kind = "js.parent_cxone" if match[2] else "js.parent"
        found.append(Remark(kind, *places.at(match.start()), "warning", (("text", match[1]),)))
    for match in islice(_STORAGE.finditer(quiet), MOST):
        name = match[1] or match[2]
        found.append(Remark("js.storage", *places.at(match.start()), "warning", (("text", name),)))
    for match in islice(_NETWORK.finditer(quiet), MOST):
        name = match[1] or match[2]
        found.append(Remark("js.network", *places.at(match.start()), "warning", (("text", name),)))
    unknown = (match for match in _SELECTOR.finditer(code) if not is_known(match[2]))
    for match in islice(unknown, MOST):
        found.append(unknown_selector("js", match[2], *places.at(match.start())))
    return sorted(found, key=lambda remark: (remark.line, remark.column))
