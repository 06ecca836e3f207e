"""What the home of an organisation says about its channels at a glance."""

from __future__ import annotations

from typing import Any

from areas.states import EnvironmentState, states
from channels_config.models import Channel
from kit.plain_text import Plain

MOST_SHOWN = 6
#: What needs somebody comes first.
_URGENCY = {"failed": 0, "hidden": 0, "behind": 1, "never": 2, "pending": 3, "up_to_date": 4}


def overview() -> dict[str, Any]:
    """Counts per environment, and the channels that most need a look; three queries, whatever the number of channels."""
    channels = list(Channel.objects.order_by(Plain("name"), "pk"))
    where = states(channels) if channels else {}
    environments = list(zip(*where.values(), strict=True)) if where else []
    shown = sorted(channels, key=lambda channel: _urgency(where[channel.pk]))[:MOST_SHOWN]
    return {
        "channel_count": len(channels),
        "more": max(0, len(channels) - MOST_SHOWN),
        "environments": [
            {
                "label": column[0].label,
                "up_to_date": sum(one.state == "up_to_date" for one in column),
                "behind": sum(one.state == "behind" for one in column),
                "failed": sum(one.state == "failed" for one in column),
                "pending": sum(one.state == "pending" for one in column),
                "never": sum(one.state == "never" for one in column),
            }
            for column in environments
        ],
        "rows": [{"channel": channel, "statuses": where[channel.pk]} for channel in shown],
    }


def _urgency(of: list[EnvironmentState]) -> int:
    return min((_URGENCY[one.state] for one in of), default=len(_URGENCY))
