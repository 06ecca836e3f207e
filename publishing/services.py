"""Numbering releases and bringing them to the environments."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

import structlog
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.models import Exists, Max, Min, QuerySet, Subquery
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from accounts.models import User
from audit.sentences import register
from audit.services import record
from channels_config.models import Channel
from kit.secrets import Unreadable
from publishing.announce import announce
from publishing.compile import (
    NotPublishable,
    channel_facts,
    disarmed,
    document,
    private_sections,
    problems,
    release_digest,
    sections,
    written,
)
from publishing.environments import Environment, environments
from publishing.models import (
    DUE,
    Arrival,
    Delivery,
    EnvironmentName,
    Promotion,
    Release,
    Rules,
    Switch,
)
from publishing.nudge import nudge
from publishing.push import Numbers, PushFailed, Seen, push, visible_release
from publishing.snapshot import Snapshot, SnapshotRefused, now_text, seal
from tenants.models import Organisation
from tenants.prepared import Prepared
from tenants.scope import current_tenant_id, tenant_scope

log = structlog.get_logger(__name__)

register("release.promoted", _("%(actor)s put release %(release)s of the channel “%(channel)s” live"))

register(
    "deliveries.retried",
    _("%(actor)s had the channel “%(channel)s” delivered again at once: %(where)s"),
    where=lambda kept: ", ".join(place_in_words(environment, region) for environment, region in kept),
)
register(
    "deliveries.all_retried",
    ngettext_lazy(
        "%(actor)s had %(count)s delivery that had failed tried again at once",
        "%(actor)s had %(count)s deliveries that had failed tried again at once",
        "count",
    ),
)

#: Seconds to wait after the 1st, 2nd, … failed attempt; the last one repeats.
BACKOFF = (1, 2, 5, 10, 30, 60)
#: The same for what this console has no place for any more: thousands of rows of a region that was given up take nobody's time.
NO_PLACE = 3600
#: How long the worker looks for a pushed release on the public URL before it counts the attempt as failed, in seconds.
READ_BACK_WITHIN = 10.0
#: The largest release number there can be: PostgreSQL's integer.
LARGEST_NUMBER = 2**31 - 1

#: States of a promotion that is still to come.
OPEN = (Promotion.State.WAITING, Promotion.State.SCHEDULED)

Outcome = Literal["current", "busy", "failed", "superseded", "gone"]


class NotPromotable(Exception):
    """A release cannot go live; `sentence` says why, for the person who asked."""

    def __init__(self, sentence: str | Promise) -> None:
        super().__init__(str(sentence))
        self.sentence = sentence


def publish(
    channel: Channel, *, areas: list[str], by: User | None, note: str = "", restored: int | None = None
) -> Release:
    """Number what the drafts say now as a release, and want it in the test environment.

    Runs inside the scope that saved the drafts, with the channel row locked. A save that changes nothing makes no new
    release: the newest one is wanted again. Where the channel's rules say so, the release is wanted in live, too.
    `restored` is the release whose content the drafts were brought back to. Raises NotPublishable.
    """
    all_sections = written(sections(channel))
    blocking = [problem for problem in problems(all_sections) if problem.blocking]
    if blocking:
        raise NotPublishable(blocking)
    facts = channel_facts(channel)
    newest, live_on_save, ahead = _newest_and_rule(channel)
    content = release_digest(facts, all_sections)
    if newest is not None and newest.digest == content and not newest.removed and ahead < newest.number:
        release = newest
    else:
        release = number_release(
            channel,
            newest,
            facts,
            all_sections,
            content,
            above=ahead,
            areas=areas,
            by=by,
            note=note,
            restored=restored,
        )
    now = timezone.now()
    want(channel, EnvironmentName.TEST, release, at=now)
    if live_on_save:
        _put_live(channel, release, by=by, at=now)
    return release


def _newest_and_rule(channel: Channel) -> tuple[Release | None, bool, int]:
    """The newest release, whether what is saved goes live at once, and `ahead_anywhere`; one query of a channel that was published
    before."""
    found: Any = _newest.first(channel.pk)
    if found is None:
        return None, Rules.objects.filter(channel=channel, live_on_save=True).exists(), 0
    return found, bool(found.live_on_save), found.ahead or 0


def _newest_and_rule_of(channel: int) -> QuerySet[Release]:
    at_once = Rules.objects.filter(channel=channel, live_on_save=True)
    there = Delivery.objects.filter(channel=channel).order_by("-ahead").values("ahead")[:1]
    light = Release.objects.filter(channel=channel).defer("sections", "channel_facts")
    return light.annotate(live_on_save=Exists(at_once), ahead=Subquery(there)).order_by("-number")[:1]


_newest = Prepared(_newest_and_rule_of, int)


def ahead_anywhere(channel: Channel) -> int:
    """The largest number that any region was found to have instead of what it was to get; 0 for none."""
    return Delivery.objects.filter(channel=channel).aggregate(most=Max("ahead"))["most"] or 0


def retire(channel: Channel, *, by: User | None) -> Release:
    """A last release that takes the channel off every environment that has it; its number stays taken."""
    facts = channel_facts(channel)
    all_sections = written(sections(channel))
    release = number_release(
        channel,
        newest_release(channel),
        facts,
        all_sections,
        release_digest(facts, all_sections),
        above=ahead_anywhere(channel),
        areas=[],
        by=by,
        removed=True,
    )
    served = (
        Delivery.objects.filter(channel=channel).order_by().values_list("environment", flat=True).distinct()
    )
    for environment in list(served):
        want(channel, environment, release, at=release.created_at)
    Promotion.objects.filter(channel=channel, state__in=OPEN).update(
        state=Promotion.State.CANCELLED, ended_at=release.created_at
    )
    return release


def promote(
    channel: Channel, *, by: User | None, number: int | None = None, cleared: bool = False
) -> Release:
    """Want in live exactly the release that the test environment serves (or its release `number`); returns it.

    Asked for again it records nothing. Raises NotPromotable when the test environment has not confirmed that release, live has a
    newer one, or the channel's rules ask for more than one person's word; NotPublishable when what is checked today holds
    the release back. `cleared`: the rules have been kept (publishing.promotions).
    """
    Channel.every.select_for_update().get(pk=channel.pk)
    rules = Rules.objects.filter(channel=channel).first()
    if not cleared and rules is not None and rules.four_eyes:
        raise NotPromotable(_("A second person has to approve what goes live on this channel."))
    if not cleared and rules is not None and rules.checklist:
        raise NotPromotable(
            _("The checklist of this channel has to be gone through before anything goes live.")
        )
    release = promotable(channel, number, seen=cleared)
    blocking = [problem for problem in problems(release.sections) if problem.blocking]
    if blocking:
        raise NotPublishable(blocking)
    _put_live(channel, release, by=by, at=timezone.now())
    return release


def promotable(channel: Channel, number: int | None = None, *, seen: bool = False) -> Release:
    """The release that test serves, or `number`, which it served before, if it may go live. Raises NotPromotable.

    `seen`: that it was to be seen in test was found when it was asked for.
    """
    test = confirmed_everywhere(channel, EnvironmentName.TEST)
    if not test:
        raise NotPromotable(_("The test environment does not have this channel yet."))
    wanted = test if number is None else number
    if wanted > test:
        raise NotPromotable(_("Nobody can have seen this release in test yet."))
    if wanted < test and not seen and not was_in_test(channel, wanted):
        raise NotPromotable(
            _(
                "Nobody can have seen this release in test: a newer one was there first, or it is too long ago."
            )
        )
    release = Release.objects.filter(channel=channel, number=wanted).first()
    if release is None or release.removed:
        raise NotPromotable(_("There is no such release of this channel."))
    if wanted_in(channel, EnvironmentName.LIVE) > release.number:
        raise NotPromotable(_("Live has a newer release already."))
    if Delivery.objects.filter(
        channel=channel, environment=EnvironmentName.LIVE, ahead__gte=release.number
    ).exists():
        raise NotPromotable(
            _(
                "Live has a release that this console does not know, under a larger number. Save the channel, look at it in test, "
                "and put that live."
            )
        )
    return release


def was_in_test(channel: Channel, number: int) -> bool:
    """Whether a worker saw that very release at the public address of test. Of saves in quick succession only the newest is brought
    there; what was seen is remembered for as long as arrivals are."""
    return Arrival.objects.filter(channel=channel, environment=EnvironmentName.TEST, release=number).exists()


def wanted_in(channel: Channel, environment: str) -> int:
    """The release asked for in an environment; 0 when none was."""
    found: int | None = Delivery.objects.filter(channel=channel, environment=environment).aggregate(
        newest=Max("wanted")
    )["newest"]
    return found or 0


def confirmed_everywhere(channel: Channel, environment: str) -> int:
    """The release that every region of an environment has, at least; 0 when one has none."""
    known = environments().get(environment)
    regions = [place.name for place in known.places] if known else [""]
    found: int | None = Delivery.objects.filter(
        channel=channel, environment=environment, region__in=regions
    ).aggregate(least=Min("confirmed"))["least"]
    return found or 0


def _put_live(channel: Channel, release: Release, *, by: User | None, at: datetime) -> None:
    if wanted_in(channel, EnvironmentName.LIVE) < release.number:
        record(
            "release.promoted", by=by, subject=channel.public_id, release=release.number, channel=channel.name
        )
        announce("release.promoted", channel_id=channel.pk, release=release.number, environment="live")
    want(channel, EnvironmentName.LIVE, release, at=at)


def place_in_words(environment: str, region: str) -> str:
    """ "Live · Ouest"; the environment alone where it is one place."""
    return " · ".join(str(one) for one in (EnvironmentName(environment).label, region) if one)


def try_again(channel: Channel, *, by: User | None, only: int | None = None) -> list[str]:
    """Try at once what waits for its next attempt; returns the names of the environments concerned.

    `only`: this one delivery of the channel (its key).
    """
    found = Delivery.objects.filter(channel=channel)
    tried = _retry_now(found if only is None else found.filter(pk=only))
    if tried:
        where = [[one.environment, one.region] for one in tried]
        record("deliveries.retried", by=by, subject=channel.public_id, channel=channel.name, where=where)
    return [one.environment for one in tried]


def try_all_again(*, by: User | None) -> int:
    """Try at once whatever failed in the organisation in force; returns how many deliveries that is."""
    count = len(_retry_now(Delivery.objects.exclude(last_error="")))
    if count:
        record("deliveries.all_retried", by=by, count=count)
    return count


def _retry_now(deliveries: QuerySet[Delivery]) -> list[Delivery]:
    """Make these due, as far as there is something to deliver; returns those."""
    waiting = list(deliveries.filter(DUE).select_for_update(of=("self",)).order_by("pk"))
    now = timezone.now()
    Delivery.objects.filter(pk__in=[one.pk for one in waiting]).update(next_attempt_at=now)
    for delivery in waiting:
        delivery.next_attempt_at = now
        _nudge_on_commit(delivery.pk)
    return waiting


def newest_release(channel: Channel) -> Release | None:
    """The newest release; its bulky parts are fetched when asked for."""
    return (
        Release.objects.filter(channel=channel).defer("sections", "channel_facts").order_by("-number").first()
    )


def want(channel: Channel, environment: str, release: Release, *, at: datetime) -> None:
    """Write the outbox row of every region, and nudge workers once the transaction is kept. Never lowers what is wanted."""
    known = environments().get(environment)
    regions = [place.name for place in known.places] if known else [""]
    with connection.cursor() as cursor:
        # Nearly always the rows are there and want less: one statement.
        cursor.execute(
            "UPDATE publishing_delivery SET wanted = %s, wanted_at = %s, next_attempt_at = %s, attempts = 0, last_error = '', "
            "due_since = CASE WHEN wanted > confirmed OR wanted_revision > confirmed_revision "
            "THEN coalesce(due_since, wanted_at) ELSE %s END "
            "WHERE tenant_id = %s AND channel_id = %s AND environment = %s AND region = ANY(%s::text[]) AND wanted < %s "
            "RETURNING id, region",
            [
                release.number,
                at,
                at,
                at,
                current_tenant_id(),
                channel.pk,
                environment,
                regions,
                release.number,
            ],
        )
        written_to = dict(cursor.fetchall())
    for number in written_to:
        _nudge_on_commit(number)
    regions = [region for region in regions if region not in written_to.values()]
    revision = 0
    if regions:
        # A region that was added gets what the others have: the emergency switch is turned for all of them.
        others = Delivery.objects.filter(channel=channel, environment=environment)
        revision = others.aggregate(newest=Max("wanted_revision"))["newest"] or 0
    for region in regions:
        delivery, _created = Delivery.objects.get_or_create(
            channel=channel,
            environment=environment,
            region=region,
            defaults={
                "wanted": release.number,
                "wanted_revision": revision,
                "wanted_at": at,
                "due_since": at,
                "next_attempt_at": at,
            },
        )
        if delivery.due:
            _nudge_on_commit(delivery.pk)


def want_revision(channel: Channel, environment: str, revision: int, *, at: datetime) -> int:
    """Want what is published in an environment once more, as the switch stands now; returns in how many regions."""
    deliveries = list(
        Delivery.objects.select_for_update().filter(channel=channel, environment=environment).order_by("pk")
    )
    for delivery in deliveries:
        delivery.due_since = delivery.behind_since if delivery.due else at
        delivery.wanted_revision = revision
        delivery.wanted_at = at
        delivery.next_attempt_at = at
        delivery.attempts = 0
        delivery.last_error = ""
        delivery.save(
            update_fields=[
                "wanted_revision",
                "wanted_at",
                "due_since",
                "next_attempt_at",
                "attempts",
                "last_error",
            ]
        )
        _nudge_on_commit(delivery.pk)
    return len(deliveries)


def enrol_region(channel: Channel, environment: str, region: str) -> None:
    """A region that was added, or is back after it had been given up, wants what the others have."""
    newest = Delivery.objects.filter(channel=channel, environment=environment).aggregate(
        release=Max("wanted"), revision=Max("wanted_revision")
    )
    if newest["release"] is None:
        return
    now = timezone.now()
    wanted = {
        "wanted": newest["release"],
        "wanted_revision": newest["revision"],
        "wanted_at": now,
        "due_since": now,
        "next_attempt_at": now,
    }
    delivery, created = Delivery.objects.get_or_create(
        channel=channel, environment=environment, region=region, defaults=wanted
    )
    if not created:
        # As far as it had come when it was given up.
        Delivery.objects.filter(pk=delivery.pk).update(**wanted, attempts=0, last_error="")
    _nudge_on_commit(delivery.pk)


def _nudge_on_commit(delivery_id: int) -> None:
    tenant_id = current_tenant_id()
    transaction.on_commit(lambda: nudge(tenant_id, delivery_id), robust=True)


def number_release(
    channel: Channel,
    newest: Release | None,
    facts: dict[str, Any],
    all_sections: dict[str, Any],
    content: str,
    *,
    above: int,
    areas: list[str],
    by: User | None,
    note: str = "",
    removed: bool = False,
    restored: int | None = None,
) -> Release:
    """A new release of these facts and sections, above the newest and above `above` (`ahead_anywhere`)."""
    release = Release.objects.create(
        channel=channel,
        number=max(newest.number if newest else 0, above) + 1,
        channel_facts=facts,
        sections=all_sections,
        digest=content,
        removed=removed,
        areas=areas,
        author=by,
        author_label=str(by) if by else "chatadmin",
        note=note,
        restored=restored,
        created_at=timezone.now(),
    )
    announce("release.created", channel_id=channel.pk, release=release.number)
    return release


@dataclass(frozen=True)
class Due:
    tenant_id: int
    delivery_id: int


def due_deliveries(limit: int = 500) -> list[Due]:
    """Deliveries with work to do, of all organisations: ids only, by a function that runs as the owner of the tables."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tenant_id, delivery_id FROM publishing_due_deliveries(%s)", [limit])
        return [Due(*row) for row in cursor.fetchall()]


