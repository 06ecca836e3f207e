"""Reading the record: filters that stay in the address, pages by place, and exports that never hold it all in memory."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import QuerySet

from audit.models import Entry
from audit.sentences import registered, text_of
from kit.spreadsheets import harmless
from tenants.scope import tenant_scope

PER_PAGE = 50
#: Entries fetched in one go for an export.
CHUNK = 1000

_SECRET = re.compile(r"secret|passw|token|private|credential|api_?key", re.IGNORECASE)


@dataclass(frozen=True)
class Filters:
    """What is asked for, as the address says it; anything that cannot be read counts as absent."""

    person: str = ""
    action: str = ""
    subject: str = ""
    since: date | None = None
    until: date | None = None

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Filters:
        return cls(
            person=str(data.get("person", ""))[:254].strip().replace("\0", ""),
            action=str(data.get("action", "")) if data.get("action") in registered() else "",
            subject=str(data.get("subject", ""))[:200].strip().replace("\0", ""),
            since=_date(data.get("since")),
            until=_date(data.get("until")),
        )

    @property
    def turned(self) -> bool:
        """A period that ends before it begins."""
        return bool(self.since and self.until and self.since > self.until)

    @property
    def any(self) -> bool:
        return any((self.person, self.action, self.subject, self.since, self.until))


def filtered(filters: Filters, zone: ZoneInfo) -> QuerySet[Entry]:
    """Newest first. Days are those of the organisation's time zone."""
    found = Entry.objects.select_related("link").order_by("-pk")
    if filters.person:
        found = found.filter(actor_label__icontains=filters.person)
    if filters.action:
        found = found.filter(action=filters.action)
    if filters.subject:
        found = found.filter(subject=filters.subject)
    if filters.since:
        found = found.filter(at__gte=datetime.combine(filters.since, time(), zone))
    if filters.until:
        found = found.filter(at__lt=datetime.combine(filters.until + timedelta(days=1), time(), zone))
    return found


def actions() -> list[tuple[str, str]]:
    """(action, its sentence without who and what), sorted, for a choice."""
    told = {
        action: re.sub(r"[“”«»\u00a0]*%\(\w+\)s[“”«»\u00a0]*", "…", text_of(action))
        for action in registered()
    }
    return sorted(told.items(), key=lambda one: one[1].lstrip("… ").casefold())


def csv_lines(tenant_id: int, filters: Filters, zone: ZoneInfo) -> Iterator[str]:
    """The export as CSV (RFC 4180), with a byte order mark: spreadsheets take it for Latin-1 without."""
    writer = csv.writer(_Echo())
    head = ["position", "at", "person", "action", "subject", "sentence", "data", "hash"]
    yield "\ufeff" + writer.writerow(head)
    for entry in _all(tenant_id, filters, zone):
        position, digest = _link(entry)
        yield writer.writerow(
            [
                position,
                entry.at.isoformat(),
                harmless(entry.actor_label),
                entry.action,
                harmless(entry.subject),
                harmless(str(entry)),
                harmless(json.dumps(shown(entry.data), ensure_ascii=False)),
                digest,
            ]
        )


def json_lines(tenant_id: int, filters: Filters, zone: ZoneInfo) -> Iterator[str]:
    """The export as one JSON array, an entry a line."""
    yield "["
    between = "\n"
    for entry in _all(tenant_id, filters, zone):
        position, digest = _link(entry)
        yield between + json.dumps(
            {
                "position": position,
                "at": entry.at.isoformat(),
                "person": entry.actor_label,
                "action": entry.action,
                "subject": entry.subject,
                "sentence": str(entry),
                "data": shown(entry.data),
                "previous": entry.link.previous if position else None,
                "hash": digest,
            },
            ensure_ascii=False,
        )
        between = ",\n"
    yield "\n]\n"


def shown(data: Any, name: str = "") -> Any:
    """The kept facts without what a careless caller may have left among them."""
    if isinstance(data, dict):
        return {key: shown(value, key) for key, value in data.items()}
    if isinstance(data, list):
        return [shown(value, name) for value in data]
    return "••••••" if isinstance(data, str) and data and _SECRET.search(name) else data


def _all(tenant_id: int, filters: Filters, zone: ZoneInfo) -> Iterator[Entry]:
    """Every entry, a scope of its own for each chunk: an export that takes minutes holds no transaction open."""
    before: int | None = None
    while True:
        with tenant_scope(tenant_id):
            found = filtered(filters, zone)
            if before is not None:
                found = found.filter(pk__lt=before)
            chunk = list(found[:CHUNK])
        yield from chunk
        if len(chunk) < CHUNK:
            return
        before = chunk[-1].pk


def _link(entry: Entry) -> tuple[int | None, str]:
    link = getattr(entry, "link", None)
    return (link.position, link.hash) if link else (None, "")


def _date(text: Any) -> date | None:
    try:
        return date.fromisoformat(str(text)) if text else None
    except ValueError:
        return None


class _Echo:
    """A file that hands back what is written to it."""

    def write(self, text: str) -> str:
        return text


def page_of(found: QuerySet[Entry], before: str) -> tuple[list[Entry], int | None]:
    """The entries before that one, and where the next page begins (None on the last)."""
    if before.isascii() and before.isdigit() and len(before) < 19:
        found = found.filter(pk__lt=int(before))
    entries: Iterable[Entry] = found[: PER_PAGE + 1]
    listed = list(entries)
    return listed[:PER_PAGE], listed[PER_PAGE - 1].pk if len(listed) > PER_PAGE else None
