"""The organisation's own words in a channel: labels of its fields, what a Guide says."""

from __future__ import annotations

from areas import registry
from areas.contract import Sections, no_phrases
from areas.preview import saved_sections
from channels_config.models import Channel


def own_phrases(channel: Channel, saved: Sections | None = None) -> dict[str, str]:
    """By translation key, as the areas tell them; `saved` are all areas' sections as saved, where somebody has them already."""
    found: dict[str, str] = {}
    if saved is None:
        saved = saved_sections(channel)
    for area in registry.areas_of(channel.kind):
        if area.phrases is not no_phrases:
            found |= area.phrases(saved.get(area.name) or area.dump(channel))
    return found