def deliver_until_current(tenant_id: int, delivery_id: int) -> Outcome:
    """Bring the newest wanted release to its environment; goes on while saves keep coming in.

    One worker at a time per delivery, by a session advisory lock that PostgreSQL frees when the worker dies. The row itself
    is never locked during the push, so a save never waits for a slow environment (docs/adr/0003-delivery-lock.md).
    """
    return go_on(tenant_id, delivery_id, DeliveryLock(delivery_id))


def go_on(tenant_id: int, delivery_id: int, lock: DeliveryLock) -> Outcome:
    """The same under a lock that may be held already; it is let go of in any case."""
    try:
        while (outcome := _deliver_once(tenant_id, delivery_id, lock)) == "superseded":
            continue
    finally:
        lock.release()
    return outcome


def _deliver_once(tenant_id: int, delivery_id: int, lock: DeliveryLock) -> Outcome:
    """One attempt; "superseded" when a newer release is wanted by now, with the lock still held."""
    with tenant_scope(tenant_id):
        if not lock.acquire():
            return "busy"
        delivery = Delivery.objects.select_related("tenant").filter(pk=delivery_id).first()
        if delivery is None:
            return "gone"
        if not delivery.due:
            # Under the row's lock, for the reason given in _confirm.
            return _confirm(delivery_id, lock)
        release = Release.objects.get(channel_id=delivery.channel_id, number=delivery.wanted)
        switch = None
        if delivery.wanted_revision:
            switch = Switch.objects.filter(channel_id=delivery.channel_id).first()
        known = environments().get(delivery.environment)
        environment = None if known is None else known.at(delivery.region)
        ready: Ready | str = "not_configured"
        if environment is not None:
            ready = made_ready(release, environment, delivery.tenant, switch)
    tried = (release.number, delivery.wanted_revision)
    if environment is None or isinstance(ready, str):
        return _failed(tenant_id, delivery_id, tried, PushFailed(str(ready)), lock)
    snapshot = ready.snapshot
    tried = max(tried, (release.number, snapshot.revision))
    try:
        push(environment, ready.sealed)
        _wait_until_visible(environment, snapshot)
    except PushFailed as failure:
        return _failed(tenant_id, delivery_id, tried, failure, lock)
    shown = _Shown(release, snapshot.revision, timezone.now())
    with tenant_scope(tenant_id):
        outcome = _confirm(delivery_id, lock, shown)
    log.info(
        "delivered",
        environment=environment.name,
        region=delivery.region,
        channel=snapshot.channel,
        release=release.number,
    )
    return outcome


