"""A sensible first form for each kind of channel, in the language of the admin who asks for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.models import User
from areas.contract import Section
from channels_config.models import Channel
from surveys.models import CustomField, SurveyForm
from surveys.section import compose, field_section, fields_section
from surveys.section import new_item as item
from surveys.services import create_field, save_form

__all__ = ["Default", "default", "default_form", "default_section", "item"]


@dataclass(frozen=True)
class Default:
    """What a default form is: its name, the fields it needs (not saved), and its document."""

    name: str
    fields: list[CustomField]
    document: dict[str, Any]


def default(kind: str) -> Default:
    """The default form of messaging or of live chat. Makes nothing."""
    live = kind == Channel.Kind.LIVE
    fields = [
        _field("name", _("Name"), CustomField.Kind.TEXT),
        _field("email", _("E-mail"), CustomField.Kind.EMAIL),
    ]
    items = [
        item("name", required=live, max_length=100, autocomplete="name", skip_known=True),
        item("email", required=True, autocomplete="email", skip_known=True),
    ]
    if live:
        fields.append(_field("subject", _("Your question"), CustomField.Kind.TEXT))
        items.append(item("subject", max_length=200))
    return Default(
        _("Default form, live chat") if live else _("Default form, messaging"),
        fields,
        {
            "title": "",
            "intro": _("A few words before we begin.")
            if live
            else _("So that we can answer you even after you leave."),
            "submit": "",
            "items": items,
        },
    )


def default_form(kind: str, *, by: User) -> SurveyForm:
    """The default form of a kind; made, with the fields it asks for, when it is not there yet."""
    found = existing(kind)
    if found is not None:
        return found
    wanted = default(kind)
    for one in _missing(wanted):
        create_field(ident=one.ident, label=one.label, kind=one.kind, level=one.level, values=[], by=by)
    return save_form(None, name=wanted.name, document=wanted.document, seen=None, by=by)


def existing(kind: str) -> SurveyForm | None:
    """The default form of a kind as the organisation has it, whichever language the admin who made it reads."""
    names = []
    for language, _label in settings.LANGUAGES:
        with translation.override(language):
            names.append(default(kind).name)
    return SurveyForm.objects.filter(name__in=names).first()


def default_section(kind: str) -> Section:
    """The section of a channel that asks the default form, before anybody made it: for the preview."""
    wanted = default(kind)
    fields = [*fields_section(), *(field_section(one) for one in _missing(wanted))]
    return compose(
        SurveyForm(name=wanted.name),
        document=wanted.document,
        fields=sorted(fields, key=lambda one: str(one["ident"])),
    )


def _field(ident: str, label: str, kind: str) -> CustomField:
    return CustomField(ident=ident, label=label, kind=kind, level=CustomField.Level.CONTACT, values=[])


def _missing(wanted: Default) -> list[CustomField]:
    there = set(CustomField.objects.values_list("ident", flat=True))
    return [one for one in wanted.fields if one.ident not in there]
