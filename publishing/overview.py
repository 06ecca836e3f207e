"""Which release each environment has, who made it, and what could go live: what the publication panel shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, Subquery
from django.utils.functional import Promise

from areas.states import EnvironmentState
from channels_config.models import Channel
from publishing.environments import environments
from publishing.models import Delivery, EnvironmentName, Release, Rules
from publishing.states import states


@dataclass(frozen=True)
class InEnvironment:
    """`confirmed` is the release that visitors get, None before the first; `visible_at` since when."""

    name: str
    label: str | Promise
    state: EnvironmentState
    confirmed: Release | None
    visible_at: datetime | None
    base: str


@dataclass(frozen=True)
class Publication:
    """`promotable` is the release that test has and live does not; `ahead` how many releases lie between the two."""

    environments: list[InEnvironment]
    newest: Release | None
    promotable: Release | None
    ahead: int
    pending: bool
    #: One person may put it live without a checklist.
    plain: bool = True
    #: The release that all of test has, and the one wanted in live; 0 for none.
    in_test: int = 0
    in_live: int = 0

    @property
    def live(self) -> Release | None:
        return next((one.confirmed for one in self.environments if one.name == EnvironmentName.LIVE), None)


def publication_of(
    channel: Channel, statuses: list[EnvironmentState] | None = None, rules: Rules | None = None
) -> Publication:
    """How a channel stands; two queries, and three more for what the caller does not have at hand."""
    known = environments()
    where = {state.environment: state for state in statuses or states([channel])[channel.pk]}
    deliveries: dict[str, Delivery] = {}
    live_number = 0
    for one in Delivery.objects.filter(channel=channel).order_by("-confirmed", "pk"):
        # The region that is furthest behind speaks for its environment.
        if one.environment in known and one.region in {place.name for place in known[one.environment].places}:
            deliveries[one.environment] = one
        if one.environment == EnvironmentName.LIVE:
            live_number = max(live_number, one.wanted)
    numbers = {one.confirmed for one in deliveries.values()}
    light = Release.objects.filter(channel=channel).defer("sections", "channel_facts")
    last = light.order_by("-number").values("number")[:1]
    found = list(light.filter(Q(number__in=numbers) | Q(number=Subquery(last))).order_by("-number"))
    newest = found[0] if found else None
    releases = {one.number: one for one in found if one.number in numbers}
    shown = [
        InEnvironment(
            name=name,
            label=EnvironmentName(name).label,
            state=where[name],
            confirmed=releases.get(deliveries[name].confirmed) if name in deliveries else None,
            visible_at=deliveries[name].visible_at if name in deliveries else None,
            base=environment.public_url,
        )
        for name, environment in known.items()
    ]
    test = deliveries.get(EnvironmentName.TEST)
    if rules is None:
        rules = Rules.objects.filter(channel=channel).first() or Rules(channel=channel)
    ready = releases.get(test.confirmed) if test else None
    promotable = ready if ready and not ready.removed and ready.number > live_number else None
    return Publication(
        environments=shown,
        newest=newest,
        promotable=promotable,
        ahead=promotable.number - live_number if promotable else 0,
        plain=not (rules.four_eyes or rules.checklist),
        in_test=test.confirmed if test else 0,
        in_live=live_number,
        pending=any(one.state.state == "pending" for one in shown),
    )
