"""What a person may type about tokens and webhooks."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from api.models import Scope
from api.webhooks import EVENTS, address_fault


class TokenForm(forms.Form):
    name = forms.CharField(
        label=_("Name"),
        max_length=80,
        help_text=_("What uses it, for example “Deployment”: releases and the audit say it."),
        error_messages={"required": _("Give the token a name.")},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    scopes = forms.MultipleChoiceField(
        label=_("It may also"),
        required=False,
        choices=[one for one in Scope.choices if one[0] != Scope.READ],
        help_text=_("Every token may read everything but secrets."),
        widget=forms.CheckboxSelectMultiple,
    )
    lasts = forms.ChoiceField(
        label=_("It works for"),
        choices=[("90", _("90 days")), ("365", _("a year")), ("", _("as long as nobody revokes it"))],
        required=False,
        initial="90",
    )

    def expires_at(self) -> datetime | None:
        days = self.cleaned_data["lasts"]
        return timezone.now() + timedelta(days=int(days)) if days else None


class WebhookForm(forms.Form):
    url = forms.CharField(
        label=_("Address"),
        max_length=500,
        help_text=_("Where messages are sent by POST: https://…"),
        error_messages={
            "required": _("Enter the address that receives the messages."),
            "max_length": _("An address has at most %(limit_value)d characters."),
        },
        widget=forms.URLInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    events = forms.MultipleChoiceField(
        label=_("It is told when"),
        choices=list(EVENTS.items()),
        initial=["release.visible"],
        error_messages={"required": _("Choose at least one event.")},
        widget=forms.CheckboxSelectMultiple,
    )

    def clean_url(self) -> str:
        url: str = self.cleaned_data["url"].strip()
        fault = address_fault(url)
        if fault:
            raise forms.ValidationError(str(fault))
        return url


class ChangeWebhookForm(WebhookForm):
    active = forms.BooleanField(label=_("Send messages"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.order_fields(["active", "url", "events"])


class SecretForm(forms.Form):
    overlap = forms.TypedChoiceField(
        label=_("The former secret signs beside it for"),
        choices=[(24, _("a day")), (168, _("a week")), (1, _("an hour")), (0, _("no longer: it leaked"))],
        coerce=int,
        initial=24,
        help_text=_("Until then each message bears two signatures, and your system may check either."),
    )

    def lasts(self) -> timedelta:
        return timedelta(hours=self.cleaned_data["overlap"])
