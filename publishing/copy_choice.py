"""What a person has chosen on the copy page: a source, areas, and channels ticked over many searches and pages.

Every step sends the whole choice along, so that it needs no script and nothing is kept on the server. A page shows some channels as
boxes (`shown`); those chosen elsewhere travel as a list of numbers (`kept`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from areas.contract import CHAT_KINDS, GUIDE_KIND, Area
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
class Words:
    """What the pages of a copy say of chat channels, or of Guides; those with a count by `%`."""

    lead: Promise
    find_source: Promise
    source: Promise
    targets: Promise
    search: Promise
    unknown: Promise
    chosen: Any
    found: Any
    others: Any
    start: Any
    done: Any
    one: Promise
    show_all: Promise
    no_other: Promise
    none_left: Promise


CHATS = Words(
    lead=_(
        "Take chosen areas of one channel to many others. Each becomes a release of its own, goes to test, and can be undone in one step."
    ),
    find_source=_("Find a channel to copy from"),
    source=_("From the channel"),
    targets=_("To which channels"),
    search=_("Channel name or id"),
    unknown=_("No channel is called that."),
    chosen=ngettext_lazy(
        "%(count)s channel of %(total)s chosen.", "%(count)s channels of %(total)s chosen.", "count"
    ),
    found=ngettext_lazy("Choose the %(count)s channel found", "Choose all %(count)s channels found", "count"),
    others=ngettext_lazy("Choose the %(count)s other channel", "Choose all %(count)s others", "count"),
    start=ngettext_lazy("Copy to %(count)s channel", "Copy to %(count)s channels", "count"),
    done=_("%(done)s of %(total)s channels"),
    one=_("Channel"),
    show_all=_("Show all channels"),
    no_other=_("There is no other channel yet."),
    none_left=_("No channel has this result any more."),
)
GUIDES = Words(
    lead=_(
        "Take chosen areas of one Guide to others. Each becomes a release of its own, goes to test, and can be undone in one step. Entry points of the same name keep their id, so snippets on your pages go on working."
    ),
    find_source=_("Find a Guide to copy from"),
    source=_("From the Guide"),
    targets=_("To which Guides"),
    search=_("Name or id of the Guide"),
    unknown=_("No Guide is called that."),
    chosen=ngettext_lazy(
        "%(count)s Guide of %(total)s chosen.", "%(count)s Guides of %(total)s chosen.", "count"
    ),
    found=ngettext_lazy("Choose the %(count)s Guide found", "Choose all %(count)s Guides found", "count"),
    others=ngettext_lazy("Choose the %(count)s other Guide", "Choose all %(count)s other Guides", "count"),
    start=ngettext_lazy("Copy to %(count)s Guide", "Copy to %(count)s Guides", "count"),
    done=_("%(done)s of %(total)s Guides"),
    one=_("Guide"),
    show_all=_("Show all Guides"),
    no_other=_("There is no other Guide yet."),
    none_left=_("No Guide has this result any more."),
)


def words_of(kind: str) -> Words:
    """By the kind of a copy's source."""
    return GUIDES if kind == GUIDE_KIND else CHATS


@dataclass(frozen=True)
class Choice:
    """`of` is "guide" where Guides are copied, else ""; `any_guides`: that can be chosen. `page` are the channels shown as boxes, `chosen` the numbers (primary keys) of all that are ticked, shown or not."""

    of: str
    any_guides: bool
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
    def say(self) -> Words:
        return words_of(self.of)

    @property
    def said_chosen(self) -> str:
        return str(self.say.chosen % {"count": len(self.chosen), "total": self.total})

    @property
    def said_all(self) -> str:
        count = self.page.paginator.count
        return str((self.say.found if self.words else self.say.others) % {"count": count})

    @property
    def said_start(self) -> str:
        return str(self.say.start % {"count": len(self.chosen)})

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
        return _channels(self.of).filter(pk__in=self.chosen)


def choice(data: QueryDict) -> Choice:
    """Read a choice out of what was sent, and carry out the step that only changes it (`pick`)."""
    of = data.get("of", "guide" if data.get("source", "").startswith("guide_") else "")
    of = GUIDE_KIND if of == GUIDE_KIND else ""
    found = _channels(of)
    source_words = data.get("from", "")[:LONGEST].replace("\0", "").strip()
    public_id = data.get("source", "")
    source = found.filter(public_id=public_id).first() if public_id else None
    sources = list(_matching(of, source_words)[: SOURCES + 1])
    more = len(sources) > SOURCES
    sources = sources[:SOURCES]
    if source is not None and source not in sources:
        sources.insert(0, source)

    words = data.get("q", "")[:LONGEST].replace("\0", "").strip()
    chosen = _chosen(of, data)
    pick = data.get("pick", "")
    if pick == "all":
        chosen |= set(_matching(of, words).values_list("pk", flat=True))
    elif pick == "none":
        chosen = set()
    if source is not None:
        chosen.discard(source.pk)

    only_chosen = data.get("view") == "chosen" and bool(chosen)
    listed = _matching(of, words)
    if source is not None:
        listed = listed.exclude(pk=source.pk)
    if only_chosen:
        listed = listed.filter(pk__in=chosen)
    everything = not words and not only_chosen
    asked = data.get("page") if "q_shown" not in data or data.get("q_shown", "") == words else None
    kinds = frozenset({GUIDE_KIND}) if of else CHAT_KINDS
    offered = [one for one in areas() if kinds & one.kinds]
    known = {one.name for one in offered}
    page = Paginator(listed, PER_PAGE).get_page(asked)
    return Choice(
        of=of,
        any_guides=bool(of) or Channel.guides.exists(),
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


def _channels(of: str) -> QuerySet[Channel]:
    return (Channel.guides if of else Channel.objects).order_by(Plain("name"), "pk")


def _matching(of: str, words: str) -> QuerySet[Channel]:
    found = _channels(of)
    if words:
        found = found.alias(plain_name=Plain("name")).filter(
            Q(plain_name__contains=plain(words)) | Q(public_id=words)
        )
    return found


def _chosen(of: str, data: QueryDict) -> set[int]:
    """Those kept from elsewhere, without the boxes of the page it was sent from, and the boxes that are ticked.

    Only what there is, and is the organisation's.
    """
    ticked = data.getlist("to")
    kept = _numbers(data.get("kept", "")) - _numbers(data.get("shown", ""))
    found = _channels(of).order_by()
    if "all" not in ticked:
        if not ticked and not kept:
            return set()
        found = found.filter(Q(pk__in=kept) | Q(public_id__in=ticked))
    return set(found.values_list("pk", flat=True))


def _numbers(text: str) -> set[int]:
    return {int(one) for one in text.split(".") if one.isascii() and one.isdigit() and len(one) < 19}


def _written(numbers: Iterable[int]) -> str:
    return ".".join(map(str, sorted(numbers)))
