"""The block list as people write it: one entry a line, read into entries and findings, and written back.

A line is

    [allow | block | !] ADDRESS | NETWORK/LENGTH | FIRST-LAST   [until MOMENT]   [# reason]

- IPv4 or IPv6; `!` and `allow` make an exception, which wins over every block; `block` may be left out.
- `until 2027-01-01T00:00Z` ends it (ISO 8601; a bare date is its first minute; without an offset it is UTC).
- `#` begins the reason, up to the end of the line; `;` does so too, as in many public lists. A line that holds nothing else
  is passed over.
- `10.0.0.0/255.0.0.0` is taken as `10.0.0.0/8`.

Reading never fails: what is wrong with a line is a `Finding` with its number, and the other lines are kept. The section (format 1)
holds the entries as lines again, which is a sixth of what objects with four fields each would be:

    {"format": 1, "entries": ["10.0.0.0/8", "allow 10.1.0.0/16 until 2027-01-01T00:00Z # office"],
     "lists": [{"name": "Anonymisers", "entries": [...]}]}

`entries` are the channel's own, `lists` the organisation's shared ones it uses. Lines are sorted by family, address, length and
kind; a single address stands without `/32` or `/128`.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from socket import AF_INET, AF_INET6, inet_ntop, inet_pton
from typing import Any, NamedTuple, overload

from .addresses import BITS, MAPPED, Network, address_text, networks_of_range, read_address, read_network

MAX_ENTRIES = 500_000
MAX_LINE = 1_000
MAX_REASON = 200
KINDS = ("block", "allow")


class Entry(NamedTuple):
    """One network and what happens to it. `expires` is in seconds since 1970 (UTC), `line` where it was written, or 0."""

    network: Network
    kind: str = "block"
    reason: str = ""
    expires: int | None = None
    line: int = 0


class Finding(NamedTuple):
    """One thing to say about the list.

    `level` is `error` (the line is left out), `warning` (kept, and probably not what is meant), or `danger` (kept, and it shuts
    out people who should get in: to be confirmed). `value` is the text in question, `suggestion` what may have been meant,
    `other` the number of the line it collides with (0: none).

    Errors: `not_an_address`, `leading_zero`, `wildcard`, `with_port`, `brackets`, `bad_length`, `range_mixed`,
    `range_reversed`, `bad_expiry`, `unknown_word`, `too_long`, `too_many`.
    Warnings: `host_bits`, `zone`, `mapped`, `expired`, `duplicate`, `covered`, `contradiction`, `reason_cut`.
    Dangers, from `ipblocking.review`: `blocks_you`, `blocks_everyone`, `blocks_private`, `blocks_proxy`.
    """

    line: int
    code: str
    level: str
    value: str = ""
    suggestion: str = ""
    other: int = 0


class Parsed(NamedTuple):
    """What a text holds: the entries worth keeping, sorted, each network once per kind; and the findings by line."""

    entries: Entries
    findings: list[Finding]


_MOMENT = re.compile(
    r"\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d)?(?:Z|[+-]\d\d:\d\d)?)?", re.ASCII | re.IGNORECASE
)
_YEAR_10000 = 253_402_300_800
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_COMMENT = re.compile("[#;]")


def parse(text: str, *, now: float) -> Parsed:
    """The entries and findings of a text of lines. `now`, in seconds since 1970, tells what has expired. Never raises."""
    found = _Found()
    keys, texts, numbers = found.keys, found.texts, found.numbers
    findings: list[Finding] = []
    short = _Short(now)
    for number, raw in enumerate(text.split("\n"), start=1):
        line = raw.strip()
        # The lines of a public list are mostly bare IPv4 addresses; they take the short way, and most others one not much longer.
        try:
            keys.append(int.from_bytes(inet_pton(AF_INET, line), "big") << 7 | SINGLE)
        except (OSError, ValueError):
            if not line:
                continue
            read = short.read(line)
            if read is not None:
                found.add(read[0], read[1], number, read[2])
            else:
                entries, said = parse_line(line, number, now=now)
                for one in entries:
                    found.add_entry(one)
                findings += said
        else:
            texts.append(line)
            numbers.append(number)
        if len(keys) > MAX_ENTRIES:
            findings.append(Finding(number, "too_many", "error", str(MAX_ENTRIES)))
            found.cut(MAX_ENTRIES)
            break
    kept, said = _once(found)
    findings += said
    findings += _covered(kept)
    findings.sort(key=lambda finding: finding.line)
    return Parsed(kept, findings)


#: What an entry has beside network and kind, where it has any of it: reason, and expiry in seconds since 1970 or None.
_Detail = tuple[str, int | None]
_NOTHING: _Detail = ("", None)
# A key orders entries as a section does, by family, address, length and kind, in one number: comparing numbers is ten times as fast as
# comparing tuples in tuples. IPv4: address, 6 bits of length, 1 of kind (0: exception); IPv6: a mark, address, 8 bits, 1.
_SIX = 1 << 137
SINGLE = 32 << 1 | 1
#: Bits of a place in the order of writing: enough for MAX_ENTRIES.
_PLACE_BITS = 20
_LENGTHS = {str(length): length for length in range(129)}


def key_of(network: Network, kind: str) -> int:
    """The place of an entry in the order of a section, as one number."""
    family, first, prefix = network
    block = kind == "block"
    return first << 7 | prefix << 1 | block if family == 4 else _SIX | first << 9 | prefix << 1 | block


def is_four(key: int) -> bool:
    """Whether the entry of a key is of IPv4."""
    return key < _SIX


def network_of(key: int) -> Network:
    """The network of the entry with this key."""
    if key < _SIX:
        return Network(4, key >> 7, key >> 1 & 63)
    key ^= _SIX
    return Network(6, key >> 9, key >> 1 & 255)


class _Found:
    """Entries as they are read, in columns: an object for each of 160,000 takes a second and 60 MB."""

    def __init__(self) -> None:
        self.keys: list[int] = []
        #: The network as it is written.
        self.texts: list[str] = []
        #: Where it was written, from 1.
        self.numbers = array("L")
        self.details: dict[int, _Detail] = {}

    def add(self, key: int, text: str, number: int, detail: _Detail = _NOTHING) -> None:
        if detail != _NOTHING:
            self.details[len(self.keys)] = detail
        self.keys.append(key)
        self.texts.append(text)
        self.numbers.append(number)

    def add_entry(self, entry: Entry) -> None:
        key = key_of(entry.network, entry.kind)
        self.add(key, str(entry.network), entry.line, (entry.reason, entry.expires))

    def cut(self, count: int) -> None:
        del self.keys[count:], self.texts[count:], self.numbers[count:]

    def lasting(self, place: int) -> float:
        expires = self.details.get(place, _NOTHING)[1]
        return _FOREVER if expires is None else expires


class Entries(Sequence[Entry]):
    """Sorted entries, each network once per kind, kept in columns; an `Entry` is made when it is asked for."""

    __slots__ = ("details", "keys", "numbers", "texts")

    def __init__(self, found: _Found, order: list[int]) -> None:
        self.keys = [found.keys[place] for place in order]
        #: The networks as they are written.
        self.texts = [found.texts[place] for place in order]
        self.numbers = array("L", [found.numbers[place] for place in order])
        details = found.details
        #: (reason, expiry) by place, where there is either.
        self.details: dict[int, _Detail] = (
            {new: details[old] for new, old in enumerate(order) if old in details} if details else {}
        )

    def __len__(self) -> int:
        return len(self.keys)

    @overload
    def __getitem__(self, place: int) -> Entry: ...
    @overload
    def __getitem__(self, place: slice) -> list[Entry]: ...
    def __getitem__(self, place: int | slice) -> Entry | list[Entry]:
        if isinstance(place, slice):
            return [self[one] for one in range(*place.indices(len(self)))]
        place = range(len(self))[place]
        key = self.keys[place]
        reason, expires = self.details.get(place, _NOTHING)
        return Entry(network_of(key), KINDS[not key & 1], reason, expires, self.numbers[place])

    def lines(self) -> list[str]:
        """The lines of a section."""
        out = list(self.texts)
        for place, key in enumerate(self.keys):
            if not key & 1:
                out[place] = _written(out[place], allow=True, detail=self.details.get(place, _NOTHING))
        for place, detail in self.details.items():
            if self.keys[place] & 1:
                out[place] = _written(out[place], allow=False, detail=detail)
        return out

    def within(self, one: Network) -> range:
        """The places of the entries whose first address lies in a network."""
        begin = key_of(Network(one.family, one.first, 0), "allow")
        end = key_of(Network(one.family, one.last, BITS[one.family]), "block")
        return range(bisect_left(self.keys, begin), bisect_right(self.keys, end))

    def of(self, one: Network) -> range:
        """The places of the entries of exactly this network."""
        return range(
            bisect_left(self.keys, key_of(one, "allow")), bisect_right(self.keys, key_of(one, "block"))
        )

    def blocked_at_most(self, family: int) -> int:
        """How many addresses of a family the blocks name, counting those of several as often."""
        if family == 4:
            sizes = [1 << (32 - prefix) for prefix in range(33)]
            return sum(sizes[key >> 1 & 63] for key in self.keys if key < _SIX and key & 1)
        return sum(1 << (128 - (key >> 1 & 255)) for key in self.keys if key >= _SIX and key & 1)


class _Short:
    """Reads the lines about which there is nothing to say and which are written as most are; the others are for `parse_line`.

    What stands behind the network is looked at once: public lists repeat their reasons.
    """

    def __init__(self, now: float) -> None:
        self._now = now
        self._tails: dict[str, _Detail | None] = {"": _NOTHING}

    def read(self, line: str) -> tuple[int, str, _Detail] | None:
        """Key, network and detail; None for the long way."""
        if len(line) > MAX_LINE:
            return None
        block = not line.startswith("allow ")
        subject, _, tail = (line if block else line[6:]).partition(" ")
        if tail not in self._tails:
            self._tails[tail] = self._detail(tail)
        detail = self._tails[tail]
        if detail is None:
            return None
        address, slash, length = subject.partition("/")
        try:
            if ":" not in address:
                value, bits = int.from_bytes(inet_pton(AF_INET, address), "big"), 32
                prefix = _LENGTHS.get(length, 129) if slash else 32
                key, text = value << 7 | prefix << 1, address if prefix == 32 else subject
            else:
                packed = inet_pton(AF_INET6, address)
                # Mapped addresses deserve a remark, and are of the other family.
                if packed.startswith(MAPPED):
                    return None
                value, bits = int.from_bytes(packed, "big"), 128
                prefix = _LENGTHS.get(length, 129) if slash else 128
                key, text = _SIX | value << 9 | prefix << 1, inet_ntop(AF_INET6, packed)
                if prefix < 128:
                    text += f"/{prefix}"
        except (OSError, ValueError):
            return None
        # So do host bits.
        if prefix > bits or value & ((1 << (bits - prefix)) - 1):
            return None
        return key | block, text, detail

    def _detail(self, tail: str) -> _Detail | None:
        parts = _TAIL.fullmatch(tail)
        if parts is None:
            return None
        expires = None
        if parts["until"] is not None:
            expires = read_moment(parts["until"])
            if expires is None or expires <= self._now:
                return None
        reason = _CONTROL.sub(" ", parts["reason"] or "").strip()
        return None if len(reason) > MAX_REASON else (reason, expires)


_TAIL = re.compile(
    r"\s*(?:until\s+(?P<until>[^\s#;]+)\s*)?(?:[#;](?P<reason>.*))?", re.IGNORECASE | re.DOTALL
)


def parse_line(line: str, number: int = 1, *, now: float) -> tuple[list[Entry], list[Finding]]:
    """The entries of one line (several for a range, none for a comment or an error) and what is to be said about it."""
    findings: list[Finding] = []

    def wrong(code: str, value: str, suggestion: str = "") -> tuple[list[Entry], list[Finding]]:
        return [], [Finding(number, code, "error", value[:100], suggestion)]

    if len(line) > MAX_LINE:
        return wrong("too_long", line)
    comment = _COMMENT.search(line)
    body, reason = (line[: comment.start()], line[comment.end() :]) if comment else (line, "")
    words = body.split()
    if not words:
        return [], []
    kind = "block"
    if words[0].startswith("!"):
        kind, words[0] = "allow", words[0][1:]
        if not words[0]:
            del words[0]
    elif words[0].lower() in KINDS:
        kind = words.pop(0).lower()
    expires: int | None = None
    if len(words) >= 2 and words[-2].lower() == "until":
        expires = read_moment(words[-1])
        if expires is None:
            return wrong("bad_expiry", words[-1])
        del words[-2:]
    elif words and words[-1].lower() == "until":
        return wrong("bad_expiry", "")
    if len(words) > 1 and "-" not in "".join(words):
        return wrong("unknown_word", words[1])
    subject = "".join(words)
    networks, problem = _networks(subject)
    if problem is not None:
        return wrong(*problem)
    if expires is not None and expires <= now:
        findings.append(Finding(number, "expired", "warning", moment_text(expires)))
    findings += [
        Finding(number, code, "warning", subject[:100], text) for code, text in _remarks(subject, networks)
    ]
    reason = _CONTROL.sub(" ", reason).strip()
    if len(reason) > MAX_REASON:
        findings.append(Finding(number, "reason_cut", "warning", reason[:100]))
        reason = reason[:MAX_REASON].rstrip()
    return [Entry(one, kind, reason, expires, number) for one in networks], findings


def _networks(subject: str) -> tuple[list[Network], tuple[str, str, str] | None]:
    """The networks that `subject` names, or (code, value, suggestion) of what is wrong with it."""
    if not subject:
        return [], ("not_an_address", "", "")
    first, dash, last = subject.partition("-")
    if dash:
        begin, end = read_address(first), read_address(last)
        if begin is None or end is None:
            return [], _diagnosis(first if begin is None else last)
        if begin[0] != end[0]:
            return [], ("range_mixed", subject, "")
        if begin[1] > end[1]:
            return [], ("range_reversed", subject, f"{last}-{first}")
        return list(networks_of_range(begin[0], begin[1], end[1])), None
    address, slash, length = subject.partition("/")
    if slash and "." in length and ":" not in address:
        # A dotted mask: its ones must all stand in front.
        mask = read_address(length)
        zeros = (mask[1] ^ 0xFFFFFFFF) if mask is not None and mask[0] == 4 else 2
        if zeros & (zeros + 1):
            return [], ("bad_length", subject, "")
        length = str(BITS[4] - zeros.bit_length())
    found = read_network(f"{address.partition('%')[0]}/{length}" if slash else subject)
    if found is None:
        base = read_address(address)
        if slash and base is not None:
            return [], ("bad_length", subject, "")
        return [], _diagnosis(subject)
    return [found], None


def _diagnosis(subject: str) -> tuple[str, str, str]:
    """What is wrong with a text that is no address, and what may have been meant."""
    if re.fullmatch(r"\d{1,3}(?:\.\d{1,3}){0,2}(?:\.\*)+|\d{1,3}(?:\.\d{1,3}){0,2}\.", subject, re.ASCII):
        octets = [part for part in subject.split(".") if part.isdigit()]
        guess = read_network(".".join([*octets, "0", "0", "0", "0"][:4]) + f"/{8 * len(octets)}")
        return "wildcard", subject, str(guess) if guess is not None else ""
    port = re.fullmatch(r"\[([^\]]+)\](?::\d+)?|([\d.]+):\d+", subject, re.ASCII)
    if port is not None:
        inside = port[1] or port[2]
        known = read_address(inside)
        if known is not None:
            return "with_port" if subject[-1] != "]" else "brackets", subject, address_text(*known)
    if re.fullmatch(r"\d+(?:\.\d+){3}(?:/\d+)?", subject, re.ASCII):
        parts = re.split(r"[./]", subject)
        if any(len(part) > 1 and part.startswith("0") for part in parts[:4]):
            # 010 is eight to some programs and ten to others: nobody should guess.
            guess = read_network(
                ".".join(str(int(part[-9:])) for part in parts[:4])
                + "".join(f"/{part}" for part in parts[4:])
            )
            return "leading_zero", subject, str(guess) if guess is not None else ""
    return "not_an_address", subject, ""


def _remarks(subject: str, networks: Sequence[Network]) -> list[tuple[str, str]]:
    remarks = []
    address, slash, _ = subject.partition("/")
    if "%" in subject:
        remarks.append(("zone", str(networks[0])))
    if networks[0].family == 4 and ":" in subject:
        remarks.append(("mapped", str(networks[0])))
    if slash:
        base = read_address(address)
        if base is not None and base[0] == networks[0].family and base[1] != networks[0].first:
            remarks.append(("host_bits", str(networks[0])))
    return remarks


_FOREVER = float("inf")


def _once(found: _Found) -> tuple[Entries, list[Finding]]:
    """The entries sorted, each network once per kind (the one that lasts longest, then the first), and what was dropped."""
    keys, numbers = found.keys, found.numbers
    order: list[int] = []
    findings: list[Finding] = []
    mask = (1 << _PLACE_BITS) - 1
    before = -1
    # Of two that are alike the earlier line stays in front.
    for packed in sorted([key << _PLACE_BITS | place for place, key in enumerate(keys)]):
        place = packed & mask
        network = packed >> _PLACE_BITS + 1
        if network == before:
            first = order[-1]
            code = "duplicate" if keys[first] == keys[place] else "contradiction"
            findings.append(
                Finding(numbers[place], code, "warning", found.texts[place], other=numbers[first])
            )
            if code == "duplicate":
                if found.lasting(place) > found.lasting(first):
                    order[-1] = place
                continue
        order.append(place)
        before = network
    return Entries(found, order), findings


def _covered(entries: Entries) -> list[Finding]:
    """Entries that a wider one of the same kind, lasting as long, makes needless."""
    findings: list[Finding] = []
    keys, numbers, details = entries.keys, entries.numbers, entries.details

    def lasting(place: int) -> float:
        expires = details.get(place, _NOTHING)[1]
        return _FOREVER if expires is None else expires

    for kind in (0, 1):
        #: (last address, place) of the networks we are inside of.
        wider: list[tuple[int, int]] = []
        family = 4
        for place, key in enumerate(keys):
            if key & 1 != kind:
                continue
            if key < _SIX:
                first, host_bits = key >> 7, 32 - (key >> 1 & 63)
            else:
                if family == 4:
                    family, wider = 6, []
                first, host_bits = (key ^ _SIX) >> 9, 128 - (key >> 1 & 255)
            while wider and wider[-1][0] < first:
                wider.pop()
            for _, other in wider:
                # Both halves of one range stand on one line: that is no news.
                if lasting(other) >= lasting(place) and numbers[other] != numbers[place]:
                    findings.append(
                        Finding(
                            numbers[place],
                            "covered",
                            "warning",
                            entries.texts[place],
                            entries.texts[other],
                            numbers[other],
                        )
                    )
                    break
            if host_bits:
                wider.append((first | ((1 << host_bits) - 1), place))
    return findings


# --- moments ---------------------------------------------------------------------------------------------------------


def read_moment(text: str) -> int | None:
    """Seconds since 1970 of `2027-01-01`, `2027-01-01T00:00`, `...:00Z` or `...+02:00`; None when it is none of them."""
    if not _MOMENT.fullmatch(text):
        return None
    try:
        moment = datetime.fromisoformat(text.upper())
        seconds = int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        return None
    return seconds if 0 <= seconds < _YEAR_10000 else None


def moment_text(seconds: int) -> str:
    """`2027-01-01T00:00Z`, with seconds where there are any."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="seconds" if moment.second else "minutes").replace("+00:00", "Z")


