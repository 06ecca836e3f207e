"""Tokens of the REST API, answers kept for repeated requests, and webhooks with what was sent to them."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from tenants.models import TenantModel


class Scope(models.TextChoices):
    READ = "read", _("Read everything")
    CHANNELS = "channels", _("Create, rename and delete channels")
    SECTIONS = "sections", _("Change channels' settings")
    PROMOTE = "promote", _("Put releases live, and deliver again")


class Token(TenantModel):
    """A key to one organisation. The key itself is not kept: `hashed` is its SHA-256, `hint` its last four characters."""

    name = models.CharField(_("name"), max_length=80)
    hashed = models.CharField(max_length=64, unique=True)
    hint = models.CharField(max_length=4)
    scopes = models.JSONField(default=list)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False
    )
    made_by_label = models.CharField(max_length=254)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return self.name


class Bearer(User):
    """A person as whom a token acts: releases and the audit say by which token."""

    token_name = ""

    class Meta:
        proxy = True

    def __str__(self) -> str:
        return f"{self.name or self.email} · {self.token_name}"[:254]


class IdempotentAnswer(TenantModel):
    """What a request with an Idempotency-Key was answered, for a day."""

    token = models.ForeignKey(Token, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=200)
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(default=0)
    body = models.JSONField(null=True)
    headers = models.JSONField(default=dict)
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["tenant", "token", "key"], name="api_idempotent_once")
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["tenant", "created_at"], name="api_idempotent_age")
        ]

    def __str__(self) -> str:
        return self.key


class Webhook(TenantModel):
    """An address told of publications. The secrets are encrypted (kit.secrets); the former one signs as well until `former_until`."""

    url = models.CharField(_("address"), max_length=500)
    events = models.JSONField(default=list)
    secret = models.TextField()
    former_secret = models.TextField(default="", blank=True)
    former_until = models.DateTimeField(null=True)
    active = models.BooleanField(default=True)
    #: Since when nothing sent there arrives; of one that is switched off it says that nobody did that by hand.
    failing_since = models.DateTimeField(null=True)
    made_by_label = models.CharField(max_length=254)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["pk"]

    def __str__(self) -> str:
        return self.url


class Message(TenantModel):
    """One event for one webhook: the outbox, and the log people read."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        SENT = "sent", _("Delivered")
        FAILED = "failed", _("Given up")

    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="messages")
    event = models.CharField(max_length=40)
    body = models.JSONField()
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    attempts = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField()
    status = models.PositiveSmallIntegerField(null=True)
    error = models.CharField(max_length=40, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["-pk"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["next_attempt_at"], condition=models.Q(state="waiting"), name="api_message_due"
            ),
            models.Index(fields=["tenant", "webhook", "-id"], name="api_message_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.event} to {self.webhook_id}"
