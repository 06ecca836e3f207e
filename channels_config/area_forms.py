"""The form of a channel's looks and pages: what a person may type, and the sentence when it is wrong."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import TextChoices
from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from areas.contract import Section
from channels_config import colors, content
from channels_config.domains import read_domains
from channels_config.models import WebSettings
from channels_config.remarks import PLACE, Remark, errors
from channels_config.section import DEFAULT_COLORS

#: Wire contract 1.1; the order is that of the window, from the launcher inwards.
COLOR_LABELS: dict[str, Promise] = {
    "widgetBackground": _("Launcher"),
    "widgetFont": _("Text on the launcher"),
    "headerBackground": _("Header"),
    "headerFont": _("Text in the header"),
    "theme": _("Visitor’s messages and accents"),
    "text": _("Text in the visitor’s messages"),
    "button": _("Buttons"),
}


class Where(TextChoices):
    """On which pages the chat may appear."""

    ANYWHERE = "anywhere", _("On every website")
    LISTED = "listed", _("Only on the domains listed")
    NOWHERE = "nowhere", _("On no website")


WHERE_SENTENCES: dict[str, Promise] = {
    Where.ANYWHERE: _("Any page that carries the snippet shows the chat."),
    Where.LISTED: _("A page from another domain is refused, whatever snippet it carries."),
    Where.NOWHERE: _("No page shows the chat, as of now. Mobile apps, which send no domain, still connect."),
}


def where(section: Section) -> str:
    """How a section's restriction reads as one choice."""
    if not section["domains_restricted"]:
        return Where.ANYWHERE
    return Where.LISTED if section["allowed_domains"] else Where.NOWHERE


class CodeField(forms.CharField):
    """A text of CSS or JavaScript; `remarks` after cleaning holds everything there is to say about it."""

    def __init__(self, language: content.Language, **options: Any) -> None:
        super().__init__(required=False, strip=False, widget=forms.Textarea(attrs={"rows": 12}), **options)
        self.language = language
        # Django refuses a NUL in words of its own; ours say what to do.
        self.validators = []

    def to_python(self, value: object) -> str:
        return content.with_plain_line_ends(str(value or ""))

    def validate(self, value: str) -> None:
        content.refuse_unacceptable(value)

    def has_changed(self, initial: object, data: object) -> bool:
        return self.to_python(initial) != self.to_python(data)


class ColorField(forms.CharField):
    """A hex colour, kept as #rrggbb."""

    default_error_messages = {
        "invalid": _("“%(value)s” is not a colour code such as #1a73e8."),
        "required": _("Choose a colour."),
    }

    def to_python(self, value: object) -> str:
        text = str(super().to_python(value))
        if text in self.empty_values:
            return ""
        normal = colors.normal(text)
        if normal is None:
            raise ValidationError(self.error_messages["invalid"], code="invalid", params={"value": text[:20]})
        return normal


