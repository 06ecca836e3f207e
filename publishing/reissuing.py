"""What a console knows goes out under numbers above what environments have: after it was restored from a backup that is older.

Numbers never go back, so an environment that has release 15 takes no release 12, and nobody decides but people: until then visitors
see what they saw, and the page of deliveries says so.
"""

from __future__ import annotations

from collections.abc import Iterator

from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from audit.sentences import register
from audit.services import record
from channels_config.models import Channel
from publishing.models import STRANDED, Delivery, EnvironmentName, Release
from publishing.services import ahead_anywhere, newest_release, number_release, want, wanted_in
from tenants.models import Organisation
from tenants.scope import tenant_scope

register(
    "release.reissued",
    _(
        "%(actor)s gave release %(former)s of the channel “%(channel)s” the number %(release)s: an environment has a newer one that "
        "this console does not know"
    ),
)


def reissue_everything(organisation: Organisation) -> Iterator[list[Release]]:
    """`reissue` of every channel where something is in the way, each in a transaction of its own."""
    with tenant_scope(organisation.pk):
        found = Delivery.objects.filter(STRANDED).order_by("channel_id").values_list("channel_id", flat=True)
        channels = list(found.distinct())
    for channel_id in channels:
        with tenant_scope(organisation.pk):
            made = reissue(Channel.all_objects.get(pk=channel_id), by=None)
        yield made


def reissue(channel: Channel, *, by: User | None) -> list[Release]:
    """What this console wants is wanted anew under numbers above what the environments have, where they have something it does not
    know; returns the releases that makes, none where nothing is in the way.

    So it is after the console was restored from a backup that is older than what was published. The newest release stays the one
    that says what the drafts say.
    """
    # One that was deleted meanwhile has to go everywhere, too.
    Channel.all_objects.select_for_update().get(pk=channel.pk)
    stranded = set(
        Delivery.objects.filter(STRANDED, channel=channel).order_by().values_list("environment", flat=True)
    )
    newest = newest_release(channel)
    if not stranded or newest is None:
        return []
    made = []
    live = wanted_in(channel, EnvironmentName.LIVE)
    now = timezone.now()
    if EnvironmentName.LIVE in stranded and live < newest.number:
        made.append(_once_more(channel, live, by=by))
        want(channel, EnvironmentName.LIVE, made[-1], at=now)
    made.append(_once_more(channel, newest.number, by=by))
    want(channel, EnvironmentName.TEST, made[-1], at=now)
    if live == newest.number:
        want(channel, EnvironmentName.LIVE, made[-1], at=now)
    for release in made:
        record(
            "release.reissued",
            by=by,
            subject=channel.public_id,
            channel=channel.name,
            former=release.restored,
            release=release.number,
        )
    return made


def _once_more(channel: Channel, number: int, *, by: User | None) -> Release:
    former = Release.objects.get(channel=channel, number=number)
    return number_release(
        channel,
        newest_release(channel),
        former.channel_facts,
        former.sections,
        former.digest,
        above=ahead_anywhere(channel),
        areas=[],
        by=by,
        note=gettext("Release %(number)s again, above what the environments have") % {"number": number},
        removed=former.removed,
        restored=number,
    )
