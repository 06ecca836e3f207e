"""The options of a list or a tree while they are edited: rows with a depth, moved by buttons, read from a CSV file.

Fields of a post: `row` once for each option, in order, with a number of its own; `<row>:name`, `<row>:label`, `<row>:depth`.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from surveys import rules
from surveys.section import LONGEST_NAME, OPTION

MOST_BYTES = 512 * 1024


@dataclass
class Row:
    """One option. `depth` 0 is the top."""

    key: int
    name: str
    label: str
    depth: int = 0
    errors: list[str] = field(default_factory=list)

    @property
    def indent(self) -> int:
        return min(self.depth, rules.DEEPEST - 1)


class BadFile(Exception):
    """A CSV file that cannot be read; `sentence` says why."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


def rows_of(values: list[dict[str, Any]]) -> list[Row]:
    """Stored options as rows: each below its parent, in their order."""
    below: dict[str | None, list[dict[str, Any]]] = {}
    for one in values:
        below.setdefault(one["parent"], []).append(one)
    made: list[Row] = []

    def add(parent: str | None, depth: int) -> None:
        for one in below.get(parent, ()):
            made.append(Row(len(made), one["name"], one["label"], depth))
            if depth < rules.DEEPEST:
                add(one["name"], depth + 1)

    add(None, 0)
    return made


def read(data: QueryDict) -> list[Row]:
    made: list[Row] = []
    for text in data.getlist("row")[: rules.MOST_VALUES + 1]:
        if not (text.isascii() and text.isdecimal() and len(text) < 7):
            continue
        depth = data.get(f"{text}:depth", "0")
        made.append(
            Row(
                len(made),
                data.get(f"{text}:name", "").strip(),
                " ".join(data.get(f"{text}:label", "").replace("\0", "").split()),
                int(depth) if depth.isascii() and depth.isdecimal() and len(depth) < 3 else 0,
            )
        )
    return settle(made)


def settle(rows: list[Row]) -> list[Row]:
    """No row deeper than one level below the row before it."""
    before = -1
    for number, row in enumerate(rows):
        row.key = number
        row.depth = max(0, min(row.depth, before + 1, rules.DEEPEST - 1))
        before = row.depth
    return rows


def _end(rows: list[Row], at: int) -> int:
    """Index after the row and all that stands below it."""
    end = at + 1
    while end < len(rows) and rows[end].depth > rows[at].depth:
        end += 1
    return end


def act(rows: list[Row], do: str) -> str:
    """What a button asks for; a sentence that says what happened."""
    name, _colon, number = do.partition(":")
    if name == "add":
        depth = rows[-1].depth if rows else 0
        rows.append(Row(len(rows), "", "", depth))
        settle(rows)
        return _("An option was added at the end.")
    if not (number.isascii() and number.isdecimal() and int(number[:6]) < len(rows)):
        return ""
    at = int(number)
    end = _end(rows, at)
    label = rows[at].label or rows[at].name or _("(empty)")
    if name == "remove":
        del rows[at:end]
        settle(rows)
        return _("“%(name)s” was removed, with what stood below it.") % {"name": label}
    if name in {"in", "out"}:
        step = 1 if name == "in" else -1
        if name == "in" and (at == 0 or rows[at].depth > rows[at - 1].depth):
            return ""
        for row in rows[at:end]:
            row.depth += step
        settle(rows)
        return _("“%(name)s” is now on level %(level)s.") % {"name": label, "level": rows[at].depth + 1}
    moved = rows[at:end]
    if name == "up":
        to = at - 1
        while to > 0 and rows[to].depth > rows[at].depth:
            to -= 1
        if to < 0 or rows[to].depth != rows[at].depth:
            return ""
    else:
        if end >= len(rows) or rows[end].depth != rows[at].depth:
            return ""
        to = _end(rows, end) - len(moved)
    del rows[at:end]
    rows[to:to] = moved
    settle(rows)
    return _("“%(name)s” was moved.") % {"name": label}


def slug(label: str, taken: set[str]) -> str:
    """An id made from a label: "À l’étranger" -> "a-l-etranger"."""
    plain = unicodedata.normalize("NFKD", label.replace("’", "-")).encode("ascii", "ignore").decode().lower()
    base = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:80] or "option"
    made, number = base, 2
    while made in taken:
        made, number = f"{base}-{number}", number + 1
    return made


