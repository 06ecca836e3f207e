"""Draft lists <-> the section of blocked addresses. Nothing of it is public: it travels in the snapshot's private part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext

from areas.contract import Problem, Section, Sections
from channels_config.models import Channel
from ipblocking import drafts, entries
from ipblocking.models import AddressList, ListUse
from ipblocking.sentences import problem_sentence
from tenants.prepared import Prepared

AREA_NAME = "ipblocking"


def dump(channel: Channel) -> Section:
    """The section: the channel's own lines, and those of each shared list it uses (see ipblocking.entries)."""
    own = ""
    shared: dict[str, list[str]] = {}
    for name, lines in _lists.all(channel.pk):
        # A channel's own list is the one without a name.
        if name:
            shared[name] = _split(lines)
        else:
            own = lines
    return entries.section(_split(own), shared)


def _lists_of(channel: int) -> QuerySet[AddressList, tuple[str, str]]:
    lists = AddressList.objects.filter(channel=channel) | AddressList.objects.filter(uses__channel=channel)
    return lists.order_by("pk").distinct().values_list("name", "lines")


_lists = Prepared(_lists_of, int)


def _split(lines: str) -> list[str]:
    return lines.split("\n") if lines else []


def load(channel: Channel, section: Section) -> None:
    """Write a section into the draft.

    The channel's own entries become exactly those of the section. Of shared lists the section says only which are used: one
    that the organisation has under this name stays as it is now (other channels use it), one that it lacks is made.
    """
    own = drafts.own_list(channel)
    if not own.version or own.kept != section["entries"]:
        text = "".join(f"{line}\n" for line in section["entries"])
        drafts.write(own, text, section["entries"], told={}, by="")
    wanted = {one["name"]: one["entries"] for one in section["lists"]}
    known = {one.name.lower(): one for one in AddressList.shared.all()}
    used = set()
    for name, lines in wanted.items():
        found = known.get(name.lower())
        if found is None:
            found = AddressList(name=name)
            drafts.write(found, "".join(f"{line}\n" for line in lines), lines, told={}, by="")
        used.add(found.pk)
    use(channel, used)


def use(channel: Channel, wanted: set[Any]) -> None:
    """Let the channel use exactly these shared lists."""
    uses = ListUse.objects.filter(channel=channel)
    uses.exclude(list__in=wanted).delete()
    for key in sorted(wanted - set(uses.values_list("list_id", flat=True))):
        ListUse.objects.create(channel=channel, list_id=key)


def check(section: Section, sections: Sections) -> list[Problem]:
    """What is wrong with a section from anywhere; never raises."""
    return [
        Problem(AREA_NAME, one.path, problem_sentence(one.code, one.value))
        for one in entries.problems(section, _known)
    ]


#: Digests of lists that are known to be whole: every save of a channel, in whatever area, asks about all of them again.
_good: dict[bytes, None] = {}


def _known(lines: Sequence[str]) -> bool:
    return drafts.lines_digest(lines) in _good


def remember(lines: Sequence[str]) -> None:
    """These lines were just made by `entries.line_of`: there is nothing wrong with them."""
    while len(_good) >= 256:
        _good.pop(next(iter(_good)), None)
    _good[drafts.lines_digest(lines)] = None


def describe(section: Section) -> Mapping[Any, Any]:
    """For differences between versions: entries by list."""
    return {
        gettext("Own entries"): list(section["entries"]),
        **{
            gettext("Shared list “%(name)s”") % {"name": one["name"]}: list(one["entries"])
            for one in section["lists"]
        },
    }
