"""The areas of this installation, from the one setting CONFIG_AREAS (dotted paths to `AREA` objects)."""

from __future__ import annotations

from functools import cache

from django.conf import settings
from django.utils.module_loading import import_string

from areas.contract import Area, ChannelLike


@cache
def areas() -> tuple[Area, ...]:
    """All areas, in the order of the list's links."""
    return tuple(sorted((import_string(path) for path in settings.CONFIG_AREAS), key=lambda area: area.order))


def areas_of(kind: str) -> tuple[Area, ...]:
    """The areas that a channel of this kind has, in the same order."""
    return tuple(one for one in areas() if kind in one.kinds)


def area(name: str) -> Area:
    """One area by name; raises KeyError."""
    for one in areas():
        if one.name == name:
            return one
    raise KeyError(name)


def erase_customer(channel: ChannelLike, customer: str, *, environment: str) -> None:
    """What any area keeps of a customer goes; within the organisation's scope."""
    for one in areas():
        one.erase_customer(channel, customer, environment)


def uses_of_field(ident: str) -> list[str]:
    """Where any area names a custom field, in a person's words; within the organisation's scope."""
    return [use for one in areas() for use in one.uses_field(ident)]


def custom_fields() -> list[str]:
    """The idents of the organisation's custom fields; within its scope."""
    return [ident for one in areas() for ident in one.custom_fields()]
