"""Sections of one channel as another channel gets them: what names a thing of the one names the same thing of the other.

A Guide's entry points have ids that snippets on pages name, and that its translations name. Copied into another Guide, they are that
Guide's own entry points: those it has already keep their ids, and what was said of them follows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from areas.contract import ChannelLike, Section, Sections
from areas.registry import areas_of


def of_another(kind: str) -> frozenset[str]:
    """Names of the areas whose sections have to be at hand for anything of such a channel to be moved."""
    return frozenset(one.name for one in areas_of(kind) if one.own_ids is not None)


def moved(sections: Sections, source: Sections, channel: ChannelLike) -> dict[str, Section]:
    """`sections` as `channel` would hold them; `source` are the sections they stood beside, at least those of `of_another`.

    Asked for twice it answers the same. Nothing is written; called within the organisation's scope.
    """
    ids: dict[str, str] = {}
    for one in areas_of(channel.kind):
        if one.own_ids is not None and one.name in source:
            ids |= one.own_ids(source[one.name], one.dump(channel), channel)
    ids = {old: new for old, new in ids.items() if old != new}
    if not ids:
        return dict(sections)
    pattern = re.compile("|".join(map(re.escape, sorted(ids))))
    return {name: _renamed(section, ids, pattern) for name, section in sections.items()}


def _renamed(value: Any, ids: Mapping[str, str], pattern: re.Pattern[str]) -> Any:
    """Texts that are an id, and names of fields that hold one; what somebody wrote that mentions one stays as it is."""
    if isinstance(value, str):
        return ids.get(value, value)
    if isinstance(value, Mapping):
        return {
            pattern.sub(lambda found: ids[found[0]], key): _renamed(one, ids, pattern)
            for key, one in value.items()
        }
    if isinstance(value, list):
        return [_renamed(one, ids, pattern) for one in value]
    return value
