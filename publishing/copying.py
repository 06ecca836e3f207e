"""Taking chosen areas of one channel to many others, or of one Guide to other Guides: a preview, a worker that does one channel at a time, one undo.

Each channel is a transaction of its own, with a release, an audit entry and a result; a worker that dies leaves off between
two channels, and the next goes on there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import structlog
from django.db import connection, transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from accounts.models import User
from areas.contract import Area, NotPublishable, Section
from areas.differences import Change, differences
from areas.moving import moved, of_another
from areas.registry import areas, areas_of
from audit.sentences import register
from audit.services import acting, record
from channels_config.models import Channel
from publishing.models import Copy, CopyTarget, Release
from publishing.services import publish
from tenants.roles import Role
from tenants.scope import current_tenant_id, tenant_scope
from tenants.services import still_may

log = structlog.get_logger(__name__)


def _area_labels(names: list[str]) -> str:
    known = {one.name: str(one.label) for one in areas()}
    return ", ".join(known.get(name, name) for name in names)


register(
    "copy.asked",
    ngettext_lazy(
        "%(actor)s copied settings of the channel “%(channel)s” to %(count)s channel",
        "%(actor)s copied settings of the channel “%(channel)s” to %(count)s channels",
        "count",
    ),
)
register(
    "copy.undone",
    ngettext_lazy(
        "%(actor)s undid the copy of settings of the channel “%(channel)s” to %(count)s channel",
        "%(actor)s undid the copy of settings of the channel “%(channel)s” to %(count)s channels",
        "count",
    ),
)
register(
    "copy.guides_asked",
    ngettext_lazy(
        "%(actor)s copied settings of the Guide “%(channel)s” to %(count)s Guide",
        "%(actor)s copied settings of the Guide “%(channel)s” to %(count)s Guides",
        "count",
    ),
)
register(
    "copy.guides_undone",
    ngettext_lazy(
        "%(actor)s undid the copy of settings of the Guide “%(channel)s” to %(count)s Guide",
        "%(actor)s undid the copy of settings of the Guide “%(channel)s” to %(count)s Guides",
        "count",
    ),
)
register(
    "draft.copied",
    gettext_lazy("%(actor)s copied “%(areas)s” of the channel “%(source)s” into the channel “%(channel)s”"),
    areas=_area_labels,
)
register(
    "draft.copy_undone",
    gettext_lazy("%(actor)s took the copied settings of “%(source)s” out of the channel “%(channel)s” again"),
)

register(
    "draft.guide_copied",
    gettext_lazy("%(actor)s copied “%(areas)s” of the Guide “%(source)s” into the Guide “%(channel)s”"),
    areas=_area_labels,
)
register(
    "draft.guide_copy_undone",
    gettext_lazy("%(actor)s took the copied settings of “%(source)s” out of the Guide “%(channel)s” again"),
)

#: (of a chat channel, of a Guide): what the audit calls it.
_ASKED = ("copy.asked", "copy.guides_asked")
_UNDONE = ("copy.undone", "copy.guides_undone")
_COPIED = ("draft.copied", "draft.guide_copied")
_COPY_UNDONE = ("draft.copy_undone", "draft.guide_copy_undone")

#: Channels of one copy.
MOST_TARGETS = 20_000


@dataclass(frozen=True)
class Preview:
    """What copying would change in one channel: (area, changes) for every area in which something would."""

    channel: Channel
    areas: list[tuple[Area, list[Change]]]


def preview(source: Channel, names: Iterable[str], targets: Iterable[Channel]) -> list[Preview]:
    """The differences, channel by channel. One dump an area and channel: for a page of channels, not for thousands."""
    taken = _said(source, names)
    found = []
    for channel in targets:
        wanted = moved({name: taken[name] for name in names if name in taken}, taken, channel)
        changed = (
            (one, differences(one, one.dump(channel), wanted[one.name]))
            for one in areas_of(channel.kind)
            if one.name in wanted
        )
        found.append(Preview(channel, [(one, changes) for one, changes in changed if changes]))
    return found


def _said(source: Channel, names: Iterable[str]) -> dict[str, Section]:
    """The chosen areas' sections, and those without which nothing of them could be told apart elsewhere."""
    wanted = {*names} | of_another(source.kind)
    return {one.name: one.dump(source) for one in areas_of(source.kind) if one.name in wanted}


def start(source: Channel, *, names: list[str], targets: list[Channel], by: User, note: str = "") -> Copy:
    """Note what is to be copied, as it stands now, and hand it to a worker once the transaction is kept."""
    now = timezone.now()
    copy = Copy.objects.create(
        source=source,
        areas=[one.name for one in areas_of(source.kind) if one.name in set(names)],
        sections=_said(source, names),
        note=" ".join(note.split())[:500],
        asked_by=by,
        asked_by_label=str(by),
        asked_at=now,
        touched_at=now,
    )
    CopyTarget.objects.bulk_create([CopyTarget(copy=copy, channel=channel) for channel in targets])
    record(
        _ASKED[_is_guide(source)], by=by, subject=source.public_id, channel=source.name, count=len(targets)
    )
    _hand_over(copy)
    return copy


