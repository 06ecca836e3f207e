"""Who changed what, and when: written in the transaction of the change, never altered afterwards."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models

from audit.sentences import sentence
from tenants.models import TenantModel


class Entry(TenantModel):
    """One act. `data` holds what its sentence needs; people and things are kept by name, so that they outlive deletion."""

    at = models.DateTimeField(auto_now_add=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_constraint=False,
    )
    actor_label = models.CharField(max_length=254)
    action = models.CharField(max_length=100)
    subject = models.CharField(max_length=200, blank=True)
    data = models.JSONField(default=dict)

    class Meta:
        ordering: ClassVar[list[str]] = ["-at", "-pk"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["tenant", "-at"], name="audit_entry_newest"),
            models.Index(fields=["tenant", "subject", "-at"], name="audit_entry_subject"),
        ]

    @property
    def remark(self) -> str:
        """What the person gave as the reason, or wrote beside it."""
        return str(self.data.get("reason") or self.data.get("note") or "")

    def __str__(self) -> str:
        return sentence(self.action, **{**self.data, "actor": self.actor_label, "subject": self.subject})


class Link(TenantModel):
    """An entry's place in the chain of its organisation. Written at commit by a trigger of the database, never by a program.

    `hash` is SHA-256 over the hash before it and the entry (docs/operating.md, "The audit chain"); see `manage.py verify_audit`.
    """

    entry = models.OneToOneField(Entry, on_delete=models.DO_NOTHING, related_name="link")
    position = models.BigIntegerField()
    previous = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["tenant", "position"], name="audit_link_position")
        ]

    def __str__(self) -> str:
        return f"{self.position}: {self.hash[:12]}"
