"""Releases (what was saved, immutable and numbered) and deliveries (what each environment should have, and has)."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from channels_config.models import Channel
from publishing.packed import PackedJSONField
from tenants.models import TenantModel


class Release(TenantModel):
    """One saved state of a whole channel. A trigger refuses to change or delete it."""

    channel = models.ForeignKey(Channel, on_delete=models.DO_NOTHING, related_name="releases")
    number = models.PositiveIntegerField()
    channel_facts = models.JSONField()
    sections = PackedJSONField()
    digest = models.CharField(max_length=64)
    removed = models.BooleanField(default=False)
    areas = models.JSONField(default=list)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_constraint=False,
    )
    author_label = models.CharField(max_length=254)
    note = models.CharField(max_length=500, blank=True)
    #: The release whose content this one brings back.
    restored = models.PositiveIntegerField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar[list[str]] = ["channel", "-number"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["tenant", "channel", "number"], name="publishing_release_number")
        ]

    def __str__(self) -> str:
        return f"{self.channel_id} #{self.number}"


class EnvironmentName(models.TextChoices):
    TEST = "test", _("Test")
    LIVE = "live", _("Live")


class Delivery(TenantModel):
    """What one region of an environment should serve of one channel. The row is the outbox: more wanted than confirmed is work.

    `revision` counts the emergency switch's turns: the same release is pushed anew, in another form.
    """

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="deliveries")
    environment = models.CharField(max_length=10, choices=EnvironmentName)
    #: Empty in an environment of one region.
    region = models.CharField(max_length=40, blank=True, default="")
    wanted = models.PositiveIntegerField()
    wanted_revision = models.PositiveIntegerField(default=0)
    wanted_at = models.DateTimeField()
    #: When it fell behind; means nothing while nothing is due. Wanting more meanwhile leaves it.
    due_since = models.DateTimeField(null=True)
    confirmed = models.PositiveIntegerField(default=0)
    confirmed_revision = models.PositiveIntegerField(default=0)
    visible_at = models.DateTimeField(null=True)
    visible_in_ms = models.PositiveIntegerField(null=True)
    attempts = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField()
    last_error = models.CharField(max_length=100, blank=True)
    #: The release and revision that the region was last found to have instead of what it was to get: from after the backup that this
    #: console was restored from, say. Numbers never go back, so what comes next is numbered above it.
    ahead = models.PositiveIntegerField(default=0, db_default=0)
    ahead_revision = models.PositiveIntegerField(default=0, db_default=0)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["tenant", "channel", "environment", "region"], name="publishing_delivery_per_region"
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["next_attempt_at"],
                condition=models.Q(wanted__gt=models.F("confirmed"))
                | models.Q(wanted_revision__gt=models.F("confirmed_revision")),
                name="publishing_delivery_is_due",
            ),
            models.Index(fields=["tenant", "environment", "region"], name="publishing_delivery_regions"),
        ]

    def __str__(self) -> str:
        return f"{self.channel_id} in {self.environment} {self.region}: {self.confirmed} of {self.wanted}"

    @property
    def due(self) -> bool:
        return self.wanted > self.confirmed or self.wanted_revision > self.confirmed_revision

    @property
    def behind_since(self) -> datetime:
        """When it fell behind, of one that is due."""
        return self.due_since or self.wanted_at

    @property
    def behind(self) -> int:
        """How many releases the region still lacks of what is wanted there."""
        return max(0, self.wanted - self.confirmed)


#: Where a region has something under the number that is wanted there, or under a larger one, as a condition of a query.
STRANDED = models.Q(ahead__gt=0) & models.Q(ahead__gte=models.F("wanted"))
#: Deliveries with work to do, as a condition of a query.
DUE = models.Q(wanted__gt=models.F("confirmed")) | models.Q(
    wanted_revision__gt=models.F("confirmed_revision")
)


class Arrival(TenantModel):
    """A release became visible in a region: what the chart of the deliveries is drawn from."""

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="+")
    environment = models.CharField(max_length=10, choices=EnvironmentName)
    region = models.CharField(max_length=40, blank=True, default="")
    release = models.PositiveIntegerField()
    revision = models.PositiveIntegerField(default=0)
    visible_at = models.DateTimeField()
    visible_in_ms = models.PositiveIntegerField()
    attempts = models.PositiveIntegerField()

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["tenant", "environment", "visible_at"], name="publishing_arrival_by_time"),
            models.Index(fields=["visible_at"], name="publishing_arrival_age"),
        ]

    def __str__(self) -> str:
        return f"{self.channel_id} #{self.release} in {self.environment} {self.region}"


class Rules(TenantModel):
    """How releases of one channel reach live. A channel without a row: by a person, alone, without a checklist."""

    channel = models.OneToOneField(Channel, on_delete=models.CASCADE, related_name="publication_rules")
    live_on_save = models.BooleanField(_("Publish to live on save"), default=False)
    four_eyes = models.BooleanField(_("A second person approves"), default=False)
    #: Sentences to be ticked before a release goes live.
    checklist = models.JSONField(default=list)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=models.Q(live_on_save=False) | models.Q(four_eyes=False),
                name="publishing_rules_agree",
            )
        ]

    def __str__(self) -> str:
        return f"rules of {self.channel_id}"


class Switch(TenantModel):
    """The emergency switch of one channel in live. `revision` only ever grows."""

    channel = models.OneToOneField(Channel, on_delete=models.CASCADE, related_name="emergency_switch")
    hidden = models.BooleanField(default=False)
    scripts_off = models.BooleanField(default=False)
    revision = models.PositiveIntegerField(default=0)
    turned_at = models.DateTimeField()
    turned_by = models.CharField(max_length=254)
    reason = models.CharField(max_length=500, blank=True)

    def __str__(self) -> str:
        return f"switch of {self.channel_id}"


class Promotion(TenantModel):
    """Somebody asked for a release to go live: at once, at a time, or once somebody else approves."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting for approval")
        SCHEDULED = "scheduled", _("Scheduled")
        DONE = "done", _("Put live")
        CANCELLED = "cancelled", _("Cancelled")
        FAILED = "failed", _("Not carried out")

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="promotions")
    number = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    state = models.CharField(max_length=10, choices=State)
    note = models.CharField(max_length=500, blank=True)
    #: The sentences that were ticked.
    checklist = models.JSONField(default=list)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_constraint=False,
    )
    asked_by_label = models.CharField(max_length=254)
    asked_at = models.DateTimeField()
    approved_by_label = models.CharField(max_length=254, blank=True)
    #: None: as soon as it may.
    at = models.DateTimeField(null=True)
    time_zone = models.CharField(max_length=64, blank=True)
    ended_at = models.DateTimeField(null=True)
    #: Why it was not carried out: a key of publishing.promotions.FAILURES.
    failure = models.CharField(max_length=40, blank=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["tenant", "channel"],
                condition=models.Q(state__in=["waiting", "scheduled"]),
                name="publishing_promotion_one_open",
            )
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["at"], condition=models.Q(state="scheduled"), name="publishing_promotion_due"
            ),
            models.Index(fields=["tenant", "channel", "-asked_at"], name="publishing_promotion_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.channel_id} #{self.number}: {self.state}"


class Copy(TenantModel):
    """Some areas of one channel, as they stood, taken to other channels; or the undoing of that."""

    source = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="+")
    areas = models.JSONField()
    #: Area name -> section, as it stood when the copy was asked for; empty for an undo.
    sections = models.JSONField()
    note = models.CharField(max_length=500, blank=True)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_constraint=False,
    )
    asked_by_label = models.CharField(max_length=254)
    asked_at = models.DateTimeField()
    #: When a worker last did something: an unfinished copy that rests is taken up by another.
    touched_at = models.DateTimeField()
    undo_of = models.OneToOneField("self", null=True, on_delete=models.CASCADE, related_name="undone_by")

    def __str__(self) -> str:
        return f"copy {self.pk} from {self.source_id}"


class CopyTarget(TenantModel):
    """One channel a copy goes to, and what came of it."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        DONE = "done", _("Done")
        UNCHANGED = "unchanged", _("Was the same already")
        REFUSED = "refused", _("Refused")
        SKIPPED = "skipped", _("Left alone")

    #: What a person has to look at comes first in a list.
    FIRST: ClassVar = (State.REFUSED, State.SKIPPED, State.WAITING)

    copy = models.ForeignKey(Copy, on_delete=models.CASCADE, related_name="targets")
    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="+")
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    #: Sections as they were before, for the undo: area name -> section.
    before = models.JSONField(default=dict)
    release = models.PositiveIntegerField(null=True)
    message = models.TextField(blank=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["tenant", "copy", "channel"], name="publishing_copy_once")
        ]

    def __str__(self) -> str:
        return f"{self.channel_id}: {self.state}"