# --- the section -----------------------------------------------------------------------------------------------------


def line_of(entry: Entry) -> str:
    """The entry as the section keeps it, and as `parse` reads it back."""
    return _written(str(entry.network), allow=entry.kind == "allow", detail=(entry.reason, entry.expires))


def _written(network: str, *, allow: bool, detail: _Detail) -> str:
    reason, expires = detail
    text = f"allow {network}" if allow else network
    if expires is not None:
        text += f" until {moment_text(expires)}"
    return f"{text} # {reason}" if reason else text


def to_lines(entries: Iterable[Entry]) -> list[str]:
    """The lines of `entries` as a section holds them: sorted, each network once per kind."""
    if isinstance(entries, Entries):
        return entries.lines()
    found = _Found()
    for entry in entries:
        found.add_entry(entry)
    return _once(found)[0].lines()


def of_lines(lines: Sequence[Any]) -> Entries:
    """The entries of a section's lines, sorted. Raises ValueError, naming the place, when one is not well-formed; see `problems`."""
    found = _Found()
    read = LineReader().read
    for number, line in enumerate(lines):
        key, text, detail = read(line, number)
        found.add(key, text, number + 1, detail)
    return _once(found)[0]


class LineReader:
    """Reads the lines of a section one by one."""

    def __init__(self) -> None:
        self._short = _Short(0.0)

    def read(self, line: Any, number: int = 0) -> tuple[int, str, tuple[str, int | None]]:
        """Key, network, and (reason, expiry) of a section's line, which is the `number`th from 0. Raises ValueError."""
        found = self._short.read(line) if isinstance(line, str) else None
        if found is None:
            entry = entry_of(line, number)
            found = key_of(entry.network, entry.kind), str(entry.network), (entry.reason, entry.expires)
        return found


