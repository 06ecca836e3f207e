"""Whether a text is an Adaptive Card a visitor's window can draw, and if not, at which line it stops being one. Pure.

Elements and actions are those of schema 1.6 that the adaptivecards library draws (https://adaptivecards.io/explorer/).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from json import JSONDecodeError
from typing import Any

#: Characters; a message's frame at the agent desk holds 128 KB.
LONGEST = 100_000
_DEEPEST = 60

ELEMENTS = frozenset(
    {
        "TextBlock", "RichTextBlock", "Image", "ImageSet", "Media", "Container", "ColumnSet", "FactSet", "ActionSet", "Table",
        "Input.Text", "Input.Number", "Input.Date", "Input.Time", "Input.Toggle", "Input.ChoiceSet",
    }
)  # fmt: skip
ACTIONS = frozenset(
    {"Action.OpenUrl", "Action.Submit", "Action.ShowCard", "Action.ToggleVisibility", "Action.Execute"}
)


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, and where: line and column count from 1. `code` has its sentence in desk.sentences."""

    code: str
    line: int
    column: int
    about: str = ""


@dataclass(slots=True)
class _Node:
    """A JSON value with the place of its first character; members of objects and arrays are nodes again."""

    value: Any
    at: int


class _Unreadable(Exception):
    def __init__(self, at: int, code: str = "not_json") -> None:
        super().__init__(code)
        self.at = at
        self.code = code


def check(source: str) -> tuple[dict[str, Any] | None, list[Fault]]:
    """The card, and everything that is wrong with it; no card when there is anything."""
    if not source.strip():
        return None, [Fault("empty", 1, 1)]
    if len(source) > LONGEST:
        return None, [Fault("too_long", 1, 1)]
    try:
        node, end = _read(source, _skip(source, 0), 0)
    except _Unreadable as trouble:
        return None, [_fault(source, trouble.code, trouble.at)]
    if (rest := _skip(source, end)) != len(source):
        return None, [_fault(source, "more", rest)]
    faults: list[Fault] = []
    _check_card(source, node, faults)
    if faults:
        return None, sorted(faults, key=lambda one: (one.line, one.column))
    card: dict[str, Any] = json.loads(source)
    return card, []


def _fault(source: str, code: str, at: int, about: str = "") -> Fault:
    line = source.count("\n", 0, at) + 1
    return Fault(code, line, at - (source.rfind("\n", 0, at) + 1) + 1, about)


# -- reading JSON with places ------------------------------------------------------------------------------------------

_SPACE = re.compile(r"[ \t\n\r]*")
_DECODER = json.JSONDecoder()
_SCALAR = re.compile(r'"|-?[0-9]|true|false|null')


def _skip(source: str, at: int) -> int:
    found = _SPACE.match(source, at)
    return found.end() if found else at


def _read(source: str, at: int, depth: int) -> tuple[_Node, int]:
    if depth > _DEEPEST:
        raise _Unreadable(at, "too_deep")
    if source.startswith("{", at):
        return _read_object(source, at, depth)
    if source.startswith("[", at):
        return _read_array(source, at, depth)
    if not _SCALAR.match(source, at):
        raise _Unreadable(min(at, max(0, len(source) - 1)))
    try:
        value, end = _DECODER.raw_decode(source, at)
    except JSONDecodeError as trouble:
        raise _Unreadable(trouble.pos) from None
    return _Node(value, at), end


def _read_object(source: str, at: int, depth: int) -> tuple[_Node, int]:
    members: dict[str, _Node] = {}
    place = _skip(source, at + 1)
    if source.startswith("}", place):
        return _Node(members, at), place + 1
    while True:
        if not source.startswith('"', place):
            raise _Unreadable(place)
        key, place = _read(source, place, depth)
        place = _skip(source, place)
        if not source.startswith(":", place):
            raise _Unreadable(place)
        members[str(key.value)], place = _read(source, _skip(source, place + 1), depth + 1)
        place = _skip(source, place)
        if source.startswith("}", place):
            return _Node(members, at), place + 1
        if not source.startswith(",", place):
            raise _Unreadable(place)
        place = _skip(source, place + 1)


