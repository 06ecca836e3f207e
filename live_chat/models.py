"""The draft of one channel's live chat; what visitors left while nobody was there, and the e-mails that come of it."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from channels_config.models import Channel
from live_chat.rules import AVAILABILITIES
from tenants.models import TenantModel


class LiveChat(TenantModel):
    """One channel's draft, in the pieces of its section (`live_chat.rules`)."""

    channel = models.OneToOneField(Channel, on_delete=models.CASCADE, related_name="live_chat")
    hours = models.JSONField()
    availability = models.CharField(max_length=10)
    offline = models.JSONField()
    transcript = models.JSONField()
    inactivity = models.JSONField()
    behaviour = models.JSONField()
    menu = models.JSONField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=models.Q(availability__in=AVAILABILITIES), name="live_chat_availability"
            ),
        ]

    def __str__(self) -> str:
        return f"live chat of {self.channel_id}"


class OfflineMessage(TenantModel):
    """What a visitor left in the form of a channel that was offline; `origin` is its id in the environment it came from."""

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="offline_messages")
    #: "test", "live", or "live/<region>".
    place = models.CharField(max_length=80)
    origin = models.UUIDField()
    email = models.CharField(_("e-mail"), max_length=320)
    first_name = models.CharField(max_length=255, default="", blank=True)
    last_name = models.CharField(max_length=255, default="", blank=True)
    text = models.TextField(_("message"))
    sent_at = models.DateTimeField()
    received_at = models.DateTimeField(auto_now_add=True)
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["tenant", "origin"], name="live_chat_message_once")
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["tenant", "channel", "-sent_at", "-id"], name="live_chat_message_newest"),
        ]

    def __str__(self) -> str:
        return self.email

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def place_label(self) -> str:
        """ "Test", "Live", "Live · region"."""
        environment, _slash, region = self.place.partition("/")
        return f"{environment.capitalize()} · {region}" if region else environment.capitalize()


class Mail(TenantModel):
    """An e-mail on its way: the row is the outbox. Once it has gone (or was given up) `due_at` is empty."""

    class Kind(models.TextChoices):
        OFFLINE = "offline", _("Offline message")
        TRANSCRIPT = "transcript", _("Transcript")

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="mails")
    kind = models.CharField(max_length=12, choices=Kind)
    #: The offline message's or the transcript's id in its environment.
    origin = models.UUIDField()
    recipients = models.JSONField()
    reply_to = models.CharField(max_length=320, default="", blank=True)
    subject = models.CharField(max_length=300)
    text = models.TextField()
    html = models.TextField(default="", blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=300, default="", blank=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["tenant", "kind", "origin"], name="live_chat_mail_once")
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["tenant", "due_at"],
                condition=models.Q(due_at__isnull=False),
                name="live_chat_mail_due",
            ),
            models.Index(fields=["tenant", "channel", "-id"], name="live_chat_mail_newest"),
        ]

    def __str__(self) -> str:
        return self.subject
