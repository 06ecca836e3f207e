"""What stands in a list: reading a text, comparing it with the rows, writing only what differs."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.utils import timezone

from ipblocking import review
from ipblocking.entries import KINDS, Entries, Finding, of_lines, parse, parse_line, to_lines
from ipblocking.models import AddressList
from tenants.scope import current_tenant_id

#: Findings that are kept and shown one by one; of the others the number is.
MOST_FINDINGS = 200
_LEVELS = {"danger": 0, "error": 1, "warning": 2}


@dataclass(frozen=True)
class Read:
    """A text, read: the lines of a section, the entries behind them, and everything there is to say."""

    source: str
    lines: list[str]
    entries: Entries
    findings: list[Finding]

    @property
    def dangers(self) -> list[Finding]:
        return [one for one in self.findings if one.level == "danger"]

    def told(self) -> dict[str, Any]:
        """The findings as a list's row keeps them: {"counts": {level: n}, "shown": [[line, code, level, value, …]]}."""
        ordered = sorted(self.findings, key=lambda one: (_LEVELS[one.level], one.line))
        return {
            "counts": dict(Counter(one.level for one in self.findings)),
            "shown": [list(one) for one in ordered[:MOST_FINDINGS]],
        }


def told_findings(told: dict[str, Any]) -> list[Finding]:
    """The findings a row keeps."""
    return [Finding(*one) for one in told.get("shown", [])]


def read(source: str, *, own_address: str | None, proxies: Iterable[str] = ()) -> Read:
    """Read a text as a person typed it; who would be shut out that should get in is among the findings."""
    now = time.time()
    text = plain(source)
    found = parse(text, now=now)
    dangers = review.review(found.entries, now=now, own_address=own_address, proxies=proxies)
    return Read(
        text,
        found.entries.lines(),
        found.entries,
        [*dangers, *found.findings],
    )


def lines_digest(lines: Sequence[str]) -> bytes:
    """What tells lists of lines apart."""
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogatepass")).digest()


def plain(source: str) -> str:
    """The text with line feeds alone, without a byte order mark, without what PostgreSQL cannot keep."""
    text = source.replace("\r\n", "\n").replace("\r", "\n").removeprefix("\ufeff").replace("\x00", "")
    return text.encode("utf-8", "replace").decode()


def own_list(channel: Any) -> AddressList:
    """The channel's own list; an unsaved one where it has none yet."""
    return AddressList.objects.filter(channel=channel).first() or AddressList(channel=channel)


def write(
    target: AddressList,
    source: str,
    lines: Sequence[str],
    *,
    told: dict[str, Any],
    by: str,
    entries: Entries | None = None,
) -> None:
    """Make `lines` the entries of the list, and `source` its text. Rows that stay keep who added them, and their hits.

    `entries` are what the lines say, where that is known already.
    """
    before = target.kept
    target.source, target.lines, target.size = source, "\n".join(lines), len(lines)
    target.findings = told
    target.version += 1
    target.saved_at, target.saved_by_label = timezone.now(), by
    target.save()
    if not before:
        _write_rows(target, of_lines(lines) if entries is None else entries, of_lines([]), by=by)
        return
    old, kept = set(before), set(lines)
    new, gone = [line for line in lines if line not in old], [line for line in before if line not in kept]
    _write_rows(target, of_lines(new), of_lines(gone), by=by)


def _write_rows(target: AddressList, new: Entries, gone: Entries, *, by: str) -> None:
    dropped = dict.fromkeys(gone.keys)
    # A line with another reason or end is the same entry: it keeps who added it, and its hits.
    changed = [place for place, key in enumerate(new.keys) if key in dropped]
    added = (
        [place for place, key in enumerate(new.keys) if key not in dropped] if changed else range(len(new))
    )
    for place in changed:
        del dropped[new.keys[place]]
    keys = [current_tenant_id(), target.pk]
    with connection.cursor() as cursor:
        if dropped:
            places = [place for place, key in enumerate(gone.keys) if key in dropped]
            cursor.execute(_DELETE, [*_columns(gone, places)[:2], *keys])
        if changed:
            cursor.execute(_UPDATE, [*_columns(new, changed), *keys])
        if added:
            cursor.execute(_INSERT, [*keys, target.saved_at, by, *_columns(new, added)])


#: Between the values of a column: no entry holds it.
_BETWEEN = "\x1f"


def _columns(entries: Entries, places: Sequence[int]) -> list[str]:
    """Networks, kinds, reasons, expiries (seconds since 1970, or nothing), each column one text: PostgreSQL cuts it up far sooner
    than arrays are written by one side and read by the other.
    """
    details = entries.details
    return [
        _BETWEEN.join(column)
        for column in (
            [entries.texts[place] for place in places],
            [KINDS[not entries.keys[place] & 1] for place in places],
            [details[place][0] if place in details else "" for place in places],
            [
                "" if place not in details or details[place][1] is None else str(details[place][1])
                for place in places
            ],
        )
    ]


_DELETE = r"""
DELETE FROM ipblocking_blockentry e
 USING unnest(string_to_array(%s, E'\x1f')::cidr[], string_to_array(%s, E'\x1f')) AS w(network, kind)
 WHERE e.tenant_id = %s AND e.list_id = %s AND e.network = w.network AND e.kind = w.kind
"""
_UPDATE = r"""
UPDATE ipblocking_blockentry e SET reason = COALESCE(w.reason, ''), expires_at = to_timestamp(NULLIF(w.expires, '')::float8)
  FROM unnest(string_to_array(%s, E'\x1f')::cidr[], string_to_array(%s, E'\x1f'), string_to_array(%s, E'\x1f'),
              string_to_array(%s, E'\x1f')) AS w(network, kind, reason, expires)
 WHERE e.tenant_id = %s AND e.list_id = %s AND e.network = w.network AND e.kind = w.kind
"""
_INSERT = r"""
INSERT INTO ipblocking_blockentry
       (tenant_id, list_id, added_at, added_by_label, hits, network, kind, reason, expires_at)
SELECT %s, %s, %s, %s, 0, w.network, w.kind, COALESCE(w.reason, ''), to_timestamp(NULLIF(w.expires, '')::float8)
  FROM unnest(string_to_array(%s, E'\x1f')::cidr[], string_to_array(%s, E'\x1f'), string_to_array(%s, E'\x1f'),
              string_to_array(%s, E'\x1f')) AS w(network, kind, reason, expires)
"""


def without(source: str, network: str, kind: str) -> str:
    """A text without one entry: its lines go; where a line makes several networks, the others stay."""
    kept: list[str] = []
    for number, line in enumerate(source.split("\n"), start=1):
        entries, _ = parse_line(line.strip(), number, now=0.0)
        others = [one for one in entries if (str(one.network), one.kind) != (network, kind)]
        kept += [line] if len(others) == len(entries) else to_lines(others)
    return "\n".join(kept)
