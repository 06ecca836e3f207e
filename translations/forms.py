"""What a person may type about a channel's languages, and the sentence when it is wrong."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import ProhibitNullCharactersValidator
from django.utils.translation import gettext_lazy as _

from areas.contract import Section
from translations import catalogue, icu, languages, rules
from translations.section import LONGEST_NAME


def served(section: Section) -> list[tuple[str, str]]:
    """(locale, name) of every language a text may come from: the channel's variants, then what ships."""
    own = {one["locale"]: one["name"] for one in section["variants"]}
    taken = {rules.key(locale) for locale in own}
    shipped = [locale for locale in catalogue.LOCALES if rules.key(locale) not in taken]
    ready = sorted(((locale, languages.name(locale)) for locale in shipped), key=lambda pair: pair[1])
    return [*own.items(), *ready]


class NameField(forms.CharField):
    def __init__(self) -> None:
        super().__init__(
            label=_("Name"),
            max_length=LONGEST_NAME,
            help_text=_("How your team calls this language; visitors do not see it."),
            error_messages={"required": _("Give the language a name.")},
        )
        # Django refuses a NUL in words of its own, and only that.
        self.validators = [
            one for one in self.validators if not isinstance(one, ProhibitNullCharactersValidator)
        ]

    def clean(self, value: Any) -> str:
        text = " ".join(str(super().clean(value)).split())
        if icu.unshowable(text):
            raise ValidationError(_("The name holds a character that cannot be shown."))
        return text


class AddForm(forms.Form):
    """A new language: name, language, country, fallback. `cleaned_data["locale"]` is what they make."""

    name = NameField()
    language = forms.ChoiceField(
        label=_("Language"),
        error_messages={
            "required": _("Choose a language."),
            "invalid_choice": _("Choose one of the languages listed."),
        },
    )
    country = forms.ChoiceField(
        label=_("Country"),
        required=False,
        help_text=_(
            "A language with a country serves visitors from there; without one it serves everybody else who speaks it."
        ),
    )
    fallback = forms.ChoiceField(
        label=_("Fallback language"),
        required=False,
        help_text=_("Where phrases come from that have no text in this language."),
    )

    def __init__(self, data: Any = None, *, section: Section, initial: dict[str, Any] | None = None) -> None:
        super().__init__(data, initial=initial)
        choose = [("", _("Choose…"))]
        self.fields["language"].choices = [*choose, *languages.languages(languages.reader())]  # type: ignore[attr-defined]
        self.fields["country"].choices = [("", _("No country")), *languages.countries(languages.reader())]  # type: ignore[attr-defined]
        self.fields["fallback"].choices = fallbacks(section)  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        if language := values.get("language"):
            country = values.get("country")
            values["locale"] = rules.canonical(f"{language}_{country}" if country else language)
        return values


class ChangeForm(forms.Form):
    """A language's name and fallback. It carries what they were when it was opened."""

    name = NameField()
    fallback = forms.ChoiceField(label=_("Fallback language"), required=False)
    was_name = forms.CharField(widget=forms.HiddenInput, required=False, strip=False)
    was_fallback = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, data: Any = None, *, section: Section, variant: dict[str, Any]) -> None:
        now = {"name": variant["name"], "fallback": variant["fallback"] or ""}
        super().__init__(data, initial={**now, **{f"was_{part}": text for part, text in now.items()}})
        self.fields["fallback"].choices = fallbacks(section, without=variant["locale"])  # type: ignore[attr-defined]

    def overtaken(self, variant: dict[str, Any]) -> dict[str, str] | None:
        """Where somebody changed the language since the form was opened: what it holds now, with what I changed over it; else None."""
        if "was_name" not in self.data:
            return None
        was, mine, now = {}, {}, {}
        for part in ("name", "fallback"):
            was[part] = str(self.data.get(f"was_{part}", ""))
            mine[part] = str(self.cleaned_data.get(part, ""))
            now[part] = variant[part] or ""
        if now in (was, mine):
            return None
        return {part: now[part] if mine[part] == was[part] else mine[part] for part in now}


def fallbacks(section: Section, without: str = "") -> list[tuple[str, Any]]:
    return [("", _("English (nothing set)")), *(one for one in served(section) if one[0] != without)]


class DefaultForm(forms.Form):
    """The language of visitors none of whose languages there is."""

    default_locale = forms.ChoiceField(
        label=_("Default language"),
        required=False,
        help_text=_("For visitors none of whose languages is available."),
    )
    seen = forms.CharField(widget=forms.HiddenInput, required=False, max_length=64)
    #: The default when the page was opened: what others did to the languages meanwhile is in nobody's way.
    was = forms.CharField(widget=forms.HiddenInput, required=False, max_length=100)

    def __init__(self, data: Any = None, *, section: Section, may_edit: bool, seen: str = "") -> None:
        default = section["default_locale"] or ""
        super().__init__(data, initial={"default_locale": default, "seen": seen, "was": default})
        field = self.fields["default_locale"]
        field.choices = [("", _("English (nothing set)")), *served(section)]  # type: ignore[attr-defined]
        field.disabled = not may_edit


class UploadForm(forms.Form):
    """A file of translations."""

    file = forms.FileField(
        label=_("File"),
        help_text=_(
            "CSV, XLIFF 2 or JSON, at most 16 MB and 100,000 rows. Nothing changes before you have seen what would."
        ),
        error_messages={"required": _("Choose a file."), "empty": _("The file is empty.")},
    )
    locale = forms.ChoiceField(
        label=_("Language"),
        required=False,
        help_text=_("Only for a file that does not say in which language its texts are."),
    )

    def __init__(self, data: Any = None, files: Any = None, *, section: Section) -> None:
        super().__init__(data, files)
        self.fields["locale"].choices = [("", _("As the file says")), *served(section)]  # type: ignore[attr-defined]
