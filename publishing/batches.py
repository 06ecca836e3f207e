"""Many deliveries at once: found, compiled, pushed in one request per place, read back, and noted by a few statements.

What holds for one delivery (publishing.services, docs/adr/0003-delivery-lock.md) holds for each of a batch: it is one worker's at a
time, by a lock PostgreSQL frees when the worker dies; its row is never locked while an environment is asked; newest only. One that
fails fails alone, unless its place is away: then what is meant for that place is left alone for a moment, and other places are not
kept waiting for it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

import structlog
from django.db import DatabaseError, connection
from django.db.models import Exists, F, OuterRef, QuerySet
from django.utils import timezone

from publishing.announce import Told, announce_many
from publishing.environments import Environment, environments
from publishing.models import Delivery, Release, Switch
from publishing.push import Numbers, PushFailed, Reply, Seen, push_many, visible_release
from publishing.services import (
    FAILED_FIELDS,
    LARGEST_NUMBER,
    READ_BACK_WITHIN,
    DeliveryLock,
    Due,
    Ready,
    go_on,
    is_there,
    made_ready,
    note_failure,
)
from tenants.prepared import Among, Prepared
from tenants.scope import tenant_scope

log = structlog.get_logger(__name__)

#: Deliveries of one batch: a quarter of a second of work, so that a save in between is not kept waiting.
AT_ONCE = 50
#: Others that one nudged delivery takes along.
TAKEN_ALONG = 9
#: Sealed bytes of one request, and what a batch holds in memory at most, but for one more.
MOST_BYTES = 8 * 1024 * 1024
#: Questions to one place under way at a time, when it is asked what it shows.
LOOKS = 4
#: Seconds for which nothing is sent to a place that did not answer, and for which one task goes on with batches.
REST = 5.0
WORKS_FOR = 5.0

#: One batch at a time in a process: its other threads are there for single saves.
_at_work = threading.Lock()
_away: dict[str, float] = {}


@dataclass(slots=True)
class _Item:
    """One delivery on its way."""

    tenant_id: int
    delivery_id: int
    place: str
    environment: Environment | None
    channel_id: int
    release: int
    revision: int
    made_at: datetime
    ready: Ready | None
    #: Why it failed; empty when it did not.
    failure: str = ""
    #: The release and revision that the environment has instead.
    there: Numbers | None = None
    seen_at: datetime = datetime.max

    @property
    def where(self) -> Environment:
        return cast(Environment, self.environment)

    @property
    def parcel(self) -> Ready:
        """What is pushed; there, as long as nothing failed and the batch is under way."""
        return cast(Ready, self.ready)


@dataclass
class _Batch:
    """What is locked, and what of it is left to do."""

    locks: dict[int, DeliveryLock] = field(default_factory=dict)
    items: list[_Item] = field(default_factory=list)
    #: (organisation's id, delivery's id) of what another worker had done between looking and locking.
    done_already: list[tuple[int, int]] = field(default_factory=list)
    bytes: int = 0


def work(seconds: float = WORKS_FOR) -> bool:
    """Deliver what is due, batch by batch; tells whether there is more. Does nothing while another thread here is at it."""
    if not _at_work.acquire(blocking=False):
        return False
    try:
        until = time.monotonic() + seconds
        while deliver_due():
            if time.monotonic() > until:
                return True
        return False
    finally:
        _at_work.release()


def deliver_due(most: int = AT_ONCE) -> bool:
    """Take up to so many due deliveries that nobody has in hand, of all organisations, and bring them where they belong.

    Tells whether there may be more.
    """
    claimed = _claimed(most)
    batch = _Batch({due.delivery_id: DeliveryLock(due.delivery_id, held=True) for due in claimed})
    try:
        _deliver(batch, claimed)
    finally:
        _let_go(batch)
    return len(claimed) == most or batch.bytes >= MOST_BYTES


def deliver_now(tenant_id: int, delivery_id: int) -> bool:
    """Bring one delivery where it belongs, and with it a few others that are due: when many people save in one moment, each
    takes some along. False when there is nothing to bring, or another worker has it in hand, who will see what is wanted by now.
    """
    claimed = _claimed(TAKEN_ALONG)
    batch = _Batch({due.delivery_id: DeliveryLock(due.delivery_id, held=True) for due in claimed})
    try:
        others = [due for due in claimed if due.delivery_id != delivery_id]
        if delivery_id in batch.locks or _is_due(tenant_id, delivery_id):
            # A session that holds a lock gets it a second time: it must be asked for only where it was not claimed just now.
            own = batch.locks.setdefault(delivery_id, DeliveryLock(delivery_id))
            found = own.acquire()
        else:
            found = False
        # It comes first, whatever the others weigh and wherever they go.
        _deliver(batch, [Due(tenant_id, delivery_id), *others] if found else others)
    finally:
        _let_go(batch)
    return found


def _is_due(tenant_id: int, delivery_id: int) -> bool:
    """Whether a delivery that was not claimed is to be brought at all: most were taken along by another save's.

    It is not locked meanwhile, so a save that wants more finds the lock free for the worker it nudges, now or later.
    """
    with tenant_scope(tenant_id):
        return any(one.due for one in _deliveries.each([delivery_id]))


def _claimed(most: int) -> list[Due]:
    """Due deliveries, locked; those that wait longest."""
    now = time.monotonic()
    away = [place for place, until in list(_away.items()) if until > now]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tenant_id, delivery_id FROM publishing_claim_deliveries(%s, %s, %s::text[])",
            [most, DeliveryLock.SPACE, away],
        )
        return [Due(*row) for row in cursor.fetchall()]


def _deliver(batch: _Batch, claimed: Iterable[Due]) -> None:
    of_tenant: dict[int, list[int]] = {}
    for due in claimed:
        of_tenant.setdefault(due.tenant_id, []).append(due.delivery_id)
    for tenant_id, numbers in of_tenant.items():
        if batch.bytes < MOST_BYTES:
            _prepare(batch, tenant_id, numbers)
    at_place: dict[str, list[_Item]] = {}
    for item in batch.items:
        at_place.setdefault(item.place, []).append(item)
    again = [Due(tenant_id, number) for tenant_id, number in batch.done_already]
    for place, items in at_place.items():
        ready = [item for item in items if not item.failure]
        _push(place, ready)
        _read_back(ready)
        by_tenant: dict[int, list[_Item]] = {}
        for item in items:
            by_tenant.setdefault(item.tenant_id, []).append(item)
            # What was sealed is not needed any more, and may be large.
            item.ready = None
        # Noted at once: the next place may take its time.
        for tenant_id, noted in by_tenant.items():
            again += _note(batch, tenant_id, noted)
    for due in again:
        # More is wanted by now, or the row was being written, or it is to be looked at once more under its lock: each by itself,
        # under the lock that is still held.
        go_on(due.tenant_id, due.delivery_id, batch.locks[due.delivery_id])
    if batch.items:
        failed = sum(bool(item.failure) for item in batch.items)
        log.info("delivered", deliveries=len(batch.items), failed=failed, again=len(again))


def _prepare(batch: _Batch, tenant_id: int, numbers: list[int]) -> None:
    """Compile and seal one organisation's releases, as far as the batch may still grow."""
    known = environments()
    with tenant_scope(tenant_id):
        deliveries = [one for one in _deliveries.each(numbers) if one.due]
        batch.done_already += [
            (tenant_id, number) for number in set(numbers) - {one.pk for one in deliveries}
        ]
        turned = [one.channel_id for one in deliveries if one.wanted_revision]
        switches = {}
        if turned:
            switches = {one.channel_id: one for one in Switch.objects.filter(channel__in=turned)}
        due = {one.pk for one in deliveries}
        # A few at a time, not all at once, and the first by itself: a release may have ten megabytes.
        first, *rest = [number for number in numbers if number in due] or [0]
        parts = [[first], *(rest[begin : begin + 10] for begin in range(0, len(rest), 10))]
        releases = (release for part in parts for release in _releases.each(part))
        of_channel: dict[int, list[Delivery]] = {}
        for one in deliveries:
            of_channel.setdefault(one.channel_id, []).append(one)
        for release in releases:
            if batch.bytes >= MOST_BYTES:
                break
            for delivery in of_channel[release.channel_id]:
                if delivery.wanted != release.number:
                    continue
                environment = known.get(delivery.environment)
                environment = None if environment is None else environment.at(delivery.region)
                ready: Ready | str = "not_configured"
                if environment is not None:
                    switch = switches.get(delivery.channel_id) if delivery.wanted_revision else None
                    ready = made_ready(release, environment, delivery.tenant, switch)
                item = _Item(
                    tenant_id,
                    delivery.pk,
                    f"{delivery.environment}/{delivery.region}",
                    environment,
                    delivery.channel_id,
                    release.number,
                    delivery.wanted_revision if isinstance(ready, str) else ready.snapshot.revision,
                    release.created_at,
                    None,
                )
                if isinstance(ready, str):
                    item.failure = ready
                else:
                    item.ready = ready
                    batch.bytes += len(ready.sealed)
                batch.items.append(item)


