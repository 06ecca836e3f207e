"""Custom fields and forms of an organisation, and which form each channel asks its visitors before the first message."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from channels_config.models import Channel
from tenants.models import TenantModel


class CustomField(TenantModel):
    """Something an organisation wants to know of a contact or of a customer."""

    class Kind(models.TextChoices):
        TEXT = "text", _("Text")
        EMAIL = "email", _("E-mail")
        LIST = "list", _("List")
        TREE = "tree", _("Tree")

    class Level(models.TextChoices):
        CONTACT = "contact", _("The conversation")
        CUSTOMER = "customer", _("The customer")

    ident = models.CharField(_("ident"), max_length=64)
    label = models.CharField(_("label"), max_length=120)
    kind = models.CharField(_("type"), max_length=8, choices=Kind, default=Kind.TEXT)
    level = models.CharField(_("belongs to"), max_length=8, choices=Level, default=Level.CONTACT)
    #: [{"name", "label", "parent": name | null}], parents first; see surveys.rules.
    values = models.JSONField(_("options"), default=list, blank=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["label", "ident"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                "tenant",
                Lower("ident"),
                name="surveys_field_ident",
                violation_error_message=_("Your organisation has a custom field of this ident already."),
            ),
        ]

    def __str__(self) -> str:
        return self.label


class SurveyForm(TenantModel):
    """A form as it stands now. `revision` grows with everything that changes what visitors are asked: the form, or a field."""

    public_id = models.UUIDField(default=uuid.uuid4, editable=False, unique=True)
    name = models.CharField(_("name"), max_length=120)
    #: {"title", "intro", "submit": text, "items": [item]}; see surveys.rules.
    document = models.JSONField(default=dict)
    revision = models.PositiveIntegerField(default=1)
    #: Whose name the releases bear that bring this state to the channels.
    saved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, editable=False, related_name="+"
    )

    class Meta:
        ordering: ClassVar[list[str]] = ["name", "pk"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                "tenant",
                Lower("name"),
                name="surveys_form_name",
                violation_error_message=_("Your organisation has a form of this name already."),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ConsentText(TenantModel):
    """Every wording of a consent that was ever saved: what a proof kept by an environment refers to. Never changed."""

    form_name = models.CharField(max_length=120)
    ident = models.CharField(max_length=80)
    version = models.PositiveIntegerField()
    text = models.TextField()
    author_label = models.CharField(max_length=200)
    created_at = models.DateTimeField(auto_now_add=True)
    form = models.ForeignKey(SurveyForm, on_delete=models.SET_NULL, null=True, related_name="consent_texts")

    class Meta:
        ordering: ClassVar[list[str]] = ["-version"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["tenant", "form", "ident", "version"], name="surveys_consent_version"
            )
        ]

    def __str__(self) -> str:
        return f"{self.ident} v{self.version}"


class ChannelSurvey(TenantModel):
    """The draft of one channel: the form it asks, as it was when the channel last took it over.

    The copy is what is published, so that a channel can go back to an earlier release without touching any other. `revision`
    says which state of the form the copy is of; a `detached` channel keeps its copy until somebody asks for the newest.
    """

    channel = models.OneToOneField(Channel, on_delete=models.CASCADE, related_name="survey")
    form = models.ForeignKey(SurveyForm, on_delete=models.SET_NULL, null=True, related_name="channels")
    section = models.JSONField()
    revision = models.PositiveIntegerField(default=0)
    detached = models.BooleanField(default=False)
    #: Why the newest state of the form could not be published on this channel; a sentence, empty when it could.
    trouble = models.TextField(default="", blank=True)

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["tenant", "form", "revision"], name="surveys_behind")
        ]

    def __str__(self) -> str:
        return f"{self.channel_id}: {self.form_id}"
