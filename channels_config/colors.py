"""Colours as hex codes, and whether one can be read on another (WCAG 2.2, success criterion 1.4.3)."""

from __future__ import annotations

import re

#: Contrast that text of ordinary size needs at least (level AA).
AA = 4.5

#: Ink and ground of the seven that meet in the chat window.
PAIRS = (("headerFont", "headerBackground"), ("widgetFont", "widgetBackground"), ("text", "theme"))

_HEX = re.compile(r"#?(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})")


def normal(text: str) -> str | None:
    """`#rrggbb` in small letters; None for what is no hex code. `#fa4` and `FAAC4B` are taken, too."""
    if not _HEX.fullmatch(text):
        return None
    digits = text.removeprefix("#").lower()
    return "#" + (digits if len(digits) == 6 else "".join(digit * 2 for digit in digits))


def contrast(one: str, other: str) -> float:
    """Ratio of two `#rrggbb` colours, 1 to 21."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(color: str) -> float:
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
