"""Whether an address may come in: a section compiled once, and a decision in microseconds. Imports no Django.

Networks either contain one another or lie apart, so the whole list is one sorted row of segments, each pointing at the
narrowest network that covers it, and every network at the next wider one. A decision is one binary search and a short walk
outwards. Exceptions win wherever they stand on that walk; among blocks the narrowest that has not expired decides.

Kept in arrays of machine integers: 120,000 addresses and 40,000 networks take about 10 MB (`bench/bench_ip_decisions.py`,
which also compares with C radix trees).
"""

from __future__ import annotations

import base64
import hashlib
import zlib
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import itemgetter
from socket import AF_INET, AF_INET6, inet_ntop, inet_pton
from typing import Any, NamedTuple
from weakref import WeakValueDictionary

from .addresses import BITS, Network, read_address
from .entries import (
    MAX_CHARACTERS,
    SINGLE,
    Entry,
    LineReader,
    all_lines,
    is_four,
    key_of,
    moment_text,
    network_of,
)

_NEVER = float("inf")
_ABSENT = -1


class Decision(NamedTuple):
    """The answer for one address.

    `code` is `no_rule`, `block`, `allow` (an exception) or `invalid` (the text is no address; it is blocked). `address` is the
    address in its usual form (IPv4-mapped as IPv4, no zone), or the text as it came. `rule` is the network that decided, with
    its `reason`, and `expires` in seconds since 1970 or None.
    """

    blocked: bool
    code: str
    address: str
    rule: str | None = None
    reason: str = ""
    expires: float | None = None
    #: The shared list that decided; empty for the channel's own.
    source: str = ""


class Rule(NamedTuple):
    """One entry that covers an address, for the tester: `active` tells whether it has not expired."""

    network: str
    kind: str
    reason: str
    expires: str | None
    active: bool
    source: str = ""


#: Compiled lists by what they hold: channels that use one shared list, and a release that changes something else, share them.
_compiled: WeakValueDictionary[bytes, Matcher] = WeakValueDictionary()


def compile_lines(lines: Sequence[str]) -> Matcher:
    """The matcher of one list's lines, made once for as long as somebody holds it. Raises ValueError."""
    try:
        return compile_text("\n".join(lines))
    except TypeError:
        raise ValueError("a line of the list is no text") from None


def compile_text(text: str) -> Matcher:
    """The same of a list's lines as one text. Raises ValueError."""
    key = hashlib.sha256(text.encode()).digest()
    found = _compiled.get(key)
    if found is None:
        found = _compiled[key] = Matcher.of_lines(_split(text))
    return found


#: Characters of a list that are cut into lines at once: all of them would weigh ten times what is made of them.
_PIECE = 1 << 16


def _split(text: str) -> Iterator[str]:
    begin = 0
    while begin < len(text):
        end = text.find("\n", begin + _PIECE)
        end = len(text) if end < 0 else end
        yield from text[begin:end].split("\n")
        begin = end + 1


#: Lines from which a section is packed.
SHORT = 1_000


def packed(section: Mapping[str, Any]) -> dict[str, Any]:
    """A section (format 1) as it travels to an environment: where it is long, each list one compressed text. `compile` reads both.

    {"format": 2, "lists": [[name, lines as Base64 of zlib]]}; the channel's own list has no name. A short one stays as it is.
    """
    if sum(len(lines) for _, lines in all_lines(section)) < SHORT:
        return dict(section)
    lists = [
        [name, base64.b64encode(zlib.compress("\n".join(lines).encode(), 1)).decode("ascii")]
        for name, lines in all_lines(section)
    ]
    return {"format": 2, "lists": lists}


def _unpacked(text: str) -> str:
    packer = zlib.decompressobj()
    try:
        plain = packer.decompress(base64.b64decode(text, validate=True), 4 * MAX_CHARACTERS)
    except zlib.error:
        raise ValueError("a list is not compressed as it should be") from None
    if not packer.eof:
        raise ValueError("a list is cut short, or too long")
    return plain.decode()


def compile(section: Mapping[str, Any]) -> Blocklist:
    """The decisions of a published section (format 1, or 2 as it travels). Raises ValueError when it is not well-formed."""
    try:
        if section["format"] == 2:
            lists = [(name, compile_text(_unpacked(text))) for name, text in section["lists"]]
        elif section["format"] == 1:
            lists = [(name, compile_lines(lines)) for name, lines in all_lines(section)]
        else:
            raise ValueError("the section is of a format that is not known here")
    except (KeyError, TypeError) as error:
        raise ValueError(f"the section is not well-formed: {error!r}") from None
    return Blocklist([(name, matcher) for name, matcher in lists if len(matcher)])


