"""Two people on one page: what the second one is told, for every area in the same way.

`save_draft` raises DraftChanged; a page catches it, answers 409 with its form as it was typed and `conflict` in the context of
`form/conflict.html`. Nothing typed is lost: the form is still there, and « Save mine anyway » sends it again with the digest of
what stands there now.
"""

from __future__ import annotations

from dataclasses import dataclass

from areas import states
from areas.contract import Area, ChannelLike, Section
from areas.differences import Change, differences
from areas.states import LastSave
from kit.documents import digest


@dataclass(frozen=True)
class Conflict:
    """`entry` is the other person's save (who, when), `changes` from theirs ("before") to what was typed ("after").

    `digest` is what the form sends as `over` to be saved all the same.
    """

    entry: LastSave | None
    changes: list[Change]
    digest: str


def conflict(area: Area, channel: ChannelLike, *, theirs: Section, mine: Section) -> Conflict:
    """What stands there now beside what was typed. `theirs` is `DraftChanged.section`."""
    return Conflict(last_save(area, channel), differences(area, theirs, mine), digest(theirs))


def last_save(area: Area, channel: ChannelLike) -> LastSave | None:
    """Who changed this area of the channel last, when, and with which note: whether by saving, going back, copying or importing."""
    return states.last_save(channel, area.name)
