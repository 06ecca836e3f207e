"""What there is to say about a text, a language or a file, in the reader's language: the findings' codes as sentences."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise, lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from translations import codecs, icu, rules

#: Code of `icu.Finding` -> sentence; `%(detail)s` is the name, category, number or excerpt it speaks of.
FINDINGS: Mapping[str, Promise] = {
    "unopened": _("A } closes nothing. For the character itself, write '}'."),
    "unclosed": _("A { is never closed. For the character itself, write '{'."),
    "unclosed_quote": _(
        "A straight apostrophe before a brace begins a quotation that never ends. Write ’ for an apostrophe."
    ),
    "empty_argument": _("The braces { } are empty; the name of a placeholder belongs inside."),
    "bad_name": _("The name of a placeholder has only letters and digits."),
    "unsupported_type": _("After the comma only plural, selectordinal or select may follow."),
    "bad_offset": _("After “offset:” a whole number is expected."),
    "bad_selector": _("The name of a choice is expected (such as one or other), then its text in braces."),
    "unknown_category": _(
        "“%(detail)s” is no plural category. There are zero, one, two, few, many and other, and =5 for a number."
    ),
    "no_branch": _("The choices of “%(detail)s” are missing."),
    "branch_without_text": _("The text of the choice “%(detail)s” is missing; it stands in braces."),
    "duplicate_branch": _("The choice “%(detail)s” stands there twice."),
    "other_required": _(
        "The choice “other” is missing from “%(detail)s”; it serves whatever the rest does not."
    ),
    "too_deep": _("Choices are nested more than %(detail)s deep."),
    "control_character": _("The text holds a character that cannot be shown."),
    "too_long": _("The text is too long: at most %(detail)s characters fit."),
    "unknown_placeholder": _("{%(detail)s} does not exist in this phrase."),
    "lost_placeholder": _("{%(detail)s} is missing."),
    "quoted_placeholder": _(
        "The straight apostrophe before {%(detail)s} makes it plain text. Write ’ instead."
    ),
    "not_a_number": _("{%(detail)s} is no number and cannot choose a plural."),
    "category_missing": _("This language also needs the plural “%(detail)s”."),
    "category_unused": _("This language never uses the plural “%(detail)s”."),
    "no_html": _("This phrase is shown as plain text; the tags would be seen."),
    "placeholder_in_tag": _("A placeholder cannot stand inside a tag."),
    "half_a_tag": _("A tag cannot begin in a choice and end outside it."),
    "html_tag": _("“%(detail)s” is not allowed here; only strong, em, a and br are."),
    "html_attribute": _("“%(detail)s”: the only attribute allowed is the href of a link."),
    "html_link": _("“%(detail)s”: a link needs a full address that begins with https:// or http://."),
    "html_unclosed": _("“%(detail)s” is never closed."),
    "html_unopened": _("“%(detail)s” closes nothing."),
    "html_order": _("“%(detail)s” closes before what was opened inside it."),
    "html_markup": _("“%(detail)s” is not written in a way every browser reads alike."),
    "unknown_phrase": _("There is no phrase “%(detail)s”."),
    "blank": _("The text is empty."),
}

#: Code of `rules.Problem` -> sentence; `%(locale)s` is the variant's.
PROBLEMS: Mapping[str, Promise] = {
    "shape": _("The languages are not in the form they are kept in."),
    "bad_locale": _("“%(locale)s” is not how a language is written (fr, fr_CA, zh_Hant_HK)."),
    "duplicate_locale": _("This language is there already."),
    "duplicate_name": _("Another language has this name already."),
    "unsorted": _("The languages are not sorted."),
    "empty_phrase": _("A phrase of %(locale)s has no text."),
    "unknown_fallback": _(
        "The fallback of %(locale)s is neither one of your languages nor one that comes ready."
    ),
    "cycle": _("The fallbacks go round in a circle: %(detail)s."),
    "unknown_default": _("The default language is neither one of your languages nor one that comes ready."),
}

#: Code of `codecs.Verdict` -> sentence, where it is not a finding's.
VERDICTS: Mapping[str, Promise] = {
    "ok": _("The text changes."),
    "unchanged": _("Nothing changes."),
    "blank": _("The row is empty: the text stays as it is."),
    "bad_locale": _("“%(locale)s” is no language."),
    "unknown_phrase": _("There is no phrase “%(phrase)s”."),
    "duplicate": _("This phrase stands further up already; the first row counts."),
    "too_few_cells": _("The row has too few cells."),
    "inline_code": _("The target holds inline codes; placeholders of phrases are plain text, like {name}."),
    "not_text": _("The value is no text."),
}

#: Code of `codecs.Unreadable` -> sentence.
UNREADABLE: Mapping[str, Promise] = {
    "too_large": _("The file is larger than 16 MB."),
    "too_many_rows": _("The file has more than 100,000 rows."),
    "encoding": _("The file is not in UTF-8. In a spreadsheet, save it as “CSV UTF-8”."),
    "csv": _("This is not a CSV file."),
    "columns": _("The first row has to name the columns: locale, id, text."),
    "xml": _("This is not a sound XML file."),
    "doctype": _("An XML file with a document type (<!DOCTYPE …>) is not accepted."),
    "not_xliff": _("This is XML, but not XLIFF 2."),
    "xliff_1": _("This is XLIFF 1. Save it as XLIFF 2.0."),
    "no_target_language": _("The file does not say into which language it translates (trgLang)."),
    "json": _("This is not a sound JSON file."),
    "json_shape": _("The JSON has to have the form of an export: languages, and their phrases by id."),
    "no_locale": _(
        "The file does not say in which language its texts are. Choose the language, then try again."
    ),
}

#: Why a visitor gets a language (`rules.Resolution.reason`, `rules.Wish.outcome`).
OUTCOMES: Mapping[str, Promise] = {
    "exact": _("exactly this language"),
    "region": _("the language of this part of the world"),
    "language": _("the language, without a country"),
    "home": _("the language as spoken where it comes from"),
    "list_code": _("a code of the list of languages"),
    "default": _("the channel’s default language"),
    "english": _("English, when nothing else fits"),
    "unavailable": _("not available"),
    "refused": _("the visitor refuses it (q=0)"),
    "wildcard": _("any language: decides nothing"),
    "malformed": _("no language tag"),
    "later": _("not needed: an earlier one fits"),
}

#: Which step of the chain a layer is (`rules.Layer.step`).
STEPS: Mapping[str, Promise] = {
    "exact": _("the language itself"),
    "region": _("its part of the world"),
    "language": _("the language without a country"),
    "home": _("the language as spoken where it comes from"),
    "fallback": _("fallback language"),
    "default": _("default language of the channel"),
    "english": _("English, at the end of every chain"),
}


def about(finding: icu.Finding) -> str:
    """The sentence of a finding, in the language in force."""
    return sentence(finding.code, finding.detail)


def sentence(code: str, detail: str = "") -> str:
    return str(FINDINGS[code]) % {"detail": detail} if code in FINDINGS else code


def problem_text(problem: rules.Problem) -> str:
    detail = problem.message.partition(": ")[2].rstrip(".") if problem.code == "cycle" else ""
    return str(PROBLEMS[problem.code]) % {"locale": problem.locale, "detail": detail}


#: The sentence of a problem, in whatever language it is read in later.
problem_sentence = lazy(problem_text, str)


def verdict_sentence(code: str, *, locale: str, phrase: str, detail: str) -> str:
    """The sentence of a row's verdict."""
    if code in VERDICTS:
        return str(VERDICTS[code]) % {"locale": locale, "phrase": phrase}
    return sentence(code, detail)


def unreadable_sentence(error: codecs.Unreadable) -> str:
    """Why a file cannot be read, with the line where there is one."""
    said = str(UNREADABLE[error.code])
    if not error.line:
        return said
    return gettext("Line %(line)s: %(what)s") % {"line": error.line, "what": said}
