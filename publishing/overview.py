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
from publishing.sentences import error_sentence
from publishing.states import states


@dataclass(frozen=True)
class InRegion:
    """One of several regions of an environment: the number it serves (0: none yet), how far behind that is, and why.

    `since` is when it fell behind, None for one that has what it should have.
    """

    name: str
    number: int
    behind: int
    since: datetime | None
    error: str
    visible_in_ms: int | None
    next_attempt: datetime | None = None


@dataclass(frozen=True)
class InEnvironment:
    """`confirmed` is the release that visitors get, None before the first; `visible_at` since when.

    `regions` is empty where there is only one; with several, `confirmed` is what each of them has at least. `away` is the one
    place of an environment of one, while it cannot be delivered to.
    """

    name: str
    label: str | Promise
    state: EnvironmentState
    confirmed: Release | None
    visible_at: datetime | None
    base: str
    regions: list[InRegion]
    away: InRegion | None = None

    @property
    def served(self) -> bool:
        """Whether one of several regions has something, or is to get it."""
        return any(one.number or one.since for one in self.regions)


@dataclass(frozen=True)
class Publication:
    """`promotable` is the release that test has and live does not; `ahead` how many releases lie between the two."""

    environments: list[InEnvironment]
    newest: Release | None
    promotable: Release | None
    ahead: int
    pending: bool
    #: Something could not be delivered so far.
    failing: bool = False
    #: One person may put it live without a checklist.
    plain: bool = True
    #: A second person approves: whoever tests may ask.
    four_eyes: bool = False
    #: The release that all of test has, and the one wanted in live; 0 for none.
    in_test: int = 0
    in_live: int = 0
    #: A newer release that some regions of test have, and the regions it still has to reach before it can go live.
    held: int = 0
    lacking: tuple[str, ...] = ()

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
    regions: dict[str, dict[str, Delivery]] = {}
    live_number = 0
    for one in Delivery.objects.filter(channel=channel).order_by("-confirmed", "pk"):
        # The region that is furthest behind speaks for its environment.
        if one.environment in known and one.region in {place.name for place in known[one.environment].places}:
            deliveries[one.environment] = one
            regions.setdefault(one.environment, {})[one.region] = one
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
            regions=[
                _in_region(place.name, regions.get(name, {}).get(place.name)) for place in environment.places
            ]
            if environment.regions
            else [],
            away=_away(name, deliveries) if not environment.regions else None,
        )
        for name, environment in known.items()
    ]
    test = deliveries.get(EnvironmentName.TEST)
    if rules is None:
        rules = Rules.objects.filter(channel=channel).first() or Rules(channel=channel)
    ready = releases.get(test.confirmed) if test else None
    promotable = ready if ready and not ready.removed and ready.number > live_number else None
    in_test = regions.get(EnvironmentName.TEST, {})
    held = max((one.confirmed for one in in_test.values()), default=0)
    if test is None or held <= max(test.confirmed, live_number):
        held = 0
    return Publication(
        environments=shown,
        newest=newest,
        promotable=promotable,
        ahead=promotable.number - live_number if promotable else 0,
        plain=not (rules.four_eyes or rules.checklist),
        four_eyes=rules.four_eyes,
        in_test=test.confirmed if test else 0,
        in_live=live_number,
        pending=any(one.state.state == "pending" for one in shown),
        failing=any(one.state.state == "failed" for one in shown),
        held=held,
        lacking=tuple(name for name, one in in_test.items() if one.confirmed < held) if held else (),
    )


def _away(environment: str, deliveries: dict[str, Delivery]) -> InRegion | None:
    found = deliveries.get(environment)
    return _in_region("", found) if found and found.due and found.last_error else None


def _in_region(name: str, delivery: Delivery | None) -> InRegion:
    if delivery is None:
        return InRegion(name, 0, 0, None, "", None)
    return InRegion(
        name=name,
        number=delivery.confirmed,
        behind=delivery.behind,
        since=delivery.behind_since if delivery.due else None,
        error=error_sentence(delivery) if delivery.due else "",
        visible_in_ms=delivery.visible_in_ms,
        next_attempt=delivery.next_attempt_at if delivery.due else None,
    )


def served_where(publication: Publication) -> dict[int, list[str]]:
    """Release number -> the environments, or regions where they differ, that it is visible in: the marks of the history."""
    marks: dict[int, list[str]] = {}
    for one in publication.environments:
        numbers = {region.number for region in one.regions}
        if len(numbers) > 1:
            for region in one.regions:
                marks.setdefault(region.number, []).append(f"{one.label} · {region.name}")
        else:
            number = publication.in_live if one.name == EnvironmentName.LIVE else publication.in_test
            marks.setdefault(number, []).append(str(one.label))
    return marks
