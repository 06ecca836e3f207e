"""What a person may send for a list: its text, a file to add, a name; and what was read of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from ipblocking import drafts
from ipblocking.entries import MAX_CHARACTERS, Finding
from ipblocking.models import AddressList

#: Characters of a text that the page shows in its box; a longer list is a table, a box to add to it, and a file.
MOST_IN_BOX = 200_000
#: Bytes of an uploaded file.
MOST_BYTES = 12 * 1024 * 1024

ADD, REPLACE = "add", "replace"


class ListForm(forms.Form):
    """`source` is missing where the list is too long for a box: then what is added goes to its end."""

    source = forms.CharField(
        label=_("Blocked addresses, one for each line"),
        required=False,
        strip=False,
        widget=forms.Textarea(
            attrs={"rows": 14, "spellcheck": "false", "autocapitalize": "off", "wrap": "off"}
        ),
    )
    more = forms.CharField(
        label=_("Add addresses, one for each line"),
        required=False,
        strip=False,
        widget=forms.Textarea(
            attrs={"rows": 6, "spellcheck": "false", "autocapitalize": "off", "wrap": "off"}
        ),
    )
    file = forms.FileField(
        label=_("A file with a list"),
        required=False,
        allow_empty_file=True,
        widget=forms.ClearableFileInput(attrs={"accept": ".txt,.csv,.list,.netset,.ipset,.zone,text/*"}),
    )
    file_mode = forms.ChoiceField(
        label=_("What to do with it"),
        choices=[(ADD, _("Add its lines to the list")), (REPLACE, _("Replace the whole list with it"))],
        initial=ADD,
        required=False,
        widget=forms.RadioSelect,
    )

    def __init__(
        self, data: Any = None, files: Any = None, *, current: AddressList, may_edit: bool, in_box: bool
    ) -> None:
        super().__init__(data, files, initial={"source": current.source if in_box else "", "file_mode": ADD})
        self.current = current
        self.in_box = in_box
        #: The box has the lines of a file that was sent along.
        self.holds_file = False
        # PostgreSQL refuses a NUL; ours is taken out (drafts.plain), as lone carriage returns are.
        self.fields["source"].validators = self.fields["more"].validators = []
        if not may_edit:
            for field in self.fields.values():
                field.disabled = True

    def clean_file(self) -> str:
        """The file's text."""
        upload: UploadedFile[bytes] | None = self.cleaned_data.get("file")
        if not upload:
            return ""
        if (upload.size or 0) > MOST_BYTES:
            raise forms.ValidationError(
                _("The file has more than %(most)s MB."), params={"most": MOST_BYTES // 2**20}
            )
        raw: bytes = upload.read()
        if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
            encoding = "utf-16"
        elif b"\x00" in raw[:4096]:
            raise forms.ValidationError(_("This is not a text file: one entry for each line is wanted."))
        else:
            encoding = "utf-8"
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            # Comments of older lists; the addresses are ASCII all the same.
            return raw.decode("latin-1")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        base = cleaned.get("source") if self.in_box else self.current.source
        text = drafts.plain(str(base or ""))
        added = [str(cleaned.get("more") or "")]
        from_file = str(cleaned.get("file") or "")
        if cleaned.get("file_mode") == REPLACE and from_file:
            text = ""
        for piece in (*added, from_file):
            if piece.strip():
                text = (text.rstrip("\n") + "\n" if text.strip() else "") + drafts.plain(piece)
        if len(text) > MAX_CHARACTERS:
            self.add_error(
                None,
                forms.ValidationError(
                    _("The list has %(count)s characters; %(most)s is the most."),
                    params={"count": len(text), "most": MAX_CHARACTERS},
                ),
            )
        cleaned["text"] = text
        return cleaned


def held(form: ListForm) -> ListForm:
    """The form as a page shows it that saved nothing yet. No page can hand a file back to a browser, so its lines stand in the box."""
    if not form.files.get("file") or "text" not in form.cleaned_data:
        return form
    again = with_text(form, form.cleaned_data["text"])
    again.holds_file = True
    return again


def with_text(form: ListForm, text: str) -> ListForm:
    """The form as it was sent, with this text in its box and no file beside it."""
    data = cast(QueryDict, form.data).copy()
    data["source"], data["more"], data["file_mode"] = text, "", ADD
    again = ListForm(data, current=form.current, may_edit=True, in_box=True)
    again.is_valid()
    return again


def unconfirmed(dangers: list[Finding], told: Mapping[str, Any], confirmed: str) -> list[Finding]:
    """Dangers that nobody agreed to: neither when the list was saved before, nor now (`confirmed`: keys, spaced)."""
    agreed = {danger_key(one) for one in drafts.told_findings(dict(told)) if one.level == "danger"}
    agreed |= set(confirmed.split())
    return [one for one in dangers if danger_key(one) not in agreed]


def danger_key(one: Finding) -> str:
    return f"{one.code}:{one.value}:{one.suggestion}"
