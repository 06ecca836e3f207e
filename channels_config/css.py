"""Reading an admin's CSS: what is broken, where; and what works but perhaps not as meant.

Browsers skip what they cannot read. That is no help to somebody who wonders why a rule does nothing, so what would be skipped is
refused here, with its place. Syntax: CSS Syntax Level 3, with nesting.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from difflib import get_close_matches
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import tinycss2

from channels_config.remarks import Places, Remark, shortened
from channels_config.selectors import DATA_SELECTORS, is_known

#: No more remarks than a person wants to read.
MOST = 20
#: Blocks within blocks; real sheets need six.
DEEPEST = 64

_MARKS = re.compile(
    r"""/\*(?:[^*]|\*(?!/))*+(?P<comment>\*/|$)
      | (?P<quote>["'])(?:\\(?:.|\n)|(?!(?P=quote))[^\\\n])*+(?P<string>(?P=quote)|)
      | (?P<url>[uU][rR][lL]\(\s*+(?!["'\s])(?:\\.|[^)\\])*+\)?)
      | \\.
      | (?P<open>[{(\[])
      | (?P<close>[})\]])""",
    re.VERBOSE,
)
_PARTNER = {"}": "{", ")": "(", "]": "["}
#: At-rules whose block holds rules; outside a style rule it holds nothing else.
_OF_RULES = frozenset(
    {"media", "supports", "layer", "container", "scope", "starting-style", "document", "-moz-document",
     "keyframes", "-webkit-keyframes", "-moz-keyframes", "-o-keyframes"}
)  # fmt: skip
_OF_DECLARATIONS = frozenset(
    {"font-face", "page", "property", "counter-style", "view-transition", "position-try"}
)
_BLANK = frozenset({"whitespace", "comment"})


@lru_cache(maxsize=16)
def remarks(css: str) -> tuple[Remark, ...]:
    """At most MOST remarks, errors first, each in order of place. `css` has LF line ends and no control characters."""
    reader = _Reader(css)
    reader.marks()
    if not reader.found:
        reader.rules(tinycss2.parse_component_value_list(css), inside=False, depth=0, top=True)
    reader.found.sort(key=lambda remark: (remark.severity != "error", remark.line, remark.column))
    return tuple(reader.found[:MOST])


class _Reader:
    def __init__(self, css: str) -> None:
        self.css = css
        self.places = Places(css)
        self.found: list[Remark] = []
        self._rules_seen = False

    # -- comments, strings, brackets -----------------------------------------------------------------------------------

    def marks(self) -> None:
        """What is left open; the rest of a sheet cannot be judged before that is put right."""
        opened: list[tuple[str, int]] = []
        for match in _MARKS.finditer(self.css):
            at = match.start()
            if match["comment"] == "":
                self._error("css.comment", at)
            elif match["quote"] and not match["string"]:
                self._error("css.string", at)
            elif match["url"] and not match["url"].endswith(")"):
                self._error("css.address", at)
            elif match["open"]:
                opened.append((match["open"], at))
                if len(opened) > DEEPEST:
                    self._error("css.deep", at)
                    return
            elif match["close"]:
                self._close(match["close"], at, opened)
            if len(self.found) >= MOST:
                return
        for mark, at in opened:
            self._error("css.unclosed", at, mark=mark)

    def _close(self, mark: str, at: int, opened: list[tuple[str, int]]) -> None:
        if _PARTNER[mark] not in [one for one, _ in opened]:
            self._error("css.unopened", at, mark=mark)
            return
        while (last := opened.pop())[0] != _PARTNER[mark]:
            self._error("css.unclosed", last[1], mark=last[0])

    def _error(self, code: str, offset: int, **values: str) -> None:
        line, column = self.places.at(offset)
        self.found.append(Remark(code, line, column, values=tuple(values.items())))

    # -- rules and declarations ----------------------------------------------------------------------------------------

    def rules(self, tokens: Sequence[Any], *, inside: bool, depth: int, top: bool = False) -> None:
        """Go through the content of a block: rules, and inside a style rule declarations as well."""
        statement: list[Any] = []
        for token in tokens:
            if top and token.type == "literal" and token.value in {"<!--", "-->"} and not _solid(statement):
                continue
            if token.type == "literal" and token.value == ";":
                self._statement(statement, None, inside=inside, depth=depth)
                statement = []
            elif token.type == "{} block" and not _takes_block_as_value(statement):
                self._statement(statement, token, inside=inside, depth=depth)
                statement = []
            else:
                statement.append(token)
            if len(self.found) > 10 * MOST:
                return
        self._statement(statement, None, inside=inside, depth=depth)

    def _statement(self, tokens: list[Any], block: Any | None, *, inside: bool, depth: int) -> None:
        solid = _solid(tokens)
        if not solid and block is None:
            return
        if slashes := _slashes(tokens):
            self._note("css.slashes", slashes)
            return
        if solid and solid[0].type == "at-keyword":
            self._at_rule(solid, block, inside=inside, depth=depth)
            return
        self._rules_seen = True
        if block is not None:
            if not solid:
                self._note("css.selector", block)
            self._selector(tokens)
            self.rules(block.content, inside=True, depth=depth + 1)
        elif inside:
            self._declaration(tokens, solid)
        else:
            self._note("css.block", solid[0], text=_text(tokens))

    def _at_rule(self, solid: list[Any], block: Any | None, *, inside: bool, depth: int) -> None:
        name = solid[0].lower_value
        if name == "import":
            self._note("css.late_import" if self._rules_seen or inside else "css.import", solid[0], warn=True)
        elif name not in {"charset", "layer"}:
            self._rules_seen = True
        for token in solid[1:]:
            self._addresses(token, bare_strings=name == "import")
        if block is None:
            return
        if name in _OF_RULES:
            self.rules(block.content, inside=inside, depth=depth + 1)
        elif name in _OF_DECLARATIONS:
            self.rules(block.content, inside=True, depth=depth + 1)

    def _declaration(self, tokens: list[Any], solid: list[Any]) -> None:
        first = solid[0]
        if first.type == "literal" and first.value == "*" and len(solid) > 1 and solid[1].type == "ident":
            self._note("css.hack", first, warn=True, text=f"*{solid[1].value}")
            return
        if first.type != "ident" or len(solid) < 2 or not _is(solid[1], ":"):
            self._note("css.colon", first, text=_text(tokens))
            return
        if len(solid) == 2 and not first.value.startswith("--"):
            self._note("css.value", first, name=first.value)
            return
        for token in solid[2:]:
            self._addresses(token)
        if not first.value.startswith("--"):
            self._semicolon(tokens[tokens.index(solid[1]) + 1 :])

    def _semicolon(self, value: list[Any]) -> None:
        """A property on a new line within a value: the line before lacks its semicolon."""
        solid: list[tuple[Any, bool]] = []
        after_line = False
        for token in value:
            if token.type in _BLANK:
                after_line = after_line or (token.type == "whitespace" and "\n" in token.value)
                continue
            solid.append((token, after_line))
            after_line = False
        for (token, on_new_line), (following, _) in itertools.pairwise(solid):
            if (
                on_new_line
                and token.type == "ident"
                and token.lower_value != "progid"
                and _is(following, ":")
            ):
                self._note("css.semicolon", token, name=token.value)
                return

    def _selector(self, tokens: Sequence[Any]) -> None:
        for token in tokens:
            if token.type == "[] block":
                solid = _solid(token.content)
                if (
                    len(solid) >= 3
                    and solid[0].type == "ident"
                    and solid[0].lower_value == "data-selector"
                    and _is(solid[1], "=")
                    and solid[2].type in {"string", "ident"}
                ):
                    self.selector_name(solid[2].value, token.source_line, token.source_column)
            elif token.type in {"() block", "function"}:
                self._selector(token.content if token.type == "() block" else token.arguments)

    def selector_name(self, name: str, line: int, column: int) -> None:
        if not is_known(name) and len(self.found) < 10 * MOST:
            self.found.append(unknown_selector("css", name, line, self.places.column(line, column)))

    def _addresses(self, token: Any, *, bare_strings: bool = False) -> None:
        if token.type == "url" or (bare_strings and token.type == "string"):
            self._address(token.value, token)
        elif token.type == "function":
            strings = token.lower_name in {"url", "src", "image-set", "-webkit-image-set", "image"}
            for inner in token.arguments:
                self._addresses(inner, bare_strings=strings)
        elif token.type in {"() block", "[] block", "{} block"}:
            for inner in token.content:
                self._addresses(inner)

    def _address(self, address: str, token: Any) -> None:
        try:
            parts = urlsplit(address.strip())
            host = parts.hostname
        except ValueError:
            return
        if host and parts.scheme.lower() in {"http", "https", ""}:
            self._note("css.remote", token, warn=True, host=shortened(host))

    def _note(self, code: str, token: Any, *, warn: bool = False, **values: str) -> None:
        if len(self.found) >= 10 * MOST:
            return
        column = self.places.column(token.source_line, token.source_column)
        self.found.append(
            Remark(code, token.source_line, column, "warning" if warn else "error", tuple(values.items()))
        )


def unknown_selector(language: str, name: str, line: int, column: int) -> Remark:
    """The warning about a data-selector that nothing carries, with the name it may be a slip of."""
    similar = get_close_matches(name.upper(), DATA_SELECTORS, n=1, cutoff=0.75)
    if similar:
        return Remark(
            f"{language}.similar_selector",
            line,
            column,
            "warning",
            (("name", shortened(name)), ("similar", similar[0])),
        )
    return Remark(f"{language}.unknown_selector", line, column, "warning", (("name", shortened(name)),))


def _solid(tokens: Sequence[Any]) -> list[Any]:
    return [token for token in tokens if token.type not in _BLANK]


def _is(token: Any, mark: str) -> bool:
    return bool(token.type == "literal" and token.value == mark)


def _takes_block_as_value(statement: Sequence[Any]) -> bool:
    """A custom property may have a block for its value: --x: { … }."""
    solid = _solid(statement)
    return (
        len(solid) >= 2
        and solid[0].type == "ident"
        and solid[0].value.startswith("--")
        and _is(solid[1], ":")
    )


def _slashes(tokens: Sequence[Any]) -> Any | None:
    for one, next_one in itertools.pairwise(tokens):
        if _is(one, "/") and _is(next_one, "/"):
            return one
    return None


def _text(tokens: Sequence[Any]) -> str:
    return shortened(tinycss2.serialize(tokens))
