"""What is said about a text of CSS or JavaScript: where, and in which sentence."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

#: A remark with its place, where no editor shows it there.
PLACE = _("Line %(line)s, column %(column)s: %(what)s")

SENTENCES: dict[str, str | Promise] = {
    # CSS that cannot be read
    "css.comment": _("This comment is never closed: “*/” is missing."),
    "css.string": _("This string is not closed on its line."),
    "css.address": _("This url(…) is not written correctly."),
    "css.unclosed": _("“%(mark)s” is never closed."),
    "css.unopened": _("“%(mark)s” closes nothing here."),
    "css.deep": _("Rules are nested too deeply here."),
    "css.block": _("“%(text)s” is followed by no { … } block."),
    "css.selector": _("A selector is missing before “{”."),
    "css.colon": _("“%(text)s” is not a declaration: a property, a colon and a value."),
    "css.value": _("“%(name)s” has no value."),
    "css.semicolon": _("A semicolon is missing before “%(name)s”."),
    "css.slashes": _("“//” begins no comment in CSS; write /* … */."),
    # CSS that works, but perhaps not as meant
    "css.hack": _("Browsers skip “%(text)s”, a trick for old Internet Explorer."),
    "css.import": _("@import loads another sheet before anything shows; paste its rules here instead."),
    "css.late_import": _("Browsers skip an @import that does not stand first."),
    "css.remote": _("Every visitor will fetch this from %(host)s."),
    "css.unknown_selector": _("Nothing in the chat window carries data-selector “%(name)s”."),
    "css.similar_selector": _(
        "Nothing in the chat window carries data-selector “%(name)s”. Did you mean “%(similar)s”?"
    ),
    # JavaScript that cannot be read
    "js.token": _("“%(text)s” was not expected here."),
    "js.invalid": _("This character or unfinished string was not expected here."),
    "js.end": _("The code ends before it is complete: a bracket, a brace or a quotation mark is still open."),
    "js.name": _("The name “%(text)s” was not expected here."),
    "js.string": _("A string was not expected here; perhaps a comma or an operator is missing before it."),
    "js.number": _("A number was not expected here; perhaps a comma or an operator is missing before it."),
    "js.template": _("A template was not expected here."),
    "js.open_template": _("This template is never closed: “`” is missing."),
    "js.reserved": _("This word is reserved in JavaScript."),
    "js.declared": _("“%(text)s” has been declared already."),
    "js.arguments": _("“)” is missing after the arguments of a call."),
    "js.expression": _("Something is missing here: “%(text)s”."),
    "js.initial": _("A constant needs a value: const name = …"),
    "js.assignment": _("Nothing can be assigned to what stands here."),
    "js.return": _("“return” stands outside a function."),
    "js.leave": _("“break” or “continue” stands outside a loop."),
    "js.module": _("“import” and “export” work in modules only; this code is a plain script."),
    "js.await": _("“await” works inside async functions only."),
    "js.function_name": _("A function that stands alone needs a name."),
    "js.try": _("“try” needs a catch or a finally."),
    "js.expression_error": _("This regular expression cannot be read (%(text)s)."),
    "js.other": _("The code cannot be read here (%(text)s)."),
    "js.nested": _("The code is nested too deeply to be read."),
    "js.heavy": _("Reading this code takes too much work; a regular expression in it is too large."),
    # JavaScript that works, but perhaps not as meant
    "js.unchecked": _("The code could not be checked just now."),
    "js.parent_cxone": _(
        "The page around the chat cannot be reached from here. Write cxone(…) without “%(text)s.”."
    ),
    "js.parent": _("“%(text)s” leads to the page around the chat, which cannot be reached from here."),
    "js.storage": _("“%(text)s” does not work inside the chat frame: it keeps nothing of its own."),
    "js.network": _("“%(text)s” does not get through: the chat frame may not load data from elsewhere."),
    "js.unknown_selector": _("Nothing in the chat window carries data-selector “%(name)s”."),
    "js.similar_selector": _(
        "Nothing in the chat window carries data-selector “%(name)s”. Did you mean “%(similar)s”?"
    ),
}


@dataclass(frozen=True)
class Remark:
    """`line` and `column` count from 1, in UTF-16 units, as the editor counts. `code` is a key of SENTENCES."""

    code: str
    line: int
    column: int
    severity: Literal["error", "warning"] = "error"
    values: tuple[tuple[str, str], ...] = field(default=())

    @property
    def message(self) -> str:
        """Its sentence in the language in force."""
        return str(SENTENCES[self.code]) % dict(self.values)

    def as_json(self) -> dict[str, Any]:
        """What `<code-editor>` shows."""
        return {"line": self.line, "column": self.column, "message": self.message, "severity": self.severity}


class Places:
    """Offsets of a text (LF line ends) as lines and columns."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._starts = [0, *(end.end() for end in re.finditer("\n", text))]

    def at(self, offset: int) -> tuple[int, int]:
        line = bisect_right(self._starts, offset)
        return line, units(self._text[self._starts[line - 1] : offset]) + 1

    def column(self, line: int, characters: int) -> int:
        """A column that counts characters from 1, in UTF-16 units."""
        start = self._starts[min(line, len(self._starts)) - 1]
        return units(self._text[start : start + characters - 1]) + 1


def units(text: str) -> int:
    """Its length in UTF-16 units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def shortened(text: str, most: int = 40) -> str:
    """One line of it, to be quoted in a sentence."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


def errors(remarks: Iterable[Remark]) -> list[Remark]:
    return [remark for remark in remarks if remark.severity == "error"]
