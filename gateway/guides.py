"""A published Guide, made ready: what a page may show of it, where, and in which languages.

What is served of it is put together in `gateway.guide_views`, for it depends on which channels are published beside it.
"""

from __future__ import annotations

from collections.abc import Mapping

from gateway import channel_json
from kit import origins
from publishing.snapshot import Snapshot

_LAST = 1000


class Guide:
    """One release of a Guide. `rank` decides between two Guides that fit the same page."""

    __slots__ = (
        "brand",
        "document",
        "domains",
        "id",
        "name",
        "rank",
        "release",
        "restricted",
        "revision",
        "translations",
    )

    def __init__(self, snapshot: Snapshot) -> None:
        self.id = snapshot.channel
        self.brand = snapshot.brand
        self.name = snapshot.name
        self.release = snapshot.release
        self.revision = snapshot.revision
        self.document: Mapping[str, object] = snapshot.document
        self.translations = channel_json.languages(snapshot.private.get("translations"))
        section = snapshot.private.get("guide")
        section = section if isinstance(section, Mapping) else {"domains_restricted": True}
        rank = section.get("rank")
        self.rank = rank if isinstance(rank, int) else _LAST
        self.restricted = section.get("domains_restricted") is not False
        listed = section.get("allowed_domains")
        self.domains = tuple(
            entry
            for text in (listed if isinstance(listed, list) else ())
            if (entry := _entry(text)) is not None
        )

    def allows(self, parts: tuple[str, str, int] | None, own: frozenset[tuple[str, str, int]]) -> bool:
        """Whether a page of this origin (`kit.origins.split`) may show the Guide; `own` are the environment's and the console's."""
        if parts is None:
            return False
        return parts in own or not self.restricted or any(entry.matches(*parts) for entry in self.domains)


def _entry(text: object) -> origins.Entry | None:
    try:
        return origins.parse(text) if isinstance(text, str) else None
    except origins.BadEntry:
        return None
