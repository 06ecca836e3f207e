"""No spreadsheet runs what a stranger wrote."""

from __future__ import annotations

import pytest

from kit.spreadsheets import harmless


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("-2", "'-2"),
        ("＝cmd|x", "'＝cmd|x"),
        ("\n=cmd|x", "'\n'=cmd|x"),
        (' "=cmd|x', "' \"=cmd|x"),
        ("Bonjour;=cmd|x!A0", "Bonjour;'=cmd|x!A0"),
        ('Bonjour\r\n "@SUM(A1)', "Bonjour\r\n \"'@SUM(A1)"),
        ("Un e-mail : a@b.ca ; 2 = 1 + 1", "Un e-mail : a@b.ca ; 2 = 1 + 1"),
        ("", ""),
    ],
)
def test_a_formula_stands_behind_an_apostrophe_wherever_a_cell_may_begin(text: str, cell: str) -> None:
    assert harmless(text) == cell
