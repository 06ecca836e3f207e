"""From draft rows to the document a browser may see: asks every area, merges what they answer."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

from areas.contract import NotPublishable, Problem
from areas.registry import areas, areas_of
from channels_config.models import Channel
from kit.documents import canonical
from publishing.packed import Written

__all__ = [
    "NotPublishable",
    "channel_facts",
    "deep_merge",
    "disarmed",
    "document",
    "draft_document",
    "private_sections",
    "problems",
    "release_digest",
    "sections",
    "written",
]


def channel_facts(channel: Channel) -> dict[str, Any]:
    """What a release says of the channel itself."""
    return {"name": channel.name, "kind": channel.kind, "public_id": channel.public_id}


def sections(channel: Channel) -> dict[str, Any]:
    """Area name -> section, for every area of this installation."""
    return {area.name: area.dump(channel) for area in areas_of(channel.kind)}


def written(all_sections: Mapping[str, Any]) -> Written:
    """The sections with their canonical bytes, each as its area writes it."""
    known: dict[str, Callable[[Any], bytes]] = {area.name: area.canonical for area in areas()}
    pieces = [
        canonical(name) + b":" + known.get(name, canonical)(section)
        for name, section in sorted(all_sections.items())
    ]
    return Written(dict(all_sections), b"{" + b",".join(pieces) + b"}")


def release_digest(facts: Mapping[str, Any], sections: Written) -> str:
    """`publishing.snapshot.digest` of a channel's facts and sections, from bytes that are there already."""
    head = b'{"channel":' + canonical(dict(facts)) + b',"sections":'
    return hashlib.sha256(head + sections.raw + b"}").hexdigest()


def problems(all_sections: Mapping[str, Any]) -> list[Problem]:
    """What every area finds wrong with its section, seen beside the others."""
    return [
        problem
        for area in areas()
        if area.name in all_sections
        for problem in area.check(all_sections[area.name], all_sections)
    ]


def document(facts: Mapping[str, Any], all_sections: Mapping[str, Any]) -> dict[str, Any]:
    """The channel JSON of the wire contract (3.3), without what only the environment knows (availability)."""
    public_id = facts["public_id"]
    merged: dict[str, Any] = (
        {}
        if facts["kind"] == Channel.Kind.GUIDE
        else {
            "name": facts["name"],
            "isLiveChat": facts["kind"] == Channel.Kind.LIVE,
            "channelIdOnExternalPlatform": public_id.removeprefix("chat_"),
        }
    )
    for area in areas():
        if area.name in all_sections:
            merged = deep_merge(merged, area.public(all_sections[area.name]))
    return merged


def private_sections(all_sections: Mapping[str, Any]) -> dict[str, Any]:
    """The sections as the encrypted part of a snapshot holds them: secrets in place of their references."""
    known = {area.name: area for area in areas()}
    return {
        name: known[name].private(section) if name in known else section
        for name, section in all_sections.items()
    }


def disarmed(all_sections: Mapping[str, Any]) -> dict[str, Any]:
    """The sections without what runs code of the organisation's own in a visitor's browser."""
    return {
        **all_sections,
        **{area.name: area.disarm(all_sections[area.name]) for area in areas() if area.name in all_sections},
    }


def draft_document(channel: Channel, unsaved: Mapping[str, Any]) -> dict[str, Any]:
    """The channel JSON of the drafts as they stand, but for the sections given in `unsaved`."""
    all_sections = {
        area.name: unsaved.get(area.name) or area.dump(channel) for area in areas_of(channel.kind)
    }
    return document(channel_facts(channel), all_sections)


def deep_merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Objects are merged key by key; any other value of `over` replaces the one of `base`."""
    merged = dict(base)
    for key, value in over.items():
        if isinstance(value, Mapping) and isinstance(merged.get(key), Mapping):
            merged[key] = deep_merge(merged[key], value)
        else:
            merged[key] = value
    return merged
