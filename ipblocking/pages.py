"""What the pages of a channel's list and of a shared one have in common: findings, the table of entries, the tester."""

from __future__ import annotations

import time
from functools import lru_cache
from typing import Any

from django.core.paginator import Paginator
from django.db.models import F, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from accounts.client import address_of, trusted_proxies
from ipblocking import drafts, rules
from ipblocking.addresses import address_text, read_address, read_network
from ipblocking.entries import Finding
from ipblocking.models import AddressList, BlockEntry
from ipblocking.sentences import finding_sentence

PER_PAGE = 50
SORTS = {
    "network": ("network",),
    "-network": ("-network",),
    "added": ("added_at", "network"),
    "-added": ("-added_at", "network"),
    "hits": ("hits", "network"),
    "-hits": ("-hits", "network"),
    "last": (F("last_hit_at").asc(nulls_last=True), "network"),
    "-last": (F("last_hit_at").desc(nulls_last=True), "network"),
}


def read_for(request: HttpRequest, text: str) -> drafts.Read:
    """Read a text for whoever sends it: their own address, and the proxies of this installation, are watched over."""
    own = address_of(request)
    proxies = [str(one) for one in trusted_proxies().networks]
    return drafts.read(text, own_address=None if own is None else str(own), proxies=proxies)


def said(findings: list[Finding]) -> list[dict[str, Any]]:
    """Findings with their sentences, in the language in force."""
    return [
        {"line": one.line, "level": one.level, "code": one.code, "sentence": finding_sentence(one)}
        for one in findings
    ]


def findings_context(told: dict[str, Any]) -> dict[str, Any]:
    """The context of `ipblocking/_findings.html`."""
    counts = told.get("counts", {})
    shown = drafts.told_findings(told)
    return {
        "findings": said(shown),
        "error_count": counts.get("error", 0),
        "warning_count": counts.get("warning", 0),
        "danger_count": counts.get("danger", 0),
        "more_findings": sum(counts.values()) - len(shown),
    }


def table_context(request: HttpRequest, target: AddressList) -> dict[str, Any]:
    """The context of `ipblocking/_table.html`: what `q`, `kind`, `sort` and `page` of the address ask for."""
    sort = request.GET.get("sort", "")
    sort = sort if sort in SORTS else "network"
    query = request.GET.get("q", "").strip()[:200]
    rows = (
        _matching(BlockEntry.objects.filter(list=target), query) if target.pk else BlockEntry.objects.none()
    )
    kind = request.GET.get("kind", "")
    now = timezone.now()
    if kind in BlockEntry.Kind.values:
        rows = rows.filter(kind=kind)
    elif kind == "expired":
        rows = rows.filter(expires_at__lte=now)
    page = Paginator(rows.order_by(*SORTS[sort]), PER_PAGE).get_page(request.GET.get("page"))
    return {"page": page, "sort": sort, "q": query, "kind": kind, "now": now, "filtered": bool(query or kind)}


def _matching(rows: QuerySet[BlockEntry], query: str) -> QuerySet[BlockEntry]:
    """An address finds what covers it, a network what it overlaps with, any other text reasons, people and beginnings of addresses."""
    if not query:
        return rows
    network = read_network(query)
    if network is not None:
        return rows.extra(where=["network && %s::inet"], params=[str(network)])
    words = Q(reason__icontains=query) | Q(added_by_label__icontains=query)
    return rows.extra(select={"text": "network::text"}).filter(
        words | Q(pk__in=rows.extra(where=["network::text LIKE %s"], params=[_like(query)]).values("pk"))
    )


def _like(text: str) -> str:
    return text.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_") + "%"


@lru_cache(maxsize=4)
def _compiled(lines: str) -> rules.Matcher:
    return rules.compile_lines(lines.split("\n") if lines else [])


def tested(address: str, lists: list[tuple[str, str]]) -> dict[str, Any]:
    """The verdict on an address over (name, lines) of lists: the context of `ipblocking/_verdict.html`."""
    text = address.strip()[:100]
    found = read_address(text)
    if found is None:
        return {"tested": text, "verdict": None}
    where = rules.Blocklist([(name, _compiled(lines)) for name, lines in lists])
    now = time.time()
    decision = where.blocked(text, now)
    return {
        "tested": address_text(*found),
        "verdict": decision,
        "rules": where.covering(text, now),
    }
