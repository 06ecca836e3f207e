"""What the chat window says itself is in the catalogue too, with the same placeholders."""

from __future__ import annotations

import re
from pathlib import Path

import translations
from translations import catalogue, icu

SOURCE = Path(translations.__file__).parent.parent / "widget" / "frame" / "phrases.ts"


def test_every_phrase_of_the_window_is_in_the_catalogue_with_its_placeholders() -> None:
    source = SOURCE.read_text(encoding="utf-8")
    english = source[source.index("const en = {") : source.index("};")]
    spoken = dict(re.findall(r'^  (\w+):\s+"(.*)",$', english, re.MULTILINE))
    assert len(spoken) > 40
    for phrase_id, text in spoken.items():
        assert phrase_id in catalogue.phrases(), phrase_id
        assert icu.placeholders(text) == set(catalogue.phrases()[phrase_id].placeholders), phrase_id
