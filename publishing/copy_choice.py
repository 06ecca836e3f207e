"""What a person has chosen on the copy page: a source, areas, and channels ticked over many searches and pages.

Every step sends the whole choice along, so that it needs no script and nothing is kept on the server. A page shows some channels as
boxes (`shown`); those chosen elsewhere travel as a list of numbers (`kept`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.core.paginator import Page, Paginator
from django.db.models import Q, QuerySet
from django.http import QueryDict

from areas.contract import CHAT_KINDS, Area
from areas.registry import areas
from channels_config.models import Channel
from kit.plain_text import Plain, plain

#: Channels on a page of boxes, and sources that are offered without a search.
PER_PAGE = 25
SOURCES = 50
#: With more than so many chosen one by one the form is sent by POST: they would not fit into an address.
IN_ADDRESS = 300
#: Characters of a search.
LONGEST = 120


@dataclass(frozen=True)
class Choice:
    """`page` are the channels shown as boxes, `chosen` the numbers (primary keys) of all that are ticked, shown or not."""

    source: Channel | None
    sources: list[Channel]
    more_sources: bool
    source_words: str
    names: list[str]
    offered: list[Area]
    words: str
    only_chosen: bool
    page: Page[Channel]
    chosen: frozenset[int]
    total: int

    @property
    def kept(self) -> str:
        return _written(self.chosen)

    @property
    def shown(self) -> str:
        return _written(one.pk for one in self.page.object_list)

    @property
    def by_post(self) -> bool:
        return len(self.chosen) > IN_ADDRESS

    def targets(self) -> QuerySet[Channel]:
        return _channels().filter(pk__in=self.chosen)


def choice(data: QueryDict) -> Choice:
    """Read a choice out of what was sent, and carry out the step that only changes it (`pick`)."""
    found = _channels()
    source_words = data.get("from", "")[:LONGEST].replace("\0", "").strip()
    public_id = data.get("source", "")
    source = found.filter(public_id=public_id).first() if public_id else None
    sources = list(_matching(source_words)[: SOURCES + 1])
    more = len(sources) > SOURCES
    sources = sources[:SOURCES]
    if source is not None and source not in sources:
        sources.insert(0, source)

    words = data.get("q", "")[:LONGEST].replace("\0", "").strip()
    chosen = _chosen(data)
    pick = data.get("pick", "")
    if pick == "all":
        chosen |= set(_matching(words).values_list("pk", flat=True))
    elif pick == "none":
        chosen = set()
    if source is not None:
        chosen.discard(source.pk)

    only_chosen = data.get("view") == "chosen" and bool(chosen)
    listed = _matching(words)
    if source is not None:
        listed = listed.exclude(pk=source.pk)
    if only_chosen:
        listed = listed.filter(pk__in=chosen)
    everything = not words and not only_chosen
    asked = data.get("page") if "q_shown" not in data or data.get("q_shown", "") == words else None
    offered = [one for one in areas() if CHAT_KINDS & one.kinds]
    known = {one.name for one in offered}
    page = Paginator(listed, PER_PAGE).get_page(asked)
    return Choice(
        source=source,
        sources=sources,
        more_sources=more or bool(source_words),
        source_words=source_words,
        names=[name for name in dict.fromkeys(data.getlist("area")) if name in known],
        offered=offered,
        words=words,
        only_chosen=only_chosen,
        page=page,
        chosen=frozenset(chosen),
        total=page.paginator.count if everything else found.count() - (source is not None),
    )


def _channels() -> QuerySet[Channel]:
    return Channel.objects.order_by(Plain("name"), "pk")


def _matching(words: str) -> QuerySet[Channel]:
    found = _channels()
    if words:
        found = found.alias(plain_name=Plain("name")).filter(
            Q(plain_name__contains=plain(words)) | Q(public_id=words)
        )
    return found


def _chosen(data: QueryDict) -> set[int]:
    """Those kept from elsewhere, without the boxes of the page it was sent from, and the boxes that are ticked.

    Only what there is, and is the organisation's.
    """
    ticked = data.getlist("to")
    kept = _numbers(data.get("kept", "")) - _numbers(data.get("shown", ""))
    found = Channel.objects.order_by()
    if "all" not in ticked:
        if not ticked and not kept:
            return set()
        found = found.filter(Q(pk__in=kept) | Q(public_id__in=ticked))
    return set(found.values_list("pk", flat=True))


def _numbers(text: str) -> set[int]:
    return {int(one) for one in text.split(".") if one.isascii() and one.isdigit() and len(one) < 19}


def _written(numbers: Iterable[int]) -> str:
    return ".".join(map(str, sorted(numbers)))
