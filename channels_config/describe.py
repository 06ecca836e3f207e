"""The section in the words of its page, for differences between versions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from areas.contract import Section
from channels_config.area_forms import COLOR_LABELS, Where, where
from channels_config.models import WebSettings


def describe(section: Section) -> Mapping[Any, Any]:
    """Label -> value, in the order of the form."""
    return {
        **{label: section["colors"][name] for name, label in COLOR_LABELS.items()},
        _("Shape of the launcher"): WebSettings.Appearance(section["widget"]["appearance"]).label,
        _("Corner"): WebSettings.Position(section["widget"]["position"]).label,
        _("Redesigned interface"): section["redesigned_ui"],
        _("Custom CSS"): section["custom_css"],
        _("Custom JavaScript"): section["custom_js"],
        _("Where may the chat appear?"): Where(where(section)).label,
        _("Allowed domains"): section["allowed_domains"],
    }
