"""Two versions of the area's section side by side, for somebody who has to choose between them."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from typing import Literal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from areas.contract import Section
from channels_config.area_forms import COLOR_LABELS, Where, where
from channels_config.models import WebSettings

#: Lines of a text's difference that are shown.
MOST_LINES = 400


@dataclass(frozen=True)
class Line:
    """One line of a text's difference: who has it. `gap` stands for lines both have."""

    kind: Literal["theirs", "mine", "both", "gap"]
    text: str


@dataclass(frozen=True)
class Difference:
    """One field in which the versions differ; `lines` for a text, else `theirs` and `mine`."""

    label: str | Promise
    theirs: str | Promise = ""
    mine: str | Promise = ""
    lines: list[Line] = field(default_factory=list)


def differences(theirs: Section, mine: Section) -> list[Difference]:
    """The fields that differ, in the order of the form; empty when both say the same."""
    found = [
        Difference(COLOR_LABELS[name], theirs["colors"][name], mine["colors"][name])
        for name in COLOR_LABELS
        if theirs["colors"][name] != mine["colors"][name]
    ]
    choices: list[tuple[str | Promise, str | Promise, str | Promise]] = [
        (
            _("Shape of the launcher"),
            WebSettings.Appearance(theirs["widget"]["appearance"]).label,
            WebSettings.Appearance(mine["widget"]["appearance"]).label,
        ),
        (
            _("Corner"),
            WebSettings.Position(theirs["widget"]["position"]).label,
            WebSettings.Position(mine["widget"]["position"]).label,
        ),
        (_("Redesigned interface"), _on(theirs["redesigned_ui"]), _on(mine["redesigned_ui"])),
        (_("Where may the chat appear?"), Where(where(theirs)).label, Where(where(mine)).label),
    ]
    found += [Difference(label, one, other) for label, one, other in choices if one != other]
    for label, name in ((_("Custom CSS"), "custom_css"), (_("Custom JavaScript"), "custom_js")):
        if theirs[name] != mine[name]:
            found.append(Difference(label, lines=lines(theirs[name], mine[name])))
    if theirs["allowed_domains"] != mine["allowed_domains"]:
        found.append(
            Difference(
                _("Allowed domains"),
                lines=lines("\n".join(theirs["allowed_domains"]), "\n".join(mine["allowed_domains"])),
            )
        )
    return found


def lines(theirs: str, mine: str) -> list[Line]:
    """The lines that differ, with two of context around them."""
    # No characters are compared within lines: on a minified sheet that would take minutes.
    made: list[Line] = []
    compared = difflib.unified_diff(theirs.split("\n"), mine.split("\n"), n=2, lineterm="")
    for line in compared:
        if line.startswith(("---", "+++")) and not made:
            continue
        if line.startswith("@@"):
            if made:
                made.append(Line("gap", "⋯"))
            continue
        kind: Literal["theirs", "mine", "both"] = {"-": "theirs", "+": "mine"}.get(line[0], "both")  # type: ignore[assignment]
        made.append(Line(kind, line[1:501]))
        if len(made) >= MOST_LINES:
            made.append(Line("gap", "⋯"))
            break
    return made


def _on(value: bool) -> Promise:
    return pgettext_lazy("a setting", "on") if value else pgettext_lazy("a setting", "off")
