"""A channel's releases, newest first, and what differs between two states of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from areas.contract import Area
from areas.differences import Change, differences
from areas.registry import areas
from channels_config.models import Channel
from publishing.compile import channel_facts, sections
from publishing.models import EnvironmentName, Release
from publishing.services import wanted_in

PER_PAGE = 25
DRAFT = "draft"
LIVE = "live"


@dataclass(frozen=True)
class State:
    """One state of a channel that can be compared: a release, or the drafts (`release` is None)."""

    name: str
    label: str
    release: Release | None
    facts: dict[str, Any]
    sections: dict[str, Any]


@dataclass(frozen=True)
class AreaChanges:
    """What differs in one area; `label` is the area's, or says what else differs."""

    name: str
    label: str | Promise
    changes: list[Change]


def releases(channel: Channel, before: int | None = None) -> tuple[list[Release], int | None]:
    """A page of releases without their bulky parts, and the number before which the next page begins."""
    found = Release.objects.filter(channel=channel).defer("sections", "channel_facts").order_by("-number")
    if before is not None:
        found = found.filter(number__lt=before)
    listed = list(found[: PER_PAGE + 1])
    return listed[:PER_PAGE], listed[PER_PAGE - 1].number if len(listed) > PER_PAGE else None


def state(channel: Channel, name: str) -> State | None:
    """The state called "draft", "live" (what is asked for there) or by a release's number; None when there is none."""
    if name == DRAFT:
        return State(DRAFT, _("Draft"), None, channel_facts(channel), sections(channel))
    number = wanted_in(channel, EnvironmentName.LIVE) if name == LIVE else _number(name)
    release = Release.objects.filter(channel=channel, number=number).first() if number else None
    if release is None:
        return None
    if name == LIVE:
        label = _("Live (release %(number)s)") % {"number": release.number}
        return State(name, label, release, release.channel_facts, release.sections)
    return of_release(release)


def of_release(release: Release) -> State:
    label = _("Release %(number)s") % {"number": release.number}
    return State(str(release.number), label, release, release.channel_facts, release.sections)


def compare(before: State | None, after: State) -> list[AreaChanges]:
    """Area by area, in their order; only those that differ. Without `before`, all that `after` says is new."""
    found = []
    old_name = before.facts.get("name", "") if before else ""
    if before and old_name != after.facts.get("name", ""):
        change = Change((_("Name"),), "value", before=old_name, after=after.facts.get("name", ""))
        found.append(AreaChanges("", _("The channel"), [change]))
    known = areas()
    for one in known:
        old = before.sections.get(one.name) if before else None
        changes = differences(one, old, after.sections.get(one.name))
        if changes:
            found.append(AreaChanges(one.name, one.label, changes))
    names = {one.name for one in known}
    others = (set(after.sections) | set(before.sections if before else ())) - names
    for name in sorted(others):
        if not before or before.sections.get(name) != after.sections.get(name):
            gone = _("An area that this installation no longer has")
            found.append(AreaChanges(name, f"{gone} ({name})", []))
    return found


def labels(names: list[str]) -> list[str]:
    """Areas by the names people know them by."""
    known: dict[str, Area] = {one.name: one for one in areas()}
    return [str(known[name].label) if name in known else name for name in names]


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
