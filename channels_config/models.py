"""A chat channel, and the draft of its first area: CSS, JS, colours, launcher, allowed domains."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from areas.contract import CHAT_KINDS, GUIDE_KIND
from tenants.models import TenantManager, TenantModel


def new_public_id() -> str:
    """A channel's public id as the wire contract has it: chat_<uuid>."""
    return f"chat_{uuid.uuid4()}"


def new_guide_id() -> str:
    """A Guide's: guide_<uuid>."""
    return f"guide_{uuid.uuid4()}"


class EveryKind(TenantManager["Channel"]):
    """Channels and Guides that have not been deleted: whatever is published."""

    def get_queryset(self) -> models.QuerySet[Channel]:
        return super().get_queryset().filter(deleted_at=None)


class ChatChannels(EveryKind):
    """Channels that visitors chat on."""

    def get_queryset(self) -> models.QuerySet[Channel]:
        return super().get_queryset().filter(kind__in=CHAT_KINDS)


class Guides(EveryKind):
    """Guides: what shows visitors the channels of a page."""

    def get_queryset(self) -> models.QuerySet[Channel]:
        return super().get_queryset().filter(kind=GUIDE_KIND)


class Channel(TenantModel):
    """Deleted channels stay as rows: their releases, numbers and audit do, too."""

    class Kind(models.TextChoices):
        MESSAGING = "messaging", _("Chat messaging")
        LIVE = "live", _("Live chat")
        GUIDE = "guide", _("Guide")

    public_id = models.CharField(max_length=42, unique=True, default=new_public_id, editable=False)
    name = models.CharField(_("name"), max_length=120)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.MESSAGING)
    created_at = models.DateTimeField(auto_now_add=True)
    deleted_at = models.DateTimeField(null=True, editable=False)

    # Self of the base is Channel here; a subclass of Channel there is none.
    objects: ClassVar[TenantManager[Channel]] = ChatChannels()
    guides: ClassVar[TenantManager[Channel]] = Guides()
    every: ClassVar[TenantManager[Channel]] = EveryKind()
    all_objects: ClassVar[TenantManager[Channel]] = TenantManager["Channel"]()  # type: ignore[assignment]

    class Meta:
        default_manager_name = "every"
        ordering: ClassVar[list[str]] = ["name", "pk"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["tenant", "name"], name="channels_by_name")
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                "tenant",
                Lower("name"),
                condition=models.Q(deleted_at=None),
                name="channels_config_channel_name",
                violation_error_message=_("Your organisation has a channel of this name already."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def external_id(self) -> str:
        """The id without its prefix (`channelIdOnExternalPlatform` of the wire contract)."""
        return self.public_id.removeprefix("chat_").removeprefix("guide_")


class WebSettings(TenantModel):
    """The draft of the area `channels_config`: how one channel looks, and on which pages it may appear."""

    class Appearance(models.TextChoices):
        BAR = "bar", _("Bar")
        BUBBLE = "bubble", _("Bubble")

    class Position(models.TextChoices):
        RIGHT = "right", _("Right")
        LEFT = "left", _("Left")

    channel = models.OneToOneField(Channel, on_delete=models.CASCADE, related_name="web_settings")
    custom_css = models.TextField(_("custom CSS"), blank=True)
    custom_js = models.TextField(_("custom JavaScript"), blank=True)
    redesigned_ui = models.BooleanField(_("use the redesigned interface"), default=True)
    colors = models.JSONField(default=dict)
    appearance = models.CharField(_("launcher"), max_length=6, choices=Appearance, default=Appearance.BAR)
    position = models.CharField(_("position"), max_length=5, choices=Position, default=Position.RIGHT)
    domains_restricted = models.BooleanField(_("only on the domains listed"), default=False)
    allowed_domains = models.JSONField(default=list)

    def __str__(self) -> str:
        return f"web settings of {self.channel_id}"
