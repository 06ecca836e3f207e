"""The area in the REST API: the section's description, and the verdict on a file for an integrator (api.file_views)."""

from __future__ import annotations

from typing import Any, BinaryIO

from rest_framework import serializers

from areas.visitors import Reader
from file_restrictions import rules
from file_restrictions.sentences import VERDICTS, verdict_sentence, visitor_message


class AllowedTypeSerializer(serializers.Serializer[dict[str, Any]]):
    """One entry of the list."""

    media_type = serializers.CharField(
        help_text="A media type (image/png), a kind (image/*), or * for everything but programs."
    )
    description = serializers.CharField(
        allow_blank=True, max_length=rules.MAX_DESCRIPTION, help_text="What a visitor reads."
    )
    max_size_mb = serializers.IntegerField(
        allow_null=True,
        min_value=1,
        max_value=rules.MAX_SIZE_MB,
        help_text="A stricter maximum for this type, in whole megabytes; null for none.",
    )


class SectionSerializer(serializers.Serializer[dict[str, Any]]):
    """Which files a channel takes from visitors."""

    format = serializers.IntegerField(min_value=1, max_value=1, help_text="1.")
    is_attachments_enabled = serializers.BooleanField(help_text="Whether visitors may send files at all.")
    max_size_mb = serializers.IntegerField(
        min_value=1,
        max_value=rules.MAX_SIZE_MB,
        help_text="Whole megabytes of 1,024 × 1,024 bytes; a file of exactly that size passes.",
    )
    allowed_types = AllowedTypeSerializer(
        many=True, help_text="Unique, in the order clients show them; at most 200."
    )
    allow_macros = serializers.BooleanField(help_text="Whether documents with macros pass.")
    allow_archives_with_executables = serializers.BooleanField(
        help_text="Whether archives that hold programs, or cannot be looked into, pass."
    )


class FileToJudgeSerializer(serializers.Serializer[dict[str, Any]]):
    """The question: a file, as multipart/form-data."""

    file = serializers.FileField(
        allow_empty_file=True, max_length=None, help_text="The file to judge; nothing of it is kept."
    )


class VisitorMessageSerializer(serializers.Serializer[dict[str, Any]]):
    """The pop-up a visitor would read, in their language."""

    locale = serializers.CharField(help_text="The language the visitor gets.")
    title = serializers.CharField()
    name = serializers.CharField()
    reason = serializers.CharField()
    allowed = serializers.CharField(allow_blank=True)
    types = serializers.ListField(child=serializers.CharField(), help_text="Empty where no file may be sent.")


class VerdictSerializer(serializers.Serializer[dict[str, Any]]):
    """What would happen to the file."""

    accepted = serializers.BooleanField()
    code = serializers.ChoiceField(choices=sorted(VERDICTS))
    reason = serializers.CharField(help_text="The reason, in the language asked for.")
    media_type = serializers.CharField(allow_blank=True, help_text="What the file is, by its content.")
    claimed = serializers.CharField(allow_blank=True, help_text="What its name or its sender says it is.")
    name = serializers.CharField(help_text="Its name, made safe.")
    size = serializers.IntegerField(help_text="Bytes.")
    limit = serializers.IntegerField(help_text="The size that applied, in bytes.")
    rule = serializers.CharField(allow_null=True, help_text="The allowed type that decided.")
    verified = serializers.BooleanField(help_text="Whether the content proves the type.")
    inline = serializers.BooleanField(help_text="Whether it may be shown in the conversation, drawn anew.")
    visitor_message = VisitorMessageSerializer(allow_null=True)


def verdict_on(
    section: dict[str, Any], reader: Reader, *, name: str, declared_type: str, size: int, file: BinaryIO
) -> dict[str, Any]:
    """What VerdictSerializer describes, for a file of `size` bytes, of which `file` may hold fewer when it is far too large."""
    verdict = rules.verdict(section, name, declared_type, size, file)
    return {
        **{
            field: getattr(verdict, field)
            for field in (
                "accepted",
                "code",
                "media_type",
                "claimed",
                "name",
                "size",
                "limit",
                "rule",
                "verified",
                "inline",
            )
        },
        "reason": verdict_sentence(verdict),
        "visitor_message": None if verdict.accepted else visitor_message(verdict, section, reader),
    }
