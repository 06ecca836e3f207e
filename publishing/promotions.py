"""Putting a release live: checked, with a note and a checklist, at once, at a time, or once a second person has approved."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import structlog
from django.db import DatabaseError, connection, transaction
from django.db.models import Q, Subquery
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from areas.contract import NotPublishable, Problem
from audit.sentences import register
from audit.services import record
from channels_config.models import Channel
from publishing.compile import problems
from publishing.models import Promotion, Release, Rules, Switch
from publishing.services import OPEN, NotPromotable, promotable, promote
from tenants.scope import tenant_scope

log = structlog.get_logger(__name__)

register(
    "promotion.requested",
    _("%(actor)s asked for approval to put release %(release)s of the channel “%(channel)s” live"),
)
register(
    "promotion.approved", _("%(actor)s approved release %(release)s of the channel “%(channel)s” for live")
)
register(
    "promotion.scheduled",
    _("%(actor)s scheduled release %(release)s of the channel “%(channel)s” to go live on %(at)s"),
    at=lambda text: in_words(datetime.fromisoformat(text)),
)
register(
    "promotion.cancelled",
    _("%(actor)s called off putting release %(release)s of the channel “%(channel)s” live"),
)
register(
    "promotion.failed",
    _("%(actor)s could not put release %(release)s of the channel “%(channel)s” live as scheduled"),
)
#: Of a time when it was not told what the rules became.
register("rules.changed", _("%(actor)s changed how releases of the channel “%(channel)s” go live"))
register(
    "rules.set",
    _("%(actor)s decided how releases of the channel “%(channel)s” go live: %(rules)s"),
    rules=lambda kept: ", ".join(rules_in_words(**kept)),
)

#: Why a promotion was not carried out when its time came.
FAILURES = {
    "newer": _("Live had a newer release already, or the release was no longer there."),
    "problems": _("The checks found something wrong with the release."),
    "checklist": _("The checklist was changed meanwhile: it has to be gone through again."),
}
MOST_CHECKS = 20
CHECK_LENGTH = 200


class WarningsUnseen(Exception):
    """The checks have warnings, and nobody has said yet that they were read."""

    def __init__(self, warnings: list[Problem]) -> None:
        super().__init__(f"{len(warnings)} warnings")
        self.warnings = warnings


def rules_of(channel: Channel) -> Rules:
    """The channel's rules; those of a channel without a row are unsaved."""
    return Rules.objects.filter(channel=channel).first() or Rules(channel=channel)


def rules_in_words(*, live_on_save: bool, four_eyes: bool, checklist: list[str]) -> list[str]:
    """How releases go live, a phrase for each rule."""
    words = [gettext("every save at once") if live_on_save else gettext("by a person, once it was tested")]
    if four_eyes:
        words.append(gettext("with a second person’s approval"))
    if checklist:
        words.append(
            ngettext(
                "after a checklist of %(count)s point",
                "after a checklist of %(count)s points",
                len(checklist),
            )
            % {"count": len(checklist)}
        )
    return words


def in_words(moment: datetime) -> str:
    """A day and a time by the clock it carries, which is named: of an hour that comes twice, it says which."""
    offset = f"{moment:%z}"
    return gettext("%(day)s, %(time)s (%(clock)s)") % {
        "day": date_format(moment, "j F Y"),
        "time": f"{moment:%H:%M}",
        "clock": f"UTC{offset[:3].replace('-', '−')}:{offset[3:5]}" if offset else "UTC",
    }


def set_rules(
    channel: Channel, *, live_on_save: bool, four_eyes: bool, checklist: list[str], by: User | None
) -> Rules:
    """Say how releases of this channel go live. Raises ValueError for rules that exclude each other.

    What one person alone has planned waits for approval once two are asked for.
    """
    Channel.every.select_for_update().get(pk=channel.pk)
    if live_on_save and (four_eyes or checklist):
        raise ValueError("publishing on save leaves no time for a second person or a checklist")
    rules = rules_of(channel)
    wanted = (live_on_save, four_eyes, checklist)
    if (rules.live_on_save, rules.four_eyes, rules.checklist) != wanted:
        rules.live_on_save, rules.four_eyes, rules.checklist = wanted
        rules.save()
        record(
            "rules.set",
            by=by,
            subject=channel.public_id,
            channel=channel.name,
            rules={"live_on_save": live_on_save, "four_eyes": four_eyes, "checklist": checklist},
        )
        if four_eyes:
            # What one person has planned alone needs the second one's word now.
            Promotion.objects.filter(
                channel=channel, state=Promotion.State.SCHEDULED, approved_by_label=""
            ).update(state=Promotion.State.WAITING)
    return rules


