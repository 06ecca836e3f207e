"""What of a CXone channel JSON belongs to this area: CSS, JS, colours, launcher, the redesigned interface."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from areas.contract import Line, Section
from channels_config import colors, content
from channels_config.models import WebSettings
from channels_config.section import DEFAULT_COLORS


def from_channel_json(document: Mapping[str, Any], section: Section) -> tuple[Section, list[Line]]:
    """The section with what the JSON says (wire contract 1.1), and the report."""
    made = {**section, "colors": dict(section["colors"]), "widget": dict(section["widget"])}
    lines: list[Line] = []
    for field, name in (("customCss", "custom_css"), ("customJs", "custom_js")):
        if field in document:
            lines.append(_text(made, name, field, document[field]))
    for field, names in (("colors", DEFAULT_COLORS), ("widget", {"appearance": 0, "position": 0})):
        given = document.get(field)
        if isinstance(given, Mapping):
            lines += [
                _color(made, name, value) if field == "colors" else _choice(made, name, value)
                for name, value in given.items()
                if name in names
            ]
            lines += [Line("unknown", f"{field}.{name}") for name in given if name not in names]
        elif document.get(field) not in (None, []):
            lines.append(
                Line("unknown", field, _("This is not what belongs there; what was there before stays."))
            )
    lines += _redesign(made, document)
    if "customJsFiles" in document and document["customJsFiles"] in ([], None):
        lines.append(Line("taken", "customJsFiles"))
    elif "customJsFiles" in document:
        lines.append(
            Line(
                "unknown",
                "customJsFiles",
                _(
                    "Paste the content of these files into the custom JavaScript: no script is loaded from elsewhere."
                ),
            )
        )
    return made, lines


def _text(made: Section, name: str, field: str, value: Any) -> Line:
    if value is None:
        made[name] = ""
        return Line("taken", field)
    if not isinstance(value, str):
        return Line("unknown", field, _("This is not what belongs there; what was there before stays."))
    text = content.with_plain_line_ends(value)
    if not content.is_acceptable(text):
        return Line("unknown", field, _("This is too long, or no text; what was there before stays."))
    if any(
        remark.severity == "error"
        for remark in content.remarks("css" if name == "custom_css" else "js", text)
    ):
        return Line(
            "unknown",
            field,
            _("It has a syntax error, so what was there before stays. Mend it, and paste it."),
        )
    made[name] = text
    if text != value:
        return Line("changed", field, _("Line ends were made plain."))
    if "parent.cxone(" in text:
        return Line(
            "changed",
            field,
            _("It calls parent.cxone(…): here it is cxone(…), the page itself is out of reach."),
        )
    return Line("taken", field)


def _color(made: Section, name: str, value: Any) -> Line:
    path = f"colors.{name}"
    color = colors.normal(value) if isinstance(value, str) else None
    if color is None:
        return Line("unknown", path, _("This is not a colour such as #1a73e8."))
    made["colors"][name] = color
    if color == value:
        return Line("taken", path)
    return Line("changed", path, _("Written as #rrggbb."))


def _choice(made: Section, name: str, value: Any) -> Line:
    choices = WebSettings.Appearance if name == "appearance" else WebSettings.Position
    if value not in choices.values:
        return Line("unknown", f"widget.{name}", _("This is none of the choices."))
    made["widget"][name] = value
    return Line("taken", f"widget.{name}")


def _redesign(made: Section, document: Mapping[str, Any]) -> list[Line]:
    settings = document.get("settings")
    if not isinstance(settings, Mapping):
        return []
    features = settings.get("features")
    found = [("settings.chatRedesign", settings.get("chatRedesign"))]
    if isinstance(features, Mapping):
        found.append(("settings.features.chatRedesign", features.get("chatRedesign")))
    lines = []
    for path, value in found:
        if isinstance(value, bool):
            made["redesigned_ui"] = value
            lines.append(Line("taken", path))
    return lines