def entry_of(line: Any, number: int = 0) -> Entry:
    """The entry of a section's line, which is the `number`th from 0. Raises ValueError."""
    if isinstance(line, str):
        found, _ = parse_line(line, number + 1, now=0.0)
        if len(found) == 1:
            return found[0]
    raise ValueError(f"entries.{number} is not an entry: {line!r}"[:300])


def section(lines: Sequence[str] = (), lists: Mapping[str, Sequence[str]] | None = None) -> dict[str, Any]:
    """A section of one's own lines and of the shared lists' by name."""
    return {
        "format": 1,
        "entries": list(lines),
        "lists": [{"name": name, "entries": list(of)} for name, of in sorted((lists or {}).items())],
    }


class Problem(NamedTuple):
    """One thing wrong with a section that did not come from `parse` (an import, the API). `path` leads to it.

    Codes: those of errors in `Finding`, and `not_an_object`, `unknown_field`, `wrong_format`, `not_a_list`, `too_many`,
    `too_large`, `not_a_text`, `not_an_entry`, `not_canonical` (value: how it is written), `duplicate`, `not_sorted`, `bad_name`.
    """

    path: str
    code: str
    value: str = ""


#: Problems that are told one by one; a list of another kind altogether would have as many as lines.
_MOST_PROBLEMS = 100
MAX_NAME = 120
MAX_LISTS = 50
#: Characters of all lines together: what a sealed snapshot has room for (publishing.snapshot, after two times Base64).
MAX_CHARACTERS = 6_000_000


