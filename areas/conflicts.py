"""Two people on one page: what the second one is told, for every area in the same way.

`save_draft` raises DraftChanged; a page catches it, answers 409 with its form as it was typed and `conflict` in the context of
`form/conflict.html`. Nothing typed is lost: the form is still there. « Save mine anyway » sends it again with the digest of what
stands there now; « Put both together » asks for the form with both changes in it (`together`), to be looked over and saved.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

from areas import states
from areas.contract import Area, ChannelLike, Section
from areas.differences import Change, differences
from areas.merging import merge
from areas.states import LastSave
from audit.models import Entry
from kit.documents import digest


@dataclass(frozen=True)
class Row:
    """One field in which theirs and mine differ. `by`: which of us changed it since the page was opened; "" when that cannot be told."""

    change: Change
    by: Literal["theirs", "mine", "both", ""] = ""


@dataclass(frozen=True)
class Conflict:
    """`saves` are the other people's (who, when), the newest first; `rows` go from theirs ("before") to what was typed ("after").

    `digest` is what the form sends as `over` to be saved all the same, or as `together`. `mergeable`: what each changed is known.
    `clash`: somewhere both changed the same place. `merged`: the form beside holds both changes; `rows` are then theirs alone, from
    the state the page was opened with.
    """

    saves: list[LastSave]
    rows: list[Row]
    digest: str
    mergeable: bool = False
    clash: bool = False
    merged: bool = False
    #: Labels of what only they changed, and « Save mine anyway » would undo.
    undone: list[str] = field(default_factory=list)

    @property
    def entry(self) -> LastSave | None:
        return self.saves[0] if self.saves else None

    @property
    def changes(self) -> list[Change]:
        return [row.change for row in self.rows]


#: (before, after) -> the fields in which they differ.
Differ = Callable[[Section, Section], list[Change]]


def conflict(
    area: Area, channel: ChannelLike, *, theirs: Section, mine: Section, seen: str | None = None
) -> Conflict:
    """What stands there now beside what was typed. `theirs` is `DraftChanged.section`; `seen` what the form was filled from."""
    since = states.saves_since(channel, area.name, seen or "")
    differ = partial(differences, area)
    return beside(theirs=theirs, mine=mine, base=since.section, saves=since.saves, differ=differ)


def beside(
    *, theirs: Section, mine: Section, base: Section | None, saves: list[LastSave], differ: Differ
) -> Conflict:
    """The same for anything two people may save: `base` is how it stood when the page was opened, None where that is not known."""
    found = differ(theirs, mine)
    if base is None:
        return Conflict(saves, [Row(one) for one in found], digest(theirs))
    by_them, by_me = ({one.path for one in differ(base, changed)} for changed in (theirs, mine))
    rows = [Row(one, _by(one.path in by_them, one.path in by_me)) for one in found]
    return Conflict(
        saves,
        rows,
        digest(theirs),
        # With nothing of my own there is nothing to put together.
        mergeable=bool(by_me) and bool(rows),
        clash=merge(base, theirs, mine).clash,
        undone=[row.change.label for row in rows if row.by == "theirs"],
    )


def _by(them: bool, me: bool) -> Literal["theirs", "mine", "both", ""]:
    if them and me:
        return "both"
    return "theirs" if them else "mine" if me else ""


@dataclass(frozen=True)
class Together:
    """Both changes in one section, not saved yet, and what the page says above the form filled with it.

    The form carries `conflict.digest` as `seen`: saving it overtakes nobody.
    """

    section: Section
    conflict: Conflict


def together(
    area: Area, channel: ChannelLike, *, theirs: Section, mine: Section, seen: str | None
) -> Together | None:
    """What they changed and what I typed, put together; None when it cannot be told who changed what."""
    since = states.saves_since(channel, area.name, seen or "")
    if since.section is None:
        return None
    differ = partial(differences, area)
    return both(theirs=theirs, mine=mine, base=since.section, saves=since.saves, differ=differ)


def both(*, theirs: Section, mine: Section, base: Section, saves: list[LastSave], differ: Differ) -> Together:
    merged = merge(base, theirs, mine)
    rows = [Row(one, "theirs") for one in differ(base, theirs)]
    return Together(merged.value, Conflict(saves, rows, digest(theirs), clash=merged.clash, merged=True))


def recorded(*actions: str, subject: str) -> list[LastSave]:
    """The newest of these acts on a thing of the organisation that has no releases: who did it, and when."""
    entry = Entry.objects.filter(action__in=actions, subject=subject).order_by("-pk").first()
    return [LastSave(entry.actor_label, entry.at)] if entry else []


def last_save(area: Area, channel: ChannelLike) -> LastSave | None:
    """Who changed this area of the channel last, when, and with which note: whether by saving, going back, copying or importing."""
    return states.last_save(channel, area.name)
