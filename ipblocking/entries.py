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
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from operator import itemgetter
from socket import AF_INET, AF_INET6, inet_pton
from typing import Any, NamedTuple

from .addresses import BITS, Network, address_text, networks_of_range, read_address, read_network

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

    entries: list[Entry]
    findings: list[Finding]


_MOMENT = re.compile(
    r"\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d)?(?:Z|[+-]\d\d:\d\d)?)?", re.ASCII | re.IGNORECASE
)
_YEAR_10000 = 253_402_300_800
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_BARE = re.compile(r"[0-9A-Fa-f:.]+(?:/\d{1,3})?", re.ASCII).fullmatch
_COMMENT = re.compile("[#;]")


def parse(text: str, *, now: float) -> Parsed:
    """The entries and findings of a text of lines. `now`, in seconds since 1970, tells what has expired. Never raises."""
    found: list[Entry] = []
    findings: list[Finding] = []
    add = found.append
    for number, raw in enumerate(text.split("\n"), start=1):
        line = raw.strip()
        if not line:
            continue
        # The lines of a public list are mostly bare IPv4 addresses; they take the short way.
        try:
            add(
                Entry(
                    Network(4, int.from_bytes(inet_pton(AF_INET, line), "big"), 32), "block", "", None, number
                )
            )
        except (OSError, ValueError):
            plain = _plain(line)
            if plain is not None:
                add(Entry(plain, "block", "", None, number))
            else:
                entries, said = parse_line(line, number, now=now)
                found += entries
                findings += said
        if len(found) > MAX_ENTRIES:
            findings.append(Finding(number, "too_many", "error", str(MAX_ENTRIES)))
            del found[MAX_ENTRIES:]
            break
    kept, said = _once(found)
    findings += said
    findings += _covered(kept)
    findings.sort(key=lambda finding: finding.line)
    return Parsed(kept, findings)


def _plain(line: str) -> Network | None:
    """The network of a line that holds nothing else and about which there is nothing to say; None for the long way."""
    if not _BARE(line):
        return None
    found = read_network(line)
    # Host bits and mapped addresses deserve a remark.
    if found is None or (found.family == 4 and ":" in line):
        return None
    address, slash, _ = line.partition("/")
    if slash:
        try:
            packed = inet_pton(AF_INET if found.family == 4 else AF_INET6, address)
        except OSError:
            return None
        if int.from_bytes(packed, "big") != found.first:
            return None
    return found


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


# By network and kind: `allow` comes before `block`.
_sort_key = itemgetter(0, 1)


def _lasting(entry: Entry) -> float:
    return float("inf") if entry.expires is None else entry.expires


def _once(found: Iterable[Entry]) -> tuple[list[Entry], list[Finding]]:
    """The entries sorted, each network once per kind (the one that lasts longest, then the first), and what was dropped."""
    kept: list[Entry] = []
    findings: list[Finding] = []
    # Python's sort is stable: of two that are alike the earlier line stays in front.
    before: Network | None = None
    for entry in sorted(found, key=_sort_key):
        if before == entry.network:
            if kept[-1].kind == entry.kind:
                first = kept[-1]
                findings.append(
                    Finding(entry.line, "duplicate", "warning", str(entry.network), other=first.line)
                )
                if _lasting(entry) > _lasting(first):
                    kept[-1] = entry
                continue
            findings.append(
                Finding(entry.line, "contradiction", "warning", str(entry.network), other=kept[-1].line)
            )
        kept.append(entry)
        before = entry.network
    return kept, findings


def _covered(entries: Sequence[Entry]) -> list[Finding]:
    """Entries that a wider one of the same kind, lasting as long, makes needless; `entries` are sorted."""
    findings = []
    for kind in KINDS:
        wider: list[tuple[int, Entry]] = []
        family = 0
        for entry in entries:
            if entry.kind != kind:
                continue
            if entry.network.family != family:
                family, wider = entry.network.family, []
            first = entry.network.first
            while wider and wider[-1][0] < first:
                wider.pop()
            for _, other in wider:
                # Both halves of one range stand on one line: that is no news.
                if _lasting(other) >= _lasting(entry) and other.line != entry.line:
                    text = str(other.network)
                    findings.append(
                        Finding(entry.line, "covered", "warning", str(entry.network), text, other.line)
                    )
                    break
            if entry.network.prefix < BITS[family]:
                wider.append((entry.network.last, entry))
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
    text = str(entry.network)
    if entry.kind == "block" and entry.expires is None and not entry.reason:
        return text
    if entry.kind == "allow":
        text = f"allow {text}"
    if entry.expires is not None:
        text += f" until {moment_text(entry.expires)}"
    return f"{text} # {entry.reason}" if entry.reason else text


def to_lines(entries: Iterable[Entry]) -> list[str]:
    """The lines of `entries` as a section holds them: sorted, each network once per kind."""
    kept, _ = _once(entries)
    return [line_of(entry) for entry in kept]


def of_lines(lines: Iterable[Any]) -> list[Entry]:
    """The entries of a section's lines. Raises ValueError, naming the place, when one is not well-formed; see `problems`."""
    return [entry_of(line, number) for number, line in enumerate(lines)]


def entry_of(line: Any, number: int = 0) -> Entry:
    """The entry of a section's line, which is the `number`th from 0. Raises ValueError."""
    if isinstance(line, str):
        plain = _plain(line)
        if plain is not None:
            return Entry(plain, "block", "", None, number + 1)
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
    before: tuple[Network, str] | None = None
    for index, line in enumerate(lines):
        if len(out) >= _MOST_PROBLEMS:
            break
        place = f"{path}.{index}"
        if not isinstance(line, str):
            out.append(Problem(place, "not_a_text", str(line)[:100]))
            continue
        plain = _plain(line)
        if plain is not None:
            entry = Entry(plain)
        else:
            entries, findings = parse_line(line, 1, now=0.0)
            wrong = next((one for one in findings if one.level == "error"), None)
            if wrong is not None:
                out.append(Problem(place, wrong.code, wrong.value))
                continue
            if len(entries) != 1:
                out.append(Problem(place, "not_an_entry", line[:100]))
                continue
            entry = entries[0]
        if line_of(entry) != line:
            out.append(Problem(place, "not_canonical", line_of(entry)[:100]))
        here = (entry.network, entry.kind)
        if before is not None and here <= before:
            out.append(Problem(place, "duplicate" if here == before else "not_sorted", line[:100]))
        before = here
    return out
