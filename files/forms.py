"""What a person may send in: a file, or its text."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from files.formats import LARGEST_FILE


class UploadForm(forms.Form):
    file = forms.FileField(
        label=_("File"),
        required=False,
        allow_empty_file=True,
        help_text=_("YAML or JSON as exported here, or the channel JSON of a CXone channel."),
        widget=forms.ClearableFileInput(attrs={"accept": ".yaml,.yml,.json,application/json"}),
    )
    text = forms.CharField(
        label=_("Or its text"),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false", "class": "form-control mono"}),
    )

    def clean(self) -> dict[str, Any]:
        clean = super().clean() or self.cleaned_data
        file = clean.get("file")
        if file is None and not clean.get("text", "").strip() and "file" not in self.errors:
            self.add_error("file", _("Choose a file, or paste its text."))
        if file is not None and file.size > LARGEST_FILE:
            self.add_error(
                "file", _("The file is larger than %(most)s MB.") % {"most": LARGEST_FILE // (1024 * 1024)}
            )
        return clean

    def content(self) -> tuple[bytes, str]:
        """What was sent in, and a name for it."""
        file = self.cleaned_data["file"]
        if file is not None:
            return file.read(), file.name
        return self.cleaned_data["text"].encode("utf-8", "surrogatepass"), str(_("pasted text"))
