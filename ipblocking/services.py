"""Acts on lists of addresses: saving one, bringing a shared one to its channels, writing down whom the rules met."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import structlog
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from accounts.models import User
from areas.contract import NotPublishable
from areas.saving import publisher, save_draft
from audit.sentences import register
from audit.services import record
from channels_config.models import Channel
from ipblocking import drafts, section
from ipblocking.addresses import read_network
from ipblocking.area import AREA
from ipblocking.drafts import Read
from ipblocking.models import AddressList, CountedBatch, ListUse
from tenants.scope import current_tenant_id, tenant_scope
from tenants.services import organisation_id

log = structlog.get_logger(__name__)

register("addresses.list_created", _("%(actor)s created the address list “%(list)s”"))
register(
    "addresses.list_saved",
    ngettext_lazy(
        "%(actor)s saved the address list “%(list)s” (%(size)s entry)",
        "%(actor)s saved the address list “%(list)s” (%(size)s entries)",
        "size",
    ),
)
register("addresses.list_renamed", _("%(actor)s renamed the address list “%(before)s” to “%(list)s”"))
register("addresses.list_deleted", _("%(actor)s deleted the address list “%(list)s”"))


class ListChanged(Exception):
    """Somebody else saved the list after the page was opened; `current` is the list as it stands now."""

    def __init__(self, current: AddressList) -> None:
        super().__init__("the list changed since it was read")
        self.current = current


class ListInUse(Exception):
    """Channels use the list; it cannot be deleted."""


def block_addresses(
    channel: Channel,
    found: Read,
    *,
    lists: Iterable[int],
    seen: int,
    by: User,
    seen_lists: Iterable[int] | None = None,
) -> Any:
    """Make what was read the channel's own list and use these shared lists (ids); returns the Release.

    `seen` is the version the page was opened with, `seen_lists` the shared lists it showed as used (None: whichever). Raises
    ListChanged, NotPublishable.
    """
    wanted = set(lists)

    section.remember(found.lines)

    def apply() -> None:
        own = drafts.own_list(channel)
        # Going back to a former release changes the lists in use, and not the version.
        used = None if seen_lists is None else set(seen_lists)
        if own.version != seen or used not in (None, used_lists(channel)):
            raise ListChanged(own)
        drafts.write(own, found.source, found.lines, told=found.told(), by=str(by), entries=found.entries)
        section.use(channel, set(AddressList.shared.filter(pk__in=wanted).values_list("pk", flat=True)))

    # The digest of the whole section would change with every shared list: somebody else's save of one is no conflict here.
    return save_draft(channel, AREA, apply, seen=None, by=by)


def clean_list_name(name: str) -> str:
    """A name as it is kept. Raises ValidationError."""
    clean = " ".join(name.split())
    if not clean:
        raise ValidationError(_("Give the list a name."), code="required")
    if len(clean) > 120 or any(ord(letter) < 32 for letter in clean):
        raise ValidationError(_("A name has at most 120 characters, all of them visible."), code="too_long")
    return clean


def create_list(*, name: str, by: User) -> AddressList:
    """An empty shared list. Raises ValidationError, also for a name that is taken."""
    made = AddressList(name=clean_list_name(name))
    _save_named(made)
    record("addresses.list_created", by=by, list=made.name)
    return made


def save_list(target: AddressList, found: Read, *, name: str, seen: int, by: User) -> AddressList:
    """Make what was read the shared list, and have every channel that uses it published, by a worker. Raises ListChanged, ValidationError."""
    section.remember(found.lines)
    current = AddressList.shared.select_for_update().get(pk=target.pk)
    if current.version != seen:
        raise ListChanged(current)
    before, current.name = current.name, clean_list_name(name)
    changed = current.kept != found.lines or current.name != before
    if current.name != before:
        _save_named(current)
        record("addresses.list_renamed", by=by, before=before, list=current.name)
    drafts.write(current, found.source, found.lines, told=found.told(), by=str(by), entries=found.entries)
    record("addresses.list_saved", by=by, list=current.name, size=current.size)
    if changed:
        publish_uses(current)
    return current


def publish_uses(target: AddressList) -> None:
    """Note that every channel using the list has to be published, and tell a worker once that is kept."""
    ListUse.objects.filter(list=target, channel__deleted_at=None).update(
        waiting_since=timezone.now(), error=""
    )
    tenant, key = current_tenant_id(), target.pk
    transaction.on_commit(lambda: _nudge(tenant, key), robust=True)


def _nudge(tenant: int, key: int) -> None:
    from ipblocking.tasks import publish_list  # noqa: PLC0415 - the task leads back here

    try:
        publish_list.apply_async((tenant, key), retry=False, ignore_result=True)
    except (OperationalError, RedisError, OSError) as error:
        # The sweep finds the rows.
        log.warning("nudge dropped", why=str(error), list=key)


def publish_waiting(tenant: int, key: int) -> None:
    """Publish, one transaction each, the channels that wait for a shared list; two workers share them out."""
    while True:
        with tenant_scope(tenant):
            use = (
                ListUse.objects.select_for_update(skip_locked=True, of=("self",))
                .select_related("channel", "list")
                .filter(list=key, waiting_since__isnull=False)
                .order_by("pk")
                .first()
            )
            if use is None:
                return
            channel = Channel.objects.select_for_update().filter(pk=use.channel_id).first()
            use.waiting_since = None
            use.error = ""
            if channel is not None:
                try:
                    with transaction.atomic():
                        publisher()(channel, areas=[AREA.name], by=None, note=use.list.name)
                except NotPublishable as refused:
                    use.error = str(refused)
            use.save(update_fields=["waiting_since", "error"])


def waiting_lists(most: int = 100) -> list[tuple[int, int]]:
    """(organisation, list) with channels yet to be published, of all organisations."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tenant_id, list_id FROM ipblocking_waiting_lists(%s)", [most])
        return [(int(tenant), int(key)) for tenant, key in cursor.fetchall()]