@dataclass(frozen=True)
class _Shown:
    """What the worker saw at the public address, and when."""

    release: Release
    revision: int
    at: datetime


def _confirm(delivery_id: int, lock: DeliveryLock, shown: _Shown | None = None) -> Outcome:
    """Note what is visible, and see whether that is all that is wanted; if so, let go of the lock.

    The row is locked here, so a save that wants more either has committed (it is seen now) or will commit, and nudge, after this
    transaction: its worker then finds the lock free. No save is forgotten between looking and letting go.
    """
    delivery = Delivery.objects.select_for_update().filter(pk=delivery_id).first()
    if delivery is None:
        return "gone"
    if shown is not None:
        number = shown.release.number
        since = delivery.wanted_at if delivery.wanted == number else shown.release.created_at
        took = min(max(0, round((shown.at - since).total_seconds() * 1000)), LARGEST_NUMBER)
        Arrival.objects.create(
            channel_id=delivery.channel_id,
            environment=delivery.environment,
            region=delivery.region,
            release=number,
            revision=shown.revision,
            visible_at=shown.at,
            visible_in_ms=took,
            attempts=delivery.attempts + 1,
        )
        delivery.confirmed = max(delivery.confirmed, number)
        delivery.confirmed_revision = max(delivery.confirmed_revision, shown.revision)
        delivery.visible_at = shown.at
        delivery.visible_in_ms = took
        delivery.attempts = 0
        delivery.last_error = ""
        delivery.save(update_fields=_CONFIRMED_FIELDS)
        announce(
            "release.visible",
            channel_id=delivery.channel_id,
            release=number,
            environment=delivery.environment,
            region=delivery.region,
            visible_in_ms=took,
        )
    if delivery.due:
        return "superseded"
    lock.release()
    return "current"