def checked(release: Release) -> tuple[list[Problem], list[Problem]]:
    """What the checks find in a release today: (blocking problems, warnings)."""
    found = problems(release.sections)
    return [one for one in found if one.blocking], [one for one in found if not one.blocking]


def open_promotion(channel: Channel) -> Promotion | None:
    """The one that waits for approval or for its time."""
    return Promotion.objects.filter(channel=channel, state__in=OPEN).first()


def open_and_failed(channel: Channel) -> tuple[Promotion | None, Promotion | None]:
    """The one that is still to come, and the newest that was not carried out; one query."""
    failed = Promotion.objects.filter(channel=channel, state=Promotion.State.FAILED).order_by("-asked_at")
    found = Promotion.objects.filter(channel=channel).filter(
        Q(state__in=OPEN) | Q(pk=Subquery(failed.values("pk")[:1]))
    )
    by_state = {one.state == Promotion.State.FAILED: one for one in found}
    return by_state.get(False), by_state.get(True)


def rules_and_switch(channel: Channel) -> tuple[Rules, Switch | None]:
    """How releases of the channel go live, and how its emergency switch stands; one query."""
    found = Channel.every.select_related("publication_rules", "emergency_switch").get(pk=channel.pk)
    rules: Rules | None = getattr(found, "publication_rules", None)
    switch: Switch | None = getattr(found, "emergency_switch", None)
    return rules or Rules(channel=channel), switch


def ask(
    channel: Channel,
    *,
    number: int,
    by: User,
    note: str = "",
    ticked: Iterable[int] = (),
    warnings_seen: bool = False,
    at: datetime | None = None,
    time_zone: str = "",
) -> Promotion:
    """Ask for a release to go live, by the channel's rules; returns what became of it.

    `ticked` are the places, from 0, of the checklist's sentences that are true; `at` is when, None for now. Raises NotPromotable,
    NotPublishable (problems), WarningsUnseen.
    """
    Channel.every.select_for_update().get(pk=channel.pk)
    release = promotable(channel, number)
    blocking, warnings = checked(release)
    if blocking:
        raise NotPublishable(blocking)
    if warnings and not warnings_seen:
        raise WarningsUnseen(warnings)
    rules = rules_of(channel)
    if set(range(len(rules.checklist))) - set(ticked):
        raise NotPromotable(_("Every point of the checklist has to be ticked."))
    if at is not None and at <= timezone.now():
        raise NotPromotable(_("The time of publication lies in the past."))
    if (rules.four_eyes or at is not None) and open_promotion(channel) is not None:
        raise NotPromotable(_("Another publication of this channel is planned already; call it off first."))
    promotion = Promotion(
        channel=channel,
        number=release.number,
        digest=release.digest,
        note=" ".join(note.split())[:500],
        checklist=list(rules.checklist),
        asked_by=by,
        asked_by_label=str(by),
        asked_at=timezone.now(),
        at=at,
        time_zone=time_zone,
    )
    if rules.four_eyes:
        promotion.state = Promotion.State.WAITING
        promotion.save()
        _record("promotion.requested", promotion, by=by)
    elif at is not None:
        promotion.state = Promotion.State.SCHEDULED
        promotion.save()
        _record("promotion.scheduled", promotion, by=by, at=at.isoformat(timespec="minutes"))
    else:
        promote(channel, by=by, number=release.number, cleared=True)
        promotion.state = Promotion.State.DONE
        promotion.ended_at = timezone.now()
        promotion.save()
    return promotion


def decided(promotion: Promotion) -> str:
    """What became of one that somebody else has decided on meanwhile, in a sentence."""
    words = {"who": promotion.approved_by_label, "number": promotion.number}
    if promotion.state == Promotion.State.CANCELLED:
        return gettext("Putting release %(number)s live was called off in the meantime.") % words
    if promotion.state == Promotion.State.FAILED:
        return gettext("Release %(number)s was not put live as planned.") % words
    if promotion.approved_by_label:
        return gettext("%(who)s has approved release %(number)s already.") % words
    if promotion.state == Promotion.State.DONE:
        return gettext("Release %(number)s has gone live already.") % words
    return gettext("Release %(number)s needs nobody’s approval any more.") % words


