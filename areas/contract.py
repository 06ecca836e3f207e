"""What a configuration area promises to the rest of the product."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from django.urls import reverse
from django.utils.functional import Promise

from kit import documents
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


#: What stands for a secret in files, in the API and in webhooks. It never leaves the console as itself.
SECRET_PLACEHOLDER = "<secret>"  # noqa: S105 - it stands for one


def no_secrets(section: Section) -> Section:
    """The default of `redact`: nothing in the section is secret."""
    return section


def makes_nothing(section: Section) -> list[str | Promise]:
    """The default of `makes`: loading a section touches nothing but its channel."""
    return []


def uses_no_field(ident: str) -> list[str]:
    """The default of `uses_field`: the area knows nothing of custom fields."""
    return []


def keeps_no_fields() -> list[str]:
    """The default of `custom_fields`: they are another area's."""
    return []


def keeps_nothing(channel: Any, customer: str, environment: str) -> None:
    """The default of `erase_customer`: the area keeps nothing of customers."""


def as_given(section: Section, current: Section) -> Section:
    """The default of `restore`: what came is what is meant."""
    return section


@dataclass(frozen=True)
class Line:
    """One line of the report on a channel JSON taken over from CXone.

    `path` is the place in the channel JSON ("settings.fileRestrictions"); "taken": kept as it was; "changed": taken over in another
    form, `message` says which; "unknown": nothing here corresponds to it.
    """

    verdict: Literal["taken", "changed", "unknown"]
    path: str
    message: str | Promise = ""


#: (channel JSON, section as it is) -> (section with what the JSON says, report). Never raises for any JSON object.
FromChannelJson = Callable[[Mapping[str, Any], Section], tuple[Section, list[Line]]]


def identity(section: Section) -> Section:
    """The default of `disarm` (nothing of the organisation's runs in a visitor's browser) and of `private`."""
    return section


@dataclass(frozen=True)
class Secret:
    """A value that people never see, in what `describe` answers: only whether two of them are the same can be told."""

    mark: str = ""


#: Kinds of channel that a visitor chats on, and the one that only leads there.
CHAT_KINDS = frozenset({"messaging", "live"})
GUIDE_KIND = "guide"


@dataclass(frozen=True)
class Area:
    """One subject of a channel's configuration; see docs/architecture.md, "An area"."""

    name: str
    slug: str
    label: str | Promise
    urls: str
    dump: Callable[[Any], Section]
    load: Callable[[Any, Section], None]
    #: Is given any JSON at all (a file's, the API's), so it looks at the shape first, and never raises.
    check: Callable[[Section, Sections], list[Problem]]
    public: Callable[[Section], dict[str, Any]] = nothing
    #: Words of this area a visitor reads, by translation key: offered for translation beside the catalogue's phrases.
    phrases: Callable[[Section], dict[str, str]] = no_phrases
    #: The section as it may be shown and written to files: each secret (or its ciphertext) is SECRET_PLACEHOLDER.
    redact: Callable[[Section], Section] = no_secrets
    #: The inverse, for a section from a file or the API: each SECRET_PLACEHOLDER is what `current` has there (empty where it has
    #: nothing), any other text is a new secret, encrypted here. Given whatever JSON came, it never raises: `check` says what is wrong.
    restore: Callable[[Section, Section], Section] = as_given
    #: What of a channel JSON (wire contract 3.3) belongs to this area; None when nothing does.
    from_channel_json: FromChannelJson | None = None
    #: What loading the section would make in the organisation beside the channel, a sentence for each: for a dry run. The section has
    #: passed `check`; called within the organisation's scope.
    makes: Callable[[Section], list[str | Promise]] = makes_nothing
    #: Where the area's drafts name a custom field of the organisation, by its ident, in a person's words ("the mapping of “Support”"):
    #: what is named there cannot be deleted. Called within the organisation's scope.
    uses_field: Callable[[str], list[str]] = uses_no_field
    #: The idents of the organisation's custom fields, from the area that keeps them. Called within the organisation's scope.
    custom_fields: Callable[[], list[str]] = keeps_no_fields
    #: Erases what the console itself keeps of one customer of a channel, by their id in an environment ("test", "live"). Called within
    #: the organisation's scope, in the transaction that erases them there.
    erase_customer: Callable[[Any, str, str], None] = keeps_nothing
    #: The section in a reader's words, for differences between versions: label -> text, number, bool, None, a list of entries, a
    #: `Secret`, or such a mapping again. Without it the names of the section's own fields are shown (areas.differences).
    describe: Callable[[Section], Mapping[Any, Any]] | None = None
    #: The section as the environment gets it, inside the encrypted part of a snapshot: secrets in place of their references.
    #: Called within the organisation's scope; may raise kit.secrets.Unreadable.
    private: Callable[[Section], Section] = identity
    #: The section's canonical bytes, the same as kit.documents.canonical makes; an area of large sections knows a shorter way.
    canonical: Callable[[Section], bytes] = documents.canonical
    #: The section without what runs code of the organisation's own in a visitor's browser: the emergency switch publishes that.
    disarm: Callable[[Section], Section] = identity
    #: Dotted path of the DRF serializer that describes the section ("ipblocking.api.SectionSerializer").
    serializer: str = ""
    #: Ids the section gives to things of its own channel, by which snippets and other areas' sections of that channel name them: what
    #: they are called in another channel that gets the section. (section, section there now, the other channel) -> {id: id there}.
    #: None where a section holds no such ids. See areas.moving.
    own_ids: Callable[[Section, Section, ChannelLike], Mapping[str, str]] | None = None
    #: The kinds of channel that have this area. A Guide is one, too: it is published, and has areas of its own.
    kinds: frozenset[str] = CHAT_KINDS
    #: What of the area's contents fits the words typed into the palette, within the scope's organisation: (words, brand) ->
    #: [{"title", "detail", "url", "group", "icon"}], best first, a handful. Shown to whoever may read (Role.AUDITOR).
    find: Callable[[Sequence[str], int], list[dict[str, str]]] | None = None
    edit_role: Role = Role.EDITOR
    description: str | Promise = ""
    icon: str = "settings"
    order: int = field(default=100)

    def restored(self, section: Any, current: Section) -> Any:
        """`restore` for whatever JSON came: what is no object is left for `check` to refuse."""
        return self.restore(section, current) if isinstance(section, dict) else section

    def edit_url(self, brand: int, channel: str) -> str:
        return reverse(f"{self.name}:edit", args=[brand, channel])
