"""Where channels stand in each environment, for the list of channels and the head of a channel's pages."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import Max

from areas.contract import ChannelLike
from areas.states import EnvironmentState
from publishing.environments import environments
from publishing.models import Delivery, EnvironmentName, Release
from publishing.sentences import error_sentence


def states(channels: Iterable[ChannelLike]) -> dict[Any, list[EnvironmentState]]:
    """Channel pk -> one state per environment; two queries, whatever the number of channels."""
    keys = [channel.pk for channel in channels]
    deliveries = {(one.channel_id, one.environment): one for one in Delivery.objects.filter(channel__in=keys)}
    newest = dict(
        Release.objects.filter(channel__in=keys)
        .order_by()
        .values_list("channel_id")
        .annotate(newest=Max("number"))
        .values_list("channel_id", "newest")
    )
    return {
        key: [_state(name, deliveries.get((key, name)), newest.get(key, 0)) for name in environments()]
        for key in keys
    }


def _state(environment: str, delivery: Delivery | None, newest: int) -> EnvironmentState:
    label = EnvironmentName(environment).label
    if delivery is None:
        return EnvironmentState(environment, label, "never")
    behind = max(0, newest - delivery.confirmed)
    if delivery.wanted > delivery.confirmed:
        if not delivery.last_error:
            return EnvironmentState(environment, label, "pending", behind=behind)
        return EnvironmentState(
            environment,
            label,
            "failed",
            behind=behind,
            error=error_sentence(delivery),
            next_attempt=delivery.next_attempt_at,
        )
    if behind:
        return EnvironmentState(environment, label, "behind", behind=behind)
    return EnvironmentState(environment, label, "up_to_date", visible_in_ms=delivery.visible_in_ms)
