"""The section of the pre-contact survey, described for the API; its rules stay in surveys.section."""

from __future__ import annotations

from rest_framework import serializers

from surveys import rules


class ClauseSerializer(serializers.Serializer[dict[str, object]]):
    """One clause of a condition."""

    ident = serializers.CharField(help_text="The question it speaks of.")
    test = serializers.ChoiceField(
        choices=rules.TESTS, help_text="“under”: this place of a tree, or one below it."
    )
    value = serializers.CharField(
        allow_blank=True, max_length=rules.LONGEST_ANSWER, help_text="Empty for answered and not_answered."
    )


class ConditionSerializer(serializers.Serializer[dict[str, object]]):
    """When a question is shown."""

    match = serializers.ChoiceField(choices=("all", "any"))
    when = ClauseSerializer(many=True)


class ItemSerializer(serializers.Serializer[dict[str, object]]):
    """A question, or a consent."""

    ident = serializers.CharField(help_text="A custom field's ident; of a consent, consent.1, consent.2, …")
    type = serializers.ChoiceField(choices=("field", "consent"))
    required = serializers.BooleanField()  # type: ignore[assignment]
    help = serializers.CharField(allow_blank=True, max_length=500)
    pattern = serializers.CharField(
        allow_blank=True,
        max_length=300,
        help_text="What the whole answer has to match: characters, . [ ] \\d \\w \\s ( ) | * + ? {n,m}.",
    )
    pattern_message = serializers.CharField(
        allow_blank=True, max_length=200, help_text="What a visitor reads whose answer does not match."
    )
    default = serializers.CharField(allow_blank=True, max_length=rules.LONGEST_ANSWER)
    max_length = serializers.IntegerField(min_value=1, max_value=rules.LONGEST_ANSWER)
    autocomplete = serializers.CharField(
        allow_blank=True, help_text="HTML's autocomplete attribute, e.g. “email”."
    )
    skip_known = serializers.BooleanField(help_text="Not asked when the answer is known from authentication.")
    show_if = ConditionSerializer(allow_null=True)
    text = serializers.CharField(
        allow_blank=True, max_length=2000, help_text="Of a consent: what is consented to."
    )
    version = serializers.IntegerField(
        min_value=0, help_text="Of a consent: the version of its text; else 0."
    )


class FormSerializer(serializers.Serializer[dict[str, object]]):
    """A form."""

    name = serializers.CharField(max_length=120)
    title = serializers.CharField(allow_blank=True, max_length=120)
    intro = serializers.CharField(allow_blank=True, max_length=2000)
    submit = serializers.CharField(
        allow_blank=True,
        max_length=120,
        help_text="The words on the button; empty: the catalogue's beginButton.",
    )
    items = ItemSerializer(many=True)


class OptionSerializer(serializers.Serializer[dict[str, object]]):
    """An option of a list or a tree."""

    name = serializers.CharField(help_text="What is stored.")
    label = serializers.CharField(  # type: ignore[assignment]
        help_text="What is read; translated under customFields.<ident>_value_<name>."
    )
    parent = serializers.CharField(  # type: ignore[assignment]
        allow_null=True, help_text="Of a tree: the name of the option above."
    )


class FieldSerializer(serializers.Serializer[dict[str, object]]):
    """A custom field of the organisation."""

    ident = serializers.CharField()
    label = serializers.CharField(  # type: ignore[assignment]
        help_text="Translated under customFields.<ident>_label."
    )
    kind = serializers.ChoiceField(choices=rules.KINDS)
    level = serializers.ChoiceField(choices=rules.LEVELS)
    values = OptionSerializer(many=True)


class SectionSerializer(serializers.Serializer[dict[str, object]]):
    """The form a channel asks, with all custom fields of the organisation; form null: nothing is asked."""

    format = serializers.ChoiceField(choices=(1,))
    form = FormSerializer(allow_null=True)
    fields = FieldSerializer(many=True)  # type: ignore[assignment]
