"""Whether a text may stand as a phrase of a channel: one judgement for the form, the import and the API.

Pure; imports no Django.
"""

from __future__ import annotations

from collections.abc import Collection

from translations import catalogue, icu

#: A phrase of the tenant's own (the label of a custom field, under its translation key): plain, without placeholders.
LONGEST_OWN = 300


def is_known(phrase_id: str, own: Collection[str] = ()) -> bool:
    """Whether there is a phrase of this id: one of the catalogue's, or one of the tenant's `own`."""
    return phrase_id in catalogue.phrases() or phrase_id in own


def check_phrase(locale: str, phrase_id: str, text: str, *, own: Collection[str] = ()) -> list[icu.Finding]:
    """Everything to say about `text` as `phrase_id` in `locale`; an error among it must not be saved.

    Codes are those of `icu.check`, and unknown_phrase, and blank (an empty text is no text: remove it instead).
    """
    phrase = catalogue.phrases().get(phrase_id)
    if phrase is None and phrase_id not in own:
        return [icu.Finding("unknown_phrase", 0, f"There is no phrase “{phrase_id}”.", phrase_id)]
    if not text.strip():
        return [icu.Finding("blank", 0, "The text is empty.")]
    if phrase is None:
        return icu.check(text, locale=locale, numbers=(), max_length=LONGEST_OWN, allows_html=False)
    return icu.check(
        text,
        locale=locale,
        placeholders=phrase.placeholders,
        numbers=phrase.numbers,
        max_length=phrase.max_length,
        allows_html=phrase.allows_html,
    )


def errors(findings: Collection[icu.Finding]) -> list[icu.Finding]:
    """Those that keep a text from being saved."""
    return [finding for finding in findings if finding.severity == "error"]
