"""What a channel would look like with a section that nobody has saved yet.

Compiling the channel JSON is for a room above; the setting CONFIG_COMPILER names what it offers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from django.conf import settings
from django.utils.module_loading import import_string

from areas.contract import ChannelLike, Sections


def draft_document(channel: ChannelLike, unsaved: Sections) -> dict[str, Any]:
    """The channel JSON of the drafts, with the sections of `unsaved` (area name -> section) in place of theirs."""
    compiler = cast(
        "Callable[[ChannelLike, Sections], dict[str, Any]]", import_string(settings.CONFIG_COMPILER)
    )
    return compiler(channel, unsaved)
