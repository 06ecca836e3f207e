"""Patterns an answer has to match: a small regular language, read here and run here and in the browser by one and the same machine.

A pattern becomes a *program*, a list of instructions that travels in the channel JSON; the chat window runs the very list the
environment runs, so their verdicts cannot differ. The machine follows all ways at once (Thompson 1968): time grows with the
length of the answer times the length of the program, never more, whatever the pattern. Pure.

The language: characters; `.`; `[a-z]`, `[^…]`; `\\d \\D \\w \\W \\s \\S` (ASCII); `\\` before a sign; `( )`, `(?: )`; `|`;
`* + ? {n} {n,} {n,m}`; `^` at the beginning and `$` at the end, which change nothing: a pattern always stands for the whole answer.

Instructions: `[0, low, high, low, high, …]` takes one code point of these ranges; `[1, a, b]` goes on at a and at b; `[2, a]` goes
on at a; `[3]` is the end.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise

LONGEST_PATTERN = 300
LONGEST_PROGRAM = 400
MOST_REPEATS = 200
_DEEPEST = 20
_LAST = 0x10FFFF
#: States of the machine that are remembered; beyond, it forgets and begins to remember anew.
_MOST_STATES = 400

Ranges = tuple[tuple[int, int], ...]
Program = list[list[int]]

_CLASSES: dict[str, Ranges] = {
    "d": ((48, 57),),
    "w": ((48, 57), (65, 90), (95, 95), (97, 122)),
    "s": ((9, 13), (32, 32), (160, 160), (0x202F, 0x202F), (0xFEFF, 0xFEFF)),
}
_CONTROLS = {"t": 9, "n": 10, "r": 13}
_SIGNS = set(r"^$\.*+?()[]{}|/-'\"#&~,:;!@=<>%_ `")


class BadPattern(Exception):
    """A pattern that cannot be used. `code` says why, `position` where (characters from 0).

    Codes: long, big (too many instructions), deep, open (a bracket), close, range, escape, unsupported, repeat, nothing (to repeat),
    anchor.
    """

    def __init__(self, code: str, position: int) -> None:
        super().__init__(f"{code} at {position}")
        self.code = code
        self.position = position


@dataclass(frozen=True)
class _Node:
    """`set` a choice of characters; `all` one after the other; `any` one of them; `times` repeated."""

    kind: str
    ranges: Ranges = ()
    parts: tuple[_Node, ...] = ()
    least: int = 0
    most: int | None = 0


def program(pattern: str) -> Program:
    """The instructions of a pattern. Raises BadPattern."""
    if len(pattern) > LONGEST_PATTERN:
        raise BadPattern("long", LONGEST_PATTERN)
    reader = _Reader(pattern)
    node = reader.whole()
    made: Program = []
    _emit(node, made, len(pattern))
    made.append([3])
    return made


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.end = len(text)

    def whole(self) -> _Node:
        if self.text.startswith("^"):
            self.at = 1
        if self.text.endswith("$") and self.end > self.at and not self._escaped(self.end - 1):
            self.end -= 1
        node = self._choice(0)
        if self.at < self.end:
            raise BadPattern("close", self.at)
        return node

    def _escaped(self, position: int) -> bool:
        before = self.text[:position]
        return (len(before) - len(before.rstrip("\\"))) % 2 == 1

    def _peek(self) -> str:
        return self.text[self.at] if self.at < self.end else ""

    def _choice(self, depth: int) -> _Node:
        if depth > _DEEPEST:
            raise BadPattern("deep", self.at)
        branches = [self._sequence(depth)]
        while self._peek() == "|":
            self.at += 1
            branches.append(self._sequence(depth))
        return branches[0] if len(branches) == 1 else _Node("any", parts=tuple(branches))

    def _sequence(self, depth: int) -> _Node:
        parts: list[_Node] = []
        while (sign := self._peek()) and sign not in "|)":
            parts.append(self._repeated(self._atom(depth)))
        return _Node("all", parts=tuple(parts))

    def _atom(self, depth: int) -> _Node:
        start = self.at
        sign = self.text[self.at]
        self.at += 1
        if sign == "(":
            if self._peek() == "?":
                if self.text[self.at : self.at + 2] != "?:":
                    raise BadPattern("unsupported", start)
                self.at += 2
            inside = self._choice(depth + 1)
            if self._peek() != ")":
                raise BadPattern("open", start)
            self.at += 1
            return inside
        if sign == "[":
            return _Node("set", ranges=self._set(start))
        if sign == "\\":
            return _Node("set", ranges=self._escape(start))
        if sign == ".":
            return _Node("set", ranges=((0, 9), (11, _LAST)))
        if sign in "^$":
            raise BadPattern("anchor", start)
        if sign in "*+?{":
            raise BadPattern("nothing", start)
        code = ord(sign)
        return _Node("set", ranges=((code, code),))

    def _escape(self, start: int) -> Ranges:
        if self.at >= self.end:
            raise BadPattern("escape", start)
        sign = self.text[self.at]
        self.at += 1
        if sign.lower() in _CLASSES:
            inside = _CLASSES[sign.lower()]
            return inside if sign.islower() else _inverse(inside)
        if sign in _CONTROLS:
            return ((_CONTROLS[sign], _CONTROLS[sign]),)
        if sign not in _SIGNS:
            raise BadPattern("unsupported" if sign.isalnum() else "escape", start)
        return ((ord(sign), ord(sign)),)

    def _set(self, start: int) -> Ranges:
        negated = self._peek() == "^"
        self.at += negated
        found: list[tuple[int, int]] = []
        first = True
        while True:
            sign = self._peek()
            if not sign:
                raise BadPattern("open", start)
            if sign == "]" and not first:
                self.at += 1
                break
            first = False
            low = self._member()
            if self._peek() == "-" and self.text[self.at + 1 : self.at + 2] not in {"]", ""}:
                place = self.at
                self.at += 1
                high = self._member()
                if len(low) != 1 or len(high) != 1 or low[0][0] != low[0][1] or high[0][0] != high[0][1]:
                    raise BadPattern("range", place)
                if low[0][0] > high[0][0]:
                    raise BadPattern("range", place)
                found.append((low[0][0], high[0][0]))
            else:
                found.extend(low)
        ranges = _joined(found)
        return _inverse(ranges) if negated else ranges

    def _member(self) -> Ranges:
        start = self.at
        if start >= self.end:
            raise BadPattern("open", start)
        sign = self.text[self.at]
        self.at += 1
        if sign == "\\":
            return self._escape(start)
        return ((ord(sign), ord(sign)),)

    def _repeated(self, node: _Node) -> _Node:
        while (sign := self._peek()) in {"*", "+", "?", "{"} and sign:
            start = self.at
            self.at += 1
            least, most = {"*": (0, None), "+": (1, None), "?": (0, 1)}.get(sign) or self._bounds(start)
            if self._peek() in {"?", "+"} and self._peek():
                # Lazy and possessive: about where a match ends, which the whole answer decides.
                raise BadPattern("unsupported", self.at)
            node = _Node("times", parts=(node,), least=least, most=most)
        return node

    def _bounds(self, start: int) -> tuple[int, int | None]:
        close = self.text.find("}", self.at, self.end)
        if close < 0:
            raise BadPattern("open", start)
        low, comma, high = self.text[self.at : close].partition(",")
        self.at = close + 1
        if not (low.isascii() and low.isdecimal()) or (high and not (high.isascii() and high.isdecimal())):
            raise BadPattern("repeat", start)
        least = int(low[:6])
        most = least if not comma else int(high[:6]) if high else None
        if least > MOST_REPEATS or (most is not None and (most > MOST_REPEATS or most < least)):
            raise BadPattern("repeat", start)
        return least, most


def _joined(ranges: list[tuple[int, int]]) -> Ranges:
    made: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if made and low <= made[-1][1] + 1:
            made[-1] = (made[-1][0], max(made[-1][1], high))
        else:
            made.append((low, high))
    return tuple(made)


def _inverse(ranges: Ranges) -> Ranges:
    edges = [-1, *(edge for pair in ranges for edge in pair), _LAST + 1]
    return tuple((low + 1, high - 1) for low, high in list(pairwise(edges))[::2] if low + 1 <= high - 1)


def _emit(node: _Node, made: Program, length: int) -> None:
    if len(made) > LONGEST_PROGRAM:
        raise BadPattern("big", length)
    if node.kind == "set":
        made.append([0, *(edge for pair in node.ranges for edge in pair)])
    elif node.kind == "all":
        for part in node.parts:
            _emit(part, made, length)
    elif node.kind == "any":
        leaves: list[list[int]] = []
        for number, part in enumerate(node.parts):
            last = number == len(node.parts) - 1
            split = [1, len(made) + 1, 0]
            if not last:
                made.append(split)
            _emit(part, made, length)
            if not last:
                leave = [2, 0]
                made.append(leave)
                leaves.append(leave)
                split[2] = len(made)
        for leave in leaves:
            leave[1] = len(made)
    else:
        _emit_times(node, made, length)


def _emit_times(node: _Node, made: Program, length: int) -> None:
    (part,) = node.parts
    for _ in range(node.least):
        _emit(part, made, length)
    if node.most is None:
        split = [1, len(made) + 1, 0]
        start = len(made)
        made.append(split)
        _emit(part, made, length)
        made.append([2, start])
        split[2] = len(made)
        return
    splits: list[list[int]] = []
    for _ in range(node.most - node.least):
        split = [1, len(made) + 1, 0]
        made.append(split)
        splits.append(split)
        _emit(part, made, length)
    for split in splits:
        split[2] = len(made)


class Machine:
    """Runs a program. `steps` counts instructions followed, for whoever wants to see that there are few."""

    def __init__(self, instructions: Program) -> None:
        self._program = instructions
        self._end = len(instructions) - 1
        self._edges = sorted(
            {0}
            | {
                edge
                for one in instructions
                if one[0] == 0
                for low, high in zip(one[1::2], one[2::2], strict=True)
                for edge in (low, high + 1)
            }
        )
        self._start = self._closure([0])
        self._known: dict[tuple[frozenset[int], int], frozenset[int]] = {}
        self.steps = 0

    def matches(self, text: str) -> bool:
        """Whether the whole of `text` is what the pattern says."""
        state = self._start
        for sign in text:
            # Code points between two edges of the program's ranges are all alike to it.
            kind = bisect_right(self._edges, ord(sign)) - 1
            following = self._known.get((state, kind))
            if following is None:
                following = self._step(state, self._edges[kind])
                if len(self._known) >= _MOST_STATES:
                    self._known.clear()
                self._known[(state, kind)] = following
            state = following
            if not state:
                return False
        return self._end in state

    def _step(self, state: frozenset[int], code: int) -> frozenset[int]:
        self.steps += len(state)
        return self._closure(
            [
                at + 1
                for at in state
                if (one := self._program[at])[0] == 0
                and any(low <= code <= high for low, high in zip(one[1::2], one[2::2], strict=True))
            ]
        )

    def _closure(self, places: list[int]) -> frozenset[int]:
        seen: set[int] = set()
        while places:
            at = places.pop()
            if at in seen:
                continue
            seen.add(at)
            one = self._program[at]
            if one[0] == 1:
                places += one[1:]
            elif one[0] == 2:
                places.append(one[1])
        return frozenset(at for at in seen if self._program[at][0] in {0, 3})
