"""A Guide's branding: what each setting sets, in the Guide's own frame and in the chat windows it opens.

Pure. One table (`EFFECTS`) says both what the Guide's layer of CSS holds and which rules of a channel's CSS lose against it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from channels_config import colors

#: Ways of writing that every device has; nothing is fetched for them.
FONTS: dict[str, tuple[str | Promise, str]] = {
    "": (_("The channel's own"), ""),
    "system": (_("The device's own"), 'system-ui, -apple-system, "Segoe UI", Roboto, sans-serif'),
    "humanist": (_("Humanist"), 'Seravek, "Gill Sans Nova", Ubuntu, Calibri, "DejaVu Sans", source-sans-pro, sans-serif'),
    "geometric": (_("Geometric"), 'Avenir, Montserrat, Corbel, "URW Gothic", source-sans-pro, sans-serif'),
    "rounded": (_("Rounded"), 'ui-rounded, "Hiragino Maru Gothic ProN", Quicksand, Comfortaa, Manjari, "Arial Rounded MT Bold", Calibri, sans-serif'),
    "serif": (_("Serif"), 'Charter, "Bitstream Charter", "Sitka Text", Cambria, Georgia, serif'),
}  # fmt: skip

#: The colours, in the order of the page; each may be left to the channels (empty).
COLORS: dict[str, Promise] = {
    "button": _("Guide button"),
    "button_text": _("Text on the Guide button"),
    "header": _("Header"),
    "header_text": _("Text in the header"),
    "accent": _("Buttons and visitor’s messages"),
    "accent_text": _("Text on them"),
    "background": _("Background"),
    "text": _("Text"),
}
#: Ink and ground that meet.
PAIRS = (
    ("button_text", "button"),
    ("header_text", "header"),
    ("accent_text", "accent"),
    ("text", "background"),
)

SMALLEST_FONT, LARGEST_FONT = 12, 22
LARGEST_RADIUS = 32


@dataclass(frozen=True)
class Target:
    """Something in the chat window as selectors may name it, and what we name it by in the Guide's layer."""

    selector: str
    tags: frozenset[str] = frozenset()
    ids: frozenset[str] = frozenset()
    classes: frozenset[str] = frozenset()
    data_selectors: frozenset[str] = frozenset()


def _target(selector: str, tags: str = "", ids: str = "", classes: str = "", data: str = "") -> Target:
    return Target(selector, *(frozenset(one.split()) for one in (tags, ids, classes, data)))


ROOT = _target(":root", tags="html")
BODY = _target("body", tags="body", classes="be-template")
WINDOW = _target(".cw-window", tags="section", ids="be-messenger", classes="cw-window", data="WINDOW")
HEADER = _target(".cw-header", tags="header", classes="cw-header", data="HEADER")
CONTENT = _target(".cw-content", tags="div", classes="cw-content", data="CONTENT")
MINE = _target(".cw-mine .cw-bubble-box", tags="div", classes="cw-bubble-box", data="CUSTOMER_MESSAGE_BUBBLE")
PRIMARY = _target(
    ".cw-primary,.cw-send,.cw-primary:hover",
    tags="button",
    classes="cw-button cw-primary cw-send",
    data="PRIMARY_BUTTON SEND_BUTTON START_NEW_CHAT",
)
FIELDS = _target("button,textarea,input", tags="button textarea input", data="TEXTAREA INPUT")

#: Setting -> (target, property, value with {}) in the chat window.
EFFECTS: dict[str, tuple[tuple[Target, str, str], ...]] = {
    "header": ((ROOT, "--cw-header", "{}"), (HEADER, "background", "{}")),
    "header_text": ((ROOT, "--cw-on-header", "{}"), (HEADER, "color", "{}")),
    "accent": (
        (ROOT, "--cw-theme", "{}"),
        (ROOT, "--cw-button", "{}"),
        (MINE, "background", "{}"),
        (PRIMARY, "background", "{}"),
    ),
    "accent_text": (
        (ROOT, "--cw-on-theme", "{}"),
        (ROOT, "--cw-on-button", "{}"),
        (MINE, "color", "{}"),
        (PRIMARY, "color", "{}"),
    ),
    "background": (
        (ROOT, "--cw-paper", "{}"),
        (WINDOW, "background", "{}"),
        (CONTENT, "background", "{}"),
    ),
    "text": ((ROOT, "--cw-ink", "{}"), (WINDOW, "color", "{}")),
    "font": ((BODY, "font-family", "{}"), (FIELDS, "font-family", "{}")),
    "font_size": ((BODY, "font-size", "{}px"),),
    "radius": ((ROOT, "--cw-radius", "{}px"), (WINDOW, "border-radius", "{}px")),
}