def values(rows: list[Row], *, tree: bool) -> list[dict[str, Any]]:
    """Rows as they are stored; an option without an id gets one made from its label. `errors` of the rows say what is wrong."""
    made: list[dict[str, Any]] = []
    parents: list[str] = []
    taken = {row.name for row in rows if row.name}
    seen: set[str] = set()
    for row in rows:
        if not row.name and row.label:
            row.name = slug(row.label, taken)
            taken.add(row.name)
        if not row.label:
            row.errors.append(_("Write what the visitor reads."))
        elif len(row.label) > LONGEST_NAME:
            row.errors.append(_("At most %(most)s characters.") % {"most": LONGEST_NAME})
        if row.name and not OPTION.fullmatch(row.name):
            row.errors.append(_("An id holds letters A to Z, digits and - _ . : /, 100 at most."))
        if row.name in seen:
            row.errors.append(_("The id “%(name)s” is there twice.") % {"name": row.name})
        seen.add(row.name)
        if not tree:
            row.depth = 0
        del parents[row.depth :]
        made.append({"name": row.name, "label": row.label, "parent": parents[-1] if parents else None})
        parents.append(row.name)
    return made


def from_csv(content: bytes, *, tree: bool) -> list[Row]:
    """Rows of a CSV file. Raises BadFile.

    With the heading `id,label` or `id,label,parent` (also `name`, `value`; in French `libellé`, `parent`), a line is one option.
    Without one, a line is one option of a list, or a path in a tree: each column one level deeper. Comma, semicolon or tab;
    UTF-8, or what Excel saves in Western Europe.
    """
    if len(content) > MOST_BYTES:
        raise BadFile(_("The file is larger than 512 KB."))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", "replace")
    if "\0" in text:
        raise BadFile(_("This is not a CSV file."))
    first = text.split("\n", 1)[0]
    delimiter = max((";", "\t", ","), key=first.count)
    try:
        lines = [
            [cell.strip() for cell in line]
            for line in csv.reader(io.StringIO(text), delimiter=delimiter)
            if any(line)
        ]
    except csv.Error as error:
        raise BadFile(_("This is not a CSV file.")) from error
    if not lines:
        raise BadFile(_("The file holds no line."))
    head = [cell.lower() for cell in lines[0]]
    columns = {_HEADS[cell]: at for at, cell in enumerate(head) if cell in _HEADS}
    if "label" in columns:
        made = _with_heading(lines[1:], columns)
    elif tree:
        made = _paths(lines)
    else:
        made = [Row(0, "", line[0]) for line in lines if line[0]]
    if len(made) > rules.MOST_VALUES:
        raise BadFile(_("The file holds more than 2,000 options."))
    return settle(made)


_HEADS = {
    "id": "name", "name": "name", "identifiant": "name", "label": "label", "value": "label", "libellé": "label",
    "libelle": "label", "parent": "parent", "parentid": "parent", "parent_id": "parent",
}  # fmt: skip


def _with_heading(lines: list[list[str]], columns: dict[str, int]) -> list[Row]:
    def cell(line: list[str], name: str) -> str:
        at = columns.get(name, -1)
        return line[at] if 0 <= at < len(line) else ""

    stored: list[dict[str, Any]] = []
    taken: set[str] = {cell(line, "name") for line in lines}
    for line in lines:
        label = cell(line, "label") or cell(line, "name")
        name = cell(line, "name") or slug(label, taken)
        taken.add(name)
        stored.append({"name": name, "label": label, "parent": cell(line, "parent") or None})
    names = {one["name"] for one in stored}
    for one in stored:
        if one["parent"] is not None and one["parent"] not in names:
            raise BadFile(_("“%(parent)s”, the parent of “%(name)s”, is not in the file.") % one)
    made = rows_of(stored)
    if len(made) != len(stored):
        raise BadFile(_("The options stand in a circle, lie too deep, or have an id twice."))
    return made


def _paths(lines: list[list[str]]) -> list[Row]:
    tree: dict[str, Any] = {}
    for line in lines:
        below = tree
        for cell in filter(None, line):
            below = below.setdefault(cell, {})
    made: list[Row] = []

    def add(level: dict[str, Any], depth: int) -> None:
        for label, below in level.items():
            made.append(Row(0, "", label, depth))
            if depth < rules.DEEPEST - 1:
                add(below, depth + 1)

    add(tree, 0)
    return made