_CONFIRMED_FIELDS = (
    "confirmed",
    "confirmed_revision",
    "visible_at",
    "visible_in_ms",
    "attempts",
    "last_error",
)


def snapshot_of(
    release: Release, environment: Environment, organisation: Organisation, switch: Switch | None = None
) -> Snapshot:
    """A release as an environment gets it; within the organisation's scope. Raises Unreadable for a secret no key opens.

    With the emergency switch turned it is hidden, or without the organisation's own code.
    """
    facts = release.channel_facts
    removed = release.removed or (switch is not None and switch.hidden)
    all_sections = release.sections
    if switch is not None and switch.scripts_off:
        all_sections = disarmed(all_sections)
    return Snapshot(
        environment="live" if environment.name == "live" else "test",
        brand=organisation.number,
        organisation=organisation.name,
        channel=facts["public_id"],
        name=facts["name"],
        kind=facts["kind"],
        release=release.number,
        revision=switch.revision if switch is not None else 0,
        digest=release.digest,
        issued_at=now_text(),
        removed=removed,
        document={} if removed else document(facts, all_sections),
        private={} if removed else private_sections(all_sections),
    )


@dataclass(frozen=True, slots=True)
class Ready:
    """A release as it is pushed: the snapshot without its bulky parts, and sealed."""

    snapshot: Snapshot
    sealed: bytes


