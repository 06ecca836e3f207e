"""The section of a Guide as OpenAPI describes it."""

from __future__ import annotations

from rest_framework import serializers

from guide import look, rules


class RuleSerializer(serializers.Serializer[dict[str, object]]):
    effect = serializers.ChoiceField(choices=rules.EFFECTS)
    how = serializers.ChoiceField(choices=rules.HOW)
    value = serializers.CharField(max_length=rules.LONGEST_VALUE)


class OfferSerializer(serializers.Serializer[dict[str, object]]):
    channel = serializers.RegexField(
        r"^chat_[0-9a-f-]{36}$", help_text="A channel of the organisation; others are not offered."
    )
    label = serializers.CharField(  # type: ignore[assignment]
        max_length=80, allow_blank=True, help_text="What the menu calls it; empty: the channel's name."
    )
    hide_offline = serializers.BooleanField()
    name = serializers.CharField(
        max_length=200,
        required=False,
        help_text="The channel's name. Sent back, it finds the channel where the id is not known: in another organisation.",
    )


class EntrySerializer(serializers.Serializer[dict[str, object]]):
    id = serializers.UUIDField(help_text="What `cxone('guide', 'init', id)` names.")
    name = serializers.CharField(max_length=80)
    rules = RuleSerializer(
        many=True, help_text="Shown where an include rule fits (or there is none) and no exclude rule does."
    )
    channels = OfferSerializer(many=True)


class BrandingSerializer(serializers.Serializer[dict[str, object]]):
    button = serializers.CharField(
        allow_blank=True, help_text="#rrggbb; empty: left to the channels, as with all of these."
    )
    button_text = serializers.CharField(allow_blank=True)
    header = serializers.CharField(allow_blank=True)
    header_text = serializers.CharField(allow_blank=True)
    accent = serializers.CharField(allow_blank=True)
    accent_text = serializers.CharField(allow_blank=True)
    background = serializers.CharField(allow_blank=True)
    text = serializers.CharField(allow_blank=True)
    font = serializers.ChoiceField(choices=tuple(look.FONTS))
    font_size = serializers.IntegerField(
        min_value=look.SMALLEST_FONT, max_value=look.LARGEST_FONT, allow_null=True
    )
    radius = serializers.IntegerField(min_value=0, max_value=look.LARGEST_RADIUS, allow_null=True)


class PlaceSerializer(serializers.Serializer[dict[str, object]]):
    position = serializers.ChoiceField(choices=look.POSITIONS)
    shape = serializers.ChoiceField(choices=look.SHAPES)
    offset_x = serializers.IntegerField(min_value=0, max_value=400, help_text="CSS pixels, as all sizes.")
    offset_y = serializers.IntegerField(min_value=0, max_value=400)
    button_size = serializers.IntegerField(min_value=40, max_value=120)
    width = serializers.IntegerField(min_value=280, max_value=800)
    height = serializers.IntegerField(min_value=320, max_value=1200)


class TextsSerializer(serializers.Serializer[dict[str, object]]):
    button = serializers.CharField(
        max_length=200, allow_blank=True, help_text="Empty: what ships, as with all of these."
    )
    title = serializers.CharField(max_length=200, allow_blank=True)
    intro = serializers.CharField(max_length=200, allow_blank=True)
    begin = serializers.CharField(max_length=200, allow_blank=True)
    online = serializers.CharField(max_length=200, allow_blank=True)
    offline = serializers.CharField(max_length=200, allow_blank=True)
    none = serializers.CharField(max_length=200, allow_blank=True)
    close = serializers.CharField(max_length=200, allow_blank=True)


class SectionSerializer(serializers.Serializer[dict[str, object]]):
    format = serializers.IntegerField(min_value=1, max_value=1)
    rank = serializers.IntegerField(
        min_value=1, max_value=999, help_text="Where two Guides fit a page, the smaller number wins."
    )
    branding = BrandingSerializer()
    place = PlaceSerializer()
    texts = TextsSerializer()
    entries = EntrySerializer(many=True, help_text="In order: the first that is for a page wins.")
    domains_restricted = serializers.BooleanField()
    allowed_domains = serializers.ListField(child=serializers.CharField())