def problems(found: Any, known: Callable[[Sequence[str]], bool] = lambda lines: False) -> list[Problem]:
    """Everything wrong with a section; an empty list means that it can be published. Never raises on JSON.

    `known` tells which lists of texts need not be looked at again.
    """
    if not isinstance(found, Mapping):
        return [Problem("", "not_an_object")]
    out = [
        Problem(str(name), "unknown_field") for name in found if name not in {"format", "entries", "lists"}
    ]
    if found.get("format") != 1 or isinstance(found.get("format"), bool):
        out.append(Problem("format", "wrong_format", str(found.get("format"))[:100]))
    out += _line_problems("entries", found.get("entries"), known)
    shared = found.get("lists")
    if not isinstance(shared, list):
        return [*out, Problem("lists", "not_a_list", str(shared)[:100])]
    if len(shared) > MAX_LISTS:
        return [*out, Problem("lists", "too_many", str(MAX_LISTS))]
    before = ""
    for index, one in enumerate(shared):
        path = f"lists.{index}"
        if not isinstance(one, Mapping) or set(one) != {"name", "entries"}:
            out.append(Problem(path, "not_an_object"))
            continue
        name = one["name"]
        if not isinstance(name, str) or not name.strip() or len(name) > MAX_NAME or _CONTROL.search(name):
            out.append(Problem(f"{path}.name", "bad_name", str(name)[:100]))
        elif before and name <= before:
            out.append(Problem(path, "duplicate" if name == before else "not_sorted", name[:100]))
        else:
            before = name
        out += _line_problems(f"{path}.entries", one["entries"], known)
    if not out:
        total = sum(len(line) + 1 for _, lines in all_lines(found) for line in lines)
        if total > MAX_CHARACTERS:
            out.append(Problem("entries", "too_large", str(total)))
    return out


