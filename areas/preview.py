"""What a channel would look like with a section that nobody has saved yet.

Compiling the channel JSON is for a room above; the setting CONFIG_COMPILER names what it offers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from django.conf import settings
from django.utils.module_loading import import_string

from areas.contract import ChannelLike, Sections


def saved_sections(channel: ChannelLike) -> Sections:
    """The sections of the areas as they were saved last, in one query; areas that came since then are missing.

    The same as asking every area, for each save writes a release. The setting CONFIG_SAVED names who keeps them.
    """
    keeper = cast("Callable[[ChannelLike], Sections]", import_string(settings.CONFIG_SAVED))
    return keeper(channel)


def draft_document(channel: ChannelLike, unsaved: Sections) -> dict[str, Any]:
    """The channel JSON of the drafts, with the sections of `unsaved` (area name -> section) in place of theirs."""
    compiler = cast(
        "Callable[[ChannelLike, Sections], dict[str, Any]]", import_string(settings.CONFIG_COMPILER)
    )
    return compiler(channel, unsaved)
