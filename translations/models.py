"""The draft of the area `translations`: a channel's language variants and their phrases; a file on its way in."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models.functions import MD5, Cast
from django.utils.translation import gettext_lazy as _

from channels_config.models import Channel
from tenants.models import TenantModel


class LanguageSettings(TenantModel):
    """What one channel says of its languages as a whole."""

    channel = models.OneToOneField(Channel, on_delete=models.CASCADE, related_name="language_settings")
    #: Canonical locale for visitors none of whose languages there is; empty: English.
    default_locale = models.CharField(_("default language"), max_length=20, blank=True)

    def __str__(self) -> str:
        return f"languages of {self.channel_id}"


class Variant(TenantModel):
    """One language of a channel, with the phrases that say something else than what ships."""

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="variants")
    name = models.CharField(_("name"), max_length=80)
    #: As `translations.rules.canonical` writes it: language, script where one was chosen, country where there is one.
    locale = models.CharField(_("language"), max_length=20)
    fallback = models.CharField(_("fallback language"), max_length=20, blank=True)
    #: Phrase id -> ICU message. Only what the organisation wrote; the rest is the catalogue's.
    phrases = models.JSONField(default=dict)
    #: Changes with `phrases`: who has read these before need not read them again (translations.section).
    phrases_digest = models.GeneratedField(
        expression=MD5(Cast("phrases", models.TextField())),
        output_field=models.CharField(max_length=32),
        db_persist=True,
    )
    #: The phrases as they were before “Reset all”, for its undoing.
    discarded = models.JSONField(default=dict)
    discarded_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["tenant", "channel", "locale"], name="translations_variant_once")
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.locale})"


class ImportFile(TenantModel):
    """A file whose rows were read and are being judged; nothing of it is in force until somebody applies it."""

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=200)
    created_at = models.DateTimeField(auto_now_add=True)
    #: Digest of the section the rows were judged against; empty until the first of them was.
    judged_against = models.CharField(max_length=64, blank=True)
    rows = models.PositiveIntegerField()
    done = models.PositiveIntegerField(default=0)
    applied_at = models.DateTimeField(null=True)
    #: How many rows had which verdict.
    counts = models.JSONField(default=dict)

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["tenant", "channel"], name="translations_imports")
        ]

    def __str__(self) -> str:
        return f"{self.name}: {self.done} of {self.rows}"


class ImportChunk(TenantModel):
    """A run of rows of a file, and what each of them would do once it was judged."""

    file = models.ForeignKey(ImportFile, on_delete=models.CASCADE, related_name="chunks")
    number = models.PositiveIntegerField()
    #: [[line, locale, id, text, fault], …]
    rows = models.JSONField()
    #: [[code, locale, before, detail, sentence], …], as many as rows; empty until judged.
    verdicts = models.JSONField(default=list)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["tenant", "file", "number"], name="translations_chunk_once")
        ]

    def __str__(self) -> str:
        return f"rows {self.number} of {self.file_id}"
