"""How long something took is said in units a person counts in."""

from __future__ import annotations

import pytest
from django.utils import translation

from kit.templatetags.console import duration

SECOND, MINUTE, HOUR, DAY = 1000, 60_000, 3_600_000, 86_400_000


@pytest.mark.parametrize(
    ("milliseconds", "english", "french"),
    [
        (None, "", ""),
        (0, "0.01 s", "0,01 s"),
        (94, "0.09 s", "0,09 s"),
        (412, "0.4 s", "0,4 s"),
        (59_940, "59.9 s", "59,9 s"),
        (59_960, "1 min", "1 min"),
        (61 * SECOND, "1 min 1 s", "1 min 1 s"),
        (3_008_000, "50 min 8 s", "50 min 8 s"),
        (HOUR - 400, "1 h", "1 h"),
        (2 * HOUR + 5 * MINUTE + 10 * SECOND, "2 h 5 min", "2 h 5 min"),
        (DAY - 20 * SECOND, "1 d", "1 j"),
        (2 * DAY + 3 * HOUR + 29 * MINUTE, "2 d 3 h", "2 j 3 h"),
        (400 * DAY, "400 d", "400 j"),
    ],
)
def test_a_duration_is_two_units_at_most_and_never_breaks(
    milliseconds: int | None, english: str, french: str
) -> None:
    said = {}
    for language in ("en", "fr"):
        with translation.override(language):
            said[language] = duration(milliseconds)
    assert " " not in "".join(said.values())
    assert [one.replace("\u00a0", " ") for one in said.values()] == [english, french]