_deliveries = Prepared(
    lambda numbers: (
        Delivery.objects.select_related("tenant").filter(Among(F("pk"), numbers)).order_by("channel_id", "pk")
    ),
    list[int],
)
_locked = Prepared(
    lambda numbers: (
        Delivery.objects.select_for_update(skip_locked=True).filter(Among(F("pk"), numbers)).order_by("pk")
    ),
    list[int],
)


def _wanted_by(numbers: Any) -> QuerySet[Release]:
    wanting = Delivery.objects.filter(
        Among(F("pk"), numbers), channel=OuterRef("channel"), wanted=OuterRef("number")
    )
    return Release.objects.filter(Exists(wanting)).order_by("channel_id")


_releases = Prepared(_wanted_by, list[int])


def _push(place: str, items: Sequence[_Item]) -> None:
    """Hand what goes to one place over, in requests of bounded size."""
    for part in _parts(items):
        try:
            answers = push_many(part[0].where, [one.parcel.sealed for one in part])
        except PushFailed as failure:
            answers = [Reply(failure.code)] * len(part)
            if failure.code in {"unreachable", "timeout"}:
                _away[place] = time.monotonic() + REST
        for one, reply in zip(part, answers, strict=True):
            one.failure, one.there = reply.code, reply.there


def _parts(items: Sequence[_Item]) -> Iterable[list[_Item]]:
    part, size = list[_Item](), 0
    for one in items:
        weight = len(one.parcel.sealed)
        if part and size + weight > MOST_BYTES:
            yield part
            part, size = [], 0
        part.append(one)
        size += weight
    if part:
        yield part


