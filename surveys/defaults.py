"""A sensible first form for each kind of channel, in the language of the admin who asks for it."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from accounts.models import User
from channels_config.models import Channel
from surveys import rules
from surveys.models import CustomField, SurveyForm
from surveys.services import create_field, save_form


def item(ident: str, **changes: Any) -> dict[str, Any]:
    """A question as it is when it has just been added."""
    return {
        "ident": ident,
        "type": "consent" if ident.startswith(rules.CONSENT) else "field",
        "required": False,
        "help": "",
        "pattern": "",
        "pattern_message": "",
        "default": "",
        "max_length": rules.LONGEST_ANSWER,
        "autocomplete": "",
        "skip_known": False,
        "show_if": None,
        "text": "",
        "version": 1 if ident.startswith(rules.CONSENT) else 0,
        **changes,
    }


def default_form(kind: str, *, by: User) -> SurveyForm:
    """The default form of messaging or of live chat; made, with the fields it asks for, when it is not there yet."""
    live = kind == Channel.Kind.LIVE
    name = _("Default form, live chat") if live else _("Default form, messaging")
    found = SurveyForm.objects.filter(name__iexact=name).first()
    if found is not None:
        return found
    _field("name", _("Name"), CustomField.Kind.TEXT, by)
    _field("email", _("E-mail"), CustomField.Kind.EMAIL, by)
    items = [
        item("name", required=live, max_length=100, autocomplete="name", skip_known=True),
        item("email", required=True, autocomplete="email", skip_known=True),
    ]
    if live:
        _field("subject", _("Your question"), CustomField.Kind.TEXT, by)
        items.append(item("subject", max_length=200))
    document = {
        "title": "",
        "intro": _("A few words before we begin.")
        if live
        else _("So that we can answer you even after you leave."),
        "submit": "",
        "items": items,
    }
    return save_form(None, name=name, document=document, seen=None, by=by)


def _field(ident: str, label: str, kind: str, by: User) -> None:
    if not CustomField.objects.filter(ident=ident).exists():
        create_field(ident=ident, label=label, kind=kind, level=CustomField.Level.CONTACT, values=[], by=by)
