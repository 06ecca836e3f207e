"""Which rules of a channel's custom CSS lose against the branding of a Guide that offers the channel, and why.

Named by the setting CSS_OVERRIDES, for the page of a channel's CSS (`channels_config`), which knows no Guide.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import tinycss2
from django.utils.translation import gettext_lazy as _

from areas.contract import ChannelLike
from guide import look
from guide.models import GuideSettings

#: Rows somebody can take in.
MOST = 60

#: A property stands for these, too: whoever sets one sets what the other sets.
_COVERS = {
    "background": {"background", "background-color", "background-image"},
    "font-family": {"font-family", "font"},
    "font-size": {"font-size", "font"},
    "border-radius": {
        "border-radius",
        "border-top-left-radius",
        "border-top-right-radius",
        "border-bottom-left-radius",
        "border-bottom-right-radius",
    },
}
_LABELS = {
    **look.COLORS,
    "font": _("Font"),
    "font_size": _("Size of text"),
    "radius": _("Roundness of corners"),
}


@dataclass(frozen=True)
class Override:
    """A declaration of the channel's that has no effect where this Guide shows the channel."""

    line: int
    selector: str
    declaration: str
    guide: str
    guide_id: str
    setting: str
    value: str


def of_channel(channel: ChannelLike, css: str) -> list[Override]:
    """In the order of the style sheet; one query."""
    guides = []
    for draft in GuideSettings.objects.filter(channel__deleted_at=None).select_related("channel"):
        offers = {one["channel"] for entry in draft.entries for one in entry["channels"]}
        if channel.public_id in offers:
            guides.append((draft.channel, {**look.NO_BRANDING, **draft.branding}))
    if not guides:
        return []
    found = []
    for line, selector, compounds, name, value in declarations(css):
        for guide, branding in guides:
            for setting, target, theirs, said in look.effects(branding):
                if name in _COVERS.get(theirs, {theirs}) and any(fits(one, target) for one in compounds):
                    found.append(
                        Override(
                            line,
                            selector,
                            f"{name}: {value}",
                            guide.name,
                            guide.public_id,
                            str(_LABELS[setting]),
                            said,
                        )
                    )
                    break
            if len(found) == MOST:
                return found
    return found


@dataclass(frozen=True)
class Compound:
    """The last part of a selector: what it says of the element itself."""

    tag: str = ""
    ids: frozenset[str] = frozenset()
    classes: frozenset[str] = frozenset()
    data_selector: str = ""
    #: Something we cannot tell of an element that we know by name only.
    other: bool = False
    root: bool = False


def fits(one: Compound, target: look.Target) -> bool:
    """Whether the selector can be about the target. A pseudo-class may make it so at times; then it is."""
    if one.other:
        return False
    if one.root:
        return target is look.ROOT
    return (
        (not one.tag or one.tag in target.tags)
        and one.ids <= target.ids
        and one.classes <= target.classes
        and (not one.data_selector or one.data_selector in target.data_selectors)
    )


def declarations(css: str) -> Iterator[tuple[int, str, list[Compound], str, str]]:
    """(line, selector, its compounds, property, value) of every declaration, inside of conditions as well."""
    yield from _rules(tinycss2.parse_stylesheet(css, skip_comments=True, skip_whitespace=True))


def _rules(nodes: list[Any]) -> Iterator[tuple[int, str, list[Compound], str, str]]:
    for node in nodes:
        if node.type == "at-rule" and node.content is not None:
            if node.lower_at_keyword in {"media", "supports", "layer", "container", "scope"}:
                yield from _rules(
                    tinycss2.parse_rule_list(node.content, skip_comments=True, skip_whitespace=True)
                )
        elif node.type == "qualified-rule":
            selector = tinycss2.serialize(node.prelude).strip()
            compounds = [compound_of(one) for one in split(selector)]
            for inner in tinycss2.parse_blocks_contents(
                node.content, skip_comments=True, skip_whitespace=True
            ):
                if inner.type == "declaration":
                    value = tinycss2.serialize(inner.value).strip() + (
                        " !important" if inner.important else ""
                    )
                    yield inner.source_line, selector, compounds, inner.lower_name, value[:120]


def split(selector: str) -> list[str]:
    """A selector list at its commas outside of brackets."""
    found, depth, start = [], 0, 0
    for at, character in enumerate(selector):
        depth += (character in "([") - (character in ")]")
        if character == "," and depth == 0:
            found.append(selector[start:at].strip())
            start = at + 1
    return [one for one in [*found, selector[start:].strip()] if one]


_PART = re.compile(
    r"""(?P<data>\[\s*data-selector\s*=\s*["']?(?P<name>[\w-]+)["']?\s*\])
      | (?P<attribute>\[[^\]]*\])
      | ::?(?P<pseudo>[\w-]+)(?:\([^)]*\))?
      | \#(?P<id>[\w-]+)
      | \.(?P<class>[\w-]+)
      | (?P<tag>[\w-]+|\*)""",
    re.VERBOSE,
)
_PSEUDO_ELEMENTS = {"before", "after", "placeholder", "selection", "marker", "first-line", "first-letter"}


def compound_of(selector: str) -> Compound:
    """What a selector says of the element it is about."""
    last = re.split(r"\s*[\s>+~]\s*(?![^\[(]*[\])])", selector.strip())[-1]
    tag, data = "", ""
    ids, classes = set[str](), set[str]()
    other = root = False
    for match in _PART.finditer(last):
        if match["data"]:
            data = match["name"]
        elif match["attribute"]:
            other = True
        elif match["pseudo"]:
            root = root or match["pseudo"] == "root"
            other = other or match["pseudo"] in _PSEUDO_ELEMENTS
        elif match["id"]:
            ids.add(match["id"])
        elif match["class"]:
            classes.add(match["class"])
        elif match["tag"] != "*":
            tag = match["tag"].lower()
    return Compound(tag, frozenset(ids), frozenset(classes), data, other, root)
