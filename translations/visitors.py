"""A channel's phrases as its visitors read them: what other rooms show of them to an admin (`areas.visitors`)."""

from __future__ import annotations

import re

from areas.visitors import Reader
from channels_config.models import Channel
from translations import icu, languages, rules, section

_MARKUP = re.compile("<[^>]*>")


class Visitors:
    """By the draft of the channel's translations."""

    def __init__(self, channel: Channel) -> None:
        self._known = rules.compiled(section.dump(channel))

    def languages(self) -> list[tuple[str, str]]:
        named = [(locale, languages.name(locale)) for locale in self._known.locales()]
        return sorted(named, key=lambda pair: pair[1].casefold())

    def reader(self, wanted: str) -> Reader:
        # As `?locale=` is read by an environment.
        listed = wanted if "," in wanted or ";" in wanted else [wanted] if wanted else None
        locale = self._known.resolve(listed).locale
        phrases = self._known.table(locale)

        def say(phrase_id: str, **values: object) -> str:
            text = phrases.get(phrase_id, "")
            return _MARKUP.sub("", icu.format(text, values, locale)) if text else ""

        return Reader(locale, rules.right_to_left(locale), say)