def _read_array(source: str, at: int, depth: int) -> tuple[_Node, int]:
    items: list[_Node] = []
    place = _skip(source, at + 1)
    if source.startswith("]", place):
        return _Node(items, at), place + 1
    while True:
        item, place = _read(source, place, depth + 1)
        items.append(item)
        place = _skip(source, place)
        if source.startswith("]", place):
            return _Node(items, at), place + 1
        if not source.startswith(",", place):
            raise _Unreadable(place)
        place = _skip(source, place + 1)


# -- what a card is ----------------------------------------------------------------------------------------------------


def _text(node: _Node | None) -> str | None:
    return node.value if node is not None and isinstance(node.value, str) else None


def _check_card(source: str, node: _Node, faults: list[Fault]) -> None:
    def wrong(code: str, at: int, about: str = "") -> None:
        faults.append(_fault(source, code, at, about))

    if not isinstance(node.value, dict):
        wrong("not_an_object", node.at)
        return
    kind = node.value.get("type")
    if _text(kind) != "AdaptiveCard":
        wrong("no_card", (kind or node).at)
        return
    if not isinstance(getattr(node.value.get("body"), "value", []), list):
        wrong("not_a_list", node.value["body"].at, "body")
    if not (node.value.get("body") or node.value.get("actions")):
        wrong("shows_nothing", node.at)
    _check_elements(source, node.value.get("body"), faults)
    _check_actions(source, node.value.get("actions"), faults)


def _check_elements(source: str, node: _Node | None, faults: list[Fault]) -> None:
    if node is None or not isinstance(node.value, list):
        return
    for item in node.value:
        if not isinstance(item.value, dict):
            faults.append(_fault(source, "no_element", item.at))
            continue
        kind = item.value.get("type")
        name = _text(kind)
        if name is None:
            faults.append(_fault(source, "no_type", item.at))
        elif name not in ELEMENTS:
            faults.append(_fault(source, "unknown_element", (kind or item).at, name))
        else:
            _check_element(source, name, item, faults)


def _check_element(source: str, name: str, item: _Node, faults: list[Fault]) -> None:
    members: dict[str, _Node] = item.value
    needed = {"TextBlock": "text", "Image": "url"}.get(name) or ("id" if name.startswith("Input.") else None)
    if needed and _text(members.get(needed)) is None:
        faults.append(_fault(source, "missing", members.get(needed, item).at, needed))
    if name == "Image":
        _check_address(source, members.get("url"), faults, also_data=True)
    for inner in ("items", "images"):
        if name in {"Container", "ImageSet"}:
            _check_elements(source, members.get(inner), faults)
    if name == "ColumnSet":
        columns = members.get("columns")
        for column in columns.value if columns is not None and isinstance(columns.value, list) else ():
            if isinstance(column.value, dict):
                _check_elements(source, column.value.get("items"), faults)
    if name == "ActionSet":
        _check_actions(source, members.get("actions"), faults)


def _check_actions(source: str, node: _Node | None, faults: list[Fault]) -> None:
    if node is None:
        return
    if not isinstance(node.value, list):
        faults.append(_fault(source, "not_a_list", node.at, "actions"))
        return
    for item in node.value:
        members = item.value if isinstance(item.value, dict) else {}
        kind = members.get("type")
        name = _text(kind)
        if name is None:
            faults.append(_fault(source, "no_type", item.at))
        elif name not in ACTIONS:
            faults.append(_fault(source, "unknown_action", kind.at if kind else item.at, name))
        elif name == "Action.OpenUrl":
            if _text(members.get("url")) is None:
                faults.append(_fault(source, "missing", item.at, "url"))
            else:
                _check_address(source, members["url"], faults)
        elif name == "Action.ShowCard" and members.get("card") is not None:
            _check_card(source, members["card"], faults)


def _check_address(source: str, node: _Node | None, faults: list[Fault], *, also_data: bool = False) -> None:
    text = _text(node)
    if node is None or text is None:
        return
    good = ("https://", "http://", "data:image/") if also_data else ("https://", "http://")
    if not text.lower().startswith(good):
        faults.append(_fault(source, "bad_address", node.at, text[:60]))