class _Family:
    """The networks of one family, as segments."""

    __slots__ = (
        "_allowed",
        "_before",
        "_bits",
        "_expiring",
        "_open",
        "_texts",
        "allows",
        "buckets",
        "expires",
        "firsts",
        "owners",
        "parents",
        "prefixes",
        "reasons",
        "starts",
    )

    def __init__(self, family: int) -> None:
        numbers: Any = (lambda: array("I")) if family == 4 else list
        self._bits = BITS[family]
        self.starts: Any = numbers()
        self.owners = array("i")
        self.firsts: Any = numbers()
        self.prefixes = bytearray()
        self.parents = array("i")
        self.allows = bytearray()
        self.expires = array("d")
        #: By index; most have none.
        self.reasons: dict[int, str] = {}
        self.buckets = array("I")
        self._texts: dict[str, str] = {}
        self._allowed: list[int] = []
        self._expiring: dict[int, float] = {}
        self._before = -1
        #: (last address, index) of the networks we are inside of.
        self._open: list[tuple[int, int]] = []
        self._segment(0, _ABSENT)

    def add(self, key: int, allow: bool, expires: float, reason: str) -> None:
        """The next network, by its key. They come by first address, wider ones first, an exception before a block of the same network.

        Raises ValueError for one out of order.
        """
        if key < self._before:
            raise ValueError("the list is not sorted")
        self._before = key
        first, prefix = network_of(key)[1:]
        index = len(self.firsts)
        if allow:
            self._allowed.append(index)
        if expires != _NEVER:
            self._expiring[index] = expires
        if reason:
            self.reasons[index] = self._texts.setdefault(reason, reason)
        self._open_at(first)
        self.firsts.append(first)
        self.prefixes.append(prefix)
        self.parents.append(self._open[-1][1] if self._open else _ABSENT)
        self._segment(first, index)
        self._open.append((first | ((1 << (self._bits - prefix)) - 1), index))

    def add_address(self, first: int, key: int) -> None:
        """The same for a block of a single address: most of a long list, so it is done in one go."""
        if key < self._before:
            raise ValueError("the list is not sorted")
        self._before = key
        opened, starts = self._open, self.starts
        if opened and opened[-1][0] < first:
            self._open_at(first)
        index, parent = len(self.firsts), opened[-1][1] if opened else _ABSENT
        self.firsts.append(first)
        self.prefixes.append(self._bits)
        self.parents.append(parent)
        if starts[-1] == first:
            self.owners[-1] = index
        else:
            starts.append(first)
            self.owners.append(index)
        opened.append((first, index))

    def _open_at(self, first: int) -> None:
        """We have come to an address: close what ends before it."""
        opened = self._open
        while opened and opened[-1][0] < first:
            last, _ = opened.pop()
            self._segment(last + 1, opened[-1][1] if opened else _ABSENT)

    def finish(self) -> None:
        """No network comes any more."""
        top = (1 << self._bits) - 1
        opened = self._open
        while opened:
            last, _ = opened.pop()
            if last < top:
                self._segment(last + 1, opened[-1][1] if opened else _ABSENT)
        self._texts.clear()
        self.allows = bytearray(len(self.firsts))
        for index in self._allowed:
            self.allows[index] = 1
        self.expires = array("d", [_NEVER]) * len(self.firsts)
        for index, expires in self._expiring.items():
            self.expires[index] = expires
        self._allowed.clear()
        self._expiring.clear()
        # Where each /16 begins among the segments: the search then looks at a handful, not at all of them.
        if self._bits == 32 and len(self.allows) > 1_000:
            self.buckets.extend(bisect_right(self.starts, number << 16) - 1 for number in range(1 << 16))
            self.buckets.append(len(self.starts) - 1)

    def owner(self, value: int) -> int:
        """The index of the narrowest network that covers `value`, or -1."""
        buckets = self.buckets
        if buckets:
            number = value >> 16
            place = bisect_right(self.starts, value, buckets[number], buckets[number + 1] + 1)
        else:
            place = bisect_right(self.starts, value)
        return self.owners[place - 1]

    def _segment(self, start: int, owner: int) -> None:
        if len(self.starts) and self.starts[-1] == start:
            self.owners[-1] = owner
        else:
            self.starts.append(start)
            self.owners.append(owner)


