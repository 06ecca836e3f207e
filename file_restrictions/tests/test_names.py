"""File names of strangers, made safe."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from file_restrictions.names import safe_name


@pytest.mark.parametrize(
    ("given_name", "expected"),
    [
        ("rapport.pdf", "rapport.pdf"),
        ("Été à Montréal.JPG", "Été à Montréal.JPG"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("a\u2066b\u2069\u200f\u061cc.txt", "abc.txt"),
        ("zero\u200bwidth\ufeff.txt", "zerowidth.txt"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\alice\\photo.png", "photo.png"),
        ("..", "file"),
        ("", "file"),
        ("   ", "file"),
        ("\0\x1b\x7f", "file"),
        (".htaccess", "htaccess"),
        ("setup.exe. . ", "setup.exe"),
        ("a:b|c?.txt", "a_b_c_.txt"),
        ("photo.jpg:evil.exe", "photo.jpg_evil.exe"),
        ("CON", "_CON"),
        ("nul.txt", "_nul.txt"),
        ("console.txt", "console.txt"),
        ("line\u2028break.txt", "linebreak.txt"),
        ("two\r\nlines.txt", "twolines.txt"),
        ("👩\u200d🚀.png", "👩\u200d🚀.png"),
        ('"><script>alert(1)</script>.png', "script_.png"),
        ("e\u0301.txt", "é.txt"),
        ("\ud800x.txt", "x.txt"),
    ],
)
def test_a_name_is_made_safe(given_name: str, expected: str) -> None:
    assert safe_name(given_name) == expected


@pytest.mark.parametrize(
    ("given_name", "expected"),
    [
        ("a" * 255, "a" * 255),
        ("a" * 300 + ".pdf", "a" * 251 + ".pdf"),
        ("é" * 255 + ".pdf", "é" * 125 + ".pdf"),
        ("a." + "b" * 300, "a." + "b" * 253),
    ],
)
def test_a_long_name_is_cut_before_its_extension(given_name: str, expected: str) -> None:
    assert safe_name(given_name) == expected


@given(st.text(max_size=400))
def test_a_safe_name_is_one_short_visible_component_and_stays_as_it_is(name: str) -> None:
    safe = safe_name(name)
    assert 0 < len(safe.encode()) <= 255
    assert not set(safe) & set('/\\<>:"|?*')
    assert not [char for char in safe if unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp")]
    assert safe == safe.strip(". ")
    assert safe_name(safe) == safe