def made_ready(
    release: Release, environment: Environment, organisation: Organisation, switch: Switch | None
) -> Ready | str:
    """A release, compiled and sealed for an environment, or the code of why that cannot be done; within the organisation's scope."""
    try:
        # Within the scope: what an area keeps encrypted is the organisation's.
        snapshot = snapshot_of(release, environment, organisation, switch)
        sealed = seal(snapshot, settings.PUBLISHING_SIGNING_KEY, environment.encryption_key)
    except Unreadable:
        return "secret_unreadable"
    except SnapshotRefused as refused:
        return refused.code
    except DatabaseError:
        raise
    except Exception:
        # A fault of ours in one release: it must not keep others from being delivered, and is not tried without a pause.
        log.exception("release not compiled", channel=release.channel_id, release=release.number)
        return "not_compiled"
    return Ready(replace(snapshot, document={}, private={}), sealed)


def _wait_until_visible(environment: Environment, snapshot: Snapshot) -> None:
    deadline = time.monotonic() + READ_BACK_WITHIN
    pause = 0.005
    while True:
        seen = visible_release(environment, snapshot.brand, snapshot.channel)
        if is_there(seen, snapshot):
            return
        if time.monotonic() > deadline:
            raise PushFailed("not_visible")
        time.sleep(pause)
        pause = min(pause * 2, 0.2)