def undo(copy: Copy, *, by: User) -> Copy:
    """Give every channel back what it had, except where somebody has changed it since. Asked for twice it is one act."""
    copy = Copy.objects.select_for_update().select_related("source").get(pk=copy.pk)
    there = Copy.objects.filter(undo_of=copy).first()
    if there is not None or copy.undo_of_id is not None:
        return there or copy
    now = timezone.now()
    undoing = Copy.objects.create(
        source=copy.source,
        areas=copy.areas,
        sections={},
        asked_by=by,
        asked_by_label=str(by),
        asked_at=now,
        touched_at=now,
        undo_of=copy,
    )
    done = list(copy.targets.filter(state=CopyTarget.State.DONE))
    CopyTarget.objects.bulk_create([CopyTarget(copy=undoing, channel_id=one.channel_id) for one in done])
    record(
        _UNDONE[_is_guide(copy.source)],
        by=by,
        subject=copy.source.public_id,
        channel=copy.source.name,
        count=len(done),
    )
    _hand_over(undoing)
    return undoing


def work(tenant_id: int, copy_id: int) -> int:
    """Do what is left of a copy, channel by channel; returns how many were done here. Two workers share the rest."""
    done = 0
    while _one(tenant_id, copy_id):
        done += 1
    return done


def resting(limit: int = 50) -> list[tuple[int, int]]:
    """(organisation's id, copy's id) of copies that no worker has gone on with for a while."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tenant_id, copy_id FROM publishing_resting_copies(%s)", [limit])
        return [(int(tenant), int(copy)) for tenant, copy in cursor.fetchall()]


def _one(tenant_id: int, copy_id: int) -> bool:
    with tenant_scope(tenant_id):
        target = (
            CopyTarget.objects.select_for_update(skip_locked=True, of=("self",))
            .select_related("copy", "copy__source", "channel")
            .filter(copy_id=copy_id, state=CopyTarget.State.WAITING)
            .order_by("pk")
            .first()
        )
        if target is None:
            return False
        by = asker(target.copy.asked_by_id)
        with translation.override(by.language if by else "fr"):
            _carry_out(target, by)
        target.save()
        Copy.objects.filter(pk=copy_id).update(touched_at=timezone.now())
    return True


def _is_guide(channel: Channel) -> bool:
    return channel.kind == Channel.Kind.GUIDE


def asker(user_id: int | None) -> User | None:
    """The person, unless their account is gone."""
    return None if user_id is None else User.objects.filter(pk=user_id).first()


def _carry_out(target: CopyTarget, by: User | None) -> None:
    channel = Channel.every.select_for_update().filter(pk=target.channel_id).first()
    if channel is None:
        target.state, target.message = CopyTarget.State.SKIPPED, _("It was deleted.")
        return
    copy = target.copy
    if not still_may(copy.asked_by_id, Role.ADMIN):
        target.state = CopyTarget.State.SKIPPED
        target.message = _("%(name)s is no admin of this organisation any more.") % {
            "name": copy.asked_by_label
        }
        return
    chosen = [one for one in areas_of(channel.kind) if one.name in copy.areas]
    now = {one.name: one.dump(channel) for one in chosen}
    if copy.undo_of_id is None:
        taken = {one.name: copy.sections[one.name] for one in chosen if one.name in copy.sections}
        wanted = moved(taken, copy.sections, channel)
    else:
        first = CopyTarget.objects.select_related("copy").get(copy_id=copy.undo_of_id, channel=channel)
        wanted = first.before
        copied = _made(first)
        if any(now[name] not in (copied.get(name), wanted.get(name)) for name in now):
            target.state = CopyTarget.State.SKIPPED
            target.message = _("Somebody made a change after the copy; it was left alone.")
            return
    changed = [one for one in chosen if one.name in wanted and now[one.name] != wanted[one.name]]
    if not changed:
        target.state = CopyTarget.State.UNCHANGED
        return
    try:
        with transaction.atomic(), acting(by):
            for one in changed:
                one.load(channel, wanted[one.name])
            release = publish(channel, areas=[one.name for one in changed], by=by, note=_note(copy))
            record(
                (_COPIED if copy.undo_of_id is None else _COPY_UNDONE)[_is_guide(channel)],
                by=by,
                subject=channel.public_id,
                source=copy.source.name,
                channel=channel.name,
                areas=[one.name for one in changed],
            )
    except NotPublishable as refused:
        target.state = CopyTarget.State.REFUSED
        target.message = " ".join(str(problem.message) for problem in refused.problems[:5])
        return
    target.state, target.release, target.before = CopyTarget.State.DONE, release.number, now


def _made(done: CopyTarget) -> Mapping[str, Section]:
    """The sections a channel had after the copy."""
    if done.release is None:
        return {}
    made: Mapping[str, Section] = Release.objects.get(
        channel_id=done.channel_id, number=done.release
    ).sections
    return made


def _note(copy: Copy) -> str:
    if copy.undo_of_id is not None:
        return _("Copy from “%(source)s” undone") % {"source": copy.source.name}
    return (
        _("Copied from “%(source)s”") % {"source": copy.source.name}
        + (f" · {copy.note}" if copy.note else "")
    )[:500]


def _hand_over(copy: Copy) -> None:
    tenant_id, copy_id = current_tenant_id(), copy.pk

    def send() -> None:
        from publishing.tasks import copy as task  # noqa: PLC0415 - the task leads back here

        try:
            task.apply_async((tenant_id, copy_id), retry=False, ignore_result=True)
        except (OperationalError, RedisError, OSError) as error:
            log.warning("copy not announced", why=str(error), copy=copy_id)

    transaction.on_commit(send, robust=True)
