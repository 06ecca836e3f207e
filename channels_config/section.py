"""Draft of CSS, JS, appearance and domains <-> its section."""

from __future__ import annotations

from typing import Any

from areas.contract import Problem, Section, Sections
from channels_config.models import Channel, WebSettings

FORMAT = 1

#: The seven colours of a channel (wire contract 1.1) and what CXone ships them with.
DEFAULT_COLORS = {
    "button": "#faac4b",
    "headerBackground": "#faac4b",
    "headerFont": "#000000",
    "theme": "#faac4b",
    "text": "#000000",
    "widgetBackground": "#faac4b",
    "widgetFont": "#000000",
}


def settings_of(channel: Channel) -> WebSettings:
    """The channel's draft row; a channel without one gets the defaults, unsaved."""
    return WebSettings.objects.filter(channel=channel).first() or WebSettings(channel=channel)


def dump(channel: Channel) -> Section:
    """The section as plain JSON:

    {"format": 1, "custom_css", "custom_js": text, "redesigned_ui": bool, "colors": {7 names: "#rrggbb"},
     "widget": {"appearance": "bar"|"bubble", "position": "right"|"left"},
     "domains_restricted": bool, "allowed_domains": [entries as kit.origins reads them]}
    """
    draft = settings_of(channel)
    return {
        "format": FORMAT,
        "custom_css": draft.custom_css,
        "custom_js": draft.custom_js,
        "redesigned_ui": draft.redesigned_ui,
        "colors": {**DEFAULT_COLORS, **draft.colors},
        "widget": {"appearance": draft.appearance, "position": draft.position},
        "domains_restricted": draft.domains_restricted,
        "allowed_domains": list(draft.allowed_domains),
    }


def load(channel: Channel, section: Section) -> None:
    """Write a section into the draft; the inverse of `dump`."""
    draft = settings_of(channel)
    draft.custom_css = section["custom_css"]
    draft.custom_js = section["custom_js"]
    draft.redesigned_ui = section["redesigned_ui"]
    draft.colors = {name: section["colors"][name] for name in DEFAULT_COLORS}
    draft.appearance = section["widget"]["appearance"]
    draft.position = section["widget"]["position"]
    draft.domains_restricted = section["domains_restricted"]
    draft.allowed_domains = list(section["allowed_domains"])
    draft.save()


def check(section: Section, sections: Sections) -> list[Problem]:
    return []


def public(section: Section) -> dict[str, Any]:
    """Its piece of the channel JSON. The allowed domains stay with the environment."""
    return {
        "customCss": section["custom_css"],
        "customJs": section["custom_js"],
        "customJsFiles": [],
        "colors": section["colors"],
        "widget": section["widget"],
        "settings": {
            "chatRedesign": section["redesigned_ui"],
            "features": {"chatRedesign": section["redesigned_ui"]},
        },
    }
