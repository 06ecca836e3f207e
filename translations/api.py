"""The section of translations as the API describes it."""

from __future__ import annotations

from rest_framework import serializers

from translations import rules


class VariantSerializer(serializers.Serializer[object]):
    """One language of the channel, with the phrases that say something else than what ships."""

    name = serializers.CharField(
        max_length=80, help_text="How people of the organisation call the language; unique in the channel."
    )
    locale = serializers.CharField(
        max_length=20, help_text="Language, script and country: fr, fr_CA, zh_Hant_HK. Unique in the channel."
    )
    fallback = serializers.CharField(
        max_length=20,
        allow_null=True,
        help_text="Where phrases this language has no text for come from: another variant or a language that ships; null: English.",
    )
    phrases = serializers.DictField(
        child=serializers.CharField(trim_whitespace=False),
        help_text="Phrase id to ICU message. Phrases left out keep the text that ships.",
    )


class SectionSerializer(serializers.Serializer[object]):
    """A channel's languages. Variants are sorted by locale."""

    format = serializers.ChoiceField(choices=[rules.FORMAT], help_text="The format of this section.")
    default_locale = serializers.CharField(
        max_length=20,
        allow_null=True,
        help_text="The language of visitors none of whose own languages there is; null: English.",
    )
    variants = VariantSerializer(many=True)