def is_there(seen: Seen, snapshot: Snapshot) -> bool:
    """Whether what the public address shows is this snapshot, or what came after it."""
    if snapshot.removed:
        return seen.removed
    return (seen.number, seen.revision) >= (snapshot.release, snapshot.revision)


def _failed(
    tenant_id: int, delivery_id: int, tried: Numbers, failure: PushFailed, lock: DeliveryLock
) -> Outcome:
    """Note a failed attempt and when to try again; what is newer and wanted by now is tried at once instead."""
    with tenant_scope(tenant_id):
        delivery = Delivery.objects.select_for_update().filter(pk=delivery_id).first()
        if delivery is None:
            return "gone"
        if (delivery.wanted, delivery.wanted_revision) > tried:
            return "superseded"
        note_failure(delivery, failure.code, failure.there)
        delivery.save(update_fields=FAILED_FIELDS)
        lock.release()
    log.warning("delivery failed", delivery=delivery_id, release=tried[0], why=failure.code)
    return "failed"


def note_failure(delivery: Delivery, code: str, there: Numbers | None) -> None:
    """Put down on a row (FAILED_FIELDS) what went wrong and when to try again; `there`: what stood in the way."""
    delivery.attempts += 1
    wait = BACKOFF[min(delivery.attempts, len(BACKOFF)) - 1]
    if code == "not_configured":
        # Of a region that was given up. Named again, it is woken (enrol_region).
        wait = NO_PLACE
    delivery.next_attempt_at = timezone.now() + timedelta(seconds=wait)
    delivery.last_error = code[:100]
    if there is not None:
        delivery.ahead, delivery.ahead_revision = (min(one, LARGEST_NUMBER - 1) for one in there)


#: What a failed attempt changes of a row.
FAILED_FIELDS = ("attempts", "next_attempt_at", "last_error", "ahead", "ahead_revision")


class DeliveryLock:
    """The session's advisory lock on one delivery; survives the end of a transaction, not that of the session."""

    #: First key of the advisory locks of this room ("pub" in ASCII), so that no other room's lock collides.
    SPACE = 0x707562

    def __init__(self, delivery_id: int, *, held: bool = False) -> None:
        self._number = delivery_id % 2**31
        self.held = held

    def acquire(self) -> bool:
        """Whether it is held now; does not wait."""
        if not self.held:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [self.SPACE, self._number])
                self.held = bool(cursor.fetchone()[0])
        return self.held

    def release(self) -> None:
        """Takes effect at once, whatever becomes of the transaction around it."""
        self.release_all([self])

    @classmethod
    def release_all(cls, locks: Iterable[DeliveryLock]) -> None:
        """Let go of several by one statement."""
        held = [lock for lock in locks if lock.held]
        if not held:
            return
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_advisory_unlock(%s, number) FROM unnest(%s::integer[]) number",
                [cls.SPACE, [lock._number for lock in held]],
            )
        for lock in held:
            lock.held = False
