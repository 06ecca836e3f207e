"""The area in the REST API: the description of its section."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from live_chat import rules


def _ranges(help_text: str) -> serializers.ListField:
    return serializers.ListField(
        child=serializers.ListField(
            child=serializers.RegexField(r"^(([01]\d|2[0-3]):[0-5]\d|24:00)$"), min_length=2, max_length=2
        ),
        max_length=rules.MOST_RANGES,
        help_text=help_text,
    )


class WeeklySerializer(serializers.Serializer[dict[str, Any]]):
    """Ranges of opening for each day, as [from, to]; none: closed. A range that ends before it begins goes past midnight."""

    monday = _ranges("Monday.")
    tuesday = _ranges("Tuesday.")
    wednesday = _ranges("Wednesday.")
    thursday = _ranges("Thursday.")
    friday = _ranges("Friday.")
    saturday = _ranges("Saturday.")
    sunday = _ranges("Sunday.")


class HolidaySerializer(serializers.Serializer[dict[str, Any]]):
    """A day with hours of its own."""

    name = serializers.CharField(max_length=rules.LONGEST_NAME, help_text="What the day is called.")
    date = serializers.DateField(help_text="The day; of a yearly one its year means nothing.")
    yearly = serializers.BooleanField(help_text="Whether it comes back every year.")
    hours = _ranges("Ranges of opening on that day; none: closed.")


class OverrideSerializer(serializers.Serializer[dict[str, Any]]):
    """A temporary exception, which ends by itself. The first that applies decides."""

    until = serializers.CharField(help_text="Its end, on the clock of the time zone: 2026-11-24T15:00.")
    open = serializers.BooleanField(help_text="Open meanwhile, or closed.")
    note = serializers.CharField(
        allow_blank=True, max_length=rules.LONGEST_NAME, help_text="Why; for colleagues."
    )

    def get_fields(self) -> dict[str, Any]:
        # `from` is a word of Python's own.
        return {
            "from": serializers.CharField(help_text="Its beginning: 2026-11-24T12:00."),
            **super().get_fields(),
        }


class HoursSerializer(serializers.Serializer[dict[str, Any]]):
    """When the channel is open."""

    time_zone = serializers.CharField(help_text="A name of the IANA database, such as America/Toronto.")
    weekly = WeeklySerializer(help_text="The usual week.")
    holidays = HolidaySerializer(
        many=True, help_text="Days with hours of their own; one for its date wins over a yearly one."
    )
    overrides = OverrideSerializer(many=True, help_text="Temporary exceptions; they win over everything.")


class OfflineSerializer(serializers.Serializer[dict[str, Any]]):
    """What visitors find while the channel is offline."""

    show = serializers.ChoiceField(choices=rules.OFFLINE, help_text="A form, a notice, or no chat at all.")
    html = serializers.CharField(
        allow_blank=True,
        max_length=rules.LONGEST_HTML,
        trim_whitespace=False,
        help_text="Text above the form (simple HTML) in every other language; empty: the phrase of the visitor's language.",
    )
    html_by_language = serializers.DictField(
        child=serializers.CharField(max_length=rules.LONGEST_HTML, trim_whitespace=False),
        required=False,
        help_text="Texts for visitors of one language, by locale (fr, fr_CA), in place of `html`; may be missing.",
    )
    emails = serializers.ListField(
        child=serializers.EmailField(),
        max_length=rules.MOST_EMAILS,
        help_text="Who is sent each message that was left.",
    )


class TranscriptSerializer(serializers.Serializer[dict[str, Any]]):
    """The conversation by e-mail."""

    allowed = serializers.BooleanField(help_text="Whether visitors may have it sent to them.")


class InactivitySerializer(serializers.Serializer[dict[str, Any]]):
    """What happens when a visitor leaves an agent's words unanswered (live channels)."""

    warn_minutes = serializers.IntegerField(
        min_value=0, max_value=rules.MOST_MINUTES, help_text="Minutes until a warning; 0: none."
    )
    end_minutes = serializers.IntegerField(
        min_value=0, max_value=rules.MOST_MINUTES, help_text="Minutes until the end; 0: never."
    )


class BehaviourSerializer(serializers.Serializer[dict[str, Any]]):
    """How the window behaves."""

    audio_notification = serializers.BooleanField(help_text="Visitors may turn on a sound at new messages.")
    typing_preview = serializers.BooleanField(help_text="Agents see what a visitor is typing.")
    ai_label = serializers.BooleanField(help_text="Messages written by a machine are marked.")
    several_threads = serializers.BooleanField(
        help_text="A customer of a messaging channel may have several conversations."
    )
    persistent_menu = serializers.BooleanField(help_text="The menu beside the box to write in is shown.")


class MenuItemSerializer(serializers.Serializer[dict[str, Any]]):
    """An item of the persistent menu."""

    postback = serializers.CharField(
        max_length=rules.LONGEST_POSTBACK, help_text="What the agent or bot gets with it."
    )

    def get_fields(self) -> dict[str, Any]:
        # A field of the serializer's own is called `label`.
        return {
            "label": serializers.CharField(
                max_length=rules.LONGEST_LABEL, help_text="What a visitor reads, and says by choosing it."
            ),
            **super().get_fields(),
        }


class SectionSerializer(serializers.Serializer[dict[str, Any]]):
    """Opening hours, what happens offline, transcripts, inactivity, and how the window behaves."""

    format = serializers.IntegerField(min_value=1, max_value=1, help_text="1.")
    hours = HoursSerializer(help_text="When the channel is open.")
    availability = serializers.ChoiceField(
        choices=rules.AVAILABILITIES,
        help_text="Online when open and an agent is at the desk; by the hours alone; or always.",
    )
    offline = OfflineSerializer(help_text="What visitors find while the channel is offline.")
    transcript = TranscriptSerializer(help_text="The conversation by e-mail.")
    inactivity = InactivitySerializer(help_text="What happens after a visitor's long silence.")
    behaviour = BehaviourSerializer(help_text="How the window behaves.")
    menu = MenuItemSerializer(many=True, help_text="Items of the persistent menu, in order.")