def _read_back(items: Sequence[_Item]) -> None:
    """Ask the public address for each, as a visitor would, until it is there or time is up."""
    deadline, pause = time.monotonic() + READ_BACK_WITHIN, 0.005
    waiting = [one for one in items if not one.failure]
    while waiting:
        left = list[_Item]()
        for one, found in zip(waiting, _looked(waiting), strict=True):
            if isinstance(found, PushFailed):
                one.failure = found.code
                _away[one.place] = time.monotonic() + REST
            elif is_there(found[0], one.parcel.snapshot):
                one.seen_at = found[1]
            else:
                left.append(one)
        waiting = left
        if waiting and time.monotonic() > deadline:
            for one in waiting:
                one.failure = "not_visible"
            return
        if waiting:
            time.sleep(pause)
            pause = min(pause * 2, 0.2)


def _looked(items: Sequence[_Item]) -> list[tuple[Seen, datetime] | PushFailed]:
    """What a place shows of each, and when. A few are asked for at a time, since the place may be far away; once it has not
    answered for one, it is asked for no other.
    """
    silent = list[PushFailed]()

    def look(one: _Item) -> tuple[Seen, datetime] | PushFailed:
        if silent:
            return silent[0]
        snapshot = one.parcel.snapshot
        try:
            return visible_release(one.where, snapshot.brand, snapshot.channel), timezone.now()
        except PushFailed as failure:
            silent.append(failure)
            return failure

    if len(items) == 1:
        return [look(items[0])]
    with ThreadPoolExecutor(min(LOOKS, len(items))) as pool:
        return list(pool.map(look, items))