class Matcher:
    """A compiled list. Immutable, and safe to use from several threads."""

    __slots__ = ("__weakref__", "_four", "_six", "size")

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._four, self._six = _Family(4), _Family(6)
        # `allow` comes before `block`, as in a section.
        for entry in sorted(entries, key=itemgetter(0, 1)):
            table = self._four if entry.network.family == 4 else self._six
            expires = _NEVER if entry.expires is None else entry.expires
            allow = entry.kind == "allow"
            table.add(key_of(entry.network, entry.kind), allow, expires, entry.reason)
        self._finish()

    @classmethod
    def of_lines(cls, lines: Iterable[Any]) -> Matcher:
        """Of a section's lines, without making an object of each. Raises ValueError when they are not well-formed, or not sorted."""
        made = cls.__new__(cls)
        made._four, made._six = _Family(4), _Family(6)
        address, four, six = made._four.add_address, made._four.add, made._six.add
        read = LineReader().read
        for number, line in enumerate(lines):
            try:
                value = int.from_bytes(inet_pton(AF_INET, line), "big")
            except (OSError, TypeError, UnicodeEncodeError):
                key, _, (reason, expires) = read(line, number)
                add = four if is_four(key) else six
                add(key, not key & 1, _NEVER if expires is None else expires, reason)
            else:
                address(value, value << 7 | SINGLE)
        made._finish()
        return made

    def _finish(self) -> None:
        self._four.finish()
        self._six.finish()
        self.size = len(self._four.allows) + len(self._six.allows)

    def __len__(self) -> int:
        return self.size

    def blocked(self, address: str, now: float) -> Decision:
        """Whether `address` (text, as the socket or the right-most untrusted hop gives it) is shut out at `now`.

        `now` is in seconds since 1970. Text that is no address is blocked with code `invalid`: never an exception.
        """
        try:
            value = int.from_bytes(inet_pton(AF_INET, address), "big")
        except (OSError, ValueError, TypeError):
            found = read_address(address)
            if found is None:
                return Decision(True, "invalid", str(address))
            family, value = found
            if family == 6:
                table = self._six
                address = inet_ntop(AF_INET6, value.to_bytes(16, "big"))
            else:
                table = self._four
                address = inet_ntop(AF_INET, value.to_bytes(4, "big"))
        else:
            table = self._four
        index = table.owner(value)
        if index < 0:
            return Decision(False, "no_rule", address)
        parents, allows, expires = table.parents, table.allows, table.expires
        deciding = _ABSENT
        while index >= 0:
            if expires[index] > now:
                if allows[index]:
                    return self._decision(table, index, address, blocked=False)
                if deciding < 0:
                    deciding = index
            index = parents[index]
        if deciding < 0:
            return Decision(False, "no_rule", address)
        return self._decision(table, deciding, address, blocked=True)

    def _decision(self, table: _Family, index: int, address: str, *, blocked: bool) -> Decision:
        expires = table.expires[index]
        # The entry of a single address is written as the address.
        single = table.prefixes[index] == (32 if table is self._four else 128)
        return Decision(
            blocked,
            "block" if blocked else "allow",
            address,
            address if single else str(self._network(table, index)),
            table.reasons.get(index, ""),
            None if expires == _NEVER else expires,
        )

    def _network(self, table: _Family, index: int) -> Network:
        return Network(4 if table is self._four else 6, table.firsts[index], table.prefixes[index])

    def covering(self, address: str, now: float) -> list[Rule]:
        """Every entry that covers `address`, narrowest first, expired ones too: what the tester shows. [] for bad text."""
        found = read_address(address)
        if found is None:
            return []
        table = self._four if found[0] == 4 else self._six
        index = table.owner(found[1])
        rules = []
        while index >= 0:
            expires = table.expires[index]
            rules.append(
                Rule(
                    network=str(self._network(table, index)),
                    kind="allow" if table.allows[index] else "block",
                    reason=table.reasons.get(index, ""),
                    expires=None if expires == _NEVER else moment_text(int(expires)),
                    active=expires > now,
                )
            )
            index = table.parents[index]
        return rules

    def blocked_share(self, family: int, now: float) -> float:
        """The part, 0 to 1, of all addresses of `family` (4 or 6) that is shut out at `now`."""
        table = self._four if family == 4 else self._six
        total, shut = 1 << BITS[family], 0
        for place, owner in enumerate(table.owners):
            if owner < 0:
                continue
            start = table.starts[place]
            if self._shuts(table, owner, now):
                shut += (table.starts[place + 1] if place + 1 < len(table.starts) else total) - start
        return shut / total

    @staticmethod
    def _shuts(table: _Family, index: int, now: float) -> bool:
        shut = False
        while index >= 0:
            if table.expires[index] > now:
                if table.allows[index]:
                    return False
                shut = True
            index = table.parents[index]
        return shut


class Blocklist:
    """All lists that hold for a channel: its own, and the shared ones it uses. Immutable.

    An exception of any of them wins over the blocks of all; else the first list that blocks, in their order, decides.
    """

    __slots__ = ("lists",)

    def __init__(self, lists: Sequence[tuple[str, Matcher]]) -> None:
        self.lists = tuple(lists)

    def __bool__(self) -> bool:
        """Whether there is any entry; without one every address may come in, and nobody need be asked for theirs."""
        return bool(self.lists)

    def __len__(self) -> int:
        return sum(len(matcher) for _, matcher in self.lists)

    def blocked(self, address: str, now: float) -> Decision:
        """As `Matcher.blocked`, over all lists; `source` names the shared list that decided."""
        deciding: Decision | None = None
        for name, matcher in self.lists:
            decision = matcher.blocked(address, now)
            if decision.code == "invalid":
                return decision
            if decision.code == "allow":
                return decision._replace(source=name) if name else decision
            if deciding is None or (decision.blocked and not deciding.blocked):
                deciding = decision._replace(source=name) if name and decision.blocked else decision
        return Decision(False, "no_rule", address) if deciding is None else deciding

    def covering(self, address: str, now: float) -> list[Rule]:
        """Every entry of every list that covers `address`, expired ones too; [] for text that is no address."""
        return [
            rule._replace(source=name)
            for name, matcher in self.lists
            for rule in matcher.covering(address, now)
        ]


#: Lets nobody in.
NOBODY = Blocklist([("", Matcher.of_lines(["0.0.0.0/0", "::/0"]))])
