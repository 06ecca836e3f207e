"""Where channels stand in each environment, for the list of channels and the head of a channel's pages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import F, Max

from areas.contract import ChannelLike
from areas.states import EnvironmentState, LastSave, Since
from kit.documents import digest
from publishing.environments import environments
from publishing.models import Delivery, EnvironmentName, Release
from publishing.sentences import at_region, error_sentence


def saved_sections(channel: ChannelLike) -> Mapping[str, Any]:
    """Area name -> section of the newest release; {} for a channel that has none yet."""
    found: Any = (
        Release.objects.filter(channel=channel.pk)
        .order_by("-number")
        .values_list("sections", flat=True)
        .first()
    )
    return found or {}


def last_save(channel: ChannelLike, area: str) -> LastSave | None:
    """Of every way in which an area changes, for each makes a release."""
    found = (
        Release.objects.filter(channel=channel.pk, areas__contains=[area])
        .order_by("-number")
        .values_list("author_label", "created_at", "note")
        .first()
    )
    return LastSave(*found) if found else None


#: Releases that are looked through for the state a page was opened with.
MOST_SINCE = 25


def saves_since(channel: ChannelLike, area: str, seen: str) -> Since:
    """The saves of an area since its section had the digest `seen`, and that section."""
    releases = Release.objects.filter(channel=channel.pk).order_by("-number")
    numbers = list(
        releases.filter(areas__contains=[area]).values_list("number", flat=True)[: MOST_SINCE if seen else 1]
    )
    saves: list[LastSave] = []
    for number in numbers:
        release = releases.get(number=number)
        section = release.sections.get(area)
        if seen and section is not None and digest(section) == seen:
            return Since(saves, section)
        saves.append(LastSave(release.author_label, release.created_at, release.note))
    # The page may have been opened with what was there before the first of them, of whatever area that release was.
    before = releases.filter(number__lt=numbers[-1]).first() if seen and numbers else None
    section = before.sections.get(area) if before else None
    if section is not None and digest(section) == seen:
        return Since(saves, section)
    return Since(saves[:1])


def states(channels: Iterable[ChannelLike]) -> dict[Any, list[EnvironmentState]]:
    """Channel pk -> one state per environment; two queries, whatever the number of channels and regions."""
    keys = [channel.pk for channel in channels]
    found: dict[tuple[Any, str], list[Delivery]] = {}
    known = environments()
    regions = {name: {place.name for place in one.places} for name, one in known.items()}
    rows = Delivery.objects.filter(channel__in=keys).annotate(
        is_hidden=F("channel__emergency_switch__hidden")
    )
    for one in rows:
        if one.region in regions.get(one.environment, ()):
            found.setdefault((one.channel_id, one.environment), []).append(one)
    newest = dict(
        Release.objects.filter(channel__in=keys)
        .order_by()
        .values_list("channel_id")
        .annotate(newest=Max("number"))
        .values_list("channel_id", "newest")
    )
    return {
        key: [_state(name, found.get((key, name), []), newest.get(key, 0)) for name in known] for key in keys
    }


def _state(environment: str, deliveries: list[Delivery], newest: int) -> EnvironmentState:
    """Of several regions the worst one speaks: nothing is up to date until all are."""
    label = EnvironmentName(environment).label
    if not deliveries:
        return EnvironmentState(environment, label, "never")
    behind = max(0, newest - min(one.confirmed for one in deliveries))
    waiting = [one for one in deliveries if one.due]
    failed = sorted((one for one in waiting if one.last_error), key=lambda one: one.confirmed)
    if failed:
        sentence = error_sentence(failed[0])
        return EnvironmentState(
            environment,
            label,
            "failed",
            behind=behind,
            error=at_region(failed[0].region, sentence),
            next_attempt=failed[0].next_attempt_at,
        )
    if waiting:
        return EnvironmentState(environment, label, "pending", behind=behind)
    if environment == EnvironmentName.LIVE and any(getattr(one, "is_hidden", False) for one in deliveries):
        return EnvironmentState(environment, label, "hidden", behind=behind)
    if behind:
        return EnvironmentState(environment, label, "behind", behind=behind)
    return EnvironmentState(
        environment,
        label,
        "up_to_date",
        visible_in_ms=max(
            (one.visible_in_ms for one in deliveries if one.visible_in_ms is not None), default=None
        ),
    )
