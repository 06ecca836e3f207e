"""What the API's requests and answers look like: for OpenAPI, and as functions that make them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from rest_framework import serializers

from areas.registry import areas
from channels_config.models import Channel
from channels_config.services import NAME_LENGTH
from publishing.models import Delivery, EnvironmentName, Promotion, Release
from publishing.promotions import CHECK_LENGTH, FAILURES, MOST_CHECKS
from publishing.sentences import error_sentence
from publishing.services import LARGEST_NUMBER
from tenants.models import LARGEST_NUMBER as LARGEST_BRAND
from tenants.models import Organisation

#: Characters of a note.
NOTE_LENGTH = 500

_S = serializers.Serializer[Any]


class OrganisationSerializer(_S):
    brand = serializers.IntegerField(min_value=1, max_value=LARGEST_BRAND)
    name = serializers.CharField()
    time_zone = serializers.CharField(help_text="An IANA time zone.")


class ChannelSerializer(_S):
    id = serializers.CharField(help_text="chat_ (of a Guide: guide_) and a UUID: what snippets name.")
    name = serializers.CharField()
    kind = serializers.ChoiceField(choices=Channel.Kind.choices)
    created_at = serializers.DateTimeField()


class NewChannelSerializer(_S):
    name = serializers.CharField(max_length=NAME_LENGTH)
    kind = serializers.ChoiceField(choices=Channel.Kind.choices)


class RenamedChannelSerializer(_S):
    name = serializers.CharField(max_length=NAME_LENGTH)


class SectionListSerializer(_S):
    area = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    etag = serializers.CharField()


class ReleaseSerializer(_S):
    number = serializers.IntegerField(min_value=1, max_value=LARGEST_NUMBER)
    digest = serializers.CharField(help_text="SHA-256 of everything in it.")
    areas = serializers.ListField(child=serializers.CharField(), help_text="What the save touched.")
    author = serializers.CharField()
    note = serializers.CharField(allow_blank=True)
    removed = serializers.BooleanField(help_text="true: this release took the channel off.")
    restored = serializers.IntegerField(
        allow_null=True, help_text="The number of the release whose content this one brought back."
    )
    created_at = serializers.DateTimeField()


class WholeReleaseSerializer(ReleaseSerializer):
    channel = serializers.DictField(help_text="Name, kind and id of the channel at that time.")
    sections = serializers.DictField(help_text="Area -> section, secrets as <secret>.")


class RollBackSerializer(_S):
    area = serializers.CharField(required=False, help_text="Bring only this area back.")
    note = serializers.CharField(required=False, allow_blank=True, max_length=NOTE_LENGTH)


class NewPromotionSerializer(_S):
    release = serializers.IntegerField(
        min_value=1,
        max_value=LARGEST_NUMBER,
        required=False,
        help_text="The number that was seen in test; without it what test has now.",
    )
    note = serializers.CharField(required=False, allow_blank=True, max_length=NOTE_LENGTH)
    checklist = serializers.ListField(
        child=serializers.CharField(allow_blank=True),
        required=False,
        help_text="The sentences of the channel's checklist that are true; all of them have to be.",
    )
    warnings_seen = serializers.BooleanField(
        required=False, help_text="true: what the checks warn of was read."
    )
    at = serializers.DateTimeField(
        required=False, help_text="When, with an offset (RFC 3339); without it now."
    )
    time_zone = serializers.CharField(
        required=False, help_text="By whose clock people are told of `at`; the organisation's without it."
    )


class PromotionSerializer(_S):
    id = serializers.IntegerField()
    release = serializers.IntegerField()
    digest = serializers.CharField()
    environment = serializers.ChoiceField(choices=EnvironmentName.choices)
    state = serializers.ChoiceField(choices=Promotion.State.choices)
    note = serializers.CharField(allow_blank=True)
    checklist = serializers.ListField(child=serializers.CharField(), help_text="What was ticked.")
    asked_by = serializers.CharField()
    asked_at = serializers.DateTimeField()
    approved_by = serializers.CharField(allow_blank=True)
    at = serializers.DateTimeField(allow_null=True, help_text="When it is planned for.")
    time_zone = serializers.CharField(allow_blank=True)
    ended_at = serializers.DateTimeField(allow_null=True, help_text="When it was carried out, or given up.")
    failure = serializers.CharField(allow_blank=True, help_text="Why it was not carried out, in a sentence.")


class DeliverySerializer(_S):
    environment = serializers.ChoiceField(choices=EnvironmentName.choices)
    region = serializers.CharField(allow_blank=True)
    state = serializers.ChoiceField(choices=["current", "waiting", "failing"])
    wanted = serializers.IntegerField()
    confirmed = serializers.IntegerField(help_text="What visitors get; 0 before the first.")
    visible_at = serializers.DateTimeField(allow_null=True)
    visible_in_ms = serializers.IntegerField(allow_null=True, help_text="From the save to visible.")
    attempts = serializers.IntegerField()
    error = serializers.CharField(allow_blank=True, help_text="The last failure, in a sentence.")


class RetriedSerializer(_S):
    environments = serializers.ListField(child=serializers.CharField())


class GoingLiveSerializer(_S):
    live_on_save = serializers.BooleanField()
    four_eyes = serializers.BooleanField(help_text="A second person approves.")
    checklist = serializers.ListField(
        child=serializers.CharField(max_length=CHECK_LENGTH),
        max_length=MOST_CHECKS,
        help_text="Sentences to be ticked before a release goes live.",
    )


class FileSerializer(_S):
    chatadmin = serializers.ChoiceField(choices=["channel"])
    format = serializers.ChoiceField(choices=[1])
    id = serializers.CharField(required=False, allow_blank=True)
    name = serializers.CharField()
    kind = serializers.ChoiceField(choices=Channel.Kind.choices)
    areas = serializers.DictField(help_text="Area -> section.")
    going_live = GoingLiveSerializer(
        required=False, help_text="How its releases go live; to change that takes the scope `promote`, too."
    )


class ChangeSerializer(_S):
    area = serializers.CharField()
    fields = serializers.ListField(child=serializers.CharField(), help_text="What differs, by label.")  # type: ignore[assignment]


class ImportSerializer(_S):
    action = serializers.ChoiceField(choices=["update", "same"])
    applied = serializers.BooleanField()
    name = serializers.CharField()
    changes = ChangeSerializer(many=True)
    warnings = serializers.ListField(child=serializers.CharField())


def organisation(one: Organisation) -> dict[str, Any]:
    return {"brand": one.number, "name": one.name, "time_zone": one.time_zone}


def channel(one: Channel) -> dict[str, Any]:
    return {"id": one.public_id, "name": one.name, "kind": one.kind, "created_at": _at(one.created_at)}


def release(one: Release) -> dict[str, Any]:
    return {
        "number": one.number,
        "digest": one.digest,
        "areas": one.areas,
        "author": one.author_label,
        "note": one.note,
        "removed": one.removed,
        "restored": one.restored,
        "created_at": _at(one.created_at),
    }


def whole_release(one: Release) -> dict[str, Any]:
    redact = {area.name: area.redact for area in areas()}
    return {
        **release(one),
        "channel": one.channel_facts,
        # What an area that is gone wrote cannot be looked through for secrets.
        "sections": {name: redact[name](section) for name, section in one.sections.items() if name in redact},
    }


def promotion(one: Promotion) -> dict[str, Any]:
    return {
        "id": one.pk,
        "release": one.number,
        "digest": one.digest,
        "environment": EnvironmentName.LIVE.value,
        "state": str(one.state),
        "note": one.note,
        "checklist": one.checklist,
        "asked_by": one.asked_by_label,
        "asked_at": _at(one.asked_at),
        "approved_by": one.approved_by_label,
        "at": _at(one.at),
        "time_zone": one.time_zone if one.at else "",
        "ended_at": _at(one.ended_at),
        "failure": str(FAILURES.get(one.failure, one.failure)),
    }


def delivery(one: Delivery) -> dict[str, Any]:
    waiting = one.due
    return {
        "environment": one.environment,
        "region": one.region,
        "state": "failing" if waiting and one.last_error else "waiting" if waiting else "current",
        "wanted": one.wanted,
        "confirmed": one.confirmed,
        "visible_at": _at(one.visible_at),
        "visible_in_ms": one.visible_in_ms,
        "attempts": one.attempts,
        "error": error_sentence(one),
    }


def _at(when: datetime | None) -> str | None:
    return None if when is None else when.isoformat().replace("+00:00", "Z")
