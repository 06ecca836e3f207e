"""The section of blocked addresses as the REST API describes it; the rules are `ipblocking.entries.problems`."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

_LINE_HELP = (
    "One entry: an address or network in its shortest form, as in “10.0.0.0/8”, “2001:db8::1”, "
    "“allow 10.1.0.0/16 until 2027-01-01T00:00Z # office”. Sorted by family, address, length and kind; each once."
)


class SharedListSerializer(serializers.Serializer[Any]):
    """A shared list of the organisation the channel uses."""

    name = serializers.CharField(
        max_length=120,
        help_text="Writing: a list of this name that exists is used as it is; one that does not is made of the entries.",
    )
    entries = serializers.ListField(child=serializers.CharField(max_length=1000), help_text=_LINE_HELP)


class SectionSerializer(serializers.Serializer[Any]):
    """Whom the channel does not let in. Exceptions (`allow`) win over blocks, whichever list they stand in."""

    format = serializers.IntegerField(min_value=1, max_value=1, help_text="Always 1.")
    entries = serializers.ListField(
        child=serializers.CharField(max_length=1000), help_text=f"The channel's own entries. {_LINE_HELP}"
    )
    lists = SharedListSerializer(many=True, help_text="Sorted by name.")
