"""Forms and fields, for tests of every room."""

from __future__ import annotations

from typing import Any

from accounts.models import User
from channels_config.models import Channel
from surveys.defaults import item
from surveys.models import CustomField, SurveyForm
from surveys.services import ask_on, create_field, save_form

SUBJECTS = [
    {"name": "billing", "label": "Facturation", "parent": None},
    {"name": "delivery", "label": "Livraison", "parent": None},
]


def field(
    ident: str, by: User, *, kind: str = "text", values: list[dict[str, Any]] | None = None, **more: Any
) -> CustomField:
    """A custom field, in the scope that is open."""
    given = SUBJECTS if values is None and kind in {"list", "tree"} else values or []
    label = more.pop("label", ident.capitalize())
    return create_field(
        ident=ident, label=label, kind=kind, level=more.pop("level", "contact"), values=given, by=by
    )


def form(by: User, *items: dict[str, Any], name: str = "Formulaire") -> SurveyForm:
    """A form with these items; without any, one that asks for an e-mail address. In the scope that is open."""
    if not items:
        if not CustomField.objects.filter(ident="email").exists():
            field("email", by, kind="email", label="Courriel")
        items = (item("email", required=True),)
    document = {"title": "", "intro": "", "submit": "", "items": list(items)}
    return save_form(None, name=name, document=document, seen=None, by=by)


def asking(channel: Channel, form: SurveyForm, by: User) -> None:
    """Let the channel ask the form. In the scope that is open."""
    ask_on(channel, form, seen=None, by=by)