def _locked(promotion: Promotion) -> None:
    """Its channel comes first, as wherever something goes live."""
    Channel.all_objects.select_for_update().filter(pk=promotion.channel_id).first()


def approve(promotion: Promotion, *, by: User) -> Promotion:
    """The second person's word: it goes live, or waits for its time. Raises NotPromotable, NotPublishable."""
    _locked(promotion)
    promotion = Promotion.objects.select_for_update().select_related("channel").get(pk=promotion.pk)
    if promotion.state != Promotion.State.WAITING:
        raise NotPromotable(decided(promotion))
    if promotion.asked_by_id == by.pk:
        raise NotPromotable(_("Somebody else than the person who asked has to approve."))
    if not _checklist_holds(promotion):
        raise NotPromotable(FAILURES["checklist"])
    promotion.approved_by_label = str(by)
    # Nothing of an approval stays that came to nothing.
    with transaction.atomic():
        _record("promotion.approved", promotion, by=by)
        if promotion.at is not None and promotion.at > timezone.now():
            promotion.state = Promotion.State.SCHEDULED
        else:
            promote(promotion.channel, by=by, number=promotion.number, cleared=True)
            promotion.state = Promotion.State.DONE
            promotion.ended_at = timezone.now()
        promotion.save()
    return promotion


def _checklist_holds(promotion: Promotion) -> bool:
    """Whether every point of the channel's checklist of today was ticked when it was asked for."""
    return set(rules_of(promotion.channel).checklist) <= set(promotion.checklist)


def cancel(promotion: Promotion, *, by: User) -> Promotion:
    """Call it off. Raises NotPromotable when it is too late."""
    _locked(promotion)
    promotion = Promotion.objects.select_for_update().select_related("channel").get(pk=promotion.pk)
    if promotion.state not in OPEN:
        raise NotPromotable(decided(promotion))
    promotion.state = Promotion.State.CANCELLED
    promotion.ended_at = timezone.now()
    promotion.save()
    _record("promotion.cancelled", promotion, by=by)
    return promotion


def carry_out_due(limit: int = 100) -> int:
    """Put live what was scheduled for by now; returns how many were decided. Safe to run twice, or by two workers at once.

    What the database undid (a deadlock, say) stays due, and keeps no other from its time.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT tenant_id, promotion_id FROM publishing_due_promotions(%s)", [limit])
        due = cursor.fetchall()
    carried_out = 0
    for tenant_id, promotion_id in due:
        try:
            carried_out += _carry_out(tenant_id, promotion_id)
        except DatabaseError:
            log.exception("scheduled publication", promotion=promotion_id)
    return carried_out


def _carry_out(tenant_id: int, promotion_id: int) -> bool:
    with tenant_scope(tenant_id):
        # The channel first, as wherever something goes live: whoever calls it off this moment holds it.
        where = Promotion.objects.filter(pk=promotion_id).values("channel")
        Channel.all_objects.select_for_update().filter(pk__in=where).first()
        promotion = (
            Promotion.objects.select_for_update(skip_locked=True, of=("self",))
            .select_related("channel")
            .filter(pk=promotion_id, state=Promotion.State.SCHEDULED)
            .first()
        )
        if promotion is None:
            return False
        by = None if promotion.asked_by_id is None else User.objects.filter(pk=promotion.asked_by_id).first()
        try:
            if _checklist_holds(promotion):
                promote(promotion.channel, by=by, number=promotion.number, cleared=True)
                promotion.state = Promotion.State.DONE
            else:
                promotion.state, promotion.failure = Promotion.State.FAILED, "checklist"
        except (NotPromotable, Channel.DoesNotExist):
            promotion.state, promotion.failure = Promotion.State.FAILED, "newer"
        except NotPublishable:
            promotion.state, promotion.failure = Promotion.State.FAILED, "problems"
        promotion.ended_at = timezone.now()
        promotion.save()
        if promotion.state == Promotion.State.FAILED:
            _record("promotion.failed", promotion, by=None)
    log.info("scheduled publication", promotion=promotion_id, state=str(promotion.state))
    return True


def _record(action: str, promotion: Promotion, *, by: User | None, **more: str) -> None:
    record(
        action,
        by=by,
        subject=promotion.channel.public_id,
        release=promotion.number,
        channel=promotion.channel.name,
        **({"note": promotion.note} if promotion.note and action != "promotion.failed" else {}),
        **more,
    )
