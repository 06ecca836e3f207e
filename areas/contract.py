"""What a configuration area promises to the rest of the product."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from django.urls import reverse
from django.utils.functional import Promise

from tenants.roles import Role

Section = dict[str, Any]
Sections = Mapping[str, Section]


class ChannelLike(Protocol):
    """What an area may know of a channel without importing its room."""

    pk: Any
    tenant_id: int
    public_id: str
    kind: str


@dataclass(frozen=True)
class Problem:
    """Something in a section that a visitor would stumble over.

    `path` names the place ("custom_css", "variants.2.locale"); `blocking` ones keep the section from being published.
    """

    area: str
    path: str
    message: str | Promise
    blocking: bool = True


class NotPublishable(Exception):
    """The drafts do not fit together; `problems` says where and why."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(str(problem.message) for problem in problems))
        self.problems = problems


def nothing(section: Section) -> dict[str, Any]:
    """The default of `public`: a browser sees nothing of an area."""
    return {}


def no_phrases(section: Section) -> dict[str, str]:
    """The default of `phrases`: an area brings no words of its own to the visitor."""
    return {}


@dataclass(frozen=True)
class Area:
    """One subject of a channel's configuration; see docs/architecture.md, "An area"."""

    name: str
    slug: str
    label: str | Promise
    urls: str
    dump: Callable[[Any], Section]
    load: Callable[[Any, Section], None]
    check: Callable[[Section, Sections], list[Problem]]
    public: Callable[[Section], dict[str, Any]] = nothing
    #: Words of this area a visitor reads, by translation key: offered for translation beside the catalogue's phrases.
    phrases: Callable[[Section], dict[str, str]] = no_phrases
    #: Dotted path of the DRF serializer that describes the section ("ipblocking.api.SectionSerializer").
    serializer: str = ""
    edit_role: Role = Role.EDITOR
    description: str | Promise = ""
    icon: str = "settings"
    order: int = field(default=100)

    def edit_url(self, brand: int, channel: str) -> str:
        return reverse(f"{self.name}:edit", args=[brand, channel])