def _note(batch: _Batch, tenant_id: int, items: Sequence[_Item]) -> list[Due]:
    """Write down what came of one organisation's deliveries and let go of them; returns those that are not done.

    As in `services._confirm`, the rows are locked here, so no save is forgotten between looking and letting go. A row that is being
    written this moment is not waited for: whoever waits for one must not hold others.
    """
    by_number = {one.delivery_id: one for one in items}
    shown, failed, done = list[tuple[Delivery, _Item]](), list[Delivery](), list[DeliveryLock]()
    again = set(by_number)
    with tenant_scope(tenant_id):
        for delivery in _locked.each(list(by_number)):
            item = by_number[delivery.pk]
            if item.failure:
                if (delivery.wanted, delivery.wanted_revision) <= (item.release, item.revision):
                    failed.append(delivery)
                    again.discard(delivery.pk)
                continue
            shown.append((delivery, item))
            again.discard(delivery.pk)
        if shown:
            again |= _confirm(shown)
        if failed:
            _postpone(failed, by_number)
        for number in by_number.keys() - again:
            done.append(batch.locks.pop(number))
        # Takes effect at once, whatever becomes of the transaction: the rows are locked until it ends.
        DeliveryLock.release_all(done)
    return [Due(tenant_id, number) for number in sorted(again)]


def _confirm(shown: Sequence[tuple[Delivery, _Item]]) -> set[int]:
    """Note what is visible; returns the deliveries of which more is wanted by now."""
    told, took = list[Told](), list[int]()
    for delivery, item in shown:
        since = delivery.wanted_at if delivery.wanted == item.release else item.made_at
        took.append(min(max(0, round((item.seen_at - since).total_seconds() * 1000)), LARGEST_NUMBER))
        delivery.confirmed = max(delivery.confirmed, item.release)
        delivery.confirmed_revision = max(delivery.confirmed_revision, item.revision)
        data = {"environment": delivery.environment, "region": delivery.region, "visible_in_ms": took[-1]}
        told.append(Told(delivery.channel_id, item.release, data))
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH n AS (SELECT * FROM unnest(%s::bigint[], %s::integer[], %s::integer[], %s::timestamptz[], %s::integer[], "
            "%s::integer[], %s::integer[]) AS n (id, release, revision, visible_at, took, confirmed, confirmed_revision)), "
            "arrived AS (INSERT INTO publishing_arrival "
            "(tenant_id, channel_id, environment, region, release, revision, visible_at, visible_in_ms, attempts) "
            "SELECT d.tenant_id, d.channel_id, d.environment, d.region, n.release, n.revision, n.visible_at, n.took, d.attempts + 1 "
            "FROM publishing_delivery d JOIN n ON n.id = d.id) "
            "UPDATE publishing_delivery d SET confirmed = n.confirmed, confirmed_revision = n.confirmed_revision, "
            "visible_at = n.visible_at, visible_in_ms = n.took, attempts = 0, last_error = '' FROM n WHERE d.id = n.id",
            [
                [delivery.pk for delivery, _ in shown],
                [item.release for _, item in shown],
                [item.revision for _, item in shown],
                [item.seen_at for _, item in shown],
                took,
                [delivery.confirmed for delivery, _ in shown],
                [delivery.confirmed_revision for delivery, _ in shown],
            ],
        )
    announce_many("release.visible", told)
    return {delivery.pk for delivery, _ in shown if delivery.due}


def _postpone(failed: Sequence[Delivery], by_number: dict[int, _Item]) -> None:
    """Note failed attempts, and when to try again."""
    for delivery in failed:
        item = by_number[delivery.pk]
        note_failure(delivery, item.failure, item.there)
        log.warning("delivery failed", delivery=delivery.pk, release=item.release, why=item.failure)
    Delivery.objects.bulk_update(failed, FAILED_FIELDS)


def _let_go(batch: _Batch) -> None:
    """Of what was not come to, or not brought to an end. A connection that broke has let go already."""
    locks = [lock for lock in batch.locks.values() if lock.held]
    try:
        DeliveryLock.release_all(locks)
    except DatabaseError as error:
        log.warning("batch given up", why=type(error).__name__, deliveries=len(locks))
