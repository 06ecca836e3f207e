"""Going back: a release, or one area of it, becomes what the drafts say, and with that a new release. Nothing is rewritten."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from areas import registry
from areas.contract import Area, NotPublishable
from areas.registry import areas
from areas.saving import DraftChanged
from audit.sentences import register
from audit.services import acting, record
from channels_config.models import Channel
from kit.documents import digest
from publishing.compile import problems, sections
from publishing.models import Release
from publishing.services import publish

register(
    "release.rolled_back",
    gettext_lazy("%(actor)s brought the channel “%(channel)s” back to release %(release)s"),
)
register(
    "release.area_rolled_back",
    gettext_lazy("%(actor)s brought “%(area)s” of the channel “%(channel)s” back to release %(release)s"),
    area=lambda name: registry.area(name).label,
)


def concerned(to: Release, all_sections: Mapping[str, Any], area: str | None = None) -> str:
    """The digest of what going back would replace: what a page carries to say which drafts it showed."""
    return digest({name: all_sections.get(name) for name in to.sections if area in {None, name}})


def roll_back(
    channel: Channel,
    *,
    to: Release,
    by: User,
    area: str | None = None,
    note: str = "",
    seen: str | None = None,
) -> Release:
    """Bring the drafts back to what a release says, all of them or one area's, and publish that as a new release.

    Areas that the release does not know stay as they are. `seen` is `concerned` of when the page was opened; None forgoes the
    comparison. Raises DraftChanged when somebody has saved since, NotPublishable when what was right then is not today,
    KeyError for an area that the release does not have.
    """
    channel = Channel.every.select_for_update().get(pk=channel.pk)
    wanted = {one.name: to.sections[one.name] for one in areas() if one.name in to.sections}
    if area is not None:
        wanted = {area: wanted[area]}
    now = sections(channel)
    if seen is not None and concerned(to, now, area) != seen:
        raise DraftChanged(now)
    blocking = [one for one in problems({**now, **wanted}) if one.blocking and one.area in wanted]
    if blocking:
        raise NotPublishable(blocking)
    changed = [one for one in areas() if one.name in wanted and now[one.name] != wanted[one.name]]
    # A refusal by another area's checks leaves the drafts as they were.
    with transaction.atomic():
        with acting(by):
            for one in changed:
                one.load(channel, wanted[one.name])
        return _published(channel, changed, to, by=by, area=area, note=note)


def _published(
    channel: Channel, changed: list[Area], to: Release, *, by: User, area: str | None, note: str
) -> Release:
    said = " ".join(note.split())
    words = _("Back to release %(number)s") % {"number": to.number}
    if changed:
        record(
            "release.rolled_back" if area is None else "release.area_rolled_back",
            by=by,
            subject=channel.public_id,
            channel=channel.name,
            release=to.number,
            areas=[one.name for one in changed],
            **({"area": area} if area else {}),
            **({"note": said[:500]} if said else {}),
        )
    return publish(
        channel,
        areas=[one.name for one in changed],
        by=by,
        note=f"{words} · {said}"[:500] if said else words,
        restored=to.number,
    )
