"""The section as the REST API describes it. What is right and wrong is said by `section.check`, as for the pages."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from channels_config.content import MAX_BYTES
from channels_config.domains import MOST_DOMAINS
from channels_config.models import WebSettings
from channels_config.section import DEFAULT_COLORS, FORMAT


class _Color(serializers.RegexField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(r"^#[0-9a-f]{6}$", **kwargs)


class ColorsSerializer(serializers.Serializer[Any]):
    """The seven colours of a channel, each as #rrggbb."""


for _name in DEFAULT_COLORS:
    ColorsSerializer._declared_fields[_name] = _Color()


class WidgetSerializer(serializers.Serializer[Any]):
    """The launcher: its shape and its corner."""

    appearance = serializers.ChoiceField(choices=WebSettings.Appearance.choices)
    position = serializers.ChoiceField(choices=WebSettings.Position.choices)


class SectionSerializer(serializers.Serializer[Any]):
    """CSS, JavaScript, colours, launcher and allowed domains."""

    format = serializers.ChoiceField(choices=[FORMAT], help_text="The format of this document.")
    custom_css = serializers.CharField(
        allow_blank=True,
        trim_whitespace=False,
        help_text=f"At most {MAX_BYTES // 1024} KB of UTF-8, lines ending in a line feed.",
    )
    custom_js = serializers.CharField(
        allow_blank=True,
        trim_whitespace=False,
        help_text=f"At most {MAX_BYTES // 1024} KB of UTF-8, lines ending in a line feed.",
    )
    redesigned_ui = serializers.BooleanField(help_text="Whether the redesigned interface is shown.")
    colors = ColorsSerializer()
    widget = WidgetSerializer()
    domains_restricted = serializers.BooleanField(
        help_text="true: only pages of `allowed_domains` show the chat; false: any http(s) page does."
    )
    allowed_domains = serializers.ListField(
        child=serializers.CharField(),
        max_length=MOST_DOMAINS,
        help_text="Hosts such as www.example.com, *.example.com, example.com:8443.",
    )
