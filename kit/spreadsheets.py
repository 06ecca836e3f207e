"""Cells of a CSV that strangers wrote, made so that no spreadsheet runs them (OWASP, "CSV Injection")."""

from __future__ import annotations

import re

_FORMULA = r"=+\-@＝＋－＠"
_FIRST = re.compile(rf"[ \"]*[{_FORMULA}\t\r\n]")
#: Where a list separator is a semicolon, as in French, a cell of a comma-separated file may end in the middle of a text.
_INNER = re.compile(rf"([;\t\r\n][ \"]*)(?=[{_FORMULA}])")


def harmless(text: str) -> str:
    """`text` with an apostrophe before whatever a spreadsheet could take for the beginning of a formula."""
    made = _INNER.sub(r"\1'", text)
    return f"'{made}" if _FIRST.match(made) else made
