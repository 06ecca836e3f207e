"""Allowed domains: entries an admin types, origins a browser sends."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit import origins


@pytest.mark.parametrize(
    ("entry", "origin"),
    [
        ("example.com", "https://example.com"),
        ("example.com", "http://example.com"),
        ("EXAMPLE.com", "https://example.com:443"),
        ("https://example.com/", "https://example.com"),
        ("example.com.", "https://example.com"),
        ("example.com:8443", "https://example.com:8443"),
        ("example.com:*", "http://example.com:8080"),
        ("*.example.com", "https://www.example.com"),
        ("*.example.com", "https://a.b.example.com"),
        ("https://*.example.com:8443", "https://www.example.com:8443"),
        ("localhost:*", "http://localhost:5173"),
        ("127.0.0.1:*", "http://127.0.0.1:8001"),
        ("[::1]:*", "http://[::1]:8001"),
        ("[0:0:0:0:0:0:0:1]", "http://[::1]"),
        ("québec.ca", "https://xn--qubec-csa.ca"),
        ("straße.de", "https://xn--strae-oqa.de"),
        ("my_site.example.com", "https://my_site.example.com"),
    ],
)
def test_a_page_of_the_domain_is_allowed(entry: str, origin: str) -> None:
    assert origins.allows([entry], origin)


@pytest.mark.parametrize(
    ("entry", "origin"),
    [
        ("example.com", "https://evil-example.com"),
        ("example.com", "https://example.com.attacker.tld"),
        ("example.com", "https://www.example.com"),
        ("*.example.com", "https://example.com"),
        ("*.example.com", "https://evilexample.com"),
        ("*.example.com", "https://www.example.com.evil.tld"),
        ("example.com", "https://example.com:8443"),
        ("example.com", "http://example.com:443"),
        ("https://example.com", "http://example.com"),
        ("example.com:8443", "https://example.com"),
        ("example.com", "null"),
        ("example.com", None),
        ("example.com", ""),
        ("example.com", "file://"),
        ("example.com", "ftp://example.com"),
        ("example.com", "https://example.com/"),
        ("example.com", "https://user@example.com"),
        ("example.com", "https://example.com\n"),
        ("example.com", "https://example.com, https://other.tld"),
        ("example.com", "https://example.com:99999"),
        ("example.com", "https://example.com:0"),
        ("example.com:*", "https://example.com:"),
        ("[::1]:*", "http://[::1"),
        ("[::1]:*", "http://[:::1]"),
        ("nonsense entry", "https://nonsense"),
        ("*", "https://example.com"),
        ("null", "null"),
        ("localhost:*", "https://localhost.attacker.tld"),
        ("127.0.0.1:*", "http://127.0.0.1.attacker.tld"),
        ("example.com", "https://" + "a" * 400),
    ],
)
def test_a_page_from_elsewhere_is_not(entry: str, origin: str | None) -> None:
    assert not origins.allows([entry], origin)


def test_no_entry_allows_nobody() -> None:
    assert not origins.allows([], "https://example.com")


def test_loopback_pages_are_recognised() -> None:
    assert origins.is_loopback("http://localhost:8000")
    assert not origins.is_loopback("http://localhost.example.com")


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        ("", "empty"),
        ("   ", "empty"),
        ("ftp://example.com", "scheme"),
        ("javascript://example.com", "scheme"),
        ("https://me:secret@example.com", "credentials"),
        ("example.com/chat", "path"),
        ("example.com?x", "path"),
        ("https://example.com//", "path"),
        ("*", "too_wide"),
        ("https://*:*", "too_wide"),
        ("*.com", "too_wide"),
        ("www.*.com", "wildcard"),
        ("*example.com", "wildcard"),
        ("*.*.example.com", "wildcard"),
        ("*.127.0.0.1", "wildcard"),
        ("*.[::1]", "host"),
        ("example.com:0", "port"),
        ("example.com:70000", "port"),
        ("example.com:https", "port"),
        ("example.com:", "port"),
        ("example.com:²", "port"),
        ("::1", "host"),
        ("[::1", "host"),
        ("[::g]", "host"),
        ("[::1]x", "host"),
        ("exa mple.com", "host"),
        ("-example.com", "host"),
        ("example..com", "host"),
        ("127.1", "host"),
        ("256.1.1.1", "host"),
        ("\x00.com", "host"),
        ("https://", "host"),
        ("<script>.com", "host"),
        ("a" * 301, "too_long"),
        ("é" * 200 + ".com", "host"),
    ],
)
def test_an_entry_that_means_nothing_is_told_so(entry: str, code: str) -> None:
    with pytest.raises(origins.BadEntry) as caught:
        origins.parse(entry)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("entry", "normal"),
    [
        ("HTTPS://Example.COM/", "https://example.com"),
        ("*.Québec.ca:*", "*.xn--qubec-csa.ca:*"),
        ("[0::1]:8000", "[::1]:8000"),
        (" example.com ", "example.com"),
    ],
)
def test_an_entry_has_one_spelling(entry: str, normal: str) -> None:
    assert str(origins.parse(entry)) == normal
    assert origins.parse(normal) == origins.parse(entry)


def test_an_entry_as_frame_ancestors() -> None:
    assert origins.parse("example.com:*").csp_sources() == ("http://example.com:*", "https://example.com:*")
    assert origins.parse("https://*.example.com").csp_sources() == ("https://*.example.com",)
    assert origins.parse("[::1]:*").csp_sources() == ()


@given(st.text(max_size=60))
def test_no_text_at_all_breaks_the_parser(text: str) -> None:
    try:
        entry = origins.parse(text)
    except origins.BadEntry:
        return
    assert origins.parse(str(entry)) == entry


@given(st.text(max_size=60))
def test_no_origin_at_all_breaks_the_check(text: str) -> None:
    assert origins.allows(["example.com"], text) is (
        text.lower()
        in {"http://example.com", "https://example.com", "http://example.com:80", "https://example.com:443"}
    )
