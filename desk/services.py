"""Acts of the agent desk in the console: who answers, under which name; cards and canned answers. Each is recorded."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, TypeVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from audit.sentences import register
from audit.services import record
from channels_config.models import Channel
from desk.models import Agent, Card, QuickReplies, Snippet
from publishing.snapshot import desk_key
from tenants.models import Membership
from tenants.roles import Role

register("desk.name_set", _("%(actor)s answers visitors as “%(name)s”"))
register("desk.agent_changed", _("%(actor)s changed what %(agent)s may answer"))
register("desk.card_created", _("%(actor)s created the card “%(card)s”"))
register("desk.card_saved", _("%(actor)s changed the card “%(card)s”"))
register("desk.card_deleted", _("%(actor)s deleted the card “%(card)s”"))
register("desk.snippet_created", _("%(actor)s created the canned answer /%(snippet)s"))
register("desk.snippet_saved", _("%(actor)s changed the canned answer /%(snippet)s"))
register("desk.replies_created", _("%(actor)s kept the quick replies “%(question)s”"))
register("desk.replies_deleted", _("%(actor)s deleted the quick replies “%(question)s”"))
register("desk.snippet_deleted", _("%(actor)s deleted the canned answer /%(snippet)s"))

#: From which role on one answers: QA plays the agent in test; who edits a live channel may also speak for it. Anybody below is let
#: in by an admin, one by one (`Agent.answers_live`).
TEST_ROLE = Role.QA
LIVE_ROLE = Role.EDITOR
#: Who says which members answer.
AGENTS_ROLE = Role.ADMIN
#: Who writes cards and canned answers.
EDIT_ROLE = Role.EDITOR
#: Seconds a key of the desk lives. Whoever is put out goes on for so long at most.
KEY_LASTS = 300
#: Channels that fit into a key one by one.
MOST_CHANNELS = 100
#: Quick replies, as the environments take them (gateway.agent_desk), and how many are kept.
LONGEST_QUESTION = 2000
MOST_CHOICES = 20
LONGEST_CHOICE = 200
MOST_REPLIES = 200

M = TypeVar("M", Card, Snippet)


class Overtaken(Exception):
    """Somebody else saved in between; `current` is the row as it stands."""

    def __init__(self, current: Any) -> None:
        super().__init__("changed since it was read")
        self.current = current


def agent_of(user: User) -> Agent:
    """The member's row, or one that was never saved."""
    return Agent.objects.filter(user=user).first() or Agent(user=user)


def name_of(agent: Agent) -> str:
    """What visitors read: never an e-mail address."""
    return agent.display_name or agent.user.name or agent.user.email.partition("@")[0]


def answers_in(membership: Membership, agent: Agent) -> list[str]:
    """The environments in which the member may answer."""
    live = membership.may(LIVE_ROLE) or agent.answers_live
    test = membership.may(TEST_ROLE) or live
    return [name for name, may in (("test", test), ("live", live)) if may]


def key_for(membership: Membership, agent: Agent, environment: str) -> tuple[str, int]:
    """A key for the desk of this environment, and the seconds it lives. The caller has asked `answers_in`."""
    channels: Sequence[str] | None = None
    if agent.channels:
        # A channel that was deleted opens nothing, and does not count.
        channels = list(
            Channel.objects.filter(public_id__in=agent.channels).values_list("public_id", flat=True)[
                :MOST_CHANNELS
            ]
        )
    key = desk_key(
        settings.PUBLISHING_SIGNING_KEY,
        environment=environment,
        brand=membership.tenant.number,
        channels=channels,
        agent=str(membership.user_id),
        name=name_of(agent),
        expires_at=time.time() + KEY_LASTS,
    )
    return key, KEY_LASTS


def set_name(agent: Agent, name: str, *, by: User) -> Agent:
    """Raises ValidationError."""
    agent.display_name = " ".join(name.replace("\0", "").split())
    agent.clean_fields(exclude=["tenant", "user"])
    agent.save()
    record("desk.name_set", by=by, name=name_of(agent))
    return agent


def set_agent(agent: Agent, *, name: str, answers_live: bool, channels: Sequence[str], by: User) -> Agent:
    """What an admin says of a member. Raises ValidationError."""
    if len(channels) > MOST_CHANNELS:
        raise ValidationError(
            _("Choose at most %(most)s channels, or all of them.") % {"most": MOST_CHANNELS}
        )
    agent.display_name = " ".join(name.replace("\0", "").split())
    agent.answers_live = answers_live
    agent.channels = sorted(channels)
    agent.clean_fields(exclude=["tenant", "user"])
    agent.save()
    record(
        "desk.agent_changed",
        by=by,
        agent=str(agent.user),
        name=agent.display_name,
        answers_live=answers_live,
        channels=agent.channels,
    )
    return agent


def save_card(card: Card, *, seen: int, by: User | None) -> Card:
    """Create or change a card. Raises ValidationError, Overtaken."""
    card.saved_by_label = str(by)[:254] if by else ""
    return _save(card, Card, seen=seen, action="desk.card", by=by, card=card.name)


def save_snippet(snippet: Snippet, *, seen: int, by: User | None) -> Snippet:
    """Create or change a canned answer. Raises ValidationError, Overtaken."""
    return _save(snippet, Snippet, seen=seen, action="desk.snippet", by=by, snippet=snippet.shortcut)


def save_replies(question: str, choices: Sequence[str], *, by: User | None) -> QuickReplies:
    """Keep a question with its choices; the same once more is the one that is there. Raises ValidationError."""
    question = question.replace("\0", "").strip()
    kept = [text for one in choices if (text := one.replace("\0", "").strip())]
    if not (0 < len(question) <= LONGEST_QUESTION and 0 < len(kept) <= MOST_CHOICES):
        raise ValidationError(_("Write a question and 1 to 20 choices."))
    if any(len(one) > LONGEST_CHOICE for one in kept):
        raise ValidationError(_("A choice has at most %(most)s characters.") % {"most": LONGEST_CHOICE})
    for one in QuickReplies.objects.filter(question=question):
        if one.choices == kept:
            return one
    if QuickReplies.objects.count() >= MOST_REPLIES:
        raise ValidationError(_("At most %(most)s quick replies are kept.") % {"most": MOST_REPLIES})
    made = QuickReplies.objects.create(question=question, choices=kept)
    record("desk.replies_created", by=by, subject=str(made.pk), question=question[:200])
    return made


def _save(row: M, model: type[M], *, seen: int, action: str, by: User | None, **data: str) -> M:
    created = row.pk is None
    if not created:
        current = model.objects.select_for_update().get(pk=row.pk)
        if current.version != seen:
            raise Overtaken(current)
        row.version = current.version + 1
    row.clean_fields(exclude=["tenant"])
    row.validate_constraints()
    row.save()
    record(f"{action}_created" if created else f"{action}_saved", by=by, subject=str(row.pk), **data)
    return row


def delete(row: models.Model, *, action: str, by: User, **data: str) -> None:
    subject = str(row.pk)
    row.delete()
    record(action, by=by, subject=subject, **data)
