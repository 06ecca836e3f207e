"""The environments this console publishes to, as its settings name them."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings


@dataclass(frozen=True)
class Environment:
    """`public_url` is what visitors see, `push_url` where snapshots go; neither ends with a slash.

    `encryption_key` is the environment's public X25519 key, a JWK as JSON.
    """

    name: str
    public_url: str
    push_url: str
    encryption_key: str

    def channel_url(self, brand: int, channel: str) -> str:
        """The channel JSON (wire contract 3.1, endpoint 1)."""
        return f"/chat/1.0/brand/{brand}/channel/{channel}"


def environments() -> dict[str, Environment]:
    """Name ("test", "live") -> environment, in the order in which a release passes through them."""
    return {one["name"]: Environment(**one) for one in settings.ENVIRONMENTS}
