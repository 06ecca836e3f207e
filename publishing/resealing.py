"""What environments have is handed to them once more, under the keys of today, so that former keys can be taken away.

An environment keeps snapshots sealed as they came: one whose keys are gone cannot be served after a restart. Nothing is numbered
anew and no delivery changes, so planned publications, histories and charts do not notice.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from channels_config.models import Channel
from publishing.environments import environments
from publishing.models import STRANDED, Delivery, Release, Switch
from publishing.push import OLDER, PushFailed, push_many
from publishing.services import made_ready
from tenants.models import Organisation
from tenants.scope import tenant_scope

#: Snapshots of one request; an environment takes 200, and 16 MB.
TOGETHER = 20


@dataclass(frozen=True)
class Handed:
    """One delivery that was handed over again; `code` says why it was not taken (publishing.sentences.ERRORS), empty if it was."""

    brand: int
    channel: str
    environment: str
    region: str
    code: str


def hand_over_again(organisation: Organisation, environment: str = "") -> Iterator[Handed]:
    """Everything confirmed of an organisation, in one environment or all. What is still on its way goes under today's keys by itself."""
    with tenant_scope(organisation.pk):
        confirmed = Delivery.objects.exclude(confirmed=0).order_by("environment", "region", "pk")
        if environment:
            confirmed = confirmed.filter(environment=environment)
        places: dict[tuple[str, str], list[int]] = {}
        for pk, name, region in confirmed.values_list("pk", "environment", "region"):
            places.setdefault((name, region), []).append(pk)
    for (name, region), numbers in places.items():
        for begin in range(0, len(numbers), TOGETHER):
            yield from _some(organisation, name, region, numbers[begin : begin + TOGETHER])


def _some(organisation: Organisation, name: str, region: str, numbers: list[int]) -> Iterator[Handed]:
    known = environments().get(name)
    place = None if known is None else known.at(region)
    codes: dict[str, str] = {}
    sealed: dict[str, bytes] = {}
    deliveries: dict[str, int] = {}
    with tenant_scope(organisation.pk):
        for delivery in Delivery.objects.filter(pk__in=numbers).order_by("pk"):
            channel = Channel.every.filter(pk=delivery.channel_id).first()
            release = Release.objects.filter(
                channel_id=delivery.channel_id, number=delivery.confirmed
            ).first()
            if release is None:
                continue
            public_id = channel.public_id if channel else str(release.channel_facts["public_id"])
            deliveries[public_id] = delivery.pk
            switch = None
            if delivery.confirmed_revision:
                switch = Switch.objects.filter(channel_id=delivery.channel_id).first()
            ready = "not_configured" if place is None else made_ready(release, place, organisation, switch)
            if isinstance(ready, str):
                codes[public_id] = ready
            else:
                sealed[public_id] = ready.sealed
    if place is not None and sealed:
        try:
            for channel_id, reply in zip(sealed, push_many(place, list(sealed.values())), strict=True):
                codes[channel_id] = reply.code
            _overtaken(organisation, codes, deliveries)
        except PushFailed as failed:
            codes |= dict.fromkeys(sealed, failed.code)
    for channel_id, code in codes.items():
        yield Handed(organisation.number, channel_id, name, region, code)


def _overtaken(organisation: Organisation, codes: dict[str, str], deliveries: dict[str, int]) -> None:
    """What a worker brought there meanwhile, under the keys of today, is newer and all right."""
    older = {deliveries[channel]: channel for channel, code in codes.items() if code == OLDER}
    if older:
        with tenant_scope(organisation.pk):
            known = Delivery.objects.filter(pk__in=older).exclude(STRANDED)
            for pk in known.values_list("pk", flat=True):
                codes[older[pk]] = ""
