"""Two people on one form or custom field of the organisation: how the versions differ, and how the page stood when it was opened."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from areas.differences import Change, described_differences
from kit.documents import canonical, digest
from surveys import rules, sentences
from surveys.models import CustomField


def opened(post: Mapping[str, Any]) -> dict[str, Any] | None:
    """What the page showed when it was opened, as it carries it (`base`); None when that is not what it claims to have seen."""
    try:
        base = json.loads(str(post.get("base", "")))
    except (ValueError, RecursionError):
        return None
    return base if isinstance(base, dict) and digest(base) == post.get("seen") else None


def carried(state: Mapping[str, Any]) -> str:
    """The state as a page carries it."""
    return canonical(dict(state)).decode()


class FormDiffer:
    """What differs between two states of a form ({"name", "title", "intro", "submit", "items"}), question by question."""

    def __init__(self, fields: Mapping[str, Mapping[str, Any]]) -> None:
        self.fields = fields

    def __call__(self, before: dict[str, Any], after: dict[str, Any]) -> list[Change]:
        both = {one["ident"] for one in before["items"]} & {one["ident"] for one in after["items"]}
        return described_differences(*(self._told(one, both) for one in (before, after)))

    def _told(self, state: dict[str, Any], both: set[str]) -> dict[str, Any]:
        survey = rules.Survey({"form": state, "fields": list(self.fields.values())})
        items = [one for one in state["items"] if one["ident"] in survey.items]
        return {
            _("Name"): state["name"],
            _("Title"): state["title"],
            _("Introduction"): state["intro"],
            _("Words on the button"): state["submit"],
            _("Questions"): {self._name(one["ident"]): sentences.item(one, survey) for one in items},
            _("Order"): [self._name(one["ident"]) for one in items if one["ident"] in both],
        }

    def _name(self, ident: str) -> str:
        field = self.fields.get(ident)
        return f"{field['label']} ({ident})" if field else _("Consent box") + f" ({ident})"


def field_differences(before: dict[str, Any], after: dict[str, Any]) -> list[Change]:
    """What differs between two states of a custom field (services.field_values)."""
    return described_differences(_field(before), _field(after))


def _field(state: dict[str, Any]) -> dict[str, Any]:
    labels = {one["name"]: one["label"] for one in state["values"]}
    return {
        _("Label"): state["label"],
        _("Type"): dict(CustomField.Kind.choices).get(state["kind"], state["kind"]),
        _("Belongs to"): dict(CustomField.Level.choices).get(state["level"], state["level"]),
        _("Options"): [
            " › ".join(
                [
                    *([labels.get(one["parent"], one["parent"])] if one["parent"] else []),
                    f"{one['label']} ({one['name']})",
                ]
            )
            for one in state["values"]
        ],
    }