def delete_list(target: AddressList, *, by: User) -> None:
    """Delete a shared list that no channel uses. Raises ListInUse."""
    current = AddressList.shared.select_for_update().get(pk=target.pk)
    if ListUse.objects.filter(list=current, channel__deleted_at=None).exists():
        raise ListInUse
    record("addresses.list_deleted", by=by, list=current.name)
    current.delete()


def _save_named(target: AddressList) -> None:
    """The database has the last word on a name."""
    try:
        with transaction.atomic():
            target.save()
    except IntegrityError as error:
        constraint = getattr(getattr(error.__cause__, "diag", None), "constraint_name", "")
        if constraint != "ipblocking_list_name":
            raise
        raise ValidationError(
            _("Your organisation has a list of this name already."), code="taken"
        ) from error


# -- Counters ---------------------------------------------------------------------------------------------------------

Row = tuple[str, str, str, str, int, int]


def collect_hits() -> int:
    """Ask every environment what its rules met since last time, and write it down; returns how many counters came."""
    if not settings.ADDRESS_RETENTION_DAYS:
        return 0
    places, fetch = import_string(settings.CONFIG_COUNT_PLACES), import_string(settings.CONFIG_COUNTS)
    came = 0
    for place in places():
        done = _done.get(place, "")
        answer = fetch(place, done)
        if answer is None or not answer["rows"]:
            continue
        for tenant, rows in _by_organisation(answer["rows"]).items():
            with tenant_scope(tenant):
                came += _count(place, str(answer["batch"])[:64], rows)
        _done[place] = str(answer["batch"])
        # At once, so that the environment need not keep it until the next round.
        fetch(place, _done[place])
    return came


#: The last batch written down, by place. A process that has forgotten it is given the batch again, and finds that it counted.
_done: dict[str, str] = {}


def _by_organisation(rows: Iterable[Any]) -> Mapping[int, list[Row]]:
    """What an environment answered, by organisation; rows of another shape, and of brands that are not ours, are left out."""
    found: dict[int, list[Row]] = defaultdict(list)
    known: dict[int, int | None] = {}
    for row in rows:
        match row:
            case [
                int(brand),
                str(channel),
                str(source),
                "block" | "allow" as kind,
                str(text),
                int(count),
                int(at),
            ]:
                network = read_network(text)
                if brand not in known:
                    known[brand] = organisation_id(brand)
                tenant = known[brand]
                if tenant is not None and network is not None and 0 < count < 2**62 and 0 <= at < 2**33:
                    found[tenant].append((channel, source, kind, str(network), count, at))
    return found


def _count(place: str, batch: str, rows: list[Row]) -> int:
    last, _made = CountedBatch.objects.select_for_update().get_or_create(place=place)
    if last.batch == batch:
        return 0
    last.batch = batch
    last.save(update_fields=["batch"])
    channels, sources, kinds, networks, counts, seen = zip(*rows, strict=True)
    with connection.cursor() as cursor:
        cursor.execute(
            _COUNT,
            [
                list(channels),
                list(sources),
                list(kinds),
                list(networks),
                list(counts),
                [datetime.fromtimestamp(at, UTC) for at in seen],
                current_tenant_id(),
                current_tenant_id(),
            ],
        )
        return int(cursor.rowcount)


_COUNT = """
WITH met AS (
    SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::cidr[], %s::bigint[], %s::timestamptz[])
             AS w(channel, source, kind, network, hits, seen)
), summed AS (
    SELECT l.id AS list_id, w.network, w.kind, sum(w.hits)::bigint AS hits, max(w.seen) AS seen
      FROM met w
      JOIN channels_config_channel c ON c.public_id = w.channel AND c.tenant_id = %s
      JOIN ipblocking_addresslist l
        ON l.tenant_id = c.tenant_id
       AND CASE WHEN w.source = '' THEN l.channel_id = c.id ELSE l.channel_id IS NULL AND l.name = w.source END
     GROUP BY 1, 2, 3
)
UPDATE ipblocking_blockentry e
   SET hits = e.hits + s.hits, last_hit_at = GREATEST(e.last_hit_at, s.seen)
  FROM summed s
 WHERE e.tenant_id = %s AND e.list_id = s.list_id AND e.network = s.network AND e.kind = s.kind
"""


def forget_hits() -> int:
    """Counters of entries that met nobody for longer than they may be kept begin anew; returns how many."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT ipblocking_forget_hits(%s)", [max(0, settings.ADDRESS_RETENTION_DAYS)])
        return int(cursor.fetchone()[0])


def used_lists(channel: Channel) -> set[int]:
    """The shared lists (ids) the channel uses."""
    return set(ListUse.objects.filter(channel=channel).values_list("list_id", flat=True))


def shared_with_use(channel: Channel) -> list[dict[str, Any]]:
    """The organisation's lists, as a channel's page offers them."""
    used = used_lists(channel)
    return [
        {"list": one, "used": one.pk in used}
        for one in AddressList.shared.defer("source", "lines", "findings")
    ]
