"""The environments this console publishes to, as its settings name them, and the regions of each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings


@dataclass(frozen=True)
class Region:
    """One place of an environment with processes and a database of its own. `name` is empty where there is only one."""

    name: str
    public_url: str
    push_url: str


@dataclass(frozen=True)
class Environment:
    """`public_url` is what visitors see, `push_url` where snapshots go; neither ends with a slash.

    `encryption_key` is the environment's public X25519 key, a JWK as JSON. `regions` is empty for an environment that is one
    place; the addresses above are its only ones then. A region is pushed to, and read back from, at its own.
    """

    name: str
    public_url: str
    push_url: str
    encryption_key: str
    regions: tuple[Region, ...] = ()

    def channel_url(self, brand: int, channel: str) -> str:
        """The channel JSON (wire contract 3.1, endpoint 1); a Guide's own document."""
        if channel.startswith("guide_"):
            return f"/guide/1/{brand}/{channel}"
        return f"/chat/1.0/brand/{brand}/channel/{channel}"

    @property
    def places(self) -> tuple[Region, ...]:
        """Where a release has to go: every region, or the one place there is."""
        return self.regions or (Region("", self.public_url, self.push_url),)

    def at(self, region: str) -> Environment | None:
        """The environment as one of its regions has it; None when there is no such region (any more)."""
        for place in self.places:
            if place.name == region:
                return replace(self, public_url=place.public_url, push_url=place.push_url)
        return None


def environments() -> dict[str, Environment]:
    """Name ("test", "live") -> environment, in the order in which a release passes through them."""
    return {one["name"]: _environment(one) for one in settings.ENVIRONMENTS}


def _environment(one: dict[str, Any]) -> Environment:
    regions = tuple(
        Region(
            name=region["name"],
            public_url=region.get("public_url", one["public_url"]).rstrip("/"),
            push_url=region["push_url"].rstrip("/"),
        )
        for region in one.get("regions", ())
    )
    return Environment(**{**one, "regions": regions})
