"""Numbering releases and bringing them to the environments."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import structlog
from django.conf import settings
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from audit.sentences import register
from audit.services import record
from channels_config.models import Channel
from publishing.compile import NotPublishable, channel_facts, document, problems, sections
from publishing.environments import Environment, environments
from publishing.models import Delivery, EnvironmentName, Release
from publishing.nudge import nudge
from publishing.push import PushFailed, push, visible_release
from publishing.snapshot import Snapshot, SnapshotRefused, digest, now_text, seal
from tenants.models import Organisation
from tenants.scope import current_tenant_id, tenant_scope

log = structlog.get_logger(__name__)

register("release.promoted", _("%(actor)s put release %(release)s of the channel “%(channel)s” live"))

#: Seconds to wait after the 1st, 2nd, … failed attempt; the last one repeats.
BACKOFF = (1, 2, 5, 10, 30, 60)
#: How long the worker looks for a pushed release on the public URL before it counts the attempt as failed, in seconds.
READ_BACK_WITHIN = 10.0
#: The largest release number there can be: PostgreSQL's integer.
LARGEST_NUMBER = 2**31 - 1

Outcome = Literal["current", "busy", "failed", "superseded", "gone"]


class NotPromotable(Exception):
    """A release cannot go live; `sentence` says why, for the person who asked."""

    def __init__(self, sentence: str | Promise) -> None:
        super().__init__(str(sentence))
        self.sentence = sentence


def publish(channel: Channel, *, areas: list[str], by: User | None, note: str = "") -> Release:
    """Number what the drafts say now as a release, and want it in the test environment.

    Runs inside the scope that saved the drafts, with the channel row locked. A save that changes nothing makes no new
    release: the newest one is wanted again. Raises NotPublishable.
    """
    all_sections = sections(channel)
    blocking = [problem for problem in problems(all_sections) if problem.blocking]
    if blocking:
        raise NotPublishable(blocking)
    facts = channel_facts(channel)
    newest = newest_release(channel)
    release_digest = digest({"channel": facts, "sections": all_sections})
    if newest is not None and newest.digest == release_digest and not newest.removed:
        release = newest
    else:
        release = _number(channel, newest, facts, all_sections, release_digest, areas=areas, by=by, note=note)
    want(channel, EnvironmentName.TEST, release, at=timezone.now())
    return release


def retire(channel: Channel, *, by: User | None) -> Release:
    """A last release that takes the channel off every environment that has it; its number stays taken."""
    facts = channel_facts(channel)
    all_sections = sections(channel)
    release = _number(
        channel,
        newest_release(channel),
        facts,
        all_sections,
        digest({"channel": facts, "sections": all_sections}),
        areas=[],
        by=by,
        removed=True,
    )
    for delivery in Delivery.objects.filter(channel=channel):
        want(channel, delivery.environment, release, at=release.created_at)
    return release


def promote(channel: Channel, *, by: User, number: int | None = None) -> Release:
    """Want in live exactly the release that the test environment serves (or its release `number`); returns it.

    Asked for again it records nothing. Raises NotPromotable when the test environment has not confirmed that release, or
    live has a newer one.
    """
    Channel.objects.select_for_update().get(pk=channel.pk)
    test = Delivery.objects.filter(channel=channel, environment=EnvironmentName.TEST).first()
    if test is None or not test.confirmed:
        raise NotPromotable(_("The test environment does not have this channel yet."))
    wanted = test.confirmed if number is None else number
    if wanted > test.confirmed:
        raise NotPromotable(_("Nobody can have seen this release in test yet."))
    release = Release.objects.filter(channel=channel, number=wanted).first()
    if release is None or release.removed:
        raise NotPromotable(_("There is no such release of this channel."))
    live = Delivery.objects.filter(channel=channel, environment=EnvironmentName.LIVE).first()
    if live is not None and live.wanted > release.number:
        raise NotPromotable(_("Live has a newer release already."))
    if live is None or live.wanted < release.number:
        record(
            "release.promoted", by=by, subject=channel.public_id, release=release.number, channel=channel.name
        )
    want(channel, EnvironmentName.LIVE, release, at=timezone.now())
    return release


def try_again(channel: Channel) -> list[str]:
    """Try at once what waits for its next attempt; returns the names of the environments concerned."""
    waiting = list(
        Delivery.objects.select_for_update().filter(channel=channel, wanted__gt=F("confirmed")).order_by("pk")
    )
    for delivery in waiting:
        delivery.next_attempt_at = timezone.now()
        delivery.save(update_fields=["next_attempt_at"])
        _nudge_on_commit(delivery)
    return [delivery.environment for delivery in waiting]


def newest_release(channel: Channel) -> Release | None:
    """The newest release; its bulky parts are fetched when asked for."""
    return (
        Release.objects.filter(channel=channel).defer("sections", "channel_facts").order_by("-number").first()
    )


def want(channel: Channel, environment: str, release: Release, *, at: datetime) -> Delivery:
    """Write the outbox row, and nudge a worker once the transaction is kept. Never lowers what is wanted."""
    delivery, created = Delivery.objects.get_or_create(
        channel=channel,
        environment=environment,
        defaults={"wanted": release.number, "wanted_at": at, "next_attempt_at": at},
    )
    if not created and delivery.wanted < release.number:
        delivery.wanted = release.number
        delivery.wanted_at = at
        delivery.next_attempt_at = at
        delivery.attempts = 0
        delivery.last_error = ""
        delivery.save(update_fields=["wanted", "wanted_at", "next_attempt_at", "attempts", "last_error"])
    if delivery.wanted > delivery.confirmed:
        _nudge_on_commit(delivery)
    return delivery


def _nudge_on_commit(delivery: Delivery) -> None:
    tenant_id, delivery_id = current_tenant_id(), delivery.pk
    transaction.on_commit(lambda: nudge(tenant_id, delivery_id), robust=True)


def _number(
    channel: Channel,
    newest: Release | None,
    facts: dict[str, Any],
    all_sections: dict[str, Any],
    release_digest: str,
    *,
    areas: list[str],
    by: User | None,
    note: str = "",
    removed: bool = False,
) -> Release:
    return Release.objects.create(
        channel=channel,
        number=(newest.number if newest else 0) + 1,
        channel_facts=facts,
        sections=all_sections,
        digest=release_digest,
        removed=removed,
        areas=areas,
        author=by,
        author_label=str(by) if by else "chatadmin",
        note=note,
        created_at=timezone.now(),
    )


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
    lock = _Lock(delivery_id)
    try:
        while (outcome := _deliver_once(tenant_id, delivery_id, lock)) == "superseded":
            continue
    finally:
        lock.release()
    return outcome


def _deliver_once(tenant_id: int, delivery_id: int, lock: _Lock) -> Outcome:
    """One attempt; "superseded" when a newer release is wanted by now, with the lock still held."""
    with tenant_scope(tenant_id):
        if not lock.acquire():
            return "busy"
        delivery = Delivery.objects.select_related("tenant").filter(pk=delivery_id).first()
        if delivery is None:
            return "gone"
        if delivery.confirmed >= delivery.wanted:
            # Under the row's lock, for the reason given in _confirm.
            return _confirm(delivery_id, delivery.confirmed, lock)
        release = Release.objects.get(channel_id=delivery.channel_id, number=delivery.wanted)
    environment = environments().get(delivery.environment)
    if environment is None:
        return _failed(tenant_id, delivery_id, release, "not_configured", lock)
    snapshot = snapshot_of(release, environment, delivery.tenant)
    try:
        push(environment, seal(snapshot, settings.PUBLISHING_SIGNING_KEY, environment.encryption_key))
        _wait_until_visible(environment, snapshot)
    except (PushFailed, SnapshotRefused) as failure:
        return _failed(tenant_id, delivery_id, release, failure.code, lock)
    visible_at = timezone.now()
    with tenant_scope(tenant_id):
        outcome = _confirm(delivery_id, release.number, lock, release=release, visible_at=visible_at)
    log.info("delivered", environment=environment.name, channel=snapshot.channel, release=release.number)
    return outcome


def _confirm(
    delivery_id: int,
    number: int,
    lock: _Lock,
    *,
    release: Release | None = None,
    visible_at: datetime | None = None,
) -> Outcome:
    """Note that `release` is visible, and see whether that is all that is wanted; if so, let go of the lock.

    The row is locked here, so a save that wants more either has committed (it is seen now) or will commit, and nudge, after this
    transaction: its worker then finds the lock free. No save is forgotten between looking and letting go.
    """
    delivery = Delivery.objects.select_for_update().filter(pk=delivery_id).first()
    if delivery is None:
        return "gone"
    if release is not None and visible_at is not None:
        delivery.confirmed = max(delivery.confirmed, number)
        delivery.visible_at = visible_at
        since = delivery.wanted_at if delivery.wanted == number else release.created_at
        delivery.visible_in_ms = min(
            max(0, round((visible_at - since).total_seconds() * 1000)), LARGEST_NUMBER
        )
        delivery.attempts = 0
        delivery.last_error = ""
        delivery.save(update_fields=["confirmed", "visible_at", "visible_in_ms", "attempts", "last_error"])
    if delivery.wanted > delivery.confirmed:
        return "superseded"
    lock.release()
    return "current"


def snapshot_of(release: Release, environment: Environment, organisation: Organisation) -> Snapshot:
    """A release as an environment gets it."""
    facts = release.channel_facts
    return Snapshot(
        environment="live" if environment.name == "live" else "test",
        brand=organisation.number,
        organisation=organisation.name,
        channel=facts["public_id"],
        name=facts["name"],
        kind=facts["kind"],
        release=release.number,
        digest=release.digest,
        issued_at=now_text(),
        removed=release.removed,
        document={} if release.removed else document(facts, release.sections),
        private={} if release.removed else release.sections,
    )


def _wait_until_visible(environment: Environment, snapshot: Snapshot) -> None:
    deadline = time.monotonic() + READ_BACK_WITHIN
    pause = 0.005
    while True:
        seen = visible_release(environment, snapshot.brand, snapshot.channel)
        if seen.removed if snapshot.removed else seen.number >= snapshot.release:
            return
        if time.monotonic() > deadline:
            raise PushFailed("not_visible")
        time.sleep(pause)
        pause = min(pause * 2, 0.2)


def _failed(tenant_id: int, delivery_id: int, release: Release, code: str, lock: _Lock) -> Outcome:
    """Note a failed attempt and when to try again; a newer release that is wanted by now is tried at once instead."""
    with tenant_scope(tenant_id):
        delivery = Delivery.objects.select_for_update().filter(pk=delivery_id).first()
        if delivery is None:
            return "gone"
        if delivery.wanted > release.number:
            return "superseded"
        delivery.attempts += 1
        wait = BACKOFF[min(delivery.attempts, len(BACKOFF)) - 1]
        delivery.next_attempt_at = timezone.now() + timedelta(seconds=wait)
        delivery.last_error = code[:100]
        delivery.save(update_fields=["attempts", "next_attempt_at", "last_error"])
        lock.release()
    log.warning("delivery failed", delivery=delivery_id, release=release.number, why=code)
    return "failed"


class _Lock:
    """The session's advisory lock on one delivery; survives the end of a transaction, not that of the session."""

    #: First key of the advisory locks of this room ("pub" in ASCII), so that no other room's lock collides.
    SPACE = 0x707562

    def __init__(self, delivery_id: int) -> None:
        self._key = [self.SPACE, delivery_id % 2**31]
        self.held = False

    def acquire(self) -> bool:
        """Whether it is held now; does not wait."""
        if not self.held:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", self._key)
                self.held = bool(cursor.fetchone()[0])
        return self.held

    def release(self) -> None:
        """Takes effect at once, whatever becomes of the transaction around it."""
        if self.held:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", self._key)
            self.held = False
