"""Draft of CSS, JS, appearance and domains <-> its section."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from areas.contract import Problem, Section, Sections
from channels_config import colors, content
from channels_config.domains import DOMAIN_SENTENCES, MOST_DOMAINS
from channels_config.models import Channel, WebSettings
from channels_config.remarks import PLACE, Remark
from kit import origins
from tenants.prepared import Prepared

AREA_NAME = "channels_config"
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
    return _drafts.first(channel.pk) or WebSettings(channel=channel)


_drafts = Prepared(lambda channel: WebSettings.objects.filter(channel=channel).order_by("pk")[:1], int)


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
    values = {
        "custom_css": section["custom_css"],
        "custom_js": section["custom_js"],
        "redesigned_ui": section["redesigned_ui"],
        "colors": {name: section["colors"][name] for name in DEFAULT_COLORS},
        "appearance": section["widget"]["appearance"],
        "position": section["widget"]["position"],
        "domains_restricted": section["domains_restricted"],
        "allowed_domains": list(section["allowed_domains"]),
    }
    if not WebSettings.objects.filter(channel=channel).update(**values):
        WebSettings.objects.create(channel=channel, **values)


def check(section: Section, sections: Sections) -> list[Problem]:
    """What the page's form would say, for a section that came from elsewhere (API, import, another channel).

    A section of another shape is one problem for each place; the rules of content are looked at where the shape is right.
    """
    found = [Problem(AREA_NAME, path, message) for path, message in shape_faults(section)]
    if found:
        return found
    for name, language in (("custom_css", "css"), ("custom_js", "js")):
        found += _about_text(name, "css" if language == "css" else "js", section[name])
    for name, color in section["colors"].items():
        if colors.normal(color) != color:
            found.append(Problem(AREA_NAME, f"colors.{name}", _("This is not a colour such as #1a73e8.")))
    for number, entry in enumerate(section["allowed_domains"]):
        try:
            origins.parse(entry)
        except origins.BadEntry as bad:
            found.append(Problem(AREA_NAME, f"allowed_domains.{number}", DOMAIN_SENTENCES[bad.code]))
    if section["domains_restricted"] and not section["allowed_domains"]:
        found.append(
            Problem(
                AREA_NAME,
                "allowed_domains",
                _("The list of domains is empty: no website shows the chat."),
                blocking=False,
            )
        )
    return found


def _about_text(name: str, language: content.Language, text: str) -> list[Problem]:
    if text != content.with_plain_line_ends(text):
        return [
            Problem(AREA_NAME, name, _("Lines end with a line feed alone, and there is no byte order mark."))
        ]
    try:
        content.refuse_unacceptable(text)
    except ValidationError as refused:
        return [Problem(AREA_NAME, name, message) for message in refused.messages]
    return [
        Problem(
            AREA_NAME,
            name,
            _place_sentence(remark),
            blocking=remark.severity == "error",
        )
        for remark in content.remarks(language, text)
    ]


def _place_sentence(remark: Remark) -> str:
    return str(PLACE) % {"line": remark.line, "column": remark.column, "what": remark.message}


def shape_faults(section: Any) -> list[tuple[str, Promise]]:
    """(path, sentence) for every place where something of another kind stands than `dump` writes there."""
    if not isinstance(section, dict):
        return [("", _("This is not an object."))]
    found: list[tuple[str, Promise]] = [
        (str(name), _("There is no such field.")) for name in section if name not in _KINDS
    ]
    for name, kind in _KINDS.items():
        value = section.get(name)
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            found.append((name, _SHAPES[kind]))
    if found:
        return found
    if section["format"] != FORMAT:
        found.append(("format", _("This format is not known here.")))
    if set(section["colors"]) != set(DEFAULT_COLORS) or not all(
        isinstance(color, str) for color in section["colors"].values()
    ):
        found.append(("colors", _("Exactly the seven colours belong here, each as text.")))
    widget = section["widget"]
    if set(widget) != {"appearance", "position"}:
        found.append(("widget", _("Exactly appearance and position belong here.")))
    else:
        for name, choices in (("appearance", WebSettings.Appearance), ("position", WebSettings.Position)):
            if widget[name] not in choices.values:
                found.append((f"widget.{name}", _("This is none of the choices.")))
    if not all(isinstance(entry, str) for entry in section["allowed_domains"]):
        found.append(("allowed_domains", _("Domains are texts.")))
    elif len(section["allowed_domains"]) > MOST_DOMAINS:
        found.append(("allowed_domains", _("There are too many domains.")))
    return found


_KINDS: dict[str, type] = {
    "format": int,
    "custom_css": str,
    "custom_js": str,
    "redesigned_ui": bool,
    "colors": dict,
    "widget": dict,
    "domains_restricted": bool,
    "allowed_domains": list,
}
_SHAPES: dict[type, Promise] = {
    int: _("A whole number belongs here."),
    str: _("A text belongs here."),
    bool: _("true or false belongs here."),
    dict: _("An object belongs here."),
    list: _("A list belongs here."),
}


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
