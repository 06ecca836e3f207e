"""Saving a draft: the one way in which an area's configuration changes.

Draft rows, audit entry, release and delivery are written in the scope's one transaction. What follows a save (numbering
the release, pushing it) belongs to a room above; the setting CONFIG_PUBLISHER names it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol, cast

from django.conf import settings
from django.db import transaction
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from areas import registry
from areas.contract import Area, ChannelLike
from areas.notes import note_given
from audit.sentences import register
from audit.services import acting, record
from kit.documents import digest

if TYPE_CHECKING:
    from django.db.models import Model

register(
    "draft.saved",
    _("%(actor)s saved “%(area)s” of the channel “%(channel)s”"),
    area=lambda name: registry.area(name).label,
)


#: Characters of a note on a release.
NOTE_LENGTH = 500


class DraftChanged(Exception):
    """Somebody else saved this area after the page was opened. `section` is what stands there now."""

    def __init__(self, section: dict[str, Any]) -> None:
        super().__init__("the draft changed since it was read")
        self.section = section


class Publisher(Protocol):
    """publishing.services.publish; returns the Release (an object with `number`)."""

    def __call__(self, channel: Any, *, areas: list[str], by: User | None, note: str = "") -> Any: ...


def publisher() -> Publisher:
    return cast(Publisher, import_string(settings.CONFIG_PUBLISHER))


def seen_digest(area: Area, channel: ChannelLike) -> str:
    """What a form carries to say which state of the area it was filled from."""
    return digest(area.dump(channel))


def save_draft(
    channel: ChannelLike,
    area: Area,
    apply: Callable[[], object],
    *,
    seen: str | None,
    by: User,
    note: str = "",
) -> Any:
    """Lock the channel, make sure nobody saved in between, apply the change, record it, publish it; returns the Release.

    `apply` writes the draft rows. `seen` is `seen_digest` of when the page was opened; None forgoes the comparison (an
    API client without If-Match); `note` is the person's own word on the release; by default what
    the save bar's field says (areas.notes). Raises DraftChanged, NotPublishable; whatever it raises, nothing of it was written, so
    a page may go on in the same transaction and say what was refused.
    """
    locked = cast("Model", channel)
    # Read anew under the lock: the release says what the channel is called by now.
    rows = type(locked)._default_manager.select_related("tenant").select_for_update(of=("self",))
    locked.refresh_from_db(from_queryset=rows)
    before = area.dump(channel)
    if seen is not None and digest(before) != seen:
        raise DraftChanged(before)
    with transaction.atomic():
        with acting(by):
            apply()
        words = " ".join((note or note_given()).replace("\0", "").split())[:NOTE_LENGTH]
        record(
            "draft.saved",
            by=by,
            subject=channel.public_id,
            area=str(area.name),
            channel=str(channel),
            **({"note": words} if words else {}),
        )
        return publisher()(channel, areas=[area.name], by=by, note=words)
