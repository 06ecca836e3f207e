"""Guides for tests."""

from __future__ import annotations

import copy
from typing import Any

from channels_config.models import Channel
from channels_config.services import create_channel
from guide.area import AREA
from guide.section import new_entry
from tenants.models import Organisation
from tenants.scope import tenant_scope


def entry(
    name: str = "Every page", *offered: str, rules: list[dict[str, str]] | None = None
) -> dict[str, Any]:
    """An entry point that offers these channels (public ids)."""
    return {
        **new_entry(name),
        "rules": rules or [],
        "channels": [{"channel": one, "label": "", "hide_offline": False} for one in offered],
    }


def rule(how: str, value: str, effect: str = "include") -> dict[str, str]:
    return {"effect": effect, "how": how, "value": value}


def guide(of: Organisation, name: str = "Guide", *entries: dict[str, Any], **parts: Any) -> Channel:
    """A Guide with these entry points; `parts` take the place of other parts of the section (branding, place: merged)."""
    with tenant_scope(of.pk):
        made = create_channel(name=name, kind=Channel.Kind.GUIDE, by=None)
        section = copy.deepcopy(AREA.dump(made))
        section["entries"] = list(entries)
        for key, value in parts.items():
            section[key] = {**section[key], **value} if isinstance(value, dict) else value
        AREA.load(made, section)
    return made