def value_of(branding: Mapping[str, Any], setting: str) -> str:
    """What CSS says for a setting; empty where it is left to the channels."""
    value = branding.get(setting)
    if setting == "font":
        return FONTS.get(str(value or ""), ("", ""))[1]
    return "" if value in ("", None) else str(value)


def effects(branding: Mapping[str, Any]) -> Iterator[tuple[str, Target, str, str]]:
    """(setting, target, property, value) of everything the branding sets in a chat window."""
    for setting, parts in EFFECTS.items():
        value = value_of(branding, setting)
        if value:
            for target, name, shape in parts:
                yield setting, target, name, shape.format(value)


def css(branding: Mapping[str, Any]) -> str:
    """The Guide's layer in a chat window.

    Layers are compared before specificity, so any selector of ours wins over the channel's. What the channel marks `!important`
    is compared the other way round, so each declaration stands once more, important, in the weakest layer: there it is the
    strongest.
    """
    rules: dict[str, list[tuple[str, str]]] = {}
    for _setting, target, name, value in effects(branding):
        rules.setdefault(target.selector, []).append((name, value))
    if not rules:
        return ""
    plain = "".join(
        f"{selector}{{{';'.join(f'{name}:{value}' for name, value in said)}}}"
        for selector, said in rules.items()
    )
    strong = "".join(
        f"{selector}{{{';'.join(f'{name}:{value}!important' for name, value in said)}}}"
        for selector, said in rules.items()
    )
    return f"@layer guide{{{_inks(branding)}{plain}}}@layer widget{{{strong}}}"


#: What the window writes in colours of its own, for a dark ground.
_ON_DARK = {"--cw-good": "#5fd39a", "--cw-warning": "#f0c05a", "--cw-wrong": "#ff9a9e"}
#: What is written on a coloured ground.
_WORDS_ON = {"header": ("--cw-on-header",), "accent": ("--cw-on-theme", "--cw-on-button")}
_BLACK, _WHITE = "#111318", "#ffffff"


def _inks(branding: Mapping[str, Any]) -> str:
    """Words of the window that nobody gave a colour, so that they can be read on what the Guide colours (WCAG AA).

    First in the layer, so that what the branding does set wins.
    """
    said = {
        name: _readable_on(color)
        for setting, names in _WORDS_ON.items()
        if (color := value_of(branding, setting))
        for name in names
    }
    if ground := value_of(branding, "background"):
        said |= _on_background(branding, ground)
    return f":root{{{';'.join(f'{name}:{color}' for name, color in said.items())}}}" if said else ""


def _readable_on(ground: str) -> str:
    return max(_BLACK, _WHITE, key=lambda one: colors.contrast(one, ground))


def _on_background(branding: Mapping[str, Any], ground: str) -> dict[str, str]:
    ink = _readable_on(ground)
    said = {"--cw-ink": ink}
    # The window darkens the channel's accent until it can be read on white.
    accent = value_of(branding, "accent")
    if accent and colors.contrast(accent, ground) >= colors.AA:
        said["--cw-accent"] = accent
    elif accent or ink == _WHITE:
        said["--cw-accent"] = value_of(branding, "text") or ink
    if ink == _WHITE:
        said |= {
            name: color if colors.contrast(color, ground) >= colors.AA else ink
            for name, color in _ON_DARK.items()
        }
    return said


#: Branding where nobody has said otherwise: the channels' own.
NO_BRANDING: dict[str, Any] = {
    **dict.fromkeys(COLORS, ""),
    "font": "",
    "font_size": None,
    "radius": None,
}

#: Where the Guide stands and how large it is, in CSS pixels: name -> (smallest, largest, where nobody has said otherwise).
MEASURES: dict[str, tuple[int, int, int]] = {
    "offset_x": (0, 400, 0),
    "offset_y": (0, 400, 0),
    "button_size": (40, 120, 60),
    "width": (280, 800, 380),
    "height": (320, 1200, 560),
}
POSITIONS = ("right", "left")
SHAPES = ("round", "words")

DEFAULT_PLACE: dict[str, Any] = {
    "position": "right",
    "shape": "round",
    **{name: usual for name, (_least, _most, usual) in MEASURES.items()},
}
