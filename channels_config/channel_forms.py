"""What a person may type about a channel as a whole, and the list's filters."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from channels_config.models import Channel
from channels_config.services import NAME_LENGTH, clean_name

#: The kinds of channel in the list of channels; Guides have a list of their own.
CHAT_KINDS = [(one.value, one.label) for one in (Channel.Kind.MESSAGING, Channel.Kind.LIVE)]

KIND_SENTENCES = {
    Channel.Kind.MESSAGING: _(
        "The conversation stays open: people come back to it days later, with its history."
    ),
    Channel.Kind.LIVE: _("A conversation in real time that ends when the window is closed."),
}


class NameForm(forms.Form):
    name = forms.CharField(
        label=_("Name"),
        max_length=NAME_LENGTH,
        strip=True,
        help_text=_("What your team calls the channel. The chat window does not show it."),
        error_messages={
            "required": _("Give the channel a name."),
            "max_length": _("A name has at most %(limit_value)d characters; this one has %(show_value)d."),
        },
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def clean_name(self) -> str:
        return clean_name(self.cleaned_data["name"])


class CreateForm(NameForm):
    kind = forms.ChoiceField(
        label=_("Kind"),
        choices=CHAT_KINDS,
        initial=Channel.Kind.MESSAGING,
        widget=forms.RadioSelect,
        error_messages={
            "required": _("Choose the kind of channel."),
            "invalid_choice": _("Choose one of the two kinds of channel."),
        },
    )


class DeleteForm(forms.Form):
    name = forms.CharField(
        label=_("Type the name of the channel"),
        strip=True,
        error_messages={"required": _("Type the name of the channel to delete it.")},
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def __init__(self, *args: Any, channel: Channel, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].widget.attrs["data-must-equal"] = channel.name


class ListFilter(forms.Form):
    """Read from the address: what cannot be understood is ignored, a list is never an error."""

    SORTS = {"name": "plain_name", "-name": "-plain_name", "created": "created_at", "-created": "-created_at"}

    q = forms.CharField(required=False)
    kind = forms.ChoiceField(required=False, choices=[("", ""), *CHAT_KINDS])
    sort = forms.ChoiceField(required=False, choices=[("", ""), *((one, one) for one in SORTS)])

    def values(self) -> dict[str, str]:
        """q, kind and sort, each usable."""
        self.is_valid()
        clean = self.cleaned_data
        return {
            "q": clean.get("q", "")[:NAME_LENGTH],
            "kind": clean.get("kind", ""),
            "sort": clean.get("sort") or "name",
        }
