"""Imports: a file that was sent in, looked at, and (perhaps) applied channel by channel."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from channels_config.models import Channel
from tenants.models import TenantModel


class Import(TenantModel):
    """`content` is the file's channels as JSON, encrypted: it may hold new secrets. It goes once the import is over."""

    class State(models.TextChoices):
        OPEN = "open", _("Not applied yet")
        RUNNING = "running", _("Being applied")
        DONE = "done", _("Applied")
        #: Its author lost the right to import before it was through.
        STOPPED = "stopped", _("Stopped")

    name = models.CharField(max_length=200)
    channel = models.ForeignKey(Channel, null=True, on_delete=models.CASCADE, related_name="+")
    content = models.TextField()
    #: What became of each field of a CXone channel JSON: [verdict, path, message]; empty for files of our own.
    report = models.JSONField(default=list)
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    note = models.CharField(max_length=500, blank=True)
    total = models.PositiveIntegerField(default=0)
    #: Index of a channel of the file -> the digests of its areas that the dry run showed.
    seen = models.JSONField(default=dict)
    #: One for each channel that was looked at: {"name", "channel", "outcome", "messages"}.
    results = models.JSONField(default=list)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False
    )
    made_by_label = models.CharField(max_length=254)
    created_at = models.DateTimeField(auto_now_add=True)
    touched_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar[list[str]] = ["-pk"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["touched_at"], condition=models.Q(state="running"), name="files_import_running"
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_over(self) -> bool:
        return self.state in {self.State.DONE, self.State.STOPPED}
