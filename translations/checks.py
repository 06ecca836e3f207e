"""Whether a text may stand as a phrase of a channel: one judgement for the form, the import and the API.

Pure; imports no Django.
"""

from __future__ import annotations

import functools
import re
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
    if phrase_id not in catalogue.phrases():
        if phrase_id not in own:
            return [icu.Finding("unknown_phrase", 0, f"There is no phrase “{phrase_id}”.", phrase_id)]
        if text.strip():
            return list(_checked_own(locale, text))
    if not text.strip():
        return [icu.Finding("blank", 0, "The text is empty.")]
    return list(_checked(locale, phrase_id, text))


#: A text of which there is nothing to say but its length: no syntax, no markup, no character out of sight.
_PLAIN = re.compile(r"[^{}<'\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]*")
#: A channel of 200 languages is looked through at every save; what was looked at once is remembered.
_REMEMBERED = 1 << 16


@functools.lru_cache(maxsize=_REMEMBERED)
def _checked(locale: str, phrase_id: str, text: str) -> tuple[icu.Finding, ...]:
    phrase = catalogue.phrases()[phrase_id]
    if not phrase.placeholders and len(text) <= phrase.max_length and _PLAIN.fullmatch(text):
        return ()
    return tuple(
        icu.check(
            text,
            locale=locale,
            placeholders=phrase.placeholders,
            numbers=phrase.numbers,
            max_length=phrase.max_length,
            allows_html=phrase.allows_html,
        )
    )


@functools.lru_cache(maxsize=_REMEMBERED)
def _checked_own(locale: str, text: str) -> tuple[icu.Finding, ...]:
    return tuple(icu.check(text, locale=locale, numbers=(), max_length=LONGEST_OWN, allows_html=False))


def errors(findings: Collection[icu.Finding]) -> list[icu.Finding]:
    """Those that keep a text from being saved."""
    return [finding for finding in findings if finding.severity == "error"]