class WebSettingsForm(forms.Form):
    """Fields over the section of `channels_config`. `remarks` ("css", "js" -> remarks) is there once the form was validated."""

    appearance = forms.ChoiceField(
        label=_("Shape of the launcher"), choices=WebSettings.Appearance, widget=forms.RadioSelect
    )
    position = forms.ChoiceField(label=_("Corner"), choices=WebSettings.Position, widget=forms.RadioSelect)
    redesigned_ui = forms.BooleanField(
        label=_("Use the redesigned interface"),
        help_text=_(
            "Rounder and calmer. Off, the window keeps the look that older style sheets were written for."
        ),
        required=False,
    )
    custom_css = CodeField("css", label=_("Custom CSS"))
    custom_js = CodeField("js", label=_("Custom JavaScript"))
    where = forms.ChoiceField(label=_("Where may the chat appear?"), choices=Where, widget=forms.RadioSelect)
    allowed_domains = forms.CharField(
        label=_("Allowed domains"),
        help_text=_(
            "One for each line: www.example.com; *.example.com for all its sub-domains; example.com:8443 with a port, "
            "example.com:* with any."
        ),
        required=False,
        widget=forms.Textarea(
            attrs={"rows": 5, "spellcheck": "false", "autocapitalize": "off", "class": "form-control"}
        ),
    )
    seen = forms.CharField(widget=forms.HiddenInput, required=False, max_length=64)

    def __init__(
        self, data: Any = None, *, section: Section, may_edit: bool, may_script: bool, seen: str = ""
    ) -> None:
        """`section` is the draft as it stands; without `may_edit` everything, without `may_script` the JavaScript, is shown only."""
        initial = {
            "appearance": section["widget"]["appearance"],
            "position": section["widget"]["position"],
            "redesigned_ui": section["redesigned_ui"],
            "custom_css": section["custom_css"],
            "custom_js": section["custom_js"],
            "where": where(section),
            "allowed_domains": "\n".join(section["allowed_domains"]),
            **{f"color_{name}": section["colors"][name] for name in DEFAULT_COLORS},
            "seen": seen,
        }
        super().__init__(data, initial=initial)
        for name, label in COLOR_LABELS.items():
            self.fields[f"color_{name}"] = ColorField(label=cast(Any, label), max_length=20)
        for name, field in self.fields.items():
            if name != "seen" and (not may_edit or (name == "custom_js" and not may_script)):
                field.disabled = True
        self.may_script = may_edit and may_script
        self.remarks: dict[str, tuple[Remark, ...]] = {"css": (), "js": ()}

    @property
    def color_fields(self) -> list[tuple[str, forms.BoundField]]:
        return [(name, self[f"color_{name}"]) for name in COLOR_LABELS]

    @property
    def css_notes(self) -> list[dict[str, Any]]:
        return [remark.as_json() for remark in self.remarks["css"]]

    @property
    def js_notes(self) -> list[dict[str, Any]]:
        return [remark.as_json() for remark in self.remarks["js"]]

    def note_texts(self) -> None:
        """Fill `remarks` from the texts as they stand, for a page that was not posted."""
        for language in ("css", "js"):
            self.remarks[language] = content.remarks(language, self.initial[f"custom_{language}"])

    def clean_custom_css(self) -> str:
        return self._read("css")

    def clean_custom_js(self) -> str:
        return self._read("js") if self.may_script else str(self.cleaned_data["custom_js"])

    def _read(self, language: content.Language) -> str:
        text: str = self.cleaned_data[f"custom_{language}"]
        self.remarks[language] = content.remarks(language, text)
        wrong = errors(self.remarks[language])
        if wrong:
            raise ValidationError(list(_place_sentences(wrong)))
        return text

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        chosen = cleaned.get("where")
        if chosen == Where.NOWHERE:
            cleaned["domains"] = []
            return cleaned
        try:
            cleaned["domains"] = read_domains(cleaned.get("allowed_domains", ""))
        except ValidationError as refused:
            self.add_error("allowed_domains", refused)
            return cleaned
        if chosen == Where.LISTED and not cleaned["domains"]:
            self.add_error(
                "allowed_domains",
                ValidationError(
                    _("List at least one domain, or choose “%(nowhere)s”."),
                    params={"nowhere": Where.NOWHERE.label},
                    code="empty",
                ),
            )
        return cleaned

    def says(self, other: WebSettingsForm) -> bool:
        """Whether what was typed here is, letter for letter, what `other` shows."""
        return all(
            field.disabled or not field.has_changed(other.initial[name], self[name].data)
            for name, field in self.fields.items()
            if name not in {"seen", *(f"color_{color}" for color in COLOR_LABELS)}
        ) and all(self[f"color_{name}"].data == other.initial[f"color_{name}"] for name in COLOR_LABELS)

    def section(self, base: Section) -> Section:
        """The section with what was typed in place of what `base` says; where a field was wrong, `base` stands."""
        cleaned = self.cleaned_data
        made = {**base, "colors": dict(base["colors"]), "widget": dict(base["widget"])}
        for name in ("custom_css", "redesigned_ui"):
            made[name] = cleaned.get(name, base[name])
        if self.may_script:
            made["custom_js"] = cleaned.get("custom_js", base["custom_js"])
        for name in ("appearance", "position"):
            made["widget"][name] = cleaned.get(name, base["widget"][name])
        for name in DEFAULT_COLORS:
            made["colors"][name] = cleaned.get(f"color_{name}", base["colors"][name])
        if "domains" in cleaned and "allowed_domains" not in self.errors:
            made["allowed_domains"] = cleaned["domains"]
            made["domains_restricted"] = cleaned.get("where", where(base)) != Where.ANYWHERE
        return made


def _place_sentences(wrong: Iterable[Remark]) -> Iterable[str]:
    """The first few, each with its place."""
    for number, remark in enumerate(wrong):
        if number == 5:
            return
        yield str(PLACE) % {
            "line": remark.line,
            "column": remark.column,
            "what": remark.message,
        }


def contrast_notes(section: Section) -> list[tuple[str, str]]:
    """Colour name -> sentence, for each ink that cannot be read well on its ground; the widget then takes a readable one."""
    found = []
    for ink, ground in colors.PAIRS:
        ratio = colors.contrast(section["colors"][ink], section["colors"][ground])
        if ratio < colors.AA:
            found.append(
                (
                    ink,
                    str(
                        _(
                            "The contrast with “%(ground)s” is %(ratio)s : 1; text needs 4.5 : 1 (WCAG AA). The chat takes "
                            "black or white instead."
                        )
                    )
                    % {"ground": COLOR_LABELS[ground], "ratio": _decimal(ratio)},
                )
            )
    return found


def _decimal(ratio: float) -> str:
    return number_format(int(ratio * 10) / 10, 1)
