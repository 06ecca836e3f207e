"""What stands in a list: reading a text, comparing it with the rows, writing only what differs."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import connection
from django.utils import timezone

from ipblocking import review
from ipblocking.entries import Entry, Finding, line_of, of_lines, parse, parse_line, to_lines
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
    entries: list[Entry]
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
        [line_of(entry) for entry in found.entries],
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


def write(target: AddressList, source: str, lines: Sequence[str], *, told: dict[str, Any], by: str) -> None:
    """Make `lines` the entries of the list, and `source` its text. Rows that stay keep who added them, and their hits."""
    before = set(target.kept)
    after = set(lines)
    target.source, target.lines, target.size = source, "\n".join(lines), len(lines)
    target.findings = told
    target.version += 1
    target.saved_at, target.saved_by_label = timezone.now(), by
    target.save()
    _write_rows(target, [line for line in lines if line not in before], sorted(before - after), by=by)


def _write_rows(target: AddressList, new: Sequence[str], gone: Sequence[str], *, by: str) -> None:
    wanted = {(str(one.network), one.kind): one for one in of_lines(new)}
    dropped = {(str(one.network), one.kind) for one in of_lines(gone)}
    # A line with another reason or end is the same entry: it keeps who added it, and its hits.
    changed = {key: one for key, one in wanted.items() if key in dropped}
    added = {key: one for key, one in wanted.items() if key not in dropped}
    keys = [current_tenant_id(), target.pk]
    with connection.cursor() as cursor:
        if dropped - changed.keys():
            networks, kinds = zip(*(dropped - changed.keys()), strict=True)
            cursor.execute(_DELETE, [list(networks), list(kinds), *keys])
        if changed:
            cursor.execute(_UPDATE, [*_columns(changed), *keys])
        if added:
            cursor.execute(_INSERT, [*keys, target.saved_at, by, *_columns(added)])


def _columns(entries: Mapping[tuple[str, str], Entry]) -> list[list[Any]]:
    return [
        [network for network, _ in entries],
        [kind for _, kind in entries],
        [one.reason for one in entries.values()],
        [
            None if one.expires is None else datetime.fromtimestamp(one.expires, UTC)
            for one in entries.values()
        ],
    ]


_DELETE = """
DELETE FROM ipblocking_blockentry e USING unnest(%s::cidr[], %s::text[]) AS w(network, kind)
 WHERE e.tenant_id = %s AND e.list_id = %s AND e.network = w.network AND e.kind = w.kind
"""
_UPDATE = """
UPDATE ipblocking_blockentry e SET reason = w.reason, expires_at = w.expires
  FROM unnest(%s::cidr[], %s::text[], %s::text[], %s::timestamptz[]) AS w(network, kind, reason, expires)
 WHERE e.tenant_id = %s AND e.list_id = %s AND e.network = w.network AND e.kind = w.kind
"""
_INSERT = """
INSERT INTO ipblocking_blockentry
       (tenant_id, list_id, added_at, added_by_label, hits, network, kind, reason, expires_at)
SELECT %s, %s, %s, %s, 0, w.network, w.kind, w.reason, w.expires
  FROM unnest(%s::cidr[], %s::text[], %s::text[], %s::timestamptz[]) AS w(network, kind, reason, expires)
"""


def without(source: str, network: str, kind: str) -> str:
    """A text without one entry: its lines go; where a line makes several networks, the others stay."""
    kept: list[str] = []
    for number, line in enumerate(source.split("\n"), start=1):
        entries, _ = parse_line(line.strip(), number, now=0.0)
        others = [one for one in entries if (str(one.network), one.kind) != (network, kind)]
        kept += [line] if len(others) == len(entries) else to_lines(others)
    return "\n".join(kept)
