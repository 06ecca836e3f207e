"""What belongs to the agent desk in the console: who answers and under which name, the library of cards, canned answers."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from tenants.models import TenantModel

SHORTCUT = r"[a-z0-9][a-z0-9_-]{0,39}"


class Agent(TenantModel):
    """A member as an agent. Without a row: under their own name, on all channels, as far as their role goes."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", editable=False
    )
    display_name = models.CharField(_("name shown to visitors"), max_length=80, blank=True)
    #: Answers visitors in live though their role alone would not let them.
    answers_live = models.BooleanField(_("answers visitors"), default=False)
    #: Public ids of the channels they answer on; empty: all.
    channels = models.JSONField(default=list, blank=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["tenant", "user"], name="desk_agent_once")
        ]

    def __str__(self) -> str:
        return self.display_name or f"agent {self.user_id}"


class Card(TenantModel):
    """An Adaptive Card of the organisation's library. `source` is the JSON as it was written."""

    name = models.CharField(_("name"), max_length=120)
    source = models.TextField(_("card, in JSON"))
    #: Counts saves: a form says which state it was filled from.
    version = models.PositiveIntegerField(default=1)
    saved_at = models.DateTimeField(auto_now=True)
    saved_by_label = models.CharField(max_length=254, blank=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["name", "pk"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                "tenant",
                Lower("name"),
                name="desk_card_name",
                violation_error_message=_("Your organisation has a card of this name already."),
            )
        ]

    def __str__(self) -> str:
        return self.name


class Snippet(TenantModel):
    """A canned answer, called by a slash and its shortcut, in one language or both."""

    shortcut = models.CharField(
        _("shortcut"),
        max_length=40,
        validators=[
            RegexValidator(
                rf"^{SHORTCUT}\Z",
                _("Small letters a to z, digits, - and _ only, beginning with a letter or digit."),
            )
        ],
    )
    text_fr = models.TextField(_("text in French"), max_length=5000, blank=True)
    text_en = models.TextField(_("text in English"), max_length=5000, blank=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering: ClassVar[list[str]] = ["shortcut"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["tenant", "shortcut"],
                name="desk_snippet_shortcut",
                violation_error_message=_("Your organisation has an answer with this shortcut already."),
            )
        ]

    def __str__(self) -> str:
        return f"/{self.shortcut}"


class QuickReplies(TenantModel):
    """A question with its choices, as an agent sent or wrote it once, kept to be asked again."""

    question = models.TextField(_("question"), max_length=2000)
    choices = models.JSONField()

    class Meta:
        ordering: ClassVar[list[str]] = ["question", "pk"]

    def __str__(self) -> str:
        return self.question
