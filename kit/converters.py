"""URL pieces with a form of their own."""

from __future__ import annotations


class ChannelIdConverter:
    """A channel's public id, chat_<uuid> in lower case (wire contract)."""

    regex = "chat_[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


class GuideIdConverter(ChannelIdConverter):
    """A Guide's public id, guide_<uuid>."""

    regex = ChannelIdConverter.regex.replace("chat_", "guide_")


class PublishedIdConverter(ChannelIdConverter):
    """Whatever is published: a channel's id or a Guide's."""

    regex = ChannelIdConverter.regex.replace("chat_", "(?:chat|guide)_")