def all_lines(found: Mapping[str, Any]) -> list[tuple[str, list[str]]]:
    """(name, lines) of one's own list (no name) and of every shared one of a well-formed section."""
    return [("", found["entries"]), *((one["name"], one["entries"]) for one in found["lists"])]


def _line_problems(path: str, lines: Any, known: Callable[[Sequence[str]], bool]) -> list[Problem]:
    if not isinstance(lines, list):
        return [Problem(path, "not_a_list", str(lines)[:100])]
    if len(lines) > MAX_ENTRIES:
        return [Problem(path, "too_many", str(MAX_ENTRIES))]
    out: list[Problem] = []
    if len(lines) > _MOST_PROBLEMS and all(isinstance(line, str) for line in lines) and known(lines):
        return out
    before = -1
    short = _Short(0.0)
    for index, line in enumerate(lines):
        if len(out) >= _MOST_PROBLEMS:
            break
        place = f"{path}.{index}"
        if not isinstance(line, str):
            out.append(Problem(place, "not_a_text", str(line)[:100]))
            continue
        read = short.read(line)
        if read is not None:
            here, network, detail = read
            canonical = _written(network, allow=not here & 1, detail=detail)
        else:
            entries, findings = parse_line(line, 1, now=0.0)
            wrong = next((one for one in findings if one.level == "error"), None)
            if wrong is not None:
                out.append(Problem(place, wrong.code, wrong.value))
                continue
            if len(entries) != 1:
                out.append(Problem(place, "not_an_entry", line[:100]))
                continue
            here, canonical = key_of(entries[0].network, entries[0].kind), line_of(entries[0])
        if canonical != line:
            out.append(Problem(place, "not_canonical", canonical[:100]))
        if here <= before:
            out.append(Problem(place, "duplicate" if here == before else "not_sorted", line[:100]))
        before = here
    return out
